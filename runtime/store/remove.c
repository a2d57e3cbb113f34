/* remove.c - removes a container's state directory.
 * Must not follow a link, cross into another file system, or touch anything that it did not find through its own handles. */
#include "store/store.h"
#include "sys/sys.h"
#include <dirent.h>
#include <string.h>

/* state.json, config.json, start, notify/notify.sock: two levels are what we make; a little more is still ours to remove. */
#define MAX_DEPTH 8

static int empty(int dir, dev_t dev, int depth);

static int remove_entry(int dir, const struct dirent64 *d, dev_t dev, int depth)
{
	AUTO_FD int sub = -1;
	struct stat st;
	int r;

	r = sys_unlink(dir, d->d_name);
	if (r == 0 || r == -ENOENT)
		return 0;
	if (r != -EISDIR && r != -EPERM)
		return r;
	sub = sys_open(dir, d->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (sub < 0)
		return sub == -ENOENT ? 0 : sub;
	r = sys_fstat(sub, &st);
	if (r < 0)
		return r;
	if (st.st_dev != dev)
		return -EXDEV;
	r = empty(sub, dev, depth + 1);
	return r < 0 ? r : sys_rmdir(dir, d->d_name);
}

static int empty(int dir, dev_t dev, int depth)
{
	union {
		struct dirent64 d;
		char bytes[4096];
	} buf;
	ssize_t n, at;
	int r;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	r = sys_rewind(dir);
	if (r < 0)
		return r;
	while ((n = sys_getdents(dir, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);

			at += d->d_reclen;
			if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
				continue;
			r = remove_entry(dir, d, dev, depth);
			if (r < 0)
				return r;
		}
	}
	return (int)n;
}

int store_remove(const struct store *s, struct container *c, struct err *e)
{
	struct stat st;
	int r, round;

	if (c->dir < 0)
		return 0;
	r = sys_fstat(c->dir, &st);
	for (round = 0; r == 0 && round < 3; round++) { /* a directory that changes while it is read may hide an entry once */
		r = empty(c->dir, st.st_dev, 0);
		if (r == 0 && (r = sys_rmdir(s->fd, c->id)) == 0)
			return 0;
		if (r == -ENOTEMPTY)
			r = 0;
	}
	if (r == 0)
		r = -ENOTEMPTY;
	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot remove %s/%s", s->root, c->id) : 0;
}
