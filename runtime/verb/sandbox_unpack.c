/* sandbox_unpack.c - layers become the root of a file system: tar, in a sandbox that can write to the new directory and to nothing else,
 * that reaches nobody, and whose tools are the host's. What a hostile layer says of paths outside is said to that sandbox.
 * Must not run anything of the image. */
#include "verb/sandbox_unpack.h"
#include "base/fd.h"
#include "sandbox/storage.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/box.h"
#include "verb/options.h"
#include <errno.h>
#include <signal.h>
#include <string.h>

/* Nobody can be kept from filling the disk by a limit of the kernel's; the script counts. */
#define HOME "/sandboxes/image"
static const char manifest[] =
	"{\"sandbox\": \"image\", \"version\": \"1.0\", \"capabilities\": {\"network\": {\"listen\": [], \"connect\": []},"
	" \"filesystem\": {\"root\": \"host-ro\", \"write\": [\"" HOME "/rootfs\", \"" HOME "/layer\"], \"tmpfs\": {\"/tmp\": \"16M\"}},"
	" \"process\": {\"user\": \"1000:1000\", \"cwd\": \"/\", \"namespaces\": \"deny\"}, \"syscalls\": {\"profile\": \"default\"},"
	" \"resources\": {\"timeout\": \"30m\"}}}";

/* Each layer but the first is unpacked beside the root first, where it is looked at: what it hides (whiteouts) and what of it is no
 * directory where one stands, or the other way round, goes before it comes. So no link of one layer is followed by another. */
static const char unpack_script[] =
	"set -eu\n"
	"export LC_ALL=C PATH=/usr/bin:/bin:/usr/sbin:/sbin\n"
	"umask 022\n"
	"ulimit -v 2097152 -c 0 2>/dev/null || ulimit -v 2097152\n"
	"limit=16\n" /* GiB */
	"die() { echo \"$*\" >&2; exit 1; }\n"
	"tar --version 2>/dev/null | grep -q 'GNU tar' || die 'images are unpacked by GNU tar: install it (tar)'\n"
	"path=$1\n"
	"shift\n"
	"cd " HOME "/rootfs\n"
	"tool() {\n"
	"	command -v \"$1\" >/dev/null || die \"layer $hex is compressed with $1, which is not on this machine: install $1\"\n"
	"	with=$1\n"
	"}\n"
	"plain() { if [ \"$with\" = cat ]; then cat; else \"$with\" -dcq; fi <\"$blob\" | head -c $((limit << 30)); }\n"
	"untar() {\n"
	"	to=$1\n"
	"	shift\n"
	"	plain | tar -xf - -C \"$to\" --no-same-owner --no-same-permissions --no-acls --no-xattrs --delay-directory-restore \\\n"
	"		--quoting-style=escape --warning=no-timestamp --warning=no-unknown-keyword \\\n"
	"		--anchored --exclude='dev/*' --exclude='./dev/*' --exclude='/dev/*' \"$@\" 2>&1\n"
	"}\n"
	/* devices are for nobody: the sandbox has its own */
	"excuse() { grep -vE ': Cannot mknod: |^tar: Exiting with failure status|^tar: Removing leading ' || true; }\n"
	"make_way() {\n"
	"	find " HOME "/layer -mindepth 1 -exec sh -c '\n"
	"		set -eu\n"
	"		for f; do\n"
	"			here=./${f#" HOME "/layer/} name=${f##*/}\n"
	"			case $name in\n"
	"			.wh..wh..opq) [ ! -d \"${here%/*}\" ] || find \"${here%/*}\" -mindepth 1 -delete ;;\n"
	"			.wh. | .wh.. | .wh... | .wh..wh.*) ;;\n"
	"			.wh.*) rm -rf -- \"${here%/*}/${name#.wh.}\" ;;\n"
	"			*)\n"
	"				if [ -d \"$f\" ] && [ ! -L \"$f\" ]; then\n"
	"					[ -d \"$here\" ] && [ ! -L \"$here\" ] || rm -rf -- \"$here\"\n"
	"				elif [ -d \"$here\" ] && [ ! -L \"$here\" ]; then\n"
	"					rm -rf -- \"$here\"\n"
	"				fi ;;\n"
	"			esac\n"
	"		done' sh {} +\n"
	"	find " HOME "/layer -mindepth 1 -delete\n"
	"}\n"
	"first=yes\n"
	"for hex; do\n"
	"	blob=/layout/$hex\n"
	"	[ -r \"$blob\" ] || die \"layer $hex cannot be read\"\n"
	"	case $(od -An -tx1 -N4 \"$blob\" | tr -d ' ') in\n"
	"	1f8b*) tool gzip ;;\n"
	"	28b52ffd | 5?2a4d18) tool zstd ;;\n"
	"	fd377a58) tool xz ;;\n"
	"	425a68*) tool bzip2 ;;\n"
	"	*) with=cat ;;\n"
	"	esac\n"
	"	if [ $first = no ]; then\n"
	"		untar " HOME "/layer >/dev/null || true\n" /* whatever is wrong will be wrong again */
	"		chmod -R u+rwX " HOME "/layer\n"
	"		make_way\n"
	"	fi\n"
	"	first=no\n"
	"	code=0\n"
	"	said=$(untar . --no-anchored '--exclude=.wh.*') || code=$?\n"
	"	said=$(printf '%s\\n' \"$said\" | excuse | head -n 5)\n"
	"	if [ $code != 0 ] && { [ $code != 2 ] || [ -n \"$said\" ]; }; then\n"
	"		[ -z \"$said\" ] || printf '%s\\n' \"$said\" >&2\n"
	"		die \"layer $hex could not be unpacked (an image may have $limit GiB)\"\n"
	"	fi\n"
	"	chmod -R u+rwX,a-s .\n"
	"	[ $(du -sk . | cut -f1) -le $((limit << 20)) ] || die \"the image is larger than $limit GiB\"\n"
	"	[ -z \"$(find . -mindepth 56 -print -quit)\" ] || die \"layer $hex nests its directories too deep\"\n"
	"done\n"
	/* what every root is mounted over; links are the image's */
	"for d in dev proc sys run tmp; do [ -e $d ] || [ -L $d ] || mkdir $d; done\n"
	"rm -rf .wasirun.path\n"
	"[ -z \"$path\" ] || printf %s \"$path\" >.wasirun.path\n";

/* What a killed unpacking, or a hostile layer, may have left: directories that nobody may write to, or very deep ones. */
static const char clean_script[] =
	"export LC_ALL=C PATH=/usr/bin:/bin:/usr/sbin:/sbin\n"
	"for d in " HOME "/rootfs " HOME "/layer; do\n"
	"	chmod -R u+rwX \"$d\"\n"
	"	find \"$d\" -mindepth 1 -delete\n"
	"done\n";

/* One per store: its lock is held. */
static const char *box_id(struct arena *a, const struct image_store *s)
{
	return box_id_of(a, "image", s->dir);
}

/* The sandbox of a command that was killed works on, in a directory that is nobody's any more. */
static int end_killed(struct globals *g, const struct image_store *s, struct err *e)
{
	bool killed;

	return box_stop(g, box_id(g->arena, s), SIGKILL, 0, &killed, e);
}

static int run(struct globals *g, const struct place *p, const struct image_store *s, const char *name, const char *script,
	       const struct strs *args, int *code, struct err *e)
{
	struct arena *a = g->arena;
	struct box b = { .id = box_id(a, s), .manifest = manifest, .manifest_n = sizeof manifest - 1,
			 .what = "the manifest that images are unpacked under", .name = "image", .dir = arena_fmt(a, "%s/%s", s->dir, name),
			 .uid = p->data_uid, .gid = p->data_gid, .best_effort = true };
	const char *const head[] = { "/bin/sh", "-c", script, "unpack" };
	size_t i;

	for (i = 0; i < sizeof head / sizeof *head; i++)
		strs_append(a, &b.argv, head[i]);
	for (i = 0; args && i < args->n; i++)
		strs_append(a, &b.argv, args->v[i]);
	*arena_push(a, &b.mounts) = (struct box_mount){ .inside = "/layout", .source = arena_fmt(a, "%s/blobs", b.dir) };
	*code = 0;
	return box_run(g, &b, code, e);
}

int sandbox_image_drop(struct globals *g, const struct place *p, const struct image_store *s, const char *name, struct err *e)
{
	struct err ignored;
	int code, r;

	if (*name == '.')
		TRY(end_killed(g, s, e));
	r = image_remove(s, name, e);
	if (r == 0 || r == -ENOENT || *name != '.')
		return r;
	if (run(g, p, s, name, clean_script, NULL, &code, &ignored) < 0)
		return r;
	return image_remove(s, name, e);
}

int sandbox_image_leftovers(struct arena *a, const struct image_store *s, struct strs *out, struct err *e)
{
	struct strs names;
	size_t i;

	*out = (struct strs){ NULL, 0 };
	TRY(image_list(a, s, &names, e));
	for (i = 0; i < names.n; i++)
		if (*names.v[i] == '.')
			strs_append(a, out, names.v[i]);
	return 0;
}

static int copy_layers(const struct image_layout *l, const struct place *p, const char *dir, struct err *e)
{
	AUTO_FD int to = sys_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	size_t i;

	if (to < 0)
		return fail_sys(e, to, "%s", dir);
	for (i = 0; i < l->layers.n; i++)
		TRY(l->fd < 0 ? image_file_blob(l->dir, l->layers.v[i], to, p->data_uid, p->data_gid, e) :
				image_blob(l->fd, l->layers.v[i], to, p->data_uid, p->data_gid, e));
	return 0;
}

static int unpack(struct globals *g, const struct place *p, const struct image_layout *l, const struct image_store *s, const char *name,
		  struct err *e)
{
	struct strs args = { NULL, 0 };
	size_t i;
	int code;

	TRY(image_begin(s, p, name, e));
	TRY(copy_layers(l, p, arena_fmt(g->arena, "%s/%s/blobs", s->dir, name), e));
	strs_append(g->arena, &args, l->path ? l->path : "");
	for (i = 0; i < l->layers.n; i++)
		strs_append(g->arena, &args, l->layers.v[i]);
	TRY(run(g, p, s, name, unpack_script, &args, &code, e));
	if (code)
		return fail(e, EIO, "the image %s could not be unpacked (exit code %d); nothing is left of it", l->dir, code);
	return image_commit(s, name, l->hex, e);
}

int sandbox_unpack(struct globals *g, const struct place *p, const struct image_layout *l, const struct image_store *s, struct err *e)
{
	const char *id, *name, *said = arena_fmt(g->arena, "unpacking the image %s (once) ...\n", l->dir);
	struct strs old;
	struct err ignored;
	size_t i;
	int r;

	TRY(sandbox_image_leftovers(g->arena, s, &old, e));
	for (i = 0; i < old.n; i++)
		(void)!sandbox_image_drop(g, p, s, old.v[i], &ignored);
	TRY(sandbox_new_id(g->arena, &id, e));
	TRY(file_complain(said, strlen(said), e));
	name = arena_fmt(g->arena, ".new-%s", id);
	r = unpack(g, p, l, s, name, e);
	if (r < 0)
		(void)!sandbox_image_drop(g, p, s, name, &ignored);
	return r;
}
