/* prop.c - decodes and encodes objects by rows.
 * Must not know any property by name: what is special about one stands in its row, or in the validation of its own file. */
#include "oci/prop.h"
#include "base/log.h"
#include "base/nearest.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_NAME 256 /* of a property; keys of maps may be longer */

/* The way to a value. A list of steps on the stack: the pointer is spelt out only when there is something to say. */
struct where {
	const struct where *up;
	const char *base; /* of the topmost step: the pointer where decoding began */
	const char *name; /* a member, or NULL: element number index */
	size_t index;
};

struct decoder {
	struct arena *arena;
	enum prop_unknown unknown;
	struct err *e;
	struct prop_errors *all; /* NULL: the first error ends it */
};

static void put_name(char *s, size_t size, const char *name)
{
	size_t n = strlen(s);

	for (; *name && n + 3 < size; name++) {
		if (*name == '~' || *name == '/') {
			s[n++] = '~';
			s[n++] = *name == '~' ? '0' : '1';
		} else {
			s[n++] = *name;
		}
	}
	s[n] = 0;
}

static void spell(const struct where *w, char *s, size_t size)
{
	size_t n;

	if (!w->up) {
		snprintf(s, size, "%s", w->base);
		return;
	}
	spell(w->up, s, size);
	n = strlen(s);
	if (!w->name) {
		snprintf(s + n, size - n, "/%zu", w->index);
		return;
	}
	snprintf(s + n, size - n, "/");
	put_name(s, size, w->name);
}

static int at_fail(const struct decoder *d, const struct where *w)
{
	char at[sizeof d->e->at];

	spell(w, at, sizeof at);
	return fail_at(d->e, at);
}

#define FAIL(d, w, ...) (fail((d)->e, EINVAL, __VA_ARGS__), at_fail((d), (w)))

/* What became of one member or element. All errors are wanted: note this one and go on. */
static int keep(const struct decoder *d, int r)
{
	if (r < 0 && d->all && d->all->n < PROP_ERRORS_MAX) {
		*arena_push(d->arena, d->all) = *d->e;
		memset(d->e, 0, sizeof *d->e);
		return 0;
	}
	return r;
}

static const char *got(const struct json *v, char buf[48])
{
	if (v->type == JSON_NUMBER)
		snprintf(buf, 48, "%s", v->text);
	else
		snprintf(buf, 48, "%s", json_type_name(v->type));
	return buf;
}

static int wrong_type(const struct decoder *d, const struct where *w, const struct json *v, const char *expected)
{
	char buf[48];

	return FAIL(d, w, "expected %s, got %s", expected, got(v, buf));
}

/* --- names */

static const struct prop *nearest(const struct prop *rows, const char *s)
{
	const struct prop *p, *found = NULL;
	unsigned limit = strlen(s) <= 4 ? 1 : 2, best = limit + 1;

	for (p = rows; p->name; p++) {
		unsigned n = strcasecmp(p->name, s) == 0 ? 0 : name_distance(p->name, s, limit);

		if (n < best) {
			best = n;
			found = p;
		}
	}
	return found;
}

const char *prop_nearest(const struct prop *rows, const char *s)
{
	const struct prop *p = nearest(rows, s);

	return p ? p->name : NULL;
}

static int refuse_name(const struct decoder *d, const struct prop *rows, const struct prop *near, const struct where *w)
{
	const struct prop *p;
	char known[300] = "";
	size_t n = 0;

	for (p = rows; p->name && n < sizeof known; p++)
		n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", p == rows ? "" : ", ", p->name);
	return near ? FAIL(d, w, "unknown property; did you mean \"%s\"? Known here: %s", near->name, known)
		    : FAIL(d, w, "unknown property; known here: %s", known);
}

static int unknown_name(const struct decoder *d, const struct prop *rows, const struct json *v, const struct where *w)
{
	const struct prop *near;
	char at[160];

	if (strlen(v->key) > MAX_NAME)
		return FAIL(d, w, "a property's name of more than %d bytes", MAX_NAME);
	if (d->unknown == PROP_UNKNOWN_ERROR && strncmp(v->key, "x-", 2) == 0)
		return 0;
	near = nearest(rows, v->key);
	if (d->unknown == PROP_UNKNOWN_ERROR)
		return refuse_name(d, rows, near, w);
	if (!near && !log_debugging())
		return 0;
	spell(w, at, sizeof at);
	if (near && strcasecmp(near->name, v->key) == 0)
		log_warn("%s: unknown property, ignored: names are case-sensitive, and this one is \"%s\"", at, near->name);
	else if (near && (near->flags & PROP_SECURITY))
		log_warn("%s: unknown property, ignored; did you mean \"%s\"?", at, near->name);
	else
		log_debug("%s: unknown property, ignored", at);
	return 0;
}

/* --- values */

static int decode_object(const struct decoder *d, const struct prop *rows, const struct json *v, const struct where *w, void *out);

static int check_string(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w)
{
	size_t max = p->max_bytes ? p->max_bytes : (size_t)1 << 20;

	if (v->type != JSON_STRING)
		return wrong_type(d, w, v, "string");
	if (v->n > max)
		return FAIL(d, w, "a string of %u bytes; at most %zu are allowed", v->n, max);
	if ((p->flags & PROP_ABS) && v->text[0] != '/')
		return FAIL(d, w, "expected an absolute path, got \"%.64s\"", v->text);
	return 0;
}

static int decode_string(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, void *field)
{
	TRY(check_string(d, p, v, w));
	if ((p->flags & PROP_NONEMPTY) && v->n == 0)
		return FAIL(d, w, "must not be empty");
	*(char **)field = (char *)(uintptr_t)v->text; /* the tree is ours, in the same arena */
	return 0;
}

static int decode_int(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w,
		      struct opt_int *out)
{
	bool any = p->min == 0 && p->max == 0;
	int64_t min = any ? INT64_MIN : p->min, max = any ? INT64_MAX : p->max;
	char buf[48];

	if (json_int(v, &out->v) < 0 || out->v < min || out->v > max)
		return FAIL(d, w, "expected integer %lld..%lld, got %s", (long long)min, (long long)max, got(v, buf));
	out->set = true;
	return 0;
}

static int decode_uint(const struct decoder *d, const struct json *v, const struct where *w, int64_t min, uint64_t max,
		       uint64_t *out)
{
	char buf[48];

	if (json_uint(v, out) < 0 || *out > max || *out < (uint64_t)min)
		return FAIL(d, w, "expected integer %lld..%llu, got %s", (long long)min, (unsigned long long)max, got(v, buf));
	return 0;
}

static uint64_t uint_max(const struct prop *p)
{
	return p->umax ? p->umax : p->kind == PROP_UINT ? UINT64_MAX : UINT32_MAX;
}

static int decode_u32(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, uint32_t *out)
{
	uint64_t u;

	TRY(decode_uint(d, v, w, p->min, uint_max(p), &u));
	*out = (uint32_t)u;
	return 0;
}

/* For messages: the names of a small table, the nearest name of a large one. */
static void word_list(const struct words *t, const char *name, char *s, size_t size)
{
	const char *near = t->n > 10 ? words_nearest(t, name) : NULL;
	size_t i, n = 0;

	snprintf(s, size, "%s%s%s", near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	for (i = 0; t->n <= 10 && i < t->n && n < size; i++)
		n += (size_t)snprintf(s + n, size - n, "%s%s", i ? ", " : ": expected one of ", t->v[i].name);
}

static int decode_word(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, int *out)
{
	char list[256];

	if (v->type != JSON_STRING)
		return wrong_type(d, w, v, "string");
	*out = words_find_n(p->words, v->text, v->n);
	if (*out >= 0)
		return 0;
	word_list(p->words, v->text, list, sizeof list);
	return FAIL(d, w, "unknown %s \"%.64s\"%s", p->words->what, v->text, list);
}

/* --- lists. Each is { pointer, count }, whatever its elements are. */

static int expect_list(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w,
		       enum json_type type)
{
	if (v->type != type)
		return wrong_type(d, w, v, json_type_name(type));
	if ((p->flags & PROP_NONEMPTY) && v->n == 0)
		return FAIL(d, w, "must not be empty");
	return 0;
}

static int decode_strs(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w,
		       struct strs *out)
{
	struct where item = { .up = w };
	const struct json *m;

	out->v = arena_array(d->arena, (size_t)v->n + 1, sizeof *out->v);
	for (m = v->child; m; m = m->next, item.index++) {
		/* NULL when it is no string: the others keep their numbers */
		out->v[out->n++] = m->type == JSON_STRING ? (char *)(uintptr_t)m->text : NULL;
		TRY(keep(d, check_string(d, p, m, &item)));
	}
	return 0;
}

static int decode_u32s(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w,
		       struct u32s *out)
{
	struct where item = { .up = w };
	const struct json *m;

	out->v = arena_array(d->arena, (size_t)v->n + 1, sizeof *out->v);
	for (m = v->child; m; m = m->next, item.index++)
		TRY(decode_u32(d, p, m, &item, &out->v[out->n++]));
	return 0;
}

static void lenient_warning(const struct prop *p, const struct json *v, const struct where *w)
{
	char at[160];

	spell(w, at, sizeof at);
	log_warn("%s: unknown %s \"%.64s\", ignored", at, p->words->what, v->text);
}

static int decode_words(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w,
			struct ints *out)
{
	struct where item = { .up = w };
	const struct json *m;
	size_t i;
	int word;

	out->v = arena_array(d->arena, (size_t)v->n + 1, sizeof *out->v);
	for (m = v->child; m; m = m->next, item.index++) {
		if ((p->flags & PROP_LENIENT) && m->type == JSON_STRING && words_find_n(p->words, m->text, m->n) < 0) {
			lenient_warning(p, m, &item);
			continue;
		}
		word = WORD_ABSENT;
		TRY(keep(d, decode_word(d, p, m, &item, &word)));
		for (i = 0; i < out->n && out->v[i] != word; i++)
			;
		if (i == out->n && word >= 0)
			out->v[out->n++] = word;
	}
	return 0;
}

static int decode_map(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, struct kvs *out)
{
	struct where item = { .up = w };
	const struct json *m;

	out->v = arena_array(d->arena, (size_t)v->n + 1, sizeof *out->v);
	for (m = v->child; m; m = m->next) {
		item.name = m->key;
		if (!m->key[0])
			return FAIL(d, w, "the empty string cannot be a key");
		TRY(keep(d, check_string(d, p, m, &item)));
		if (m->type == JSON_STRING)
			out->v[out->n++] = (struct kv){ (char *)(uintptr_t)m->key, (char *)(uintptr_t)m->text };
	}
	return 0;
}

/* PROP_LIST and PROP_OBJMAP. */
static int decode_objects(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, void *field)
{
	struct where item = { .up = w };
	const struct json *m;
	char *elements = arena_array(d->arena, (size_t)v->n + 1, p->size);
	size_t n = 0;

	for (m = v->child; m; m = m->next) {
		char *element = elements + n * p->size;

		item.name = m->key;
		item.index = n++;
		if (m->key && !m->key[0])
			return FAIL(d, w, "the empty string cannot be a key");
		TRY(keep(d, decode_object(d, p->sub, m, &item, element)));
		if (m->key)
			memcpy(element, &m->key, sizeof m->key);
	}
	memcpy(field, &elements, sizeof elements);
	memcpy((char *)field + sizeof elements, &n, sizeof n);
	return 0;
}

static int decode_list(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, void *field)
{
	bool map = p->kind == PROP_MAP || p->kind == PROP_OBJMAP;

	TRY(expect_list(d, p, v, w, map ? JSON_OBJECT : JSON_ARRAY));
	switch (p->kind) {
	case PROP_STRS:
		return decode_strs(d, p, v, w, field);
	case PROP_U32S:
		return decode_u32s(d, p, v, w, field);
	case PROP_WORDS:
		return decode_words(d, p, v, w, field);
	case PROP_MAP:
		return decode_map(d, p, v, w, field);
	default:
		return decode_objects(d, p, v, w, field);
	}
}

static int decode_bool(const struct decoder *d, const struct json *v, const struct where *w, bool *out)
{
	if (v->type != JSON_TRUE && v->type != JSON_FALSE)
		return wrong_type(d, w, v, "boolean");
	*out = v->type == JSON_TRUE;
	return 0;
}

static int decode_bare(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, void *out);

static int decode_value(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, void *field)
{
	void *o;

	switch (p->kind) {
	case PROP_BOOL:
		return decode_bool(d, v, w, field);
	case PROP_OPT_BOOL:
		((struct opt_bool *)field)->set = true;
		return decode_bool(d, v, w, &((struct opt_bool *)field)->v);
	case PROP_STR:
		return decode_string(d, p, v, w, field);
	case PROP_INT:
		return decode_int(d, p, v, w, field);
	case PROP_UINT:
		((struct opt_uint *)field)->set = true;
		return decode_uint(d, v, w, p->min, uint_max(p), &((struct opt_uint *)field)->v);
	case PROP_U32:
		return decode_u32(d, p, v, w, field);
	case PROP_WORD:
		return decode_word(d, p, v, w, field);
	case PROP_OBJ:
		o = arena_alloc(d->arena, p->size);
		memcpy(field, &o, sizeof o);
		return v->type == JSON_STRING && p->bare ? decode_bare(d, p, v, w, o) : decode_object(d, p->sub, v, w, o);
	case PROP_VALUE:
		*(const struct json **)field = v;
		return 0;
	default:
		return decode_list(d, p, v, w, field);
	}
}

/* The row of that name, or the end of the rows. Writers keep to one order, so the row behind the last one is the best guess. */
static const struct prop *find_row(const struct prop *rows, const struct prop *guess, const char *name)
{
	const struct prop *p;

	if (guess->name && strcmp(guess->name, name) == 0)
		return guess;
	for (p = rows; p->name && strcmp(p->name, name) != 0; p++)
		;
	return p;
}

static void words_absent(const struct prop *rows, void *out)
{
	const struct prop *p;

	for (p = rows; p->name; p++)
		if (p->kind == PROP_WORD)
			*(int *)((char *)out + p->offset) = WORD_ABSENT;
}

/* A string where an object is expected that one stands for. */
static int decode_bare(const struct decoder *d, const struct prop *p, const struct json *v, const struct where *w, void *out)
{
	const struct prop *row = find_row(p->sub, p->sub, p->bare);

	words_absent(p->sub, out);
	return decode_value(d, row, v, w, (char *)out + row->offset);
}

static int decode_object(const struct decoder *d, const struct prop *rows, const struct json *v, const struct where *w, void *out)
{
	struct where member = { .up = w };
	const struct json *m;
	const struct prop *p, *guess = rows;
	uint64_t seen = 0; /* one bit a row */

	words_absent(rows, out);
	if (v->type != JSON_OBJECT)
		return wrong_type(d, w, v, "object");
	for (m = v->child; m; m = m->next) {
		member.name = m->key;
		p = find_row(rows, guess, m->key);
		if (!p->name) {
			TRY(keep(d, unknown_name(d, rows, m, &member)));
			continue;
		}
		guess = p + 1;
		if (m->type == JSON_NULL && d->unknown == PROP_UNKNOWN_IGNORE)
			continue;
		TRY(keep(d, decode_value(d, p, m, &member, (char *)out + p->offset)));
		seen |= UINT64_C(1) << (p - rows);
	}
	for (p = rows; p->name; p++)
		if ((p->flags & PROP_REQUIRED) && !(seen & UINT64_C(1) << (p - rows))) {
			member.name = p->name;
			TRY(keep(d, FAIL(d, &member, "required, but missing")));
		}
	return 0;
}

int prop_decode(struct arena *a, const struct prop *rows, const struct json *v, enum prop_unknown unknown, const char *at, void *out,
		struct err *e)
{
	struct decoder d = { a, unknown, e, NULL };
	struct where top = { .base = at };

	return decode_object(&d, rows, v, &top, out);
}

int prop_decode_all(struct arena *a, const struct prop *rows, const struct json *v, enum prop_unknown unknown, const char *at, void *out,
		    struct prop_errors *all)
{
	struct err e = { 0 };
	struct decoder d = { a, unknown, &e, all };
	struct where top = { .base = at };

	(void)!keep(&d, decode_object(&d, rows, v, &top, out));
	return all->n ? -EINVAL : 0;
}
