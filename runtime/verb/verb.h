/* verb.h - one command = one file = one const struct verb. The table also yields usage, --help, completion and man options.
 * A verb never makes a system call itself. */
#ifndef WASIRUN_VERB_VERB_H
#define WASIRUN_VERB_VERB_H

#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>

enum opt_kind {
	OPT_FLAG,   /* const char **: "true" when given; --flag=false clears it */
	OPT_VALUE,  /* const char **: the last one wins */
	OPT_MANY,   /* struct strs: all of them */
};

struct opt {
	const char *name; /* long name without dashes; -name is accepted too (Go style) */
	char letter;      /* 0 = none */
	enum opt_kind kind;
	const char *arg;  /* "DIR", for help */
	const char *doc;  /* one line; NULL = accepted and hidden (obsolete) */
	size_t offset;    /* of the const char * or struct strs in the verb's own options struct */
	bool secret;      /* its value (of NAME=VALUE: the VALUE) is blotted out on the command line, which everybody can read */
};

struct globals {
	struct arena *arena;
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *debug, *systemd_cgroup;
	const char *version, *obsolete; /* --version; options that mean nothing any more */
	bool root_given;  /* --root was: a directory that is not there is a mistake then */
	const char *self; /* argv[0] */
	int inherited;    /* descriptors open from 3 on without a gap, when we were started (verbs with makes_processes) */
};

struct verb {
	const char *name;
	const char *args;     /* "CONTAINER [SIGNAL]" */
	const char *summary;  /* one line */
	const char *details;  /* for help VERB and the man page; may be NULL */
	const struct opt *opts; /* ended by name NULL */
	size_t opts_size;     /* of its options struct, zeroed */
	int min_args, max_args; /* positional; max -1 = any */
	bool stop_at_first;   /* option parsing stops at the first positional (exec) */
	bool makes_processes; /* must run from a sealed copy of the binary (R1) */
	bool hidden;
	const char *tried;    /* " ls dir ": what people type instead, between spaces, for "did you mean"; may be NULL */
	/* A group: the first argument names one of these (NULL-terminated) instead of run being called. Their options structs begin
	 * with the group's own, so that what is said before a member's name is where its options begin. */
	const struct verb *const *subs;
	/* Returns the exit code (>= 0) or a negative errno with *e filled (exit code `failure`). */
	int (*run)(struct globals *g, const void *opts, int argc, char **argv, struct err *e);
	int failure;          /* exit code of an error, 0 = 1; exec: 255 */
};

extern const struct verb *const verbs[]; /* NULL-terminated, in the order of --help */

#endif
