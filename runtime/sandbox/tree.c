/* tree.c - walks through data directories: reading, adding up, removing.
 * Must not follow a link, nor leave the file system it began in. */
#include "sandbox/tree.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A directory that changes while it is read may hide an entry once. */
#define ROUNDS 3

int tree_read(struct tree_reader *r, int dir)
{
	r->fd = dir;
	r->n = r->at = 0;
	return sys_rewind(dir);
}

int tree_next(struct tree_reader *r, const struct dirent64 **out)
{
	for (;;) {
		const struct dirent64 *d;

		if (r->at == r->n) {
			r->at = 0;
			r->n = sys_getdents(r->fd, &r->buf, sizeof r->buf);
			if (r->n <= 0) {
				int end = (int)r->n;

				r->n = 0;
				return end;
			}
		}
		d = (const void *)(r->buf.bytes + r->at);
		r->at += d->d_reclen;
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
			*out = d;
			return 1;
		}
	}
}

int tree_open(int dir, const char *name)
{
	return sys_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

int tree_open_below(int dir, const char *name)
{
	int fd = sys_openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);

	return fd == -ELOOP ? -ENOTDIR : fd;
}

int tree_make(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	AUTO_FD int fd = -1;
	struct stat st;
	int r = sys_mkdir(dir, name, 0700);

	if (r == 0)
		r = fd = tree_open(dir, name);
	if (r >= 0)
		r = sys_fstat(fd, &st);
	if (r == 0 && st.st_uid != geteuid())
		r = -EPERM;
	if (r == 0 && (uid != st.st_uid || gid != st.st_gid))
		r = sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
	if (r == 0)
		r = sys_fchmod(fd, mode); /* whatever the umask says */
	return r < 0 ? r : take_fd(&fd);
}

int tree_remove(int at, const char *name, struct err *e)
{
	AUTO_FD int fd = tree_open(at, name);
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail_sys(e, fd, "%s", name);
	TRY(tree_empty(fd, e));
	r = sys_rmdir(at, name);
	return r < 0 ? fail_sys(e, r, "cannot remove %s", name) : 0;
}

unsigned char tree_type(int dir, const struct dirent64 *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	return sys_statat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? DT_UNKNOWN : (unsigned char)IFTODT(st.st_mode);
}

/* --- adding up */

static int measure(int dir, dev_t dev, unsigned depth, struct tree_size *out)
{
	struct tree_reader reader;
	const struct dirent64 *d;
	int r;

	if (depth > TREE_DEPTH)
		return -ELOOP;
	r = tree_read(&reader, dir);
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0) {
		struct stat st;

		if (sys_statat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* a running server's file that is gone by now */
		out->files++;
		out->bytes += (uint64_t)st.st_blocks * 512 / (S_ISDIR(st.st_mode) ? 1 : st.st_nlink);
		if (S_ISDIR(st.st_mode) && st.st_dev == dev) {
			AUTO_FD int sub = tree_open_below(dir, d->d_name);

			if (sub >= 0)
				r = measure(sub, dev, depth + 1, out);
			else if (sub != -ENOENT && sub != -EACCES && sub != -EXDEV) /* closed to everybody: overlayfs has one */
				r = sub;
			if (r < 0)
				break;
		}
	}
	return r;
}

int tree_measure(int dir, struct tree_size *out, struct err *e)
{
	struct stat st;
	int r = sys_fstat(dir, &st);

	*out = (struct tree_size){ 0 };
	if (r == 0)
		r = measure(dir, st.st_dev, 0, out);
	return r < 0 ? fail_sys(e, r, "cannot add up the data") : 0;
}

/* --- removing */

struct emptying {
	int top;
	dev_t dev;
	unsigned parked; /* directories that lay too deep and were moved to the top */
	char name[256];  /* what could not be removed, for the message */
};

static int empty(struct emptying *m, int dir, unsigned depth);

/* A server may take away its own permissions; those that it had outside are still ours to give. */
static int permit(int dir, const char *name)
{
	AUTO_FD int fd = sys_open(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	char path[40];

	if (fd < 0)
		return fd;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return sys_chmod(AT_FDCWD, path, 0700);
}

static int empty_directory(struct emptying *m, int dir, const char *name, unsigned depth)
{
	AUTO_FD int sub = tree_open_below(dir, name);
	struct stat st;
	int r, round;

	if (sub == -EACCES && permit(dir, name) == 0)
		sub = tree_open_below(dir, name);
	r = sub < 0 ? sub : sys_fstat(sub, &st);
	if (r == 0 && st.st_dev != m->dev)
		r = -EXDEV;
	for (round = 0; r == 0 && round < ROUNDS; round++) {
		r = empty(m, sub, depth + 1);
		if (r == 0)
			r = sys_rmdir(dir, name);
		if (r != -ENOTEMPTY)
			break;
		r = 0;
	}
	return round == ROUNDS ? -ENOTEMPTY : r;
}

static int remove_entry(struct emptying *m, int dir, const struct dirent64 *d, unsigned depth)
{
	char name[32];
	int r;

	if (d->d_type != DT_DIR) {
		r = sys_unlink(dir, d->d_name);
		if (r == -EACCES && sys_fchmod(dir, 0700) == 0)
			r = sys_unlink(dir, d->d_name);
		if (r != -EISDIR && r != -EPERM)
			return r;
	}
	if (depth < TREE_DEPTH)
		return empty_directory(m, dir, d->d_name, depth);
	do {
		snprintf(name, sizeof name, ".deep-%u", m->parked++);
		r = sys_rename(dir, d->d_name, m->top, name);
	} while (r == -ENOTEMPTY || r == -EEXIST || r == -ENOTDIR);
	return r;
}

static int empty(struct emptying *m, int dir, unsigned depth)
{
	struct tree_reader reader;
	const struct dirent64 *d;
	int r = tree_read(&reader, dir);

	while (r >= 0 && (r = tree_next(&reader, &d)) > 0) {
		r = remove_entry(m, dir, d, depth);
		if (r == -ENOENT)
			r = 0;
		if (r < 0) {
			if (!m->name[0])
				snprintf(m->name, sizeof m->name, "%s", d->d_name);
			return r;
		}
	}
	return r;
}

int tree_empty(int dir, struct err *e)
{
	struct emptying m = { .top = dir };
	struct tree_reader reader;
	const struct dirent64 *d;
	struct stat st;
	unsigned before;
	int round = 0, r = sys_fstat(dir, &st);

	m.dev = st.st_dev;
	while (r == 0) {
		before = m.parked;
		r = empty(&m, dir, 0);
		if (r == 0)
			r = tree_read(&reader, dir);
		if (r < 0 || (r = tree_next(&reader, &d)) <= 0)
			break;
		if (m.parked == before && ++round == ROUNDS) {
			snprintf(m.name, sizeof m.name, "%s", d->d_name);
			r = -ENOTEMPTY;
			break;
		}
		r = 0;
	}
	if (r == -EXDEV)
		return fail(e, EXDEV, "cannot remove %.200s: another file system is mounted there", m.name);
	return r < 0 ? fail_sys(e, r, "cannot remove %.200s", m.name[0] ? m.name : "what is in the directory") : 0;
}
