/* pause.c - `pause` and `resume`.
 * Must not leave a container half frozen: cgroup_freeze takes back what it could not finish. */
#include "apply/cgroup.h"
#include "verb/lifecycle.h"
#include <errno.h>

#define FREEZE_TIMEOUT_MS 10000

static const struct opt opts[] = { { NULL } };

static int freeze(const struct container *c, bool on, struct err *e)
{
	if (on && c->status != STATUS_RUNNING && c->status != STATUS_CREATED)
		return fail(e, EINVAL, c->status == STATUS_PAUSED ? "container is already paused" : "container not running");
	if (!on && c->status != STATUS_PAUSED)
		return fail(e, EINVAL, "container not paused");
	return cgroup_freeze(&c->record.cgroup_paths, on, FREEZE_TIMEOUT_MS, e);
}

static int set(struct globals *g, const char *id, bool on, struct err *e)
{
	struct opened o;
	int r = lifecycle_load(g, id, false, &o, e);

	if (r == 0)
		r = freeze(&o.c, on, e);
	lifecycle_close(&o);
	return r;
}

static int run_pause(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	(void)opts_v, (void)argc;
	return set(g, argv[0], true, e);
}

static int run_resume(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	(void)opts_v, (void)argc;
	return set(g, argv[0], false, e);
}

const struct verb verb_pause = {
	.name = "pause",
	.args = "CONTAINER",
	.summary = "suspend all processes of a container",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run_pause,
};

const struct verb verb_resume = {
	.name = "resume",
	.args = "CONTAINER",
	.summary = "let a paused container go on",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run_resume,
};
