/* net_device.c - moves a network device of the host into the container (config-linux.md "Network Devices").
 *
 * It keeps its permanent addresses of global scope, which the kernel drops on the way, and is up afterwards. If create fails later it comes
 * back as it was. Must not touch a device of the container: a name that is taken there is an error. */
#include "apply/netlink.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What it takes to move it back. */
struct moved {
	struct link was;
	int index;          /* its index in the container; 0 = not moved */
	addresses addresses;
};

/* A socket that speaks to the container's network namespace. The runtime has one thread, and is back before it does anything else. */
static int open_there(int netns, int own, struct err *e)
{
	int sock, r = sys_setns(netns, CLONE_NEWNET);

	if (r < 0)
		return fail_sys(e, r, "cannot enter the container's network namespace (network devices need root)");
	sock = netlink_open();
	r = sys_setns(own, CLONE_NEWNET);
	if (r < 0) {
		fd_close(&sock);
		return fail_sys(e, r, "cannot return from the container's network namespace");
	}
	return sock < 0 ? fail_sys(e, sock, "netlink") : sock;
}

/* Under which index it will be found there. The kernel keeps the old one if nobody has it; otherwise we choose, because a name with %d is
 * only known afterwards. 0 = the kernel chooses the old one. */
static int choose_index(int there, int index)
{
	struct link l;
	int i;

	if (netlink_link_at(there, index, &l) == -ENODEV)
		return 0;
	for (i = index + 1; i < index + 4096; i++)
		if (netlink_link_at(there, i, &l) == -ENODEV)
			return i;
	return 0;
}

static int check_name(int there, const char *name, const char *new_name, struct err *e)
{
	struct link l;
	int r;

	if (strstr(new_name, "%d"))
		return 0;
	r = netlink_link(there, new_name, &l);
	if (r == 0)
		return fail(e, EEXIST, "network device %s: the container has a device %s already (a name like eth%%d lets the "
				       "kernel number it)", name, new_name);
	return r == -ENODEV ? 0 : fail_sys(e, r, "network device %s", new_name);
}

static int restore_addresses(int sock, int index, const struct moved *m, struct err *e)
{
	size_t i;
	int r;

	for (i = 0; i < m->addresses.n; i++) {
		r = netlink_add_address(sock, index, &m->addresses.v[i]);
		if (r < 0 && r != -EEXIST)
			return fail_sys(e, r, "network device %s: cannot give it its address back", m->was.name);
	}
	return 0;
}

static int move(struct run *r, int here, int there, int netns, const char *new_name, struct moved *m, struct err *e)
{
	int ret;

	ret = netlink_addresses(here, r->arena, m->was.index, &m->addresses);
	if (ret < 0)
		return fail_sys(e, ret, "network device %s: cannot read its addresses", m->was.name);
	m->index = choose_index(there, m->was.index);
	ret = netlink_move(here, m->was.index, netns, new_name, m->index);
	if (!m->index)
		m->index = m->was.index;
	return ret < 0 ? fail_sys(e, ret, "network device %s: cannot move it to the container as %s", m->was.name, new_name) : 0;
}

static int settle(int there, struct moved *m, struct err *e)
{
	int r;

	TRY(restore_addresses(there, m->index, m, e));
	r = netlink_set_up(there, m->index, true);
	return r < 0 ? fail_sys(e, r, "network device %s: cannot bring it up in the container", m->was.name) : 0;
}

static int open_netns(struct run *r, const char *who, struct err *e)
{
	char path[48];
	int fd;

	snprintf(path, sizeof path, "%s/ns/net", who);
	fd = sys_open(r->proc, path, O_RDONLY, 0); /* a magic link of the verified procfs, on purpose */
	return fd < 0 ? fail_sys(e, fd, "cannot open a network namespace") : fd;
}

int op_net_device(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_net_device *d = &s->net_device;
	const char *new_name = d->new_name && *d->new_name ? d->new_name : d->name;
	struct moved *m = arena_alloc(r->arena, sizeof *m);
	char pid[16];
	int ret;

	snprintf(pid, sizeof pid, "%d", r->pid);
	AUTO_FD int own = TRY(open_netns(r, "self", e));
	AUTO_FD int netns = TRY(open_netns(r, pid, e));
	AUTO_FD int there = TRY(open_there(netns, own, e));
	AUTO_FD int here = netlink_open();
	if (here < 0)
		return fail_sys(e, here, "netlink");
	ret = netlink_link(here, d->name, &m->was);
	if (ret < 0)
		return fail_sys(e, ret, "network device %s", d->name);
	TRY(check_name(there, d->name, new_name, e));
	slot->data = m;
	slot->n = sizeof *m;
	slot->fd = take_fd(&there); /* holds the network namespace, and with it the device, until we end */
	ret = move(r, here, slot->fd, netns, new_name, m, e);
	if (ret >= 0)
		ret = settle(slot->fd, m, e);
	/* the executor undoes steps that succeeded; this one may have failed with the device on the other side already */
	if (ret < 0)
		op_net_device_undo(r, s, slot);
	return ret;
}

void op_net_device_undo(struct run *r, const struct step *s, struct slot *slot)
{
	struct moved *m = slot->data;
	struct err ignored;
	struct link back;
	int own, here;

	(void)s;
	if (!m || !m->index)
		return;
	own = open_netns(r, "self", &ignored);
	here = netlink_open();
	if (own >= 0 && here >= 0 && netlink_move(slot->fd, m->index, own, m->was.name, 0) >= 0 &&
	    netlink_link(here, m->was.name, &back) >= 0) {
		(void)!restore_addresses(here, back.index, m, &ignored);
		(void)!netlink_set_up(here, back.index, m->was.up);
	}
	fd_close(&own);
	fd_close(&here);
	fd_close(&slot->fd);
	slot->data = NULL;
}
