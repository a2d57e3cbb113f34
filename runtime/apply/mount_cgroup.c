/* mount_cgroup.c - mounts of type "cgroup": one tree on version 2, a tmpfs with a mount per hierarchy on version 1.
 *
 * In a cgroup namespace the file system is mounted afresh and shows the container's cgroup as its root; without one,
 * or where that is not permitted, the container's own directory of each hierarchy is bound. Never a whole hierarchy
 * of the host.
 * Must not make or change a cgroup. */
#include "apply/mount.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

/* Controllers of one hierarchy of version 1, mounted together. */
#define MAX_CONTROLLERS 8

static const struct mount_attr_bits readonly = { .set = MOUNT_ATTR_RDONLY };

/* "cpu,cpuacct" becomes the options cpu and cpuacct; "name=systemd" is one. */
static int fresh_v1(const char *controllers, uint64_t attr, struct err *e)
{
	const char *options[MAX_CONTROLLERS + 2] = { "source=cgroup" };
	char copy[256], *p = copy, *save = NULL, *word;
	size_t n = 1;

	if ((size_t)snprintf(copy, sizeof copy, "%s", controllers) >= sizeof copy)
		return fail(e, EINVAL, "controllers %s", controllers);
	for (; n <= MAX_CONTROLLERS && (word = strtok_r(p, ",", &save)); p = NULL)
		options[n++] = word;
	options[n] = NULL;
	return mount_fs_simple("cgroup", options, attr, e);
}

static int fresh(const struct cgroup_part *part, bool v2, uint64_t attr, struct err *e)
{
	static const char *const v2_options[] = { "source=cgroup", NULL };

	return v2 ? mount_fs_simple("cgroup2", v2_options, attr, e) : fresh_v1(part->controllers, attr, e);
}

/* -ENOENT without *e: there is no such cgroup, since the container was allowed to go without one. */
static int own_directory(const struct cgroup_part *part, const struct mount_attr_bits *attr, struct err *e)
{
	AUTO_FD int tree = sys_open_tree(AT_FDCWD, part->dir, OPEN_TREE_CLONE);

	if (tree == -ENOENT)
		return tree;
	if (tree < 0)
		return fail_sys(e, tree, "cgroup directory %.160s", part->dir);
	/* what the host has set stays: only more can be taken away */
	TRY(mount_attr_change(tree, attr, e));
	TRY(mount_propagation(tree, MS_PRIVATE, e));
	return take_fd(&tree);
}

/* The detached mount of one part. */
static int part_tree(const struct step_cgroup_mount *c, const struct cgroup_part *part, bool v2, struct err *e)
{
	int tree = -EPERM;

	if (c->cgroup_ns) {
		tree = fresh(part, v2, c->attr.set, e);
		/* a user namespace that does not own the cgroup namespace; a hierarchy with other options */
		if (tree >= 0 || (tree != -EPERM && tree != -EBUSY && tree != -EINVAL) || !part->dir)
			return tree;
	}
	return own_directory(part, &c->attr, e);
}

/* A part below the tmpfs `base`, which is ours alone: its names need no resolving. */
static int mount_part(const struct step_cgroup_mount *c, const struct cgroup_part *part, int base, struct err *e)
{
	AUTO_FD int target = -1;
	AUTO_FD int tree = -1;
	int r = sys_mkdir(base, part->name, 0755);

	if (r < 0)
		return fail_sys(e, r, "%s", part->name);
	target = sys_open(base, part->name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (target < 0)
		return fail_sys(e, target, "%s", part->name);
	tree = part_tree(c, part, !part->controllers || !part->controllers[0], e);
	if (tree == -ENOENT)
		return 0; /* an empty directory: not the host's cgroups in place of ours */
	if (tree < 0)
		return fail_in(e, "%s", part->name);
	return mount_attach(tree, target, e);
}

/* "cpu=cpu,cpuacct" */
static int make_link(int base, const char *link, struct err *e)
{
	size_t n = strcspn(link, "=");
	char name[64];
	int r;

	if (n >= sizeof name || !link[n])
		return fail(e, EINVAL, "internal error: link %s", link);
	memcpy(name, link, n);
	name[n] = 0;
	r = sys_symlink(link + n + 1, base, name);
	return r < 0 ? fail_sys(e, r, "link %s", link) : 0;
}

static int base_tmpfs(struct run *r, const struct step_cgroup_mount *c, struct err *e)
{
	const char *options[] = { "source=tmpfs", "mode=755", "size=64k", NULL, NULL };
	uint64_t attr = c->attr.set & ~(uint64_t)MOUNT_ATTR_RDONLY;
	char label[255];

	if (c->label && r->host->selinux) {
		if ((size_t)snprintf(label, sizeof label, "context=%s", c->label) >= sizeof label)
			return fail(e, EINVAL, "label %s", c->label);
		options[3] = label;
	}
	return mount_fs_simple("tmpfs", options, attr | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
}

static int mount_v2(struct run *r, const struct step_cgroup_mount *c, struct err *e)
{
	AUTO_FD int target = -1;
	AUTO_FD int tree = -1;

	if (!c->parts.n)
		return fail(e, ENOENT, "there is no cgroup to show");
	target = TRY(path_make(r->root, c->target, true, true, e));
	TRY(mount_check_target(r, target, 0, e));
	tree = part_tree(c, &c->parts.v[0], true, e);
	if (tree == -ENOENT) { /* nothing of ours: what lies below, perhaps the host's by a bind of /sys, is covered all the same */
		tree = TRY(base_tmpfs(r, c, e));
		TRY(mount_attr_change(tree, &readonly, e));
	}
	if (tree < 0)
		return tree;
	return mount_attach(tree, target, e);
}

static int mount_v1(struct run *r, const struct step_cgroup_mount *c, struct err *e)
{
	AUTO_FD int target = -1;
	AUTO_FD int base = -1;
	size_t i;

	target = TRY(path_make(r->root, c->target, true, true, e));
	TRY(mount_check_target(r, target, 0, e));
	base = TRY(base_tmpfs(r, c, e));
	TRY(mount_attach(base, target, e));
	for (i = 0; i < c->parts.n; i++)
		TRY(mount_part(c, &c->parts.v[i], base, e));
	for (i = 0; i < c->links.n; i++)
		TRY(make_link(base, c->links.v[i], e));
	return c->attr.set & MOUNT_ATTR_RDONLY ? mount_attr_change(base, &readonly, e) : 0;
}

int op_cgroup_mount(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_cgroup_mount *c = &s->cgroup_mount;

	(void)slot;
	if ((c->v2 ? mount_v2(r, c, e) : mount_v1(r, c, e)) < 0)
		return fail_in(e, "mount %.160s", c->target);
	return 0;
}
