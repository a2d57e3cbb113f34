/* mounts.c - the configuration's mounts, in their order, and the /dev that every container gets.
 * Must not know the words of the options (mount_options.c) nor look at any path. */
#include "plan/build.h"
#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <string.h>

/* Where a mount goes, as a plain path; NULL where it has "..". Old configurations, and some of today's tools, write a destination as the
 * host sees it. As runc does, the root's own path in front of it is taken away: no container has a directory of that name by chance. */
static const char *target_of(const struct build *b, const struct mount *m)
{
	const char *path = b->c->root ? b->c->root->path : NULL, *root, *clean = plan_clean_path(b->a, m->destination);
	size_t n;

	if (!is_set(path) || !clean)
		return clean;
	root = plan_clean_path(b->a, path[0] == '/' ? path : arena_fmt(b->a, "%s/%s", b->h->bundle, path));
	n = root ? strlen(root) : 0;
	return n > 1 && strncmp(clean, root, n) == 0 && clean[n] == '/' ? clean + n : clean;
}

bool plan_mounts_at(const struct build *b, const char *target, const struct mount **last)
{
	size_t i;

	*last = NULL;
	for (i = 0; i < b->c->mounts.n; i++) {
		const char *its = target_of(b, &b->c->mounts.v[i]);

		if (its && strcmp(its, target) == 0)
			*last = &b->c->mounts.v[i];
	}
	return *last != NULL;
}

/* Rule R6: what a hostile image has at /dev is never used. */
static void add_dev(struct build *b)
{
	const struct mount *m;
	struct step_mount dev = {
		.target = "/dev", .source = "tmpfs", .fstype = "tmpfs", .label = b->l->mount_label, .label_key = "context"
	};

	if (plan_mounts_at(b, "/dev", &m))
		return;
	dev.attr.set = MOUNT_ATTR_NOSUID;
	plan_push(b->a, &dev.data, "mode=755");
	plan_push(b->a, &dev.data, "size=65536k");
	plan_add(b, STEP_MOUNT, STAGE_INSIDE, "")->mount = dev;
}

/* Rule R10: only procfs on /proc, and below it only the files that lxcfs makes. */
static int check_proc(struct build *b, const struct step_mount *m, const char *target, const char *at, struct err *e)
{
	static const char *const allowed[] = { "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo",
					       "sys/kernel/ns_last_pid", "sys/crypto/fips_enabled" };
	size_t i;

	if (strncmp(target, "/proc", 5) != 0 || (target[5] && target[5] != '/') || m->remount)
		return 0;
	if (!target[5]) {
		const char *source = m->bind ? plan_clean_path(b->a, m->source) : NULL;

		if ((m->fstype && strcmp(m->fstype, "proc") == 0) || (source && strcmp(source, "/proc") == 0))
			return 0;
		return plan_fail(e, EINVAL, at,
				 "\"/proc\" cannot be mounted because it is not of type proc: only a proc file system, or the "
				 "host's by a bind, may stand there");
	}
	for (i = 0; i < sizeof allowed / sizeof *allowed; i++)
		if (m->bind && strcmp(target + 6, allowed[i]) == 0)
			return 0;
	return plan_fail(e, EPERM, at, "\"%s\" cannot be mounted because it is inside /proc", target);
}

static int idmap_ranges(struct build *b, const struct mount *m, const char *at, struct step_mount *s, struct err *e)
{
	bool given = m->uid_mappings.n || m->gid_mappings.n;

	if (!s->idmap && !given)
		return 0;
	s->idmap = true;
	if (!b->h->idmap_mounts)
		return plan_fail(e, ENOTSUP, at, "this kernel has no id-mapped mounts");
	if (given && (!m->uid_mappings.n || !m->gid_mappings.n))
		return plan_fail(e, EINVAL, at, "id-mapped mounts must have both uid and gid mappings specified");
	if (!given && !has_ns(b, CLONE_NEWUSER))
		return plan_fail(e, EINVAL, at,
				 "an id-mapped mount needs uidMappings and gidMappings, or a user namespace to take them from");
	s->uids = plan_ids_from(b, &m->uid_mappings);
	s->gids = plan_ids_from(b, &m->gid_mappings);
	return 0;
}

/* Programs and libraries can be reached in any user namespace: to open them beforehand would only cost time. */
static bool of_everybody(const char *source)
{
	static const char *const paths[] = { "/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32" };
	size_t i;

	for (i = 0; i < sizeof paths / sizeof *paths; i++)
		if (strcmp(source, paths[i]) == 0)
			return true;
	return false;
}

static int bind_source(struct build *b, const struct mount *m, const char *at, struct step_mount *s, struct err *e)
{
	if (!is_set(m->source))
		return plan_fail(e, EINVAL, at, "a bind mount needs a source");
	s->source = m->source[0] == '/' ? m->source : arena_fmt(b->a, "%s/%s", b->h->bundle, m->source);
	s->open_in_parent = b->h->privileged && has_ns(b, CLONE_NEWUSER) && (s->idmap || !of_everybody(s->source));
	return 0;
}

/* The group of the terminals: where the user namespace does not know it, devpts would be refused as a whole. */
static void drop_unmapped_gid(struct build *b, const char *at, struct step_mount *s)
{
	struct strs kept = { NULL, 0 };
	size_t i;

	if (!(b->made & CLONE_NEWUSER))
		return;
	for (i = 0; i < s->data.n; i++) {
		uint64_t gid = 0;
		const char *p = s->data.v[i];

		if (strncmp(p, "gid=", 4) == 0)
			for (p += 4; *p >= '0' && *p <= '9' && gid <= UINT32_MAX; p++)
				gid = gid * 10 + (uint64_t)(*p - '0');
		if (strncmp(s->data.v[i], "gid=", 4) == 0 && !*p && gid <= UINT32_MAX &&
		    !plan_id_mapped(&b->l->gid_mappings, (uint32_t)gid))
			plan_warn(b, "%s: %s is left out, the user namespace does not have that group", at, s->data.v[i]);
		else
			plan_push(b->a, &kept, s->data.v[i]);
	}
	s->data = kept;
}

/* An overlay with a writable layer of its own: its lower layer is bound, as the source of a bind mount is. */
static int overlay_source(struct build *b, const char *at, struct step_mount *s, struct err *e)
{
	struct strs kept = { NULL, 0 };
	size_t i;

	s->fstype = "overlay";
	for (i = 0; i < s->data.n; i++) {
		if (strncmp(s->data.v[i], "lowerdir=/", 10) == 0)
			s->source = s->data.v[i] + 9;
		else
			plan_push(b->a, &kept, s->data.v[i]);
	}
	if (!s->source)
		return plan_fail(e, EINVAL, at, "an overlay needs a lowerdir");
	s->data = kept;
	s->rbind = true;
	s->open_in_parent = b->h->privileged && has_ns(b, CLONE_NEWUSER);
	return 0;
}

static int file_system(struct build *b, const struct mount *m, const char *at, struct step_mount *s, struct err *e)
{
	bool user = has_ns(b, CLONE_NEWUSER);

	if (!is_set(m->type) || strcmp(m->type, "none") == 0)
		return plan_fail(e, EINVAL, at, "a mount needs a type, unless it is a bind or a remount");
	if (s->own_upper)
		return overlay_source(b, at, s, e);
	s->fstype = m->type;
	s->open_in_parent = s->open_in_parent && b->h->privileged && user && strcmp(m->type, "overlay") == 0;
	s->source = is_set(m->source) ? m->source : m->type;
	s->proc_like = strcmp(m->type, "proc") == 0 || strcmp(m->type, "sysfs") == 0;
	s->fallback_bind = (strcmp(m->type, "sysfs") == 0 && user && !(b->made & CLONE_NEWNET)) ||
			   (strcmp(m->type, "mqueue") == 0 && user && !(b->made & CLONE_NEWIPC));
	if (strcmp(m->type, "devpts") == 0)
		drop_unmapped_gid(b, at, s);
	/* a block device that is itself read-only can only be mounted so */
	if (s->source[0] == '/' && (s->attr.set & MOUNT_ATTR_RDONLY))
		s->super_set |= MS_RDONLY;
	if (is_set(b->l->mount_label) && !s->proc_like && strcmp(m->type, "mqueue") != 0 && strncmp(m->type, "cgroup", 6) != 0) {
		const char *key = config_annotation(b->c, "run.oci.mount_context_type");

		s->label = b->l->mount_label;
		s->label_key = is_set(key) ? key : "context";
	}
	return 0;
}

/* /dev gets nodes, and other mounts want their mount points in a tmpfs: both become read-only at the end only. */
static bool read_only_later(const struct step_mount *s, const char *target)
{
	return !s->bind && !s->remount && (s->attr.set & MOUNT_ATTR_RDONLY) &&
	       (strcmp(target, "/dev") == 0 || strcmp(s->fstype, "tmpfs") == 0);
}

static bool is_cgroup(const struct build *b, const struct mount *m)
{
	return m->type && (strcmp(m->type, "cgroup") == 0 || (strcmp(m->type, "cgroup2") == 0 && b->h->cgroup == CGROUP_V2));
}

static int one_mount(struct build *b, size_t i, struct err *e)
{
	const struct mount *m = &b->c->mounts.v[i];
	const char *at = plan_at(b, "/mounts/%zu", i), *target = target_of(b, m);
	struct step_mount s = { .target = target };

	if (!target)
		return plan_fail(e, EINVAL, plan_at(b, "%s/destination", at), "the path has \"..\" in it");
	if (strcmp(target, "/") == 0)
		return plan_fail(e, EINVAL, plan_at(b, "%s/destination", at), "the root of the container is mounted already: see /root");
	TRY(plan_mount_options(b, m, at, &s, e));
	if (is_cgroup(b, m) && !s.bind && !s.remount)
		return plan_cgroup_mount(b, m, target, at, e);
	if (s.bind)
		TRY(bind_source(b, m, at, &s, e));
	else if (!s.remount)
		TRY(file_system(b, m, at, &s, e));
	TRY(idmap_ranges(b, m, at, &s, e));
	TRY(check_proc(b, &s, target, at, e));
	if (read_only_later(&s, target)) {
		s.attr.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		plan_push(b->a, &b->late_mounts, at);
		plan_push(b->a, &b->late_mounts, target);
	}
	plan_add(b, STEP_MOUNT, STAGE_INSIDE, at)->mount = s;
	return 0;
}

int plan_mounts(struct build *b, struct err *e)
{
	size_t i;

	if (!(b->made & CLONE_NEWNS))
		return 0;
	add_dev(b);
	for (i = 0; i < b->c->mounts.n; i++)
		TRY(one_mount(b, i, e));
	return 0;
}

void plan_late_mounts(struct build *b)
{
	size_t i;

	for (i = 0; i < b->late_mounts.n; i += 2) {
		struct step *s = plan_add(b, STEP_MOUNT, STAGE_CONTAINER, b->late_mounts.v[i]);

		s->mount = (struct step_mount){ .target = b->late_mounts.v[i + 1], .remount = true, .attr.set = MOUNT_ATTR_RDONLY };
	}
}
