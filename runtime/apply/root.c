/* root.c - the container's root file system: attached, entered, made read-only.
 * Runs in init. Must not resolve a path inside the rootfs (path.c does), and must leave nothing of the host's tree reachable. */
#include "apply/mount.h"
#include "apply/mount_table.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <linux/mount.h>
#include <string.h>

int op_propagation(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	unsigned flags = s->propagation & MS_REC ? AT_RECURSIVE : 0;
	int ret = sys_mount_setattr(AT_FDCWD, "/", flags, 0, 0, s->propagation & ~(uint64_t)MS_REC, -1);

	(void)r, (void)slot;
	return ret < 0 ? fail_sys(e, ret, "cannot set the propagation of / in the container's mount namespace") : 0;
}

static int clone_tree(const char *path, struct err *e)
{
	int fd = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE);

	return fd < 0 ? fail_sys(e, fd, "the root file system %s", path) : fd;
}

/* The runtime clones the tree when it may: init's user namespace may not be able to reach the path. */
int op_root_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	AUTO_FD int dir = s->root.empty ? -1 : sys_open(AT_FDCWD, s->root.path, O_PATH | O_DIRECTORY, 0);

	if (s->root.empty)
		return 0;
	if (dir < 0)
		return fail_sys(e, dir, "the root file system %s", s->root.path);
	if (r->host->privileged && s->root.clone)
		slot->fd = TRY(clone_tree(s->root.path, e));
	return 0;
}

/* The mount that holds path becomes private, in this mount namespace only: it is found by going up, since only the root of a mount
 * has a propagation. */
static int make_parent_private(const char *path, struct err *e)
{
	size_t n = strlen(path);
	char up[PATH_MAX];
	int ret;

	if (n >= sizeof up)
		return fail(e, ENAMETOOLONG, "the root file system %s", path);
	memcpy(up, path, n + 1);
	for (;;) {
		char *slash = strrchr(up, '/');

		ret = sys_mount_setattr(AT_FDCWD, up, 0, 0, 0, MS_PRIVATE, -1);
		if (ret != -EINVAL || !slash || !up[1])
			break;
		slash[slash == up] = 0;
	}
	return ret < 0 ? fail_sys(e, ret, "cannot make the mount that holds %s private", path) : 0;
}

/* Everything in it is mounted: it holds mount points only. */
static int empty_root(struct run *r, struct err *e)
{
	static const char *const options[] = { "source=root", "mode=755", "size=1m", NULL };
	AUTO_FD int tree = TRY(mount_fs_simple("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e));
	/* not at "/", where a ".." in a link of the host would lead into it. Of /proc we have a handle, and nobody binds from there */
	int ret = sys_move_mount(tree, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH);

	if (ret < 0)
		return fail_sys(e, ret, "cannot mount the root file system");
	r->root = take_fd(&tree);
	return 0;
}

int op_root(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret;

	if (s->root.empty)
		return empty_root(r, e);
	if (!s->root.clone) {
		r->root = sys_open(AT_FDCWD, s->root.path, O_PATH | O_DIRECTORY, 0);
		return r->root < 0 ? fail_sys(e, r->root, "the root file system %s", s->root.path) : 0;
	}
	AUTO_FD int tree = slot->fd >= 0 ? take_fd(&slot->fd) : clone_tree(s->root.path, e);
	if (tree < 0)
		return tree;
	/* not shared with the host: pivot_root refuses a shared root, and nothing mounted below may show up outside */
	ret = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, 0, 0, s->root.propagation ? s->root.propagation : MS_PRIVATE,
				-1);
	if (ret < 0)
		return fail_sys(e, ret, "cannot set the propagation of the root file system");
	if (s->root.private_parent)
		TRY(make_parent_private(s->root.path, e));
	/* hooks look for the root at its own path; where init's user namespace cannot reach that, any place will do */
	ret = sys_move_mount(tree, "", AT_FDCWD, s->root.path, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
	if (ret == -EACCES)
		ret = sys_move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (ret < 0)
		return fail_sys(e, ret, "cannot mount the root file system %s", s->root.path);
	r->root = take_fd(&tree);
	ret = sys_fchdir(r->root); /* where createContainer hooks run, as with runc */
	return ret < 0 ? fail_sys(e, ret, "cannot enter the root file system %s", s->root.path) : 0;
}

static int pivot(struct run *r, struct err *e)
{
	AUTO_FD int old = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	int ret;

	if (old < 0)
		return fail_sys(e, old, "/");
	ret = sys_fchdir(r->root);
	if (ret == 0)
		ret = sys_pivot_root(".", ".");
	if (ret == -EINVAL)
		return fail_sys(e, ret, "pivot_root (on an initial ramdisk --no-pivot is needed)");
	if (ret < 0)
		return fail_sys(e, ret, "pivot_root");
	/* the old root now lies on top of the new one. Its unmounting must not reach the host: private first */
	ret = sys_fchdir(old);
	if (ret == 0)
		ret = sys_mount_setattr(AT_FDCWD, ".", AT_RECURSIVE, 0, 0, MS_PRIVATE, -1);
	if (ret == 0)
		ret = sys_umount(".", MNT_DETACH);
	return ret < 0 ? fail_sys(e, ret, "cannot detach the host's file systems") : 0;
}

/* Without pivot_root the host's tree stays below ours. Its proc and sys must not: with them a process could name files of the host
 * although their mount is covered, and the kernel would let a new user namespace mount fresh ones. They may be mounted anywhere and
 * several times over each other, so the mount table is read, while there still is time to allocate. */
struct api_mounts {
	struct arena *arena;
	struct strs targets;
};

static int take_api_mount(const struct mount_entry *m, void *ctx)
{
	struct api_mounts *x = ctx;

	if ((strcmp(m->fstype, "proc") == 0 || strcmp(m->fstype, "sysfs") == 0) && strcmp(m->root, "/") == 0)
		*arena_push(x->arena, &x->targets) = arena_str(x->arena, m->target);
	return 0;
}

int op_pivot_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct api_mounts x = { .arena = r->arena };

	if (s->pivot != PIVOT_MOVE)
		return 0;
	TRY(mount_table_each(r->arena, take_api_mount, &x, e));
	slot->data = x.targets.v;
	slot->n = x.targets.n;
	return 0;
}

/* The newest first: it lies on top. */
static int hide_api_mounts(struct slot *slot, struct err *e)
{
	char **targets = slot->data;
	size_t i;

	for (i = slot->n; i-- > 0;) {
		int ret = sys_umount(targets[i], MNT_DETACH);

		if (ret == -EPERM || ret == -EINVAL) /* a mount that this user namespace may not remove can still be covered */
			ret = sys_mount("tmpfs", targets[i], "tmpfs", MS_RDONLY, "size=0k,mode=000");
		if (ret < 0 && ret != -ENOENT)
			return fail_sys(e, ret, "cannot hide the host's %s", targets[i]);
	}
	return 0;
}

static int move_over(struct run *r, struct slot *slot, struct err *e)
{
	int ret;

	TRY(hide_api_mounts(slot, e));
	ret = sys_fchdir(r->root);
	if (ret == 0)
		ret = sys_move_mount(r->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (ret == 0)
		ret = sys_chroot(".");
	return ret < 0 ? fail_sys(e, ret, "cannot move the root file system to /") : 0;
}

int op_pivot(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret;

	if (s->pivot == PIVOT_ROOT) {
		TRY(pivot(r, e));
	} else if (s->pivot == PIVOT_MOVE) {
		TRY(move_over(r, slot, e));
	} else {
		ret = sys_fchdir(r->root);
		if (ret == 0)
			ret = sys_chroot(".");
		if (ret < 0)
			return fail_sys(e, ret, "chroot");
	}
	ret = sys_chdir("/");
	return ret < 0 ? fail_sys(e, ret, "chdir /") : 0;
}

int op_root_flags(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	uint64_t propagation = s->root_flags.propagation;
	unsigned rec = propagation & MS_REC ? AT_RECURSIVE : 0;
	int ret = 0;

	(void)slot;
	if (propagation)
		ret = sys_mount_setattr(r->root, "", AT_EMPTY_PATH | rec, 0, 0, propagation & ~(uint64_t)MS_REC, -1);
	if (ret == 0 && s->root_flags.readonly)
		ret = sys_mount_setattr(r->root, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0, -1);
	return ret < 0 ? fail_sys(e, ret, "cannot set the flags of the root file system") : 0;
}
