/* streams.h - standard streams of a program that outlives us: nothing to read, and a log to write to. */
#ifndef WASIRUN_APPLY_STREAMS_H
#define WASIRUN_APPLY_STREAMS_H

#include "base/arena.h"
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

struct streams {
	int saved[3]; /* our own; -1 = none */
};

/* Opens a log for appending, made when missing (mode 0640, uid and gid). A link, or what is not that user's own file, is refused: where a
 * log stands its writer may put things. The fd is the caller's. */
MUST int log_file_open(const char *path, uint32_t uid, uint32_t gid, struct err *e);

/* Its size, 0 when it is not there; and its last lines (at most 8 KiB, and none before byte `from`), "" when there are none. */
uint64_t log_file_size(const char *path);
const char *log_file_tail(struct arena *a, const char *path, uint64_t from, size_t lines);

/* Puts /dev/null and the log into the place of our standard streams, for a program that is made next to inherit. */
MUST int streams_to_log(struct streams *s, const char *path, uint32_t uid, uint32_t gid, struct err *e);
/* Our own again. Harmless twice, and on STREAMS_NONE. */
void streams_back(struct streams *s);
#define STREAMS_NONE ((struct streams){ .saved = { -1, -1, -1 } })

#endif
