/* tool.h - the program that containers run in the tests, and the few jobs that tests need done on the host. */
#ifndef WASIRUN_TESTS_TOOL_H
#define WASIRUN_TESTS_TOOL_H

#include <stddef.h>

struct command {
	const char *name;
	const char *args;
	int min, max; /* arguments; max -1 = any */
	/* argv[0] is the command's name. Returns an exit code. */
	int (*run)(int argc, char **argv);
};

/* Each ended by name NULL. */
extern const struct command file_commands[], process_commands[], kernel_commands[], load_commands[], host_commands[];

/* Runs one command line; 127 when there is no such command. */
int tool_run(int argc, char **argv);

/* "WHAT: ENOENT" on standard output (where bats looks), and 1. */
int tool_failed(const char *what);

/* As tool_failed when r is negative; else "WHAT: ok" and 0. */
int tool_report(const char *what, long r);

/* A number in C notation, or the end of the program. */
long long tool_number(const char *s);

/* "TERM", "SIGTERM" or "15". */
int tool_signal(const char *s);

#endif
