/* broker_socket.c - sockets of the host's namespace that stand for a caller's, and what can be asked of a socket.
 * Must not carry over an option that marks, redirects or disguises packets (SO_MARK, IP_TRANSPARENT, SO_BINDTODEVICE). */
#include "apply/broker_impl.h"
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

/* The options that a program may have set before bind or connect, in the order in which they are set again. */
static const struct option {
	int level, name;
	bool only_v6;
	bool doubled; /* the kernel tells twice what was set */
} options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, false, false },      { SOL_SOCKET, SO_REUSEPORT, false, false },
	{ SOL_SOCKET, SO_KEEPALIVE, false, false },      { SOL_SOCKET, SO_LINGER, false, false },
	{ SOL_SOCKET, SO_RCVTIMEO, false, false },       { SOL_SOCKET, SO_SNDTIMEO, false, false },
	{ SOL_SOCKET, SO_SNDBUF, false, true },          { SOL_SOCKET, SO_RCVBUF, false, true },
	{ SOL_SOCKET, SO_RCVLOWAT, false, false },       { SOL_SOCKET, SO_OOBINLINE, false, false },
	{ IPPROTO_TCP, TCP_NODELAY, false, false },      { IPPROTO_TCP, TCP_KEEPIDLE, false, false },
	{ IPPROTO_TCP, TCP_KEEPINTVL, false, false },    { IPPROTO_TCP, TCP_KEEPCNT, false, false },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, false, false }, { IPPROTO_TCP, TCP_DEFER_ACCEPT, false, false },
	{ IPPROTO_TCP, TCP_SYNCNT, false, false },       { IPPROTO_IPV6, IPV6_V6ONLY, true, false },
};

/* What differs from a fresh socket is set; so buffers that the kernel sizes itself stay so. An option that cannot be had is not worth a
 * failing call. */
static void copy_options(int from, int to, bool v6)
{
	size_t i;

	for (i = 0; i < sizeof options / sizeof *options; i++) {
		const struct option *o = &options[i];
		unsigned char have[32], want[32];
		size_t have_n = sizeof have, want_n = sizeof want;
		int v;

		if ((o->only_v6 && !v6) || sys_getsockopt(from, o->level, o->name, want, &want_n) < 0 ||
		    sys_getsockopt(to, o->level, o->name, have, &have_n) < 0 || (have_n == want_n && !memcmp(have, want, want_n)))
			continue;
		if (o->doubled && want_n == sizeof v) {
			memcpy(&v, want, sizeof v);
			v /= 2;
			memcpy(want, &v, sizeof v);
		}
		(void)!sys_setsockopt(to, o->level, o->name, want, want_n);
	}
}

int broker_host_socket(const struct call *c)
{
	int s = sys_socket(c->domain, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);

	if (s >= 0)
		copy_options(c->sock, s, c->domain == AF_INET6);
	return s;
}

static size_t write_address(const struct net_address *a, bool v6, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct sockaddr_in *four = (struct sockaddr_in *)out;

	memset(out, 0, sizeof *out);
	if (!v6) {
		four->sin_family = AF_INET;
		four->sin_port = htons(a->port);
		memcpy(&four->sin_addr, a->address, 4);
		return sizeof *four;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(a->port);
	six->sin6_scope_id = a->scope;
	if (a->v6) {
		memcpy(&six->sin6_addr, a->address, 16);
	} else { /* mapped */
		six->sin6_addr.s6_addr[10] = six->sin6_addr.s6_addr[11] = 0xff;
		memcpy(six->sin6_addr.s6_addr + 12, a->address, 4);
	}
	return sizeof *six;
}

int broker_host_bind(const struct call *c, int host, const struct net_address *at)
{
	struct sockaddr_storage s;
	size_t n = write_address(at, c->domain == AF_INET6, &s);

	return sys_bind(host, &s, n);
}

int broker_host_connect(const struct call *c, int host, const struct net_address *to)
{
	struct sockaddr_storage s;
	size_t n = write_address(to, c->domain == AF_INET6, &s);

	return sys_connect(host, &s, n);
}

int broker_tcp_state(int sock)
{
	struct tcp_info i;
	size_t n = sizeof i;

	memset(&i, 0, sizeof i);
	return sys_getsockopt(sock, IPPROTO_TCP, TCP_INFO, &i, &n) < 0 ? 0 : i.tcpi_state;
}

bool broker_only6(int sock)
{
	int v = 0;
	size_t n = sizeof v;

	return sys_getsockopt(sock, IPPROTO_IPV6, IPV6_V6ONLY, &v, &n) == 0 && v;
}

int64_t broker_send_timeout(int sock)
{
	struct timeval t = { 0, 0 };
	size_t n = sizeof t;

	if (sys_getsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &t, &n) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

static bool read_address(const struct sockaddr_storage *s, struct net_address *out)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)s;
	const struct sockaddr_in *four = (const struct sockaddr_in *)s;

	memset(out, 0, sizeof *out);
	if (s->ss_family == AF_INET) {
		out->port = ntohs(four->sin_port);
		memcpy(out->address, &four->sin_addr, 4);
		return true;
	}
	if (s->ss_family != AF_INET6)
		return false;
	out->port = ntohs(six->sin6_port);
	out->scope = six->sin6_scope_id;
	out->v6 = !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
	memcpy(out->address, six->sin6_addr.s6_addr + (out->v6 ? 0 : 12), out->v6 ? 16 : 4);
	return true;
}

bool broker_address(const struct call *c, struct net_address *out)
{
	struct sockaddr_storage s;

	memset(&s, 0, sizeof s);
	memcpy(&s, c->address, c->n);
	if (c->n < sizeof s.ss_family || s.ss_family != c->domain)
		return false;
	if (c->n < (s.ss_family == AF_INET ? sizeof(struct sockaddr_in) : offsetof(struct sockaddr_in6, sin6_scope_id)))
		return false;
	return read_address(&s, out);
}

bool broker_bound_at(int sock, const struct net_address *at)
{
	struct sockaddr_storage s;
	struct net_address is;
	size_t n;

	return sys_getsockname(sock, &s, &n) == 0 && read_address(&s, &is) && is.port && address_equal(&is, at);
}

/* sock_diag(7): the one socket with this cookie, in this process's namespace. */
bool broker_listens(uint64_t cookie, const struct net_address *at)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 q;
	} ask;
	union {
		struct nlmsghdr h;
		char room[1024];
	} got;
	int ret = sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	AUTO_FD int s = ret;
	struct sockaddr_storage from;
	socklen_t from_n;
	ssize_t n;

	if (s < 0)
		return false;
	memset(&ask, 0, sizeof ask);
	ask.h = (struct nlmsghdr){ .nlmsg_len = sizeof ask, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST };
	ask.q.sdiag_family = at->v6 ? AF_INET6 : AF_INET;
	ask.q.sdiag_protocol = IPPROTO_TCP;
	ask.q.idiag_states = 1U << TCP_LISTEN;
	ask.q.id.idiag_sport = htons(at->port);
	memcpy(ask.q.id.idiag_src, at->address, at->v6 ? 16 : 4);
	ask.q.id.idiag_cookie[0] = (uint32_t)cookie;
	ask.q.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
	if (sys_send(s, &ask, sizeof ask, NULL, 0) < 0 || sys_poll1(s, POLLIN, 1000) <= 0)
		return false;
	n = sys_recv(s, &got, sizeof got, &from, &from_n);
	if (n < (ssize_t)sizeof(struct nlmsghdr) || got.h.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
	    n < (ssize_t)(NLMSG_HDRLEN + sizeof(struct inet_diag_msg)))
		return false;
	return ((struct inet_diag_msg *)NLMSG_DATA(&got.h))->idiag_state == TCP_LISTEN;
}
