/* capture.h - runs a program of the host and keeps what it prints. */
#ifndef WASIRUN_APPLY_CAPTURE_H
#define WASIRUN_APPLY_CAPTURE_H

#include "base/arena.h"
#include "base/err.h"
#include <stddef.h>

/* Runs argv[0], looked for in PATH, and waits for it. *out: its standard output, at most max bytes, NUL-terminated.
 * An exit code other than 0 is an error; its standard error is ours. Never for programs of a container. */
MUST int capture(struct arena *a, char *const argv[], size_t max, char **out, size_t *n, struct err *e);

#endif
