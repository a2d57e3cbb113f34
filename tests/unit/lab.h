/* lab.h - a cgroup of a test's own in every hierarchy of the machine, killed and removed when the test ends.
 * For tests that need root; elsewhere LAB() and MADE() skip the test. */
#ifndef WASIRUN_TESTS_LAB_H
#define WASIRUN_TESTS_LAB_H

#include "apply/cgroup_dir.h"
#include "apply/ops.h"
#include "apply/probe.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A container's cgroup on this machine, in the hands of a test. */
struct lab {
	struct arena arena;
	struct host host;
	struct plan plan;
	struct step steps[4];
	struct slot slots[4];
	struct run run;
	struct strs *dirs;
	struct err e;
};

static inline bool lab_open(struct lab *l)
{
	struct step_cgroup *c = &l->steps[0].cgroup;
	size_t i;

	memset(l, 0, sizeof *l);
	if (geteuid() != 0 || probe_host(&l->arena, "/", "t", &l->host, &l->e) < 0 || l->host.cgroup == CGROUP_NONE || !l->host.privileged)
		return false;
	for (i = 0; i < 4; i++)
		l->slots[i].fd = l->slots[i].fd2 = -1;
	l->steps[0].op = STEP_CGROUP;
	l->steps[1].op = STEP_CGROUP_JOIN;
	for (i = 0; i < l->host.hierarchies.n; i++) {
		const struct hierarchy *h = &l->host.hierarchies.v[i];
		char *dir = arena_fmt(&l->arena, "%s/wasirun-test-%d", h->dir, getpid());

		*arena_push(&l->arena, &c->dirs) = dir;
		if (*h->controllers)
			*arena_push(&l->arena, &l->steps[1].cgroup_join.dirs) = dir;
		else
			c->v2 = true;
	}
	c->manage = c->must = c->refuse_populated = true;
	c->enable = l->host.v2_controllers;
	l->dirs = &c->dirs;
	l->plan.steps.v = l->steps;
	l->plan.steps.n = 2;
	l->run = (struct run){ .arena = &l->arena, .host = &l->host, .plan = &l->plan, .slots = l->slots };
	return true;
}

static inline int lab_make(struct lab *l)
{
	int r = op_cgroup(&l->run, &l->steps[0], &l->slots[0], &l->e);

	l->slots[0].done = r == 0;
	return r;
}

static inline void lab_close(struct lab *l)
{
	struct err e;

	if (l->dirs) {
		CHECK_INT(cgroup_kill(l->dirs, SIGKILL, 5000, &e), 0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!CHECK_INT(cgroup_remove(l->dirs, 5000, &e), 0))
			printf("# %s\n", e.text);
	}
	arena_drop(&l->arena);
}

#define LAB(l)                                                     \
	struct lab l __attribute__((cleanup(lab_close)));          \
	do {                                                       \
		if (!lab_open(&(l)))                               \
			SKIP("needs root and a cgroup hierarchy"); \
	} while (0)

#define MADE(l)                                                    \
	LAB(l);                                                    \
	do {                                                       \
		if (lab_make(&(l)) < 0) {                          \
			printf("# %s\n", (l).e.text);              \
			SKIP("the hierarchies are not writable");  \
		}                                                  \
	} while (0)

/* A process in the lab's cgroup that runs fn, then sleeps. */
static inline pid_t spawn(struct lab *l, void (*fn)(void))
{
	const char *v2 = l->steps[0].cgroup.v2 ? l->dirs->v[l->dirs->n - 1] : NULL;
	AUTO_FD int cgroup = v2 ? sys_open(AT_FDCWD, v2, O_PATH | O_DIRECTORY, 0) : -1;
	int pidfd, ready[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	fflush(stdout);
	pid = sys_clone(0, &pidfd, cgroup);
	if (pid == 0) {
		alarm(30);
		close(ready[0]);
		if (op_cgroup_join_prepare(&l->run, &l->steps[1], &l->slots[1], &l->e) < 0 ||
		    op_cgroup_join(&l->run, &l->steps[1], &l->slots[1], &l->e) < 0) {
			dprintf(1, "# %s\n", l->e.text);
			_exit(99);
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(98);
		if (fn)
			fn();
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	if (pid > 0)
		close(pidfd);
	return pid;
}

#endif
