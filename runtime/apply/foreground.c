/* foreground.c - the loop of `run` and `exec` without --detach.
 *
 * Must not make our caller's standard streams non-blocking (their open file descriptions are shared with it): they are only written
 * after poll, in pieces that it promises to take. Only the pty's master, which is ours, is non-blocking. */
#include "apply/foreground.h"
#include "apply/report.h"
#include "sys/sys.h"
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

/* poll says POLLOUT for a pipe when PIPE_BUF bytes fit, for a terminal when a few hundred do. */
#define PIECE 256
/* All ends of the program's terminal are closed: it may open it again, so look again after this time. */
#define HANGUP_MS 50

struct copy {
	char buf[PIPE_BUF];
	size_t at, n;  /* buf[at .. n) is still to be written */
	bool ended;    /* nothing more comes in */
	char last;     /* last byte taken in, for the end of input */
};

struct loop {
	struct foreground *f;
	pid_t pid;
	int pidfd, status;
	bool exited, hung, deaf; /* deaf: standard output is gone */
	struct copy in, out, tapped[2];
};

int foreground_reap_orphans(struct err *e)
{
	int r = sys_prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

	return r < 0 ? fail_sys(e, r, "prctl(PR_SET_CHILD_SUBREAPER)") : 0;
}

/* Not blocked: what the kernel sends for an error of our own. */
static void all_signals(sigset_t *set)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
	size_t i;

	sigfillset(set);
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		sigdelset(set, ours[i]);
}

/* Our streams may all be redirected and we still have a terminal. */
static void copy_size(const struct foreground *f)
{
	AUTO_FD int own = -1;
	unsigned short rows, columns;
	int fd = 0, r;

	while ((r = sys_tty_size(fd, &rows, &columns)) < 0 && fd < 2)
		fd++;
	if (r < 0) {
		own = sys_open(AT_FDCWD, "/dev/tty", O_RDONLY | O_NOCTTY, 0);
		r = own < 0 ? own : sys_tty_size(own, &rows, &columns);
	}
	if (r == 0 && rows && columns)
		(void)!sys_tty_set_size(f->tty, rows, columns);
}

/* Raw, but with output processing left on: the program's terminal sends bare line feeds, ours makes CR LF of them. */
static int begin_tty(struct foreground *f, struct err *e)
{
	struct termios raw;
	int r;

	r = sys_nonblock(f->tty, true);
	if (r == 0)
		r = sys_tty_set_onlcr(f->tty, false);
	if (r < 0)
		return fail_sys(e, r, "the container's terminal");
	copy_size(f);
	if (sys_tty_get(0, &f->saved) < 0)
		return 0;
	raw = f->saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST;
	r = sys_tty_set(0, &raw);
	if (r < 0)
		return fail_sys(e, r, "cannot set the terminal to raw mode");
	f->raw = true;
	return 0;
}

int foreground_begin(struct foreground *f, int tty, struct err *e)
{
	sigset_t set;
	int r;

	*f = (struct foreground){ .signals = -1, .tty = tty };
	all_signals(&set);
	r = sys_sigprocmask(SIG_BLOCK, &set, &f->old);
	if (r < 0)
		return fail_sys(e, r, "sigprocmask");
	f->signals = sys_signalfd(&set);
	if (f->signals < 0) {
		r = fail_sys(e, f->signals, "signalfd");
		(void)!sys_sigprocmask(SIG_SETMASK, &f->old, NULL);
		return r;
	}
	return tty >= 0 ? begin_tty(f, e) : 0;
}

void foreground_end(struct foreground *f)
{
	if (f->signals < 0)
		return;
	if (f->raw)
		(void)!sys_tty_set(0, &f->saved);
	f->raw = false;
	fd_close(&f->signals);
	(void)!sys_sigprocmask(SIG_SETMASK, &f->old, NULL);
}

/* Everything that has ended: the program, and orphans that became our children. */
static void reap(struct loop *l)
{
	int status;
	pid_t pid;

	while ((pid = sys_waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == l->pid) {
			l->status = status;
			l->exited = true;
		}
}

/* One of the masks in /proc/PID/status, 0 when it cannot be had. */
static uint64_t mask_of(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? strtoull(at + strlen(name), NULL, 16) : 0;
}

/* The kernel drops what pid 1 of a namespace does not handle, but for SIGKILL. A command that somebody runs in place of itself has to end
 * as it would have. */
static void pass_on(struct loop *l, int sig)
{
	static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2 };
	char path[32], status[4096];
	size_t i;

	for (i = 0; l->f->as_host && i < sizeof ending / sizeof *ending; i++) {
		if (sig != ending[i])
			continue;
		snprintf(path, sizeof path, "/proc/%d/status", (int)l->pid);
		if (sys_read_file(AT_FDCWD, path, status, sizeof status) <= 0 ||
		    (mask_of(status, "\nSigCgt:") | mask_of(status, "\nSigIgn:") | mask_of(status, "\nSigBlk:")) & 1ull << (sig - 1))
			break;
		l->f->ended_by = sig;
		sig = SIGKILL;
		break;
	}
	(void)!sys_pidfd_signal(l->pidfd, sig);
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo s;

	while (sys_read(l->f->signals, &s, sizeof s) == (ssize_t)sizeof s) {
		switch (s.ssi_signo) {
		case SIGCHLD:
			reap(l);
			break;
		case SIGWINCH:
			if (l->f->tty >= 0)
				copy_size(l->f);
			break;
		case SIGURG:
		case SIGPIPE: /* our own: a write to a reader who left */
			break;
		default:
			pass_on(l, (int)s.ssi_signo);
		}
	}
}

/* Our input has ended: where the program's terminal works in lines, tell it so, as a person would. */
static void end_of_input(struct loop *l)
{
	struct termios t;

	l->in.ended = true;
	if (sys_tty_get(l->f->tty, &t) < 0 || !(t.c_lflag & ICANON))
		return;
	l->in.at = 0;
	l->in.n = l->in.last && l->in.last != '\n' ? 2 : 1; /* the first one only pushes an unfinished line */
	memset(l->in.buf, t.c_cc[VEOF], l->in.n);
}

static void fill(struct copy *c, int fd, ssize_t *got)
{
	*got = sys_read(fd, c->buf, sizeof c->buf);
	c->at = 0;
	c->n = *got > 0 ? (size_t)*got : 0;
	if (c->n)
		c->last = c->buf[c->n - 1];
}

static void take_input(struct loop *l)
{
	ssize_t got;

	fill(&l->in, 0, &got);
	if (got == 0)
		end_of_input(l);
	else if (got < 0 && got != -EAGAIN)
		l->in.ended = true; /* in the background, or hung up: that says nothing to the program */
}

static void take_output(struct loop *l)
{
	ssize_t got;

	fill(&l->out, l->f->tty, &got);
	if (got == 0 || got == -EIO)
		l->hung = true;
	else if (got < 0 && got != -EAGAIN)
		l->out.ended = true;
	if (l->deaf)
		l->out.n = 0;
}

static void give(struct copy *c, int fd, size_t most, bool *lost)
{
	ssize_t put = sys_write(fd, c->buf + c->at, c->n - c->at < most ? c->n - c->at : most);

	if (put < 0 && put != -EAGAIN) {
		*lost = true;
		c->at = c->n = 0;
	} else if (put > 0) {
		c->at += (size_t)put;
	}
	if (c->at == c->n)
		c->at = c->n = 0;
}

/* What may still pass of what has come. */
static void take_tapped(struct loop *l, int i)
{
	struct copy *c = &l->tapped[i];
	struct tap *t = l->f->tap;
	ssize_t got;

	fill(c, t->read[i], &got);
	if (got == 0 || (got < 0 && got != -EAGAIN))
		c->ended = true;
	if (c->n > t->left) {
		c->n = (size_t)t->left;
		t->cut = true;
	}
	t->left -= c->n;
}

/* Milliseconds that poll may wait. */
static int patience(struct loop *l)
{
	int64_t left;

	if (!l->f->deadline || l->f->timed_out)
		return l->hung ? HANGUP_MS : -1;
	left = (l->f->deadline - sys_now_us() + 999) / 1000;
	if (left <= 0) {
		l->f->timed_out = true;
		(void)!sys_pidfd_signal(l->pidfd, SIGKILL);
		return l->hung ? HANGUP_MS : -1;
	}
	if (l->hung && left > HANGUP_MS)
		return HANGUP_MS;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void turn_tap(struct loop *l, const struct pollfd p[4])
{
	bool lost;
	int i;

	for (i = 0; i < 2; i++) {
		if (p[i].revents)
			take_tapped(l, i);
		lost = false;
		if (p[2 + i].revents)
			give(&l->tapped[i], 1 + i, PIECE, &lost);
	}
}

static int turn(struct loop *l, struct err *e)
{
	struct tap *t = l->f->tap;
	bool tty = l->f->tty >= 0 && !l->out.ended && !l->hung, ignored = false;
	struct pollfd p[] = {
		{ .fd = l->f->signals, .events = POLLIN },
		{ .fd = l->pidfd, .events = POLLIN },
		{ .fd = l->f->tty >= 0 && !l->in.ended && !l->in.n ? 0 : -1, .events = POLLIN },
		{ .fd = tty && (!l->out.n || l->in.n) ? l->f->tty : -1,
		  .events = (short)((l->out.n ? 0 : POLLIN) | (l->in.n ? POLLOUT : 0)) },
		{ .fd = l->out.n ? 1 : -1, .events = POLLOUT },
		{ .fd = t && !l->tapped[0].n && !l->tapped[0].ended ? t->read[0] : -1, .events = POLLIN },
		{ .fd = t && !l->tapped[1].n && !l->tapped[1].ended ? t->read[1] : -1, .events = POLLIN },
		{ .fd = t && l->tapped[0].n ? 1 : -1, .events = POLLOUT },
		{ .fd = t && l->tapped[1].n ? 2 : -1, .events = POLLOUT },
		{ .fd = l->f->report ? l->f->report->read : -1, .events = POLLIN },
	};
	int r = sys_poll(p, sizeof p / sizeof *p, patience(l));

	if (r < 0)
		return fail_sys(e, r, "poll");
	l->hung = false;
	if (p[0].revents)
		take_signals(l);
	if (p[1].revents)
		reap(l);
	if (p[2].revents)
		take_input(l);
	if (p[3].revents & POLLOUT)
		give(&l->in, l->f->tty, sizeof l->in.buf, &ignored);
	if (p[3].revents & (POLLIN | POLLHUP | POLLERR) && !l->out.n)
		take_output(l);
	if (p[4].revents)
		give(&l->out, 1, PIECE, &l->deaf);
	if (t)
		turn_tap(l, &p[5]);
	if (p[9].revents && !report_show(l->f->report))
		l->f->report = NULL;
	return 0;
}

/* What the program wrote before it ended is still in the terminal's buffer. */
static void drain(struct loop *l)
{
	while (!l->deaf) {
		if (l->out.n > l->out.at && sys_write_all(1, l->out.buf + l->out.at, l->out.n - l->out.at) < 0)
			return;
		l->hung = false;
		take_output(l);
		if (!l->out.n)
			return;
	}
}

/* The same of the pipes. Whoever held them has died with the program's pid namespace. */
static void drain_tap(struct loop *l)
{
	int i;

	for (i = 0; i < 2; i++) {
		struct copy *c = &l->tapped[i];

		while (c->n || !c->ended) {
			if (c->n && sys_write_all(1 + i, c->buf + c->at, c->n - c->at) < 0)
				break;
			c->at = c->n = 0;
			if (sys_poll1(l->f->tap->read[i], POLLIN, 0) <= 0)
				break;
			take_tapped(l, i);
		}
	}
}

int foreground_wait(struct foreground *f, pid_t pid, int pidfd, int *code, struct err *e)
{
	struct loop l = { .f = f, .pid = pid, .pidfd = pidfd };

	reap(&l);
	while (!l.exited)
		TRY(turn(&l, e));
	if (f->tty >= 0)
		drain(&l);
	if (f->tap)
		drain_tap(&l);
	if (f->report)
		(void)!report_show(f->report);
	*code = WIFSIGNALED(l.status) && f->ended_by ? 128 + f->ended_by :
		WIFSIGNALED(l.status) ? 128 + WTERMSIG(l.status) : WEXITSTATUS(l.status);
	return 0;
}
