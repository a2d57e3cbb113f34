/* foreground.h - a runtime that stays while the program runs: passes signals on, copies between our terminal and the program's, reaps,
 * and knows how it ended. */
#ifndef WASIRUN_APPLY_FOREGROUND_H
#define WASIRUN_APPLY_FOREGROUND_H

#include "base/err.h"
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

struct foreground {
	int signals;          /* signalfd */
	sigset_t old;         /* the mask before */
	int tty;              /* master of the program's terminal, or -1; not ours to close */
	bool raw;             /* standard input is a terminal that we have put into raw mode */
	struct termios saved;
};

/* Orphans of the container become our children (prctl(2) PR_SET_CHILD_SUBREAPER). Only for commands that stay. */
MUST int foreground_reap_orphans(struct err *e);

/* Before the program may run: from here on signals wait for foreground_wait. tty: the pty's master or -1. */
MUST int foreground_begin(struct foreground *f, int tty, struct err *e);

/* Until the process pid (our child) ends. *code: its exit code, or 128 + the signal that ended it. */
MUST int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int *code, struct err *e);

/* Puts the terminal and the signal mask back. Harmless when begin failed or was never called on a zeroed struct with signals -1. */
void foreground_end(struct foreground *f);

#endif
