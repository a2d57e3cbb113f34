/* confine.c - system calls that confine the calling process, and those on its signals.
 * Must not decide anything: no messages, no defaults, no state. */
#include "sys/sys.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define RET(x) ((x) < 0 ? -errno : 0)

int sys_landlock_create_ruleset(const void *attr, size_t n, unsigned flags)
{
	long r = syscall(SYS_landlock_create_ruleset, attr, n, flags);

	return r < 0 ? -errno : (int)r;
}

int sys_landlock_add_rule(int ruleset, int type, const void *attr)
{
	return RET(syscall(SYS_landlock_add_rule, ruleset, type, attr, 0));
}

int sys_landlock_restrict_self(int ruleset, unsigned flags)
{
	return RET(syscall(SYS_landlock_restrict_self, ruleset, flags));
}

long sys_keyctl(int op, unsigned long a, unsigned long b, unsigned long c)
{
	long r = syscall(SYS_keyctl, op, a, b, c);

	return r < 0 ? -errno : r;
}

mode_t sys_umask(mode_t mask)
{
	return umask(mask);
}

int sys_getresuid(uid_t *r, uid_t *e, uid_t *s)
{
	return RET(syscall(SYS_getresuid, r, e, s));
}

int sys_getresgid(gid_t *r, gid_t *e, gid_t *s)
{
	return RET(syscall(SYS_getresgid, r, e, s));
}

int sys_setpgid(pid_t pid, pid_t pgid)
{
	return RET(setpgid(pid, pgid));
}

int sys_send_timeout(int sock, int seconds)
{
	struct timeval t = { .tv_sec = seconds };

	return RET(setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t));
}

int sys_sigaction(int sig, const struct sigaction *new_, struct sigaction *old)
{
	return RET(sigaction(sig, new_, old));
}

/* Not glibc's: it keeps two signals for itself, whose dispositions are inherited like all others. */
int sys_signal_default(int sig)
{
	static const struct {
		void (*handler)(int);
		unsigned long rest[4];
	} dfl;

	return RET(syscall(SYS_rt_sigaction, sig, &dfl, NULL, _NSIG / 8));
}

int sys_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return RET(sigprocmask(how, set, old));
}

int sys_thread(int (*fn)(void *), void *stack_top, void *arg)
{
	int r = clone(fn, stack_top,
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, arg);

	return r < 0 ? -errno : r;
}
