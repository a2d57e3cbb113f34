/* seal.h - the binary that containers may see cannot be written through (rule R1, CVE-2019-5736). */
#ifndef WASIRUN_APPLY_SEAL_H
#define WASIRUN_APPLY_SEAL_H

#include "base/err.h"

/* Makes sure that this process runs from a view of its binary that cannot be opened for writing: returns 0 when it does, else
 * executes itself again from a read-only clone of its mount (or, where that is not allowed, from a sealed memfd) and does not return.
 * To be called before anything else by verbs that make container processes. */
MUST int seal_self(char *const argv[], struct err *e);

#endif
