/* about.c - `help` and `version`.
 * Must not know any verb by name. */
#include "oci/features.h"
#include "store/files.h"
#include "verb/about.h"
#include "verb/help.h"
#include <errno.h>

static const struct opt opts[] = { { NULL } };

void version_text(struct text *t)
{
	text_str(t, "wasirun version " WASIRUN_VERSION "\ncommit: " WASIRUN_COMMIT "\nspec: " OCI_VERSION "\n");
}

int no_such_verb(const struct verb *const *table, const char *group, const char *name, struct err *e)
{
	const char *near = verb_nearest(table, name);
	const struct verb *const *v;

	for (v = table; !group && *v; v++)
		if ((*v)->subs && verb_find((*v)->subs, name))
			return fail(e, EINVAL, "No help topic for '%.40s': no such command (did you mean %s %s?)", name, (*v)->name, name);
	if (group && near)
		return fail(e, EINVAL, "%s has no command '%.40s' (did you mean %s?)", group, name, near);
	if (group)
		return fail(e, EINVAL, "%s has no command '%.40s'; \"wasirun %s help\" lists them", group, name, group);
	if (near)
		return fail(e, EINVAL, "No help topic for '%.40s': no such command (did you mean %s?)", name, near);
	return fail(e, EINVAL, "No help topic for '%.40s': no such command", name);
}

static int run_help(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	static const struct verb *const none[] = { NULL };
	const struct verb *const *table = verbs;
	struct text t = { .arena = g->arena };
	const struct verb *v = NULL;
	const char *path = NULL;
	int i;

	(void)opts_v;
	for (i = 0; i < argc; i++) {
		v = verb_find(table, argv[i]);
		if (!v)
			return no_such_verb(table, path, argv[i], e);
		path = path ? arena_fmt(g->arena, "%s %s", path, v->name) : v->name;
		table = v->subs ? v->subs : none;
	}
	if (v)
		help_verb(&t, g->self, path, v);
	else
		help_all(&t, g->self);
	return file_print(text_get(&t), t.n, e);
}

static int run_version(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };

	(void)opts_v, (void)argc, (void)argv;
	version_text(&t);
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_help = {
	.name = "help",
	.args = "[COMMAND...]",
	.summary = "show the help of a command",
	.opts = opts,
	.max_args = -1,
	.run = run_help,
};

const struct verb verb_version = {
	.name = "version",
	.summary = "print the version",
	.opts = opts,
	.run = run_version,
};
