/* manifest.c - bytes to a manifest: the document, what it includes, and everything that is wrong with them.
 * Must not open anything: files that are included come from the caller's function. */
#include "oci/manifest_doc.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ERRORS 1000
#define MOST_ELEMENTS 1000 /* of one list or object */
#define MOST_DOCUMENTS 32
#define DEEPEST 8 /* includes within includes */

/* --- errors */

static void add_error(struct reader *r, const char *at, unsigned line, unsigned column, const char *text)
{
	struct manifest_errors *errs = r->g->errs;

	if (errs->n < MOST_ERRORS)
		*arena_push(r->g->arena, errs) =
			(struct manifest_error){ r->number, r->what, line, column, arena_str(r->g->arena, at), text };
}

/* The value that the pointer names, or the nearest one around it. */
static const struct json *nearest_value(const struct reader *r, const char *pointer_)
{
	char *at = arena_str(r->g->arena, pointer_), *slash;
	const struct json *v;

	while (!(v = json_at(r->tree, at)) && (slash = strrchr(at, '/')))
		*slash = 0;
	return v ? v : r->tree;
}

void complain(struct reader *r, const char *at, const char *fmt, ...)
{
	unsigned line, column;
	struct err e; /* cuts and escapes */
	char text[sizeof e.text];
	va_list ap;

	if (r->g->errs->n >= MOST_ERRORS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fail(&e, EINVAL, "%s", text);
	json_place(r->bytes, r->n, nearest_value(r, at)->offset, &line, &column);
	add_error(r, at, line, column, arena_str(r->g->arena, e.text));
}

const char *pointer(struct reader *r, const char *fmt, ...)
{
	struct text t = { .arena = r->g->arena };
	va_list ap;

	text_str(&t, r->base);
	va_start(ap, fmt);
	text_vfmt(&t, fmt, ap);
	va_end(ap);
	return text_get(&t);
}

const char *standing(struct reader *r, const char *at)
{
	return r->prefix[0] ? arena_fmt(r->g->arena, "%s%s", r->prefix, at) : at;
}

/* "FILE:LINE:COLUMN: text" as json_parse writes it; without a place when the document as a whole is meant. */
static void syntax_error(struct reader *r, const struct err *e)
{
	const char *text = e->text;
	size_t n = strlen(r->what);
	unsigned line = 0, column = 0;
	int used = 0;

	if (!strncmp(text, r->what, n) && text[n] == ':') {
		text += n + 1;
		if (sscanf(text, "%u:%u: %n", &line, &column, &used) == 2 && used)
			text += used;
		else
			line = column = 0;
	}
	add_error(r, "", line, column, arena_str(r->g->arena, text + strspn(text, " ")));
}

static int by_place(const void *a, const void *b)
{
	const struct manifest_error *p = a, *q = b;

	if (p->document != q->document)
		return p->document < q->document ? -1 : 1;
	if (p->line != q->line)
		return p->line < q->line ? -1 : 1;
	if (p->column != q->column)
		return p->column < q->column ? -1 : 1;
	return strcmp(p->text, q->text);
}

static int sum_up(struct manifest_errors *errs, struct err *e)
{
	const struct manifest_error *first;
	char more[48] = "";

	if (!errs->n)
		return 0;
	qsort(errs->v, errs->n, sizeof *errs->v, by_place);
	first = &errs->v[0];
	if (errs->n > 1)
		snprintf(more, sizeof more, "; %zu more error%s", errs->n - 1, errs->n > 2 ? "s" : "");
	if (first->line)
		fail(e, EINVAL, "%.300s (%.60s:%u:%u%s)", first->text, first->file, first->line, first->column, more);
	else
		fail(e, EINVAL, "%.300s (%.60s%s)", first->text, first->file, more);
	return fail_at(e, first->at);
}

/* --- one document */

/* What comes later goes over lists again and again. */
static bool check_counts(struct reader *r, const struct json *v)
{
	const struct json *c;
	unsigned line, column;

	if (v->n > MOST_ELEMENTS && (v->type == JSON_ARRAY || v->type == JSON_OBJECT)) {
		json_place(r->bytes, r->n, v->offset, &line, &column);
		add_error(r, "", line, column, arena_fmt(r->g->arena, "%u elements; at most %d are allowed", v->n, MOST_ELEMENTS));
		return false;
	}
	if (v->type == JSON_ARRAY || v->type == JSON_OBJECT)
		for (c = v->child; c; c = c->next)
			if (!check_counts(r, c))
				return false;
	return true;
}

static void row_errors(struct reader *r)
{
	struct prop_errors all = { 0 };
	size_t i;

	if (prop_decode_all(r->g->arena, manifest_props, r->tree, PROP_UNKNOWN_ERROR, "", &r->doc, &all) == 0)
		return;
	for (i = 0; i < all.n; i++)
		complain(r, all.v[i].at, "%s", all.v[i].text);
}

static void check_form(struct reader *r)
{
	static const char *const both[] = { "network", "filesystem", "resources", "process", "syscalls", "devices" };
	const char *v = r->doc.version, *rest = v;
	size_t i;

	for (i = 0; r->doc.capabilities && i < sizeof both / sizeof *both; i++)
		if (json_get(r->tree, both[i]))
			complain(r, arena_fmt(r->g->arena, "/%s", both[i]),
				 "stands beside \"capabilities\": either all grants stand in it (the full form) or none (the short form)");
	if (!v)
		return;
	if (*rest == '1')
		for (rest++; *rest == '.' && rest[1] >= '0' && rest[1] <= '9';)
			rest += 1 + strspn(rest + 1, "0123456789");
	if (rest == v || *rest)
		complain(r, "/version", "unknown version \"%.32s\": this program reads \"1\" and every \"1.N\"", v);
}

#define A_NAME "at most 64 letters, digits, \"_\", \".\" and \"-\", a letter or a digit first"

static bool is_name(const char *s, size_t n)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	return n >= 1 && n <= 64 && strspn(s, allowed) >= n && !strspn(s, "_.-");
}

static void check_name(struct reader *r)
{
	const char *s = r->doc.sandbox;

	if (!s || is_name(s, strlen(s)))
		return;
	complain(r, "/sandbox", "expected a name: " A_NAME);
	r->doc.sandbox = NULL;
}

/* The NAME of the first "/sandboxes/NAME/..." that the document grants: the short form names its sandbox nowhere else. */
static const char *name_in_paths(struct reader *r)
{
	const struct filesystem_doc *f = r->doc.capabilities ? r->doc.capabilities->filesystem : r->doc.filesystem;
	const struct network_doc *net = r->doc.capabilities ? r->doc.capabilities->network : r->doc.network;
	const struct strs *lists[] = { f ? &f->read : NULL, f ? &f->write : NULL, f ? &f->cow : NULL, f ? &f->deny : NULL,
				       net ? &net->listen : NULL, net ? &net->connect : NULL };
	size_t i, k, n;

	for (i = 0; i < sizeof lists / sizeof *lists; i++)
		for (k = 0; lists[i] && k < lists[i]->n; k++) {
			const char *s = lists[i]->v[k];

			if (s && !strncmp(s, "unix:", 5))
				s += 5;
			if (!s || strncmp(s, "/sandboxes/", 11) != 0 || s[11] == '$')
				continue;
			n = strcspn(s + 11, "/");
			if (is_name(s + 11, n))
				return arena_strn(r->g->arena, s + 11, n);
		}
	return NULL;
}

static void find_sandbox(struct reader *r)
{
	const struct manifest_context *c = r->g->ctx;
	struct gathering *g = r->g;

	if (c->sandbox && !is_name(c->sandbox, strlen(c->sandbox)))
		complain(r, "", "the sandbox's name \"%.64s\" is none: " A_NAME, c->sandbox);
	g->sandbox = c->sandbox ? c->sandbox : r->doc.sandbox ? r->doc.sandbox : name_in_paths(r);
	g->out->sandbox = g->sandbox;
	g->sandbox_dir = c->sandbox_dir;
	if (!g->sandbox_dir && c->sandboxes && g->sandbox)
		g->sandbox_dir = arena_fmt(g->arena, "%s/%s", c->sandboxes, g->sandbox);
}

static void read_document(struct reader *r);

/* --- include */

static void include_profile(struct reader *up, const char *name, const char *at)
{
	const struct manifest_builtin *p = manifest_builtin_find(manifest_profiles, name), *k;
	struct reader r = { .g = up->g, .profile = true, .up = up };
	struct text known = { .arena = up->g->arena };

	if (!p) {
		for (k = manifest_profiles; k->name; k++)
			text_fmt(&known, "%s%s", k == manifest_profiles ? "" : ", ", k->name);
		complain(up, at, "there is no profile \"%.64s\"; known here: %s", name, text_get(&known));
		return;
	}
	r.what = arena_fmt(up->g->arena, "profile:%s", p->name);
	r.bytes = p->text;
	r.n = strlen(p->text);
	read_document(&r);
}

static void include_file(struct reader *up, const char *name, const char *at)
{
	const struct manifest_context *c = up->g->ctx;
	struct reader r = { .g = up->g, .found = up->found, .up = up };
	const char *path = expand_path(up, name, at);
	const struct reader *above;
	struct err e = { 0 };
	char *bytes;

	if (!path)
		return;
	for (above = up; above; above = above->up)
		if (!strcmp(above->what, path)) {
			complain(up, at, "%.200s includes itself", path);
			return;
		}
	if (!c->load) {
		complain(up, at, "files cannot be included here; profile:NAME can");
		return;
	}
	if (c->load(c->load_ctx, up->g->arena, path, &bytes, &r.n, &e) < 0) {
		complain(up, at, "%s", e.text);
		return;
	}
	r.what = path;
	r.bytes = bytes;
	r.dir = arena_strn(up->g->arena, path, strrchr(path, '/') == path ? 1 : (size_t)(strrchr(path, '/') - path));
	read_document(&r);
}

static void include_all(struct reader *r)
{
	const struct reader *up;
	size_t i;
	int depth = 0;

	for (up = r; up; up = up->up)
		depth++;
	for (i = 0; i < r->doc.include.n; i++) {
		const char *s = r->doc.include.v[i], *at = arena_fmt(r->g->arena, "/include/%zu", i);

		if (!s)
			continue;
		if (depth > DEEPEST || r->g->documents >= MOST_DOCUMENTS)
			complain(r, at, "includes go %d deep and to %d documents at most", DEEPEST, MOST_DOCUMENTS);
		else if (!strncmp(s, "profile:", 8))
			include_profile(r, s + 8, at);
		else
			include_file(r, s, at);
	}
}

/* Includes first: what a document says itself is said last, and wins. */
static void read_document(struct reader *r)
{
	struct json *tree;
	struct err e = { 0 };

	r->number = r->g->documents++;
	r->prefix = r->up ? arena_fmt(r->g->arena, "%s#", r->what) : "";
	if (json_parse(r->g->arena, r->bytes, r->n, JSON_MAX_MANIFEST, r->what, &tree, &e) < 0) {
		syntax_error(r, &e);
		return;
	}
	r->tree = tree;
	if (!check_counts(r, tree))
		return;
	row_errors(r);
	check_form(r);
	check_name(r);
	r->base = r->doc.capabilities ? "/capabilities" : "";
	if (!r->up)
		find_sandbox(r);
	include_all(r);
	take_document(r);
	check_trust(r);
}

/* --- all of it */

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct endpoint *)a)->text, ((const struct endpoint *)b)->text);
}
static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b); /* struct kv and struct secret begin with their name */
}
static int by_tmpfs(const void *a, const void *b)
{
	return path_order(((const struct tmpfs_grant *)a)->path, ((const struct tmpfs_grant *)b)->path);
}
static int by_inside(const void *a, const void *b)
{
	return path_order(((const struct path_grant *)a)->inside, ((const struct path_grant *)b)->inside);
}
static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void unique(void *v, size_t *n, size_t size, int (*order)(const void *, const void *))
{
	char *p = v;
	size_t i, k = 0;

	if (*n)
		qsort(v, *n, size, order);
	for (i = 0; i < *n; i++)
		if (!k || order(p + (k - 1) * size, p + i * size) != 0)
			memmove(p + k++ * size, p + i * size, size);
	*n = k;
}
#define UNIQUE(list, order) unique((list).v, &(list).n, sizeof *(list).v, order)

static void settle(struct reader *r)
{
	struct manifest *m = r->g->out;
	size_t i, k;

	UNIQUE(m->listen, by_text);
	UNIQUE(m->connect, by_text);
	UNIQUE(m->tmpfs, by_tmpfs);
	UNIQUE(m->exec, by_inside);
	UNIQUE(m->capabilities, by_number);
	UNIQUE(m->syscalls_allow, by_name);
	UNIQUE(m->syscalls_deny, by_name);
	UNIQUE(m->environment, by_name);
	UNIQUE(m->environment_pass, by_name);
	UNIQUE(m->secrets, by_name);
	UNIQUE(m->from_defaults, by_name);
	paths_settle(r);
	for (i = 0; i < words_manifest_device.n && !r->g->devices_given; i++)
		strs_add_once(r->g->arena, &m->devices, words_manifest_device.v[i].name);
	UNIQUE(m->devices, by_name);
	for (i = 0; i < m->secrets.n; i++)
		for (k = 0; k < m->environment.n && m->secrets.v[i].env; k++)
			if (!strcmp(m->secrets.v[i].name, m->environment.v[k].key))
				complain(r, arena_fmt(r->g->arena, "/secrets/%s", m->secrets.v[i].name),
					 "environment sets a variable of that name too");
}

int manifest_decode(struct arena *a, const char *bytes, size_t n, const char *what, const struct manifest_context *ctx,
		    struct manifest *out, struct manifest_errors *errs, struct err *e)
{
	struct gathering g = { .arena = a, .ctx = ctx, .out = out, .errs = errs };
	struct reader r = { .g = &g, .what = what, .dir = ctx->dir, .found = ctx->found, .bytes = bytes, .n = n };

	*out = (struct manifest){ .exec_any = true, .syscalls_profile = "default", .landlock = "auto" };
	errs->v = NULL;
	errs->n = 0;
	read_document(&r);
	if (r.tree)
		settle(&r);
	return sum_up(errs, e);
}
