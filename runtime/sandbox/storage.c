/* storage.c - which way a data directory is cloned: decided by trying on the file system itself, not by its name.
 * Must not leave anything behind: what is tried is tried with files that never get a name. */
#include "sandbox/storage.h"
#include "sys/sys.h"
#include <errno.h>
#include <linux/magic.h>
#include <string.h>

#ifndef CIFS_SUPER_MAGIC
#define CIFS_SUPER_MAGIC 0xff534d42
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#define V9FS 0x01021997

static const char *const names[] = { [STORAGE_REFLINK] = "reflink", [STORAGE_OVERLAY] = "overlay", [STORAGE_COPY] = "copy" };

const char *storage_name(enum storage s)
{
	return names[s];
}

int storage_named(const char *name, enum storage *out, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name)) {
			*out = (enum storage)i;
			return 0;
		}
	return fail(e, EINVAL, "storage \"%.40s\": reflink, overlay, copy or auto", name);
}

bool storage_reflinks(int from, int to)
{
	AUTO_FD int in = sys_open(from, ".", O_RDWR | O_TMPFILE, 0600);
	AUTO_FD int out = -1;
	static const char block[4096]; /* content that fits into an inode cannot be shared */

	if (in < 0 || sys_write_all(in, block, sizeof block) < 0)
		return false;
	out = sys_open(to, ".", O_WRONLY | O_TMPFILE, 0600);
	return out >= 0 && sys_clone_file(out, in) == 0;
}

/* That needs attributes in the user's name space, and a file system whose names the kernel alone changes. */
bool storage_overlays(int to)
{
	AUTO_FD int file = -1;
	struct statfs fs;

	if (sys_fstatfs(to, &fs) < 0)
		return false;
	switch ((unsigned long)fs.f_type & 0xffffffffu) {
	case OVERLAYFS_SUPER_MAGIC:
	case NFS_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case ECRYPTFS_SUPER_MAGIC:
	case V9FS:
		return false;
	}
	file = sys_open(to, ".", O_WRONLY | O_TMPFILE, 0600);
	return file >= 0 && sys_fsetxattr(file, "user.wasirun", "1", 1) == 0;
}

int storage_choose(int from, int to, bool overlay_ok, enum storage *out, struct err *e)
{
	struct tree_size size;

	*out = STORAGE_REFLINK;
	if (storage_reflinks(from, to))
		return 0;
	*out = STORAGE_COPY;
	if (!overlay_ok || !storage_overlays(to))
		return 0;
	TRY(tree_measure(from, &size, e));
	if (size.bytes < STORAGE_OVERLAY_MAX)
		*out = STORAGE_OVERLAY;
	return 0;
}
