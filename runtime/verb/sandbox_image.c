/* sandbox_image.c - --image: which image of an OCI image layout is meant, and what it is made of; what is a root of a file system already
 * stays where it is.
 * Must not believe a digest, nor follow a link of a layout (image_store.c), nor unpack anything itself (sandbox_unpack.c). */
#include "base/fd.h"
#include "oci/json.h"
#include "oci/manifest.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/options.h"
#include "verb/sandbox_unpack.h"
#include <errno.h>
#include <string.h>

#define INDEX_DEPTH 4 /* of indexes within indexes */
#define MAX_LAYERS 512

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__riscv)
#define ARCHITECTURE "riscv64"
#else
#define ARCHITECTURE ""
#endif
#define NOT_OURS "the image %s is not for linux/" ARCHITECTURE

static const char *text_of(const struct json *v, const char *pointer)
{
	const struct json *found = v ? json_at(v, pointer) : NULL;

	return found && found->type == JSON_STRING ? found->text : NULL;
}

static int digest_of(const struct json *descriptor, const char *what, const char **hex, struct err *e)
{
	const char *s = text_of(descriptor, "/digest");

	if (!s || strncmp(s, "sha256:", 7) != 0 || strspn(s + 7, "0123456789abcdef") != IMAGE_HEX || strlen(s) != 7 + IMAGE_HEX)
		return fail(e, EINVAL, "%s: \"%.80s\" is no digest that is understood (sha256:...)", what, s ? s : "");
	*hex = s + 7;
	return 0;
}

static int read_blob(struct arena *a, const struct image_layout *l, const char *hex, struct json **out, struct err *e)
{
	const char *path = arena_fmt(a, "blobs/sha256/%s", hex);
	char *bytes;
	size_t n;

	TRY(image_read(a, l->fd, path, JSON_MAX_CONFIG, &bytes, &n, e));
	if (!image_is_called(bytes, n, hex))
		return fail(e, EINVAL, "the image's %s is damaged: its contents are not what its name says", path);
	return json_parse(a, bytes, n, JSON_MAX_CONFIG, path, out, e);
}

static bool is_for_us(const char *os, const char *arch)
{
	return (!os || strcmp(os, "linux") == 0) && (!arch || strcmp(arch, ARCHITECTURE) == 0);
}

/* Signatures and other things are kept in layouts as well. */
static bool may_be_image(const struct json *entry)
{
	const char *type = text_of(entry, "/mediaType");

	return !text_of(entry, "/artifactType") && (!type || strstr(type, "manifest") || strstr(type, "index")) &&
	       is_for_us(text_of(entry, "/platform/os"), text_of(entry, "/platform/architecture"));
}

/* The entry for this machine. A layout of several images does not say which of them is meant. */
static int choose(const struct image_layout *l, const struct json *list, const struct json **out, struct err *e)
{
	const struct json *entry;
	const char *name, *other;

	*out = NULL;
	for (entry = list->child; entry; entry = entry->next) {
		if (!may_be_image(entry))
			continue;
		if (!*out) {
			*out = entry;
			continue;
		}
		name = text_of(*out, "/annotations/org.opencontainers.image.ref.name");
		other = text_of(entry, "/annotations/org.opencontainers.image.ref.name");
		if (name && other && strcmp(name, other) != 0 &&
		    strcmp(text_of(*out, "/digest") ?: "", text_of(entry, "/digest") ?: "") != 0)
			return fail(e, EINVAL, "%s holds several images (%.60s, %.60s): copy the one that is meant to a "
				    "layout of its own", l->dir, name, other);
	}
	return *out ? 0 : fail(e, ENOENT, NOT_OURS, l->dir);
}

/* The manifest for this machine, through indexes of platforms. */
static int find_manifest(struct arena *a, struct image_layout *l, struct json *v, struct json **out, struct err *e)
{
	const struct json *list, *entry;
	int depth;

	for (depth = 0; (list = json_get(v, "manifests")); depth++) {
		if (depth == INDEX_DEPTH)
			return fail(e, ELOOP, "%s: too many indexes within each other", l->dir);
		if (list->type != JSON_ARRAY || !list->n)
			return fail(e, EINVAL, "%s holds no image", l->dir);
		TRY(choose(l, list, &entry, e));
		TRY(digest_of(entry, l->dir, &l->hex, e));
		TRY(read_blob(a, l, l->hex, &v, e));
	}
	*out = v;
	return l->hex ? 0 : fail(e, EINVAL, "%s/index.json names no image", l->dir);
}

/* Its platform, where the index says nothing of it, and its PATH. */
static int read_config(struct arena *a, struct image_layout *l, const struct json *m, struct err *e)
{
	const struct json *env, *one;
	const char *hex, *type = text_of(m, "/config/mediaType");
	struct json *v;

	if (!type || !strstr(type, "image"))
		return 0; /* no image's: there is nothing to know */
	TRY(digest_of(json_get(m, "config"), l->dir, &hex, e));
	TRY(read_blob(a, l, hex, &v, e));
	if (!is_for_us(text_of(v, "/os"), text_of(v, "/architecture")))
		return fail(e, ENOENT, NOT_OURS ", but for %.20s/%.20s", l->dir, text_of(v, "/os") ?: "linux",
			    text_of(v, "/architecture") ?: "?");
	env = json_at(v, "/config/Env");
	for (one = env && env->type == JSON_ARRAY ? env->child : NULL; one; one = one->next)
		if (one->type == JSON_STRING && strncmp(one->text, "PATH=", 5) == 0)
			l->path = one->text + 5;
	return 0;
}

static int read_layout(struct arena *a, struct image_layout *l, struct err *e)
{
	const struct json *layers, *one;
	const char *hex;
	struct json *v;
	char *bytes;
	size_t n;

	TRY(image_read(a, l->fd, "index.json", JSON_MAX_CONFIG, &bytes, &n, e));
	TRY(json_parse(a, bytes, n, JSON_MAX_CONFIG, arena_fmt(a, "%s/index.json", l->dir), &v, e));
	TRY(find_manifest(a, l, v, &v, e));
	TRY(read_config(a, l, v, e));
	layers = json_get(v, "layers");
	if (!layers || layers->type != JSON_ARRAY || !layers->n)
		return fail(e, EINVAL, "the image %s has no layers", l->dir);
	if (layers->n > MAX_LAYERS)
		return fail(e, E2BIG, "the image %s has %u layers; %d are understood", l->dir, layers->n, MAX_LAYERS);
	for (one = layers->child; one; one = one->next) {
		TRY(digest_of(one, l->dir, &hex, e));
		strs_append(a, &l->layers, hex);
	}
	return 0;
}

/* Its lock stays until this process ends: `prune` must not remove it before the sandbox that is being made says that it uses it, nor while
 * what this process runs lives in it. */
static int use(struct globals *g, const struct place *p, struct image_layout *l, const char **rootfs, struct err *e)
{
	struct image_store s;
	int r, held = -1;

	image_store_find(g->arena, p, &s);
	*rootfs = arena_fmt(g->arena, "%s/%s/rootfs", s.dir, l->hex);
	r = image_use(&s, p, l->hex, &held, e);
	if (r != -ENOENT)
		return r;
	TRY(image_store_open(p, true, &s, e));
	r = image_use(&s, p, l->hex, &held, e); /* somebody else was quicker */
	if (r == -ENOENT)
		r = sandbox_unpack(g, p, l, &s, e);
	if (r == 0 && held < 0)
		r = image_use(&s, p, l->hex, &held, e);
	fd_close(&s.fd);
	return r;
}

static int is_layout(int dir)
{
	return sys_access(dir, "oci-layout", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int sandbox_image_root(struct globals *g, struct manifest *m, struct err *e)
{
	struct image_layout l = { .dir = m->root_path, .fd = -1 };
	struct sandbox_common common = { .dir = NULL };
	char hex[IMAGE_HEX + 1];
	struct place p;

	if (m->root != ROOT_OCI && m->root != ROOT_TAR)
		return 0;
	AUTO_FD int fd = m->root == ROOT_OCI ? sys_open(AT_FDCWD, l.dir, O_RDONLY | O_DIRECTORY, 0) : -1;
	if (m->root == ROOT_OCI && (fd < 0 || !is_layout(fd)))
		return fail_at((fail(e, EINVAL, "%s is no OCI image layout: there is no file oci-layout", l.dir), e),
			       "/capabilities/filesystem/root");
	TRY(sandbox_place(g, &common, &p, e));
	if (m->root == ROOT_OCI) {
		l.fd = fd;
		TRY(read_layout(g->arena, &l, e));
	} else {
		TRY(image_file_hex(l.dir, hex, e));
		l.hex = hex;
		strs_append(g->arena, &l.layers, hex);
	}
	TRY(use(g, &p, &l, &m->root_path, e));
	m->root = ROOT_DIR;
	return 0;
}

int sandbox_image(struct globals *g, const struct place *p, const char *path, const char **rootfs, struct err *e)
{
	struct image_layout l = { .dir = path };

	*rootfs = path;
	if (!file_is_directory(path))
		return fail(e, ENOTDIR, "--image %s: a directory is wanted, the root of a file system or an OCI image layout; an archive "
			    "of one has to be unpacked first: mkdir DIR && tar -xf %s -C DIR", path, path);
	AUTO_FD int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fail_sys(e, fd, "--image %s", path);
	if (!is_layout(fd)) {
		if (sys_access(fd, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return fail(e, EINVAL, "--image %s: it is no OCI image layout (there is no file oci-layout): podman save --format "
				    "oci-dir, skopeo copy ... oci:DIR and buildah push ... oci:DIR make one", path);
		return 0;
	}
	l.fd = fd;
	TRY(read_layout(g->arena, &l, e));
	return use(g, p, &l, rootfs, e);
}
