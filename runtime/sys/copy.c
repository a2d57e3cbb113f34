/* copy.c - system calls that copy, link and exchange files.
 * Must not decide anything: who cannot clone is told so, and copies or not. */
#include "sys/sys.h"
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RET(x) ((x) < 0 ? -errno : 0)

int sys_clone_file(int to, int from)
{
	return RET(ioctl(to, FICLONE, from));
}

ssize_t sys_copy_range(int from, int64_t *from_at, int to, int64_t *to_at, size_t n)
{
	ssize_t r;

	do
		r = copy_file_range(from, from_at, to, to_at, n, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int64_t sys_seek(int fd, int64_t at, int whence)
{
	off_t r = lseek(fd, at, whence);

	return r < 0 ? -errno : r;
}

int sys_ftruncate(int fd, int64_t n)
{
	return RET(ftruncate(fd, n));
}

int sys_link(int olddir, const char *old, int newdir, const char *new_)
{
	return RET(linkat(olddir, old, newdir, new_, 0));
}

int sys_exchange(int dir, const char *one, int other_dir, const char *other)
{
	return RET(syscall(SYS_renameat2, dir, one, other_dir, other, RENAME_EXCHANGE));
}

int sys_syncfs(int fd)
{
	return RET(syncfs(fd));
}
