/* mount.h - what the operations on mounts share. Private to runtime/apply.
 *
 * A mount is made detached (fsopen/fsmount, or open_tree with OPEN_TREE_CLONE), gets its attributes while nobody can
 * see it, and is then attached to the handle of its target (rule R3). Nothing here allocates, apart from the
 * functions named *_prepare. */
#ifndef WASIRUN_APPLY_MOUNT_H
#define WASIRUN_APPLY_MOUNT_H

#include "apply/run.h"
#include <linux/mount.h>

/* --- mount.c */

/* Attaches the detached tree to the handle target. */
MUST int mount_attach(int tree, int target, struct err *e);

/* Rule R10: 0 when a mount may be put on the handle target. source_type: f_type of what is to be mounted there. */
MUST int mount_check_target(struct run *r, int target, uint64_t source_type, struct err *e);

/* --- mount_attr.c */

/* Sets the attributes of a detached bind, which begins with those of its source. Nothing asked: nothing changes.
 * Anything asked: the five security attributes are exactly those asked for, and the access time mode is left unless
 * one was asked for (as runc does). Attributes that the kernel has locked (a mount inherited by a user namespace) are
 * kept; -EPERM when one of them was to be cleared. prepared: the runtime cloned the tree with privilege, so no lock
 * is visible; what the source has set counts as locked, unless the configuration clears it by name. */
MUST int mount_attr_bind(int tree, const struct mount_attr_bits *a, bool prepared, struct err *e);

/* Changes the attributes of the mount at the handle, leaving those that were not asked for. */
MUST int mount_attr_change(int mount, const struct mount_attr_bits *a, struct err *e);

/* The same on a whole tree. */
MUST int mount_attr_tree(int tree, const struct mount_attr_bits *a, struct err *e);

/* propagation: MS_* | MS_REC, 0 = leave. */
MUST int mount_propagation(int mount, uint64_t propagation, struct err *e);

/* --- mount_fs.c */

/* Is it a tmpfs whose options say nothing of its mode? */
bool mount_fs_wants_mode(const struct step_mount *m);

/* A new file system as a detached mount. mode: for one that wants it, else -1. Not for one that is too long. */
MUST int mount_fs(struct run *r, const struct step_mount *m, int mode, struct err *e);

/* Is an option longer than fsconfig(2) takes? An overlay's directories may be. */
bool mount_fs_too_long(const struct step_mount *m);

/* The same by mount(2), straight onto the handle target. */
MUST int mount_fs_long(struct run *r, const struct step_mount *m, int target, struct err *e);

/* Changes the options of the file system that is mounted at the handle. */
MUST int mount_fs_reconfigure(const struct step_mount *m, int mount, struct err *e);

/* The part of mount_fs that others need: a file system of that type with these options ("key" or "key=value"),
 * NULL-terminated. */
MUST int mount_fs_simple(const char *fstype, const char *const *options, uint64_t attr, struct err *e);

/* --- mount_bind.c */

/* What the runtime makes for a bind before clone, as far as init may need it: the tree (slot->fd), the user namespace
 * of its id map (slot->fd2), the text of a link to be copied (slot->data). */
MUST int mount_bind_prepare(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e);

/* A detached copy of the source with its attributes set, in init. */
MUST int mount_bind(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e);

/* A detached copy of what is at the handle (recursive: with everything below). */
MUST int mount_clone(int handle, bool recursive, struct err *e);

/* --- idmap.c */

/* In the runtime: an fd of a user namespace with these maps; the container's own when there are none. The fd belongs
 * to the caller. */
MUST int idmap_userns(struct run *r, const struct step_mount *m, struct err *e);

/* Applies the id map to a detached tree. */
MUST int idmap_apply(int tree, int userns, bool recursive, struct err *e);

/* --- copyup.c */

/* Copies what is in the directory `from` (a handle) into the root of the detached tmpfs `to`: types, modes, owners,
 * times and, as far as the tmpfs takes them, extended attributes. Links that share an inode become files of their
 * own; sockets are left out. */
MUST int copy_up(int from, int to, struct err *e);

#endif
