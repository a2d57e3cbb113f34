/* state.c - `state`: what a container is, as JSON.
 * Must not change anything, nor wait for a lock: hooks ask while create works. */
#include "store/files.h"
#include "verb/lifecycle.h"

static const struct opt opts[] = { { NULL } };

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct opened o;
	int r;

	(void)opts_v, (void)argc;
	r = lifecycle_load(g, argv[0], false, &o, e);
	if (r == 0) {
		state_encode(&w, &o.c.record, o.c.status, o.c.pid, true);
		r = file_print(text_get(&t), t.n, e);
	}
	lifecycle_close(&o);
	return r;
}

const struct verb verb_state = {
	.name = "state",
	.args = "CONTAINER",
	.summary = "print the state of a container",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
