/* start.c - `start`: tells the waiting init to run the program, and runs the poststart hooks.
 * Must not reap init. */
#include "apply/notify.h"
#include "apply/stop.h"
#include "base/fd.h"
#include "verb/lifecycle.h"
#include <errno.h>
#include <stdlib.h>

static const struct opt opts[] = { { NULL } };

static int check(const struct container *c, struct err *e)
{
	switch (c->status) {
	case STATUS_CREATED:
		return 0;
	case STATUS_STOPPED:
		return fail(e, EINVAL, "cannot start a container that has stopped");
	case STATUS_RUNNING:
		return fail(e, EINVAL, "cannot start an already running container");
	default:
		return fail(e, EINVAL, "cannot start a container in the %s state", status_name(c->status));
	}
}

/* runtime.md step 9: a failure stops the container. */
static int poststart(struct globals *g, struct container *c, struct err *e)
{
	struct state_text state;
	struct config config;
	struct hook_steps hooks;
	struct err ignored;
	int r;

	if (!c->record.has_poststart)
		return 0;
	TRY(store_config(g->arena, c, &config, e));
	if (!config.hooks)
		return 0;
	lifecycle_state_text(g->arena, &c->record, &state);
	lifecycle_hooks(g->arena, &config.hooks->poststart, "poststart", "running", &hooks);
	r = apply_hooks(g->arena, &state, hooks.v, hooks.n, (pid_t)c->pid, e);
	if (r < 0)
		(void)!stop_process(c->pidfd, &c->record.cgroup_paths, STOP_TIMEOUT_MS, &ignored);
	return r;
}

static int start(struct globals *g, struct container *c, struct err *e)
{
	const char *env = getenv("NOTIFY_SOCKET"), *host = env && *env ? env : c->record.notify_socket;
	AUTO_FD int notify = -1;

	TRY(check(c, e));
	if (c->record.notify_socket)
		notify = TRY(notify_bind(c->dir, e));
	TRY(apply_start(c->dir, -1, e));
	TRY(poststart(g, c, e));
	if (notify < 0)
		return 0;
	fd_close(&c->lock); /* the program may take as long as it likes to get ready */
	return notify_forward(notify, host, (pid_t)c->pid, c->pidfd, e);
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct opened o;
	int r;

	(void)opts_v, (void)argc;
	r = lifecycle_load(g, argv[0], true, &o, e);
	if (r == 0)
		r = start(g, &o.c, e);
	lifecycle_close(&o);
	return r;
}

const struct verb verb_start = {
	.name = "start",
	.args = "CONTAINER",
	.summary = "run the program of a created container",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
