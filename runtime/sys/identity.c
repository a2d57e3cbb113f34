/* identity.c - user and group ids of the calling thread.
 * glibc's wrappers would look for other threads to change too; wasirun has one. Must not decide anything. */
#include "sys/sys.h"
#include <sys/syscall.h>
#include <unistd.h>

#define RET(x) ((x) < 0 ? -errno : 0)

int sys_setresuid(uid_t r, uid_t e, uid_t s)
{
	return RET(syscall(SYS_setresuid, r, e, s));
}

int sys_setresgid(gid_t r, gid_t e, gid_t s)
{
	return RET(syscall(SYS_setresgid, r, e, s));
}

int sys_setgroups(size_t n, const gid_t *groups)
{
	return RET(syscall(SYS_setgroups, n, groups));
}
