/* namespaces.c - which namespaces are new, which are joined, and the ids inside.
 * Must not look at a namespace file: whether it exists is found out when it is opened. */
#include "plan/build.h"
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>

int plan_namespaces(struct build *b, struct err *e)
{
	size_t i;

	for (i = 0; i < b->l->namespaces.n; i++) {
		const struct namespace *ns = &b->l->namespaces.v[i];
		uint64_t flag = words_namespace.v[ns->type].value;

		if (is_set(ns->path))
			b->joined |= flag;
		else
			b->made |= flag;
	}
	if (!b->h->privileged && !has_ns(b, CLONE_NEWUSER))
		return plan_fail(
			e, EPERM, "/linux/namespaces",
			"an ordinary user cannot make a container without a user namespace: add {\"type\": \"user\"} with uidMappings "
			"and gidMappings (wasirun spec --rootless writes them), or run as root");
	return 0;
}

static const char *ns_at(struct build *b, uint64_t flag)
{
	size_t i;

	for (i = 0; i < b->l->namespaces.n; i++)
		if (words_namespace.v[b->l->namespaces.v[i].type].value == flag)
			return plan_at(b, "/linux/namespaces/%zu", i);
	return "/linux/namespaces";
}

void plan_clone(struct build *b)
{
	/* joined in this order: the user namespace gives the permissions for the rest, the mount namespace changes what paths mean */
	static const uint64_t order[] = { CLONE_NEWUSER, CLONE_NEWIPC,	  CLONE_NEWUTS,	 CLONE_NEWNET,
					  CLONE_NEWPID,	 CLONE_NEWCGROUP, CLONE_NEWTIME, CLONE_NEWNS };
	struct step_clone c = { .flags = b->made & ~(uint64_t)(CLONE_NEWTIME | CLONE_NEWCGROUP) };
	size_t i, k;

	for (i = 0; i < sizeof order / sizeof *order; i++) {
		for (k = 0; k < b->l->namespaces.n; k++) {
			const struct namespace *ns = &b->l->namespaces.v[k];

			if (words_namespace.v[ns->type].value != order[i] || !is_set(ns->path))
				continue;
			*arena_push(b->a, &c.joins) = (struct join){ order[i], ns->path };
		}
	}
	c.into_cgroup = b->dirs.n && (b->h->cgroup == CGROUP_V2 || b->h->cgroup == CGROUP_HYBRID);
	plan_add(b, STEP_CLONE, STAGE_CLONE, b->l->namespaces.n ? "/linux/namespaces" : "")->clone = c;
}

/* That ranges are not empty, end in time and do not overlap is the decoder's word (rule R17). */
id_ranges plan_ids_from(struct build *b, const id_mappings *maps)
{
	id_ranges out = { NULL, 0 };
	size_t i;

	for (i = 0; i < maps->n; i++)
		*arena_push(b->a, &out) = (struct id_range){ .inside = (uint32_t)maps->v[i].container_id.v,
							     .outside = (uint32_t)maps->v[i].host_id.v,
							     .count = (uint32_t)maps->v[i].size.v };
	return out;
}

bool plan_id_mapped(const id_mappings *maps, uint32_t inside)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (inside >= maps->v[i].container_id.v && inside - maps->v[i].container_id.v < maps->v[i].size.v)
			return true;
	return false;
}

static bool may_map(const struct host *h)
{
	const uint64_t need = 1ull << CAP_SETUID | 1ull << CAP_SETGID;

	return h->privileged && (h->caps & need) == need;
}

/* The kernel lets an unprivileged process write a gid_map only after setgroups has been given up (rule R17). With newgidmap it is that
 * program that decides, from /etc/subgid. */
bool plan_setgroups_denied(struct build *b)
{
	const id_mappings *uids = &b->l->uid_mappings, *gids = &b->l->gid_mappings;

	return (b->made & CLONE_NEWUSER) && !may_map(b->h) && uids->n == 1 && gids->n == 1 && uids->v[0].size.v == 1 &&
	       gids->v[0].size.v == 1 && uids->v[0].host_id.v == b->h->uid && gids->v[0].host_id.v == b->h->gid;
}

/* The one id of an ordinary user may be what he likes inside: what he sets up belongs to it, with no root to become. */
bool plan_no_root(struct build *b)
{
	return plan_setgroups_denied(b) && !plan_id_mapped(&b->l->uid_mappings, 0) && !plan_id_mapped(&b->l->gid_mappings, 0);
}

int plan_id_map(struct build *b, struct err *e)
{
	const id_mappings *uids = &b->l->uid_mappings, *gids = &b->l->gid_mappings;
	struct step_id_map m = { .helpers = false };

	if (b->joined & CLONE_NEWUSER) {
		if (uids->n || gids->n)
			plan_warn(b, "/linux/uidMappings, /linux/gidMappings: ignored, the user namespace that is joined has its own");
		return 0;
	}
	if (!(b->made & CLONE_NEWUSER)) {
		if (uids->n || gids->n)
			return plan_fail(e, EINVAL, uids->n ? "/linux/uidMappings" : "/linux/gidMappings",
					 "mappings need a user namespace: add {\"type\": \"user\"} to /linux/namespaces");
		return 0;
	}
	if (!uids->n || !gids->n)
		return plan_fail(e, EINVAL, ns_at(b, CLONE_NEWUSER), "a new user namespace needs /linux/%s",
				 uids->n ? "gidMappings" : "uidMappings");
	m.uids = plan_ids_from(b, uids);
	m.gids = plan_ids_from(b, gids);
	if (!plan_no_root(b) && (!plan_id_mapped(uids, 0) || !plan_id_mapped(gids, 0)))
		return plan_fail(e, EINVAL, plan_id_mapped(uids, 0) ? "/linux/gidMappings" : "/linux/uidMappings",
				 "id 0 of the container is not mapped, but its file systems are set up as that user");
	m.deny_setgroups = plan_setgroups_denied(b);
	m.helpers = !may_map(b->h) && !m.deny_setgroups;
	plan_add(b, STEP_ID_MAP, STAGE_OUTSIDE, "/linux/uidMappings")->id_map = m;
	return 0;
}

int plan_time(struct build *b, struct err *e)
{
	const struct time_offsets *t = b->l->time_offsets;
	struct step_time_offsets o = { .monotonic.set = false };

	if (t && (b->joined & CLONE_NEWTIME))
		return plan_fail(e, EINVAL, "/linux/timeOffsets", "the time namespace is joined, so its offsets are what they are");
	if (t && !(b->made & CLONE_NEWTIME))
		return plan_fail(e, EINVAL, "/linux/timeOffsets",
				 "offsets need a time namespace: add {\"type\": \"time\"} to /linux/namespaces");
	if (!(b->made & CLONE_NEWTIME))
		return 0;
	if (t && t->monotonic) {
		o.monotonic.set = true;
		o.monotonic.secs = t->monotonic->secs.v;
		o.monotonic.nanosecs = (uint32_t)t->monotonic->nanosecs.v;
	}
	if (t && t->boottime) {
		o.boottime.set = true;
		o.boottime.secs = t->boottime->secs.v;
		o.boottime.nanosecs = (uint32_t)t->boottime->nanosecs.v;
	}
	plan_add(b, STEP_TIME_OFFSETS, STAGE_INSIDE, t ? "/linux/timeOffsets" : ns_at(b, CLONE_NEWTIME))->time_offsets = o;
	return 0;
}
