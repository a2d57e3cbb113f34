/* tree_copy.c - copies a data directory: as fast as a copy can be, or by sharing blocks where the file system can.
 *
 * A template has a thousand small files, so what is done per file counts: it is born with its mode, its owner is set only where it would be
 * another one, small ones are one read and one write, nothing is synced.
 * Must not follow a link, leave the file system, or make a device node that is not a whiteout of overlayfs. */
#include "base/arena.h"
#include "oci/value.h"
#include "sandbox/tree.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define BUCKETS 256

/* Files with several names: the first name that was copied. */
struct link {
	ino_t ino;
	const char *path; /* below the top of the copy */
	struct link *next;
};

struct copying {
	bool reflink;
	int64_t uid, gid; /* of every file, -1 = its own */
	uid_t euid, egid; /* whom new files belong to */
	dev_t dev;
	int top;          /* of the copy */
	struct arena arena;
	struct link *links[BUCKETS];
	size_t n;         /* of path: the directory that is being read, with "/" behind it; "" = the top */
	char path[PATH_MAX];
};

static char buffer[256 << 10]; /* one thread, one copy at a time */

static int copy_tree(struct copying *c, int from, int to, unsigned depth, struct err *e);

static int broken(const struct copying *c, const char *name, int r, struct err *e)
{
	return fail_sys(e, r, "cannot copy %.*s%.200s", (int)(c->n < 150 ? c->n : 150), c->path, name);
}

/* --- content */

static int copy_bytes(int from, int to, int64_t n)
{
	while (n > 0) {
		size_t want = n < (int64_t)sizeof buffer ? (size_t)n : sizeof buffer;
		ssize_t got = sys_read(from, buffer, want);
		int r;

		if (got <= 0)
			return (int)got; /* shorter than it was: a running server's file */
		r = sys_write_all(to, buffer, (size_t)got);
		if (r < 0)
			return r;
		n -= got;
	}
	return 0;
}

static int copy_piece(int from, int to, int64_t at, int64_t end)
{
	int64_t in = at, out = at, r;

	while (in < end) {
		r = sys_copy_range(from, &in, to, &out, (size_t)(end - in));
		if (r == 0)
			return 0;
		if (r == -EXDEV || r == -EOPNOTSUPP || r == -ENOSYS || r == -EINVAL) {
			r = sys_seek(from, in, SEEK_SET);
			if (r >= 0)
				r = sys_seek(to, in, SEEK_SET);
			return r < 0 ? (int)r : copy_bytes(from, to, end - in);
		}
		if (r < 0)
			return (int)r;
	}
	return 0;
}

/* The kernel says where its data are; a file system that cannot tell has one piece. */
static int copy_sparse(int from, int to, int64_t size)
{
	int64_t at = 0, end;
	int r = sys_ftruncate(to, size);

	while (r == 0 && at < size) {
		at = sys_seek(from, at, SEEK_DATA);
		if (at == -ENXIO)
			return 0;
		end = at < 0 ? at : sys_seek(from, at, SEEK_HOLE);
		if (end < 0)
			return (int)end;
		r = copy_piece(from, to, at, end < size ? end : size);
		at = end;
	}
	return r;
}

static int copy_content(const struct copying *c, int from, int to, const struct stat *st)
{
	if (c->reflink)
		return st->st_size ? sys_clone_file(to, from) : 0;
	if (st->st_blocks * 512 < st->st_size && st->st_size > 4096)
		return copy_sparse(from, to, st->st_size);
	return copy_bytes(from, to, st->st_size);
}

/* --- attributes */

/* What programs keep in attributes, access lists and overlayfs' own marks. Not security.*: labels are the policy's of where a file lies,
 * and nobody's data have capabilities. */
static bool kept(const char *name)
{
	return !strncmp(name, "user.", 5) || !strncmp(name, "trusted.overlay.", 16) || !strncmp(name, "system.posix_acl_", 17);
}

static int copy_attributes(int from, int to)
{
	char names[4096];
	const char *p;
	ssize_t all = sys_flistxattr(from, names, sizeof names), n;
	int r = 0;

	if (all == -EOPNOTSUPP)
		return 0;
	if (all < 0)
		return (int)all;
	for (p = names; r == 0 && p < names + all; p += strlen(p) + 1) {
		if (!kept(p))
			continue;
		n = sys_fgetxattr(from, p, buffer, sizeof buffer);
		r = n < 0 ? (int)n : sys_fsetxattr(to, p, buffer, (size_t)n);
	}
	return r;
}

static int set_owner(const struct copying *c, int dir, const char *name, int flags, const struct stat *st, mode_t parent)
{
	uid_t uid = c->uid >= 0 ? (uid_t)c->uid : st->st_uid;
	gid_t gid = c->gid >= 0 ? (gid_t)c->gid : st->st_gid;
	int r;

	if (uid == c->euid && gid == c->egid && !(parent & S_ISGID))
		return 0;
	r = sys_chown(dir, name, uid, gid, flags);
	return r == -EPERM && c->euid ? 0 : r; /* only root gives files away */
}

/* Owner before mode: chown takes the set-id bits away. Attributes before times. have: the mode it was made with. */
static int finish(const struct copying *c, int from, int to, const struct stat *st, mode_t have, mode_t parent)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	int r = set_owner(c, to, "", AT_EMPTY_PATH, st, parent);

	if (r == 0 && (st->st_mode & 07777) != have)
		r = sys_fchmod(to, st->st_mode & 07777);
	if (r == 0)
		r = copy_attributes(from, to);
	return r < 0 ? r : sys_utimens(to, "", times, AT_EMPTY_PATH);
}

/* --- entries */

/* The copy may be somebody's who puts a link in the place of a directory of it. */
static int link_first(int top, const char *path, int to, const char *name)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;

	memcpy(dir, path, n);
	dir[n] = 0;

	AUTO_FD int fd = sys_openat2(top, n ? dir : ".", O_PATH | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	return fd < 0 ? fd : sys_link(fd, slash ? slash + 1 : path, to, name);
}

/* A name more of a file that was copied under another one: 1. 0: its first name, which is noted. */
static int copy_link(struct copying *c, int to, const char *name, const struct stat *st)
{
	struct link **bucket = &c->links[st->st_ino % BUCKETS], *l;
	int r;

	for (l = *bucket; l; l = l->next)
		if (l->ino == st->st_ino) {
			r = link_first(c->top, l->path, to, name);
			return r < 0 ? r : 1;
		}
	if (c->n + strlen(name) >= sizeof c->path)
		return -ENAMETOOLONG;
	l = arena_alloc(&c->arena, sizeof *l);
	*l = (struct link){ st->st_ino, arena_fmt(&c->arena, "%.*s%s", (int)c->n, c->path, name), *bucket };
	*bucket = l;
	return 0;
}

static int copy_file(struct copying *c, int from, int to, const char *name, mode_t parent)
{
	AUTO_FD int in = sys_open(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	AUTO_FD int out = -1;
	struct stat st;
	int r;

	if (in < 0)
		return in;
	r = sys_fstat(in, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return -EAGAIN; /* replaced while it was copied */
	if (st.st_nlink > 1 && (r = copy_link(c, to, name, &st)) != 0)
		return r < 0 ? r : 0;
	out = sys_open(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, st.st_mode & 0777);
	if (out < 0)
		return out;
	r = copy_content(c, in, out, &st);
	return r < 0 ? r : finish(c, in, out, &st, st.st_mode & 0777, parent);
}

static int copy_symlink(const struct copying *c, int from, int to, const char *name, mode_t parent)
{
	struct timespec times[2];
	struct stat st;
	int r = sys_statat(from, name, &st, AT_SYMLINK_NOFOLLOW);
	ssize_t n = r < 0 ? r : sys_readlink(from, name, buffer, PATH_MAX);

	if (n < 0)
		return (int)n;
	r = sys_symlink(buffer, to, name);
	if (r == 0)
		r = set_owner(c, to, name, AT_SYMLINK_NOFOLLOW, &st, parent);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return r < 0 ? r : sys_utimens(to, name, times, AT_SYMLINK_NOFOLLOW);
}

/* A whiteout says that a name of the lower layer is gone. Anybody may make one (mknod(2), since 5.8); other devices are no data. */
static int copy_device(int from, int to, const char *name)
{
	struct stat st;
	int r = sys_statat(from, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(0, 0))
		return r;
	return sys_mknod(to, name, S_IFCHR, makedev(0, 0));
}

static int copy_directory(struct copying *c, int from, int to, const char *name, mode_t parent, unsigned depth, struct err *e)
{
	AUTO_FD int in = tree_open_below(from, name);
	AUTO_FD int out = -1;
	size_t was = c->n, n = strlen(name);
	struct stat st;
	int r = in < 0 ? in : sys_fstat(in, &st);

	if (r == -EXDEV || (r == 0 && st.st_dev != c->dev))
		return fail(e, EXDEV, "cannot copy %.*s%.200s: another file system is mounted there", (int)(was < 150 ? was : 150), c->path,
			    name);
	if (r == 0)
		r = sys_mkdir(to, name, (st.st_mode & 0777) | 0700);
	if (r == 0)
		r = out = tree_open(to, name);
	if (r >= 0 && was + n + 2 > sizeof c->path)
		r = -ENAMETOOLONG;
	if (r < 0)
		return broken(c, name, r, e);
	memcpy(c->path + was, name, n);
	c->path[was + n] = '/';
	c->n = was + n + 1;
	TRY(copy_tree(c, in, out, depth + 1, e));
	c->n = was;
	r = finish(c, in, out, &st, (st.st_mode & 0777) | 0700, parent);
	return r < 0 ? broken(c, name, r, e) : 0;
}

static int copy_entry(struct copying *c, int from, int to, const struct dirent64 *d, mode_t parent, unsigned depth, struct err *e)
{
	int r = 0;

	switch (tree_type(from, d)) {
	case DT_DIR:
		return copy_directory(c, from, to, d->d_name, parent, depth, e);
	case DT_REG:
		r = copy_file(c, from, to, d->d_name, parent);
		break;
	case DT_LNK:
		r = copy_symlink(c, from, to, d->d_name, parent);
		break;
	case DT_CHR:
		r = copy_device(from, to, d->d_name);
		break;
	default: /* sockets and pipes mean something to a running server only */
		break;
	}
	return r < 0 ? broken(c, d->d_name, r, e) : 0;
}

static int copy_tree(struct copying *c, int from, int to, unsigned depth, struct err *e)
{
	struct tree_reader reader;
	const struct dirent64 *d;
	struct stat st;
	int r;

	if (depth > TREE_DEPTH)
		return fail(e, ELOOP, "cannot copy %.200s...: more than %d levels of directories", c->path, TREE_DEPTH);
	r = sys_fstat(to, &st);
	if (r == 0)
		r = tree_read(&reader, from);
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0)
		TRY(copy_entry(c, from, to, d, st.st_mode, depth, e));
	return r < 0 ? broken(c, "", r, e) : 0;
}

/* --- the whole */

static void explain_full(int from, int to, struct err *e)
{
	struct tree_size size;
	struct statfs fs;
	struct err ignored;
	uint64_t left;
	char path[256], link[40];
	int code = e->code;

	if (tree_measure(from, &size, &ignored) < 0 || sys_fstatfs(to, &fs) < 0)
		return;
	snprintf(link, sizeof link, "/proc/self/fd/%d", to);
	if (sys_readlink(AT_FDCWD, link, path, sizeof path) < 0)
		snprintf(path, sizeof path, "the file system");
	left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	if (left < size.bytes)
		(void)!fail(e, code, "the copy needs %ju KiB and only %ju KiB are free at %.200s: %ju KiB are missing; nothing was changed",
			    (uintmax_t)size.bytes >> 10, (uintmax_t)left >> 10, path, (uintmax_t)(size.bytes - left + 1023) >> 10);
}

/* The errors of tree_empty are worth less than the one that came first. */
static void take_back(int from, int to, struct err *e)
{
	struct err ignored;

	(void)!tree_empty(to, &ignored);
	if (e->code == ENOSPC || e->code == EDQUOT)
		explain_full(from, to, e);
}

int tree_copy(int from, int to, bool reflink, int64_t uid, int64_t gid, struct err *e)
{
	struct copying c = { .reflink = reflink, .uid = uid, .gid = gid, .top = to };
	struct stat st, there;
	uid_t ruid, suid;
	gid_t rgid, sgid;
	mode_t mask;
	int r = sys_fstat(from, &st);

	if (r == 0)
		r = sys_fstat(to, &there);
	if (r == 0)
		r = sys_getresuid(&ruid, &c.euid, &suid);
	if (r == 0)
		r = sys_getresgid(&rgid, &c.egid, &sgid);
	if (r < 0)
		return fail_sys(e, r, "cannot copy the data");
	c.dev = st.st_dev;
	mask = sys_umask(0);
	r = copy_tree(&c, from, to, 0, e);
	sys_umask(mask);
	if (r == 0) {
		r = finish(&c, from, to, &st, there.st_mode & 07777, S_ISGID);
		if (r < 0)
			r = fail_sys(e, r, "cannot copy the data directory's attributes");
	}
	if (r < 0)
		take_back(from, to, e);
	arena_drop(&c.arena);
	return r;
}
