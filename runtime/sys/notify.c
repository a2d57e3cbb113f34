/* notify.c - seccomp user notification (seccomp_unotify(2)), and what its supervisor needs to know of another process.
 * Must not decide anything. */
#include "sys/sys.h"
#include <linux/kcmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

int sys_notif_recv(int listener, struct seccomp_notif *n)
{
	memset(n, 0, sizeof *n); /* the kernel insists */
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, n) < 0 ? -errno : 0;
}

int sys_notif_send(int listener, uint64_t id, int error, int64_t value)
{
	struct seccomp_notif_resp r = { .id = id, .error = error, .val = value };

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0 ? -errno : 0;
}

int sys_notif_valid(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -errno : 0;
}

int sys_notif_put_fd(int listener, uint64_t id, int fd, int to, bool cloexec)
{
	struct seccomp_notif_addfd a = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)fd,
		.newfd = (uint32_t)to,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int r;

	do
		r = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

int sys_pidfd_open_thread(pid_t tid)
{
	long r = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	return r < 0 ? -errno : (int)r;
}

int sys_same_files(pid_t a, pid_t b)
{
	long r = syscall(SYS_kcmp, a, b, KCMP_FILES, 0, 0);

	return r < 0 ? -errno : r == 0;
}

int sys_epoll(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sys_epoll_add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data = { .u64 = data } };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

pid_t sys_fork_quiet(void)
{
	struct clone_args args = { .exit_signal = 0 };
	long r = syscall(SYS_clone3, &args, sizeof args);

	return r < 0 ? -errno : (pid_t)r;
}

_Noreturn void sys_exit(int code)
{
	for (;;)
		syscall(SYS_exit_group, code);
}
