/* mask.c - maskedPaths and readonlyPaths, once the root is the container's.
 *
 * A masked file gets the host's null device over it, whose handle was verified before anything of the container
 * existed (rule R5): a /dev/null of the image is never used. A masked directory gets an empty read-only tmpfs, one
 * for all of them. Rule R11: only a path that is not there may be passed over, and only when it is opened; every
 * later failure is one. */
#include "apply/mount.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"
#include <linux/mount.h>
#include <stdio.h>

/* What the mask steps of one plan share. Made before clone, used up in init. */
struct covers {
	int null, empty;                   /* mounts: of the null device, of the tmpfs; -1 = not made */
	bool null_attached, empty_attached; /* the first use attaches the mount itself, the later ones a copy */
	dev_t empty_dev;
};

static struct covers *covers_of(struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == STEP_MASK)
			return r->slots[i].data;
	return NULL;
}

/* The first mask step's slot holds what all of them use. */
int op_mask_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct covers *c = covers_of(r);

	(void)s;
	if (c) {
		slot->data = c;
		return 0;
	}
	c = slot->data = arena_alloc(r->arena, sizeof *c);
	c->null = c->empty = -1;
	/* init cannot copy a mount of the host's mount namespace. Without privilege we cannot either: see
	 * null_of_container */
	if (!r->host->privileged)
		return 0;
	slot->fd = TRY(mount_clone(r->dev_null, false, e));
	c->null = slot->fd;
	return mount_propagation(slot->fd, MS_PRIVATE, e);
}

static bool is_host_null(struct run *r, const struct stat *st)
{
	struct stat host;

	return S_ISCHR(st->st_mode) && sys_fstat(r->dev_null, &host) == 0 && st->st_dev == host.st_dev && st->st_ino == host.st_ino;
}

/* An unprivileged runtime has bound the host's null device into the container's /dev: it serves if it is that very
 * inode. */
static int null_of_container(struct run *r, struct err *e)
{
	AUTO_FD int fd = path_open(r->root, "/dev/null", false, e);
	struct stat st;

	if (fd == -ENOENT)
		return fail(e, ENOENT, "there is no /dev/null to cover it with");
	if (fd < 0)
		return fd;
	if (sys_fstat(fd, &st) < 0 || !is_host_null(r, &st))
		return fail(e, EPERM, "the container's /dev/null is not the host's: nothing to cover it with");
	return mount_clone(fd, false, e);
}

static int cover_file(struct run *r, struct covers *c, int target, const struct stat *st, struct err *e)
{
	AUTO_FD int copy = -1;

	if (is_host_null(r, st))
		return 0; /* masked twice */
	if (c->null < 0)
		c->null = TRY(null_of_container(r, e));
	if (c->null_attached)
		copy = TRY(mount_clone(c->null, false, e));
	TRY(mount_attach(copy >= 0 ? copy : c->null, target, e));
	c->null_attached = true;
	return 0;
}

static int make_empty(struct run *r, struct covers *c, struct err *e)
{
	const char *options[] = { "source=tmpfs", "ro", "nr_blocks=1", "nr_inodes=1", NULL, NULL };
	const uint64_t attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	struct stat st;
	char label[255];
	size_t i;

	for (i = 0; r->host->selinux && i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (s->op != STEP_ROOT || !s->root.label)
			continue;
		if ((size_t)snprintf(label, sizeof label, "context=%s", s->root.label) >= sizeof label)
			return fail(e, EINVAL, "label %s", s->root.label);
		options[4] = label;
	}
	c->empty = mount_fs_simple("tmpfs", options, attr, e);
	if (c->empty < 0) {
		options[3] = "nr_inodes=2"; /* Ubuntu's 5.4 wants at least two */
		c->empty = TRY(mount_fs_simple("tmpfs", options, attr, e));
	}
	if (sys_fstat(c->empty, &st) < 0)
		return fail(e, EIO, "cannot look at the new tmpfs");
	c->empty_dev = st.st_dev;
	return 0;
}

static int cover_directory(struct run *r, struct covers *c, int target, const struct stat *st, struct err *e)
{
	AUTO_FD int copy = -1;

	if (c->empty < 0)
		TRY(make_empty(r, c, e));
	if (st->st_dev == c->empty_dev)
		return 0; /* masked twice */
	if (c->empty_attached)
		copy = TRY(mount_clone(c->empty, false, e));
	TRY(mount_attach(copy >= 0 ? copy : c->empty, target, e));
	c->empty_attached = true;
	return 0;
}

static int mask(struct run *r, const struct step *s, struct covers *c, struct err *e)
{
	AUTO_FD int target = path_open(r->root, s->name, true, e);
	struct stat st;
	int ret;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return target;
	ret = sys_fstat(target, &st);
	if (ret < 0)
		return fail_sys(e, ret, "fstat");
	return S_ISDIR(st.st_mode) ? cover_directory(r, c, target, &st, e) : cover_file(r, c, target, &st, e);
}

int op_mask(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	return mask(r, s, slot->data, e) < 0 ? fail_in(e, "cannot mask %.160s", s->name) : 0;
}

/* A copy of the tree on top of itself: what may not be written to there may already be open elsewhere, and the flags
 * of the mount that it belongs to are not ours to change. */
static int seal(struct run *r, const struct step *s, struct err *e)
{
	AUTO_FD int target = path_open(r->root, s->name, true, e);
	AUTO_FD int tree = -1;
	int ret;

	if (target == -ENOENT)
		return 0;
	if (target < 0)
		return target;
	tree = TRY(mount_clone(target, true, e));
	ret = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, -1);
	if (ret < 0)
		return fail_sys(e, ret, "mount_setattr");
	return mount_attach(tree, target, e);
}

int op_readonly(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)slot;
	return seal(r, s, e) < 0 ? fail_in(e, "cannot make %.160s read-only", s->name) : 0;
}
