/* exec.c - `exec`: one more process in a container.
 * Must not look up names: users and groups are numbers (rule R21). */
#include "apply/broker.h"
#include "apply/connect.h"
#include "apply/foreground.h"
#include "apply/probe.h"
#include "base/fd.h"
#include "base/log.h"
#include "store/files.h"
#include "verb/make.h"
#include "verb/options.h"
#include <errno.h>
#include <string.h>

#define MAX_ID 4294967294ULL /* 2^32-1 means "leave it as it is" to the kernel */

struct options {
	const char *console_socket, *pidfd_socket, *cwd, *tty, *user, *process, *detach, *pid_file, *process_label, *apparmor;
	const char *no_new_privs, *preserve_fds, *ignore_paused;
	struct strs env, gids, caps, cgroups;
};
#define AT(field) offsetof(struct options, field)
static const struct opt opts[] = {
	{ "process", 'p', OPT_VALUE, "FILE", "process.json: replaces the whole process", AT(process) },
	{ "console-socket", 0, OPT_VALUE, "PATH", "socket that is sent the master of the terminal", AT(console_socket) },
	{ "pidfd-socket", 0, OPT_VALUE, "PATH", "socket that is sent a pidfd of the process", AT(pidfd_socket) },
	{ "cwd", 0, OPT_VALUE, "DIR", "working directory in the container", AT(cwd) },
	{ "env", 'e', OPT_MANY, "NAME=VALUE", "set an environment variable", AT(env) },
	{ "tty", 't', OPT_FLAG, NULL, "give it a terminal", AT(tty) },
	{ "user", 'u', OPT_VALUE, "UID[:GID]", "numeric user and group", AT(user) },
	{ "additional-gids", 'g', OPT_MANY, "GID", "one more group", AT(gids) },
	{ "detach", 'd', OPT_FLAG, NULL, "return when the program runs", AT(detach) },
	{ "pid-file", 0, OPT_VALUE, "FILE", "write the pid of the process there", AT(pid_file) },
	{ "process-label", 0, OPT_VALUE, "LABEL", "SELinux label of the process", AT(process_label) },
	{ "apparmor", 0, OPT_VALUE, "PROFILE", "AppArmor profile of the process", AT(apparmor) },
	{ "no-new-privs", 0, OPT_FLAG, NULL, "set no_new_privs", AT(no_new_privs) },
	{ "cap", 'c', OPT_MANY, "CAP", "one more capability", AT(caps) },
	{ "preserve-fds", 0, OPT_VALUE, "N", "pass N descriptors on, from 3", AT(preserve_fds) },
	{ "cgroup", 0, OPT_MANY, "[CTRL,...:]PATH", "run in a cgroup below the container's", AT(cgroups) },
	{ "ignore-paused", 0, OPT_FLAG, NULL, "exec in a paused container: the process waits for resume", AT(ignore_paused) },
	{ NULL },
};

static int set_user(struct arena *a, const struct options *o, struct process *p, struct err *e)
{
	struct user *u = arena_alloc(a, sizeof *u);
	struct u32s gids;
	uint64_t v;
	size_t i;

	if (!o->user && !o->gids.n)
		return 0;
	if (p->user)
		*u = *p->user;
	if (o->user) {
		const char *colon = strchr(o->user, ':');

		TRY(parse_number(colon ? arena_strn(a, o->user, (size_t)(colon - o->user)) : o->user, MAX_ID, "--user: uid", &v, e));
		u->uid = (uint32_t)v;
		if (colon) {
			TRY(parse_number(colon + 1, MAX_ID, "--user: gid", &v, e));
			u->gid = (uint32_t)v;
		}
	}
	gids.n = u->additional_gids.n + o->gids.n;
	gids.v = arena_array(a, gids.n + 1, sizeof *gids.v);
	for (i = 0; i < u->additional_gids.n; i++)
		gids.v[i] = u->additional_gids.v[i];
	for (; i < gids.n; i++) {
		TRY(parse_number(o->gids.v[i - u->additional_gids.n], MAX_ID, "--additional-gids", &v, e));
		gids.v[i] = (uint32_t)v;
	}
	u->additional_gids = gids;
	p->user = u;
	return 0;
}

static void add_cap(struct arena *a, struct ints *set, int cap)
{
	int *v = arena_array(a, set->n + 1, sizeof *v);
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (set->v[i] == cap)
			return;
		v[i] = set->v[i];
	}
	v[set->n] = cap;
	set->v = v;
	set->n++;
}

/* Bounding, effective and permitted only: an inheritable one would outlive what the program drops (CVE-2022-29162). */
static int add_caps(struct arena *a, const struct options *o, struct process *p, struct err *e)
{
	struct capabilities *c = arena_alloc(a, sizeof *c);
	size_t i;

	if (!o->caps.n)
		return 0;
	if (p->capabilities)
		*c = *p->capabilities;
	for (i = 0; i < o->caps.n; i++) {
		int cap = words_find(&words_capability, o->caps.v[i]);

		if (cap < 0)
			return fail(e, EINVAL, "--cap: unknown capability \"%.40s\" (they are written like CAP_NET_ADMIN)", o->caps.v[i]);
		add_cap(a, &c->bounding, cap);
		add_cap(a, &c->effective, cap);
		add_cap(a, &c->permitted, cap);
		if (c->inheritable.n) /* ambient may hold what is inheritable, which this does not change (runc) */
			add_cap(a, &c->ambient, cap);
	}
	p->capabilities = c;
	return 0;
}

static int add_env(struct arena *a, const struct options *o, struct process *p, struct err *e)
{
	size_t i;

	for (i = 0; i < o->env.n; i++) {
		if (!strchr(o->env.v[i], '=') || o->env.v[i][0] == '=')
			return fail(e, EINVAL, "--env \"%.60s\" is not NAME=VALUE", o->env.v[i]);
		strs_append(a, &p->env, o->env.v[i]);
	}
	return 0;
}

/* The container's own process with what the command line changes in it. */
static int from_options(struct arena *a, const struct options *o, const struct config *c, char **args, struct process *p, struct err *e)
{
	size_t i;

	if (!c->process)
		return fail(e, EINVAL, "the container's config has no process: give --process FILE");
	*p = *c->process;
	p->args = (struct strs){ 0 };
	for (i = 0; args[i]; i++)
		strs_append(a, &p->args, args[i]);
	if (!p->args.n)
		return fail(e, EINVAL, "exec needs a program: CONTAINER PROGRAM [ARGUMENT...], or --process FILE");
	if (o->cwd) {
		if (o->cwd[0] != '/')
			return fail(e, EINVAL, "--cwd \"%.100s\" must be an absolute path", o->cwd);
		p->cwd = arena_str(a, o->cwd);
	}
	p->terminal = o->tty;
	p->console_size = NULL; /* that was for the container's own terminal */
	if (o->no_new_privs)
		p->no_new_privileges = true;
	if (o->apparmor)
		p->apparmor_profile = arena_str(a, o->apparmor);
	if (o->process_label)
		p->selinux_label = arena_str(a, o->process_label);
	TRY(set_user(a, o, p, e));
	TRY(add_caps(a, o, p, e));
	return add_env(a, o, p, e);
}

static int from_file(struct arena *a, const char *path, struct process *p, struct err *e)
{
	char *bytes;
	size_t n;

	TRY(file_read(a, path, JSON_MAX_CONFIG, &bytes, &n, e));
	return process_decode(a, bytes, n, path, p, e);
}

static int check_status(const struct container *c, const struct options *o, struct err *e)
{
	if (c->status == STATUS_STOPPED)
		return fail(e, EINVAL, "cannot exec in a stopped container (cannot exec a container that has stopped)");
	if (c->status == STATUS_CREATING)
		return fail(e, EINVAL, "cannot exec in a container that is still being created");
	if (c->status == STATUS_PAUSED && !o->ignore_paused)
		return fail(e, EINVAL, "cannot exec in a paused container (use --ignore-paused to override)");
	return 0;
}

struct execing {
	struct opened o;
	struct config config;
	struct process process;
	struct host host;
	struct plan plan;
	struct run run;
};

static int prepare(struct globals *g, const struct options *o, char **argv, struct execing *x, struct err *e)
{
	struct plan_options po = {
		.cgroup_manager = x->o.c.record.cgroup_manager,
		.detach = o->detach,
		.has_console_socket = o->console_socket,
	};
	char **args = argv[1] && !strcmp(argv[1], "--") ? argv + 2 : argv + 1;
	const struct container *c = &x->o.c;
	int broker = broker_alive(c->dir);

	po.join_network = broker >= 0;
	if (broker == 0)
		log_warn("the network supervisor of this container is gone: the program has no network, not even its own loopback");
	TRY(check_status(c, o, e));
	TRY(store_config(g->arena, c, &x->config, e));
	if (o->process)
		TRY(from_file(g->arena, o->process, &x->process, e));
	else
		TRY(from_options(g->arena, o, &x->config, args, &x->process, e));
	TRY(check_terminal(x->process.terminal, o->detach, o->console_socket, e));
	TRY(probe_host(g->arena, c->record.bundle, c->id, &x->host, e));
	TRY(plan_exec(g->arena, &x->config, &x->process, &x->host, &po, &x->plan, e));
	log_plan(g->arena, &x->plan);
	run_init(&x->run, g->arena, &x->host, &x->plan);
	lifecycle_state_text(g->arena, &c->record, &x->run.state);
	TRY(passed_fds(g, false, o->preserve_fds, &x->run.listen_fds, &x->run.preserve_fds, e));
	x->run.start_at_once = true;
	x->run.container_pid = (pid_t)c->pid;
	x->run.container_pidfd = c->pidfd;
	x->run.container_cgroup = &c->record.cgroup_paths;
	x->run.exec_cgroup = &o->cgroups;
	x->run.broker_dir = broker >= 0 ? c->dir : -1;
	if (o->console_socket)
		x->run.console_socket = TRY(connect_socket("--console-socket", o->console_socket, e));
	if (o->pidfd_socket)
		x->run.pidfd_socket = TRY(connect_socket("--pidfd-socket", o->pidfd_socket, e));
	return 0;
}

static int go(struct globals *g, const struct options *o, struct execing *x, struct err *e)
{
	struct foreground f = { .signals = -1 };
	int code = 0, r = 0;

	TRY(apply_exec(&x->run, e));
	if (!o->detach)
		r = foreground_begin(&f, x->run.tty, e);
	if (r == 0 && o->pid_file)
		r = file_write_pid(g->arena, o->pid_file, x->run.pid, e);
	if (r == 0 && !o->detach)
		r = foreground_wait(&f, x->run.pid, x->run.pidfd, &code, e);
	if (r < 0)
		apply_undo(&x->run);
	foreground_end(&f);
	return r < 0 ? r : code;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct execing x = { 0 };
	int r;

	(void)argc;
	TRY(store_check_id(argv[0], e));
	if (!o->detach)
		TRY(foreground_reap_orphans(e));
	r = lifecycle_load(g, argv[0], false, &x.o, e);
	if (r == 0)
		r = prepare(g, o, argv, &x, e);
	if (r == 0)
		r = go(g, o, &x, e);
	lifecycle_close(&x.o);
	return r;
}

const struct verb verb_exec = {
	.name = "exec",
	.args = "CONTAINER PROGRAM [ARGUMENT...]",
	.summary = "run one more process in a running container",
	.details = "Options stand before CONTAINER. Exits with the program's code, 128 + the signal that ended it, or 255 when it\n"
		   "   could not be run.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.makes_processes = true,
	.run = run,
	.failure = 255,
};
