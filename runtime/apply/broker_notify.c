/* broker_notify.c - one notified call: what is meant, and what becomes of it.
 *
 * The address is copied once and the caller's file fetched once; both are judged, and the call is made on them. Nothing that the caller
 * can still
 * change is looked at twice. Must never let the kernel continue a call: what the caller's memory and descriptors hold by then is not what
 * was
 * judged. A socket of the host's namespace in the caller's hands is good for what it was made for, and for nothing else. */
#include "apply/broker_impl.h"
#include "apply/broker_names.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>


void broker_refused(struct broker *b, const struct call *c, const struct net_address *a, const char *why)
{
	const char *verb = c->op == BROKER_BIND ? "listen" : "connect";
	char address[INET6_ADDRSTRLEN], where[INET6_ADDRSTRLEN + 16], line[512];
	uint64_t h = 1469598103934665603ULL;
	size_t i;
	int n;

	if (b->report < 0 || b->said_n == BROKER_SAID || !inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->address, address, sizeof address))
		return;
	snprintf(where, sizeof where, a->v6 ? "[%s]:%u" : "%s:%u", address, a->port);
	if (why)
		n = snprintf(line, sizeof line, "%s %s: %s\n", verb, where, why);
	else
		n = snprintf(line, sizeof line, "%s %s: no grant; --%s %s, or in a manifest: \"network\": {\"%s\": [\"%s\"]}\n", verb,
			     where, verb, where, verb, where);
	for (i = 0; i < (size_t)n && i < sizeof line; i++)
		h = (h ^ (unsigned char)line[i]) * 1099511628211ULL;
	for (i = 0; i < b->said_n; i++)
		if (b->said[i] == h)
			return;
	b->said[b->said_n++] = h;
	(void)!sys_write_all(b->report, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static bool is_tcp(const struct call *c)
{
	return (c->domain == AF_INET || c->domain == AF_INET6) && c->type == SOCK_STREAM && c->protocol == IPPROTO_TCP;
}

static int get_int(int sock, int option, int *out)
{
	size_t n = sizeof *out;

	return sys_getsockopt(sock, SOL_SOCKET, option, out, &n);
}

static struct bound *find_bound(struct broker *b, int sock)
{
	uint64_t cookie;
	size_t i;

	if (sys_socket_cookie(sock, &cookie) < 0 || !cookie)
		return NULL;
	for (i = 0; i < BROKER_BOUND; i++)
		if (b->bound[i].cookie == cookie)
			return &b->bound[i];
	return NULL;
}

/* --- bind */

static int bind_on_host(struct broker *b, struct call *c, const struct net_address *outer)
{
	struct bound *at = &b->bound[b->next_bound];
	struct net_address is = *outer;
	struct sockaddr_storage s;
	size_t n;
	AUTO_FD int host = TRY(broker_host_socket(c));

	TRY(broker_host_bind(c, host, outer));
	TRY(sys_getsockname(host, &s, &n));
	is.port = ntohs(((struct sockaddr_in *)&s)->sin_port); /* at the same place in both families */
	TRY(broker_swap(b, c, host));
	*at = (struct bound){ .at = is };
	TRY(sys_socket_cookie(host, &at->cookie));
	b->next_bound = (b->next_bound + 1) % BROKER_BOUND;
	return 0;
}

static int judge_bind(struct broker *b, struct call *c)
{
	struct net_address want, outer;
	int r;

	if (!is_tcp(c) || !broker_address(c, &want))
		return broker_local(b, c);
	switch (grants_bind(&b->grants, &want, broker_only6(c->sock), &outer)) {
	case NET_LOCAL:
		return broker_local(b, c);
	case NET_HOST:
		r = bind_on_host(b, c, &outer);
		if (r == -EOPNOTSUPP)
			broker_refused(b, c, &want, "another process has the same socket: bind it before it is passed on");
		return r;
	default:
		broker_refused(b, c, &want, NULL);
		return -EACCES;
	}
}

/* --- connect */

static int connect_on_host(struct broker *b, struct call *c, const struct net_address *to)
{
	bool waits = !(sys_file_flags(c->sock) & O_NONBLOCK);
	AUTO_FD int host = TRY(broker_host_socket(c));
	struct pending *p;
	int r = broker_host_connect(c, host, to), swapped;
	int64_t limit;

	if (r < 0 && r != -EINPROGRESS)
		return r;
	if (r == 0 || !waits) {
		swapped = broker_swap(b, c, host);
		if (swapped == -EOPNOTSUPP)
			broker_refused(b, c, to, "another process has the same socket: connect it before it is passed on");
		return swapped < 0 ? swapped : r;
	}
	p = broker_pending(b);
	if (!p)
		return -ENOBUFS;
	limit = broker_send_timeout(c->sock);
	*p = (struct pending){ .kind = PENDING_CONNECT, .serial = ++b->serial, .call = *c, .host = take_fd(&host) };
	p->deadline = limit ? sys_now_us() + limit : 0;
	return CALL_WAITS;
}

/* Rule b: a listener that the sandbox itself was granted, and still has. */
static bool own_listener(struct broker *b, const struct net_address *want, struct net_address *to)
{
	size_t i;

	if (!address_is_loopback(want) && !address_is_wildcard(want))
		return false;
	for (i = 0; i < BROKER_BOUND; i++) {
		struct bound *x = &b->bound[i];

		if (!x->cookie || !x->listening || x->at.port != want->port)
			continue;
		if (!broker_listens(x->cookie, &x->at)) {
			x->cookie = 0; /* closed: the port may be anybody's by now */
			continue;
		}
		*to = x->at;
		if (address_is_wildcard(to)) { /* a wildcard for both families is reached by IPv4, too */
			*to = *want;
			if (address_is_wildcard(to))
				memcpy(to->address, want->v6 ? (const char *)&in6addr_loopback : "\177\0\0\1", want->v6 ? 16 : 4);
		}
		return true;
	}
	return false;
}

static enum net_verdict judge_address(struct broker *b, const struct net_address *want, struct net_address *to)
{
	enum net_verdict v;

	if (own_listener(b, want, to))
		return NET_HOST;
	*to = *want;
	v = grants_connect(&b->grants, want);
	if (v == NET_DENY && b->names && names_allow(b->names, &b->grants, want))
		return NET_HOST;
	return v;
}

static bool fits(const struct call *c, const struct net_address *to)
{
	return c->domain == AF_INET6 ? !(broker_only6(c->sock) && !to->v6) : !to->v6;
}

static int judge_connect(struct broker *b, struct call *c)
{
	struct net_address want, to;
	int state;

	if (!is_tcp(c) || !broker_address(c, &want))
		return broker_local(b, c);
	switch (judge_address(b, &want, &to)) {
	case NET_LOCAL:
		return broker_local(b, c);
	case NET_HOST:
		state = broker_tcp_state(c->sock);
		if (state != TCP_CLOSE)
			return state == TCP_SYN_SENT ? -EALREADY : -EISCONN;
		return fits(c, &to) ? connect_on_host(b, c, &to) : -ENETUNREACH;
	default:
		broker_refused(b, c, &want, NULL);
		return -EACCES;
	}
}

/* --- sockets of the host's namespace */

/* After a non-blocking connect: how it went. Where it failed, the caller gets a fresh socket, or a new try where that is granted. */
static int connect_again(struct broker *b, struct call *c)
{
	struct net_address want, to;
	int state = broker_tcp_state(c->sock), error = 0;

	if (!is_tcp(c) || find_bound(b, c->sock) || !broker_address(c, &want))
		return -EACCES; /* AF_UNSPEC too: it would make the socket one that can be used for anything */
	if (state == TCP_SYN_SENT)
		return -EALREADY;
	if (state != TCP_CLOSE)
		return -EISCONN;
	if (get_int(c->sock, SO_ERROR, &error) < 0 || error)
		return broker_restore(b, c, error ? -error : -ECONNABORTED);
	if (judge_address(b, &want, &to) == NET_HOST && fits(c, &to))
		return connect_on_host(b, c, &to);
	return broker_restore(b, c, -ECONNABORTED);
}

static int judge_host_socket(struct broker *b, struct call *c)
{
	struct bound *at;
	int r;

	switch (c->op) {
	case BROKER_CONNECT:
		return connect_again(b, c);
	case BROKER_LISTEN:
		at = find_bound(b, c->sock);
		if (!at || !broker_bound_at(c->sock, &at->at))
			return -EACCES;
		r = sys_listen(c->sock, c->backlog);
		at->listening |= r == 0;
		return r;
	default:
		return -EINVAL;
	}
}

/* --- the call */

static int fetch_address(struct call *c, const struct seccomp_notif *n)
{
	int len = (int)n->data.args[2];
	ssize_t r;

	if (len < 0 || len > BROKER_ADDRESS)
		return -EINVAL;
	c->n = (uint32_t)len;
	if (!len)
		return 0;
	r = sys_vm_read(c->tid, n->data.args[1], c->address, c->n);
	return r == len ? 0 : -EFAULT;
}

static int open_caller(struct broker *b, struct call *c)
{
	char path[48], text[512];
	const char *line;
	int fd = sys_pidfd_open_thread(c->tid);

	if (fd != -EINVAL)
		return fd;
	/* before 6.9: the thread group's; where a thread has descriptors of its own the call fails below, it cannot go wrong */
	snprintf(path, sizeof path, "%d/status", c->tid);
	AUTO_FD int f = TRY(sys_open(b->proc, path, O_RDONLY, 0));
	ssize_t n = sys_read(f, text, sizeof text - 1);

	if (n <= 0)
		return -ESRCH;
	text[n] = 0;
	line = strstr(text, "Tgid:");
	return line ? sys_pidfd_open((pid_t)strtol(line + 5, NULL, 10)) : -ESRCH;
}

static int fetch(struct broker *b, struct call *c, const struct seccomp_notif *n)
{
	c->pidfd = open_caller(b, c);
	if (c->pidfd < 0)
		return -EACCES;
	c->sock = sys_pidfd_getfd(c->pidfd, c->fd);
	if (c->sock < 0)
		return c->sock == -EBADF ? -EBADF : -EACCES;
	if (get_int(c->sock, SO_DOMAIN, &c->domain) < 0)
		return -ENOTSOCK;
	TRY(get_int(c->sock, SO_TYPE, &c->type));
	TRY(get_int(c->sock, SO_PROTOCOL, &c->protocol));
	if (c->op != BROKER_LISTEN)
		TRY(fetch_address(c, n));
	/* only now is it certain that the process looked at is the one that waits */
	return sys_notif_valid(c->listener, c->id);
}

static int judge(struct broker *b, struct call *c, const struct seccomp_notif *n)
{
	uint64_t netns;

	TRY(fetch(b, c, n));
	TRY(sys_socket_netns(c->sock, &netns));
	if (netns == b->host_netns)
		return judge_host_socket(b, c);
	if (netns != b->sandbox_netns)
		return -EACCES;
	if (c->op == BROKER_LISTEN)
		return broker_local(b, c);
	return c->op == BROKER_BIND ? judge_bind(b, c) : judge_connect(b, c);
}

void broker_notified(struct broker *b, int listener)
{
	struct seccomp_notif n;
	struct call c;
	int r;

	if (sys_notif_recv(listener, &n) < 0)
		return; /* it went away meanwhile */
	memset(&c, 0, sizeof c);
	c.listener = listener;
	c.id = n.id;
	c.tid = (pid_t)n.pid;
	c.fd = (int)n.data.args[0];
	c.backlog = (int)n.data.args[1];
	c.pidfd = c.sock = -1;
	c.op = n.data.nr == SYS_bind ? BROKER_BIND : n.data.nr == SYS_connect ? BROKER_CONNECT : BROKER_LISTEN;
	r = judge(b, &c, &n);
	if (r != CALL_WAITS)
		broker_answer(&c, r);
}
