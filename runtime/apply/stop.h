/* stop.h - ends a container's processes. */
#ifndef WASIRUN_APPLY_STOP_H
#define WASIRUN_APPLY_STOP_H

#include "base/err.h"
#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A signal to the process of pidfd. -ESRCH when it has ended. A frozen container (dirs) is thawed after SIGKILL, or it could not end. */
MUST int stop_signal(int pidfd, const struct strs *dirs, int sig, struct err *e);

/* SIGKILL, and waits until the process has ended, at most timeout_ms. pidfd -1: nothing to do. */
MUST int stop_process(int pidfd, const struct strs *dirs, int timeout_ms, struct err *e);

/* A clean end: sig (after thawing what is frozen), and up to grace_ms for it; then SIGKILL, and *killed. pidfd -1: nothing to do. */
MUST int stop_gently(int pidfd, const struct strs *dirs, int sig, uint64_t grace_ms, bool *killed, struct err *e);

/* Makes all processes of the pid namespace whose init is pid stand still (SIGSTOP, until none runs, at most timeout_ms), or go on: where
 * there is no cgroup to freeze. What it could not finish it takes back. */
MUST int stop_namespace(pid_t pid, bool stop, int timeout_ms, struct err *e);
/* 1: its init stands still by a signal. */
int stop_namespace_stopped(pid_t pid);

#endif
