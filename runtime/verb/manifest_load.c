/* manifest_load.c - a manifest from a file: variables, includes, errors.
 * Must not decide whether a manifest may be trusted: who calls knows how it was found. */
#include "store/files.h"
#include "verb/manifest.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int load_file(void *ctx, struct arena *a, const char *path, char **bytes, size_t *n, struct err *e)
{
	(void)ctx;
	return file_read(a, path, JSON_MAX_MANIFEST, bytes, n, e);
}

static const char *from_environment(const char *name)
{
	const char *s = getenv(name);

	return s && *s ? s : NULL;
}

int manifest_context_here(struct globals *g, const char *path, const struct manifest_options *o, struct manifest_context *out,
			  struct err *e)
{
	const char *sandboxes = from_environment("WASI_SANDBOX_DIR"), *home = from_environment("HOME");

	*out = (struct manifest_context){
		.sandbox = o->sandbox,
		.home = home && *home == '/' ? home : NULL,
		.uid = { true, geteuid() },
		.found = o->found != NULL,
		.load = load_file,
	};
	TRY(file_directory(g->arena, ".", &out->pwd, e));
	if (strcmp(path, "-") != 0)
		TRY(file_directory(g->arena, path, &out->dir, e));
	out->sandboxes = !sandboxes ? arena_fmt(g->arena, "%s/.sandboxes", out->pwd) :
			 *sandboxes == '/' ? sandboxes : arena_fmt(g->arena, "%s/%s", out->pwd, sandboxes);
	if (o->sandbox_dir)
		out->sandbox_dir = *o->sandbox_dir == '/' ? o->sandbox_dir : arena_fmt(g->arena, "%s/%s", out->pwd, o->sandbox_dir);
	return 0;
}

int manifest_load(struct globals *g, const char *path, const struct manifest_options *o, struct manifest *out, struct manifest_errors *errs,
		  struct err *e)
{
	struct manifest_context ctx;
	char *bytes;
	size_t n;

	errs->n = 0;
	TRY(manifest_context_here(g, path, o, &ctx, e));
	TRY(file_read(g->arena, path, JSON_MAX_MANIFEST, &bytes, &n, e));
	return manifest_decode(g->arena, bytes, n, strcmp(path, "-") ? path : "standard input", &ctx, out, errs, e);
}

void manifest_print_errors(struct text *t, const struct manifest_errors *errs)
{
	size_t i;

	for (i = 0; i < errs->n; i++) {
		const struct manifest_error *x = &errs->v[i];

		text_visible(t, x->file);
		if (x->line)
			text_fmt(t, ":%u:%u", x->line, x->column);
		text_str(t, ": ");
		if (x->at[0]) {
			text_visible(t, x->at);
			text_str(t, ": ");
		}
		text_fmt(t, "%s\n", x->text);
	}
}

int manifest_need(struct globals *g, const char *path, const struct manifest_options *o, struct manifest *out, struct err *e)
{
	struct manifest_errors errs;
	struct text t = { .arena = g->arena };
	struct err ignored;
	int r = manifest_load(g, path, o, out, &errs, e);

	if (r >= 0)
		return manifest_restrict_by(g, &o->restrict_, o, out, e);
	if (!errs.n)
		return r;
	manifest_print_errors(&t, &errs);
	(void)!file_complain(text_get(&t), t.n, &ignored);
	return fail(e, -r, "%s is no manifest that can be used: %zu error%s", path, errs.n, errs.n == 1 ? "" : "s");
}

int manifest_restrict_by(struct globals *g, const struct strs *files, const struct manifest_options *o, struct manifest *m, struct err *e)
{
	const struct manifest_options of_policy = { .sandbox = m->sandbox, .sandbox_dir = o->sandbox_dir };
	struct manifest policy;
	size_t i;

	for (i = 0; i < files->n; i++) {
		TRY(manifest_need(g, files->v[i], &of_policy, &policy, e));
		manifest_restrict(g->arena, m, &policy);
	}
	return 0;
}
