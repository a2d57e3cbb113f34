/* path.h - paths inside the container's root (rule R2): never strings joined to a prefix, always handles.
 *
 * All of these resolve with openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) at the moment of use; what they return
 * is an O_PATH fd. root: O_PATH fd of the container's root mount. path: as in the config, absolute or relative; ".."
 * cannot leave the root. */
#ifndef WASIRUN_APPLY_PATH_H
#define WASIRUN_APPLY_PATH_H

#include "base/err.h"
#include <stdbool.h>
#include <sys/types.h>

/* The handle of path. follow_last: a link at the end is followed (inside the root). -ENOENT without *e when it is not
 * there. */
MUST int path_open(int root, const char *path, bool follow_last, struct err *e);

/* The handle of the directory of path, made with mode 0755 as far as it is missing, and *name = its last component
 * ("." for the root). */
MUST int path_parent(int root, const char *path, const char **name, struct err *e);

/* The handle of path; missing parts are made: directories, and the last component as a directory or an empty file. */
MUST int path_make(int root, const char *path, bool directory, bool follow_last, struct err *e);

/* A directory that is really one: no component of path may be a link (targets of proc and sysfs, R10). */
MUST int path_make_real_dir(int root, const char *path, struct err *e);

/* A link at path whose text is `text`; its directory is made as path_parent does. One that is there already with the
 * same text is as good; anything else there is -EEXIST. */
MUST int path_symlink(int root, const char *path, const char *text, struct err *e);

#endif
