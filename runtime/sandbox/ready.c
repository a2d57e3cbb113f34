/* ready.c - waiting until a server answers in its own protocol, where its clients will reach it.
 *
 * That is asked once: no server of ours is started twice, and a port that is open says nothing. What answers may be anybody:
 * nothing here believes a length or waits without a deadline. */
#include "base/fd.h"
#include "sandbox/conf.h"
#include "sandbox/engine_impl.h"
#include "sys/sys.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int ask_send(int fd, const void *bytes, size_t n)
{
	return sys_send(fd, bytes, n, NULL, 0) == (ssize_t)n;
}

size_t ask_receive(int fd, void *buf, size_t n, size_t least, int64_t until)
{
	struct sockaddr_storage from;
	socklen_t from_n;
	size_t have = 0;

	while (have < least) {
		int64_t left = (until - sys_now_us() + 999) / 1000;
		ssize_t r;

		if (left <= 0 || sys_poll1(fd, POLLIN, (int)left) <= 0)
			break;
		r = sys_recv(fd, (char *)buf + have, n - have, &from, &from_n);
		if (r == -EAGAIN)
			continue;
		if (r <= 0)
			break;
		have += (size_t)r;
	}
	return have;
}

int ask_stranger(const struct engine *en, struct err *e)
{
	return fail(e, EPROTO, "what answers there is no %s: something else has the port, or the programs are not what their names say",
		    en->title);
}

struct target {
	struct sockaddr_storage to;
	size_t n;
	const char *path; /* of a socket instead */
	const char *text; /* for messages */
};

static int find_target(const struct sandbox *s, const char *address, uint16_t port, struct target *t, struct err *e)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&t->to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&t->to;

	*t = (struct target){ .text = address };
	if (!port) {
		if (!s->conf.socket)
			return fail(e, EINVAL, "sandbox %s has neither a port nor a socket to be reached at", s->name);
		t->path = t->text = s->conf.socket;
		return 0;
	}
	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		t->n = sizeof *v4;
		return 0;
	}
	if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		t->n = sizeof *v6;
		return 0;
	}
	return fail(e, EINVAL, "%s is no address: a sandbox is published at one such as 127.0.0.1 or 0.0.0.0", address);
}

/* 1 = connected, 0 = nobody is there yet. r: what connect said. */
static int judge(int fd, int r, const char *what, int64_t until, struct err *e)
{
	int64_t left = (until - sys_now_us()) / 1000;
	int error = 0;
	size_t n = sizeof error;

	if (r == -EINPROGRESS) {
		if (sys_poll1(fd, POLLOUT, left > ASK_MS ? ASK_MS : left > 0 ? (int)left : 0) <= 0)
			return 0;
		r = sys_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
		r = r < 0 ? r : -error;
	}
	switch (-r) {
	case 0: return 1;
	case ECONNREFUSED:
	case ENOENT:
	case EAGAIN:
	case EINTR:
	case ECONNRESET:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH: return 0;
	default: return fail_sys(e, r, "connect to %s", what);
	}
}

int socket_connect(int sock, const struct sandbox *s)
{
	AUTO_FD int file = sys_open(AT_FDCWD, s->conf.socket, O_PATH | O_NOFOLLOW, 0);
	bool other = geteuid() == 0 && s->place.uid != 0;
	char path[40];
	struct stat st;
	int r = file < 0 ? file : sys_fstat(file, &st);

	if (r == 0 && !S_ISSOCK(st.st_mode))
		r = -ENOTSOCK;
	if (r == 0 && other && st.st_uid != s->place.data_uid)
		r = -EPERM;
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	return r < 0 ? r : sys_connect_path(sock, path);
}

int socket_open(const struct sandbox *s, struct err *e)
{
	AUTO_FD int fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int r = fd < 0 ? fd : socket_connect(fd, s);

	return r < 0 ? fail_sys(e, r, "connect to the server at %s", s->conf.socket) : take_fd(&fd);
}

static int open_path(const struct sandbox *s, int64_t until, int *out, struct err *e)
{
	AUTO_FD int fd = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return fail_sys(e, fd, "socket");
	r = judge(fd, socket_connect(fd, s), s->conf.socket, until, e);
	*out = r == 1 ? take_fd(&fd) : -1;
	return r;
}

static int open_port(const struct target *t, int64_t until, int *out, struct err *e)
{
	AUTO_FD int fd = sys_socket(t->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return fail_sys(e, fd, "socket");
	r = judge(fd, sys_connect(fd, &t->to, t->n), t->text, until, e);
	*out = r == 1 ? take_fd(&fd) : -1;
	return r;
}

/* Is it our server that has the port? It is when its socket answers, or when the look from outside was seen to change. */
struct seen {
	bool not_yet, ours;
};

static int try_once(const struct engine *en, const struct sandbox *s, const struct target *t, struct seen *seen, int64_t until,
		    struct err *e)
{
	AUTO_FD int fd = -1;
	int r;

	if (en->might_be_ready) {
		bool yes = en->might_be_ready(s);

		seen->ours |= yes && seen->not_yet;
		seen->not_yet |= !yes;
		if (!yes)
			return 0;
	}
	if (!seen->ours && s->conf.socket) {
		r = open_path(s, until, &fd, e);
		if (r != 1)
			return r;
		seen->ours = true;
	}
	if (!t->path) {
		fd_close(&fd);
		r = open_port(t, until, &fd, e);
		if (r != 1)
			return r;
	} else if (fd < 0) {
		r = open_path(s, until, &fd, e);
		if (r != 1)
			return r;
	}
	return en->ask(fd, s, e);
}

int engine_wait_ready(const struct engine *en, const struct sandbox *s, const char *address, uint16_t port, int pidfd, uint64_t timeout_ms,
		      struct err *e)
{
	int64_t until = sys_now_us() + (int64_t)timeout_ms * 1000;
	struct target t;
	struct seen seen = { false };
	unsigned tries;

	TRY(find_target(s, address, port, &t, e));
	for (tries = 0;; tries++) {
		int r = try_once(en, s, &t, &seen, until, e), ended;

		if (r)
			return r < 0 ? r : 0;
		/* the pause, which the server's end cuts short */
		ended = sys_poll1(pidfd, POLLIN, tries < 100 ? 1 : tries < 300 ? 2 : 10);
		if (ended > 0)
			return fail(e, ESRCH, "%s ended before it answered", en->title);
		if (sys_now_us() >= until)
			return fail(e, ETIMEDOUT, port ? "%s did not answer within %.1f s on %s port %u" :
							 "%s did not answer within %.1f s on %s", en->title, (double)timeout_ms / 1000,
				    t.text, port);
	}
}
