/* print_steps.c - each operation's name and what it does, in words.
 * Must not abbreviate: two steps that differ must print differently. */
#include "oci/words.h"
#include "plan/plan.h"
#include "plan/print.h"
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

void plan_show_str(struct text *t, const char *s)
{
	if (!s)
		return;
	text_str(t, " ");
	if (!*s || strpbrk(s, " \t\n[](){}\""))
		text_json(t, s);
	else
		text_visible(t, s);
}

void plan_show_key(struct text *t, const char *key, const char *s)
{
	if (!s)
		return;
	text_fmt(t, " %s=", key);
	text_visible(t, s);
}

void plan_show_flag(struct text *t, const char *word, bool yes)
{
	if (yes)
		text_fmt(t, " %s", word);
}

void plan_show_ranges(struct text *t, const char *what, const id_ranges *r)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		text_fmt(t, "%s%" PRIu32 ":%" PRIu32 ":%" PRIu32, i ? "," : " ", r->v[i].inside, r->v[i].outside, r->v[i].count);
	if (r->n)
		text_fmt(t, " (%s)", what);
}

void plan_show_all(struct text *t, const char *key, const struct strs *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (key)
			plan_show_key(t, key, list->v[i]);
		else
			plan_show_str(t, list->v[i]);
}

/* "pid,mount": the words whose bits are in flags, by number. */
void plan_show_bits(struct text *t, const struct words *w, uint64_t flags)
{
	const char *sep = " ";
	size_t i;

	for (i = 0; i < w->n; i++) {
		if (!(flags & w->v[i].value))
			continue;
		text_fmt(t, "%s%s", sep, w->v[i].name);
		flags &= ~w->v[i].value;
		sep = ",";
	}
	if (flags)
		text_fmt(t, "%s0x%" PRIx64, sep, flags);
}

static void show_cgroup(struct text *t, const struct step *s)
{
	const struct step_cgroup *c = &s->cgroup;

	plan_show_all(t, NULL, &c->dirs);
	plan_show_flag(t, c->must ? "required" : "if-permitted", true);
	plan_show_flag(t, "unpopulated", c->refuse_populated);
	plan_show_flag(t, "last-is-v2", c->v2);
	plan_show_all(t, "enable", &c->enable);
	if (c->chown)
		text_fmt(t, " owner=%" PRIu32 ":%" PRIu32, c->uid, c->gid);
	plan_show_flag(t, "not-managed", !c->manage);
}

static void show_limit(struct text *t, const struct step *s)
{
	const struct step_limit *l = &s->limit;

	text_str(t, " ");
	text_visible(t, l->dir);
	text_str(t, "/");
	text_visible(t, l->file);
	text_fmt(t, " =%s", l->keep_first ? " (first word stays)" : "");
	plan_show_str(t, l->value);
	if (l->or_file) {
		plan_show_str(t, "or");
		plan_show_str(t, l->or_file);
		text_str(t, " =");
		plan_show_str(t, l->or_value);
	}
	plan_show_flag(t, "(if there)", l->optional);
	plan_show_flag(t, "(tried, written again below)", l->tentative);
	plan_show_key(t, "not-below", l->not_below);
	plan_show_key(t, "against", l->against);
}

static void show_number(struct text *t, int64_t v, const char *end)
{
	if (v < 0)
		text_fmt(t, "*%s", end);
	else
		text_fmt(t, "%" PRId64 "%s", v, end);
}

static void show_device_rules(struct text *t, const struct step *s)
{
	size_t i;

	plan_show_str(t, s->device_rules.dir);
	plan_show_flag(t, "program", s->device_rules.v2);
	for (i = 0; i < s->device_rules.rules.n; i++) {
		const struct rule *r = &s->device_rules.rules.v[i];

		text_fmt(t, " %c%c", r->allow ? '+' : '-', r->type);
		if (r->type != 'a') {
			show_number(t, r->major, ":");
			show_number(t, r->minor, "");
		}
		text_fmt(t, "%s%s%s", r->access & 1 ? "r" : "", r->access & 2 ? "w" : "", r->access & 4 ? "m" : "");
	}
}

static void show_rdt(struct text *t, const struct step *s)
{
	plan_show_str(t, s->rdt.clos_id);
	plan_show_flag(t, "create", s->rdt.create);
	plan_show_flag(t, "monitoring", s->rdt.monitoring);
	plan_show_flag(t, "named", s->rdt.named);
	if (s->rdt.agree)
		text_fmt(t, " agree=%zu", s->rdt.agree);
	plan_show_all(t, NULL, &s->rdt.schemata);
}

static void show_clone(struct text *t, const struct step *s)
{
	const struct step_clone *c = &s->clone;
	size_t i;

	if (c->flags) {
		text_str(t, " new");
		plan_show_bits(t, &words_namespace, c->flags);
	}
	for (i = 0; i < c->joins.n; i++) {
		text_str(t, " join");
		plan_show_bits(t, &words_namespace, c->joins.v[i].flag);
		text_str(t, "=");
		text_visible(t, c->joins.v[i].path);
	}
	plan_show_flag(t, "in-the-cgroup", c->into_cgroup);
	plan_show_flag(t, "join-the-container", c->join_container);
}

static void show_id_map(struct text *t, const struct step *s)
{
	plan_show_ranges(t, "uids", &s->id_map.uids);
	plan_show_ranges(t, "gids", &s->id_map.gids);
	plan_show_flag(t, "by newuidmap and newgidmap", s->id_map.helpers);
	plan_show_flag(t, "no-setgroups", s->id_map.deny_setgroups);
}

static void show_net_device(struct text *t, const struct step *s)
{
	plan_show_str(t, s->net_device.name);
	if (s->net_device.new_name) {
		text_str(t, " as");
		plan_show_str(t, s->net_device.new_name);
	}
}

static void show_cgroup_join(struct text *t, const struct step *s)
{
	plan_show_all(t, NULL, &s->cgroup_join.dirs);
	plan_show_flag(t, "new-cgroup-namespace", s->cgroup_join.unshare_ns);
}

static void show_time_offsets(struct text *t, const struct step *s)
{
	const struct step_time_offsets *o = &s->time_offsets;

	if (o->monotonic.set)
		text_fmt(t, " monotonic=%" PRId64 ".%09" PRIu32, o->monotonic.secs, o->monotonic.nanosecs);
	if (o->boottime.set)
		text_fmt(t, " boottime=%" PRId64 ".%09" PRIu32, o->boottime.secs, o->boottime.nanosecs);
}

static void show_oom_score(struct text *t, const struct step *s)
{
	text_fmt(t, " %d", s->oom_score);
}

static void show_rlimit(struct text *t, const struct step *s)
{
	const char *name = words_name(&words_rlimit, (uint64_t)s->rlimit.type);

	text_fmt(t, " %s", name ? name : "?");
	if (s->stage == STAGE_OUTSIDE)
		text_str(t, " may-rise-to");
	else if (s->rlimit.soft == UINT64_MAX)
		text_str(t, " unlimited");
	else
		text_fmt(t, " %" PRIu64, s->rlimit.soft);
	if (s->rlimit.hard == UINT64_MAX)
		text_str(t, " unlimited");
	else
		text_fmt(t, " %" PRIu64, s->rlimit.hard);
}

static void show_keyring(struct text *t, const struct step *s)
{
	plan_show_str(t, s->keyring);
}

static void show_node(struct text *t, const struct step *s)
{
	const struct step_node *n = &s->node;

	plan_show_str(t, n->path);
	if (n->type == S_IFIFO)
		text_str(t, " fifo");
	else
		text_fmt(t, " %c %" PRId64 ":%" PRId64, n->type == S_IFBLK ? 'b' : 'c', n->major, n->minor);
	text_fmt(t, " %04o %" PRIu32 ":%" PRIu32, (unsigned)n->mode, n->uid, n->gid);
	plan_show_flag(t, "bound", n->bind);
	plan_show_flag(t, "default", n->is_default);
}

/* Not what is in it: it may be a secret. */
static void show_file(struct text *t, const struct step *s)
{
	plan_show_str(t, s->file.path);
	text_fmt(t, " bytes=%zu mode=%04o owner=%u:%u", s->file.n, (unsigned)s->file.mode, s->file.uid, s->file.gid);
	plan_show_flag(t, "over", s->file.over);
}

static void show_symlink(struct text *t, const struct step *s)
{
	plan_show_str(t, s->symlink.path);
	text_str(t, " to");
	plan_show_str(t, s->symlink.target);
}

static void show_console(struct text *t, const struct step *s)
{
	if (s->console.rows || s->console.columns)
		text_fmt(t, " %ux%u", s->console.columns, s->console.rows);
	text_fmt(t, " owner=%" PRIu32, s->console.uid);
	plan_show_flag(t, "on /dev/console", s->console.bind_dev_console);
	plan_show_key(t, "label", s->console.mount_label);
}

static void show_hook(struct text *t, const struct step *s)
{
	const struct step_hook *h = &s->hook;

	plan_show_str(t, h->stage);
	plan_show_str(t, h->path);
	plan_show_all(t, NULL, &h->args);
	plan_show_all(t, "env", &h->env);
	if (h->timeout)
		text_fmt(t, " timeout=%" PRId64, h->timeout);
	plan_show_key(t, "status", h->status);
}

static void show_pivot(struct text *t, const struct step *s)
{
	text_str(t, s->pivot == PIVOT_ROOT ? " pivot_root" : s->pivot == PIVOT_MOVE ? " move" : " chroot");
}

static void show_sysctl(struct text *t, const struct step *s)
{
	plan_show_str(t, s->sysctl.key);
	text_str(t, " =");
	plan_show_str(t, s->sysctl.value);
}

static void show_name(struct text *t, const struct step *s)
{
	plan_show_str(t, s->name);
}

static void show_scheduler(struct text *t, const struct step *s)
{
	const struct step_scheduler *c = &s->scheduler;
	const char *name = words_name(&words_sched_policy, c->policy);

	text_fmt(t, " %s nice=%" PRId32 " priority=%" PRId32, name ? name : "?", c->nice, c->priority);
	if (c->flags)
		plan_show_bits(t, &words_sched_flag, c->flags);
	if (c->runtime || c->deadline || c->period)
		text_fmt(t, " runtime=%" PRIu64 " deadline=%" PRIu64 " period=%" PRIu64, c->runtime, c->deadline, c->period);
}

static void show_io_priority(struct text *t, const struct step *s)
{
	const char *name = words_name(&words_io_class, (uint64_t)s->io_priority.class);

	text_fmt(t, " %s %d", name ? name : "?", s->io_priority.priority);
}

static void show_cpu_affinity(struct text *t, const struct step *s)
{
	plan_show_key(t, "initial", s->cpu_affinity.initial);
	plan_show_key(t, "final", s->cpu_affinity.final ? s->cpu_affinity.final : "all");
}

static void show_memory_policy(struct text *t, const struct step *s)
{
	const unsigned flags = 0xe000;
	const char *name = words_name(&words_mempolicy_mode, (unsigned)s->memory_policy.mode & ~flags);

	text_fmt(t, " %s", name ? name : "?");
	if ((unsigned)s->memory_policy.mode & flags)
		plan_show_bits(t, &words_mempolicy_flag, (unsigned)s->memory_policy.mode & flags);
	plan_show_key(t, "nodes", s->memory_policy.nodes);
}

static void show_personality(struct text *t, const struct step *s)
{
	const char *name = words_name(&words_personality, s->personality);

	text_fmt(t, " %s", name ? name : "?");
}

static void show_lsm(struct text *t, const struct step *s)
{
	plan_show_key(t, "apparmor", s->lsm.apparmor);
	plan_show_key(t, "selinux", s->lsm.selinux);
}

static const struct {
	const char *name;
	void (*show)(struct text *t, const struct step *s);
} rows[STEP_COUNT] = {
	[STEP_CGROUP] = { "cgroup", show_cgroup },
	[STEP_LIMIT] = { "limit", show_limit },
	[STEP_DEVICE_RULES] = { "device-rules", show_device_rules },
	[STEP_RDT] = { "rdt", show_rdt },
	[STEP_CLONE] = { "clone", show_clone },
	[STEP_ID_MAP] = { "id-map", show_id_map },
	[STEP_NET_DEVICE] = { "net-device", show_net_device },
	[STEP_CGROUP_JOIN] = { "cgroup-join", show_cgroup_join },
	[STEP_BECOME_ROOT] = { "become-root", NULL },
	[STEP_LOOPBACK] = { "loopback", NULL },
	[STEP_TIME_OFFSETS] = { "time-offsets", show_time_offsets },
	[STEP_OOM_SCORE] = { "oom-score", show_oom_score },
	[STEP_RLIMIT] = { "rlimit", show_rlimit },
	[STEP_KEYRING] = { "keyring", show_keyring },
	[STEP_PROPAGATION] = { "propagation", plan_show_propagation },
	[STEP_ROOT] = { "root", plan_show_root },
	[STEP_MOUNT] = { "mount", plan_show_mount },
	[STEP_CGROUP_MOUNT] = { "cgroup-mount", plan_show_cgroup_mount },
	[STEP_NODE] = { "node", show_node },
	[STEP_SYMLINK] = { "symlink", show_symlink },
	[STEP_FILE] = { "file", show_file },
	[STEP_CONSOLE] = { "console", show_console },
	[STEP_HOOK] = { "hook", show_hook },
	[STEP_PIVOT] = { "pivot", show_pivot },
	[STEP_ROOT_FLAGS] = { "root-flags", plan_show_root_flags },
	[STEP_SYSCTL] = { "sysctl", show_sysctl },
	[STEP_HOSTNAME] = { "hostname", show_name },
	[STEP_DOMAINNAME] = { "domainname", show_name },
	[STEP_READONLY] = { "readonly", show_name },
	[STEP_MASK] = { "mask", show_name },
	[STEP_SCHEDULER] = { "scheduler", show_scheduler },
	[STEP_IO_PRIORITY] = { "io-priority", show_io_priority },
	[STEP_CPU_AFFINITY] = { "cpu-affinity", show_cpu_affinity },
	[STEP_MEMORY_POLICY] = { "memory-policy", show_memory_policy },
	[STEP_PERSONALITY] = { "personality", show_personality },
	[STEP_LSM_LABEL] = { "lsm-label", show_lsm },
	[STEP_FIND_PROGRAM] = { "find-program", plan_show_find },
	[STEP_SESSION] = { "session", plan_show_session },
	[STEP_UMASK] = { "umask", plan_show_umask },
	[STEP_BOUNDING] = { "bounding", plan_show_bounding },
	[STEP_IDS] = { "ids", plan_show_ids },
	[STEP_CAPABILITIES] = { "capabilities", plan_show_capabilities },
	[STEP_NO_NEW_PRIVS] = { "no-new-privs", NULL },
	[STEP_LANDLOCK] = { "landlock", plan_show_landlock },
	[STEP_BROKER] = { "broker", plan_show_broker },
	[STEP_SECCOMP] = { "seccomp", plan_show_seccomp },
	[STEP_CWD] = { "cwd", plan_show_cwd },
	[STEP_EXEC] = { "exec", plan_show_exec },
};

const char *plan_op_name(enum op op)
{
	return op < STEP_COUNT ? rows[op].name : "?";
}

void plan_show(struct text *t, const struct step *s)
{
	if (s->op < STEP_COUNT && rows[s->op].show)
		rows[s->op].show(t, s);
}
