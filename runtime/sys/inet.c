/* inet.c - socket calls of the network broker: addresses, options, what a socket is.
 * Must not decide anything. */
#include "sys/sys.h"
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#define RET(x) ((x) < 0 ? -errno : 0)

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

int sys_bind(int sock, const void *address, size_t n)
{
	return RET(bind(sock, address, (socklen_t)n));
}

int sys_connect(int sock, const void *address, size_t n)
{
	return RET(connect(sock, address, (socklen_t)n));
}

int sys_getsockname(int sock, struct sockaddr_storage *address, size_t *n)
{
	socklen_t len = sizeof *address;
	int r = getsockname(sock, (struct sockaddr *)address, &len);

	*n = len;
	return RET(r);
}

int sys_getsockopt(int sock, int level, int option, void *value, size_t *n)
{
	socklen_t len = (socklen_t)*n;
	int r = getsockopt(sock, level, option, value, &len);

	*n = len;
	return RET(r);
}

int sys_setsockopt(int sock, int level, int option, const void *value, size_t n)
{
	return RET(setsockopt(sock, level, option, value, (socklen_t)n));
}

int sys_socket_cookie(int sock, uint64_t *cookie)
{
	socklen_t n = sizeof *cookie;

	return RET(getsockopt(sock, SOL_SOCKET, SO_COOKIE, cookie, &n));
}

int sys_socket_netns(int sock, uint64_t *cookie)
{
	socklen_t n = sizeof *cookie;

	return RET(getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &n));
}

int sys_file_flags(int fd)
{
	int r = fcntl(fd, F_GETFL);

	return r < 0 ? -errno : r;
}

int sys_set_file_flags(int fd, int flags)
{
	return RET(fcntl(fd, F_SETFL, flags));
}

ssize_t sys_recv(int sock, void *buf, size_t n, struct sockaddr_storage *from, socklen_t *from_n)
{
	ssize_t r;

	*from_n = sizeof *from;
	do
		r = recvfrom(sock, buf, n, MSG_DONTWAIT, (struct sockaddr *)from, from_n);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t sys_send(int sock, const void *buf, size_t n, const struct sockaddr_storage *to, socklen_t to_n)
{
	ssize_t r;

	do
		r = sendto(sock, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to, to_n);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t sys_send_fds(int sock, const void *buf, size_t n, const int *fds, size_t count)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int) * SYS_MAX_FDS)];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t r;

	if (count > SYS_MAX_FDS)
		return -EINVAL;
	memset(&control, 0, sizeof control);
	if (count) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		control.h.cmsg_level = SOL_SOCKET;
		control.h.cmsg_type = SCM_RIGHTS;
		control.h.cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(&control.h), fds, sizeof(int) * count);
	}
	do
		r = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : r;
}

ssize_t sys_recv_fds(int sock, void *buf, size_t n, int fds[SYS_MAX_FDS], size_t *count)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int) * SYS_MAX_FDS)];
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	struct cmsghdr *c;
	ssize_t r;

	*count = 0;
	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	/* the room bounds what the kernel hands over */
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		size_t got = c->cmsg_len > CMSG_LEN(0) ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || got > SYS_MAX_FDS - *count)
			continue;
		memcpy(fds + *count, CMSG_DATA(c), got * sizeof(int));
		*count += got;
	}
	return r;
}

int sys_lo_address(int sock, const char *name, const unsigned char address[4])
{
	struct ifreq r;
	struct sockaddr_in a = { .sin_family = AF_INET };

	memset(&r, 0, sizeof r);
	if (strlen(name) >= sizeof r.ifr_name)
		return -ENAMETOOLONG;
	memcpy(r.ifr_name, name, strlen(name));
	memcpy(&a.sin_addr, address, 4);
	memcpy(&r.ifr_addr, &a, sizeof a);
	if (ioctl(sock, SIOCSIFADDR, &r) < 0)
		return -errno;
	memset(&a.sin_addr, 0xff, 4);
	memcpy(&r.ifr_netmask, &a, sizeof a);
	return RET(ioctl(sock, SIOCSIFNETMASK, &r));
}

ssize_t sys_vm_read(pid_t pid, uint64_t address, void *buf, size_t n)
{
	struct iovec local = { .iov_base = buf, .iov_len = n }, remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = n };
	ssize_t r = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	return r < 0 ? -errno : r;
}
