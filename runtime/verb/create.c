/* create.c - `create`: a container whose init waits for `start`.
 * Must not wait for or reap that init: it belongs to whoever called us. */
#include "verb/make.h"

static const struct opt opts[] = { MAKE_ROWS, { NULL } };

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct making m;

	(void)argc;
	TRY(store_check_id(argv[0], e));
	TRY(make_container(g, opts_v, argv[0], false, &m, e));
	lifecycle_close(&m.o);
	return 0;
}

const struct verb verb_create = {
	.name = "create",
	.args = "CONTAINER",
	.summary = "create a container",
	.details = "Makes the container that the bundle's config.json describes. Its program runs when `start` says so.",
	.opts = opts,
	.opts_size = sizeof(struct make_options),
	.min_args = 1,
	.max_args = 1,
	.makes_processes = true,
	.run = run,
};
