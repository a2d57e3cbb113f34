/* wire.h - what the runtime and init say to each other, over SOCK_SEQPACKET: one message = one datagram + at most one fd.
 *
 * The table in wire.c names every message, who may send it and when; it is printed to docs/protocol.md. Death of the peer is a
 * message: EOF. WARN and TTY may come whenever init speaks; wire_expect() deals with them. */
#ifndef WASIRUN_APPLY_WIRE_H
#define WASIRUN_APPLY_WIRE_H

#include "apply/run.h"
#include "base/text.h"
#include <errno.h>

enum wire_type {
	WIRE_GO = 1,   /* runtime: ids are mapped, go on */
	WIRE_CHILD,    /* joiner: this is init (pid, pidfd attached) */
	WIRE_AT_HOOKS, /* init: mounts are made, the root is not yet changed */
	WIRE_HOOKED,   /* runtime: createRuntime hooks have run */
	WIRE_TTY,      /* init: the pty's master attached */
	WIRE_WARN,     /* init: could not be had, going on */
	WIRE_READY,    /* init: create is complete */
	WIRE_COMMIT,   /* runtime: it is on record; no longer die with me (pid = init's, as the runtime sees it) */
	WIRE_START,    /* start: run the program */
	WIRE_EXECING,  /* init: the next thing is execve; EOF after this means that the program runs */
	WIRE_FAIL,     /* init, joiner: why not */
	WIRE_TYPES
};

struct wire_msg {
	uint32_t type;
	int32_t pid;
	struct err err;
};

/* The code of the error that EOF becomes: no operation of init fails with it. */
#define WIRE_DIED EOWNERDEAD

/* Sends a message of that type. err: for WARN and FAIL, else NULL. fd: -1 = none. Only one system call, so that init can still
 * say why it failed when a seccomp filter lets nothing but write(2) through (fd must be -1 then). */
MUST int wire_send(int wire, enum wire_type type, int32_t pid, const struct err *why, int fd, struct err *e);

/* Waits for a message of that type. WARN is logged, TTY is kept in *tty (if tty is not NULL), FAIL becomes *e, EOF is -WIRE_DIED,
 * anything else is a protocol error. fd: where to put an attached fd, or NULL. Returns 0. */
MUST int wire_expect(int wire, enum wire_type type, struct wire_msg *m, int *fd, int *tty, struct err *e);

/* After EXECING: 0 = EOF, the program runs; else what FAIL said. */
MUST int wire_expect_exec(int wire, struct err *e);

/* In init: hands the pty's master to the runtime. */
MUST int wire_send_tty(struct run *r, int master, struct err *e);

/* The table, as Markdown. */
void wire_print(struct text *t);

#endif
