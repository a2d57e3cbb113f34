/* manifest.h - decoding manifests in unit tests: on the machine of tests/manifest/context.h, with what came out in variables. */
#ifndef WASIRUN_TESTS_UNIT_MANIFEST_H
#define WASIRUN_TESTS_UNIT_MANIFEST_H

#include "test.h"
#include "tests/manifest/context.h"

static struct arena arena;
static struct err err;
static struct manifest m;
static struct manifest_errors errs;
static struct manifest_context ctx;

static const char *directory(void)
{
	const char *slash = strrchr(__FILE__, '/');

	return arena_fmt(&arena, "%.*s/../manifest", (int)(slash - __FILE__), __FILE__);
}

static void begin(void)
{
	arena_drop(&arena);
	memset(&err, 0, sizeof err);
	ctx = context_of(directory());
}

static int decode(const char *s)
{
	return manifest_decode(&arena, s, strlen(s), "m.json", &ctx, &m, &errs, &err);
}

static const char *first_text(void)
{
	return errs.n ? errs.v[0].text : "no error";
}

/* The document must be refused with one error. */
__attribute__((unused)) static void refused(const char *doc, const char *at, const char *text)
{
	CHECK_INT(decode(doc), -EINVAL);
	CHECK_INT(errs.n, 1);
	CHECK_STR(errs.n ? errs.v[0].at : NULL, at);
	if (!CHECK_HAS(first_text(), text))
		printf("# %s\n", doc);
}

static void accepted(const char *doc)
{
	if (!CHECK_INT(decode(doc), 0))
		printf("# %s: %s\n", doc, first_text());
}

__attribute__((unused)) static const char *normal(const struct manifest *x)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t };

	manifest_encode(&w, x);
	return text_get(&t);
}

/* The most specific grant for a path; an empty one, and a failed check, where there is none. */
__attribute__((unused)) static const struct path_grant *granted(const char *inside)
{
	static const struct path_grant none = { .host = "", .inside = "", .at = "" };
	const struct path_grant *p = manifest_access(&m, inside);

	CHECK(p);
	return p ? p : &none;
}

#endif
