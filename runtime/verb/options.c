/* options.c - parses the command line by the verbs' tables.
 * Must not know any option by name but help: what there is stands in the tables. */
#include "verb/options.h"
#include "base/nearest.h"
#include <errno.h>
#include <string.h>

struct parser {
	struct arena *arena;
	const struct opt *opts;
	char *out;
	int argc, at; /* argv[at] is the next one to look at */
	char **argv;
	struct parsed *p;
};

void strs_append(struct arena *a, struct strs *list, const char *s)
{
	char **v = arena_array(a, list->n + 2, sizeof *v);

	if (list->n)
		memcpy(v, list->v, list->n * sizeof *v);
	v[list->n] = arena_str(a, s);
	list->v = v;
	list->n++;
}

static const struct opt *find_name(const struct opt *opts, const char *name, size_t n)
{
	for (; opts->name; opts++)
		if (!strncmp(opts->name, name, n) && !opts->name[n])
			return opts;
	return NULL;
}

static const struct opt *find_letter(const struct opt *opts, char letter)
{
	for (; opts->name; opts++)
		if (opts->letter && opts->letter == letter)
			return opts;
	return NULL;
}

static int unknown(const struct parser *x, const char *arg, struct err *e)
{
	const char *name = arg + strspn(arg, "-");
	const char *word = arena_strn(x->arena, name, strcspn(name, "="));
	const struct opt *o, *best = NULL;
	unsigned least = 3, d;

	for (o = x->opts; o->name; o++) {
		d = name_distance(word, o->name, 2);
		if (o->doc && d < least) {
			least = d;
			best = o;
		}
	}
	if (best)
		return fail(e, EINVAL, "flag provided but not defined: %.80s (did you mean --%s?)", arg, best->name);
	return fail(e, EINVAL, "flag provided but not defined: %.80s", arg);
}

static bool is_one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return true;
	return false;
}

/* What a flag may be set to: the words of Go's ParseBool. */
static int set_flag(const struct opt *o, const char **field, const char *value, struct err *e)
{
	static const char *const yes[] = { "true", "True", "TRUE", "t", "T", "1", NULL };
	static const char *const no[] = { "false", "False", "FALSE", "f", "F", "0", NULL };

	if (is_one_of(value, yes))
		*field = "true";
	else if (is_one_of(value, no))
		*field = NULL;
	else
		return fail(e, EINVAL, "--%s is a flag: \"%.40s\" is neither true nor false", o->name, value);
	return 0;
}

/* On our own command line, and on that of every process which is forked off us and stays. */
static void blot_out(const struct opt *o, char *value)
{
	char *eq = o->kind == OPT_MANY ? strchr(value, '=') : NULL;

	if (eq)
		value = eq + 1;
	else if (o->kind == OPT_MANY)
		return;
	memset(value, 'x', strlen(value));
}

/* value NULL: none was attached with "=". */
static int take(struct parser *x, const struct opt *o, char *value, struct err *e)
{
	void *field = x->out + o->offset;

	if (o->kind == OPT_FLAG)
		return set_flag(o, field, value ? value : "true", e);
	if (!value && x->at >= x->argc)
		return fail(e, EINVAL, "flag needs an argument: --%s", o->name);
	if (!value)
		value = x->argv[x->at++];
	if (o->kind == OPT_MANY)
		strs_append(x->arena, field, value);
	else
		*(const char **)field = o->secret ? arena_str(x->arena, value) : value;
	if (o->secret)
		blot_out(o, value);
	return 0;
}

/* -it, -uroot, -e=A=1: letters, the last of which may take the rest as its value. */
static int letters(struct parser *x, char *arg, struct err *e)
{
	char *c;

	for (c = arg + 1; *c; c++) {
		const struct opt *o = find_letter(x->opts, *c);

		if (!o)
			return unknown(x, arg, e);
		if (c[1] == '=')
			return take(x, o, c + 2, e);
		if (o->kind != OPT_FLAG)
			return take(x, o, c[1] ? c + 1 : NULL, e);
		TRY(take(x, o, NULL, e));
	}
	return 0;
}

static bool is_help(const char *name)
{
	return !strcmp(name, "help") || !strcmp(name, "h") || !strcmp(name, "?");
}

static int one(struct parser *x, char *arg, struct err *e)
{
	char *name = arg + (arg[1] == '-' ? 2 : 1), *eq = strchr(name, '=');
	size_t n = eq ? (size_t)(eq - name) : strlen(name);
	const struct opt *o = n > 1 || arg[1] == '-' ? find_name(x->opts, name, n) : NULL;

	if (o)
		return take(x, o, eq ? eq + 1 : NULL, e);
	if (is_help(name) && !(name[0] == 'h' && !name[1] && find_letter(x->opts, 'h'))) {
		x->p->help = true;
		return 0;
	}
	return arg[1] == '-' ? unknown(x, arg, e) : letters(x, arg, e);
}

/* "-9" is a signal or a number unless an option has that letter. */
static bool is_option(const struct parser *x, const char *arg)
{
	if (arg[0] != '-' || !arg[1])
		return false;
	return arg[1] < '0' || arg[1] > '9' || find_letter(x->opts, arg[1]);
}

int options_parse(struct arena *a, const struct opt *opts, void *out, bool stop_at_first, int argc, char **argv, struct parsed *p,
		  struct err *e)
{
	struct parser x = { .arena = a, .opts = opts, .out = out, .argc = argc, .argv = argv, .p = p };
	bool only_args = false;

	*p = (struct parsed){ .argv = arena_array(a, (size_t)argc + 1, sizeof *p->argv) };
	while (x.at < argc && !p->help) {
		char *arg = argv[x.at++];

		if (!only_args && !strcmp(arg, "--")) {
			only_args = true;
		} else if (!only_args && is_option(&x, arg)) {
			TRY(one(&x, arg, e));
		} else {
			p->argv[p->argc++] = arg;
			only_args = only_args || stop_at_first;
		}
	}
	return 0;
}
