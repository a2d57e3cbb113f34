/* mount_table.h - the machine's mount table, for the rare cases in which a mount point is not where everybody expects it.
 *
 * It is asked of findmnt(8), which is libmount's own program: the runtime is linked statically, so that it starts in half the time, and
 * Debian has no static libmount. Costs a process; nothing on the common path may use it. */
#ifndef WASIRUN_APPLY_MOUNT_TABLE_H
#define WASIRUN_APPLY_MOUNT_TABLE_H

#include "base/arena.h"
#include "base/err.h"

/* One mount; valid as long as the arena. */
struct mount_entry {
	const char *fstype;
	const char *root;    /* what of the file system is mounted: "/" or a directory in it */
	const char *target;
	const char *options; /* of the super block, comma separated */
};

/* Calls fn for every mount, in the table's order, until it returns non-zero. Returns 0, or what fn returned when that is negative.
 * Must be called before anything of a container exists. Errors: ENOENT, findmnt is not installed; those of running it. */
typedef int mount_entry_fn(const struct mount_entry *m, void *ctx);
MUST int mount_table_each(struct arena *a, mount_entry_fn *fn, void *ctx, struct err *e);

#endif
