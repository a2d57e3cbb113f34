/* mount.c - the operation that mounts: chooses what is to be done with a step, finds its target, attaches.
 * Must not use a target by path: what is checked is the handle, and the mount goes onto that handle. */
#include "apply/mount.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

int mount_attach(int tree, int target, struct err *e)
{
	int r = sys_move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	struct stat a, b;

	/* the kernel's word for this is the same as for a dozen other things */
	if (r == -EINVAL && sys_fstat(tree, &a) == 0 && sys_fstat(target, &b) == 0 && S_ISDIR(a.st_mode) != S_ISDIR(b.st_mode))
		return fail_sys(e, -ENOTDIR, "a directory cannot be mounted onto a file, nor a file onto a directory");
	return r < 0 ? fail_sys(e, r, "move_mount") : 0;
}

/* Where the handle is, seen from the container's root, for comparison only. */
static int real_path(struct run *r, int handle, char path[PATH_MAX], struct err *e)
{
	char name[32], root[PATH_MAX];
	ssize_t n, k;

	snprintf(name, sizeof name, "self/fd/%d", r->root);
	k = sys_readlink(r->proc, name, root, sizeof root);
	if (k < 0)
		return fail_sys(e, (int)k, "/proc/%s", name);
	snprintf(name, sizeof name, "self/fd/%d", handle);
	n = sys_readlink(r->proc, name, path, PATH_MAX);
	if (n < 0)
		return fail_sys(e, (int)n, "/proc/%s", name);
	if (strcmp(root, "/") == 0)
		return 0;
	if (n < k || strncmp(path, root, (size_t)k) != 0 || (path[k] && path[k] != '/'))
		return fail(e, EXDEV, "the target has left the container's root file system");
	memmove(path, path + k, (size_t)(n - k) + 1);
	return 0;
}

/* What lxcfs and its like may put over files of /proc: figures, nothing that anybody writes to or takes for an answer
 * about safety. */
static bool may_be_covered(const char *path)
{
	static const char *const files[] = {
		"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg",
		"/proc/slabinfo", "/proc/sys/kernel/ns_last_pid", "/proc/sys/crypto/fips_enabled",
	};
	size_t i;

	for (i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(path, files[i]) == 0)
			return true;
	return false;
}

int mount_check_target(struct run *r, int target, uint64_t source_type, struct err *e)
{
	char path[PATH_MAX];
	struct statfs fs;
	int ret = sys_fstatfs(target, &fs);

	if (ret < 0)
		return fail_sys(e, ret, "statfs of the target");
	if ((uint64_t)fs.f_type != PROC_SUPER_MAGIC)
		return 0;
	TRY(real_path(r, target, path, e));
	if (strcmp(path, "/proc") == 0 && source_type == PROC_SUPER_MAGIC)
		return 0;
	if (strcmp(path, "/proc") != 0 && strncmp(path, "/proc/", 6) != 0)
		return 0;
	if (may_be_covered(path))
		return 0;
	return fail(e, EPERM, "cannot be mounted because it is inside /proc (%s)", path);
}

/* A mount on the root itself would cover what is mounted below it and then be left behind. */
static int refuse_root(struct run *r, int target, struct err *e)
{
	char path[PATH_MAX];
	struct stat a, b;

	if (sys_fstat(target, &a) < 0 || sys_fstat(r->root, &b) < 0)
		return fail(e, EIO, "cannot look at the target");
	if (a.st_ino != b.st_ino || a.st_dev != b.st_dev)
		return 0;
	TRY(real_path(r, target, path, e));
	return path[0] && strcmp(path, "/") != 0 ? 0 : fail(e, EINVAL, "the container's root cannot be mounted over: set root.path");
}

static int find_target(struct run *r, const struct step_mount *m, bool directory, uint64_t source_type, struct err *e)
{
	AUTO_FD int target = m->proc_like ? path_make_real_dir(r->root, m->target, e)
					  : path_make(r->root, m->target, directory, !m->dest_nofollow, e);

	if (target < 0)
		return target;
	TRY(refuse_root(r, target, e));
	TRY(mount_check_target(r, target, source_type, e));
	return take_fd(&target);
}

/* private and slave before anybody can see the mount; the others afterwards, because an unbindable mount cannot be
 * attached below a shared one. */
static int attach(const struct step_mount *m, int tree, int target, struct err *e)
{
	bool before = m->propagation & (MS_PRIVATE | MS_SLAVE);

	if (before)
		TRY(mount_propagation(tree, m->propagation, e));
	TRY(mount_attach(tree, target, e));
	return before ? 0 : mount_propagation(tree, m->propagation, e);
}

static int do_bind(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e)
{
	struct statfs fs;
	struct stat st;

	if (slot->data)
		return path_symlink(r->root, m->target, slot->data, e);
	AUTO_FD int tree = mount_bind(r, m, slot, e);
	if (tree < 0)
		return tree;
	if (sys_fstat(tree, &st) < 0 || sys_fstatfs(tree, &fs) < 0)
		return fail(e, EIO, "cannot look at the source %.160s", m->source);
	AUTO_FD int target = find_target(r, m, S_ISDIR(st.st_mode), (uint64_t)fs.f_type, e);
	if (target < 0)
		return target;
	return attach(m, tree, target, e);
}

/* The mode of the directory that a tmpfs without one of its own will cover, -1 when there is none yet. */
static int covered_mode(struct run *r, const struct step_mount *m, struct err *e)
{
	AUTO_FD int fd = mount_fs_wants_mode(m) ? path_open(r->root, m->target, true, e) : -ENOENT;
	struct stat st;

	if (fd == -ENOENT)
		return -1;
	if (fd < 0)
		return fd;
	return sys_fstat(fd, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static int label_mqueue(struct run *r, const struct step_mount *m, int tree, struct err *e)
{
	AUTO_FD int dir = -1;
	int ret;

	if (!m->label || !r->host->selinux || strcmp(m->fstype, "mqueue") != 0)
		return 0;
	dir = sys_open(tree, ".", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return fail_sys(e, dir, "mqueue");
	ret = sys_fsetxattr(dir, "security.selinux", m->label, strlen(m->label) + 1);
	return ret < 0 ? fail_sys(e, ret, "label %s", m->label) : 0;
}

/* A user namespace may not mount sysfs without owning a network namespace; and none of these where the host's has
 * parts of it covered. The host's own then serves. */
static int fall_back(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e)
{
	static const char *const at[][2] = {
		{ "sysfs", "/sys" }, { "proc", "/proc" }, { "mqueue", "/dev/mqueue" }, { "cgroup2", "/sys/fs/cgroup" },
	};
	struct step_mount bind = *m;
	struct err why = *e;
	size_t i;

	for (i = 0; i < sizeof at / sizeof *at; i++) {
		if (strcmp(m->fstype, at[i][0]) != 0)
			continue;
		bind.source = at[i][1];
		bind.bind = bind.rbind = true;
		if (do_bind(r, &bind, slot, e) == 0)
			return 0;
	}
	*e = why;
	return -e->code;
}

static int copy_and_seal(const struct step_mount *m, int target, int tree, bool readonly, struct err *e)
{
	static const struct mount_attr_bits ro = { .set = MOUNT_ATTR_RDONLY };

	if (m->tmpcopyup)
		TRY(copy_up(target, tree, e));
	return readonly ? mount_attr_change(tree, &ro, e) : 0;
}

static int do_long(struct run *r, const struct step_mount *m, int target, struct err *e)
{
	TRY(mount_fs_long(r, m, target, e));
	AUTO_FD int top = path_open(r->root, m->target, true, e);
	if (top < 0)
		return top == -ENOENT ? fail(e, ENOENT, "the mount has vanished") : top;
	TRY(mount_attr_change(top, &m->attr, e));
	return mount_propagation(top, m->propagation, e);
}

/* The host's directory as a bind mount, shown as the sandbox's where it has to be: overlayfs itself cannot be idmapped. */
static struct step_mount lower_of(const struct step_mount *m)
{
	struct step_mount lower = *m;

	lower.bind = true;
	lower.attr = lower.attr_rec = (struct mount_attr_bits){ .set = 0 };
	return lower;
}

/* overlayfs takes names only: those of tmpfs, from within it. */
static int overlay_on(const struct step_mount *m, int tmpfs, struct err *e)
{
	static const char *const layers[] = { "lowerdir=lower", "upperdir=upper", "workdir=work" };
	const char *options[16] = { "source=overlay" };
	AUTO_FD int cwd = sys_open(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
	size_t i, n = 1;
	int ret, tree;

	for (i = 0; i < m->data.n && n < 12; i++)
		options[n++] = m->data.v[i];
	for (i = 0; i < sizeof layers / sizeof *layers; i++)
		options[n++] = layers[i];
	ret = cwd < 0 ? cwd : sys_fchdir(tmpfs);
	if (ret < 0)
		return fail_sys(e, ret, "cannot enter the writable layer");
	tree = mount_fs_simple("overlay", options, m->attr.set, e);
	ret = sys_fchdir(cwd);
	if (ret < 0 && tree >= 0) {
		fd_close(&tree);
		return fail_sys(e, ret, "cannot leave the writable layer");
	}
	return tree;
}

/* A tmpfs for what is written lies below the overlay, at the same place: attached, because overlayfs takes no detached mount, and covered,
 * so that nobody reaches it by another way. */
static int do_overlay(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e)
{
	static const char *const options[] = { "source=cow", "mode=755", NULL }, *const names[] = { "lower", "upper", "work" };
	struct step_mount lower = lower_of(m);
	size_t i;
	int ret;

	AUTO_FD int from = TRY(mount_bind(r, &lower, slot, e));
	AUTO_FD int below = TRY(find_target(r, m, true, 0, e));
	AUTO_FD int tmpfs = TRY(mount_fs_simple("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e));
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		ret = sys_mkdir(tmpfs, names[i], 0755);
		if (ret < 0)
			return fail_sys(e, ret, "cannot prepare the writable layer");
	}
	TRY(mount_attach(tmpfs, below, e));
	ret = sys_move_mount(from, "", tmpfs, "lower", MOVE_MOUNT_F_EMPTY_PATH);
	if (ret < 0)
		return fail_sys(e, ret, "cannot prepare the layers");
	AUTO_FD int top = TRY(overlay_on(m, tmpfs, e));
	AUTO_FD int target = TRY(path_open(r->root, m->target, true, e));
	return mount_attach(top, target, e);
}

static int do_fs(struct run *r, const struct step_mount *asked, struct slot *slot, struct err *e)
{
	bool readonly = asked->tmpcopyup && (asked->attr.set & MOUNT_ATTR_RDONLY);
	struct step_mount m = *asked;
	int mode = covered_mode(r, &m, e);

	if (mode < -1)
		return mode;
	if (readonly)
		m.attr.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	AUTO_FD int target = find_target(r, &m, true, strcmp(m.fstype, "proc") == 0 ? PROC_SUPER_MAGIC : 0, e);
	if (target < 0)
		return target;
	if (mount_fs_too_long(&m) && !m.open_in_parent)
		return do_long(r, &m, target, e);
	AUTO_FD int tree = m.open_in_parent ? take_fd(&slot->fd) : mount_fs(r, &m, mode, e);
	if ((tree == -EPERM || tree == -EBUSY) && m.fallback_bind)
		return fall_back(r, &m, slot, e);
	if (tree < 0)
		return tree;
	TRY(label_mqueue(r, &m, tree, e));
	if (m.idmap)
		TRY(idmap_apply(tree, slot->fd2, false, e));
	TRY(copy_and_seal(&m, target, tree, readonly, e));
	return attach(&m, tree, target, e);
}

static int do_remount(struct run *r, const struct step_mount *m, struct err *e)
{
	AUTO_FD int mount = path_open(r->root, m->target, true, e);

	if (mount == -ENOENT)
		return fail_sys(e, mount, "nothing is mounted there");
	if (mount < 0)
		return mount;
	if (!m->bind && (m->data.n || m->super_set || m->super_clear))
		TRY(mount_fs_reconfigure(m, mount, e));
	TRY(mount_attr_change(mount, &m->attr, e));
	TRY(mount_attr_tree(mount, &m->attr_rec, e));
	return mount_propagation(mount, m->propagation, e);
}

int op_mount_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_mount lower = lower_of(&s->mount), *m = s->mount.own_upper ? &lower : &s->mount;

	if (!m->remount && !m->bind && m->open_in_parent) {
		slot->fd = mount_fs(r, m, -1, e);
		return slot->fd < 0 ? fail_in(e, "mount %.160s", m->target) : 0;
	}
	if (m->remount || (!m->bind && !m->idmap))
		return 0;
	if (mount_bind_prepare(r, m, slot, e) < 0)
		return fail_in(e, "mount %.160s", m->target);
	return 0;
}

int op_mount(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_mount *m = &s->mount;
	int ret;

	if (m->remount)
		ret = do_remount(r, m, e);
	else if (m->bind)
		ret = do_bind(r, m, slot, e);
	else if (m->own_upper)
		ret = do_overlay(r, m, slot, e);
	else
		ret = do_fs(r, m, slot, e);
	fd_close(&slot->fd);
	fd_close(&slot->fd2);
	return ret < 0 ? fail_in(e, "mount %.160s", m->target) : 0;
}
