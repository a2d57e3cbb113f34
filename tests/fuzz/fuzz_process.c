/* fuzz_process.c - the two smaller documents, process (exec --process) and resources (update --resources), and the record of a
 * container, on any bytes. */
#include "fuzz.h"
#include "oci/state.h"

static const char *encode(struct arena *a, const struct prop *rows, const void *v, size_t *n)
{
	struct text t = { .arena = a };
	struct json_out w = { .t = &t };

	prop_encode(&w, rows, v);
	*n = t.n;
	return text_get(&t);
}

static void fuzz_process(struct arena *a, const char *s, size_t n)
{
	struct process p;
	struct err e = { 0 };
	const char *first;
	size_t len;

	if (process_decode(a, s, n, "fuzz", &p, &e) < 0) {
		CHECK(e.code > 0 && e.text[0]);
		return;
	}
	CHECK(p.cwd[0] == '/' && p.args.n > 0 && p.args.v[p.args.n] == NULL);
	CHECK(!p.user || (p.user->uid != UINT32_MAX && p.user->gid != UINT32_MAX));
	first = encode(a, process_props, &p, &len);
	if (len > JSON_MAX_CONFIG)
		return;
	CHECK(process_decode(a, first, len, "again", &p, &e) == 0);
	CHECK(strcmp(first, encode(a, process_props, &p, &len)) == 0);
}

static void fuzz_resources(struct arena *a, const char *s, size_t n)
{
	struct resources r;
	struct err e = { 0 };
	const char *first;
	size_t len;

	if (resources_decode(a, s, n, "fuzz", &r, &e) < 0) {
		CHECK(e.code > 0 && e.text[0]);
		return;
	}
	first = encode(a, resources_props, &r, &len);
	if (len > JSON_MAX_CONFIG)
		return;
	CHECK(resources_decode(a, first, len, "again", &r, &e) == 0);
	CHECK(strcmp(first, encode(a, resources_props, &r, &len)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena a = { 0 };
	struct record r;
	struct err e = { 0 };

	fuzz_process(&a, (const char *)data, n);
	fuzz_resources(&a, (const char *)data, n);
	if (record_decode(&a, (const char *)data, n, &r, &e) == 0)
		CHECK(r.id[0]);
	arena_drop(&a);
	return 0;
}
