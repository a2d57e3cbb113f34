/* tap.c - the output streams of a program whose output is counted, and questions about our own streams.
 * Must not make a stream of our caller's non-blocking. */
#include "apply/foreground.h"
#include "sys/sys.h"

#define HIGH 10 /* out of the way of what the program gets */

static int one(struct tap *t, int i)
{
	int ends[2], r = sys_pipe(ends);

	if (r < 0)
		return r;
	AUTO_FD int in = ends[1];
	t->read[i] = ends[0];
	r = sys_nonblock(t->read[i], true);
	if (r < 0)
		return r;
	t->saved[i] = sys_dup(1 + i, HIGH);
	if (t->saved[i] < 0)
		return t->saved[i];
	r = sys_dup3(in, 1 + i, 0);
	return r < 0 ? r : 0;
}

int tap_begin(struct tap *t, uint64_t limit, struct err *e)
{
	int i, r = 0;

	*t = (struct tap){ .saved = { -1, -1 }, .read = { -1, -1 }, .left = limit };
	for (i = 0; i < 2 && r == 0; i++)
		r = one(t, i);
	if (r == 0)
		return 0;
	tap_release(t);
	tap_end(t);
	return fail_sys(e, r, "cannot count what the program writes");
}

void tap_release(struct tap *t)
{
	int i;

	for (i = 0; i < 2; i++) {
		if (t->saved[i] >= 0)
			(void)!sys_dup3(t->saved[i], 1 + i, 0);
		fd_close(&t->saved[i]);
	}
}

void tap_end(struct tap *t)
{
	fd_close(&t->read[0]);
	fd_close(&t->read[1]);
}

int64_t foreground_deadline(uint64_t ms)
{
	const uint64_t most = INT64_MAX / 4000;

	return sys_now_us() + (int64_t)(ms < most ? ms : most) * 1000;
}

bool foreground_is_terminal(void)
{
	struct termios t;
	int i;

	for (i = 0; i < 3; i++)
		if (sys_tty_get(i, &t) < 0)
			return false;
	return true;
}
