/* fuzz_config.c - config_decode on any bytes. A document that is accepted can be encoded, decoded again, and is then the same. */
#include "fuzz.h"

static const char *encode(struct arena *a, const struct config *c, size_t *n)
{
	struct text t = { .arena = a };
	struct json_out w = { .t = &t, .indent = 2 };

	config_encode(&w, c);
	*n = t.n;
	return text_get(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = { 0 };
	struct config c;
	struct err e = { 0 };
	const char *first, *second;
	size_t len;

	if (config_decode(&a, (const char *)data, n, "fuzz", &c, &e) < 0) {
		CHECK(e.code > 0 && e.text[0]);
	} else {
		CHECK(c.root && c.root->path[0] && (!c.process || c.process->args.v[0][0]));
		first = encode(&a, &c, &len);
		if (len <= JSON_MAX_CONFIG) {
			CHECK(config_decode(&a, first, len, "again", &c, &e) == 0);
			second = encode(&a, &c, &len);
			CHECK(strcmp(first, second) == 0);
		}
	}
	arena_drop(&a);
	return 0;
}
