/* json_out.c - reading values of a JSON tree, and writing JSON.
 * Must not parse documents (json.c does) and must not use printf conversions that depend on the locale. */
#include "oci/json.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct json *json_get(const struct json *o, const char *key)
{
	const struct json *m;

	if (o->type != JSON_OBJECT)
		return NULL;
	for (m = o->child; m; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

/* True when the reference token at p (up to "/" or the end) is key, with ~0 for "~" and ~1 for "/". Sets *end behind it. */
static bool token_is(const char *p, const char *key, const char **end)
{
	bool same = true;

	for (; *p && *p != '/'; p++) {
		char c = *p;

		if (c == '~' && (p[1] == '0' || p[1] == '1'))
			c = *++p == '0' ? '~' : '/';
		if (same && *key == c && c)
			key++;
		else
			same = false;
	}
	*end = p;
	return same && *key == 0;
}

const struct json *json_at(const struct json *v, const char *pointer)
{
	while (v && *pointer == '/') {
		const char *end = pointer + 1;
		const struct json *m = v->type == JSON_OBJECT || v->type == JSON_ARRAY ? v->child : NULL;
		size_t i = 0;
		char number[24];

		for (; m; m = m->next) {
			snprintf(number, sizeof number, "%zu", i++);
			if (token_is(pointer + 1, m->key ? m->key : number, &end))
				break;
		}
		v = m;
		pointer = end;
	}
	return v;
}

const char *json_type_name(enum json_type t)
{
	static const char *const names[] = { "null", "boolean", "boolean", "number", "string", "array", "object" };

	return names[t];
}

/* The digits of an integer and whether a minus stands before them; NULL if it is written in any other way. */
static const char *digits(const struct json *v, bool *negative)
{
	const char *s = v->text;

	if (v->type != JSON_NUMBER)
		return NULL;
	*negative = *s == '-';
	s += *negative;
	if (strspn(s, "0123456789") != strlen(s) || !*s)
		return NULL;
	if (*s == '0' && (s[1] || *negative))
		return NULL;
	return s;
}

static int magnitude(const char *s, uint64_t *out)
{
	uint64_t r = 0;

	for (; *s; s++)
		if (__builtin_mul_overflow(r, (uint64_t)10, &r) || __builtin_add_overflow(r, (uint64_t)(*s - '0'), &r))
			return -ERANGE;
	*out = r;
	return 0;
}

int json_int(const struct json *v, int64_t *out)
{
	bool negative = false;
	const char *s = digits(v, &negative);
	uint64_t m;

	if (!s)
		return -EINVAL;
	if (magnitude(s, &m) < 0 || m > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? -(int64_t)(m - 1) - 1 : (int64_t)m;
	return 0;
}

int json_uint(const struct json *v, uint64_t *out)
{
	bool negative = false;
	const char *s = digits(v, &negative);

	if (!s)
		return -EINVAL;
	return negative ? -ERANGE : magnitude(s, out);
}

/* --- writing */

static void new_line(struct json_out *w)
{
	static const char blanks[] = "                                ";
	size_t n = (size_t)w->indent * (size_t)w->depth;

	if (!w->indent)
		return;
	text_add(w->t, "\n", 1);
	for (; n > sizeof blanks - 1; n -= sizeof blanks - 1)
		text_add(w->t, blanks, sizeof blanks - 1);
	text_add(w->t, blanks, n);
}

/* What stands before a value or a key. */
static void separate(struct json_out *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->depth == 0)
		return;
	if (!w->first)
		text_add(w->t, ",", 1);
	w->first = false;
	new_line(w);
}

void json_open(struct json_out *w, char bracket)
{
	separate(w);
	text_add(w->t, &bracket, 1);
	w->depth++;
	w->first = true;
}

void json_close(struct json_out *w, char bracket)
{
	w->depth--;
	if (!w->first)
		new_line(w);
	text_add(w->t, &bracket, 1);
	w->first = false;
}

void json_key(struct json_out *w, const char *key)
{
	separate(w);
	text_json(w->t, key);
	text_add(w->t, ": ", w->indent ? 2 : 1);
	w->after_key = true;
}

static void put(struct json_out *w, const char *s)
{
	separate(w);
	text_str(w->t, s);
}

void json_put_str(struct json_out *w, const char *s)
{
	separate(w);
	text_json(w->t, s);
}

void json_put_int(struct json_out *w, int64_t v)
{
	separate(w);
	text_fmt(w->t, "%lld", (long long)v);
}

void json_put_uint(struct json_out *w, uint64_t v)
{
	separate(w);
	text_fmt(w->t, "%llu", (unsigned long long)v);
}

void json_put_number(struct json_out *w, const char *text)
{
	put(w, text);
}

void json_put_bool(struct json_out *w, bool v)
{
	put(w, v ? "true" : "false");
}

void json_put_null(struct json_out *w)
{
	put(w, "null");
}

void json_put_tree(struct json_out *w, const struct json *v)
{
	const struct json *m;

	switch (v->type) {
	case JSON_NULL:
		json_put_null(w);
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		json_put_bool(w, v->type == JSON_TRUE);
		break;
	case JSON_NUMBER:
		put(w, v->text);
		break;
	case JSON_STRING:
		json_put_str(w, v->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT: /* as deep as json_parse allows, at most */
		json_open(w, v->type == JSON_ARRAY ? '[' : '{');
		for (m = v->child; m; m = m->next) {
			if (m->key)
				json_key(w, m->key);
			json_put_tree(w, m);
		}
		json_close(w, v->type == JSON_ARRAY ? ']' : '}');
		break;
	}
}

void json_write(struct text *t, const struct json *v, int indent)
{
	struct json_out w = { .t = t, .indent = indent };

	json_put_tree(&w, v);
}
