/* broker_inner.c - the inner half: a process with the sandbox's namespaces and credentials that does what stays inside.
 *
 * So paths of unix sockets, file permissions and peer credentials are the sandbox's own. It gets the caller's open socket and a copy of the
 * address: nothing that the caller still can change. It holds nothing, ends with the supervisor, and cannot be traced by the sandbox: its
 * memory belongs to the user namespace of the runtime, and it is not dumpable. Must not wait: a call that would is given up at once and
 * tried
 * again when the supervisor says so. */
#include "apply/broker_impl.h"
#include <linux/close_range.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define AGAIN_US 20000

struct job {
	uint32_t place, serial;
	enum broker_op op;
	int backlog, domain;
	mode_t mask;
	bool has_dir, waits; /* a second fd: the caller's working directory; the caller's socket is a blocking one */
	uint32_t n;
	unsigned char address[BROKER_ADDRESS];
};
struct done {
	uint32_t place, serial;
	int result;
};

/* --- in the inner half */

/* The shortest time limit that there is, for the moment of the call. */
static int connect_briefly(int sock, const struct job *j)
{
	struct timeval was = { 0, 0 }, brief = { 0, 1 };
	size_t n = sizeof was;
	int r;

	if (!j->waits || sys_getsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &was, &n) < 0)
		return sys_connect(sock, j->address, j->n);
	(void)!sys_setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof brief);
	r = sys_connect(sock, j->address, j->n);
	(void)!sys_setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &was, sizeof was);
	return r;
}

static int carry_out(const struct job *j, int sock, int dir, int *made)
{
	if (j->has_dir && sys_fchdir(dir) < 0)
		return -EACCES;
	switch (j->op) {
	case BROKER_BIND:
		sys_umask(j->mask);
		return sys_bind(sock, j->address, j->n);
	case BROKER_LISTEN:
		return sys_listen(sock, j->backlog);
	case BROKER_SOCKET:
		*made = sys_socket(j->domain, SOCK_STREAM, 0);
		return *made < 0 ? *made : 0;
	default:
		return connect_briefly(sock, j);
	}
}

static bool next_job(struct job *j, int fds[SYS_MAX_FDS], size_t *count)
{
	if (sys_poll1(0, POLLIN, BROKER_IDLE_MS) == 0)
		broker_idle();
	return sys_recv_fds(0, j, sizeof *j, fds, count) == (ssize_t)sizeof *j;
}

_Noreturn void broker_inner(int sock)
{
	sigset_t all;
	int fds[SYS_MAX_FDS];
	size_t count, i;
	struct job j;

	broker_shed();
	sigfillset(&all);
	if (sys_sigprocmask(SIG_SETMASK, &all, NULL) < 0 || sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    sys_prctl(PR_SET_NAME, (unsigned long)"wasirun-inside", 0, 0, 0) < 0 || sys_dup3(sock, 0, O_CLOEXEC) < 0 ||
	    sys_close_range(1, ~0U, 0) < 0 || broker_filter_inner() < 0 || sys_send_fds(0, "", 1, NULL, 0) != 1)
		sys_exit(1);
	while (next_job(&j, fds, &count)) {
		struct done d = { .place = j.place, .serial = j.serial };
		int made = -1;

		d.result = carry_out(&j, count > 0 ? fds[0] : -1, count > 1 ? fds[1] : -1, &made);
		if (sys_send_fds(0, &d, sizeof d, &made, made >= 0) < 0)
			sys_exit(1);
		fd_close(&made);
		for (i = 0; i < count; i++)
			fd_close(&fds[i]);
	}
	sys_exit(0);
}

/* --- in the supervisor */

static mode_t mask_of(struct broker *b, pid_t tid)
{
	char path[48], text[512];
	const char *line;

	snprintf(path, sizeof path, "%d/status", tid);
	AUTO_FD int f = sys_open(b->proc, path, O_RDONLY, 0);
	ssize_t n = f < 0 ? -1 : sys_read(f, text, sizeof text - 1);

	if (n <= 0)
		return 077;
	text[n] = 0;
	line = strstr(text, "Umask:");
	return line ? (mode_t)strtoul(line + 6, NULL, 8) & 0777 : 077;
}

int broker_inner_send(struct broker *b, struct pending *p)
{
	struct call *c = &p->call;
	int fds[2] = { c->sock, -1 };
	struct job j = {
		.place = (uint32_t)(p - b->pending),
		.serial = p->serial,
		.op = p->kind == PENDING_RESTORE ? BROKER_SOCKET : c->op,
		.backlog = c->backlog,
		.domain = c->domain,
		.n = c->n,
	};
	char path[48];
	ssize_t r;

	if (b->inner < 0)
		return -ENOSYS; /* killed from inside: what it did is no longer done */
	memcpy(j.address, c->address, c->n);
	j.waits = !(sys_file_flags(c->sock) & O_NONBLOCK);
	if (c->domain == AF_UNIX && c->op != BROKER_LISTEN) {
		snprintf(path, sizeof path, "%d/cwd", c->tid);
		fds[1] = sys_open(b->proc, path, O_PATH | O_DIRECTORY, 0);
		j.has_dir = fds[1] >= 0;
		j.mask = mask_of(b, c->tid);
	}
	r = sys_send_fds(b->inner, &j, sizeof j, fds, j.has_dir ? 2 : 1);
	fd_close(&fds[1]);
	return r < 0 ? (r == -EAGAIN ? -ENOBUFS : (int)r) : CALL_WAITS;
}

static int begin(struct broker *b, struct call *c, enum pending_kind kind, int answer)
{
	struct pending *p = broker_pending(b);
	int64_t limit;
	int r;

	if (!p)
		return -ENOBUFS;
	limit = c->op == BROKER_CONNECT ? broker_send_timeout(c->sock) : 0;
	*p = (struct pending){ .kind = kind, .serial = ++b->serial, .call = *c, .host = -1, .answer = answer };
	p->deadline = limit ? sys_now_us() + limit : 0;
	r = broker_inner_send(b, p);
	if (r < 0)
		p->kind = PENDING_NONE; /* the caller of begin still has c and closes it */
	return r;
}

int broker_local(struct broker *b, struct call *c)
{
	return begin(b, c, PENDING_INNER, 0);
}

int broker_restore(struct broker *b, struct call *c, int answer)
{
	return begin(b, c, PENDING_RESTORE, answer);
}

static void finish(struct pending *p, int result)
{
	broker_answer(&p->call, result);
	p->kind = PENDING_NONE;
}

/* A blocking connect that did not end at once goes on as if it blocked. */
static void connect_answered(struct pending *p, int result)
{
	bool waits = !(sys_file_flags(p->call.sock) & O_NONBLOCK);

	if (p->call.op != BROKER_CONNECT || !waits || (result != -EINPROGRESS && result != -EALREADY && result != -EAGAIN)) {
		finish(p, result);
		return;
	}
	p->kind = PENDING_LOCAL;
	p->again = p->call.domain == AF_UNIX ? sys_now_us() + AGAIN_US : 0;
}

void broker_inner_answered(struct broker *b)
{
	int fds[SYS_MAX_FDS];
	struct pending *p;
	size_t count, i;
	struct done d;
	ssize_t n = sys_recv_fds(b->inner, &d, sizeof d, fds, &count);
	int r;

	if (n != (ssize_t)sizeof d || d.place >= BROKER_PENDING) {
		fd_close(&b->inner);
		for (i = 0; i < BROKER_PENDING; i++)
			if (b->pending[i].kind != PENDING_NONE && b->pending[i].kind != PENDING_CONNECT)
				finish(&b->pending[i], -ENOSYS);
	} else {
		p = &b->pending[d.place];
		if (p->serial == d.serial && p->kind == PENDING_INNER) {
			connect_answered(p, d.result);
		} else if (p->serial == d.serial && p->kind == PENDING_RESTORE) {
			r = d.result < 0 || !count ? -ENOBUFS : broker_swap(b, &p->call, fds[0]);
			finish(p, r < 0 ? r : p->answer);
		}
	}
	for (i = 0; i < count; i++)
		fd_close(&fds[i]);
}
