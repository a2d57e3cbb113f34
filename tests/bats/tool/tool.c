/* The container's program in the tests: many small commands in one static file, so that most tests need no image.
 * It must say what it sees and judge nothing; the .bats files judge. `tool do A x \; B y` runs several in one process. */
#include "tests/bats/tool/tool.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command *const tables[] = { file_commands, process_commands, kernel_commands, load_commands,
						host_commands };

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct command *c = tables[i]; c->name; c++) {
			if (strcmp(c->name, name) == 0)
				return c;
		}
	}
	return NULL;
}

static void usage(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct command *c = tables[i]; c->name; c++)
			fprintf(stderr, "tool %s %s\n", c->name, c->args);
	}
	fprintf(stderr, "tool do COMMAND [; COMMAND]...\n");
}

int tool_failed(const char *what)
{
	const char *name = strerrorname_np(errno);

	printf("%s: %s\n", what, name ? name : "unknown errno");
	return 1;
}

int tool_report(const char *what, long r)
{
	if (r < 0)
		return tool_failed(what);
	printf("%s: ok\n", what);
	return 0;
}

long long tool_number(const char *s)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 0);
	if (errno || end == s || *end) {
		fprintf(stderr, "tool: not a number: %s\n", s);
		exit(125);
	}
	return v;
}

int tool_signal(const char *s)
{
	if (*s >= '0' && *s <= '9')
		return (int)tool_number(s);
	if (strncmp(s, "SIG", 3) == 0)
		s += 3;
	for (int i = 1; i < 32; i++) {
		if (strcmp(sigabbrev_np(i), s) == 0)
			return i;
	}
	fprintf(stderr, "tool: no such signal: %s\n", s);
	exit(125);
}

/* do A x ; B y: the exit code is the last one that was not 0, so that a failure in the middle is seen. */
static int run_list(int argc, char **argv)
{
	int worst = 0, from = 0;

	for (int i = 0; i <= argc; i++) {
		int r;

		if (i < argc && strcmp(argv[i], ";") != 0)
			continue;
		r = i > from ? tool_run(i - from, argv + from) : 0;
		worst = r ? r : worst;
		from = i + 1;
	}
	return worst;
}

int tool_run(int argc, char **argv)
{
	const struct command *c;

	if (strcmp(argv[0], "do") == 0)
		return run_list(argc - 1, argv + 1);
	c = find(argv[0]);
	if (!c || argc - 1 < c->min || (c->max >= 0 && argc - 1 > c->max)) {
		fprintf(stderr, "tool: %s: %s\n", argv[0], c ? "wrong number of arguments" : "no such command");
		usage();
		return 127;
	}
	return c->run(argc, argv);
}

int main(int argc, char **argv)
{
	const char *base = argc > 0 ? strrchr(argv[0], '/') : NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A link to the tool is the command it is named after. */
	if (argc > 0 && (base = base ? base + 1 : argv[0]) && find(base)) {
		argv[0] = (char *)base;
		return tool_run(argc, argv);
	}
	if (argc < 2) {
		usage();
		return 127;
	}
	return tool_run(argc - 1, argv + 1);
}
