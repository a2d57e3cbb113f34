/* manifest.c - `manifest`: questions about a manifest, answered without running anything.
 * Must not need any privilege, and must change nothing but the file that `new --file` makes. */
#include "verb/manifest.h"
#include "base/nearest.h"
#include "store/files.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct opt opts[] = {
	{ "json", 0, OPT_FLAG, NULL, "answer as JSON", offsetof(struct manifest_options, json) },
	{ "sandbox", 0, OPT_VALUE, "NAME", "what ${SANDBOX} is (default: as the manifest says)",
	  offsetof(struct manifest_options, sandbox) },
	{ "sandbox-dir", 0, OPT_VALUE, "DIR", "what ${SANDBOX_DIR} is (default: .sandboxes/NAME)",
	  offsetof(struct manifest_options, sandbox_dir) },
	{ "found", 0, OPT_FLAG, NULL, "judge it as one that nobody named: nothing may loosen", offsetof(struct manifest_options, found) },
	{ "bundle", 'b', OPT_VALUE, "DIR", "oci: make a bundle there", offsetof(struct manifest_options, bundle) },
	{ "restrict", 0, OPT_MANY, "FILE", "take away what this policy does not grant", offsetof(struct manifest_options, restrict_) },
	{ "file", 'f', OPT_VALUE, "FILE", "new: write it there", offsetof(struct manifest_options, file) },
	{ NULL },
};

static struct json_out writer(struct text *t, const struct manifest_options *o)
{
	return (struct json_out){ .t = t, .indent = o->json ? 0 : 2, .first = true };
}

static void put_error(struct json_out *w, const struct manifest_error *x)
{
	json_open(w, '{');
	json_key(w, "file");
	json_put_str(w, x->file);
	if (x->line) {
		json_key(w, "line");
		json_put_uint(w, x->line);
		json_key(w, "column");
		json_put_uint(w, x->column);
	}
	json_key(w, "at");
	json_put_str(w, x->at);
	json_key(w, "text");
	json_put_str(w, x->text);
	json_close(w, '}');
}

static void put_verdict(struct json_out *w, const char *path, const struct manifest_errors *errs)
{
	size_t i;

	json_open(w, '{');
	json_key(w, "file");
	json_put_str(w, path);
	json_key(w, "valid");
	json_put_bool(w, errs->n == 0);
	json_key(w, "errors");
	json_open(w, '[');
	for (i = 0; i < errs->n; i++)
		put_error(w, &errs->v[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static int check(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	int i, bad = 0;

	if (o->json)
		json_open(&w, '[');
	for (i = 0; i < argc; i++) {
		struct manifest_errors errs;
		struct manifest m;

		if (manifest_load(g, argv[i], o, &m, &errs, e) < 0) {
			if (!errs.n)
				return -e->code;
			bad = 1;
		}
		if (o->json) {
			put_verdict(&w, argv[i], &errs);
		} else if (errs.n) {
			manifest_print_errors(&t, &errs);
		} else {
			text_visible(&t, argv[i]);
			text_str(&t, ": ok\n");
		}
	}
	if (o->json) {
		json_close(&w, ']');
		text_str(&t, "\n");
	}
	TRY(file_print(text_get(&t), t.n, e));
	return bad;
}

static int explain(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct manifest m;

	(void)argc;
	TRY(manifest_need(g, argv[0], o, &m, e));
	if (o->json) {
		manifest_print_json(&w, &m);
		text_str(&t, "\n");
	} else {
		manifest_print(&t, &m, argv[0]);
	}
	return file_print(text_get(&t), t.n, e);
}

static int normalize(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = writer(&t, o);
	struct manifest m;

	(void)argc;
	TRY(manifest_need(g, argv[0], o, &m, e));
	manifest_encode(&w, &m);
	text_str(&t, "\n");
	return file_print(text_get(&t), t.n, e);
}

static const char *const turns[] = { [TURN_OTHER] = "other", [TURN_MORE] = "more", [TURN_LESS] = "less" };

static void put_changes(struct json_out *w, const struct manifest_changes *all)
{
	size_t i;

	json_open(w, '[');
	for (i = 0; i < all->n; i++) {
		const struct manifest_change *c = &all->v[i];

		json_open(w, '{');
		json_key(w, "key");
		json_put_str(w, c->key);
		if (c->before) {
			json_key(w, "before");
			json_put_str(w, c->before);
		}
		if (c->after) {
			json_key(w, "after");
			json_put_str(w, c->after);
		}
		json_key(w, "grants");
		json_put_str(w, turns[c->turn]);
		json_close(w, '}');
	}
	json_close(w, ']');
	text_str(w->t, "\n");
}

/* "- key value" and "+ key value", with what that means for the process. */
static void print_changes(struct text *t, const struct manifest_changes *all)
{
	static const char *const means[] = { [TURN_OTHER] = "", [TURN_MORE] = "  (grants more)", [TURN_LESS] = "  (grants less)" };
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct manifest_change *c = &all->v[i];

		if (c->before) {
			text_fmt(t, "- %s ", c->key);
			text_visible(t, c->before);
			text_fmt(t, "%s\n", c->after ? "" : means[c->turn]);
		}
		if (c->after) {
			text_fmt(t, "+ %s ", c->key);
			text_visible(t, c->after);
			text_fmt(t, "%s\n", means[c->turn]);
		}
	}
}

/* As diff(1): 0 = the same, 1 = not, 2 = it could not be found out. */
static int diff(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct manifest_changes all;
	struct manifest a, b;

	(void)argc;
	TRY(manifest_need(g, argv[0], o, &a, e));
	TRY(manifest_need(g, argv[1], o, &b, e));
	manifest_diff(g->arena, &a, &b, &all);
	if (o->json)
		put_changes(&w, &all);
	else
		print_changes(&t, &all);
	TRY(file_print(text_get(&t), t.n, e));
	return all.n > 0;
}

static int schema(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = writer(&t, o);

	(void)argc, (void)argv;
	manifest_schema(&w);
	text_str(&t, "\n");
	return file_print(text_get(&t), t.n, e);
}

static void names(struct text *t, const struct manifest_builtin *list)
{
	for (; list->name; list++)
		text_fmt(t, "%s%s", t->n ? ", " : "", list->name);
}

/* An example, or a document around a profile. */
static int new_text(struct arena *a, const char *name, const char **out, struct err *e)
{
	const struct manifest_builtin *b = manifest_builtin_find(manifest_examples, name);
	struct text known = { .arena = a };

	if (b) {
		*out = b->text;
		return 0;
	}
	if (!manifest_builtin_find(manifest_profiles, name)) {
		names(&known, manifest_examples);
		names(&known, manifest_profiles);
		return fail(e, EINVAL, "there is no example and no profile \"%.64s\"; there are %s", name, text_get(&known));
	}
	*out = arena_fmt(a,
			 "{\n  \"version\": \"1.0\",\n  \"include\": [\"profile:%s\"],\n  \"capabilities\": {\n"
			 "    \"network\": {\"listen\": [], \"connect\": []},\n    \"filesystem\": {\"read\": [], \"write\": []}\n  }\n}\n",
			 name);
	return 0;
}

static int new_(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	const char *s = NULL;

	TRY(new_text(g->arena, argc ? argv[0] : "minimal", &s, e));
	if (o->json) {
		struct text t = { .arena = g->arena };
		struct json *tree;

		TRY(json_parse(g->arena, s, strlen(s), JSON_MAX_MANIFEST, "example", &tree, e));
		json_write(&t, tree, 0);
		text_str(&t, "\n");
		s = text_get(&t);
	}
	return o->file ? file_create(o->file, s, strlen(s), e) : file_print(s, strlen(s), e);
}

static const struct manifest_command commands[] = {
	{ "check", "FILE...", "is it right? every error, a line each", 1, -1, check },
	{ "explain", "FILE", "what a process under it can do, in words", 1, 1, explain },
	{ "normalize", "FILE", "the full form, with everything included", 1, 1, normalize },
	{ "diff", "A B", "what B grants that A does not, and the reverse", 2, 2, diff },
	{ "oci", "FILE [COMMAND...]", "the configuration that it becomes", 1, -1, manifest_oci },
	{ "schema", "", "the language's JSON Schema", 0, 0, schema },
	{ "new", "[NAME]", "a manifest to start from", 0, 1, new_ },
	{ NULL },
};

static const struct manifest_command *find(const char *name, struct err *e)
{
	const struct manifest_command *c, *near = NULL;

	for (c = commands; c->name; c++) {
		if (!strcmp(c->name, name))
			return c;
		if (name_distance(name, c->name, 2) <= 2)
			near = c;
	}
	fail(e, EINVAL, "there is no \"manifest %.40s\"%s%s%s", name, near ? "; did you mean \"" : "", near ? near->name : "",
	     near ? "\"?" : "");
	return NULL;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct manifest_command *c = find(argv[0], e);
	int n = argc - 1, r;

	if (!c)
		return -e->code;
	if (n < c->min_args || (c->max_args >= 0 && n > c->max_args))
		return fail(e, EINVAL, "\"manifest %s\" takes %s%s%s", c->name, *c->args ? "\"" : "no arguments", c->args,
			    *c->args ? "\"" : "");
	r = c->run(g, opts_v, n, argv + 1, e);
	if (r < 0 && c->run == diff) { /* 1 means that they differ */
		struct text t = { .arena = g->arena };
		struct err ignored;

		text_fmt(&t, "wasirun: %s\n", e->text);
		(void)!file_complain(text_get(&t), t.n, &ignored);
		return 2;
	}
	return r;
}

const struct verb verb_manifest = {
	.name = "manifest",
	.args = "check|explain|normalize|oci|diff|schema|new [FILE...]",
	.summary = "ask what a capability manifest grants",
	.details = "check FILE...    is it right? every error, a line each\n"
		   "   explain FILE     what a process under it can do, in words\n"
		   "   normalize FILE   the full form, with everything included\n"
		   "   diff A B         what changed, and whether that is more or less (exit code 1: something)\n"
		   "   oci FILE [CMD]   the config.json that it becomes; --bundle DIR makes a whole bundle\n"
		   "   schema           the language's JSON Schema\n"
		   "   new [NAME]       a manifest to start from: an example or one with a profile\n"
		   "The language is described in wasirun-manifest(5). \"-\" is standard input.",
	.opts = opts,
	.opts_size = sizeof(struct manifest_options),
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
