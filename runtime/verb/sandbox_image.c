/* sandbox_image.c - --image: an OCI image layout becomes the root of a file system, once; what is one already stays where it is.
 *
 * Layers are unpacked by tar in a sandbox that can write to the new directory and to nothing else, and reach nobody: what a hostile layer
 * says of paths outside is said to that sandbox. Must not believe a digest, nor follow a path that an image names. */
#include "base/fd.h"
#include "oci/json.h"
#include "sandbox/sha256.h"
#include "sandbox/storage.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/box.h"
#include "verb/options.h"
#include "verb/sandbox_flow.h"
#include <errno.h>
#include <string.h>

#define HEX 64
#define INDEX_DEPTH 4 /* of indexes within indexes */

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#elif defined(__riscv)
#define ARCHITECTURE "riscv64"
#else
#define ARCHITECTURE ""
#endif

static const char manifest[] =
	"{\"sandbox\": \"image\", \"version\": \"1.0\", \"capabilities\": {\"network\": {\"listen\": [], \"connect\": []},"
	" \"filesystem\": {\"root\": \"host-ro\", \"write\": [\"/sandboxes/image/rootfs\"], \"tmpfs\": {\"/tmp\": \"64M\"}},"
	" \"process\": {\"user\": \"1000:1000\", \"cwd\": \"/\", \"namespaces\": \"deny\"}, \"syscalls\": {\"profile\": \"default\"}}}";

/* A layer's whiteouts hide what the layers below it have, never what it has itself: they come first. */
static const char script[] =
	"set -eu\n"
	"cd /sandboxes/image/rootfs\n"
	"for hex in \"$@\"; do\n"
	"	blob=/layout/blobs/sha256/$hex\n"
	"	echo \"$hex  $blob\" | sha256sum -c --status || { echo \"layer $hex is missing or damaged\" >&2; exit 1; }\n"
	"	tar -tf \"$blob\" --quoting-style=literal | while IFS= read -r name; do\n"
	"		base=${name##*/}\n"
	"		case $base in .wh.*) ;; *) continue ;; esac\n"
	"		dir=./${name%\"$base\"}\n"
	"		[ -d \"$dir\" ] || continue\n"
	"		if [ \"$base\" = .wh..wh..opq ]; then\n"
	"			find \"$dir\" -mindepth 1 -delete\n"
	"		else\n"
	"			rm -rf -- \"$dir${base#.wh.}\"\n"
	"		fi\n"
	"	done\n"
	"	tar -xf \"$blob\" --no-same-owner --no-acls --no-xattrs --delay-directory-restore --exclude='.wh.*' \\\n"
	"		--exclude='dev/*' --exclude='./dev/*'\n"
	"	chmod -R u+rwX .\n"
	"done\n";

struct layout {
	struct globals *g;
	const struct place *place;
	const char *dir; /* absolute */
	const char *hex; /* of the image's manifest */
	struct strs layers;
};

static int digest_of(const struct json *v, const char *what, const char **hex, struct err *e)
{
	const struct json *d = v ? json_get(v, "digest") : NULL;
	const char *s = d && d->type == JSON_STRING ? d->text : "";

	if (strncmp(s, "sha256:", 7) != 0 || strspn(s + 7, "0123456789abcdef") != HEX || strlen(s) != 7 + HEX)
		return fail(e, EINVAL, "%s: \"%.80s\" is no digest (sha256:...)", what, s);
	*hex = s + 7;
	return 0;
}

static bool is_called(const char *bytes, size_t n, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char is[SHA256_BYTES];
	struct sha256 s;
	size_t i;

	sha256_begin(&s);
	sha256_add(&s, bytes, n);
	sha256_end(&s, is);
	for (i = 0; i < SHA256_BYTES; i++)
		if (hex[2 * i] != digits[is[i] >> 4] || hex[2 * i + 1] != digits[is[i] & 15])
			return false;
	return true;
}

static int read_blob(struct layout *l, const char *hex, struct json **out, struct err *e)
{
	const char *path = arena_fmt(l->g->arena, "%s/blobs/sha256/%s", l->dir, hex);
	char *bytes;
	size_t n;

	TRY(file_read(l->g->arena, path, JSON_MAX_CONFIG, &bytes, &n, e));
	if (!is_called(bytes, n, hex))
		return fail(e, EINVAL, "%s is damaged: its contents are not what its name says", path);
	return json_parse(l->g->arena, bytes, n, JSON_MAX_CONFIG, path, out, e);
}

static bool is_ours(const struct json *entry)
{
	const struct json *os = json_at(entry, "/platform/os"), *arch = json_at(entry, "/platform/architecture");

	return (!os || (os->type == JSON_STRING && strcmp(os->text, "linux") == 0)) &&
	       (!arch || (arch->type == JSON_STRING && strcmp(arch->text, ARCHITECTURE) == 0));
}

/* The manifest for this machine, through indexes of platforms. */
static int find_manifest(struct layout *l, struct json *v, struct json **out, struct err *e)
{
	const struct json *list, *entry;
	int depth;

	for (depth = 0; (list = json_get(v, "manifests")); depth++) {
		for (entry = list->child; entry && !is_ours(entry); entry = entry->next)
			;
		if (!entry || depth == INDEX_DEPTH)
			return fail(e, ENOENT, "the image %s is not for linux/" ARCHITECTURE, l->dir);
		TRY(digest_of(entry, l->dir, &l->hex, e));
		TRY(read_blob(l, l->hex, &v, e));
	}
	*out = v;
	return l->hex ? 0 : fail(e, EINVAL, "%s/index.json names no image", l->dir);
}

static int read_layout(struct layout *l, struct err *e)
{
	const char *path = arena_fmt(l->g->arena, "%s/index.json", l->dir), *hex;
	const struct json *layers, *one;
	struct json *v;
	char *bytes;
	size_t n;

	TRY(file_read(l->g->arena, path, JSON_MAX_CONFIG, &bytes, &n, e));
	TRY(json_parse(l->g->arena, bytes, n, JSON_MAX_CONFIG, path, &v, e));
	TRY(find_manifest(l, v, &v, e));
	layers = json_get(v, "layers");
	if (!layers || layers->type != JSON_ARRAY || !layers->n)
		return fail(e, EINVAL, "the image %s has no layers", l->dir);
	for (one = layers->child; one; one = one->next) {
		TRY(digest_of(one, l->dir, &hex, e));
		strs_append(l->g->arena, &l->layers, hex);
	}
	return 0;
}

static int unpack(struct layout *l, const char *to, struct err *e)
{
	struct arena *a = l->g->arena;
	struct box b = { .id = arena_fmt(a, "image-%.16s", l->hex), .manifest = manifest, .manifest_n = sizeof manifest - 1,
			 .what = "the manifest that images are unpacked under", .name = "image", .dir = to,
			 .uid = l->place->data_uid, .gid = l->place->data_gid, .best_effort = true };
	const char *const head[] = { "/bin/sh", "-c", script, "unpack" };
	size_t i;
	int code = 0;

	for (i = 0; i < 4; i++)
		strs_append(a, &b.argv, head[i]);
	for (i = 0; i < l->layers.n; i++)
		strs_append(a, &b.argv, l->layers.v[i]);
	*arena_push(a, &b.mounts) = (struct box_mount){ .inside = "/layout", .source = l->dir };
	TRY(place_make(arena_fmt(a, "%s/rootfs", to), 0755, l->place->data_uid, l->place->data_gid, e));
	TRY(box_run(l->g, &b, &code, e));
	return code ? fail(e, EIO, "the image %s could not be unpacked (exit code %d)", l->dir, code) : 0;
}

static void drop(const char *path)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct err ignored;

	if (fd >= 0 && tree_empty(fd, &ignored) == 0)
		(void)!sys_rmdir(AT_FDCWD, path);
}

/* Whole or not there: a temporary name until then. Two at once unpack it twice, and one of them is kept. */
static int unpack_once(struct layout *l, const char *images, const char *final, struct err *e)
{
	struct arena *a = l->g->arena;
	const char *id, *to, *said = arena_fmt(a, "unpacking the image %s (once) ...\n", l->dir);
	int r;

	TRY(sandbox_new_id(a, &id, e));
	to = arena_fmt(a, "%s/.new-%s", images, id);
	TRY(place_make(to, 0711, l->place->uid, l->place->gid, e));
	r = file_complain(said, strlen(said), e);
	if (r == 0)
		r = unpack(l, to, e);
	if (r == 0)
		r = sys_rename(AT_FDCWD, to, AT_FDCWD, final);
	if (r < 0)
		drop(to);
	if (r == -EEXIST || r == -ENOTEMPTY)
		return 0;
	return r < 0 && !e->text[0] ? fail_sys(e, r, "%s", final) : r;
}

int sandbox_image(struct globals *g, const struct place *p, const char *path, const char **rootfs, struct err *e)
{
	struct layout l = { .g = g, .place = p, .dir = path };
	const char *slash = strrchr(p->ports, '/'), *images, *final;

	*rootfs = path;
	if (!file_is_directory(path))
		return fail(e, ENOTDIR, "--image %s: a directory is wanted: the root of a file system, or an OCI image layout", path);
	if (sys_access(AT_FDCWD, arena_fmt(g->arena, "%s/oci-layout", path), F_OK, 0) < 0)
		return 0;
	TRY(read_layout(&l, e));
	images = arena_fmt(g->arena, "%.*s/images", (int)(slash - p->ports), p->ports);
	final = arena_fmt(g->arena, "%s/%s", images, l.hex);
	*rootfs = arena_fmt(g->arena, "%s/rootfs", final);
	if (file_is_directory(*rootfs))
		return 0;
	TRY(place_make(images, 0711, p->uid, p->gid, e));
	e->text[0] = 0;
	return unpack_once(&l, images, final, e);
}
