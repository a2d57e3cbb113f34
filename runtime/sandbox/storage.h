/* storage.h - data directories as copies of others: by reflink, by overlay, by copying. */
#ifndef WASIRUN_SANDBOX_STORAGE_H
#define WASIRUN_SANDBOX_STORAGE_H

#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Overlayfs copies a file as soon as it is opened for writing: it serves small trees only. */
#define STORAGE_OVERLAY_MAX ((uint64_t)64 << 20)

enum storage { STORAGE_REFLINK, STORAGE_OVERLAY, STORAGE_COPY };
const char *storage_name(enum storage s);
/* By name; -EINVAL. */
MUST int storage_named(const char *name, enum storage *out, struct err *e);

struct tree_size {
	uint64_t bytes; /* allocated, not nominal */
	uint64_t files;
};
/* Adds up a tree (not across file systems). */
MUST int tree_measure(int dir, struct tree_size *out, struct err *e);

/* Can files of `from` be cloned (FICLONE) into directory `to`? Tried with a file of no name. */
bool storage_reflinks(int from, int to);

/* Can `to` be the upper layer of an overlay, as far as its file system goes? */
bool storage_overlays(int to);

/* What a clone of `from` into `to` will be, by file system and size. overlay_ok: the caller can mount one there. */
MUST int storage_choose(int from, int to, bool overlay_ok, enum storage *out, struct err *e);

/* Copies all that is below `from` into the empty directory `to`: modes, times, owners (uid/gid instead when not -1), extended attributes,
 * holes, hard links, whiteouts and opaque directories of overlayfs; sockets and pipes are left out; never follows links, never leaves the
 * file system. reflink: clone each file's content, ENOTSUP rather than copying. Files are copied in the kernel (copy_file_range). On an
 * error (ENOSPC: says how much is missing) what was copied is removed again. */
MUST int tree_copy(int from, int to, bool reflink, int64_t uid, int64_t gid, struct err *e);

/* Removes what is below dir (not dir itself). */
MUST int tree_empty(int dir, struct err *e);

#endif
