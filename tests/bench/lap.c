/* lap.c - the bench's stop-watch: runs commands one after the other and prints "NANOSECONDS STATUS" for each.
 *
 * A process of its own, static and small, because a child starts with the peak memory of whoever forked it, and because an
 * interpreter's fork would be most of what is measured.
 *
 *   lap ERRFILE COMMAND... [, COMMAND...]...   time. The commands' standard error goes to ERRFILE, the rest to /dev/null
 *   lap -m ERRFILE COMMAND...                  memory: "OWN TREE STATUS" in KiB. OWN is the peak of the command's first process, TREE
 *                                              the sum of the peaks of all processes it made (ptrace sees each of them end) */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* 128 + signal, as a shell says it. */
static int code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void redirect(const char *errfile)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(errfile, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (null < 0 || log < 0)
		err(127, "%s", errfile);
	dup2(null, 0);
	dup2(null, 1);
	dup2(log, 2);
}

static void time_one(char **argv)
{
	int64_t start;
	int status;
	pid_t pid;

	start = now();
	pid = vfork();
	if (pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		err(127, "%s", argv[0]);
	printf("%lld %d\n", (long long)(now() - start), code(status));
	fflush(stdout);
}

/* A number of /proc/PID/status ("VmHWM:", in KiB), 0 when it is not there. */
static long status_of(pid_t pid, const char *name)
{
	char path[64], buf[4096], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof buf - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = 0;
	at = strstr(buf, name);
	return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

/* Follows the tree until its last process has ended. */
static void watch(pid_t first)
{
	static bool thread[1 << 22]; /* by number: what ends is a thread, and its process is counted already */
	long own = 0, tree = 0;
	struct rusage ru;
	int status, last = 0;
	pid_t pid;

	while ((pid = wait4(-1, &status, __WALL, &ru)) > 0) {
		if (WIFSTOPPED(status)) {
			int event = status >> 16, sig = WSTOPSIG(status);

			if (event == PTRACE_EVENT_EXIT)
				thread[pid] = status_of(pid, "Tgid:") != pid;
			if (event == PTRACE_EVENT_EXIT && pid == first)
				own = status_of(pid, "VmHWM:");
			/* a group-stop or an event: go on; anything else is a signal to be delivered */
			ptrace(PTRACE_CONT, pid, 0, event || sig == SIGTRAP ? 0 : sig);
			continue;
		}
		/* what is reported is the greatest of the process's programs and of the children that it has waited for */
		if (pid == first)
			last = status;
		else if (!thread[pid])
			tree += ru.ru_maxrss;
	}
	printf("%ld %ld %d\n", own, own + tree, code(last));
}

static void memory(char **argv)
{
	const long options = PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	int gate[2];
	char byte;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0)
		err(127, "pipe");
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 0)
			execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
		err(127, "ptrace");
	close(gate[0]);
	close(gate[1]);
	watch(pid);
}

int main(int argc, char **argv)
{
	bool mem = argc > 1 && !strcmp(argv[1], "-m");
	int i, first;

	argv += mem;
	argc -= mem;
	if (argc < 3)
		errx(127, "usage: lap [-m] ERRFILE COMMAND... [, COMMAND...]...");
	fcntl(1, F_SETFD, FD_CLOEXEC);
	/* our own standard output stays where it was: the commands get /dev/null instead */
	if (dup3(1, 9, O_CLOEXEC) < 0)
		err(127, "dup");
	redirect(argv[1]);
	stdout = fdopen(9, "w");
	if (!stdout)
		err(127, "fdopen");
	if (mem) {
		memory(argv + 2);
		fflush(stdout);
		return 0;
	}
	for (i = first = 2; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], ",") != 0)
			continue;
		argv[i] = NULL;
		time_one(argv + first);
		first = i + 1;
	}
	return 0;
}
