/* init.c - the container's side of carrying out a plan: from clone to exec.
 *
 * Must not allocate (the arena is sealed), use stdio, the locale or NSS, or keep any descriptor that its plan does not name. Until
 * the runtime says COMMIT, init ends when the runtime does: EOF on the wire is enough, no parent-death signal is used (engines put
 * one on the runtime, and it must not reach init). */
#include "apply/executor.h"
#include "apply/wire.h"
#include "sys/sys.h"
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <unistd.h>

/* More descriptors than this in one plan are closed one by one instead of by ranges. */
#define MAX_KEPT 512

struct kept {
	int fds[MAX_KEPT];
	size_t n;
};

static void keep(struct kept *k, int fd)
{
	size_t i;

	if (fd < 0 || k->n == MAX_KEPT)
		return;
	for (i = k->n; i > 0 && k->fds[i - 1] > fd; i--)
		k->fds[i] = k->fds[i - 1];
	k->fds[i] = fd;
	k->n++;
}

/* The state directory's lock, the log, the sockets of other containers: a copy of none of them may stay open while we wait. */
static int close_others(struct run *r, struct err *e)
{
	unsigned first = (unsigned)(3 + r->listen_fds + r->preserve_fds);
	struct kept k = { .n = 0 };
	size_t i;
	int ret;

	for (i = 0; i < r->plan->steps.n; i++) {
		keep(&k, r->slots[i].fd);
		keep(&k, r->slots[i].fd2);
	}
	keep(&k, r->wire);
	keep(&k, r->proc);
	keep(&k, r->dev_null);
	keep(&k, r->console_socket);
	keep(&k, r->start_listener);
	if (k.n == MAX_KEPT)
		return 0; /* all are close-on-exec; they only live until exec then */
	for (i = 0; i < k.n; i++) {
		unsigned fd = (unsigned)k.fds[i];

		if (fd < first)
			continue;
		if (fd > first && (ret = sys_close_range(first, fd - 1, 0)) < 0)
			return fail_sys(e, ret, "close_range");
		first = fd + 1;
	}
	ret = sys_close_range(first, ~0U, 0);
	if (ret < 0)
		return fail_sys(e, ret, "close_range");
	r->state_dir = r->pidfd_socket = r->cache_dir = -1;
	return 0;
}

static void end_on_signal(int sig)
{
	_exit(128 + sig);
}

/* A process that is init of its pid namespace ignores what it has no handler for: while it waits for start, the usual polite signals
 * must end it. exec puts them back to their defaults. */
static void end_politely(void)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	size_t i;

	for (i = 0; i < sizeof sigs / sizeof *sigs; i++)
		(void)!sys_on_signal(sigs[i], end_on_signal);
}

/* Waits until somebody says START. Somebody who only looks whether we wait (state) connects and says nothing. */
static RESIDENT int wait_for_start(struct run *r, struct err *e)
{
	struct wire_msg m;

	if (r->start_at_once) {
		r->start = r->wire;
		return wire_expect(r->wire, WIRE_START, &m, NULL, NULL, e);
	}
	fd_close(&r->wire);
	for (;;) {
		shed_memory();
		AUTO_FD int c = sys_accept(r->start_listener);

		if (c < 0)
			return fail_sys(e, c, "the start socket");
		if (wire_expect(c, WIRE_START, &m, NULL, NULL, e) == 0) {
			r->start = take_fd(&c);
			return 0;
		}
	}
}

int init_last_words(struct run *r, struct err *e)
{
	unsigned first = (unsigned)(3 + r->listen_fds + r->preserve_fds), fd;
	sigset_t none;
	int sig, ret;

	/* what our caller ignored stays ignored over clone (CLONE_CLEAR_SIGHAND too) and exec */
	for (sig = 1; sig < _NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			(void)!sys_on_signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (fd = 3; fd < first; fd++)
		if ((ret = sys_cloexec((int)fd, false)) < 0)
			return fail_sys(e, ret, "file descriptor %u is to be passed on but is not open", fd);
	ret = sys_close_range(first, ~0U, CLOSE_RANGE_CLOEXEC);
	if (ret < 0)
		return fail_sys(e, ret, "close_range");
	return wire_send(r->start, WIRE_EXECING, 0, NULL, -1, e);
}

/* The last stage: between the last words and exec only what the plan puts after its seccomp step still happens. */
static int start_program(struct run *r, struct err *e)
{
	bool said = false;
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (s->stage != STAGE_START)
			continue;
		if (!said && (s->op == STEP_SECCOMP || s->op == STEP_EXEC)) {
			said = true;
			TRY(init_last_words(r, e));
		}
		TRY(run_step(r, i, true, e));
	}
	return fail(e, EINVAL, "internal error: a plan without an exec step");
}

/* While init waits for start it keeps what the START stage needs and nothing else. */
static void close_done(struct run *r)
{
	bool hooks = false;
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		if (r->plan->steps.v[i].stage >= STAGE_START) {
			hooks |= r->plan->steps.v[i].op == STEP_HOOK;
			continue;
		}
		fd_close(&r->slots[i].fd);
		fd_close(&r->slots[i].fd2);
	}
	fd_close(&r->console_socket);
	if (!hooks)
		fd_close(&r->dev_null);
}

static int init_stages(struct run *r, struct err *e)
{
	struct wire_msg m;
	int ret;

	TRY(close_others(r, e));
	if (has_stage(r, STAGE_OUTSIDE))
		TRY(wire_expect(r->wire, WIRE_GO, &m, NULL, NULL, e));
	TRY(run_stage(r, STAGE_INSIDE, true, e));
	if (has_stage(r, STAGE_HOOKS)) {
		TRY(wire_send(r->wire, WIRE_AT_HOOKS, 0, NULL, -1, e));
		TRY(wire_expect(r->wire, WIRE_HOOKED, &m, NULL, NULL, e));
	}
	TRY(run_stage(r, STAGE_CONTAINER, true, e));
	ret = sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (ret < 0)
		return fail_sys(e, ret, "prctl(PR_SET_DUMPABLE)");
	close_done(r);
	if (!r->start_at_once)
		end_politely(); /* before anybody can know that it exists */
	TRY(wire_send(r->wire, WIRE_READY, 0, NULL, -1, e));
	TRY(wire_expect(r->wire, WIRE_COMMIT, &m, NULL, NULL, e));
	r->host_pid = m.pid;
	TRY(wait_for_start(r, e));
	return start_program(r, e);
}

_Noreturn void init_main(struct run *r)
{
	struct err why, lost;
	int to;

	arena_seal(r->arena);
	(void)!init_stages(r, &why);
	to = r->start >= 0 ? r->start : r->wire;
	(void)!wire_send(to, WIRE_FAIL, 0, &why, -1, &lost);
	_exit(1);
}
