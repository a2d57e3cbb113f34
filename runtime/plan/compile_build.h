/* compile_build.h - what the files of the compiler share. Private to it. */
#ifndef WASIRUN_PLAN_COMPILE_BUILD_H
#define WASIRUN_PLAN_COMPILE_BUILD_H

#include "plan/compile.h"

struct compiling {
	struct arena *a;
	const struct manifest *m;
	const struct host *h;
	const struct command *c;
	struct config *out;
	struct grants *g;
	uint32_t uid, gid;         /* of the program, inside */
	uint32_t outer_uid, outer_gid; /* the same, as the host knows them */
};

/* The fact about a path, or NULL: it is not there. */
const struct path_fact *compile_fact(const struct command *c, const char *path);

/* s at the end of the list; v[n] stays NULL. */
void compile_push(struct arena *a, struct strs *list, const char *s);

/* A mount with options separated by blanks. */
struct mount *compile_mount(struct compiling *k, const char *destination, const char *type, const char *source, const char *options);

/* --- compile_files.c: root, mounts, masks, devices */
MUST int compile_files(struct compiling *k, struct err *e);
/* --- compile_ids.c: user namespace; which ids the program has on both sides */
MUST int compile_ids(struct compiling *k, struct err *e);
/* --- compile_process.c: program, environment, limits, seccomp */
MUST int compile_process(struct compiling *k, struct err *e);
void compile_resources(struct compiling *k);

#endif
