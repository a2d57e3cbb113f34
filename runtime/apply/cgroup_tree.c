/* cgroup_tree.c - a cgroup with everything below it: its processes, its removal.
 * Must not follow links or leave the directory: what lies below may have been made by the container. */
#include "apply/cgroup_dir.h"
#include "sys/sys.h"
#include <dirent.h>
#include <string.h>

/* Deeper trees are not walked; removal has no such limit. */
#define MAX_DEPTH 200
/* Removal gives up after this many directories: it is tried again by its caller. */
#define MAX_REMOVED 100000

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)

/* The names of subdirectories, one after the other; starts at the directory's current position. */
struct names {
	int dir;
	char buf[2048] __attribute__((aligned(__alignof__(struct dirent64))));
	size_t at, have;
};

static const char *next_subdir(struct names *n)
{
	for (;;) {
		struct dirent64 *d;

		if (n->at >= n->have) {
			ssize_t r = sys_getdents(n->dir, n->buf, sizeof n->buf);

			if (r <= 0)
				return NULL;
			n->have = (size_t)r;
			n->at = 0;
		}
		d = (struct dirent64 *)(void *)(n->buf + n->at);
		n->at += d->d_reclen;
		if (d->d_type == DT_DIR && strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
			return d->d_name;
	}
}

/* Reads the numbers of an open cgroup.procs. */
static int each_number(int fd, cgroup_pid_fn *fn, void *ctx)
{
	char buf[4096];
	pid_t pid = 0;
	bool digits = false;

	for (;;) {
		ssize_t i, n = sys_read(fd, buf, sizeof buf);

		if (n <= 0)
			return (int)n;
		for (i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				digits = true;
			} else if (digits) {
				TRY(fn(pid, ctx));
				pid = 0;
				digits = false;
			}
		}
	}
}

static int pids_of(int dir, cgroup_pid_fn *fn, void *ctx)
{
	AUTO_FD int fd = sys_open(dir, "cgroup.procs", O_RDONLY, 0);
	int r;

	if (fd < 0)
		return fd;
	r = each_number(fd, fn, ctx);
	if (r != -EOPNOTSUPP)
		return r;
	/* a threaded cgroup lists threads only; a signal to any of them reaches its process */
	AUTO_FD int threads = sys_open(dir, "cgroup.threads", O_RDONLY, 0);
	return threads < 0 ? threads : each_number(threads, fn, ctx);
}

static int walk(int dir, unsigned depth, cgroup_pid_fn *fn, void *ctx)
{
	struct names names = { .dir = dir };
	const char *name;
	int r = pids_of(dir, fn, ctx);

	/* a directory that goes away while we look holds nobody */
	if (r < 0)
		return depth && (r == -ENOENT || r == -ENODEV) ? 0 : r;
	while ((name = next_subdir(&names))) {
		AUTO_FD int sub = sys_open(dir, name, DIR_FLAGS, 0);

		if (sub == -ENOENT)
			continue;
		if (sub < 0)
			return sub;
		if (depth == MAX_DEPTH)
			return -ELOOP;
		TRY(walk(sub, depth + 1, fn, ctx));
	}
	return 0;
}

int cgroup_each_pid(const char *dir, cgroup_pid_fn *fn, void *ctx)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, dir, DIR_FLAGS, 0);

	return fd < 0 ? fd : walk(fd, 0, fn, ctx);
}

static int count_one(pid_t pid, void *ctx)
{
	(void)pid;
	++*(size_t *)ctx;
	return 0;
}

int cgroup_count(const char *dir, size_t *n)
{
	*n = 0;
	return cgroup_each_pid(dir, count_one, n);
}

/* Removes everything below *cur, which stays open (as another fd) at the top. Goes down to the first leaf and comes back by "..",
 * so that neither the depth nor the number of open files grows with what the container has built. */
static int empty(int *cur)
{
	unsigned depth = 0, steps;

	for (steps = 0; steps < MAX_REMOVED; steps++) {
		struct names names = { .dir = *cur };
		const char *name;
		int next, r;

		TRY(sys_rewind(*cur));
		name = next_subdir(&names);
		if (!name && depth == 0)
			return 0;
		if (name) {
			r = sys_rmdir(*cur, name);
			if (r == 0 || r == -ENOENT)
				continue;
			if (r != -EBUSY && r != -ENOTEMPTY)
				return r;
		}
		next = sys_open(*cur, name ? name : "..", DIR_FLAGS, 0);
		if (next == -ENOENT)
			continue;
		if (next < 0)
			return next;
		if (name) {
			struct names below = { .dir = next };

			if (!next_subdir(&below)) {
				fd_close(&next);
				return -EBUSY; /* no sub-cgroups, and still not removable: processes */
			}
			depth++;
		} else {
			depth--;
		}
		fd_close(cur);
		*cur = next;
	}
	return -EBUSY;
}

int cgroup_rmdir(const char *dir)
{
	int r = sys_rmdir(AT_FDCWD, dir), fd;

	if (r == 0 || r == -ENOENT)
		return 0;
	if (r != -EBUSY && r != -ENOTEMPTY)
		return r;
	fd = sys_open(AT_FDCWD, dir, DIR_FLAGS, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	r = empty(&fd);
	fd_close(&fd);
	if (r < 0)
		return r;
	r = sys_rmdir(AT_FDCWD, dir);
	return r == -ENOENT ? 0 : r;
}
