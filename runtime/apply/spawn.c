/* spawn.c - runs a program and waits for it, whatever it does: it may not read its input, flood its output, leave children behind that hold
 * our pipe, ignore signals, or never end.
 * Must not allocate, and must not let it inherit anything of ours. */
#include "apply/spawn.h"
#include "sys/sys.h"
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_READS 64 /* of a pipe of 64 KiB, at least 1 KiB each */

#define REPORT 3 /* in the child: where exec's errno goes; closed by a successful exec */
#define ABOVE 10 /* fds are moved here before 0 to 3 are overwritten */
#define DYING 10 /* seconds that a killed program gets: one that hangs in a dead file system does not even die */

struct talk {
	int in, err, report, pidfd; /* our ends; -1 = done with */
	size_t piece, at;           /* how much of the input is written */
	int exec_errno;
};

static int child_fds(int in, int null, int err, int report)
{
	in = TRY(sys_dup(in, ABOVE));
	null = TRY(sys_dup(null, ABOVE));
	err = TRY(sys_dup(err, ABOVE));
	report = TRY(sys_dup(report, ABOVE));
	TRY(sys_dup3(in, 0, 0));
	TRY(sys_dup3(null, 1, 0));
	TRY(sys_dup3(err, 2, 0));
	TRY(sys_dup3(report, REPORT, O_CLOEXEC));
	return sys_close_range(REPORT + 1, ~0U, 0);
}

static void default_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		(void)!sys_signal_default(sig); /* SIGKILL and SIGSTOP cannot be anything else: EINVAL */
	sigemptyset(&none);
	(void)!sys_sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child(const struct spawn *s, int in, int err, int report)
{
	char *const fallback[] = { (char *)(uintptr_t)s->path, NULL };
	char *const nothing[] = { NULL };
	int r;

	(void)!sys_setpgid(0, 0);
	r = child_fds(in, s->null, err, report);
	if (r >= 0) {
		report = REPORT;
		default_signals();
		r = sys_execveat(AT_FDCWD, s->path, s->argv && s->argv[0] ? s->argv : fallback, s->envp ? s->envp : nothing, 0);
	}
	r = -r;
	(void)!sys_write(report, &r, sizeof r);
	_exit(127);
}

/* The end of what it says says most about why it failed. */
static void keep_tail(struct spawned *out, const char *buf, size_t n)
{
	if (n >= SPAWN_SAID) {
		memcpy(out->said, buf + n - SPAWN_SAID, SPAWN_SAID);
		out->said_n = SPAWN_SAID;
		return;
	}
	if (out->said_n + n > SPAWN_SAID) {
		size_t drop = out->said_n + n - SPAWN_SAID;

		memmove(out->said, out->said + drop, out->said_n - drop);
		out->said_n -= drop;
	}
	memcpy(out->said + out->said_n, buf, n);
	out->said_n += n;
}

static void read_err(struct talk *t, struct spawned *out)
{
	char buf[4096];
	ssize_t n = sys_read(t->err, buf, sizeof buf);

	if (n > 0)
		keep_tail(out, buf, (size_t)n);
	else if (n != -EAGAIN)
		fd_close(&t->err);
}

static void write_in(struct talk *t, const struct spawn *s)
{
	while (t->piece < SPAWN_IN && s->in[t->piece]) {
		const char *p = s->in[t->piece] + t->at;
		size_t n = strlen(p);
		ssize_t w = n ? sys_write(t->in, p, n) : 0;

		if (w == -EAGAIN)
			return;
		if (w < 0) /* it does not want to read: its own affair */
			break;
		t->at += (size_t)w;
		if ((size_t)w == n) {
			t->piece++;
			t->at = 0;
		}
	}
	fd_close(&t->in);
}

static void read_report(struct talk *t)
{
	if (sys_read(t->report, &t->exec_errno, sizeof t->exec_errno) != (ssize_t)sizeof t->exec_errno)
		t->exec_errno = 0;
	fd_close(&t->report);
}

static int wait_ms(int64_t deadline)
{
	int64_t left;

	if (!deadline)
		return -1;
	left = (deadline - sys_now_us() + 999) / 1000;
	return left <= 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
}

/* Until the process has ended: its children may live on. False: it has been killed and is still there. */
static bool talk(struct talk *t, const struct spawn *s, pid_t pid, struct spawned *out)
{
	int drained;
	int64_t deadline = s->timeout > 0 ? sys_now_us() + s->timeout * 1000000 : 0;

	for (;;) {
		struct pollfd p[4] = {
			{ .fd = t->in, .events = POLLOUT }, { .fd = t->err, .events = POLLIN },
			{ .fd = t->report, .events = POLLIN }, { .fd = t->pidfd, .events = POLLIN },
		};
		int ms = wait_ms(deadline);

		if (deadline && ms == 0) {
			if (out->timed_out)
				return false;
			out->timed_out = true;
			(void)!sys_kill(-pid, SIGKILL);
			(void)!sys_pidfd_signal(t->pidfd, SIGKILL); /* it may have left its group */
			deadline = sys_now_us() + DYING * 1000000;
			continue;
		}
		if (sys_poll(p, 4, ms) < 0)
			break;
		if (p[0].revents)
			write_in(t, s);
		if (p[1].revents)
			read_err(t, out);
		if (p[2].revents)
			read_report(t);
		if (p[3].revents)
			break;
	}
	if (t->report >= 0)
		read_report(t);
	/* what is still in the pipe: all that fits into one, but not what a child that keeps writing adds */
	for (drained = 0; t->err >= 0 && drained < PIPE_READS; drained++) {
		struct pollfd p = { .fd = t->err, .events = POLLIN };

		if (sys_poll(&p, 1, 0) <= 0)
			break;
		read_err(t, out);
	}
	return true;
}

static void one_line(struct spawned *out)
{
	size_t i;

	while (out->said_n && isspace((unsigned char)out->said[out->said_n - 1]))
		out->said_n--;
	for (i = 0; i < out->said_n; i++)
		if (out->said[i] == '\n' || out->said[i] == '\t' || !out->said[i])
			out->said[i] = ' ';
	out->said[out->said_n] = 0;
}

struct dispositions {
	struct sigaction pipe, chld;
};

/* Writing to one who does not read must not end us; and a parent that ignores SIGCHLD (some engines start us so) has no children to wait
 * for. */
static void signals_for_waiting(struct dispositions *old)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, dfl = { .sa_handler = SIG_DFL };

	(void)!sys_sigaction(SIGPIPE, &ignore, &old->pipe);
	(void)!sys_sigaction(SIGCHLD, NULL, &old->chld);
	if (old->chld.sa_handler == SIG_IGN || old->chld.sa_flags & SA_NOCLDWAIT)
		(void)!sys_sigaction(SIGCHLD, &dfl, NULL);
}

static void signals_back(const struct dispositions *old)
{
	(void)!sys_sigaction(SIGPIPE, &old->pipe, NULL);
	(void)!sys_sigaction(SIGCHLD, &old->chld, NULL);
}

static int run(const struct spawn *s, struct spawned *out, struct err *e)
{
	int in[2], err[2], report[2], pidfd = -1, r;
	struct talk t = { .pidfd = -1 };
	pid_t pid;

	if ((r = sys_pipe(in)) < 0)
		return fail_sys(e, r, "pipe");
	AUTO_FD int in_r = in[0];
	t.in = in[1];
	if ((r = sys_pipe(err)) < 0) {
		fd_close(&t.in);
		return fail_sys(e, r, "pipe");
	}
	AUTO_FD int err_w = err[1];
	t.err = err[0];
	if ((r = sys_pipe(report)) < 0 || (r = sys_nonblock(t.in, true)) < 0 || (r = sys_nonblock(t.err, true)) < 0) {
		fd_close(&t.in);
		fd_close(&t.err);
		return fail_sys(e, r, "pipe");
	}
	AUTO_FD int report_w = report[1];
	t.report = report[0];
	pid = sys_clone(0, &pidfd, -1);
	if (pid == 0)
		child(s, in_r, err_w, report_w);
	if (pid > 0) {
		t.pidfd = pidfd;
		(void)!sys_setpgid(pid, pid); /* whoever of us is first */
		fd_close(&in_r);
		fd_close(&err_w);
		fd_close(&report_w);
		r = talk(&t, s, pid, out) ? sys_pidfd_wait(pidfd, WEXITED, &out->status, NULL) : -ETIMEDOUT;
	}
	fd_close(&t.in);
	fd_close(&t.err);
	fd_close(&t.report);
	fd_close(&t.pidfd);
	if (pid < 0)
		return fail_sys(e, pid, "cannot fork for %s", s->path);
	if (t.exec_errno)
		return fail_sys(e, -t.exec_errno, "exec %s", s->path);
	return r < 0 ? fail_sys(e, r, "cannot wait for %s", s->path) : 0;
}

int spawn_wait(const struct spawn *s, struct spawned *out, struct err *e)
{
	struct dispositions old;
	int r;

	memset(out, 0, sizeof *out);
	signals_for_waiting(&old);
	r = run(s, out, e);
	signals_back(&old);
	one_line(out);
	return r;
}

const char *spawn_ending(const struct spawned *s, char *buf, size_t n)
{
	int sig = WTERMSIG(s->status);
	const char *words;

	if (WIFEXITED(s->status)) {
		snprintf(buf, n, "exit status %d", WEXITSTATUS(s->status));
		return buf;
	}
	words = sigdescr_np(sig);
	snprintf(buf, n, "signal: %s", words ? words : "unknown");
	if (n > 8)
		buf[8] = (char)tolower((unsigned char)buf[8]); /* as Go says it, and tests of engines look for */
	return buf;
}
