/* watch.h - what happens to a container while `events` looks on. */
#ifndef WASIRUN_APPLY_WATCH_H
#define WASIRUN_APPLY_WATCH_H

#include "base/err.h"
#include "oci/value.h"
#include <stdint.h>

enum watch_event { WATCH_TIME, WATCH_OOM, WATCH_END };

/* Waits until init (pidfd) has ended, the OOM killer has struck in the container's cgroup once more than *ooms says (which is brought up
 * to date), or the monotonic time until_us is reached. */
MUST int watch_next(int pidfd, const struct strs *dirs, uint64_t *ooms, int64_t until_us, enum watch_event *what, struct err *e);

/* The clock of until_us. */
int64_t watch_now_us(void);

#endif
