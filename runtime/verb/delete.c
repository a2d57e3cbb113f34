/* delete.c - `delete`: removes what create made.
 * Must not take a directory for a container unless its name is an id. */
#include "apply/stop.h"
#include "verb/lifecycle.h"
#include <errno.h>
#include <stddef.h>

struct options {
	const char *force, *regex;
};
static const struct opt opts[] = {
	{ "force", 'f', OPT_FLAG, NULL, "kill it first if it runs; no such container is no error", offsetof(struct options, force) },
	{ "regex", 'r', OPT_FLAG, NULL, "CONTAINER is a regular expression: all containers that match", offsetof(struct options, regex) },
	{ NULL },
};

/* A start that hangs holds the lock: what it waits for ends first. Whatever is in the way is for the locked attempt to report. */
static void kill_without_lock(struct globals *g, const char *id)
{
	struct opened o;
	struct err ignored;

	if (lifecycle_load(g, id, false, &o, &ignored) == 0 && o.c.record.complete)
		(void)!stop_process(o.c.pidfd, &o.c.record.cgroup_paths, STOP_TIMEOUT_MS, &ignored);
	lifecycle_close(&o);
}

static int delete_by_force(struct globals *g, const char *id, struct err *e)
{
	struct opened o;
	bool damaged = false;
	int r;

	kill_without_lock(g, id);
	opened_init(&o);
	TRY(store_open(g->arena, g->root, false, &o.store, e));
	r = store_load_ruins(g->arena, &o.store, id, &o.c, &damaged, e);
	if (r == 0)
		r = lifecycle_destroy(g, &o, damaged, e);
	else if (r == -ENOENT)
		r = 0;
	lifecycle_close(&o);
	return r;
}

static int delete_stopped(struct globals *g, const char *id, struct err *e)
{
	struct opened o;
	int r = lifecycle_load(g, id, true, &o, e);

	if (r == 0 && o.c.status != STATUS_STOPPED && o.c.status != STATUS_CREATED)
		r = fail(e, EBUSY, "cannot delete container %s that is not stopped: %s", id, status_name(o.c.status));
	if (r == 0)
		r = lifecycle_destroy(g, &o, false, e);
	lifecycle_close(&o);
	return r;
}

static int delete_one(struct globals *g, const char *id, bool force, struct err *e)
{
	return force ? delete_by_force(g, id, e) : delete_stopped(g, id, e);
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct strs ids;
	int r = 0;
	size_t i;

	(void)argc;
	if (!o->regex) {
		TRY(store_check_id(argv[0], e));
		return delete_one(g, argv[0], o->force, e);
	}
	TRY(lifecycle_match(g, argv[0], &ids, e));
	for (i = 0; i < ids.n; i++) {
		int one = delete_one(g, ids.v[i], o->force, e);

		r = one < 0 ? one : r;
	}
	return r;
}

const struct verb verb_delete = {
	.name = "delete",
	.args = "CONTAINER",
	.summary = "delete a stopped container",
	.details = "Removes the cgroups, runs the poststop hooks and forgets the container. --force also removes what a create that was\n"
		   "   killed half way has left.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
