/* proc.c - files of the verified procfs.
 * Must not follow anything that leads out of it; "self" is the one link that is followed, it is the kernel's own. */
#include "apply/proc.h"
#include "sys/sys.h"
#include <string.h>

#define WITHIN (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

static int open_within(int proc, const char *path, int flags)
{
	uint64_t resolve = WITHIN;

	if (strncmp(path, "self/", 5) != 0)
		resolve |= RESOLVE_NO_SYMLINKS;
	return sys_openat2(proc, path, (uint64_t)flags, 0, resolve);
}

int proc_write(int proc, const char *path, const char *value)
{
	size_t n = strlen(value);
	ssize_t w;

	AUTO_FD int fd = TRY(open_within(proc, path, O_WRONLY));
	w = sys_write(fd, value, n);
	if (w < 0)
		return (int)w;
	/* these files take a value whole or not at all */
	return (size_t)w == n ? 0 : -EIO;
}

ssize_t proc_read(int proc, const char *path, char *buf, size_t n)
{
	ssize_t r;

	AUTO_FD int fd = TRY(open_within(proc, path, O_RDONLY));
	r = sys_read(fd, buf, n - 1);
	if (r < 0)
		return r;
	buf[r] = 0;
	return r;
}
