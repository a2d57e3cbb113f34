/* stop_namespace.c - a freezer for those who have no cgroup: SIGSTOP to every process of a pid namespace.
 * Must not take a process for one of the container's because of its parents: its namespace tells. */
#include "apply/stop.h"
#include "sys/sys.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_US 500

/* "pid:[4026532281]"; false when it cannot be read. */
static bool namespace_of(int proc, const char *pid, char *out, size_t n)
{
	char path[48];

	snprintf(path, sizeof path, "%.20s/ns/pid", pid);
	return sys_readlink(proc, path, out, n) > 0;
}

static char state_of(int proc, pid_t pid)
{
	uint64_t start;
	char state = 'X';

	return sys_proc_start(proc, pid, &start, &state) < 0 ? 'X' : state;
}

static bool stands(char state)
{
	return state == 'T' || state == 't' || state == 'Z' || state == 'X';
}

struct round {
	int proc;
	char ns[64];
	int sig;
	size_t running;
};

static void one(struct round *r, const char *name)
{
	char ns[64];
	pid_t pid = (pid_t)strtol(name, NULL, 10);

	if (!namespace_of(r->proc, name, ns, sizeof ns) || strcmp(ns, r->ns) != 0)
		return;
	AUTO_FD int pidfd = sys_pidfd_open(pid);
	if (pidfd < 0 || !namespace_of(r->proc, name, ns, sizeof ns) || strcmp(ns, r->ns) != 0)
		return; /* the number has come to mean somebody else */
	if (r->sig == SIGCONT || !stands(state_of(r->proc, pid)))
		(void)!sys_pidfd_signal(pidfd, r->sig);
	if (!stands(state_of(r->proc, pid)))
		r->running++;
}

static int look(struct round *r, struct err *e)
{
	AUTO_FD int dir = sys_open(r->proc, ".", O_RDONLY | O_DIRECTORY, 0);
	char buf[8192] __attribute__((aligned(8)));
	ssize_t n, at;

	if (dir < 0)
		return fail_sys(e, dir, "/proc");
	r->running = 0;
	while ((n = sys_getdents(dir, buf, sizeof buf)) > 0)
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);

			if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
				one(r, d->d_name);
			at += d->d_reclen;
		}
	return n < 0 ? fail_sys(e, (int)n, "/proc") : 0;
}

static int begin(pid_t pid, int sig, struct round *r, struct err *e)
{
	char name[16];

	snprintf(name, sizeof name, "%d", (int)pid);
	*r = (struct round){ .proc = sys_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0), .sig = sig };
	if (r->proc < 0)
		return fail_sys(e, r->proc, "/proc");
	if (!namespace_of(r->proc, name, r->ns, sizeof r->ns)) {
		fd_close(&r->proc);
		return fail(e, ESRCH, "container not running");
	}
	return 0;
}

int stop_namespace(pid_t pid, bool stop, int timeout_ms, struct err *e)
{
	int64_t end = sys_now_us() + (int64_t)timeout_ms * 1000;
	struct round r;
	int ret;

	TRY(begin(pid, stop ? SIGSTOP : SIGCONT, &r, e));
	while ((ret = look(&r, e)) == 0 && stop && r.running && sys_now_us() < end)
		sys_sleep_us(TRIES_US);
	if (stop && (ret < 0 || r.running)) {
		struct err ignored;

		r.sig = SIGCONT;
		(void)!look(&r, &ignored);
		if (ret == 0)
			ret = fail(e, ETIMEDOUT, "%zu processes of the container would not stand still", r.running);
	}
	fd_close(&r.proc);
	return ret;
}

int stop_namespace_stopped(pid_t pid)
{
	AUTO_FD int proc = sys_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);
	char state = proc < 0 ? 'X' : state_of(proc, pid);

	return state == 'T' || state == 't';
}
