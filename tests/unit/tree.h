/* tree.h - a root for sandboxes of a test's own, and one in it. */
#ifndef WASIRUN_TESTS_TREE_H
#define WASIRUN_TESTS_TREE_H

#include "sandbox/conf.h"
#include "sandbox/sandbox.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lab {
	struct arena a;
	char dir[40];
	struct place p;
	struct err e;
};

static inline bool lab_open(struct lab *l)
{
	memset(l, 0, sizeof *l);
	strcpy(l->dir, "/tmp/wasirun-sandbox-XXXXXX");
	if (!mkdtemp(l->dir))
		return false;
	l->p = (struct place){ .root = arena_fmt(&l->a, "%s/sb", l->dir), .ports = arena_fmt(&l->a, "%s/ports", l->dir),
			       .sockets = arena_fmt(&l->a, "%s/s", l->dir), .uid = geteuid(), .gid = getegid(),
			       .data_uid = geteuid() ? geteuid() : SANDBOX_ROOT_ID, .data_gid = geteuid() ? getegid() : SANDBOX_ROOT_ID };
	return true;
}

static inline void lab_close(struct lab *l)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", l->dir);
	CHECK_INT(system(command), 0);
	arena_drop(&l->a);
}

#define LAB(l)                                            \
	struct lab l __attribute__((cleanup(lab_close))); \
	REQUIRE(lab_open(&(l)))

static inline void shell(struct lab *l, const char *command)
{
	CHECK_INT(system(arena_fmt(&l->a, "cd %s && %s", l->dir, command)), 0);
}

static inline void fill(struct sandbox *s)
{
	s->conf.engine = "postgres";
	s->conf.backend = "native";
	s->conf.port = "5432";
	s->conf.password = "it's \"$x\" \\ `y`\nz";
}

static inline void make(struct lab *l, const char *name)
{
	struct sandbox s;

	if (!CHECK_INT(sandbox_claim(&l->a, &l->p, name, &s, &l->e), 0))
		printf("# %s\n", l->e.text);
	fill(&s);
	CHECK_INT(sandbox_save(&s, &l->e), 0);
	sandbox_close(&s);
}

static inline bool there(struct lab *l, const char *path)
{
	return access(arena_fmt(&l->a, "%s/sb/%s", l->dir, path), F_OK) == 0;
}

#endif
