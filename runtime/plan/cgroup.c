/* cgroup.c - where the container's cgroup is, in every hierarchy of the machine, and how init gets into it.
 * Must not name a controller's file: limits do that (limits.c). */
#include "plan/build.h"
#include <errno.h>
#include <sched.h>
#include <string.h>

static bool disabled(const struct build *b)
{
	return b->o->cgroup_manager && strcmp(b->o->cgroup_manager, "disabled") == 0;
}

static bool is_v2(const struct hierarchy *h)
{
	return h->controllers[0] == 0;
}

/* Do the resources limit anything? Device rules alone do not: an ordinary user could not have them anyway. */
static bool limits_asked(const struct resources *r)
{
	return r && (r->memory || r->cpu || r->pids || r->block_io || r->hugepage_limits.n || r->network || r->rdma.n || r->unified.n);
}

/* Our own cgroup as the place for relative paths. A cgroup above the root of our cgroup namespace reads "/../x": the root then. */
static const char *own_cgroup(const struct hierarchy *h)
{
	return !h->own || h->own[0] != '/' || strstr(h->own, "/..") ? "/" : h->own;
}

/* Version 2 forbids processes in a cgroup that has controllers on for its children, so relative paths begin beside our own cgroup, as
 * they do with runc; in version 1 (and in a version 2 hierarchy that serves only as a name, hybrid) they begin below it. */
static const char *base_of(struct build *b, const struct hierarchy *h)
{
	const char *own = own_cgroup(h), *slash;

	if (b->h->cgroup != CGROUP_V2)
		return strcmp(own, "/") == 0 ? "" : own;
	slash = strrchr(own, '/');
	return arena_strn(b->a, own, (size_t)(slash - own));
}

static int check_manager(struct build *b, struct err *e)
{
	const char *m = b->o->cgroup_manager;

	if (m && strcmp(m, "systemd") == 0)
		return plan_fail(e, ENOTSUP, is_set(b->l->cgroups_path) ? "/linux/cgroupsPath" : "",
				 "the systemd cgroup manager is not supported yet: use --cgroup-manager cgroupfs");
	if (m && strcmp(m, "cgroupfs") != 0 && !disabled(b))
		return fail(e, EINVAL, "unknown cgroup manager \"%s\": it is cgroupfs, systemd or disabled", m);
	return 0;
}

int plan_cgroup_paths(struct build *b, struct strs *out, struct err *e)
{
	const char *path = is_set(b->l->cgroups_path) ? b->l->cgroups_path : NULL, *inner;
	size_t i;

	TRY(check_manager(b, e));
	if (disabled(b) || b->h->cgroup == CGROUP_NONE)
		return 0;
	inner = plan_clean_path(b->a, path ? path : b->h->id);
	if (!inner)
		return plan_fail(e, EINVAL, "/linux/cgroupsPath", "\"..\" could lead out of the hierarchy");
	if (strcmp(inner, "/") == 0)
		return plan_fail(e, EINVAL, "/linux/cgroupsPath", "the root of the hierarchy cannot be a container's cgroup");
	for (i = 0; i < b->h->hierarchies.n; i++) {
		const struct hierarchy *h = &b->h->hierarchies.v[i];
		const char *base = path && path[0] == '/' ? "" : base_of(b, h);

		plan_push(b->a, out, arena_fmt(b->a, "%s%s%s", h->dir, base, inner));
	}
	return 0;
}

/* The cgroup file system in the container is writable and the container's own: its root may then make cgroups in it. */
static bool delegated(const struct build *b)
{
	const struct mount *m;
	size_t i;

	if (!(b->made & CLONE_NEWUSER) || !(b->made & CLONE_NEWCGROUP) || !plan_mounts_at(b, "/sys/fs/cgroup", &m))
		return false;
	for (i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], "ro") == 0)
			return false;
	return m->type && strncmp(m->type, "cgroup", 6) == 0;
}

/* The id outside of the user who runs the program, else of the container's root. */
static uint32_t outside(const id_mappings *maps, uint32_t inside)
{
	size_t i;

	for (i = 0; i < maps->n; i++)
		if (inside >= maps->v[i].container_id.v && inside - maps->v[i].container_id.v < maps->v[i].size.v)
			return (uint32_t)(maps->v[i].host_id.v + (inside - maps->v[i].container_id.v));
	return 0;
}

static void add_cgroup(struct build *b, const char *at)
{
	struct step_cgroup c = { .dirs = b->dirs, .manage = true, .refuse_populated = true };
	size_t i;

	c.must = b->cgroup_asked || b->h->privileged;
	c.v2 = b->h->cgroup == CGROUP_V2 || b->h->cgroup == CGROUP_HYBRID;
	if (b->h->cgroup == CGROUP_V2)
		for (i = 0; i < b->h->v2_controllers.n; i++)
			plan_push(b->a, &c.enable, b->h->v2_controllers.v[i]);
	c.chown = delegated(b);
	if (c.chown) {
		c.uid = outside(&b->l->uid_mappings, b->p->user ? b->p->user->uid : 0);
		c.gid = outside(&b->l->gid_mappings, b->p->user ? b->p->user->gid : 0);
	}
	plan_add(b, STEP_CGROUP, STAGE_PREPARE, at)->cgroup = c;
}

/* Rule R16: the device rules are there before anything of the container runs. An ordinary user can neither make the nodes nor
 * attach the program, so nothing is tried unless somebody wrote rules. */
static int add_device_rules(struct build *b, struct limits *x, struct err *e)
{
	bool can = b->h->privileged && !b->h->in_userns;
	size_t n = b->out->steps.n;

	if (!b->h->privileged && !(b->l->resources && b->l->resources->devices.n))
		return 0;
	TRY(plan_device_rules(x, e));
	if (b->out->steps.n > n)
		b->out->steps.v[n].soft = !can;
	return 0;
}

int plan_cgroup(struct build *b, struct err *e)
{
	static const struct resources none;
	const struct resources *r = b->l->resources;
	const char *path = b->l->cgroups_path;
	struct limits x = { .b = b, .r = r ? r : &none, .prefix = "/linux/resources", .relative = !is_set(path) || path[0] != '/' };

	b->cgroup_asked = limits_asked(r) || is_set(path);
	TRY(plan_cgroup_paths(b, &b->dirs, e));
	x.dirs = &b->dirs;
	if (!b->dirs.n) {
		if (limits_asked(r))
			return plan_fail(e, ENOTSUP, "/linux/resources",
					 disabled(b) ? "limits need a cgroup, but the cgroup manager is disabled"
						     : "limits need a cgroup, but none is mounted below /sys/fs/cgroup");
		if (!disabled(b))
			plan_warn(b, "no cgroup file system is mounted: the container's processes cannot be told apart, nor its devices "
				     "limited");
		return 0;
	}
	add_cgroup(b, is_set(path) ? "/linux/cgroupsPath" : "");
	TRY(plan_limits(&x, e));
	return add_device_rules(b, &x, e);
}

/* Only once init is in its cgroup may the cgroup namespace be made: its root is the cgroup of who makes it. */
void plan_cgroup_join(struct build *b)
{
	struct step_cgroup_join j = { .unshare_ns = (b->made & CLONE_NEWCGROUP) != 0 };
	size_t i;

	for (i = 0; i < b->dirs.n && i < b->h->hierarchies.n; i++)
		if (!is_v2(&b->h->hierarchies.v[i]))
			plan_push(b->a, &j.dirs, b->dirs.v[i]);
	if (j.dirs.n || j.unshare_ns)
		plan_add(b, STEP_CGROUP_JOIN, STAGE_INSIDE, "")->cgroup_join = j;
}
