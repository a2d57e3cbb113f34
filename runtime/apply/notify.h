/* notify.h - readiness: sd_notify(3) of the program, passed on to the service manager that started us.
 *
 * The service manager believes only processes of the service's own cgroup, which the container's are not. So the program gets a
 * socket of ours (DIR/notify.sock, with DIR = "notify" in the state directory mounted at NOTIFY_DIR), and `start` and `run` stay
 * until it says READY=1, tell the manager so themselves and name init as the service's MAINPID. */
#ifndef WASIRUN_APPLY_NOTIFY_H
#define WASIRUN_APPLY_NOTIFY_H

#include "base/err.h"
#include <sys/types.h>

#define NOTIFY_DIR "/run/notify"               /* in the container */
#define NOTIFY_SOCKET NOTIFY_DIR "/notify.sock" /* its NOTIFY_SOCKET */
#define NOTIFY_STATE_DIR "notify"              /* in the state directory: what is mounted there */

/* Makes NOTIFY_STATE_DIR in the state directory. */
MUST int notify_prepare(int state_dir, struct err *e);

/* Binds the socket in it, writable for everybody in the container. Returns its fd. */
MUST int notify_bind(int state_dir, struct err *e);

/* Waits until READY=1 comes over sock, or until the process of pidfd has ended. host: the manager's NOTIFY_SOCKET (a path, or "@name").
 * main_pid: what to call MAINPID. Then waits at most 30 s for the manager to have read it (BARRIER=1). */
MUST int notify_forward(int sock, const char *host, pid_t main_pid, int pidfd, struct err *e);

#endif
