/* file.c - a file with contents in what is mounted: secrets, which stand in no document and on no disk, and others than those that the
 * host or an image has.
 * Runs in init. Must not replace what is there: a secret's directory is a new tmpfs of ours, and what is covered stays as it is below. */
#include "apply/mount.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"

#define MARKS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static int make_file(int dir, const char *name, const struct step_file *f, struct err *e)
{
	int ret;

	AUTO_FD int fd = sys_open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0);
	if (fd < 0)
		return fail_sys(e, fd, "cannot make %s", f->path);
	ret = sys_write_all(fd, f->bytes, f->n);
	if (ret == 0)
		ret = sys_chown(fd, "", f->uid, f->gid, AT_EMPTY_PATH);
	if (ret == 0)
		ret = sys_fchmod(fd, f->mode);
	return ret < 0 ? fail_sys(e, ret, "cannot write %s", f->path) : 0;
}

/* A file system of its own for one file: what is in it is in nobody's directory. */
static int new_tmpfs(struct err *e)
{
	int ret;

	AUTO_FD int fs = sys_fsopen("tmpfs");
	if (fs < 0)
		return fail_sys(e, fs, "fsopen tmpfs");
	ret = sys_fsconfig_str(fs, "size", "64k");
	if (ret == 0)
		ret = sys_fsconfig_create(fs);
	if (ret == 0)
		ret = sys_fsmount(fs, MARKS);
	return ret < 0 ? fail_sys(e, ret, "a tmpfs") : ret;
}

/* Before 6.15 a mount can be cloned from within a mount namespace only: it stands on the root for that moment, where nobody looks yet. */
static int detached_file(struct run *r, const struct step_file *f, struct err *e)
{
	AUTO_FD int fs = TRY(new_tmpfs(e));
	int file, ret;

	TRY(make_file(fs, "file", f, e));
	TRY(mount_attach(fs, r->root, e));
	file = sys_open_tree(fs, "file", OPEN_TREE_CLONE);
	ret = sys_fchdir(fs);
	if (ret == 0)
		ret = sys_umount(".", MNT_DETACH);
	if (ret == 0)
		ret = sys_fchdir(r->root);
	if (file < 0)
		return fail_sys(e, file, "open_tree for %s", f->path);
	AUTO_FD int tree = file;
	if (ret == 0)
		ret = sys_mount_setattr(tree, "", AT_EMPTY_PATH, MARKS | MOUNT_ATTR_RDONLY, 0, 0, -1);
	return ret < 0 ? fail_sys(e, ret, "%s", f->path) : take_fd(&tree);
}

int op_file(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_file *f = &s->file;
	const char *name;

	(void)slot;
	if (f->over) {
		AUTO_FD int tree = TRY(detached_file(r, f, e));
		AUTO_FD int target = TRY(path_make(r->root, f->path, false, true, e));

		return mount_attach(tree, target, e);
	}
	AUTO_FD int dir = TRY(path_parent(r->root, f->path, &name, e));
	return make_file(dir, name, f, e);
}
