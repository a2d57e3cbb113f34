/* wire.c - the messages between runtime, joiner, init and start.
 * Must not allocate: init sends from here. wire_expect() is the only reader; what it does not expect is an error. */
#include "apply/wire.h"
#include "base/log.h"
#include "sys/sys.h"
#include <string.h>
#include <sys/wait.h>

struct wire_row {
	const char *name, *from, *to, *when;
};

static const struct wire_row wire_rows[WIRE_TYPES] = {
	[WIRE_GO] = { "GO", "runtime", "init", "once, if the plan has OUTSIDE steps: they are done" },
	[WIRE_CHILD] = { "CHILD", "joiner", "runtime", "once, on a socket of its own: init's pid; a pidfd is attached" },
	[WIRE_AT_HOOKS] = { "AT_HOOKS", "init", "runtime", "once, if the plan has HOOKS steps: INSIDE is done" },
	[WIRE_HOOKED] = { "HOOKED", "runtime", "init", "once, the answer to AT_HOOKS" },
	[WIRE_TTY] = { "TTY", "init", "runtime", "at most once, before READY: the master of the console is attached" },
	[WIRE_WARN] = { "WARN", "init", "runtime or start", "any number: something could not be had and the container runs without it" },
	[WIRE_READY] = { "READY", "init", "runtime", "once: CONTAINER is done" },
	[WIRE_COMMIT] = { "COMMIT", "runtime", "init", "once: the container is on record. EOF before it: init ends" },
	[WIRE_START] = { "START", "runtime or start", "init", "once, on the wire (run, exec) or the start socket (start)" },
	[WIRE_EXECING] = { "EXECING", "init", "who sent START", "once, before the seccomp filter is loaded and the program executed" },
	[WIRE_FAIL] = { "FAIL", "init or joiner", "who listens", "at most once, the last message: an error with its place" },
};

int wire_send(int wire, enum wire_type type, int32_t pid, const struct err *why, int fd, struct err *e)
{
	struct wire_msg m;
	ssize_t r;

	memset(&m, 0, sizeof m); /* padding too: it leaves the process */
	m.type = (uint32_t)type;
	m.pid = pid;
	if (why)
		m.err = *why;
	r = fd >= 0 ? sys_send_fd(wire, &m, sizeof m, fd) : sys_write(wire, &m, sizeof m);
	if (r < 0)
		return fail_sys(e, (int)r, "cannot send %s to the %s", wire_rows[type].name, wire_rows[type].to);
	return 0;
}

/* What a peer sends is data: terminate its strings. Returns 0, or -EPROTO for a message that is none of ours. */
static int check(struct wire_msg *m, ssize_t n, struct err *e)
{
	if (n != (ssize_t)sizeof *m || m->type == 0 || m->type >= WIRE_TYPES)
		return fail(e, EPROTO, "internal error: unknown message from the container's init");
	m->err.at[sizeof m->err.at - 1] = 0;
	m->err.text[sizeof m->err.text - 1] = 0;
	return 0;
}

static int failed(const struct wire_msg *m, struct err *e)
{
	*e = m->err;
	if (e->code <= 0)
		e->code = EPROTO;
	return -e->code;
}

int wire_expect(int wire, enum wire_type type, struct wire_msg *m, int *fd, int *tty, struct err *e)
{
	for (;;) {
		AUTO_FD int got = -1;
		ssize_t n = sys_recv_fd(wire, m, sizeof *m, &got);

		if (n == 0 || n == -ECONNRESET)
			return fail(e, WIRE_DIED, "the container's init died (waiting for %s)", wire_rows[type].name);
		if (n < 0)
			return fail_sys(e, (int)n, "waiting for %s", wire_rows[type].name);
		TRY(check(m, n, e));
		if (m->type == WIRE_FAIL)
			return failed(m, e);
		if (m->type == WIRE_WARN) {
			log_warn("%s%s%s", m->err.at, m->err.at[0] ? ": " : "", m->err.text);
			continue;
		}
		if (m->type == WIRE_TTY && type != WIRE_TTY && tty && *tty < 0 && got >= 0) {
			*tty = take_fd(&got);
			continue;
		}
		if (m->type != (uint32_t)type)
			return fail(e, EPROTO, "internal error: %s came where %s was expected", wire_rows[m->type].name,
				    wire_rows[type].name);
		if (fd)
			*fd = take_fd(&got);
		return 0;
	}
}

int wire_expect_exec(int wire, struct err *e)
{
	struct wire_msg m;
	ssize_t n = sys_recv_fd(wire, &m, sizeof m, NULL);

	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return fail_sys(e, (int)n, "waiting for the program to start");
	TRY(check(&m, n, e));
	if (m.type != WIRE_FAIL)
		return fail(e, EPROTO, "internal error: %s came after EXECING", wire_rows[m.type].name);
	return failed(&m, e);
}

int wire_send_tty(struct run *r, int master, struct err *e)
{
	return wire_send(r->wire, WIRE_TTY, 0, NULL, master, e);
}

void wire_print(struct text *t)
{
	size_t i;

	text_str(t, "| message | from | to | when |\n|---|---|---|---|\n");
	for (i = 1; i < WIRE_TYPES; i++)
		text_fmt(t, "| %s | %s | %s | %s |\n", wire_rows[i].name, wire_rows[i].from, wire_rows[i].to, wire_rows[i].when);
}
