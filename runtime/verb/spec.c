/* spec.c - `spec`: a config.json to start from.
 * Must not overwrite one that is there. */
#include "apply/probe.h"
#include "base/fd.h"
#include "store/files.h"
#include "verb/lifecycle.h"
#include <string.h>

struct options {
	const char *bundle, *file, *rootless;
};
static const struct opt opts[] = {
	{ "bundle", 'b', OPT_VALUE, "DIR", "the bundle's directory (default: the current one)", offsetof(struct options, bundle) },
	{ "file", 'f', OPT_VALUE, "FILE", "write it there; \"-\": to standard output", offsetof(struct options, file) },
	{ "rootless", 0, OPT_FLAG, NULL, "for the user who calls, without root", offsetof(struct options, rootless) },
	{ NULL },
};

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 4, .first = true };
	const char *path = o->file;
	struct config c;
	struct host h;

	(void)argc, (void)argv;
	TRY(probe_host(g->arena, "/", "spec", &h, e));
	config_default(g->arena, o->rootless, h.cgroup == CGROUP_V2, geteuid(), getegid(), &c);
	config_encode(&w, &c);
	text_str(&t, "\n");
	if (path && !strcmp(path, "-"))
		return file_print(text_get(&t), t.n, e);
	if (!path)
		path = arena_fmt(g->arena, "%s/config.json", o->bundle ? o->bundle : ".");
	return file_create(path, text_get(&t), t.n, e);
}

const struct verb verb_spec = {
	.name = "spec",
	.summary = "write a config.json to start from",
	.details = "The program is \"sh\" and the root file system the directory rootfs of the bundle.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.run = run,
};
