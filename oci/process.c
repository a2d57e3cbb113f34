/* process.c - the process object of config.json and of exec's --process file: rows and checks.
 * Must not ask what the machine can grant: plan/ does. */
#include "base/idlist.h"
#include "oci/config_check.h"
#include "oci/prop_row.h"
#include <string.h>

static const struct prop console_size_props[] = {
	{ ROW_UINT(console_size, height, "height", 65535), .flags = PROP_REQUIRED, .doc = "Rows of the terminal.", .example = "50" },
	{ ROW_UINT(console_size, width, "width", 65535), .flags = PROP_REQUIRED, .doc = "Columns of the terminal.",
	  .example = "132" },
	{ 0 },
};

static const struct prop user_props[] = {
	{ ROW_U32(user, uid, "uid", MAX_ID), .flags = PROP_SECURITY, .doc = "User id inside the container.", .example = "1000" },
	{ ROW_U32(user, gid, "gid", MAX_ID), .flags = PROP_SECURITY, .doc = "Group id inside the container.", .example = "1000" },
	{ ROW_UINT(user, umask, "umask", 0777), .flags = PROP_SECURITY,
	  .doc = "File mode creation mask, in decimal; absent means 0022.", .example = "63" },
	{ ROW_U32S(user, additional_gids, "additionalGids", MAX_ID), .flags = PROP_SECURITY,
	  .doc = "Further groups; absent means none.", .example = "[5, 6]" },
	{ ROW_STR(user, username, "username"), .flags = PROP_PARSED,
	  .doc = "Of other platforms: on Linux a user is a number, and names are never looked up.", .example = "\"nobody\"" },
	{ 0 },
};

#define CAPS(set, doc_)                                                                                                   \
	{ ROW_WORDS(capabilities, set, #set, words_capability), .flags = PROP_SECURITY | PROP_LENIENT, .doc = doc_,       \
	  .example = "[\"CAP_KILL\"]" }
static const struct prop capabilities_props[] = {
	CAPS(bounding, "What the process and its children can ever have."),
	CAPS(effective, "What the process has in effect."),
	CAPS(inheritable, "What a program with file capabilities may keep."),
	CAPS(permitted, "What the process may put into effect."),
	CAPS(ambient, "What a program without file capabilities keeps; cut to what is permitted and inheritable."),
	{ 0 },
};

static const struct prop rlimit_props[] = {
	{ ROW_WORD(rlimit_entry, type, "type", words_rlimit), .flags = PROP_REQUIRED, .doc = "Which limit.",
	  .example = "\"RLIMIT_CORE\"" },
	{ ROW_UINT(rlimit_entry, soft, "soft", 0), .flags = PROP_REQUIRED, .doc = "The limit in force, at most the hard one.",
	  .example = "512" },
	{ ROW_UINT(rlimit_entry, hard, "hard", 0), .flags = PROP_REQUIRED, .doc = "The ceiling of the soft limit.",
	  .example = "2048" },
	{ 0 },
};

#define DEADLINE "{\"policy\": \"SCHED_DEADLINE\", \"runtime\": 1000000, \"deadline\": 5000000, \"period\": 10000000}"
static const struct prop scheduler_props[] = {
	{ ROW_WORD(scheduler, policy, "policy", words_sched_policy), .flags = PROP_REQUIRED, .doc = "Scheduling policy.",
	  .example = "\"SCHED_IDLE\"" },
	{ ROW_INT(scheduler, nice, "nice", -20, 19), .doc = "Niceness, for SCHED_OTHER and SCHED_BATCH.", .example = "7" },
	{ ROW_INT(scheduler, priority, "priority", 0, 99), .doc = "Static priority, for SCHED_FIFO and SCHED_RR.",
	  .example = "10", .in = "{\"policy\": \"SCHED_FIFO\"}" },
	{ ROW_WORDS(scheduler, flags, "flags", words_sched_flag), .doc = "Scheduling flags.",
	  .example = "[\"SCHED_FLAG_RESET_ON_FORK\"]" },
	{ ROW_UINT(scheduler, runtime, "runtime", 0), .doc = "Nanoseconds of run time in each period, for SCHED_DEADLINE.",
	  .example = "2000000", .in = DEADLINE },
	{ ROW_UINT(scheduler, deadline, "deadline", 0), .doc = "Nanoseconds until the run time must be over, for SCHED_DEADLINE.",
	  .example = "6000000", .in = DEADLINE },
	{ ROW_UINT(scheduler, period, "period", 0), .doc = "Nanoseconds of a period, for SCHED_DEADLINE.",
	  .example = "20000000", .in = DEADLINE },
	{ 0 },
};

static const struct prop io_priority_props[] = {
	{ ROW_WORD(io_priority, class, "class", words_io_class), .flags = PROP_REQUIRED, .doc = "I/O scheduling class.",
	  .example = "\"IOPRIO_CLASS_RT\"" },
	{ ROW_INT(io_priority, priority, "priority", 0, 7), .doc = "Priority in the class; 0 is the highest.", .example = "6" },
	{ 0 },
};

static const struct prop cpu_affinity_props[] = {
	{ ROW_STR(cpu_affinity, initial, "initial"), .doc = "CPUs of exec's process before it enters the container's cgroup.",
	  .example = "\"0\"" },
	{ ROW_STR(cpu_affinity, final, "final"), .doc = "CPUs of exec's process once it is in the container's cgroup.",
	  .example = "\"0-1\"" },
	{ 0 },
};

const struct prop process_props[] = {
	{ ROW_BOOL(process, terminal, "terminal"), .doc = "Give the process a new terminal.", .example = "true" },
	{ ROW_OBJ(process, console_size, "consoleSize", console_size_props),
	  .doc = "Size of the terminal; ignored without `terminal`.", .example = "{\"height\": 25, \"width\": 80}",
	  .in = "{\"terminal\": true, \"cwd\": \"/\", \"args\": [\"sh\"]}" },
	{ ROW_OBJ(process, user, "user", user_props), .flags = PROP_SECURITY, .doc = "Who runs; absent means uid 0 and gid 0.",
	  .example = "{\"uid\": 1, \"gid\": 1}" },
	{ ROW_STRS(process, args, "args"), .flags = PROP_REQUIRED | PROP_NONEMPTY, .max_bytes = MAX_ARG,
	  .doc = "The program, looked up in the PATH of `env`, and its arguments.",
	  .example = "[\"true\", \"x\"]" },
	{ ROW_STRS(process, env, "env"), .max_bytes = MAX_ARG, .doc = "The environment, as NAME=VALUE.",
	  .example = "[\"PATH=/bin\", \"A=b\"]" },
	{ ROW_STR(process, cwd, "cwd"), .flags = PROP_REQUIRED | PROP_ABS, .max_bytes = 4095, .doc = "Working directory.",
	  .example = "\"/tmp\"" },
	{ ROW_OBJ(process, capabilities, "capabilities", capabilities_props), .flags = PROP_SECURITY,
	  .doc = "The five capability sets; a set that is absent is empty. Unknown names are warned about and left out.",
	  .example = "{\"bounding\": [\"CAP_CHOWN\"], \"permitted\": [\"CAP_CHOWN\"]}" },
	{ ROW_LIST(process, rlimits, "rlimits", rlimit_props), .flags = PROP_SECURITY, .doc = "Resource limits, each type once.",
	  .example = "[{\"type\": \"RLIMIT_NOFILE\", \"soft\": 1024, \"hard\": 1024}]" },
	{ ROW_BOOL(process, no_new_privileges, "noNewPrivileges"), .flags = PROP_SECURITY,
	  .doc = "No program gains privileges by being executed.", .example = "true" },
	{ ROW_STR(process, apparmor_profile, "apparmorProfile"), .flags = PROP_SECURITY, .max_bytes = 4095,
	  .doc = "AppArmor profile; an error where AppArmor is absent.", .example = "\"unconfined\"" },
	{ ROW_STR(process, selinux_label, "selinuxLabel"), .flags = PROP_SECURITY, .max_bytes = 4095,
	  .doc = "SELinux label; an error where SELinux is absent.", .example = "\"system_u:system_r:container_t:s0\"" },
	{ ROW_INT(process, oom_score_adj, "oomScoreAdj", -1000, 1000),
	  .doc = "How readily the process is killed when memory runs out.", .example = "100" },
	{ ROW_OBJ(process, scheduler, "scheduler", scheduler_props), .doc = "CPU scheduling; see sched_setattr(2).",
	  .example = "{\"policy\": \"SCHED_BATCH\", \"nice\": 5}" },
	{ ROW_OBJ(process, io_priority, "ioPriority", io_priority_props), .doc = "I/O scheduling; see ioprio_set(2).",
	  .example = "{\"class\": \"IOPRIO_CLASS_BE\", \"priority\": 4}" },
	{ ROW_OBJ(process, exec_cpu_affinity, "execCPUAffinity", cpu_affinity_props),
	  .doc = "CPUs of processes that `exec` starts.", .example = "{\"initial\": \"0\", \"final\": \"0\"}" },
	{ 0 },
};

static int env_check(const struct strs *env, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < env->n; i++) {
		if (!strchr(env->v[i], '='))
			return BAD(e, (e, "%s/env/%zu", at, i), "expected NAME=VALUE, got \"%.64s\"", env->v[i]);
		if (env->v[i][0] == '=')
			return BAD(e, (e, "%s/env/%zu", at, i), "the name of a variable is missing");
	}
	return 0;
}

static int rlimits_check(const struct process *p, const char *at, struct err *e)
{
	uint64_t seen = 0;
	size_t i;

	for (i = 0; i < p->rlimits.n; i++) {
		const struct rlimit_entry *r = &p->rlimits.v[i];

		if (seen & UINT64_C(1) << r->type)
			return BAD(e, (e, "%s/rlimits/%zu/type", at, i), "%s stands there twice", words_rlimit.v[r->type].name);
		seen |= UINT64_C(1) << r->type;
		if (r->soft.v > r->hard.v)
			return BAD(e, (e, "%s/rlimits/%zu/soft", at, i), "the soft limit is above the hard one");
	}
	return 0;
}

static int scheduler_check(const struct scheduler *s, const char *at, struct err *e)
{
	const char *policy = words_sched_policy.v[s->policy].name;

	if (s->priority.v && strcmp(policy, "SCHED_FIFO") != 0 && strcmp(policy, "SCHED_RR") != 0)
		return BAD(e, (e, "%s/scheduler/priority", at), "%s has no priority; SCHED_FIFO and SCHED_RR have one", policy);
	if ((s->runtime.v || s->deadline.v || s->period.v) && strcmp(policy, "SCHED_DEADLINE") != 0)
		return BAD(e, (e, "%s/scheduler/policy", at), "runtime, deadline and period need SCHED_DEADLINE");
	return 0;
}

bool is_number_list(const char *s)
{
	enum { MOST = 8192 }; /* CPUs that Linux can be built for */
	unsigned long mask[IDLIST_WORDS(MOST)];

	return idlist_parse(s, mask, MOST) > 0;
}

static int affinity_check(const struct cpu_affinity *a, const char *at, struct err *e)
{
	if (a->initial && a->initial[0] && !is_number_list(a->initial))
		return BAD(e, (e, "%s/execCPUAffinity/initial", at), "expected a list of CPUs such as 0-3,7, got \"%.64s\"", a->initial);
	if (a->final && a->final[0] && !is_number_list(a->final))
		return BAD(e, (e, "%s/execCPUAffinity/final", at), "expected a list of CPUs such as 0-3,7, got \"%.64s\"", a->final);
	return 0;
}

int process_check(const struct process *p, const char *at, struct err *e)
{
	if (!p->args.v[0][0])
		return BAD(e, (e, "%s/args/0", at), "the name of the program is empty");
	TRY(env_check(&p->env, at, e));
	TRY(rlimits_check(p, at, e));
	if (p->scheduler)
		TRY(scheduler_check(p->scheduler, at, e));
	if (p->exec_cpu_affinity)
		TRY(affinity_check(p->exec_cpu_affinity, at, e));
	return 0;
}
