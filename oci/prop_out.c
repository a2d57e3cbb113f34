/* prop_out.c - the way back from values to JSON, and the walk over the rows.
 * Must not know any property by name. */
#include "oci/prop.h"
#include <stdio.h>
#include <string.h>

/* What LIST() begins with, whatever its elements are. */
struct any_list {
	char *v;
	size_t n;
};

static struct any_list list_of(const void *field)
{
	struct any_list l;

	memcpy(&l, field, sizeof l);
	return l;
}

static void put_strs(struct json_out *w, const struct strs *s)
{
	size_t i;

	json_open(w, '[');
	for (i = 0; i < s->n; i++)
		json_put_str(w, s->v[i]);
	json_close(w, ']');
}

static void put_u32s(struct json_out *w, const struct u32s *s)
{
	size_t i;

	json_open(w, '[');
	for (i = 0; i < s->n; i++)
		json_put_uint(w, s->v[i]);
	json_close(w, ']');
}

static void put_words(struct json_out *w, const struct words *t, const struct ints *s)
{
	size_t i;

	json_open(w, '[');
	for (i = 0; i < s->n; i++)
		json_put_str(w, t->v[s->v[i]].name);
	json_close(w, ']');
}

static void put_map(struct json_out *w, const struct kvs *s)
{
	size_t i;

	json_open(w, '{');
	for (i = 0; i < s->n; i++) {
		json_key(w, s->v[i].key);
		json_put_str(w, s->v[i].value);
	}
	json_close(w, '}');
}

static void put_objects(struct json_out *w, const struct prop *p, struct any_list l)
{
	bool map = p->kind == PROP_OBJMAP;
	const char *key;
	size_t i;

	json_open(w, map ? '{' : '[');
	for (i = 0; i < l.n; i++) {
		if (map) {
			memcpy(&key, l.v + i * p->size, sizeof key);
			json_key(w, key);
		}
		prop_encode(w, p->sub, l.v + i * p->size);
	}
	json_close(w, map ? '}' : ']');
}

static bool present(const struct prop *p, const void *field)
{
	switch (p->kind) {
	case PROP_BOOL: /* false is the same as absent; where it must be there it is written */
		return *(const bool *)field || (p->flags & PROP_REQUIRED);
	case PROP_OPT_BOOL:
		return ((const struct opt_bool *)field)->set;
	case PROP_INT:
		return ((const struct opt_int *)field)->set;
	case PROP_UINT:
		return ((const struct opt_uint *)field)->set;
	case PROP_U32:
		return true;
	case PROP_WORD:
		return *(const int *)field != WORD_ABSENT;
	default: /* strings and objects are a pointer, lists begin with one */
		return *(void *const *)field != NULL;
	}
}

static void put_value(struct json_out *w, const struct prop *p, const void *field)
{
	switch (p->kind) {
	case PROP_BOOL:
		json_put_bool(w, *(const bool *)field);
		break;
	case PROP_OPT_BOOL:
		json_put_bool(w, ((const struct opt_bool *)field)->v);
		break;
	case PROP_STR:
		json_put_str(w, *(char *const *)field);
		break;
	case PROP_INT:
		json_put_int(w, ((const struct opt_int *)field)->v);
		break;
	case PROP_UINT:
		json_put_uint(w, ((const struct opt_uint *)field)->v);
		break;
	case PROP_U32:
		json_put_uint(w, *(const uint32_t *)field);
		break;
	case PROP_WORD:
		json_put_str(w, p->words->v[*(const int *)field].name);
		break;
	case PROP_STRS:
		put_strs(w, field);
		break;
	case PROP_U32S:
		put_u32s(w, field);
		break;
	case PROP_WORDS:
		put_words(w, p->words, field);
		break;
	case PROP_MAP:
		put_map(w, field);
		break;
	case PROP_OBJ:
		prop_encode(w, p->sub, *(void *const *)field);
		break;
	case PROP_LIST:
	case PROP_OBJMAP:
		put_objects(w, p, list_of(field));
		break;
	case PROP_VALUE:
		json_put_tree(w, *(const struct json *const *)field);
		break;
	}
}

void prop_encode(struct json_out *w, const struct prop *rows, const void *in)
{
	const struct prop *p;

	json_open(w, '{');
	for (p = rows; p->name; p++) {
		const char *field = (const char *)in + p->offset;

		if (!present(p, field))
			continue;
		json_key(w, p->name);
		put_value(w, p, field);
	}
	json_close(w, '}');
}

void prop_walk(const struct prop *rows, const char *at, void (*fn)(const struct prop *p, const char *at, void *ctx), void *ctx)
{
	const struct prop *p;
	char here[256], inside[256 + sizeof "/KEY"];

	for (p = rows; p->name; p++) {
		snprintf(here, sizeof here, "%s/%s", at, p->name);
		fn(p, here, ctx);
		if (!p->sub)
			continue;
		snprintf(inside, sizeof inside, "%s%s", here, p->kind == PROP_LIST ? "/N" : p->kind == PROP_OBJMAP ? "/KEY" : "");
		prop_walk(p->sub, inside, fn, ctx);
	}
}
