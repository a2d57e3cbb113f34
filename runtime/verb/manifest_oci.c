/* manifest_oci.c - `manifest oci`: the configuration that a manifest becomes, for any runtime.
 * Must not run anything. Secrets go to files of the bundle, never to what is printed. */
#include "store/files.h"
#include "verb/compile.h"
#include "verb/manifest.h"
#include <errno.h>
#include <string.h>

/* Who owns what the container's root shall be able to change. */
static uint32_t root_outside(const id_mappings *maps)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (maps->v[i].container_id.v == 0)
			return (uint32_t)maps->v[i].host_id.v;
	return 0;
}

static uint32_t outside(const id_mappings *maps, uint32_t inside)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (inside >= maps->v[i].container_id.v && inside - maps->v[i].container_id.v < maps->v[i].size.v)
			return (uint32_t)(maps->v[i].host_id.v + inside - maps->v[i].container_id.v);
	return 0;
}

static int make_bundle(struct globals *g, const struct manifest *m, const struct compiled *k, const char *bundle, struct err *e)
{
	const struct linux_ *l = k->config.linux_;
	const struct user *u = k->config.process->user;
	uint32_t uid = root_outside(&l->uid_mappings), gid = root_outside(&l->gid_mappings);
	size_t i;

	if (m->root == ROOT_EMPTY || m->root == ROOT_HOST_RO)
		TRY(bundle_directory(bundle, "rootfs", uid, gid, e));
	for (i = 0; i < m->paths.n; i++) {
		if (!(m->paths.v[i].access & ACCESS_COW))
			continue;
		TRY(bundle_directory(bundle, arena_fmt(g->arena, "cow%s/upper", m->paths.v[i].inside), uid, gid, e));
		TRY(bundle_directory(bundle, arena_fmt(g->arena, "cow%s/work", m->paths.v[i].inside), uid, gid, e));
	}
	if (k->secrets.n)
		TRY(bundle_directory(bundle, "secrets", uid, gid, e));
	for (i = 0; i < k->secrets.n; i++)
		TRY(bundle_secret(bundle, strrchr(k->secrets.v[i].path, '/') + 1, k->secrets.v[i].bytes, k->secrets.v[i].n,
				  outside(&l->uid_mappings, u->uid), outside(&l->gid_mappings, u->gid), e));
	return 0;
}

int manifest_oci(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e)
{
	static char *shell[] = { "/bin/sh", NULL };
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = o->json ? 0 : 4, .first = true };
	const char *bundle = NULL;
	struct compiled k;
	struct manifest m;

	TRY(manifest_need(g, argv[0], o, &m, e));
	if (o->bundle)
		TRY(bundle_make(g->arena, o->bundle, &bundle, e));
	TRY(compile_here(g, &m, argc > 1 ? argv + 1 : shell, bundle, false, &k, e));
	config_encode(&w, &k.config);
	text_str(&t, "\n");
	if (!bundle)
		return file_print(text_get(&t), t.n, e);
	TRY(make_bundle(g, &m, &k, bundle, e));
	return file_create(arena_fmt(g->arena, "%s/config.json", bundle), text_get(&t), t.n, e);
}
