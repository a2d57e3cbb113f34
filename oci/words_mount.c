/* words_mount.c - the mount options: the union of what the specification, runc and crun know.
 * Must not decide how an option is applied: each word carries its kind and its bits, plan/ does the rest. */
#include "oci/words.h"
#include <linux/mount.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

#define SET(name, bit) { name, bit, 0, OPT_ATTR }
#define CLEAR(name, bit) { name, 0, bit, OPT_ATTR }
#define ATIME(name, mode) { name, mode, MOUNT_ATTR__ATIME, OPT_ATTR }
#define R_SET(name, bit) { name, bit, 0, OPT_ATTR_REC }
#define R_CLEAR(name, bit) { name, 0, bit, OPT_ATTR_REC }
#define R_ATIME(name, mode) { name, mode, MOUNT_ATTR__ATIME, OPT_ATTR_REC }
#define SUPER(name, bit) { name, bit, 0, OPT_SUPER }
#define NO_SUPER(name, bit) { name, 0, bit, OPT_SUPER }
#define NOTHING(name) { name, 0, 0, OPT_NOTHING }

/* The access time modes are one field, not bits: each word clears the field. Leaving a mode ("norelatime", "atime") goes back
 * to the kernel's default, which is relatime. */
static const struct word mount_option[] = {
	SET("ro", MOUNT_ATTR_RDONLY), CLEAR("rw", MOUNT_ATTR_RDONLY),
	SET("nosuid", MOUNT_ATTR_NOSUID), CLEAR("suid", MOUNT_ATTR_NOSUID),
	SET("nodev", MOUNT_ATTR_NODEV), CLEAR("dev", MOUNT_ATTR_NODEV),
	SET("noexec", MOUNT_ATTR_NOEXEC), CLEAR("exec", MOUNT_ATTR_NOEXEC),
	SET("nodiratime", MOUNT_ATTR_NODIRATIME), CLEAR("diratime", MOUNT_ATTR_NODIRATIME),
	SET("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW), CLEAR("symfollow", MOUNT_ATTR_NOSYMFOLLOW),
	ATIME("relatime", MOUNT_ATTR_RELATIME), ATIME("norelatime", MOUNT_ATTR_RELATIME),
	ATIME("noatime", MOUNT_ATTR_NOATIME), ATIME("atime", MOUNT_ATTR_RELATIME),
	ATIME("strictatime", MOUNT_ATTR_STRICTATIME), ATIME("nostrictatime", MOUNT_ATTR_RELATIME),

	R_SET("rro", MOUNT_ATTR_RDONLY), R_CLEAR("rrw", MOUNT_ATTR_RDONLY),
	R_SET("rnosuid", MOUNT_ATTR_NOSUID), R_CLEAR("rsuid", MOUNT_ATTR_NOSUID),
	R_SET("rnodev", MOUNT_ATTR_NODEV), R_CLEAR("rdev", MOUNT_ATTR_NODEV),
	R_SET("rnoexec", MOUNT_ATTR_NOEXEC), R_CLEAR("rexec", MOUNT_ATTR_NOEXEC),
	R_SET("rnodiratime", MOUNT_ATTR_NODIRATIME), R_CLEAR("rdiratime", MOUNT_ATTR_NODIRATIME),
	R_SET("rnosymfollow", MOUNT_ATTR_NOSYMFOLLOW), R_CLEAR("rsymfollow", MOUNT_ATTR_NOSYMFOLLOW),
	R_ATIME("rrelatime", MOUNT_ATTR_RELATIME), R_ATIME("rnorelatime", MOUNT_ATTR_RELATIME),
	R_ATIME("rnoatime", MOUNT_ATTR_NOATIME), R_ATIME("ratime", MOUNT_ATTR_RELATIME),
	R_ATIME("rstrictatime", MOUNT_ATTR_STRICTATIME), R_ATIME("rnostrictatime", MOUNT_ATTR_RELATIME),

	SUPER("sync", MS_SYNCHRONOUS), NO_SUPER("async", MS_SYNCHRONOUS),
	SUPER("dirsync", MS_DIRSYNC),
	SUPER("mand", MS_MANDLOCK), NO_SUPER("nomand", MS_MANDLOCK),
	SUPER("lazytime", MS_LAZYTIME), NO_SUPER("nolazytime", MS_LAZYTIME),
	SUPER("iversion", MS_I_VERSION), NO_SUPER("noiversion", MS_I_VERSION),
	SUPER("silent", MS_SILENT), NO_SUPER("loud", MS_SILENT),
	/* crun's recursive forms: a super block has no tree, so they mean what the plain words mean */
	SUPER("rsync", MS_SYNCHRONOUS), NO_SUPER("rasync", MS_SYNCHRONOUS), SUPER("rdirsync", MS_DIRSYNC),
	SUPER("rmand", MS_MANDLOCK), NO_SUPER("rnomand", MS_MANDLOCK),

	{ "bind", 0, 0, OPT_BIND }, { "rbind", MS_REC, 0, OPT_BIND },
	{ "private", MS_PRIVATE, 0, OPT_PROPAGATION }, { "rprivate", MS_PRIVATE | MS_REC, 0, OPT_PROPAGATION },
	{ "shared", MS_SHARED, 0, OPT_PROPAGATION }, { "rshared", MS_SHARED | MS_REC, 0, OPT_PROPAGATION },
	{ "slave", MS_SLAVE, 0, OPT_PROPAGATION }, { "rslave", MS_SLAVE | MS_REC, 0, OPT_PROPAGATION },
	{ "unbindable", MS_UNBINDABLE, 0, OPT_PROPAGATION }, { "runbindable", MS_UNBINDABLE | MS_REC, 0, OPT_PROPAGATION },
	{ "remount", 0, 0, OPT_REMOUNT },
	{ "tmpcopyup", 0, 0, OPT_TMPCOPYUP },
	{ "idmap", 0, 0, OPT_IDMAP }, { "ridmap", MS_REC, 0, OPT_IDMAP },
	{ "copy-symlink", 0, 0, OPT_COPY_SYMLINK },
	{ "src-nofollow", 0, 0, OPT_SRC_NOFOLLOW },
	{ "dest-nofollow", 0, 0, OPT_DEST_NOFOLLOW },

	NOTHING("defaults"),
	/* of fstab: they speak to mount(8), never to the kernel */
	NOTHING("auto"), NOTHING("noauto"), NOTHING("user"), NOTHING("nouser"), NOTHING("users"), NOTHING("owner"), NOTHING("group"),
	NOTHING("nofail"), NOTHING("_netdev"),
};
const struct words words_mount_option = { "mount option", mount_option, sizeof mount_option / sizeof mount_option[0] };
