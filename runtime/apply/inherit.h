/* inherit.h - what the process got from whoever started it: descriptors and the socket activation variables. */
#ifndef WASIRUN_APPLY_INHERIT_H
#define WASIRUN_APPLY_INHERIT_H

#include "base/err.h"

/* Puts /dev/null where standard input, output or error is closed, so that nothing we open can be taken for one of them; and a write that
 * fails becomes an error instead of a signal (SIGPIPE, SIGXFSZ). */
MUST int inherit_streams(struct err *e);

/* Whatever umask our caller has, what we make can be used by ourselves. */
void inherit_umask(void);

/* How many descriptors are open from 3 on without a gap. To be asked before anything is opened. */
int inherit_count(void);

/* Makes all from 3 on close-on-exec (rule R8); init takes that from those that are passed on. */
MUST int inherit_close_on_exec(struct err *e);

/* SIGCHLD as we need it, whatever our caller ignores: an ignored one would reap our children behind our back. */
MUST int inherit_signals(struct err *e);

/* LISTEN_FDS (sd_listen_fds(3)): how many sockets from 3 on are meant for us; 0 when LISTEN_PID names another process. */
MUST int inherit_listen_fds(int *n, struct err *e);

#endif
