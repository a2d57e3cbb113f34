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

static void lower(int *best, int fd, int from)
{
	if (fd >= from && (*best < 0 || fd < *best))
		*best = fd;
}

/* The lowest descriptor from `from` on that the steps from that stage on, or init itself, still need; -1 when there is none. */
static int next_needed(const struct run *r, enum stage stage, int from)
{
	int best = -1;
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		if (r->plan->steps.v[i].stage < stage)
			continue;
		lower(&best, r->slots[i].fd, from);
		lower(&best, r->slots[i].fd2, from);
	}
	lower(&best, r->wire, from);
	lower(&best, r->proc, from);
	lower(&best, r->dev_null, from);
	lower(&best, r->console_socket, from);
	lower(&best, r->start_listener, from);
	lower(&best, r->start, from);
	lower(&best, r->root, from);
	return best;
}

/* Closes everything else but what the program is to get. */
static int close_others(struct run *r, enum stage stage, struct err *e)
{
	int first = 3 + r->listen_fds + r->preserve_fds, ret;

	for (;;) {
		int fd = next_needed(r, stage, first);

		ret = fd == first ? 0 : sys_close_range((unsigned)first, fd < 0 ? ~0U : (unsigned)fd - 1, 0);
		if (ret < 0)
			return fail_sys(e, ret, "close_range");
		if (fd < 0)
			return 0;
		first = fd + 1;
	}
}

/* The state directory's lock, the log, the sockets of other containers: a copy of none of them may stay open while we wait. */
static int close_runtimes(struct run *r, struct err *e)
{
	TRY(close_others(r, STAGE_PREPARE, e));
	r->state_dir = r->pidfd_socket = r->cache_dir = -1;
	return 0;
}

/* While init waits for start it keeps what the START stage needs and nothing else. */
static int close_done(struct run *r, struct err *e)
{
	bool hooks = false;
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		hooks |= r->plan->steps.v[i].stage == STAGE_START && r->plan->steps.v[i].op == STEP_HOOK;
	if (!hooks)
		r->dev_null = -1;
	r->proc = r->console_socket = -1; /* through the first one all of the host's processes could be reached */
	return close_others(r, STAGE_START, e);
}

static void end_on_signal(int sig)
{
	_exit(128 + sig);
}

/* A process that is init of its pid namespace ignores what it has no handler for: while it waits for start, the usual polite signals
 * must end it. exec puts them back to their defaults. */
static void end_politely(void)
{
	static const struct sigaction polite = { .sa_handler = end_on_signal };
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	size_t i;

	for (i = 0; i < sizeof sigs / sizeof *sigs; i++)
		(void)!sys_sigaction(sigs[i], &polite, NULL);
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
		shed_memory(r->arena);
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
		(void)!sys_signal_default(sig); /* SIGKILL and SIGSTOP cannot be anything else: EINVAL */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (fd = 3; fd < first; fd++)
		if ((ret = sys_cloexec((int)fd, false)) < 0)
			return fail_sys(e, ret, "file descriptor %u is to be passed on but is not open", fd);
	/* closed now, not by the exec: the kernel looks the program's path up before that, and it may be a link to one of them */
	r->root = r->dev_null = r->start_listener = -1;
	TRY(close_others(r, STAGE_START, e));
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

static int init_stages(struct run *r, struct err *e)
{
	struct wire_msg m;
	int ret;

	TRY(close_runtimes(r, e));
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
	TRY(close_done(r, e));
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
