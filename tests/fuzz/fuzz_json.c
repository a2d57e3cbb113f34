/* fuzz_json.c - json_parse on any bytes. What it accepts must be what it says: written and parsed again it is the same,
 * every node lies within the document, and no limit is exceeded. */
#include "fuzz.h"

static void check_tree(const struct json *v, size_t n, int depth)
{
	const struct json *m, *o;
	uint32_t count = 0;

	CHECK(depth <= 65 && v->offset < n);
	if (v->type == JSON_STRING || v->type == JSON_NUMBER)
		CHECK(strlen(v->text) == v->n);
	if (v->type != JSON_ARRAY && v->type != JSON_OBJECT)
		return;
	for (m = v->child; m; m = m->next, count++) {
		CHECK((m->key != NULL) == (v->type == JSON_OBJECT));
		CHECK(m->offset > v->offset);
		for (o = v->child; m->key && o != m && count < 50; o = o->next)
			CHECK(strcmp(o->key, m->key) != 0);
		check_tree(m, n, depth + 1);
	}
	CHECK(count == v->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = { 0 };
	struct text first = { .arena = &a }, second = { .arena = &a };
	struct json *v, *w;
	struct err e = { 0 };

	if (json_parse(&a, (const char *)data, n, JSON_MAX_CONFIG, "fuzz", &v, &e) < 0) {
		CHECK(e.code > 0 && e.text[0]);
	} else {
		check_tree(v, n, 1);
		json_write(&first, v, 0);
		CHECK(json_parse(&a, text_get(&first), first.n, (size_t)32 << 20, "again", &w, &e) == 0);
		json_write(&second, w, 0);
		CHECK(strcmp(text_get(&first), text_get(&second)) == 0);
	}
	arena_drop(&a);
	return 0;
}
