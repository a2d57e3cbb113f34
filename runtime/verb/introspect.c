/* introspect.c - `introspect` (hidden): the tables as a shell completion and as sections of the man page, for the build.
 * Must not say anything that the tables do not. */
#include "store/files.h"
#include "verb/help.h"
#include "verb/introspect.h"
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

static void verb_words(struct text *t, const struct verb *const *v)
{
	for (; *v; v++)
		if (!(*v)->hidden)
			text_fmt(t, " %s", (*v)->name);
}

/* One line for each verb and each member of a group: what may follow its name. group: "sandbox " or "". */
static void cases(struct text *t, const char *group, const struct verb *const *v)
{
	for (; *v; v++) {
		if ((*v)->hidden)
			continue;
		text_fmt(t, "\t'%s%s') words='", group, (*v)->name);
		option_words(t, (*v)->opts);
		if ((*v)->subs)
			verb_words(t, (*v)->subs);
		text_str(t, "' ;;\n");
		if ((*v)->subs)
			cases(t, arena_fmt(t->arena, "%s%s ", group, (*v)->name), (*v)->subs);
	}
}

static void group_names(struct text *t, const char *group, const struct verb *const *v)
{
	for (; *v; v++) {
		if (!(*v)->subs)
			continue;
		text_fmt(t, " | '%s%s'", group, (*v)->name);
		group_names(t, arena_fmt(t->arena, "%s%s ", group, (*v)->name), (*v)->subs);
	}
}

/* Options whose value is a path get file names, ids come from `list -q`, names of sandboxes from `sandbox list -q`; the word "help" is
 * skipped, since what follows it is a command. */
static void print_bash(struct text *t)
{
	text_str(t, "# bash completion for wasirun; made by `wasirun introspect bash`\n_wasirun() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb='' i root=() dir=()\n"
		    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n"
		    "\t\t--root) root=(--root \"${COMP_WORDS[++i]}\") ;;\n"
		    "\t\t--log | --log-format | --log-level | --cgroup-manager | --rootless) ((i++)) ;;\n"
		    "\t\t--dir | --env-file) dir+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[++i]}\") ;;\n"
		    "\t\t-*) ;;\n\t\thelp) ;;\n\t\t*) verb=${verb:+$verb }${COMP_WORDS[i]}\n\t\t\tcase $verb in ''");
	group_names(t, "", verbs);
	text_str(t, ") ;; *) break ;; esac ;;\n\t\tesac\n\tdone\n"
		    "\tcase $prev in\n\t--bundle | -b | --root | --image-path | --work-path | --dir)\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\"); return ;;\n"
		    "\t--pid-file | --config | -f | --log | --process | -p | --resources | -r | --console-socket | --pidfd-socket |"
		    " --file |"
		    " --env-file | --manifest)\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n\tesac\n"
		    "\tlocal words=''\n\tcase $verb in\n\t'') words='");
	option_words(t, global_opts);
	verb_words(t, verbs);
	text_str(t, "' ;;\n");
	cases(t, "", verbs);
	text_str(t, "\tesac\n\tif [[ $verb == 'sandbox '* && $cur != -* ]]; then\n"
		    "\t\twords=$(wasirun sandbox \"${dir[@]}\" list -q 2>/dev/null)\n"
		    "\t\tcase $verb in *' create' | *' up' | *' with') words+=' postgres mysql mariadb redis' ;; esac\n"
		    "\telif [[ -n $verb && $verb != sandbox && $cur != -* ]]; then\n"
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

	(void)opts_v;
	if (!strcmp(argv[0], "bash"))
		print_bash(&t);
	else if (!strcmp(argv[0], "man") && argc > 1)
		TRY(introspect_page(&t, argv[1], e));
	else if (!strcmp(argv[0], "man"))
		print_man(&t);
	else
		return fail(e, EINVAL, "introspect prints \"bash\" or \"man\"");
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_introspect = {
	.name = "introspect",
	.args = "bash|man [GROUP]",
	.summary = "print the option tables as bash completion or man page sections",
	.opts = opts,
	.min_args = 1,
	.max_args = 2,
	.hidden = true,
	.run = run,
};
