/* tree.h - inside tree*.c: reading directories, and what is true of every walk through a data directory.
 *
 * What lies in a data directory was written by a server that may have been taken over. So a walk goes from the handle of a directory to a
 * name in it, never through a link, never into another file system, and never deeper than it has descriptors and stack for. */
#ifndef WASIRUN_SANDBOX_TREE_H
#define WASIRUN_SANDBOX_TREE_H

#include "sandbox/storage.h"
#include "sys/sys.h"
#include <dirent.h>

/* No server nests its data deeper. Each level holds two descriptors and a reader. */
#define TREE_DEPTH 64

struct tree_reader {
	int fd;
	ssize_t n, at;
	union {
		char bytes[8192];
		struct dirent64 aligned;
	} buf;
};
/* Starts at the first entry of dir, which stays the caller's. */
MUST int tree_read(struct tree_reader *r, int dir);
/* The next entry but "." and "..": 1 and *out, 0 at the end, or a negative errno. */
MUST int tree_next(struct tree_reader *r, const struct dirent64 **out);

/* A directory of dir, for reading. */
MUST int tree_open(int dir, const char *name);
/* The same where nothing else may be mounted: -EXDEV, for another part of the same file system (bind) too. */
MUST int tree_open_below(int dir, const char *name);
/* Makes a directory and gives it to uid, gid, by its handle, which is returned: dir may be somebody's who exchanges what lies in it
 * meanwhile. -EPERM: that was done. -EEXIST. */
MUST int tree_make(int dir, const char *name, mode_t mode, uid_t uid, gid_t gid);
/* Removes a directory of at with all that is below it (tree_empty); one that is not there is no error. */
MUST int tree_remove(int at, const char *name, struct err *e);
/* d_type as file systems that know it tell, else asked. DT_UNKNOWN: it is gone. */
unsigned char tree_type(int dir, const struct dirent64 *d);

#endif
