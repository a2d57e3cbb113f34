/* spawn.h - runs a program of the host's or the container's administrator and waits for it: hooks, newuidmap. */
#ifndef WASIRUN_APPLY_SPAWN_H
#define WASIRUN_APPLY_SPAWN_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPAWN_IN 6     /* pieces of standard input */
#define SPAWN_SAID 200 /* bytes of standard error that are kept: the last ones */

struct spawn {
	const char *path;          /* no PATH is searched */
	char *const *argv;         /* NULL or empty: the path alone */
	char *const *envp;         /* NULL: empty */
	const char *in[SPAWN_IN];  /* what it gets on standard input, one after the other; ends with the first NULL */
	int null;                  /* fd of /dev/null, becomes its standard output */
	int64_t timeout;           /* seconds; 0 = none */
};

struct spawned {
	int status;      /* as of waitpid(2) */
	bool timed_out;  /* its process group was killed */
	char said[SPAWN_SAID + 1]; /* the end of what it wrote to standard error, on one line */
	size_t said_n;
};

/* Runs it in a process group of its own, with default signal dispositions and no descriptor but the three. Returns 0 when it ran and has
 * ended (or was killed), else the reason why it could not be run ("exec /x: No such file or directory"). What it left behind is not waited
 * for, even if that holds its standard error open. No allocation: also for init. */
MUST int spawn_wait(const struct spawn *s, struct spawned *out, struct err *e);

/* How it ended, unless with exit status 0: "exit status 1", "signal: killed". buf: room for the words. */
const char *spawn_ending(const struct spawned *s, char *buf, size_t n);

#endif
