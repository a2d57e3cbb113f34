/* file.c - system calls on files and descriptors.
 * Must not decide anything: no messages, no defaults, no state. */
#include "sys/sys.h"
#include <linux/close_range.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A racing rename makes openat2 with RESOLVE_IN_ROOT answer EAGAIN; runc found that 128 tries are enough. */
#define OPENAT2_TRIES 128

#define RET(x) ((x) < 0 ? -errno : 0)

int sys_open(int dir, const char *path, int flags, mode_t mode)
{
	int r;

	do
		r = openat(dir, path, flags | O_CLOEXEC, mode);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
	int r, i;

	for (i = 0; i < OPENAT2_TRIES; i++) {
		r = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
		if (r >= 0)
			return r;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

ssize_t sys_read(int fd, void *buf, size_t n)
{
	ssize_t r;

	do
		r = read(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t sys_pread(int fd, void *buf, size_t n, uint64_t at)
{
	ssize_t r;

	do
		r = pread(fd, buf, n, (off_t)at);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t sys_write(int fd, const void *buf, size_t n)
{
	ssize_t r;

	do
		r = write(fd, buf, n);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t sys_read_all(int fd, char *buf, size_t n)
{
	size_t have = 0;

	for (;;) {
		ssize_t r = sys_read(fd, buf + have, n - have);

		if (r < 0)
			return r;
		if (r == 0)
			break;
		have += (size_t)r;
		if (have == n)
			return -E2BIG;
	}
	buf[have] = 0;
	return (ssize_t)have;
}

int sys_write_all(int fd, const void *buf, size_t n)
{
	const char *p = buf;

	while (n) {
		ssize_t r = sys_write(fd, p, n);

		if (r < 0)
			return (int)r;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

int sys_write_file(int dir, const char *path, const char *value)
{
	AUTO_FD int fd = sys_open(dir, path, O_WRONLY | O_NOCTTY, 0);
	ssize_t r;

	if (fd < 0)
		return fd;
	r = sys_write(fd, value, strlen(value));
	return r < 0 ? (int)r : 0;
}

ssize_t sys_read_file(int dir, const char *path, char *buf, size_t n)
{
	AUTO_FD int fd = sys_open(dir, path, O_RDONLY | O_NOCTTY, 0);

	return fd < 0 ? fd : sys_read_all(fd, buf, n);
}

int sys_mkdir(int dir, const char *path, mode_t mode)
{
	return RET(mkdirat(dir, path, mode));
}

int sys_mknod(int dir, const char *path, mode_t mode, dev_t dev)
{
	return RET(mknodat(dir, path, mode, dev));
}

int sys_symlink(const char *target, int dir, const char *path)
{
	return RET(symlinkat(target, dir, path));
}

int sys_unlink(int dir, const char *path)
{
	return RET(unlinkat(dir, path, 0));
}

int sys_rmdir(int dir, const char *path)
{
	return RET(unlinkat(dir, path, AT_REMOVEDIR));
}

int sys_rename(int olddir, const char *old, int newdir, const char *new_)
{
	return RET(renameat(olddir, old, newdir, new_));
}

int sys_link_fd(int fd, int dir, const char *path)
{
	char from[40];

	snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, from, dir, path, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int sys_fstat(int fd, struct stat *st)
{
	return RET(fstatat(fd, "", st, AT_EMPTY_PATH));
}

int sys_statat(int dir, const char *path, struct stat *st, int flags)
{
	return RET(fstatat(dir, path, st, flags));
}

int sys_fstatfs(int fd, struct statfs *st)
{
	return RET(fstatfs(fd, st));
}

int sys_chown(int dir, const char *path, uid_t uid, gid_t gid, int flags)
{
	return RET(fchownat(dir, path, uid, gid, flags));
}

int sys_fchmod(int fd, mode_t mode)
{
	return RET(fchmod(fd, mode));
}

int sys_chmod(int dir, const char *path, mode_t mode)
{
	return RET(fchmodat(dir, path, mode, 0));
}

int sys_utimens(int dir, const char *path, const struct timespec times[2], int flags)
{
	return RET(utimensat(dir, path, times, flags));
}

int sys_access(int dir, const char *path, int mode, int flags)
{
	return RET(syscall(SYS_faccessat2, dir, path, mode, flags));
}

ssize_t sys_readlink(int dir, const char *path, char *buf, size_t n)
{
	ssize_t r = readlinkat(dir, path, buf, n);

	if (r < 0)
		return -errno;
	if ((size_t)r == n)
		return -ENAMETOOLONG;
	buf[r] = 0;
	return r;
}

int sys_dup(int fd, int lowest)
{
	int r = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	return r < 0 ? -errno : r;
}

int sys_dup3(int fd, int to, int flags)
{
	int r = dup3(fd, to, flags);

	return r < 0 ? -errno : r;
}

int sys_cloexec(int fd, bool on)
{
	return RET(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

int sys_is_open(int fd)
{
	return fcntl(fd, F_GETFD) < 0 ? -errno : 0;
}

int sys_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0 ? -errno : 0;
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return RET(syscall(SYS_close_range, first, last, flags));
}

int sys_pipe(int fds[2])
{
	return RET(pipe2(fds, O_CLOEXEC));
}

ssize_t sys_sendfile(int to, int from, off_t *at, size_t n)
{
	ssize_t r = sendfile(to, from, at, n);

	return r < 0 ? -errno : r;
}

int sys_memfd(const char *name, unsigned flags)
{
	int r = (int)syscall(SYS_memfd_create, name, flags | MFD_CLOEXEC);

	return r < 0 ? -errno : r;
}

int sys_chdir(const char *path)
{
	return RET(chdir(path));
}

int sys_fchdir(int fd)
{
	return RET(fchdir(fd));
}

int sys_chroot(const char *path)
{
	return RET(chroot(path));
}

ssize_t sys_getcwd(char *buf, size_t n)
{
	/* the system call, not glibc's: that one walks the tree when the kernel says "(unreachable)" */
	ssize_t r = syscall(SYS_getcwd, buf, n);

	return r < 0 ? -errno : r;
}

int sys_flock(int fd, int op)
{
	return RET(flock(fd, op));
}

int sys_reopen(int proc, int fd, int flags)
{
	char name[32];

	snprintf(name, sizeof name, "self/fd/%d", fd);
	return sys_open(proc, name, flags, 0);
}

ssize_t sys_flistxattr(int fd, char *names, size_t n)
{
	ssize_t r = flistxattr(fd, names, n);

	return r < 0 ? -errno : r;
}

ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t n)
{
	ssize_t r = fgetxattr(fd, name, value, n);

	return r < 0 ? -errno : r;
}

int sys_fsetxattr(int fd, const char *name, const void *value, size_t n)
{
	return RET(fsetxattr(fd, name, value, n, 0));
}
