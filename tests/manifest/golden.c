/* golden.c - what manifests mean, compared with what they meant: tests/manifest/cases/NAME.json.
 *
 * A document that is accepted has NAME.normal (the normal form) and NAME.explain; one that is not, NAME.errors. Where there is
 * NAME.after.json too, NAME.diff is what changed from the one to the other. The examples of templates/ are cases as well, as
 * example-NAME. UPDATE=1 writes them anew: review the difference. Prints TAP. */
#include "context.h"
#include <dirent.h>

static const char *root;
static int number, failed;

static void result(const char *name, const char *why)
{
	printf("%sok %d %s\n", why ? "not " : "", ++number, name);
	if (why)
		printf("# %s\n", why);
	failed += why != NULL;
}

/* The first line that differs. */
static const char *difference(struct arena *a, const char *want, const char *have)
{
	int line = 1;

	for (; *want && *want == *have; want++, have++)
		line += *want == '\n';
	return arena_fmt(a, "line %d: \"%.60s\" should be \"%.60s\"", line, arena_strn(a, have, strcspn(have, "\n")),
			 arena_strn(a, want, strcspn(want, "\n")));
}

static void compare(struct arena *a, const char *name, const char *suffix, const char *have)
{
	const char *path = arena_fmt(a, "%s/%s.%s", root, name, suffix), *want = slurp(a, path);
	FILE *f;

	if (getenv("UPDATE")) {
		f = fopen(path, "w");
		if (f) {
			fputs(have, f);
			fclose(f);
		}
		want = have;
	}
	result(arena_fmt(a, "%s.%s", name, suffix), !want ? "there is no such file: UPDATE=1 writes it" :
	       strcmp(want, have) ? difference(a, want, have) : NULL);
}

static bool decode(struct arena *a, const char *name, const char *text, struct manifest *m, struct manifest_errors *errs)
{
	struct manifest_context c = context_of(root);
	struct err e;

	return manifest_decode(a, text, strlen(text), name, &c, m, errs, &e) == 0;
}

static const char *errors(struct arena *a, const struct manifest_errors *errs)
{
	struct text t = { .arena = a };
	size_t i;

	for (i = 0; i < errs->n; i++)
		text_fmt(&t, "%s:%u:%u: %s: %s\n", errs->v[i].file, errs->v[i].line, errs->v[i].column, errs->v[i].at, errs->v[i].text);
	return text_get(&t);
}

static const char *normal(struct arena *a, const struct manifest *m)
{
	struct text t = { .arena = a };
	struct json_out w = { .t = &t, .indent = 2, .first = true };

	manifest_encode(&w, m);
	text_str(&t, "\n");
	return text_get(&t);
}

/* What normalises once normalises to itself. */
static void check_again(struct arena *a, const char *name, const char *text)
{
	struct manifest_errors errs;
	struct manifest m;
	const char *again;

	if (!decode(a, name, text, &m, &errs)) {
		result(arena_fmt(a, "%s again", name), errors(a, &errs));
		return;
	}
	again = normal(a, &m);
	result(arena_fmt(a, "%s again", name), strcmp(text, again) ? difference(a, text, again) : NULL);
}

static void check_width(struct arena *a, const char *name, const char *text)
{
	const char *p;
	size_t widest = 0, n;

	for (p = text; *p; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		widest = n > widest ? n : widest;
	}
	result(arena_fmt(a, "%s fits 80 columns", name), widest > 80 ? arena_fmt(a, "%zu columns", widest) : NULL);
}

static void diff(struct arena *a, const char *name, const struct manifest *before, const struct manifest *after)
{
	static const char *const turns[] = { "other", "more", "less" };
	struct text t = { .arena = a };
	struct manifest_changes all;
	size_t i;

	manifest_diff(a, before, after, &all);
	for (i = 0; i < all.n; i++)
		text_fmt(&t, "%s: %s -> %s (%s)\n", all.v[i].key, all.v[i].before ? all.v[i].before : "",
			 all.v[i].after ? all.v[i].after : "", turns[all.v[i].turn]);
	compare(a, name, "diff", text_get(&t));
	manifest_diff(a, after, after, &all);
	result(arena_fmt(a, "%s after: no difference from itself", name), all.n ? "there is one" : NULL);
}

static void run(const char *name, const char *text, const char *after)
{
	struct arena a = { 0 };
	struct text words = { .arena = &a };
	struct manifest m, m2;
	struct manifest_errors errs;

	if (!decode(&a, arena_fmt(&a, "%s.json", name), text, &m, &errs)) {
		compare(&a, name, "errors", errors(&a, &errs));
		arena_drop(&a);
		return;
	}
	compare(&a, name, "normal", normal(&a, &m));
	check_again(&a, name, normal(&a, &m));
	manifest_print(&words, &m, arena_fmt(&a, "%s.json", name));
	compare(&a, name, "explain", text_get(&words));
	check_width(&a, name, text_get(&words));
	if (after) {
		if (decode(&a, "after", after, &m2, &errs))
			diff(&a, name, &m, &m2);
		else
			result(arena_fmt(&a, "%s.after", name), errors(&a, &errs));
	}
	arena_drop(&a);
}

static int is_case(const struct dirent *d)
{
	const char *dot = strchr(d->d_name, '.');

	return dot && !strcmp(dot, ".json");
}

int main(int argc, char **argv)
{
	const struct manifest_builtin *b;
	struct arena a = { 0 };
	struct dirent **list;
	int i, n;

	if (argc != 2) {
		fprintf(stderr, "usage: golden DIRECTORY\n");
		return 2;
	}
	root = argv[1];
	n = scandir(root, &list, is_case, alphasort);
	if (n <= 0) {
		printf("Bail out! %s: no cases\n", root);
		return 1;
	}
	for (i = 0; i < n; i++) {
		const char *name = arena_strn(&a, list[i]->d_name, strcspn(list[i]->d_name, "."));

		run(name, slurp(&a, arena_fmt(&a, "%s/%s.json", root, name)),
		    slurp(&a, arena_fmt(&a, "%s/%s.after.json", root, name)));
		free(list[i]);
	}
	free(list);
	for (b = manifest_examples; b->name; b++)
		run(arena_fmt(&a, "example-%s", b->name), b->text, NULL);
	printf("1..%d\n", number);
	arena_drop(&a);
	return failed > 0;
}
