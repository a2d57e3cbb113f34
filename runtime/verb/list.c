/* list.c - `list`: the containers of a state root.
 * Must not fail because of one container: it may be going away while we look, or be damaged. */
#include "base/fd.h"
#include "store/files.h"
#include "verb/lifecycle.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct options {
	const char *format, *quiet;
};
static const struct opt opts[] = {
	{ "format", 'f', OPT_VALUE, "table|json", "how to print (default: table)", offsetof(struct options, format) },
	{ "quiet", 'q', OPT_FLAG, NULL, "only the ids", offsetof(struct options, quiet) },
	{ NULL },
};

enum { ID, PID, STATUS, BUNDLE, CREATED, OWNER, COLUMNS };
struct row {
	const char *cell[COLUMNS];
};
typedef LIST(struct row) rows;

/* As state prints it: names are never looked up, that would load code of who knows where. */
static const char *owner(struct arena *a, const struct record *r)
{
	if (!r->owner.set)
		return "";
	return r->owner.v == 0 ? "root" : arena_fmt(a, "%ju", (uintmax_t)r->owner.v);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void add_row(struct arena *a, rows *out, const struct container *c)
{
	const struct record *r = &c->record;

	*arena_push(a, out) = (struct row){ {
		[ID] = c->id,
		[PID] = arena_fmt(a, "%jd", (intmax_t)c->pid),
		[STATUS] = status_name(c->status),
		[BUNDLE] = or_empty(r->bundle),
		[CREATED] = or_empty(r->created),
		[OWNER] = owner(a, r),
	} };
}

/* As Go's tabwriter with a minimal width of 12 and 3 blanks between columns: scripts cut it by blanks. */
static void print_table(struct text *t, const rows *table)
{
	size_t width[COLUMNS], i, k;

	for (k = 0; k < COLUMNS; k++) {
		width[k] = 12;
		for (i = 0; i < table->n; i++)
			if (strlen(table->v[i].cell[k]) + 3 > width[k])
				width[k] = strlen(table->v[i].cell[k]) + 3;
	}
	for (i = 0; i < table->n; i++)
		for (k = 0; k < COLUMNS; k++) {
			size_t from = t->n;

			text_visible(t, table->v[i].cell[k]);
			if (k == COLUMNS - 1)
				text_str(t, "\n");
			else if (t->n - from < width[k])
				text_fmt(t, "%*s", (int)(width[k] - (t->n - from)), "");
		}
}

static int collect(struct globals *g, const struct store *s, bool json, struct text *t, struct err *e)
{
	rows table = { 0 };
	struct json_out w = { .t = t, .first = true };
	struct strs ids;
	struct err why;
	size_t i, n = 0;

	*arena_push(g->arena, &table) = (struct row){ { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" } };
	TRY(store_list(g->arena, s, &ids, e));
	for (i = 0; i < ids.n; i++) {
		struct container c;

		if (store_load(g->arena, s, ids.v[i], false, &c, &why) == 0) {
			lifecycle_refine(&c);
			if (json && !n)
				json_open(&w, '[');
			if (json)
				state_encode(&w, &c.record, c.status, c.pid, true);
			else
				add_row(g->arena, &table, &c);
			n++;
		} else if (why.code != ENOENT && !json) {
			c.id = ids.v[i];
			*arena_push(g->arena, &table) = (struct row){ { c.id, "0", "damaged", "", "", "" } };
		}
		container_close(&c);
	}
	if (json && n)
		json_close(&w, ']');
	else if (json)
		text_str(t, "null");
	else
		print_table(t, &table);
	return 0;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct text t = { .arena = g->arena };
	struct store s;
	struct strs ids;
	size_t i;

	(void)argc, (void)argv;
	if (o->format && strcmp(o->format, "table") != 0 && strcmp(o->format, "json") != 0)
		return fail(e, EINVAL, "invalid format option \"%.40s\": table or json", o->format);
	TRY(store_open(g->arena, g->root, false, &s, e));
	if (s.fd < 0 && g->root_given)
		return fail(e, ENOENT, "state root %s: no such directory", g->root);
	if (o->quiet) {
		TRY(store_list(g->arena, &s, &ids, e));
		for (i = 0; i < ids.n; i++)
			text_fmt(&t, "%s\n", ids.v[i]);
	} else {
		TRY(collect(g, &s, o->format && !strcmp(o->format, "json"), &t, e));
	}
	fd_close(&s.fd);
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_list = {
	.name = "list",
	.summary = "list the containers",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.run = run,
};
