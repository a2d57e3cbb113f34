/* inherit.c - descriptors and variables that our caller left us.
 * Must not close what it does not know: what is not for the container is marked, and gone at the next exec. */
#include "apply/inherit.h"
#include "sys/sys.h"
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COUNT 4096

/* A reader who has gone and a file size limit are errors to report, not to die of half way. Init and hooks get the defaults back. */
static int survive_writing(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	int r = sys_sigaction(SIGPIPE, &ignore, NULL);

	return r < 0 ? r : sys_sigaction(SIGXFSZ, &ignore, NULL);
}

int inherit_streams(struct err *e)
{
	int fd, got = survive_writing();

	if (got < 0)
		return fail_sys(e, got, "sigaction");

	for (fd = 0; fd <= 2; fd++) {
		if (sys_is_open(fd) == 0)
			continue;
		got = sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0); /* the lowest free one: fd */
		if (got < 0)
			return fail_sys(e, got, "/dev/null");
		got = sys_cloexec(got, false);
		if (got < 0)
			return fail_sys(e, got, "/dev/null");
	}
	return 0;
}

void inherit_umask(void)
{
	mode_t mask = sys_umask(0);

	(void)sys_umask(mask & 077);
}

int inherit_count(void)
{
	int n = 0;

	while (n < MAX_COUNT && sys_is_open(3 + n) == 0)
		n++;
	return n;
}

int inherit_close_on_exec(struct err *e)
{
	int r = sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);

	return r < 0 ? fail_sys(e, r, "close_range (needs Linux 5.11)") : 0;
}

int inherit_signals(struct err *e)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;
	int r = sys_sigaction(SIGCHLD, &dfl, NULL);

	sigemptyset(&none);
	if (r == 0)
		r = sys_sigprocmask(SIG_SETMASK, &none, NULL);
	return r < 0 ? fail_sys(e, r, "sigaction") : 0;
}

int inherit_listen_fds(int *n, struct err *e)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	char *end;
	long v;

	*n = 0;
	if (!fds || !*fds)
		return 0;
	if (pid && *pid && strtol(pid, NULL, 10) != getpid())
		return 0;
	v = strtol(fds, &end, 10);
	if (*end || fds[0] < '0' || fds[0] > '9' || v > MAX_COUNT)
		return fail(e, EINVAL, "LISTEN_FDS=%s is not a number of descriptors", fds);
	*n = (int)v;
	return 0;
}
