/* mountinfo.h - the mount table, for the rare cases in which a mount point is not where everybody expects it.
 *
 * Reading it costs as much as starting a container's namespaces does on a machine with many mounts, so nothing on the common path may. */
#ifndef WASIRUN_SYS_MOUNTINFO_H
#define WASIRUN_SYS_MOUNTINFO_H

#include "base/err.h"

/* One mount as libmount decodes it from /proc/self/mountinfo; valid during the call. */
struct mount_entry {
	const char *fstype;
	const char *root;    /* what of the file system is mounted: "/" or a directory in it */
	const char *target;
	const char *options; /* of the super block, comma separated */
};

/* Calls fn for every mount, in the table's order, until it returns non-zero. Returns 0, or what fn returned when that is negative.
 * Errors: ENOENT, libmount is not installed; those of reading the table. */
typedef int mount_entry_fn(const struct mount_entry *m, void *ctx);
MUST int mountinfo_each(mount_entry_fn *fn, void *ctx, struct err *e);

#endif
