/* manifest_schema.c - the language's JSON Schema (2020-12), from the rows that decode it.
 * Must not say anything of a property that its row does not. */
#include "oci/manifest_doc.h"
#include <string.h>

#define MOST 1000 /* as manifest.c counts */

static void put_object(struct json_out *w, const struct prop *rows, bool top);

static void put_kv(struct json_out *w, const char *key, const char *value)
{
	json_key(w, key);
	json_put_str(w, value);
}

static void put_number(struct json_out *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_put_uint(w, v);
}

/* The members of a schema that stands as text in a row. */
static void put_form(struct json_out *w, const struct prop_form *f)
{
	const struct json *c;
	struct json *tree;
	struct err e;

	if (json_parse(w->t->arena, f->schema, strlen(f->schema), JSON_MAX_MANIFEST, f->what, &tree, &e) < 0)
		return; /* tests/unit/test_manifest.c parses each */
	for (c = tree->child; c; c = c->next) {
		json_key(w, c->key);
		json_put_tree(w, c);
	}
}

static void put_words(struct json_out *w, const struct words *t)
{
	size_t i;

	json_key(w, "enum");
	json_open(w, '[');
	for (i = 0; i < t->n; i++)
		json_put_str(w, t->v[i].name);
	json_close(w, ']');
}

static void put_text(struct json_out *w, const struct prop *p, const struct prop_form *f)
{
	if (f) {
		put_form(w, f);
		return;
	}
	put_kv(w, "type", "string");
	if (p->flags & PROP_NONEMPTY)
		put_number(w, "minLength", 1);
}

static void put_list(struct json_out *w, const struct prop *p)
{
	put_kv(w, "type", "array");
	put_number(w, "maxItems", MOST);
	json_key(w, "items");
	json_open(w, '{');
	if (p->kind == PROP_WORDS)
		put_words(w, p->words);
	else
		put_text(w, p, p->form);
	json_close(w, '}');
}

static void put_map(struct json_out *w, const struct prop *p)
{
	put_kv(w, "type", "object");
	put_number(w, "maxProperties", MOST);
	json_key(w, "propertyNames");
	json_open(w, '{');
	if (p->keys)
		put_form(w, p->keys);
	else
		put_number(w, "minLength", 1);
	json_close(w, '}');
	json_key(w, "additionalProperties");
	json_open(w, '{');
	if (p->kind == PROP_OBJMAP)
		put_object(w, p->sub, false);
	else
		put_text(w, p, p->form);
	json_close(w, '}');
}

static void put_value(struct json_out *w, const struct prop *p);

/* An object, or a string that stands for one. */
static void put_bare(struct json_out *w, const struct prop *p)
{
	const struct prop *row;

	for (row = p->sub; strcmp(row->name, p->bare) != 0; row++)
		;
	json_key(w, "anyOf");
	json_open(w, '[');
	json_open(w, '{');
	put_value(w, row);
	json_close(w, '}');
	json_open(w, '{');
	put_object(w, p->sub, false);
	json_close(w, '}');
	json_close(w, ']');
}

static void put_value(struct json_out *w, const struct prop *p)
{
	switch (p->kind) {
	case PROP_BOOL:
	case PROP_OPT_BOOL:
		put_kv(w, "type", "boolean");
		break;
	case PROP_INT:
	case PROP_UINT:
	case PROP_U32:
	case PROP_U32S:
		put_kv(w, "type", "integer");
		put_number(w, "minimum", (uint64_t)p->min);
		if (p->umax)
			put_number(w, "maximum", p->umax);
		break;
	case PROP_WORD:
		put_words(w, p->words);
		break;
	case PROP_STR:
		put_text(w, p, p->form);
		break;
	case PROP_VALUE:
		put_form(w, p->form);
		break;
	case PROP_STRS:
	case PROP_WORDS:
	case PROP_LIST:
		put_list(w, p);
		break;
	case PROP_MAP:
	case PROP_OBJMAP:
		put_map(w, p);
		break;
	case PROP_OBJ:
		if (p->bare)
			put_bare(w, p);
		else
			put_object(w, p->sub, false);
		break;
	}
}

/* The two forms do not mix. */
static void put_either_form(struct json_out *w, const struct prop *full)
{
	const struct prop *p;

	json_key(w, "dependentSchemas");
	json_open(w, '{');
	json_key(w, full->name);
	json_open(w, '{');
	json_key(w, "properties");
	json_open(w, '{');
	for (p = full->sub; p->name; p++) {
		json_key(w, p->name);
		json_put_bool(w, false);
	}
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, '}');
}

static void put_object(struct json_out *w, const struct prop *rows, bool top)
{
	const struct prop *p, *full = NULL;

	put_kv(w, "type", "object");
	json_key(w, "properties");
	json_open(w, '{');
	for (p = rows; p->name; p++) {
		json_key(w, p->name);
		json_open(w, '{');
		put_kv(w, "description", p->doc);
		put_value(w, p);
		json_close(w, '}');
		if (!strcmp(p->name, "capabilities"))
			full = p;
	}
	json_close(w, '}');
	json_key(w, "patternProperties");
	json_open(w, '{');
	json_key(w, "^x-");
	json_put_bool(w, true);
	json_close(w, '}');
	json_key(w, "additionalProperties");
	json_put_bool(w, false);
	if (top && full)
		put_either_form(w, full);
}

void manifest_schema(struct json_out *w)
{
	json_open(w, '{');
	put_kv(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
	put_kv(w, "title", "wasirun capability manifest, version 1");
	put_object(w, manifest_props, true);
	json_close(w, '}');
}
