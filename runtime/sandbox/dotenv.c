/* dotenv.c - reads .env files: assignments as the tools of this field write them.
 * Must not expand or execute anything: what stands in somebody's file is text. */
#include "sandbox/dotenv.h"
#include "base/text.h"
#include "oci/value.h"
#include "sandbox/place.h"
#include <errno.h>
#include <string.h>

static bool starts_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool in_name(char c)
{
	return starts_name(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

static void blanks(struct dotenv *d)
{
	d->at += strspn(d->at, " \t");
}

static bool at_end_of_line(const struct dotenv *d)
{
	return !*d->at || *d->at == '\n' || (*d->at == '\r' && (d->at[1] == '\n' || !d->at[1]));
}

static void skip_line(struct dotenv *d)
{
	d->at += strcspn(d->at, "\n");
	if (*d->at == '\n') {
		d->at++;
		d->line++;
	}
}

static int wrong(const struct dotenv *d, struct err *e, const char *what)
{
	return fail(e, EINVAL, "%s:%u: %s", d->file, d->where, what);
}

/* 'as it is' or "with \n, \t, \r, \\, \", \$": both may go on over lines. */
static int quoted(struct dotenv *d, struct text *t, struct err *e)
{
	static const char from[] = "ntr\\\"$`", to[] = "\n\t\r\\\"$`";
	char quote = *d->at++;

	for (; *d->at != quote; d->at++) {
		const char *escape;
		char c = *d->at;

		if (!c)
			return wrong(d, e, quote == '"' ? "the \" is never closed" : "the ' is never closed");
		if (c == '\n')
			d->line++;
		if (quote == '"' && c == '\\' && d->at[1] && (escape = strchr(from, d->at[1])) != NULL) {
			c = to[escape - from];
			d->at++;
		}
		text_add(t, &c, 1);
	}
	d->at++;
	blanks(d);
	if (!at_end_of_line(d) && *d->at != '#')
		return wrong(d, e, "something stands behind the closing quote");
	return 0;
}

/* To the end of the line or a comment that a blank precedes. */
static void bare(struct dotenv *d, struct text *t)
{
	const char *from = d->at, *end;

	while (!at_end_of_line(d) && !(*d->at == '#' && d->at > from && (d->at[-1] == ' ' || d->at[-1] == '\t')))
		d->at++;
	for (end = d->at; end > from && (end[-1] == ' ' || end[-1] == '\t'); end--)
		;
	text_add(t, from, (size_t)(end - from));
}

/* A name with or without a value: *has. */
static int assignment(struct arena *a, struct dotenv *d, bool *has, struct err *e)
{
	struct text t = { .arena = a };
	const char *from;

	*has = false;
	if (!strncmp(d->at, "export", 6) && (d->at[6] == ' ' || d->at[6] == '\t')) {
		d->at += 6;
		blanks(d);
	}
	from = d->at;
	if (!starts_name(*d->at))
		return wrong(d, e, "neither NAME=value nor a comment");
	while (in_name(*d->at))
		d->at++;
	d->key = arena_strn(a, from, (size_t)(d->at - from));
	blanks(d);
	if (at_end_of_line(d) || *d->at == '#') /* a name alone says that it comes from elsewhere */
		return 0;
	if (*d->at != '=')
		return wrong(d, e, "neither NAME=value nor a comment");
	d->at++;
	blanks(d);
	if (*d->at == '\'' || *d->at == '"')
		TRY(quoted(d, &t, e));
	else if (*d->at != '#')
		bare(d, &t);
	d->value = text_get(&t);
	*has = true;
	return 0;
}

int dotenv_next(struct arena *a, struct dotenv *d, struct err *e)
{
	if (!d->line) {
		d->line = 1;
		if (!strncmp(d->at, "\xef\xbb\xbf", 3))
			d->at += 3;
	}
	while (*d->at) {
		bool has = false;

		d->where = d->line;
		blanks(d);
		if (!at_end_of_line(d) && *d->at != '#')
			TRY(assignment(a, d, &has, e));
		skip_line(d);
		if (has)
			return 1;
	}
	return 0;
}

int dotenv_parse(struct arena *a, const char *bytes, const char *file, struct strs *out, struct err *e)
{
	struct dotenv d = { .at = bytes, .file = file };
	int r;

	*out = (struct strs){ 0 };
	while ((r = dotenv_next(a, &d, e)) > 0)
		*arena_push(a, out) = arena_fmt(a, "%s=%s", d.key, d.value);
	return r;
}
