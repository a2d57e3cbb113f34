/* proc.h - reading and writing files of the verified procfs (rule R4).
 *
 * Every path is resolved beneath the root of that procfs, never onto another file system, never through a magic link; so what a container
 * mounts on its own /proc cannot turn a write of ours into one to another file. proc: r->proc. path: relative, "self/attr/exec". */
#ifndef WASIRUN_APPLY_PROC_H
#define WASIRUN_APPLY_PROC_H

#include "base/err.h"
#include <stddef.h>
#include <sys/types.h>

/* One open, one write(2), one close. Returns 0 or a negative errno. No allocation. */
MUST int proc_write(int proc, const char *path, const char *value);

/* Reads at most n-1 bytes with one read(2) and adds a NUL. Returns the bytes or a negative errno. */
MUST ssize_t proc_read(int proc, const char *path, char *buf, size_t n);

#endif
