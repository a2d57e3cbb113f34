/* introspect_page.c - the commands of a group as sections of a manual page.
 * Must not say anything that the tables do not. */
#include "verb/introspect.h"
#include "verb/help.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Text of the tables as text of mdoc: `x` is what is typed, a line's first dot or quote no request; the blanks that help indents
 * with are dropped. */
static void prose(struct text *t, const char *s)
{
	bool typed = false, first = true;

	for (; *s; s++) {
		if (first && (*s == '.' || *s == '\''))
			text_str(t, "\\&");
		first = *s == '\n';
		if (*s == '`') {
			text_str(t, typed ? "\\fR" : "\\fB");
			typed = !typed;
		} else if (*s == '-' || *s == '\\') {
			text_str(t, *s == '-' ? "\\-" : "\\e");
		} else {
			text_add(t, s, 1);
		}
		if ((*s == '.' || *s == '?') && s[1] == ' ') { /* mdoc wants each sentence on a line of its own */
			text_str(t, "\n");
			first = true;
		}
		if (first)
			s += strspn(s + 1, " ");
	}
}

/* A phrase of the tables as a sentence. */
static void sentence(struct text *t, const char *s)
{
	char *copy = arena_str(t->arena, s);
	size_t n = strlen(copy);

	if (strncmp(copy, "psql", 4) != 0) /* a name that is written so */
		copy[0] = (char)toupper((unsigned char)copy[0]);
	prose(t, copy);
	text_str(t, n && strchr(".!?", copy[n - 1]) ? "\n" : ".\n");
}

static const struct opt *same_row(const struct opt *table, const struct opt *o)
{
	for (; table && table->name; table++)
		if (table->doc && !strcmp(table->name, o->name) && !strcmp(table->doc, o->doc))
			return table;
	return NULL;
}

/* told: rows that stand elsewhere; also: those of another command, which are told there as well. */
static void options(struct text *t, const struct opt *o, const struct opt *told, const struct opt *also)
{
	bool any = false;

	for (; o->name; o++) {
		if (!o->doc || same_row(told, o) || same_row(also, o))
			continue;
		if (!any)
			text_str(t, ".Bl -tag -width Ds\n");
		any = true;
		text_str(t, ".It ");
		if (o->letter)
			text_fmt(t, "Fl %c , ", o->letter);
		text_fmt(t, "Fl -%s%s%s\n", o->name, o->arg ? " Ar " : "", o->arg ? o->arg : "");
		sentence(t, o->doc);
	}
	if (any)
		text_str(t, ".El\n");
}

/* How many rows of the one table stand in the other. */
static unsigned common(const struct opt *o, const struct opt *with)
{
	unsigned n = 0;

	for (; o->name; o++)
		n += o->doc && same_row(with, o);
	return n;
}

/* "Takes the options of create but --start." */
static void refer(struct text *t, const struct verb *v, const struct verb *first)
{
	const struct opt *o;
	const char *but = "\nbut";

	text_fmt(t, ".Pp\nTakes the options of\n.Cm %s", first->name);
	for (o = first->opts; o->name; o++) {
		if (!o->doc || same_row(v->opts, o))
			continue;
		text_fmt(t, "%s\n.Fl -%s", but, o->name);
		but = " ,";
	}
	text_str(t, " .\n");
}

static void command(struct text *t, const struct verb *group, const char *path, const struct verb *v, const struct verb *first)
{
	/* create's are many, and up and with have them all */
	bool like_first = v != first && common(v->opts, first->opts) > common(v->opts, group->opts) + 6;

	text_fmt(t, ".Ss %s\n.D1 Ic wasirun %s %s Oo Ar options Oc", path, group->name, path);
	if (v->args)
		text_fmt(t, " Ar \"%s\"", v->args);
	text_str(t, "\n");
	sentence(t, v->summary);
	if (v->details) {
		text_str(t, ".Pp\n");
		prose(t, v->details);
		text_str(t, "\n");
	}
	if (like_first)
		refer(t, v, first);
	options(t, v->opts, group->opts, like_first ? first->opts : NULL);
}

static void members(struct text *t, const struct verb *group, const char *prefix, const struct verb *const *v, const struct verb *first)
{
	for (; *v; v++) {
		const char *path = arena_fmt(t->arena, "%s%s", prefix, (*v)->name);

		if ((*v)->hidden)
			continue;
		if ((*v)->subs)
			members(t, group, arena_fmt(t->arena, "%s ", path), (*v)->subs, first);
		else
			command(t, group, path, *v, first);
	}
}

int introspect_page(struct text *t, const char *group, struct err *e)
{
	const struct verb *v = verb_find(verbs, group);

	if (!v || !v->subs)
		return fail(e, EINVAL, "%s is no group of commands", group);
	text_str(t, ".Sh OPTIONS\nOf every command, before or after its name:\n");
	options(t, v->opts, NULL, NULL);
	text_str(t, ".Sh COMMANDS\n");
	members(t, v, "", v->subs, v->subs[0]);
	return 0;
}
