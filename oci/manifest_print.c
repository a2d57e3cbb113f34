/* manifest_print.c - the facts of manifest_explain.c as words in 80 columns, and as JSON.
 * Must not know what a fact means. */
#include "oci/manifest.h"
#include <string.h>

#define COLUMNS 80

/* s with lines of at most 80 columns, the first after `used` columns, the others indented; words that are too long are cut. What could
 * move a terminal's cursor is shown as an escape. */
static void put_wrapped(struct text *t, size_t used, size_t indent, const char *s)
{
	struct text visible = { .arena = t->arena };
	bool first = true; /* of its line */
	const char *p;

	text_visible(&visible, s);
	for (p = text_get(&visible) + strspn(text_get(&visible), " "); *p; p += strspn(p, " ")) {
		size_t word = strcspn(p, " ");

		if (!first && used + 1 + word > COLUMNS) {
			text_fmt(t, "\n%*s", (int)indent, "");
			used = indent;
			first = true;
		}
		if (!first)
			text_str(t, " ");
		used += !first;
		if (word > COLUMNS - used)
			word = COLUMNS - used;
		text_add(t, p, word);
		used += word;
		p += word;
		first = used == COLUMNS && *p && *p != ' ';
		if (first) { /* the rest of a long word */
			text_fmt(t, "\n%*s", (int)indent, "");
			used = indent;
		}
	}
	text_str(t, "\n");
}

static void put_by(struct text *t, const char *by)
{
	text_str(t, "      by ");
	put_wrapped(t, 9, 9, by);
}

static void put_fact(struct text *t, const struct manifest_fact *f)
{
	text_str(t, "  ");
	put_wrapped(t, 2, 6, f->note ? arena_fmt(t->arena, "%s (%s)", f->what, f->note) : f->what);
}

void manifest_print(struct text *t, const struct manifest *m, const char *title)
{
	struct manifest_sections all;
	size_t i, k;

	manifest_explain(t->arena, m, &all);
	put_wrapped(t, 0, 0, m->sandbox ? arena_fmt(t->arena, "%s: a process in the sandbox \"%s\" can", title, m->sandbox) :
					  arena_fmt(t->arena, "%s: a process under this manifest can", title));
	for (i = 0; i < all.n; i++) {
		const struct manifest_section *s = &all.v[i];

		text_fmt(t, "\n%s\n", s->title);
		if (!s->facts.n)
			put_fact(t, &(struct manifest_fact){ .what = s->none });
		if (!s->facts.n && s->none_by)
			put_by(t, s->none_by);
		for (k = 0; k < s->facts.n; k++) {
			put_fact(t, &s->facts.v[k]);
			if (k + 1 == s->facts.n || strcmp(s->facts.v[k].by, s->facts.v[k + 1].by) != 0)
				put_by(t, s->facts.v[k].by);
		}
	}
}

static void put_optional(struct json_out *w, const char *key, const char *s)
{
	if (!s)
		return;
	json_key(w, key);
	json_put_str(w, s);
}

void manifest_print_json(struct json_out *w, const struct manifest *m)
{
	struct manifest_sections all;
	size_t i, k;

	manifest_explain(w->t->arena, m, &all);
	json_open(w, '{');
	put_optional(w, "sandbox", m->sandbox);
	for (i = 0; i < all.n; i++) {
		json_key(w, all.v[i].name);
		json_open(w, '[');
		for (k = 0; k < all.v[i].facts.n; k++) {
			const struct manifest_fact *f = &all.v[i].facts.v[k];

			json_open(w, '{');
			json_key(w, "what");
			json_put_str(w, f->what);
			put_optional(w, "note", f->note);
			put_optional(w, "by", f->by);
			put_optional(w, "at", f->at);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_close(w, '}');
}
