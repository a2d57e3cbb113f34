/* netlink.c - rtnetlink requests and their answers. Must not decide anything about containers. */
#include "apply/netlink.h"
#include "sys/sys.h"
#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define NEW_IFINDEX 49   /* IFLA_NEW_IFINDEX */
#define ANSWER (32 << 10) /* what the kernel puts into one datagram of a dump at most */

/* Of the flags of an address those that were set by whoever made it; the others are states. */
#define FLAGS_KEPT (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_PERMANENT | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

struct request {
	struct nlmsghdr h;
	char body[512];
};

static void begin(struct request *q, uint16_t type, uint16_t flags, const void *head, size_t n)
{
	memset(q, 0, sizeof *q);
	q->h.nlmsg_type = type;
	q->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	q->h.nlmsg_seq = 1;
	q->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(n);
	memcpy(NLMSG_DATA(&q->h), head, n);
}

/* Our requests are small: the body holds every one of them. */
static void add(struct request *q, unsigned short type, const void *v, size_t n)
{
	struct rtattr *a = (struct rtattr *)(void *)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(n);
	memcpy(RTA_DATA(a), v, n);
	q->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static int send_request(int sock, const struct request *q)
{
	ssize_t r = sys_send_fd(sock, q, q->h.nlmsg_len, -1);

	return r < 0 ? (int)r : 0;
}

/* Gives each message of the answer to take until the end of it. Returns the kernel's verdict, or what take returned. */
static int receive(int sock, int (*take)(const struct nlmsghdr *h, void *arg), void *arg)
{
	static char buf[ANSWER] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t n;
	int fd;

	for (;;) {
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)buf;
		size_t left;

		n = sys_recv_fd(sock, buf, sizeof buf, &fd);
		if (n < 0)
			return (int)n;
		for (left = (size_t)n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(h))->error;
			if (h->nlmsg_type == NLMSG_DONE)
				return 0;
			if (take)
				TRY(take(h, arg));
			if (!(h->nlmsg_flags & NLM_F_MULTI))
				return 0;
		}
		if (!n)
			return -EIO;
	}
}

static int ask(int sock, const struct request *q)
{
	TRY(send_request(sock, q));
	return receive(sock, NULL, NULL);
}

int netlink_open(void)
{
	return sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

static int take_link(const struct nlmsghdr *h, void *arg)
{
	struct link *l = arg;
	const struct ifinfomsg *m = NLMSG_DATA(h);
	const struct rtattr *a = IFLA_RTA(m);
	int left = (int)IFLA_PAYLOAD(h);

	if (h->nlmsg_type != RTM_NEWLINK)
		return 0;
	l->index = m->ifi_index;
	l->up = m->ifi_flags & IFF_UP;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		size_t n = RTA_PAYLOAD(a);

		if (a->rta_type == IFLA_IFNAME && n && n <= sizeof l->name)
			memcpy(l->name, RTA_DATA(a), n - 1);
	}
	return 0;
}

static int get_link(int sock, int index, const char *name, struct link *out)
{
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct request q;

	memset(out, 0, sizeof *out);
	begin(&q, RTM_GETLINK, 0, &m, sizeof m);
	if (name) {
		if (strlen(name) >= IFNAMSIZ)
			return -ENODEV;
		add(&q, IFLA_IFNAME, name, strlen(name) + 1);
	}
	TRY(send_request(sock, &q));
	TRY(receive(sock, take_link, out));
	return out->index ? 0 : -ENODEV;
}

int netlink_link(int sock, const char *name, struct link *out)
{
	return get_link(sock, 0, name, out);
}

int netlink_link_at(int sock, int index, struct link *out)
{
	return get_link(sock, index, NULL, out);
}

int netlink_set_up(int sock, int index, bool up)
{
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP };
	struct request q;

	begin(&q, RTM_NEWLINK, NLM_F_ACK, &m, sizeof m);
	return ask(sock, &q);
}

int netlink_move(int sock, int index, int netns, const char *name, int new_index)
{
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct request q;
	size_t n = strlen(name) + 1;

	if (n > IFNAMSIZ)
		return -EINVAL;
	begin(&q, RTM_NEWLINK, NLM_F_ACK, &m, sizeof m);
	add(&q, IFLA_IFNAME, name, n);
	add(&q, IFLA_NET_NS_FD, &netns, sizeof netns);
	if (new_index)
		add(&q, NEW_IFINDEX, &new_index, sizeof new_index);
	return ask(sock, &q);
}

struct collector {
	struct arena *arena;
	addresses *list;
	int index;
};

static void copy_address(uint8_t *to, bool *has, const struct rtattr *a, size_t want)
{
	if (RTA_PAYLOAD(a) != want)
		return;
	memcpy(to, RTA_DATA(a), want);
	*has = true;
}

static int take_address(const struct nlmsghdr *h, void *arg)
{
	struct collector *c = arg;
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	const struct rtattr *a = IFA_RTA(m);
	int left = (int)IFA_PAYLOAD(h);
	struct address x = { .family = m->ifa_family, .prefix = m->ifa_prefixlen, .flags = m->ifa_flags };

	if (h->nlmsg_type != RTM_NEWADDR || (int)m->ifa_index != c->index || m->ifa_scope != RT_SCOPE_UNIVERSE)
		return 0;
	x.n = m->ifa_family == AF_INET ? 4 : m->ifa_family == AF_INET6 ? 16 : 0;
	if (!x.n)
		return 0;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFA_LOCAL)
			copy_address(x.local, &x.has_local, a, x.n);
		else if (a->rta_type == IFA_ADDRESS)
			copy_address(x.address, &x.has_address, a, x.n);
		else if (a->rta_type == IFA_BROADCAST)
			copy_address(x.broadcast, &x.has_broadcast, a, x.n);
		else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD(a) == sizeof x.flags)
			memcpy(&x.flags, RTA_DATA(a), sizeof x.flags);
	}
	if (x.flags & IFA_F_PERMANENT)
		*arena_push(c->arena, c->list) = x;
	return 0;
}

int netlink_addresses(int sock, struct arena *a, int index, addresses *out)
{
	struct ifaddrmsg m = { .ifa_family = AF_UNSPEC };
	struct collector c = { .arena = a, .list = out, .index = index };
	struct request q;

	begin(&q, RTM_GETADDR, NLM_F_DUMP, &m, sizeof m);
	TRY(send_request(sock, &q));
	return receive(sock, take_address, &c);
}

int netlink_add_address(int sock, int index, const struct address *x)
{
	struct ifaddrmsg m = {
		.ifa_family = x->family, .ifa_prefixlen = x->prefix, .ifa_scope = RT_SCOPE_UNIVERSE, .ifa_index = (uint32_t)index,
	};
	uint32_t flags = x->flags & FLAGS_KEPT;
	struct request q;

	begin(&q, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &m, sizeof m);
	if (x->has_local)
		add(&q, IFA_LOCAL, x->local, x->n);
	if (x->has_address)
		add(&q, IFA_ADDRESS, x->address, x->n);
	if (x->has_broadcast)
		add(&q, IFA_BROADCAST, x->broadcast, x->n);
	add(&q, IFA_FLAGS, &flags, sizeof flags);
	return ask(sock, &q);
}
