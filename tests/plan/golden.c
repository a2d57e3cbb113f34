/* golden.c - plans compared with what they were: tests/plan/NAME/{host, config.json | patch.json, plan}.
 *
 * patch.json is merged into base.json (RFC 7396), so that a case shows what it is about. process.json makes it a plan of exec,
 * resources.json one of update. UPDATE=1 writes the plans anew: review the difference. Prints TAP. Needs no root; linked without
 * what touches the kernel. */
#include "golden.h"
#include "oci/json.h"
#include "tests/slurp.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *root;

static struct json **find(struct json *o, const char *key)
{
	struct json **at;

	for (at = &o->child; *at; at = &(*at)->next)
		if (strcmp((*at)->key, key) == 0)
			break;
	return at;
}

static void merge(struct arena *a, struct json *into, const struct json *patch)
{
	const struct json *p;

	for (p = patch->child; p; p = p->next) {
		struct json **at = find(into, p->key);

		if (p->type == JSON_NULL) {
			if (*at) {
				*at = (*at)->next;
				into->n--;
			}
		} else if (*at && (*at)->type == JSON_OBJECT && p->type == JSON_OBJECT) {
			merge(a, *at, p);
		} else {
			struct json *copy = arena_alloc(a, sizeof *copy);

			*copy = *p;
			copy->next = *at ? (*at)->next : NULL;
			into->n += *at == NULL;
			*at = copy;
		}
	}
}

static char *config_text(struct arena *a, const char *dir)
{
	char *whole = slurp(a, arena_fmt(a, "%s/config.json", dir)), *patch = slurp(a, arena_fmt(a, "%s/patch.json", dir));
	struct json *base, *change;
	struct text t = { .arena = a };
	struct err e;
	char *text;

	if (whole || !patch)
		return whole;
	text = slurp(a, arena_fmt(a, "%s/base.json", root));
	if (!text || json_parse(a, text, strlen(text), JSON_MAX_CONFIG, "base.json", &base, &e) < 0 ||
	    json_parse(a, patch, strlen(patch), JSON_MAX_CONFIG, "patch.json", &change, &e) < 0)
		return arena_fmt(a, "%s: patch.json or base.json: %s", dir, text ? e.text : "missing");
	merge(a, base, change);
	json_write(&t, base, 0);
	return arena_str(a, text_get(&t));
}

static int make_plan(struct arena *a, const char *dir, const struct golden *g, struct plan *p, struct strs *dirs, struct err *e)
{
	char *json = slurp(a, arena_fmt(a, "%s/resources.json", dir));
	struct resources r;
	struct config c;
	struct process pr;

	if (json) {
		TRY(resources_decode(a, json, strlen(json), "resources.json", &r, e));
		return plan_update(a, &r, &g->host, &g->dirs, p, e);
	}
	json = config_text(a, dir);
	if (!json)
		return fail(e, ENOENT, "the case has no config.json");
	TRY(config_decode(a, json, strlen(json), "config.json", &c, e));
	json = slurp(a, arena_fmt(a, "%s/process.json", dir));
	if (json) {
		TRY(process_decode(a, json, strlen(json), "process.json", &pr, e));
		return plan_exec(a, &c, &pr, &g->host, &g->options, p, e);
	}
	TRY(plan_create(a, &c, &g->host, &g->options, p, e));
	return plan_cgroup_dirs(a, &c, &g->host, &g->options, dirs, e);
}

/* What `wasirun` records before mkdir must be what STEP_CGROUP makes. */
static void check_dirs(struct text *t, const struct plan *p, const struct strs *dirs)
{
	size_t i, k, n = 0;

	for (i = 0; i < p->steps.n; i++) {
		const struct step *s = &p->steps.v[i];

		if (s->op != STEP_CGROUP)
			continue;
		n = s->cgroup.dirs.n;
		for (k = 0; k < n && k < dirs->n; k++)
			if (strcmp(s->cgroup.dirs.v[k], dirs->v[k]) != 0)
				text_fmt(t, "plan_cgroup_dirs differs: %s, %s\n", dirs->v[k], s->cgroup.dirs.v[k]);
	}
	if (dirs->n && n != dirs->n)
		text_fmt(t, "plan_cgroup_dirs differs: %zu directories, the step has %zu\n", dirs->n, n);
}

static const char *produce(struct arena *a, const char *dir)
{
	char *host = slurp(a, arena_fmt(a, "%s/host", dir));
	struct text t = { .arena = a };
	struct strs dirs = { NULL, 0 };
	struct plan p = { .steps.n = 0 };
	struct golden g;
	const char *bad;
	struct err e = { .code = 0 };

	bad = golden_host(a, host ? host : arena_str(a, "cgroup=v2"), &g);
	if (bad)
		return arena_fmt(a, "host: cannot understand \"%s\"\n", bad);
	if (make_plan(a, dir, &g, &p, &dirs, &e) < 0) {
		text_fmt(&t, "error: %s%s%s\n", e.at, e.at[0] ? ": " : "", e.text);
		return text_get(&t);
	}
	plan_print(&t, &p);
	check_dirs(&t, &p, &dirs);
	return text_get(&t);
}

/* The first line in which they differ, both ways, as TAP comments. */
static void show_difference(const char *want, const char *have)
{
	while (*want && *have) {
		size_t w = strcspn(want, "\n"), h = strcspn(have, "\n");

		if (w != h || strncmp(want, have, w) != 0)
			break;
		want += w + (want[w] == '\n');
		have += h + (have[h] == '\n');
	}
	printf("# was: %.*s\n# now: %.*s\n", (int)strcspn(want, "\n"), want, (int)strcspn(have, "\n"), have);
}

static bool one_case(const char *name, unsigned number)
{
	struct arena a = { .chunks = NULL };
	const char *dir = arena_fmt(&a, "%s/%s", root, name), *path = arena_fmt(&a, "%s/plan", dir);
	const char *have = produce(&a, dir), *want = slurp(&a, path), *again = produce(&a, dir);
	bool ok = want && strcmp(have, want) == 0 && strcmp(have, again) == 0;

	if (!ok && getenv("UPDATE")) {
		FILE *f = fopen(path, "w");

		ok = f && fputs(have, f) >= 0;
		if (f)
			ok = fclose(f) == 0 && ok;
		printf("# %s written\n", name);
	} else if (!ok) {
		show_difference(want ? want : "", have);
		if (strcmp(have, again) != 0)
			printf("# the same input gave two different plans\n");
	}
	printf("%s %u - %s\n", ok ? "ok" : "not ok", number, name);
	arena_drop(&a);
	return ok;
}

static int is_case(const struct dirent *d)
{
	return d->d_type == DT_DIR && d->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **cases;
	unsigned bad = 0;
	int i, n;

	root = argc > 1 ? argv[1] : "tests/plan";
	n = scandir(root, &cases, is_case, alphasort);
	if (n <= 0) {
		printf("Bail out! no cases in %s\n", root);
		return 1;
	}
	printf("TAP version 13\n1..%d\n", n);
	for (i = 0; i < n; i++)
		bad += !one_case(cases[i]->d_name, (unsigned)i + 1);
	return bad != 0;
}
