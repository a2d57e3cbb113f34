/* files.c - files that commands read and write for their caller.
 * Must not be used for anything below the state root or inside a container's root. */
#include "store/files.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

#define CHUNK 65536

int file_read(struct arena *a, const char *path, size_t max, char **bytes, size_t *n, struct err *e)
{
	bool input = !strcmp(path, "-");
	AUTO_FD int opened = -1;
	size_t room = CHUNK, used = 0;
	char *buf = arena_alloc(a, room);
	ssize_t got;

	if (!input)
		opened = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (!input && opened < 0)
		return fail_sys(e, opened, "%s", path);
	while ((got = sys_read(input ? 0 : opened, buf + used, room - used - 1)) > 0) {
		used += (size_t)got;
		if (used > max)
			return fail(e, E2BIG, "%s has more than %zu bytes", input ? "standard input" : path, max);
		if (used + 1 == room) {
			char *more = arena_alloc(a, room * 2);

			memcpy(more, buf, used);
			buf = more;
			room *= 2;
		}
	}
	if (got < 0)
		return fail_sys(e, (int)got, "%s", input ? "standard input" : path);
	*bytes = buf;
	*n = used;
	return 0;
}

int file_write_pid(struct arena *a, const char *path, pid_t pid, struct err *e)
{
	const char *slash = strrchr(path, '/');
	int dir_n = slash ? (int)(slash - path) + 1 : 0;
	const char *new_ = arena_fmt(a, "%.*s.%s.new", dir_n, path, path + dir_n);
	char digits[16];
	AUTO_FD int fd = sys_open(AT_FDCWD, new_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
	int n, r;

	if (fd < 0)
		return fail_sys(e, fd, "cannot write the pid file %s", path);
	n = snprintf(digits, sizeof digits, "%d", pid);
	r = sys_write_all(fd, digits, (size_t)n);
	if (r == 0)
		r = sys_rename(AT_FDCWD, new_, AT_FDCWD, path);
	if (r < 0) {
		(void)!sys_unlink(AT_FDCWD, new_);
		return fail_sys(e, r, "cannot write the pid file %s", path);
	}
	return 0;
}

int file_create(const char *path, const char *bytes, size_t n, struct err *e)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	int r;

	if (fd == -EEXIST)
		return fail(e, EEXIST, "file %s exists. Remove it first", path);
	if (fd < 0)
		return fail_sys(e, fd, "cannot write %s", path);
	r = sys_write_all(fd, bytes, n);
	if (r < 0)
		(void)!sys_unlink(AT_FDCWD, path);
	return r < 0 ? fail_sys(e, r, "cannot write %s", path) : 0;
}

int file_print(const char *bytes, size_t n, struct err *e)
{
	int r = sys_write_all(1, bytes, n);

	return r < 0 ? fail_sys(e, r, "standard output") : 0;
}
