/* Commands that use something up, wait, or start others: what limits, signals and init duties are tested with. */
#include "tests/bats/tool/tool.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int sleep_(int argc, char **argv)
{
	struct timespec t;
	double s = strtod(argv[1], NULL);

	(void)argc;
	t.tv_sec = (time_t)s;
	t.tv_nsec = (long)((s - (double)t.tv_sec) * 1e9);
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
	return 0;
}

/* As pid 1 without a handler it would not die of SIGTERM, and a test that forgets SIGKILL would hang. */
static void leave(int sig)
{
	_exit(128 + sig);
}

static int pause_(int argc, char **argv)
{
	(void)argc, (void)argv;
	signal(SIGTERM, leave);
	signal(SIGINT, leave);
	for (;;) {
		while (waitpid(-1, NULL, 0) > 0)
			;
		pause();
	}
	return 0;
}

static volatile sig_atomic_t got;

static void note(int sig)
{
	got = sig;
}

/* Prints "ready", then the name of each signal it gets; ends at SIGTERM with 0. */
static int trap(int argc, char **argv)
{
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	sigemptyset(&old);
	for (int i = 1; i < argc; i++)
		signal(tool_signal(argv[i]), note);
	signal(SIGTERM, note);
	puts("ready");
	for (;;) {
		sigsuspend(&old);
		if (got)
			printf("got %s\n", sigabbrev_np(got) ? sigabbrev_np(got) : "RT");
		if (got == SIGTERM)
			return 0;
		got = 0;
	}
}

static int kill_self(int argc, char **argv)
{
	int sig = tool_signal(argv[1]);
	sigset_t none;

	(void)argc;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(sig, SIG_DFL);
	kill(getpid(), sig);
	return 1;
}

static int memhog(int argc, char **argv)
{
	size_t n = (size_t)tool_number(argv[1]) << 20;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return tool_failed("mmap");
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
	printf("memhog: ok\n");
	if (argc > 2)
		return sleep_(2, argv + 1);
	return 0;
}

static int forks(int argc, char **argv)
{
	int n = (int)tool_number(argv[1]), made = 0, why = 0;

	for (int i = 0; i < n; i++) {
		pid_t p = fork();

		if (p == 0) {
			for (;;)
				pause();
		}
		if (p < 0) {
			why = errno;
			break;
		}
		made++;
	}
	printf("forks=%d%s%s\n", made, why ? " " : "", why ? strerrorname_np(why) : "");
	if (argc > 2)
		return pause_(argc, argv);
	return 0;
}

static int spin(int argc, char **argv)
{
	struct timespec t;
	double end;

	(void)argc;
	clock_gettime(CLOCK_MONOTONIC, &t);
	end = (double)t.tv_sec + (double)t.tv_nsec / 1e9 + strtod(argv[1], NULL);
	do
		clock_gettime(CLOCK_MONOTONIC, &t);
	while ((double)t.tv_sec + (double)t.tv_nsec / 1e9 < end);
	return 0;
}

static int exec_(int argc, char **argv)
{
	(void)argc;
	execv(argv[1], argv + 1);
	return tool_failed(argv[1]);
}

/* bg COMMAND: in a child that nobody waits for; prints its pid. */
static int bg(int argc, char **argv)
{
	pid_t p = fork();

	if (p == 0) {
		setsid();
		exit(tool_run(argc - 1, argv + 1));
	}
	if (p < 0)
		return tool_failed("fork");
	printf("bg=%d\n", p);
	return 0;
}

static int as(int argc, char **argv)
{
	uid_t u = (uid_t)tool_number(argv[1]);

	if (setresgid(u, u, u) < 0 || setresuid(u, u, u) < 0)
		return tool_failed("setresuid");
	return tool_run(argc - 2, argv + 2);
}

static int flood(int argc, char **argv)
{
	size_t n = (size_t)tool_number(argv[1]) << 20;
	char line[4096];

	(void)argc;
	memset(line, 'x', sizeof(line));
	for (size_t i = 0; i < n; i += sizeof(line)) {
		if (write(2, line, sizeof(line)) < 0)
			return 1;
	}
	return 0;
}

const struct command load_commands[] = {
	{ "sleep", "SECONDS", 1, 1, sleep_ },
	{ "pause", "", 0, 0, pause_ },
	{ "trap", "[SIGNAL...]", 0, -1, trap },
	{ "kill-self", "SIGNAL", 1, 1, kill_self },
	{ "memhog", "MIB [SECONDS]", 1, 2, memhog },
	{ "forks", "N [hold]", 1, 2, forks },
	{ "spin", "SECONDS", 1, 1, spin },
	{ "exec", "PATH [ARG...]", 1, -1, exec_ },
	{ "bg", "COMMAND...", 1, -1, bg },
	{ "as", "UID COMMAND...", 2, -1, as },
	{ "flood", "MIB", 1, 1, flood },
	{ 0 },
};
