/* copyup.c - copies what a tmpfs is going to cover into it (option tmpcopyup).
 *
 * Runs in init: no allocation, buffers of fixed size, one level of recursion per level of directories. Every step
 * goes from a directory's handle to a name in it that is not followed, so nothing outside the two trees is read or
 * written, whatever the image holds.
 * Must not fail over what a tmpfs or a user namespace cannot take (owners that are not mapped, attributes, device
 * nodes, times); must fail when content is lost. */
#include "apply/mount.h"
#include "sys/sys.h"
#include <dirent.h>
#include <limits.h>
#include <string.h>

/* Deeper trees than this are no starting content of a tmpfs; each level holds two descriptors and a buffer. */
#define MAX_DEPTH 64

static char buffer[64 << 10]; /* for content and attributes; init is one thread */

static int copy_tree(int from, int to, unsigned depth, struct err *e);

static int copy_content(int from, int to, const char *name, struct err *e)
{
	for (;;) {
		ssize_t n = sys_read(from, buffer, sizeof buffer);
		int r;

		if (n == 0)
			return 0;
		if (n < 0)
			return fail_sys(e, (int)n, "tmpcopyup: read %s", name);
		r = sys_write_all(to, buffer, (size_t)n);
		if (r < 0)
			return fail_sys(e, r, "tmpcopyup: write %s", name);
	}
}

static void copy_attributes(int from, int to)
{
	char names[4096], *p;
	ssize_t all = sys_flistxattr(from, names, sizeof names), n;

	for (p = names; all > 0 && p < names + all; p += strlen(p) + 1) {
		n = sys_fgetxattr(from, p, buffer, sizeof buffer);
		if (n >= 0)
			(void)!sys_fsetxattr(to, p, buffer, (size_t)n);
	}
}

/* Owner before mode: chown takes the set-id bits away. Times last. */
static void copy_owner(int from, int to, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	(void)!sys_chown(to, "", st->st_uid, st->st_gid, AT_EMPTY_PATH);
	(void)!sys_fchmod(to, st->st_mode & 07777);
	copy_attributes(from, to);
	(void)!sys_utimens(to, "", times, AT_EMPTY_PATH);
}

static int copy_file(int from, int to, const char *name, struct err *e)
{
	AUTO_FD int in = sys_open(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	AUTO_FD int out = -1;
	struct stat st;

	if (in < 0)
		return fail_sys(e, in, "tmpcopyup: %s", name);
	if (sys_fstat(in, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(e, EAGAIN, "tmpcopyup: %s was replaced while it was copied", name);
	out = sys_open(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (out < 0)
		return fail_sys(e, out, "tmpcopyup: %s", name);
	TRY(copy_content(in, out, name, e));
	copy_owner(in, out, &st);
	return 0;
}

static int copy_directory(int from, int to, const char *name, unsigned depth, struct err *e)
{
	AUTO_FD int in = sys_open(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	AUTO_FD int out = -1;
	struct stat st;
	int r;

	if (in < 0)
		return fail_sys(e, in, "tmpcopyup: %s", name);
	r = sys_mkdir(to, name, 0700);
	if (r == 0)
		r = out = sys_open(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r >= 0)
		r = sys_fstat(in, &st);
	if (r < 0)
		return fail_sys(e, r, "tmpcopyup: %s", name);
	TRY(copy_tree(in, out, depth + 1, e));
	copy_owner(in, out, &st);
	return 0;
}

static int copy_link(int from, int to, const char *name, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	ssize_t n = sys_readlink(from, name, buffer, PATH_MAX);
	int r;

	if (n < 0)
		return fail_sys(e, (int)n, "tmpcopyup: link %s", name);
	r = sys_symlink(buffer, to, name);
	if (r < 0)
		return fail_sys(e, r, "tmpcopyup: link %s", name);
	(void)!sys_chown(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
	(void)!sys_utimens(to, name, times, AT_SYMLINK_NOFOLLOW);
	return 0;
}

/* Named pipes and, where that is allowed, device nodes. */
static void copy_node(int to, const char *name, const struct stat *st)
{
	mode_t old = sys_umask(0);

	if (sys_mknod(to, name, st->st_mode, st->st_rdev) == 0)
		(void)!sys_chown(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW);
	sys_umask(old);
}

static int copy_entry(int from, int to, const char *name, unsigned depth, struct err *e)
{
	struct stat st;
	int r = sys_statat(from, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return fail_sys(e, r, "tmpcopyup: %s", name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(from, to, name, e);
	case S_IFDIR:
		return copy_directory(from, to, name, depth, e);
	case S_IFLNK:
		return copy_link(from, to, name, &st, e);
	case S_IFSOCK:
		return 0;
	default:
		copy_node(to, name, &st);
		return 0;
	}
}

static int copy_tree(int from, int to, unsigned depth, struct err *e)
{
	union {
		char raw[4096];
		struct dirent64 aligned;
	} b;

	if (depth > MAX_DEPTH)
		return fail(e, ELOOP, "tmpcopyup: more than %d levels of directories", MAX_DEPTH);
	for (;;) {
		ssize_t n = sys_getdents(from, b.raw, sizeof b.raw), i;

		if (n == 0)
			return 0;
		if (n < 0)
			return fail_sys(e, (int)n, "tmpcopyup: reading a directory");
		for (i = 0; i < n; i += ((struct dirent64 *)(b.raw + i))->d_reclen) {
			const char *name = ((struct dirent64 *)(b.raw + i))->d_name;

			if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
				TRY(copy_entry(from, to, name, depth, e));
		}
	}
}

int copy_up(int from, int to, struct err *e)
{
	AUTO_FD int in = sys_open(from, ".", O_RDONLY | O_DIRECTORY, 0);
	AUTO_FD int out = sys_open(to, ".", O_RDONLY | O_DIRECTORY, 0);

	if (in < 0 || out < 0)
		return fail_sys(e, in < 0 ? in : out, "tmpcopyup");
	TRY(copy_tree(in, out, 0, e));
	/* mode and size of the tmpfs are the mount options' affair */
	copy_attributes(in, out);
	return 0;
}
