/* file.c - a file with contents in what is mounted: secrets, which stand in no document and on no disk.
 * Runs in init. Must not replace what is there: the directory is a new tmpfs of ours. */
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"

int op_file(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_file *f = &s->file;
	const char *name;
	int ret;

	(void)slot;
	AUTO_FD int dir = TRY(path_parent(r->root, f->path, &name, e));
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
