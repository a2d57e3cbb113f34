/* interrupt.h - one descriptor that tells when to stop watching: a signal came, or a process has ended. */
#ifndef WASIRUN_APPLY_INTERRUPT_H
#define WASIRUN_APPLY_INTERRUPT_H

#include "base/err.h"
#include <signal.h>

struct interrupt {
	int any;     /* readable as soon as one of the two has happened */
	int signals;
	sigset_t old;
};
/* From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT wait. pidfd: -1 = no process. */
MUST int interrupt_begin(struct interrupt *i, int pidfd, struct err *e);
/* The signal that came, or 0. They are what they were before. */
int interrupt_end(struct interrupt *i);

#endif
