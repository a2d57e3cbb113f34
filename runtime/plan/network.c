/* network.c - the container's loopback and the network devices that move into it.
 * Must not talk to the kernel about devices: whether one exists is found out when it is moved. */
#include "plan/build.h"
#include <errno.h>
#include <sched.h>
#include <string.h>

/* Each name once; "eth%d" finds a free one. */
static int check_device(struct build *b, size_t i, const char *at, struct err *e)
{
	const struct net_device *d = &b->l->net_devices.v[i];
	const char *name = is_set(d->name) ? d->name : d->key;
	size_t k;

	for (k = 0; k < i; k++) {
		const struct net_device *o = &b->l->net_devices.v[k];

		if (!strchr(name, '%') && strcmp(name, is_set(o->name) ? o->name : o->key) == 0)
			return plan_fail(e, EINVAL, at, "two network devices would be called \"%s\"", name);
	}
	return 0;
}

int plan_network(struct build *b, struct err *e)
{
	size_t i;

	if (!b->l->net_devices.n)
		return 0;
	if (!has_ns(b, CLONE_NEWNET))
		return plan_fail(
			e, EINVAL, "/linux/netDevices",
			"unable to move network devices without a network namespace: add {\"type\": \"network\"} to /linux/namespaces");
	if (!b->h->privileged)
		return plan_fail(e, EPERM, "/linux/netDevices", "only root may move network devices into a container");
	for (i = 0; i < b->l->net_devices.n; i++) {
		const struct net_device *d = &b->l->net_devices.v[i];
		const char *at = plan_at(b, "/linux/netDevices/%s", plan_at_key(b, d->key));
		struct step_net_device n = { .name = d->key, .new_name = is_set(d->name) ? d->name : NULL };

		TRY(check_device(b, i, at, e));
		plan_add(b, STEP_NET_DEVICE, STAGE_OUTSIDE, at)->net_device = n;
	}
	return 0;
}
