/* stop.h - ends a container's processes. */
#ifndef WASIRUN_APPLY_STOP_H
#define WASIRUN_APPLY_STOP_H

#include "base/err.h"
#include "oci/value.h"
#include <stdbool.h>

/* A signal to the process of pidfd. -ESRCH when it has ended. A frozen container (dirs) is thawed after SIGKILL, or it could not end. */
MUST int stop_signal(int pidfd, const struct strs *dirs, int sig, struct err *e);

/* SIGKILL, and waits until the process has ended, at most timeout_ms. pidfd -1: nothing to do. */
MUST int stop_process(int pidfd, const struct strs *dirs, int timeout_ms, struct err *e);

#endif
