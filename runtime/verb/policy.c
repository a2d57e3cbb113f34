/* policy.c - what this machine's administrator and the command line take away from a manifest.
 * Must not pass over a policy that cannot be read or understood: then nothing runs. */
#include "base/log.h"
#include "store/files.h"
#include "verb/manifest.h"
#include "verb/options.h"
#include <string.h>

#define POLICIES "/etc/wasirun/policy.d"

static struct strs copy_strs(struct arena *a, const struct strs *from)
{
	struct strs out = { NULL, 0 };
	size_t i;

	for (i = 0; i < from->n; i++)
		strs_append(a, &out, from->v[i]);
	return out;
}

/* What manifest_restrict changes in its place. */
static struct manifest copy_of(struct arena *a, const struct manifest *m)
{
	struct manifest out = *m;
	size_t i;

	out.capabilities = (struct ints){ NULL, 0 };
	for (i = 0; i < m->capabilities.n; i++)
		*arena_push(a, &out.capabilities) = m->capabilities.v[i];
	out.syscalls_allow = copy_strs(a, &m->syscalls_allow);
	out.devices = copy_strs(a, &m->devices);
	out.environment_pass = copy_strs(a, &m->environment_pass);
	return out;
}

/* Whoever granted it should not have to look for it. Limits that were not there before are no news. */
static void tell(struct globals *g, const char *file, const struct manifest *before, const struct manifest *after)
{
	struct manifest_changes all = { .v = NULL };
	size_t i;

	manifest_diff(g->arena, before, after, &all);
	for (i = 0; i < all.n; i++)
		if (all.v[i].before && all.v[i].after)
			log_warn("%s: %s is %s, not %s", file, all.v[i].key, all.v[i].after, all.v[i].before);
		else if (all.v[i].before)
			log_warn("%s takes away %s %s", file, all.v[i].key, all.v[i].before);
}

int manifest_policies(struct globals *g, const struct strs *files, struct manifest *m, struct err *e)
{
	static const struct manifest_options none;
	struct strs list = { NULL, 0 };
	size_t i;

	TRY(directory_names(g->arena, POLICIES, ".json", &list, e));
	for (i = 0; i < list.n; i++)
		list.v[i] = arena_fmt(g->arena, "%s/%s", POLICIES, list.v[i]);
	for (i = 0; files && i < files->n; i++)
		strs_append(g->arena, &list, files->v[i]);
	for (i = 0; i < list.n; i++) {
		struct strs one = { &list.v[i], 1 };
		struct manifest before = copy_of(g->arena, m);

		TRY(manifest_restrict_by(g, &one, &none, m, e));
		tell(g, list.v[i], &before, m);
	}
	return 0;
}
