/* kill.c - `kill`: a signal to init, or to everybody.
 * Must not wait for a lock: it has to reach a container whose start hangs. */
#include "apply/cgroup.h"
#include "apply/stop.h"
#include "verb/lifecycle.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

struct options {
	const char *all, *regex, *signal;
};
static const struct opt opts[] = {
	{ "signal", 's', OPT_VALUE, "SIGNAL", "the signal, also accepted as the second argument (default: TERM)",
	  offsetof(struct options, signal) },
	{ "all", 'a', OPT_FLAG, NULL, "all processes of the container; a stopped container is no error", offsetof(struct options, all) },
	{ "regex", 'r', OPT_FLAG, NULL, "CONTAINER is a regular expression: all containers that match", offsetof(struct options, regex) },
	{ NULL },
};

static int deliver(struct globals *g, struct container *c, int sig, bool all, struct err *e)
{
	struct pids pids = { 0 };

	/* Without a pid namespace of its own, the end of init is not the end of the others. */
	if (c->record.complete && (all || (sig == SIGKILL && !c->record.pid_namespace)))
		TRY(cgroup_pids(g->arena, &c->record.cgroup_paths, &pids, e));
	if (pids.n)
		return sig ? cgroup_kill(&c->record.cgroup_paths, sig, STOP_TIMEOUT_MS, e) : 0;
	if (c->pidfd < 0 || c->status == STATUS_CREATING)
		return fail(e, ESRCH, "container not running");
	return stop_signal(c->pidfd, &c->record.cgroup_paths, sig, e);
}

static int kill_one(struct globals *g, const char *id, int sig, bool all, struct err *e)
{
	struct opened o;
	int r = lifecycle_load(g, id, false, &o, e);

	if (r == 0) {
		r = deliver(g, &o.c, sig, all, e);
		if (r == -ESRCH && all)
			r = 0;
	}
	lifecycle_close(&o);
	return r;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	const char *name = argc > 1 ? argv[1] : o->signal ? o->signal : "TERM";
	struct strs ids;
	int sig, r = 0;
	size_t i;

	if (!o->regex)
		TRY(store_check_id(argv[0], e));
	sig = !strcmp(name, "0") ? 0 : words_signal_number(name); /* 0: is it there? */
	if (sig < 0)
		return fail(e, EINVAL, "unknown signal \"%.40s\"", name);
	if (!o->regex)
		return kill_one(g, argv[0], sig, o->all, e);
	TRY(lifecycle_match(g, argv[0], &ids, e));
	for (i = 0; i < ids.n; i++) {
		int one = kill_one(g, ids.v[i], sig, true, e);

		r = one < 0 ? one : r;
	}
	return r;
}

const struct verb verb_kill = {
	.name = "kill",
	.args = "CONTAINER [SIGNAL]",
	.summary = "send a signal to a container",
	.details = "SIGNAL is a number or a name with or without SIG. SIGKILL to a container without a pid namespace of its own ends all\n"
		   "   its processes.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
