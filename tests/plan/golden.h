/* golden.h - a machine described in a few lines, for the tests of plan/.
 *
 *	cgroup=v1|v2|hybrid|none   user=root|1000   inside=userns   listen=ENDPOINT   connect=ENDPOINT   plus words: see golden_host.c */
#ifndef WASIRUN_TESTS_GOLDEN_H
#define WASIRUN_TESTS_GOLDEN_H

#include "plan/plan.h"

struct golden {
	struct host host;
	struct plan_options options;
	struct strs dirs; /* update: the container's cgroup directories */
};

/* Reads "key=value" lines; returns NULL or the line that it does not understand. text is cut up. */
const char *golden_host(struct arena *a, char *text, struct golden *out);

#endif
