/* cgroup_mount.c - what a mount of type cgroup becomes on this machine.
 * Must not decide where the container's cgroup is (cgroup.c). */
#include "plan/build.h"
#include <errno.h>
#include <sched.h>
#include <string.h>

/* "cpu" in the mount "cpu,cpuacct": programs look for each controller under its own name. */
static void add_links(struct build *b, struct step_cgroup_mount *m, const char *controllers, const char *name)
{
	while (*controllers) {
		size_t n = strcspn(controllers, ",");

		if (!memchr(controllers, '=', n) && (strlen(name) != n || strncmp(name, controllers, n) != 0))
			plan_push(b->a, &m->links, arena_fmt(b->a, "%.*s=%s", (int)n, controllers, name));
		controllers += n + (controllers[n] == ',');
	}
}

int plan_cgroup_mount(struct build *b, const struct mount *m, const char *target, const char *at, struct err *e)
{
	struct step_cgroup_mount c = { .target = target, .v2 = b->h->cgroup == CGROUP_V2, .label = b->l->mount_label };
	struct step_mount s = { .target = target };
	size_t i;

	if (!b->h->hierarchies.n)
		return plan_fail(e, ENOTSUP, at, "this machine has no cgroup file system mounted");
	TRY(plan_mount_options(b, m, at, &s, e));
	c.attr = s.attr;
	c.cgroup_ns = has_ns(b, CLONE_NEWCGROUP);
	for (i = 0; i < b->h->hierarchies.n; i++) {
		const struct hierarchy *h = &b->h->hierarchies.v[i];
		const char *slash = strrchr(h->dir, '/'), *name = slash ? slash + 1 : h->dir;
		struct cgroup_part part = { .name = c.v2 ? "" : name, .controllers = h->controllers };

		part.dir = i < b->dirs.n ? b->dirs.v[i] : arena_fmt(b->a, "%s%s", h->dir, h->own && strcmp(h->own, "/") != 0 ? h->own : "");
		*arena_push(b->a, &c.parts) = part;
		if (!c.v2)
			add_links(b, &c, h->controllers, name);
	}
	plan_add(b, STEP_CGROUP_MOUNT, STAGE_INSIDE, at)->cgroup_mount = c;
	return 0;
}
