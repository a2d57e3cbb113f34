/* manifest_oci.c - `manifest oci`: the configuration that a manifest becomes, for any runtime.
 * Runs nothing but what unpacks an image. Secrets go to files of the bundle, never to what is printed. */
#include "base/fd.h"
#include "sandbox/storage.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/compile.h"
#include "verb/manifest.h"
#include "verb/sandbox_flow.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

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

/* An image that was unpacked: a bundle has its own copy, which no `sandbox prune` takes away. */
static int copy_root(struct globals *g, const char *from, const char *bundle, struct compiled *k, struct err *e)
{
	const struct linux_ *l = k->config.linux_;
	bool root = geteuid() == 0;
	int64_t uid = root ? (int64_t)root_outside(&l->uid_mappings) : -1, gid = root ? (int64_t)root_outside(&l->gid_mappings) : -1;
	const char *to = arena_fmt(g->arena, "%s/rootfs", bundle);
	int r;

	TRY(bundle_directory(bundle, "rootfs", root ? (uid_t)uid : geteuid(), root ? (gid_t)gid : getegid(), e));
	AUTO_FD int source = sys_open(AT_FDCWD, from, O_RDONLY | O_DIRECTORY, 0);
	AUTO_FD int target = sys_open(AT_FDCWD, to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (source < 0 || target < 0)
		return fail_sys(e, source < 0 ? source : target, "%s", source < 0 ? from : to);
	r = tree_copy(source, target, false, uid, gid, e);
	if (r == -EEXIST)
		return fail(e, EEXIST, "%s is not empty: the image is unpacked there", to);
	k->config.root->path = arena_str(g->arena, "rootfs");
	return r < 0 ? fail_in(e, "%s", to) : 0;
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
	bool image;

	TRY(manifest_need(g, argv[0], o, &m, e));
	image = m.root == ROOT_OCI || m.root == ROOT_TAR;
	if (o->bundle) {
		TRY(bundle_make(g->arena, o->bundle, &bundle, e));
		TRY(sandbox_image_root(g, &m, e));
	}
	TRY(compile_here(g, &m, argc > 1 ? argv + 1 : shell, bundle, false, &k, e));
	if (bundle && image)
		TRY(copy_root(g, m.root_path, bundle, &k, e));
	config_encode(&w, &k.config);
	text_str(&t, "\n");
	if (!bundle)
		return file_print(text_get(&t), t.n, e);
	TRY(make_bundle(g, &m, &k, bundle, e));
	return file_create(arena_fmt(g->arena, "%s/config.json", bundle), text_get(&t), t.n, e);
}
