/* process.c - system calls on processes, namespaces and scheduling; process-wide settings.
 * Must not decide anything. */
#include "base/resident.h"
#include "sys/sys.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

#define RET(x) ((x) < 0 ? -errno : 0)

pid_t sys_clone(uint64_t flags, int *pidfd, int cgroup)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* a process made with CLONE_PARENT inherits the caller's exit signal and must not name one */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};
	long r;

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	r = syscall(SYS_clone3, &args, sizeof args);
	return r < 0 ? -errno : (pid_t)r;
}

int sys_unshare(int flags)
{
	return RET(unshare(flags));
}

int sys_setns(int fd, int flags)
{
	return RET(setns(fd, flags));
}

int sys_pidfd_open(pid_t pid)
{
	long r = syscall(SYS_pidfd_open, pid, 0);

	return r < 0 ? -errno : (int)r;
}

int sys_pidfd_signal(int pidfd, int sig)
{
	return RET(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	long r = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return r < 0 ? -errno : (int)r;
}

int sys_pidfd_wait(int pidfd, int flags, int *status, bool *exited)
{
	siginfo_t si;
	int r;

	memset(&si, 0, sizeof si);
	do
		r = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &si, flags);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	if (exited)
		*exited = si.si_pid != 0;
	if (status)
		*status = si.si_code == CLD_EXITED ? si.si_status << 8
						   : (si.si_status & 0x7f) | (si.si_code == CLD_DUMPED ? 0x80 : 0);
	return 0;
}

pid_t sys_waitpid(pid_t pid, int *status, int flags)
{
	pid_t r;

	do
		r = waitpid(pid, status, flags);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int sys_kill(pid_t pid, int sig)
{
	return RET(kill(pid, sig));
}

int sys_execve(const char *path, char *const argv[], char *const envp[])
{
	execve(path, argv, envp);
	return -errno;
}

int sys_execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags)
{
	syscall(SYS_execveat, dir, path, argv, envp, flags);
	return -errno;
}

int sys_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	int r = prctl(op, a, b, c, d);

	return r < 0 ? -errno : r;
}

int sys_setsid(void)
{
	return RET(setsid());
}

int sys_sethostname(const char *name, size_t n)
{
	return RET(sethostname(name, n));
}

int sys_setdomainname(const char *name, size_t n)
{
	return RET(setdomainname(name, n));
}

int sys_prlimit(pid_t pid, int type, const struct rlimit *new_, struct rlimit *old)
{
	return RET(syscall(SYS_prlimit64, pid, type, new_, old));
}

int sys_personality(unsigned long p)
{
	return RET(personality(p));
}

int sys_sched_setattr(pid_t pid, const void *attr, unsigned flags)
{
	return RET(syscall(SYS_sched_setattr, pid, attr, flags));
}

int sys_sched_setaffinity(pid_t pid, size_t n, const void *mask)
{
	return RET(syscall(SYS_sched_setaffinity, pid, n, mask));
}

int sys_setpriority(int which, id_t who, int nice)
{
	return RET(setpriority((__priority_which_t)which, who, nice));
}

int sys_ioprio_set(int which, int who, int ioprio)
{
	return RET(syscall(SYS_ioprio_set, which, who, ioprio));
}

int sys_set_mempolicy(int mode, const unsigned long *mask, unsigned long bits)
{
	return RET(syscall(SYS_set_mempolicy, mode, mask, bits));
}

int sys_keyctl_join(const char *name)
{
	long r = syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, name);

	return r < 0 ? -errno : (int)r;
}

int sys_seccomp(unsigned op, unsigned flags, void *args)
{
	long r = syscall(SYS_seccomp, op, flags, args);

	return r < 0 ? -errno : (int)r;
}

int sys_bpf(int cmd, void *attr, size_t n)
{
	long r = syscall(SYS_bpf, cmd, attr, n);

	return r < 0 ? -errno : (int)r;
}

RESIDENT int sys_madvise(void *from, size_t n, int advice)
{
	return RET(madvise(from, n, advice));
}
