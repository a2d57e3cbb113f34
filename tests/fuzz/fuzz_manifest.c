/* fuzz_manifest.c - a manifest from any bytes: never a crash, each error with its place, and what is accepted has a normal form that means
 * the same. What is included is the document itself. */
#include "fuzz.h"
#include "oci/manifest.h"
#include <errno.h>

struct self {
	const char *bytes;
	size_t n;
};

static int load(void *ctx, struct arena *a, const char *path, char **bytes, size_t *n, struct err *e)
{
	const struct self *s = ctx;

	if (strlen(path) % 2)
		return fail(e, ENOENT, "%s: no such file", path);
	*bytes = arena_strn(a, s->bytes, s->n);
	*n = s->n;
	return 0;
}

static const char *encode(struct arena *a, const struct manifest *m, size_t *n)
{
	struct text t = { .arena = a };
	struct json_out w = { .t = &t };

	manifest_encode(&w, m);
	*n = t.n;
	return text_get(&t);
}

static void check_paths(const struct manifest *m)
{
	size_t i;

	for (i = 0; i < m->paths.n; i++) {
		const struct path_grant *p = &m->paths.v[i];

		CHECK(p->host[0] == '/' && p->inside[0] == '/' && !strstr(p->inside, "//") && !strstr(p->inside, "/../"));
		CHECK(p->access == ACCESS_DENY || (p->access & ACCESS_READ));
		CHECK(manifest_access(m, p->inside) == p);
	}
}

static void check_errors(const struct manifest_errors *errs, const struct err *e)
{
	size_t i;

	CHECK(errs->n > 0 && e->code > 0 && e->text[0]);
	for (i = 0; i < errs->n; i++)
		CHECK(errs->v[i].text[0] && errs->v[i].file[0] && (errs->v[i].line > 0) == (errs->v[i].column > 0));
}

static void check_words(struct arena *a, const struct manifest *m)
{
	struct text t = { .arena = a };
	const char *p;
	size_t n;

	manifest_print(&t, m, "fuzz");
	for (p = text_get(&t); *p; p += n + 1) {
		n = strcspn(p, "\n");
		CHECK(n <= 80 && p[n] == '\n');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct self self = { (const char *)data, n };
	struct manifest_context ctx = { .sandboxes = "/srv/sandboxes",
					.pwd = "/srv/p",
					.home = "/srv/me",
					.uid = { true, 1000 },
					.dir = "/srv/p",
					.found = n % 2,
					.load = load,
					.load_ctx = &self };
	struct manifest_changes changes;
	struct manifest_errors errs;
	struct arena a = { 0 };
	struct manifest m, again;
	struct err e = { 0 };
	const char *first;
	size_t len;

	if (n > 16384)
		return 0;
	if (manifest_decode(&a, self.bytes, n, "fuzz", &ctx, &m, &errs, &e) < 0) {
		check_errors(&errs, &e);
		arena_drop(&a);
		return 0;
	}
	CHECK(errs.n == 0);
	check_paths(&m);
	check_words(&a, &m);
	first = encode(&a, &m, &len);
	ctx.found = false;
	if (manifest_decode(&a, first, len, "again", &ctx, &again, &errs, &e) < 0) {
		fprintf(stderr, "%s\n%s: %s\n", first, e.at, e.text);
		abort();
	}
	CHECK(strcmp(first, encode(&a, &again, &len)) == 0);
	manifest_diff(&a, &m, &again, &changes);
	CHECK(changes.n == 0 || again.secrets.n);
	manifest_restrict(&a, &again, &m); /* by itself: some places of the host have two names, so that it may lose something */
	check_paths(&again);
	check_words(&a, &again);
	arena_drop(&a);
	return 0;
}
