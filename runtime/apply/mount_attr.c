/* mount_attr.c - attributes and propagation of a mount that is not attached yet, or of one that is.
 * Must not clear what a user namespace has inherited as locked, and must not hide that it could not. */
#include "apply/mount.h"
#include "sys/sys.h"
#include <string.h>

/* What a bind does not inherit from its source as soon as one of them is asked for. */
#define EXACT (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW)

/* The access time mode: one field, and the flag for directories, which the kernel locks together with it. */
#define ATIMES ((uint64_t)(MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME))

#define LOCKABLE ((uint64_t)(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC))

static const struct {
	uint64_t attr;
	long st; /* of statfs(2) */
	const char *clears;
} flags[] = {
	{ MOUNT_ATTR_RDONLY, 1 /* ST_RDONLY */, "rw" },
	{ MOUNT_ATTR_NOSUID, 2 /* ST_NOSUID */, "suid" },
	{ MOUNT_ATTR_NODEV, 4 /* ST_NODEV */, "dev" },
	{ MOUNT_ATTR_NOEXEC, 8 /* ST_NOEXEC */, "exec" },
	{ MOUNT_ATTR_NOATIME, 0x400 /* ST_NOATIME */, "atime" },
	{ MOUNT_ATTR_NODIRATIME, 0x800 /* ST_NODIRATIME */, "diratime" },
};
#define ST_RELATIME_ 0x1000

/* What the mount has now. */
static int current(int mount, uint64_t *attr, struct err *e)
{
	struct statfs st;
	size_t i;
	int r = sys_fstatfs(mount, &st);

	if (r < 0)
		return fail_sys(e, r, "statfs");
	*attr = 0;
	for (i = 0; i < sizeof flags / sizeof *flags; i++)
		if (st.f_flags & flags[i].st)
			*attr |= flags[i].attr;
	if (!(*attr & MOUNT_ATTR_NOATIME) && !(st.f_flags & ST_RELATIME_))
		*attr |= MOUNT_ATTR_STRICTATIME;
	return 0;
}

/* The kernel takes the access time field only as a whole: an option that names a part of it and sets nothing says
 * nothing. */
static void normalize(struct mount_attr_bits *a)
{
	bool mode = (a->clear & MOUNT_ATTR__ATIME) == MOUNT_ATTR__ATIME || (a->set & MOUNT_ATTR__ATIME);

	a->clear = mode ? a->clear | MOUNT_ATTR__ATIME : a->clear & ~(uint64_t)MOUNT_ATTR__ATIME;
}

static int set_attr(int mount, unsigned recursive, const struct mount_attr_bits *a)
{
	return sys_mount_setattr(mount, "", AT_EMPTY_PATH | recursive, a->set, a->clear, 0, -1);
}

static int locked(struct err *e, uint64_t attr)
{
	size_t i;

	for (i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].attr & attr)
			return fail_sys(e, -EPERM, "option \"%s\" would clear what the source's mount has locked", flags[i].clears);
	return fail_sys(e, -EPERM, "the source's mount has its attributes locked");
}

/* Once more, with what is locked left alone. asked: what the configuration names; a: with what that implies. */
static int keep_locked(int mount, const struct mount_attr_bits *asked, struct mount_attr_bits a, bool prepared, struct err *e)
{
	uint64_t have = 0, keep, want = a.set & ATIMES;
	bool mode = a.clear & MOUNT_ATTR__ATIME;
	int r;

	TRY(current(mount, &have, e));
	keep = have & LOCKABLE;
	if (prepared)
		keep &= ~asked->clear;
	else if (keep & asked->clear)
		return locked(e, keep & asked->clear);
	if (mode && want != (have & ATIMES) && !prepared)
		return fail_sys(e, -EPERM, "the source's mount has its access time mode locked, and another one is asked for");
	a.set |= keep;
	a.clear &= ~keep;
	if (!prepared) {
		a.set &= ~ATIMES;
		a.clear &= ~ATIMES;
	}
	r = set_attr(mount, 0, &a);
	return r < 0 ? fail_sys(e, r, "mount_setattr") : 0;
}

int mount_attr_bind(int tree, const struct mount_attr_bits *asked, bool prepared, struct err *e)
{
	struct mount_attr_bits a = *asked;
	int r;

	if (!a.set && !a.clear)
		return 0;
	a.clear |= EXACT & ~a.set;
	normalize(&a);
	/* as remount does: one of them asked for replaces them all */
	if ((a.set & ATIMES) || (a.clear & MOUNT_ATTR__ATIME))
		a.clear |= ATIMES;
	if (prepared)
		return keep_locked(tree, asked, a, true, e);
	r = set_attr(tree, 0, &a);
	if (r == -EPERM)
		return keep_locked(tree, asked, a, false, e);
	return r < 0 ? fail_sys(e, r, "mount_setattr") : 0;
}

int mount_attr_change(int mount, const struct mount_attr_bits *asked, struct err *e)
{
	struct mount_attr_bits a = *asked;
	int r;

	normalize(&a);
	if (!a.set && !a.clear)
		return 0;
	r = set_attr(mount, 0, &a);
	if (r == -EPERM)
		return keep_locked(mount, asked, a, false, e);
	if (r == -EINVAL)
		return fail_sys(e, r, "nothing is mounted there");
	return r < 0 ? fail_sys(e, r, "mount_setattr") : 0;
}

int mount_attr_tree(int tree, const struct mount_attr_bits *asked, struct err *e)
{
	struct mount_attr_bits a = *asked;
	int r;

	normalize(&a);
	if (!a.set && !a.clear)
		return 0;
	r = set_attr(tree, AT_RECURSIVE, &a);
	return r < 0 ? fail_sys(e, r, "the recursive mount options") : 0;
}

int mount_propagation(int mount, uint64_t propagation, struct err *e)
{
	unsigned recursive = propagation & MS_REC ? AT_RECURSIVE : 0;
	int r;

	if (!propagation)
		return 0;
	r = sys_mount_setattr(mount, "", AT_EMPTY_PATH | recursive, 0, 0, propagation & ~(uint64_t)MS_REC, -1);
	return r < 0 ? fail_sys(e, r, "cannot set the mount's propagation") : 0;
}
