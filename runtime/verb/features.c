/* features.c - `features`: what this runtime can do, for engines that ask before they use it.
 * Must print nothing on standard error: CRI-O reads both streams as one document. */
#include "apply/facts.h"
#include "store/files.h"
#include "verb/verb.h"

static const struct opt opts[] = { { NULL } };

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct features_facts f;

	(void)opts_v, (void)argc, (void)argv;
	facts_features(g->arena, &f);
	f.version = WASIRUN_VERSION;
	f.commit = WASIRUN_COMMIT;
	features_encode(&w, &f);
	text_str(&t, "\n");
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_features = {
	.name = "features",
	.summary = "print what this runtime can do, as JSON",
	.opts = opts,
	.run = run,
};
