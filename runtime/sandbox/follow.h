/* follow.h - a sandbox's log, printed, and followed as it grows. */
#ifndef WASIRUN_SANDBOX_FOLLOW_H
#define WASIRUN_SANDBOX_FOLLOW_H

#include "sandbox/sandbox.h"

/* Prints logs/server.log to standard output from its last `lines` lines on (-1 = all). follow: then what is added to it, also when it is
 * replaced or emptied meanwhile, until standard output is closed, the sandbox's logs are deleted or, with a pidfd, that process has ended
 * and all of its words are printed. No log yet: nothing to print, unless it comes later. */
MUST int follow_log(const struct sandbox *s, int64_t lines, bool follow, int pidfd, struct err *e);

#endif
