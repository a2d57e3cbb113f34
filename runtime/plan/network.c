/* network.c - the container's loopback, the network devices that move into it, and the broker of what is granted beyond.
 * Must not talk to the kernel about devices: whether one exists is found out when it is moved. */
#include "plan/build.h"
#include "plan/grants.h"
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

/* --- network grants */

bool plan_brokered(const struct build *b)
{
	return b->exec ? b->o->join_network : b->o->network && grants_need_broker(b->o->network);
}

bool plan_resolves(const struct build *b)
{
	return !b->exec && b->o->network && grants_has_names(b->o->network);
}

const char *const plan_name_paths[3] = { "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf" };

/* The supervisor answers at 127.0.0.1:53 of the sandbox. A name that the host's own file knows must be asked there, too: only what was
 * answered may be connected to. */
void plan_name_files(struct build *b)
{
	const struct user *u = b->p->user;
	const char *text[3];
	size_t i;

	if (!plan_resolves(b))
		return;
	text[0] = arena_fmt(b->a, "127.0.0.1 localhost%s%s\n::1 localhost\n", is_set(b->c->hostname) ? " " : "",
			    is_set(b->c->hostname) ? b->c->hostname : "");
	text[1] = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n";
	text[2] = "nameserver 127.0.0.1\n";
	for (i = 0; i < 3; i++)
		plan_add(b, STEP_FILE, STAGE_INSIDE, "")->file =
			(struct step_file){ .path = plan_name_paths[i], .bytes = text[i], .n = strlen(text[i]), .mode = 0444,
					    .uid = u ? u->uid : 0, .gid = u ? u->gid : 0, .over = true };
}

int plan_broker(struct build *b, struct err *e)
{
	static const char at[] = "/capabilities/network"; /* of the manifest: the configuration has no say in it */

	if (!plan_brokered(b))
		return 0;
	if (b->exec) {
		plan_add(b, STEP_BROKER, STAGE_START, "")->broker = NULL;
		return 0;
	}
	if (!(b->made & CLONE_NEWUSER) || !(b->made & CLONE_NEWNET))
		return plan_fail(e, EINVAL, at, "network grants need a user and a network namespace of the sandbox's own");
	plan_add(b, STEP_BROKER, STAGE_START, at)->broker = b->o->network;
	return 0;
}
