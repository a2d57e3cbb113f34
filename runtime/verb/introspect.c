/* introspect.c - `introspect` (hidden): the tables as a shell completion and as sections of the man page, for the build.
 * Must not say anything that the tables do not. */
#include "store/files.h"
#include "verb/help.h"
#include <errno.h>
#include <string.h>

static const struct opt opts[] = { { NULL } };

static void option_words(struct text *t, const struct opt *o)
{
	for (; o->name; o++)
		if (o->doc)
			text_fmt(t, "--%s ", o->name);
	text_str(t, "--help");
}

/* Options whose value is a path get file names, ids come from `list -q`. */
static void print_bash(struct text *t)
{
	const struct verb *const *v;

	text_str(t, "# bash completion for wasirun; made by `wasirun introspect bash`\n_wasirun() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb='' i root=()\n"
		    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n"
		    "\t\t--root) root=(--root \"${COMP_WORDS[++i]}\") ;;\n"
		    "\t\t--log | --log-format | --log-level | --cgroup-manager | --rootless) ((i++)) ;;\n"
		    "\t\t-*) ;;\n\t\t*) verb=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
		    "\tcase $prev in\n\t--bundle | -b | --root | --image-path | --work-path)\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n"
		    "\t--pid-file | --config | -f | --log | --process | -p | --resources | -r | --console-socket | --pidfd-socket |"
		    " --file)\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n\tesac\n"
		    "\tlocal words=''\n\tcase $verb in\n\t'') words='");
	option_words(t, global_opts);
	for (v = verbs; *v; v++)
		if (!(*v)->hidden)
			text_fmt(t, " %s", (*v)->name);
	text_str(t, "' ;;\n");
	for (v = verbs; *v; v++) {
		if ((*v)->hidden)
			continue;
		text_fmt(t, "\t%s) words='", (*v)->name);
		option_words(t, (*v)->opts);
		text_str(t, "' ;;\n");
	}
	text_str(t, "\tesac\n\tif [[ -n $verb && $cur != -* ]]; then\n"
		    "\t\twords=$(wasirun \"${root[@]}\" list -q 2>/dev/null)\n\tfi\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -o filenames -F _wasirun wasirun\n");
}

/* A hyphen is a minus and a leading dot no request. */
static void roff(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (*s == '-' || *s == '\\')
			text_str(t, "\\");
		else if (*s == '\n') {
			text_str(t, "\n");
			s += strspn(s + 1, " ");
			continue;
		}
		text_add(t, s, 1);
	}
}

static void man_options(struct text *t, const struct opt *o)
{
	for (; o->name; o++) {
		if (!o->doc)
			continue;
		text_str(t, ".TP\n");
		if (o->letter)
			text_fmt(t, "\\fB\\-%c\\fR, ", o->letter);
		text_str(t, "\\fB\\-\\-");
		roff(t, o->name);
		text_str(t, "\\fR");
		if (o->arg) {
			text_str(t, " \\fI");
			roff(t, o->arg);
			text_str(t, "\\fR");
		}
		text_str(t, "\n");
		roff(t, o->doc);
		text_str(t, "\n");
	}
}

static void print_man(struct text *t)
{
	const struct verb *const *v;

	text_str(t, ".SH GLOBAL OPTIONS\n");
	man_options(t, global_opts);
	text_str(t, ".SH COMMANDS\n");
	for (v = verbs; *v; v++) {
		if ((*v)->hidden)
			continue;
		text_fmt(t, ".SS %s %s\n", (*v)->name, (*v)->args ? (*v)->args : "");
		roff(t, (*v)->summary);
		text_str(t, ".\n");
		if ((*v)->details) {
			roff(t, (*v)->details);
			text_str(t, "\n");
		}
		man_options(t, (*v)->opts);
	}
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };

	(void)opts_v, (void)argc;
	if (!strcmp(argv[0], "bash"))
		print_bash(&t);
	else if (!strcmp(argv[0], "man"))
		print_man(&t);
	else
		return fail(e, EINVAL, "introspect prints \"bash\" or \"man\"");
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_introspect = {
	.name = "introspect",
	.args = "bash|man",
	.summary = "print the option tables as bash completion or man page sections",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.hidden = true,
	.run = run,
};
