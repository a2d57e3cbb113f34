/* sandbox_init.c - `sandbox init`: the scripts that projects call by name.
 * Must not make a sandbox. */
#include "base/text.h"
#include "sandbox/scripts.h"
#include "store/files.h"
#include "verb/sandbox.h"
#include <errno.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *layout, *force;
};
static const struct opt opts[] = {
	SANDBOX_ROWS,
	{ "layout", 0, OPT_VALUE, "seed|flat", "seed: DIR/" SCRIPTS_PLACE "; flat: DIR itself (default: seed)",
	  offsetof(struct options, layout) },
	{ "force", 'f', OPT_FLAG, NULL, "replace files of these names that say something else", offsetof(struct options, force) },
	{ NULL },
};

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct text t = { .arena = g->arena };
	const char *dir = argc ? argv[0] : ".", *shown, *absolute;
	struct strs written;
	struct place p;
	bool flat = o->layout && !strcmp(o->layout, "flat");
	size_t i;

	if (o->layout && !flat && strcmp(o->layout, "seed") != 0)
		return fail(e, EINVAL, "--layout %.40s: seed or flat", o->layout);
	TRY(sandbox_place(g, &o->common, &p, e));
	/* of DIR/x, since what it asks about need not exist */
	TRY(file_directory(g->arena, arena_fmt(g->arena, "%s/x", dir), &absolute, e));
	shown = flat ? dir : strcmp(dir, ".") ? arena_fmt(g->arena, "%s/" SCRIPTS_PLACE, dir) : SCRIPTS_PLACE;
	if (!flat)
		absolute = arena_fmt(g->arena, "%s/" SCRIPTS_PLACE, strcmp(absolute, "/") ? absolute : "");
	TRY(scripts_install(g->arena, &p, absolute, o->force != NULL, &written, e));
	for (i = 0; i < written.n; i++)
		text_fmt(&t, "%s/%s\n", shown, written.v[i]);
	if (!written.n)
		text_fmt(&t, "%s: all of it is there already\n", shown);
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_sandbox_init = {
	.name = "init",
	.args = "[DIR]",
	.summary = "put the scripts wasm_style_sandbox.sh, lightweight_venv.sh, virtualize.sh and demo.sh into a project",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.max_args = 1,
	.run = run,
};
