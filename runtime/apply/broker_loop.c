/* broker_loop.c - the supervisor waits: for calls, for connections that are being made, for the inner half, and for the end.
 * Must not wait for any one thing: a slow connection never delays another. */
#include "apply/broker_impl.h"
#include "apply/broker_names.h"
#include <string.h>

#define CHECK_US 1000000 /* callers that were killed meanwhile are looked for this often */

void broker_drop(struct call *c)
{
	fd_close(&c->sock);
	fd_close(&c->pidfd);
}

/* Our reference to the old socket goes first: with it, what still stands for it in an epoll set. */
void broker_answer(struct call *c, int r)
{
	broker_drop(c);
	(void)!sys_notif_send(c->listener, c->id, r < 0 ? r : 0, 0);
}

struct pending *broker_pending(struct broker *b)
{
	size_t i;

	for (i = 0; i < BROKER_PENDING; i++)
		if (b->pending[i].kind == PENDING_NONE)
			return &b->pending[i];
	return NULL;
}

static void finish(struct pending *p, int r)
{
	fd_close(&p->host);
	broker_answer(&p->call, r);
	p->kind = PENDING_NONE;
}

/* The blocking connect of a caller has come to an end, or its time has. */
static void connected(struct broker *b, struct pending *p, bool timed_out)
{
	int error = 0, r;
	size_t n = sizeof error;

	if (!timed_out && (sys_getsockopt(p->host, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error)) {
		finish(p, error ? -error : -ECONNABORTED);
		return;
	}
	r = broker_swap(b, &p->call, p->host);
	finish(p, r < 0 ? r : timed_out ? -EINPROGRESS : 0);
}

static void local_again(struct broker *b, struct pending *p)
{
	int r;

	p->kind = PENDING_INNER;
	r = broker_inner_send(b, p);
	if (r < 0)
		finish(p, r);
}

/* Calls whose caller is gone. */
static void sweep(struct broker *b)
{
	size_t i;

	for (i = 0; i < BROKER_PENDING; i++) {
		struct pending *p = &b->pending[i];

		if (p->kind != PENDING_NONE && p->kind != PENDING_INNER && p->kind != PENDING_RESTORE &&
		    sys_notif_valid(p->call.listener, p->call.id) < 0)
			finish(p, -EINTR);
	}
}

static void on_time(struct broker *b, int64_t now)
{
	size_t i;

	for (i = 0; i < BROKER_PENDING; i++) {
		struct pending *p = &b->pending[i];

		if (p->kind == PENDING_CONNECT && p->deadline && p->deadline <= now)
			connected(b, p, true);
		else if (p->kind == PENDING_LOCAL && p->deadline && p->deadline <= now)
			finish(p, p->call.domain == AF_UNIX ? -EAGAIN : -EINPROGRESS);
		else if (p->kind == PENDING_LOCAL && p->again && p->again <= now)
			local_again(b, p);
	}
}

/* --- one turn */

#define POLL_ROOM (3 + BROKER_GUESTS + BROKER_LISTENERS + BROKER_PENDING + NAMES_POLL)

struct turn {
	struct pollfd p[POLL_ROOM];
	uint16_t place[POLL_ROOM]; /* of pending, for those */
	size_t n, guests, listeners, pendings, names, names_n;
	int64_t until; /* 0 = for ever */
};

static void want(struct turn *t, int fd, short events)
{
	t->p[t->n++] = (struct pollfd){ .fd = fd, .events = events };
}

static void sooner(struct turn *t, int64_t when)
{
	if (when && (!t->until || when < t->until))
		t->until = when;
}

static void collect(struct broker *b, struct turn *t, int64_t now)
{
	size_t i;

	t->n = 0;
	t->until = 0;
	want(t, b->control, POLLIN);
	want(t, b->inner, POLLIN);
	want(t, b->door, POLLIN);
	t->guests = t->n;
	for (i = 0; i < BROKER_GUESTS; i++)
		want(t, b->guests[i], POLLIN);
	t->listeners = t->n;
	for (i = 0; i < BROKER_LISTENERS; i++)
		want(t, b->listeners[i], POLLIN);
	t->names = t->n;
	t->names_n = b->names ? names_poll(b->names, t->p + t->n) : 0;
	t->n += t->names_n;
	sooner(t, b->names ? names_until(b->names) : 0);
	t->pendings = t->n;
	for (i = 0; i < BROKER_PENDING; i++) {
		const struct pending *p = &b->pending[i];

		if (p->kind != PENDING_CONNECT && p->kind != PENDING_LOCAL)
			continue;
		sooner(t, p->deadline);
		sooner(t, p->again);
		sooner(t, now + CHECK_US);
		if (p->again)
			continue;
		t->place[t->n] = (uint16_t)i;
		want(t, p->kind == PENDING_CONNECT ? p->host : p->call.sock, POLLOUT);
	}
}

static void listeners_ready(struct broker *b, const struct turn *t)
{
	size_t i;

	for (i = 0; i < BROKER_LISTENERS; i++) {
		short got = t->p[t->listeners + i].revents;

		if (b->listeners[i] < 0)
			continue;
		if (got & POLLIN)
			broker_notified(b, b->listeners[i]);
		else if (got)
			fd_close(&b->listeners[i]); /* nobody is under this filter any more */
	}
}

static void pendings_ready(struct broker *b, const struct turn *t)
{
	size_t i;

	for (i = t->pendings; i < t->n; i++) {
		struct pending *p = &b->pending[t->place[i]];

		if (!t->p[i].revents)
			continue;
		if (p->kind == PENDING_CONNECT && p->host == t->p[i].fd)
			connected(b, p, false);
		else if (p->kind == PENDING_LOCAL && p->call.sock == t->p[i].fd)
			local_again(b, p);
	}
}

static int hello(struct broker *b, int fds[3])
{
	if (b->inner >= 0)
		return -EPROTO;
	b->inner = take_fd(&fds[0]);
	TRY(sys_socket_netns(fds[1], &b->sandbox_netns));
	return b->sandbox_netns == b->host_netns ? -EXDEV : broker_settle(b, &fds[1], &fds[2]);
}

static int listener(struct broker *b, int *fd)
{
	size_t i;

	for (i = 0; i < BROKER_LISTENERS && b->listeners[i] >= 0; i++)
		;
	if (i == BROKER_LISTENERS)
		return -EMFILE;
	b->listeners[i] = take_fd(fd);
	return 0;
}

/* HELLO of the sandbox's init, and the listeners. An answer that cannot be sent has nobody who waits for it. */
static void told(struct broker *b, int *sock)
{
	int fds[SYS_MAX_FDS], answer = -EPROTO;
	uint32_t word = 0;
	size_t count, i;
	ssize_t n = sys_recv_fds(*sock, &word, sizeof word, fds, &count);

	if (n <= 0) {
		fd_close(sock);
		return;
	}
	if (word == BROKER_HELLO && count == 3 && sock == &b->control)
		answer = hello(b, fds);
	else if (word == BROKER_LISTENER && count == 1)
		answer = listener(b, &fds[0]);
	for (i = 0; i < count; i++)
		fd_close(&fds[i]);
	(void)!sys_send(*sock, &answer, sizeof answer, NULL, 0);
}

/* exec's process, or somebody who only looks whether we are there. */
static void let_in(struct broker *b)
{
	int fd = sys_accept(b->door);
	size_t i;

	for (i = 0; i < BROKER_GUESTS && b->guests[i] >= 0; i++)
		;
	if (i == BROKER_GUESTS)
		fd_close(&b->guests[i = 0]); /* who is silent makes room */
	b->guests[i] = fd;
}

static void guests_ready(struct broker *b, const struct turn *t)
{
	size_t i;

	for (i = 0; i < BROKER_GUESTS; i++)
		if (t->p[t->guests + i].revents && b->guests[i] >= 0)
			told(b, &b->guests[i]);
	if (t->p[2].revents)
		let_in(b);
}

/* init holds the other end of control until the program runs. */
static bool anybody(const struct broker *b)
{
	size_t i;

	for (i = 0; i < BROKER_LISTENERS; i++)
		if (b->listeners[i] >= 0)
			return true;
	return b->control >= 0;
}

void broker_loop(struct broker *b)
{
	static struct turn t;
	int64_t swept = 0, now;
	bool busy = true;
	int n;

	while (anybody(b)) {
		now = sys_now_us();
		collect(b, &t, now);
		n = sys_poll(t.p, t.n, t.until ? (int)((t.until > now ? t.until - now : 0) / 1000 + 1) : busy ? BROKER_IDLE_MS : -1);
		if (n < 0)
			return;
		if (n == 0 && !t.until && busy)
			broker_idle();
		busy = n > 0 || t.until;
		now = sys_now_us();
		/* those that were waited for first: their places are given to new ones below */
		pendings_ready(b, &t);
		on_time(b, now);
		if (now - swept > CHECK_US) {
			sweep(b);
			swept = now;
		}
		if (t.p[1].revents && b->inner >= 0)
			broker_inner_answered(b);
		if (b->names)
			names_ready(b->names, &b->grants, t.p + t.names, t.names_n);
		if (t.p[0].revents && b->control >= 0)
			told(b, &b->control);
		guests_ready(b, &t);
		listeners_ready(b, &t);
	}
}
