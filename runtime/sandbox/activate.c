/* activate.c - the scripts of a sandbox's tree, from templates/activate/.
 *
 * What `env` prints and what activate exports come from one place: environment_of() is asked about a sandbox whose values are marks, and
 * each variable becomes a line of shell that puts the value of that moment in the mark's place.
 * Must not write a path that is wrong once the tree was moved, nor a value that may change. */
#include "sandbox/builtin.h"
#include "sandbox/environment.h"
#include <errno.h>
#include <string.h>

/* Digits and letters, so that they stand in a URL as they are; a port is a number. */
static const struct mark {
	const char *mark, *name;
	size_t field;
} marks[] = {
#define MARK(mark, name, f) { mark, name, offsetof(struct sandbox_conf, f) }
	MARK("zz1qhost", "DB_HOST", host),         MARK("59821", "DB_PORT", port),
	MARK("zz2qdatabase", "DB_NAME", database), MARK("zz3quser", "DB_USER", user),
	MARK("zz4qpassword", "DB_PASSWORD", password), MARK("/zz5qsocket", "DB_SOCKET", socket),
};
#define MARKS (sizeof marks / sizeof *marks)
#define DIR_MARK "/zz6qdir"

/* These are sandbox.conf's own lines or made by the script itself. */
static bool is_read(const char *name)
{
	static const char *const names[] = { "DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SOCKET", "SANDBOX_NAME",
					     "SANDBOX_DIR", "SANDBOX_ENGINE", "SANDBOX_CAPS" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* A value that holds marks, in double quotes of sh or fish. */
static void expand(struct text *t, const char *s)
{
	size_t i;

	text_str(t, "\"");
	while (*s) {
		for (i = 0; i < MARKS && strncmp(s, marks[i].mark, strlen(marks[i].mark)) != 0; i++)
			;
		if (i < MARKS) {
			text_fmt(t, "$%s", marks[i].name);
			s += strlen(marks[i].mark);
		} else {
			if (strchr("\"\\$`", *s))
				text_str(t, "\\");
			text_add(t, s++, 1);
		}
	}
	text_str(t, "\"");
}

/* Where a value is one mark: that variable, which may be missing. */
static const char *alone(const char *value)
{
	size_t i;

	for (i = 0; i < MARKS; i++)
		if (!strcmp(value, marks[i].mark))
			return marks[i].name;
	return NULL;
}

struct lines {
	struct text names, assign; /* "DB_HOST DB_PORT ..."; one line each */
};

static void line(struct text *t, const char *name, const char *value, const char *url, bool fish)
{
	const char *one = strcmp(name, "DB_ENGINE") ? alone(value) : "SANDBOX_ENGINE";

	if (!strcmp(value, url))
		text_fmt(t, fish ? "    set -gx %s $url\n" : "\t%s=$_wasirun_url\n", name);
	else if (one && fish)
		text_fmt(t, "    test -n \"$%s\"; and set -gx %s $%s\n", one, name, one);
	else if (one)
		text_fmt(t, "\t[ -z \"${%s:+x}\" ] || %s=$%s\n", one, name, one);
	else {
		text_fmt(t, fish ? "    set -gx %s " : "\t%s=", name);
		expand(t, value);
		text_str(t, "\n");
	}
}

static int describe(struct arena *a, const struct sandbox *s, struct lines *sh, struct lines *fish, struct err *e)
{
	struct sandbox marked = *s;
	const char *url;
	struct strs vars;
	size_t i;

	for (i = 0; i < MARKS; i++)
		*(const char **)((char *)&marked.conf + marks[i].field) = marks[i].mark;
	marked.dir = DIR_MARK;
	url = environment_url(a, &marked);
	TRY(environment_of(a, &marked, NULL, &vars, e));
	for (i = 0; i < vars.n; i++) {
		const char *value = strchr(vars.v[i], '=') + 1;
		const char *name = arena_strn(a, vars.v[i], (size_t)(value - 1 - vars.v[i]));

		text_fmt(&sh->names, "%s%s", i ? " " : "", name);
		if (is_read(name))
			continue;
		line(&sh->assign, name, value, url, false);
		line(&fish->assign, name, value, url, true);
	}
	fish->names = sh->names;
	return 0;
}

/* The template with its @WORDS@ filled in; a word alone on a line is replaced with the line. */
static const char *fill(struct arena *a, const struct sandbox *s, const char *template_, const struct lines *l)
{
	const struct engine *en = engine_named(s->conf.engine);
	const struct { const char *word, *text; } words[] = {
		{ "@NAME@", s->name },
		{ "@SCHEME@", en->scheme },
		{ "@VARIABLES@", text_get(&l->names) },
		{ "@ASSIGNMENTS@\n", text_get(&l->assign) },
	};
	struct text t = { .arena = a };
	size_t i;

	while (*template_) {
		size_t n = strcspn(template_, "@");

		text_add(&t, template_, n);
		template_ += n;
		for (i = 0; i < sizeof words / sizeof *words && strncmp(template_, words[i].word, strlen(words[i].word)) != 0; i++)
			;
		if (i < sizeof words / sizeof *words) {
			text_str(&t, words[i].text);
			template_ += strlen(words[i].word);
		} else if (*template_) {
			text_add(&t, template_++, 1);
		}
	}
	return text_get(&t);
}

static int put(struct arena *a, const struct sandbox *s, const char *name, const char *template_, const struct lines *l, uint32_t mode,
	       struct err *e)
{
	const char *bytes = builtin_file(template_);

	if (!bytes)
		return fail(e, ENOENT, "%s is not compiled in", template_);
	bytes = fill(a, s, bytes, l);
	return sandbox_write(s, name, bytes, strlen(bytes), mode, e);
}

int activate_write(struct arena *a, const struct sandbox *s, struct err *e)
{
	struct lines sh = { .names.arena = a, .assign.arena = a }, fish = sh;

	TRY(describe(a, s, &sh, &fish, e));
	TRY(put(a, s, "activate", "activate/activate.sh", &sh, 0644, e));
	TRY(put(a, s, "activate.fish", "activate/activate.fish", &fish, 0644, e));
	TRY(put(a, s, "run-sandboxed.sh", "activate/run-sandboxed.sh", &sh, 0755, e));
	return sandbox_link(s, "bin/activate", "../activate", e);
}
