/* query.c - system calls that only ask: file systems, directories, our own capabilities, the kernel's features.
 * Must not decide anything, and must not change anything. */
#include "sys/sys.h"
#include <sys/random.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define RET(x) ((x) < 0 ? -errno : 0)

int sys_statfs(const char *path, struct statfs *st)
{
	return RET(statfs(path, st));
}

ssize_t sys_getdents(int fd, void *buf, size_t n)
{
	long r = syscall(SYS_getdents64, fd, buf, n);

	return r < 0 ? -errno : r;
}

int sys_rewind(int fd)
{
	return RET(lseek(fd, 0, SEEK_SET));
}

int sys_capget(uint64_t *permitted, uint64_t *effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	if (permitted)
		*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	if (effective)
		*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	return 0;
}

int sys_capset(uint64_t permitted, uint64_t effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .permitted = (uint32_t)permitted, .effective = (uint32_t)effective },
		{ .permitted = (uint32_t)(permitted >> 32), .effective = (uint32_t)(effective >> 32) },
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int sys_landlock_abi(void)
{
	long r = syscall(444 /* landlock_create_ruleset */, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);

	return r < 0 ? 0 : (int)r;
}

int sys_kernel_version(void)
{
	struct utsname u;
	char *end;
	long major, minor = 0;

	if (uname(&u) < 0)
		return -errno;
	major = strtol(u.release, &end, 10);
	if (*end == '.')
		minor = strtol(end + 1, &end, 10);
	return (int)(major * 1000 + minor);
}

int sys_random(void *buf, size_t n)
{
	char *p = buf;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
	return 0;
}
