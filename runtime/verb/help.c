/* help.c - usage and --help, from the tables.
 * Must not say anything that the tables do not. */
#include "verb/help.h"
#include "base/nearest.h"
#include <string.h>

const char *program_name(const char *self)
{
	const char *slash = self ? strrchr(self, '/') : NULL;

	return !self || !*self ? "wasirun" : slash ? slash + 1 : self;
}

const struct verb *verb_find(const struct verb *const *table, const char *name)
{
	const struct verb *const *v;

	for (v = table; *v; v++)
		if (!strcmp((*v)->name, name))
			return *v;
	return NULL;
}

static bool is_tried(const struct verb *v, const char *name)
{
	size_t n = strlen(name);
	const char *p = v->tried;

	for (; n && p && (p = strstr(p, name)); p++)
		if (p > v->tried && p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

const char *verb_nearest(const struct verb *const *table, const char *name)
{
	const struct verb *const *v;
	const char *best = NULL;
	unsigned least = strlen(name) > 2 ? 3 : 2, d; /* of two letters, two others are another word */

	for (v = table; *v; v++) {
		if (is_tried(*v, name))
			return (*v)->name;
		d = name_distance(name, (*v)->name, 2);
		if (!(*v)->hidden && d < least) {
			least = d;
			best = (*v)->name;
		}
	}
	return best;
}

void help_opt(struct text *t, const struct opt *o)
{
	text_fmt(t, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	if (o->letter)
		text_fmt(t, ", -%c%s%s", o->letter, o->arg ? " " : "", o->arg ? o->arg : "");
}

#define COLUMN 34

static void options(struct text *t, const struct opt *o)
{
	for (; o->name; o++) {
		size_t from = t->n, used;

		if (!o->doc)
			continue;
		text_str(t, "   ");
		help_opt(t, o);
		used = t->n - from;
		text_fmt(t, "%*s%s\n", used < COLUMN ? (int)(COLUMN - used) : 2, "", o->doc);
	}
	text_fmt(t, "   %-*s%s\n", COLUMN - 3, "--help, -h", "show this help");
}

static void commands(struct text *t, const struct verb *const *v)
{
	text_str(t, "\nCOMMANDS:\n");
	for (; *v; v++)
		if (!(*v)->hidden)
			text_fmt(t, "   %-12s%s\n", (*v)->name, (*v)->summary);
}

void help_verb(struct text *t, const char *self, const char *path, const struct verb *v)
{
	const char *name = program_name(self);

	text_fmt(t, "NAME:\n   %s %s - %s\n\n", name, path, v->summary);
	text_fmt(t, "USAGE:\n   %s %s [options]%s%s\n", name, path, v->args ? " " : "", v->args ? v->args : "");
	if (v->details)
		text_fmt(t, "\nDESCRIPTION:\n   %s\n", v->details);
	if (v->subs)
		commands(t, v->subs);
	text_str(t, "\nOPTIONS:\n");
	options(t, v->opts);
}

void help_all(struct text *t, const char *self)
{
	const char *name = program_name(self);

	text_fmt(t, "NAME:\n   %s - Open Container Initiative runtime\n\n", name);
	text_fmt(t, "USAGE:\n   %s [global options] COMMAND [options] [arguments]\n", name);
	commands(t, verbs);
	text_str(t, "\nGLOBAL OPTIONS:\n");
	options(t, global_opts);
}
