/* killed.h - for tests of what a kill leaves: runs a function in a child that is killed at its n-th entry into or return from a system
 * call. */
#ifndef WASIRUN_TESTS_KILLED_H
#define WASIRUN_TESTS_KILLED_H

#include "tests/unit/test.h"
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* False: fn ended by itself before that, and must have returned 0 or more. */
static inline bool killed_at(int (*fn)(void *), void *arg, int n)
{
	int status, i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(fn(arg) < 0);
	}
	for (i = 0; pid > 0; i++) {
		if (waitpid(pid, &status, 0) != pid || WIFEXITED(status) || WIFSIGNALED(status)) {
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			return false;
		}
		if (i == n || ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
			break;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && !WIFSIGNALED(status))
		;
	return true;
}

#endif
