/* child.h - runs part of a test in a child, because what it does cannot be undone. Its failed checks are printed by the child itself. */
#ifndef WASIRUN_TESTS_CHILD_H
#define WASIRUN_TESTS_CHILD_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SKIPPED 77

/* In the child: ends it with the line of the check that failed. */
#define ENSURE(cond)                                                                             \
	do {                                                                                     \
		if (!(cond)) {                                                                   \
			dprintf(1, "# %s:%d: in the child: %s\n", __FILE__, __LINE__, #cond);    \
			_exit(1);                                                                \
		}                                                                                \
	} while (0)

/* Calls fn in a child. Returns its exit status, or 128 + the signal that ended it. */
static inline int in_child(void (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20); /* nothing here takes a second */
		fn();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
