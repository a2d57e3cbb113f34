/* sandbox_template.c - `sandbox template list | show | rm`: the data directories that sandboxes are cloned from.
 * Must not build one: create does, when it needs it. */
#include "sandbox/template.h"
#include "base/fd.h"
#include "base/utc.h"
#include "oci/json.h"
#include "store/files.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *force, *quiet;
};
static const struct opt opts[] = {
	SANDBOX_READING_ROWS,
	{ "quiet", 'q', OPT_FLAG, NULL, "list: only the keys", offsetof(struct options, quiet) },
	{ "force", 'f', OPT_FLAG, NULL, "rm: even if the data of sandboxes are a layer on it, which are lost then",
	  offsetof(struct options, force) },
	{ NULL },
};

struct view_of {
	struct template_ t;
	template_users users;
	const char *problem; /* NULL: it is whole */
	const char *created;
};

static int look(struct globals *g, const struct place *p, const char *key, struct view_of *v, struct err *e)
{
	struct err why;
	char utc[UTC_BYTES];
	int r;

	*v = (struct view_of){ 0 };
	r = template_open(g->arena, p, key, &v->t, &why);
	if (r == -ENOENT) {
		*e = why;
		return r;
	}
	if (r < 0) {
		v->problem = arena_str(g->arena, why.text);
		v->t.key = arena_str(g->arena, key);
	}
	if (view_number(v->t.created) >= 0) {
		utc_format(view_number(v->t.created), utc);
		v->created = arena_fmt(g->arena, "%sZ", utc);
	}
	template_close(&v->t);
	return template_user_list(g->arena, p, key, &v->users, e);
}

static void as_json(struct json_out *w, const struct place *p, const struct view_of *v, struct arena *a)
{
	size_t i;

	json_open(w, '{');
	view_json_str(w, "key", v->t.key);
	view_json_str(w, "directory", arena_fmt(a, "%s/%s", p->templates, v->t.key));
	view_json_str(w, "engine", v->t.engine);
	view_json_str(w, "version", v->t.version);
	view_json_str(w, "created", v->created);
	json_key(w, "bytes");
	json_put_uint(w, v->t.bytes);
	json_key(w, "files");
	json_put_uint(w, v->t.files);
	view_json_str(w, "problem", v->problem);
	json_key(w, "layers");
	json_open(w, '[');
	for (i = 0; i < v->users.n; i++) {
		json_open(w, '{');
		view_json_str(w, "directory", v->users.v[i].dir);
		json_key(w, "there");
		json_put_bool(w, v->users.v[i].there);
		json_close(w, '}');
	}
	json_close(w, ']');
	json_close(w, '}');
}

static void as_line(struct arena *a, struct text *t, const struct view_of *v)
{
	if (v->problem)
		text_fmt(t, "%-36s damaged: `wasirun sandbox template rm %s`\n", v->t.key, v->t.key);
	else
		text_fmt(t, "%-36s %8s  %s  %zu layer%s\n", v->t.key, view_size(a, v->t.bytes), v->created ? v->created : "-", v->users.n,
			 v->users.n == 1 ? "" : "s");
}

static void as_text(struct arena *a, struct text *t, const struct place *p, const struct view_of *v)
{
	size_t i;

	text_fmt(t, "key:       %s\ndirectory: %s/%s\n", v->t.key, p->templates, v->t.key);
	if (v->problem)
		text_fmt(t, "problem:   %s\n", v->problem);
	else
		text_fmt(t, "engine:    %s %s\ncreated:   %s\nsize:      %s in %ju files and directories\n", v->t.engine,
			 v->t.version ? v->t.version : "", v->created ? v->created : "-", view_size(a, v->t.bytes), (uintmax_t)v->t.files);
	for (i = 0; i < v->users.n; i++)
		text_fmt(t, "layer:     %s%s\n", v->users.v[i].dir, v->users.v[i].there ? "" : " (not there any more: moved or deleted)");
}

static int list(struct globals *g, const struct options *o, const struct place *p, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	bool json = o->common.json && !o->quiet;
	struct strs keys;
	size_t i;

	TRY(template_list(g->arena, p, &keys, e));
	if (json)
		json_open(&w, '[');
	for (i = 0; i < keys.n; i++) {
		struct view_of v;
		struct err gone;

		if (o->quiet)
			text_fmt(&t, "%s\n", keys.v[i]);
		else if (look(g, p, keys.v[i], &v, &gone) < 0)
			continue;
		else if (json)
			as_json(&w, p, &v, g->arena);
		else
			as_line(g->arena, &t, &v);
	}
	if (json) {
		json_close(&w, ']');
		text_str(&t, "\n");
	}
	return file_print_foreign(text_get(&t), t.n, e);
}

static int show(struct globals *g, const struct options *o, const struct place *p, const char *key, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct view_of v;

	TRY(look(g, p, key, &v, e));
	if (o->common.json) {
		as_json(&w, p, &v, g->arena);
		text_str(&t, "\n");
	} else {
		as_text(g->arena, &t, p, &v);
	}
	return file_print_foreign(text_get(&t), t.n, e);
}

static int rm(struct globals *g, const struct options *o, const struct place *p, char **keys, struct err *e)
{
	const char *text;

	for (; *keys; keys++) {
		TRY(template_remove(g->arena, p, *keys, o->force, e));
		text = arena_fmt(g->arena, "%s: removed\n", *keys);
		TRY(file_print(text, strlen(text), e));
	}
	return 0;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	const char *what = argc ? argv[0] : "list";
	struct place p;

	TRY(sandbox_place(g, &o->common, &p, e));
	if ((!strcmp(what, "list") || !strcmp(what, "ls")) && argc <= 1)
		return list(g, o, &p, e);
	if (!strcmp(what, "show") && argc == 2)
		return show(g, o, &p, argv[1], e);
	if ((!strcmp(what, "rm") || !strcmp(what, "remove")) && argc >= 2)
		return rm(g, o, &p, argv + 1, e);
	return fail(e, EINVAL, "template %.40s: list, show KEY, or rm KEY...", what);
}

const struct verb verb_sandbox_template = {
	.name = "template",
	.args = "list | show KEY | rm KEY...",
	.summary = "the data directories that sandboxes are cloned from",
	.details = "A template is built once for an engine, its version, its settings and its init files, whose hash is in its key. A "
		   "layer is a\n"
		   "sandbox whose data are an overlay on it.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.max_args = -1,
	.run = run,
};
