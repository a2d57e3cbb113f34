/* sandbox_list.c - `sandbox list`: the sandboxes of a root, or of all that are known.
 * Must not fail because of one of them: it may be going away while we look, or be damaged. */
#include "base/fd.h"
#include "sandbox/port.h"
#include "store/files.h"
#include "verb/sandbox_view.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *all, *quiet;
};
static const struct opt opts[] = {
	SANDBOX_READING_ROWS,
	{ "all", 'a', OPT_FLAG, NULL, "those in other directories too, as far as their ports are leased here",
	  offsetof(struct options, all) },
	{ "quiet", 'q', OPT_FLAG, NULL, "only the names", offsetof(struct options, quiet) },
	{ NULL },
};

enum { NAME, ENGINE, STATE, PORT, SIZE, CREATED, EXPIRES, DIR, COLUMNS };
struct row {
	const char *cell[COLUMNS];
};
struct listing {
	struct globals *g;
	const struct options *o;
	struct text *t;
	struct json_out w;
	LIST(struct row) rows;
	size_t n;
	bool expire; /* one of them does */
};

static const char *ago(struct arena *a, const char *seconds, bool ahead)
{
	int64_t t = view_number(seconds), now = view_now();

	if (t < 0)
		return "-";
	if (ahead)
		return t <= now ? "over" : arena_fmt(a, "in %s", view_span(a, t - now));
	return arena_fmt(a, "%s ago", view_span(a, now - t));
}

static void add_row(struct listing *l, const struct view *v)
{
	const struct sandbox_conf *c = &v->s.conf;
	struct arena *a = l->g->arena;
	const char *version = c->version && *c->version ? arena_fmt(a, " %s", c->version) : "";

	l->expire |= c->expires != NULL;
	*arena_push(a, &l->rows) = (struct row){ {
		[NAME] = v->s.name,
		[ENGINE] = c->engine ? arena_fmt(a, "%s%s", c->engine, version) : "-",
		[STATE] = v->up && v->broker == 0 ? "cut off" : v->state,
		[PORT] = c->port ? c->port : "-",
		[SIZE] = view_size(a, view_disk(v)),
		[CREATED] = ago(a, c->created, false),
		[EXPIRES] = ago(a, c->expires, true),
		[DIR] = v->s.dir,
	} };
}

static int list_root(struct listing *l, const struct place *p, struct err *e)
{
	struct strs names;
	size_t i;

	TRY(sandbox_names(l->g->arena, p, &names, e));
	for (i = 0; i < names.n; i++) {
		struct err gone;
		struct view v;

		if (l->o->quiet) {
			text_fmt(l->t, "%s\n", names.v[i]);
			l->n++;
			continue;
		}
		if (view_open(l->g, p, names.v[i], &v, &gone) < 0)
			continue;
		if (l->o->common.json) {
			json_open(&l->w, '{');
			view_json(l->g->arena, &l->w, &v);
			json_close(&l->w, '}');
		} else {
			add_row(l, &v);
		}
		l->n++;
		view_close(&v);
	}
	return 0;
}

/* The directories that hold the sandboxes of the leases, each once, without the one that was listed. */
static int other_roots(struct listing *l, const struct place *p, struct strs *out, struct err *e)
{
	struct arena *a = l->g->arena;
	port_leases leases;
	const char *own;
	struct err gone;
	size_t i, k;

	*out = (struct strs){ 0 };
	if (file_directory(a, arena_fmt(a, "%s/x", p->root), &own, &gone) < 0)
		own = p->root;
	TRY(port_list(a, p, &leases, e));
	for (i = 0; i < leases.n; i++) {
		const char *slash = strrchr(leases.v[i].dir, '/');
		char *root;

		if (leases.v[i].dead || !slash || slash == leases.v[i].dir)
			continue;
		root = arena_strn(a, leases.v[i].dir, (size_t)(slash - leases.v[i].dir));
		for (k = 0; k < out->n && strcmp(out->v[k], root); k++)
			;
		if (k == out->n && strcmp(root, own))
			*arena_push(a, out) = root;
	}
	return 0;
}

static void print_table(struct listing *l)
{
	static const struct row head = { { "NAME", "ENGINE", "STATE", "PORT", "SIZE", "CREATED", "EXPIRES", "DIRECTORY" } };
	bool shown[COLUMNS] = { [NAME] = true, [ENGINE] = true, [STATE] = true, [PORT] = true, [SIZE] = true, [CREATED] = true,
				[EXPIRES] = l->expire, [DIR] = l->o->all != NULL };
	size_t width[COLUMNS], i, k, last = l->o->all ? DIR : l->expire ? EXPIRES : CREATED;

	for (k = 0; k < COLUMNS; k++) {
		width[k] = strlen(head.cell[k]) + 2;
		for (i = 0; i < l->rows.n; i++)
			if (strlen(l->rows.v[i].cell[k]) + 2 > width[k])
				width[k] = strlen(l->rows.v[i].cell[k]) + 2;
	}
	for (i = 0; i <= l->rows.n; i++)
		for (k = 0; k < COLUMNS; k++) {
			const struct row *r = i ? &l->rows.v[i - 1] : &head;
			size_t from = l->t->n;

			if (!shown[k])
				continue;
			text_visible(l->t, r->cell[k]);
			if (k == last)
				text_str(l->t, "\n");
			else if (l->t->n - from < width[k])
				text_fmt(l->t, "%*s", (int)(width[k] - (l->t->n - from)), "");
		}
}

static int nothing(struct listing *l, const struct place *p, struct err *e)
{
	const char *more = l->o->all ? "" : "; `wasirun sandbox list --all` looks everywhere";
	uint32_t uid = 0;
	size_t kept = sandbox_kept_from_us(l->g->arena, p, &uid);
	const char *text = arena_fmt(l->g->arena, "no sandboxes in %s%s\n`wasirun sandbox create postgres dev` makes one there\n",
				     p->root, more);

	if (kept)
		text = arena_fmt(l->g->arena, "what is in %s belongs to another user (uid %u): that user can see it, and sudo\n"
				 "`wasirun sandbox --dir DIR ...` takes another directory\n", p->root, uid);
	return file_complain(text, strlen(text), e);
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct listing l = { .g = g, .o = opts_v, .t = &t, .w = { .t = &t, .indent = 2, .first = true } };
	struct strs others = { 0 };
	struct place p;
	size_t i;

	(void)argc, (void)argv;
	TRY(sandbox_place(g, &l.o->common, &p, e));
	if (l.o->common.json && !l.o->quiet)
		json_open(&l.w, '[');
	TRY(list_root(&l, &p, e));
	if (l.o->all)
		TRY(other_roots(&l, &p, &others, e));
	for (i = 0; i < others.n; i++) {
		struct place other = p;
		struct err gone;

		other.root = others.v[i];
		(void)!list_root(&l, &other, &gone);
	}
	if (l.o->common.json && !l.o->quiet) {
		json_close(&l.w, ']');
		text_str(&t, "\n");
	} else if (!l.n) {
		return nothing(&l, &p, e);
	} else if (!l.o->quiet) {
		print_table(&l);
	}
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_sandbox_list = {
	.name = "list",
	.tried = " ls ps dir ",
	.summary = "list the sandboxes of this directory",
	.details = "STATE is running, stopped, died (the server ended by itself), paused, cut off (the network's supervisor was\n"
		   "killed: restart it), dir (no server), unfinished (its create was killed) or damaged. SIZE is what it takes on disk.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.run = run,
};
