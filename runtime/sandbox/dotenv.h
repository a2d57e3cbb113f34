/* dotenv.h - one assignment of a .env after the other. Private to dotenv.c and place.c; others use dotenv_parse (place.h). */
#ifndef WASIRUN_SANDBOX_DOTENV_H
#define WASIRUN_SANDBOX_DOTENV_H

#include "base/arena.h"
#include "base/err.h"

struct dotenv {
	const char *at;     /* what was not read yet */
	const char *file;   /* for messages */
	unsigned line;      /* of `at`, from 1 */
	const char *key, *value; /* of the assignment that was read last, from the arena */
	unsigned where;     /* the line where it begins */
};

/* 1: one more was read; 0: that was all; -EINVAL: a line that is none, e names file and line. */
MUST int dotenv_next(struct arena *a, struct dotenv *d, struct err *e);

#endif
