/* socket.c - unix sockets, descriptors passed over them, poll.
 * Must not decide anything. */
#include "base/resident.h"
#include "sys/sys.h"
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RET(x) ((x) < 0 ? -errno : 0)

/* Room for some more than the one fd we expect, so that what a peer sends too much is closed and not lost. */
#define MAX_FDS 8

int sys_socket(int domain, int type, int protocol)
{
	int r = socket(domain, type | SOCK_CLOEXEC, protocol);

	return r < 0 ? -errno : r;
}

int sys_socketpair(int type, int fds[2])
{
	return RET(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
}

ssize_t sys_send_fd(int sock, const void *buf, size_t n, int fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t r;

	if (fd >= 0) {
		memset(&control, 0, sizeof control);
		m.msg_control = &control;
		m.msg_controllen = sizeof control.room;
		control.h.cmsg_level = SOL_SOCKET;
		control.h.cmsg_type = SCM_RIGHTS;
		control.h.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.h), &fd, sizeof fd);
	}
	do
		r = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

static void take_fds(struct msghdr *m, int *fd)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		size_t n, i;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof got, sizeof got);
			if (*fd < 0)
				*fd = got;
			else
				close(got);
		}
	}
}

ssize_t sys_recv_fd(int sock, void *buf, size_t n, int *fd)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int) * MAX_FDS)];
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	int got = -1;
	ssize_t r;

	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	take_fds(&m, &got);
	if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		fd_close(&got);
		return -EMSGSIZE;
	}
	if (fd)
		*fd = got;
	else
		fd_close(&got);
	return r;
}

static int at_address(struct sockaddr_un *a, int dir, const char *name)
{
	int n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s", dir, name);

	a->sun_family = AF_UNIX;
	return n < 0 || (size_t)n >= sizeof a->sun_path ? -ENAMETOOLONG : 0;
}

int sys_bind_at(int sock, int dir, const char *name)
{
	struct sockaddr_un a;
	int r = at_address(&a, dir, name);

	return r < 0 ? r : RET(bind(sock, (struct sockaddr *)&a, sizeof a));
}

int sys_connect_at(int sock, int dir, const char *name)
{
	struct sockaddr_un a;
	int r = at_address(&a, dir, name);

	if (r < 0)
		return r;
	do
		r = connect(sock, (struct sockaddr *)&a, sizeof a);
	while (r < 0 && errno == EINTR);
	return RET(r);
}

int sys_connect_abstract(int sock, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	if (n >= sizeof a.sun_path)
		return -ENAMETOOLONG;
	memcpy(a.sun_path + 1, name, n);
	return connect(sock, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) < 0 ? -errno : 0;
}

int sys_connect_path(int sock, const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];
	size_t n;

	n = slash ? (size_t)(slash - path) + 1 : 0;
	if (n >= sizeof dir)
		return -ENAMETOOLONG;
	memcpy(dir, path, n);
	dir[n] = 0;

	AUTO_FD int fd = sys_open(AT_FDCWD, n ? dir : ".", O_PATH | O_DIRECTORY, 0);

	return fd < 0 ? fd : sys_connect_at(sock, fd, path + n);
}

int sys_listen(int sock, int backlog)
{
	return RET(listen(sock, backlog));
}

RESIDENT int sys_accept(int sock)
{
	int r;

	do
		r = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
	while (r < 0 && (errno == EINTR || errno == ECONNABORTED));
	return r < 0 ? -errno : r;
}

int sys_peer_cred(int sock, struct ucred *cred)
{
	socklen_t n = sizeof *cred;

	return RET(getsockopt(sock, SOL_SOCKET, SO_PEERCRED, cred, &n));
}

int sys_link_up(int sock, const char *name)
{
	struct ifreq r = { .ifr_flags = 0 };

	if (strlen(name) >= sizeof r.ifr_name)
		return -ENAMETOOLONG;
	memcpy(r.ifr_name, name, strlen(name));
	if (ioctl(sock, SIOCGIFFLAGS, &r) < 0)
		return -errno;
	r.ifr_flags |= IFF_UP;
	return RET(ioctl(sock, SIOCSIFFLAGS, &r));
}

int sys_poll1(int fd, short events, int timeout)
{
	struct pollfd p = { .fd = fd, .events = events };
	int r;

	do
		r = poll(&p, 1, timeout);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r ? p.revents : 0;
}
