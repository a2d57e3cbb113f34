/* foreground.h - a runtime that stays while the program runs: passes signals on, copies between our terminal and the program's, reaps,
 * and knows how it ended. */
#ifndef WASIRUN_APPLY_FOREGROUND_H
#define WASIRUN_APPLY_FOREGROUND_H

#include "base/err.h"
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

/* The program's two output streams as pipes that are read here, counted, and passed on up to a number of bytes; the rest is read and
 * dropped, so that the program does not wait for a reader. */
struct tap {
	int saved[2], read[2]; /* our own streams; the pipes. -1 = none */
	uint64_t left;         /* bytes that may still pass */
	bool cut;              /* some did not */
};

/* Puts pipes in the place of our standard output and error, for a program that is made next to inherit. */
MUST int tap_begin(struct tap *t, uint64_t limit, struct err *e);
/* Our own streams again: from here on only the program writes to the pipes. Harmless twice. */
void tap_release(struct tap *t);
void tap_end(struct tap *t);

struct foreground {
	int signals;          /* signalfd */
	sigset_t old;         /* the mask before */
	int tty;              /* master of the program's terminal, or -1; not ours to close */
	bool raw;             /* standard input is a terminal that we have put into raw mode */
	struct termios saved;
	struct tap *tap;      /* or NULL; set after foreground_begin */
	struct report *report; /* apply/report.h: refused network calls are told as they happen; or NULL; set after foreground_begin */
	int64_t deadline;     /* sys_now_us at which the program is killed; 0 = never */
	bool timed_out;       /* it was */
	bool as_host;         /* a signal that the program neither handles nor ignores ends it, although it is pid 1 of its namespace */
	int ended_by;         /* that signal; 0 = none */
};

/* The deadline that lies ms milliseconds from now. */
int64_t foreground_deadline(uint64_t ms);

/* Are standard input, output and error terminals? */
bool foreground_is_terminal(void);

/* Orphans of the container become our children (prctl(2) PR_SET_CHILD_SUBREAPER). Only for commands that stay. */
MUST int foreground_reap_orphans(struct err *e);

/* Before the program may run: from here on signals wait for foreground_wait. tty: the pty's master or -1. */
MUST int foreground_begin(struct foreground *f, int tty, struct err *e);

/* Until the process pid (our child) ends. *code: its exit code, or 128 + the signal that ended it. */
MUST int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int *code, struct err *e);

/* Puts the terminal and the signal mask back. Harmless when begin failed or was never called on a zeroed struct with signals -1. */
void foreground_end(struct foreground *f);

#endif
