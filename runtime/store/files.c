/* files.c - files that commands read and write for their caller.
 * Must not be used for anything below the state root or inside a container's root. */
#include "store/files.h"
#include "base/utf8.h"
#include "oci/value.h"
#include "sys/sys.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 65536

static struct {
	bool set;
	uint32_t uid, gid;
} reader;

void file_read_for(uint32_t uid, uint32_t gid)
{
	reader.set = geteuid() == 0 && uid != 0;
	reader.uid = uid;
	reader.gid = gid;
}

static _Noreturn void open_and_send(const char *path, int sock)
{
	gid_t gid = reader.gid;
	int r = sys_setgroups(1, &gid), fd = -1;

	if (r == 0)
		r = sys_setresgid(gid, gid, gid);
	if (r == 0)
		r = sys_setresuid(reader.uid, reader.uid, reader.uid);
	if (r == 0)
		r = fd = sys_open(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0);
	if (r < 0)
		(void)!sys_send(sock, &r, sizeof r, NULL, 0);
	else
		(void)!sys_send_fd(sock, &r, sizeof r, fd);
	sys_exit(0);
}

/* A process of that user opens it: what is in the way, permissions and directories, is in the way as it is for him. */
static int open_for_reader(const char *path)
{
	int ends[2], status, fd = -1, said = -EIO, r = sys_socketpair(SOCK_SEQPACKET, ends);
	AUTO_FD int pidfd = -1;
	pid_t pid;

	if (r < 0)
		return r;
	AUTO_FD int ours = ends[0];
	AUTO_FD int theirs = ends[1];
	pid = sys_clone(0, &pidfd, -1);
	if (pid < 0)
		return pid;
	if (pid == 0)
		open_and_send(path, theirs);
	fd_close(&theirs);
	if (sys_recv_fd(ours, &said, sizeof said, &fd) != (ssize_t)sizeof said)
		said = -EIO;
	(void)!sys_waitpid(pid, &status, 0);
	if (said < 0)
		fd_close(&fd);
	return said < 0 ? said : fd >= 0 ? fd : -EIO;
}

int file_read(struct arena *a, const char *path, size_t max, char **bytes, size_t *n, struct err *e)
{
	bool input = !strcmp(path, "-");
	AUTO_FD int opened = -1;
	size_t room = CHUNK, used = 0;
	char *buf = arena_alloc(a, room);
	ssize_t got;

	if (!input)
		opened = reader.set ? open_for_reader(path) : sys_open(AT_FDCWD, path, O_RDONLY, 0);
	if (opened == -EACCES && reader.set)
		return fail(e, EACCES, "%s: user %u, for whom it is read, may not read it (standard input, \"-\", is read as it is)", path,
			    reader.uid);
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

/* Without a name until it is complete: a runtime killed here leaves nothing behind. Not every file system can do that. */
static int write_unnamed(struct arena *a, const char *path, const char *slash, const char *bytes, size_t n)
{
	const char *dir = !slash ? "." : slash == path ? "/" : arena_strn(a, path, (size_t)(slash - path));
	AUTO_FD int fd = sys_open(AT_FDCWD, dir, O_WRONLY | O_TMPFILE, 0644);
	int r = fd < 0 ? fd : sys_write_all(fd, bytes, n);

	return r < 0 ? r : sys_link_fd(fd, AT_FDCWD, path);
}

static int write_and_rename(struct arena *a, const char *path, const char *slash, const char *bytes, size_t n)
{
	int dir_n = slash ? (int)(slash - path) + 1 : 0;
	const char *new_ = arena_fmt(a, "%.*s.%s.new", dir_n, path, path + dir_n);
	/* one that is there is a killed runtime's, or a trap: what is in it, and who owns it, must not become the file */
	int gone = sys_unlink(AT_FDCWD, new_);
	AUTO_FD int fd = gone < 0 && gone != -ENOENT ? gone : sys_open(AT_FDCWD, new_, O_WRONLY | O_CREAT | O_EXCL, 0644);
	int r = fd < 0 ? fd : sys_write_all(fd, bytes, n);

	if (r == 0)
		r = sys_rename(AT_FDCWD, new_, AT_FDCWD, path);
	if (r < 0 && fd >= 0)
		(void)!sys_unlink(AT_FDCWD, new_);
	return r;
}

int file_write_pid(struct arena *a, const char *path, pid_t pid, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char digits[16];
	size_t n = (size_t)snprintf(digits, sizeof digits, "%d", pid);
	int r = write_unnamed(a, path, slash, digits, n);

	if (r < 0)
		r = write_and_rename(a, path, slash, digits, n);
	return r < 0 ? fail_sys(e, r, "cannot write the pid file %s", path) : 0;
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

int dir_absolute(struct arena *a, int dir, const char *what, const char **out, struct err *e)
{
	char link[40], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
	n = sys_readlink(AT_FDCWD, link, path, sizeof path);
	if (n < 0)
		return fail_sys(e, (int)n, "%s", what);
	if (path[0] != '/')
		return fail(e, EINVAL, "%s cannot be reached from here (%s)", what, path);
	*out = arena_str(a, path);
	return 0;
}

int file_directory(struct arena *a, const char *path, const char **out, struct err *e)
{
	const char *slash = strrchr(path, '/');
	const char *name = !slash ? "." : slash == path ? "/" : arena_strn(a, path, (size_t)(slash - path));
	AUTO_FD int dir = sys_open(AT_FDCWD, name, O_PATH | O_DIRECTORY, 0);

	if (dir < 0)
		return fail_sys(e, dir, "%s", name);
	return dir_absolute(a, dir, name, out, e);
}

bool file_is_directory(const char *path)
{
	struct stat st;

	return sys_statat(AT_FDCWD, path, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

int file_complain(const char *bytes, size_t n, struct err *e)
{
	int r = sys_write_all(2, bytes, n);

	return r < 0 ? fail_sys(e, r, "standard error") : 0;
}

int file_print(const char *bytes, size_t n, struct err *e)
{
	int r = sys_write_all(1, bytes, n);

	return r < 0 ? fail_sys(e, r, "standard output") : 0;
}

int file_print_foreign(const char *bytes, size_t n, struct err *e)
{
	struct arena scratch = { 0 };
	struct text t = { .arena = &scratch };
	struct termios ignored;
	int r;

	if (sys_tty_get(1, &ignored) < 0)
		return file_print(bytes, n, e);
	text_foreign(&t, bytes, n);
	r = file_print(text_get(&t), t.n, e);
	arena_drop(&scratch);
	return r;
}

int file_random_text(struct arena *a, size_t n, char **out, struct err *e)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t i;
	int r;

	*out = arena_alloc(a, n + 1);
	r = sys_random(*out, n);
	if (r < 0)
		return fail_sys(e, r, "no random bytes");
	for (i = 0; i < n; i++)
		(*out)[i] = letters[(unsigned char)(*out)[i] & 63];
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int directory_names(struct arena *a, const char *path, const char *suffix, struct strs *out, struct err *e)
{
	union {
		struct dirent64 d;
		char bytes[4096];
	} buf;
	AUTO_FD int dir = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	size_t end = strlen(suffix);
	ssize_t n, at;

	*out = (struct strs){ NULL, 0 };
	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return fail_sys(e, dir, "%s", path);
	while ((n = sys_getdents(dir, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);
			size_t len = strlen(d->d_name);

			at += d->d_reclen;
			if (d->d_name[0] != '.' && len > end && strcmp(d->d_name + len - end, suffix) == 0)
				*arena_push(a, out) = arena_str(a, d->d_name);
		}
	}
	if (n < 0)
		return fail_sys(e, (int)n, "%s", path);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return 0;
}
