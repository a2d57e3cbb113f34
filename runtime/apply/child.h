/* child.h - a program of the caller's own, on this machine: with its streams, its terminal and its environment, as a shell would run it. */
#ifndef WASIRUN_APPLY_CHILD_H
#define WASIRUN_APPLY_CHILD_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/value.h"
#include <stdbool.h>
#include <sys/types.h>

/* The caller's environment with vars ("NAME=value") in place of what it had of these names. Ended by NULL. */
char **child_environment(struct arena *a, const struct strs *vars);

/* Runs argv[0], looked for in PATH, and waits. Signals that we get are passed on, but for those of the terminal, which it gets itself;
 * when it stops, so do we. It gets SIGTERM when we die. *code: its exit code, 128 + the signal that ended it, 127 when there is no such
 * program and 126 when it cannot be run (*e says why; 0 is returned all the same). */
MUST int child_run(char *const argv[], char *const env[], int *code, struct err *e);

/* From here on we get SIGTERM when whoever called us dies, unless hang-ups are ignored (nohup). */
void child_die_with_caller(void);

/* Becomes it. Returns only with an error. */
MUST int child_become(char *const argv[], char *const env[], struct err *e);

#endif
