/* broker_epoll.c - epoll registrations of a socket that is replaced: they belong to the open file, so the new one needs its own.
 *
 * The kernel tells them in fdinfo (proc(5)). A registration is known by the open file and the number it had when it was made, so each is
 * made in a
 * child in which the new socket has the caller's number. Must not trust more of the text than its numbers. */
#include "apply/broker_impl.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static bool is_held(const struct swap *s, int fd)
{
	size_t i;

	for (i = 0; i < s->held_n; i++)
		if (s->held[i].fd == fd)
			return true;
	return false;
}

static void read_line(struct swap *s, int epoll, const char *line)
{
	unsigned events;
	uint64_t data, ino;
	int fd;

	if (sscanf(line, "tfd: %d events: %x data: %" SCNx64 " pos:%*d ino:%" SCNx64, &fd, &events, &data, &ino) != 4)
		return;
	if (ino == s->ino && is_held(s, fd) && s->watches_n < SWAP_WATCHES)
		s->watches[s->watches_n++] = (struct watch){ .epoll = epoll, .fd = fd, .events = events, .data = data };
}

static void read_info(struct broker *b, pid_t tid, int epoll, struct swap *s)
{
	char path[48], buf[4096];
	size_t have = 0;
	ssize_t n;

	snprintf(path, sizeof path, "%d/fdinfo/%d", tid, epoll);
	AUTO_FD int f = sys_open(b->proc, path, O_RDONLY, 0);
	if (f < 0)
		return;
	while ((n = sys_read(f, buf + have, sizeof buf - 1 - have)) > 0) {
		char *line = buf, *end;

		have += (size_t)n;
		buf[have] = 0;
		while ((end = strchr(line, '\n')) != NULL) {
			*end = 0;
			read_line(s, epoll, line);
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		if (have == sizeof buf - 1)
			return; /* no such line is that long */
	}
}

void broker_watches_read(struct broker *b, pid_t tid, struct swap *s)
{
	size_t i;

	s->watches_n = 0;
	for (i = 0; i < s->epolls_n; i++)
		read_info(b, tid, s->epolls[i], s);
}

static int make_one(const struct call *c, const struct watch *w, int with)
{
	int epoll = sys_pidfd_getfd(c->pidfd, w->epoll), high, r;

	if (epoll < 0)
		return epoll;
	high = sys_dup(epoll, w->fd + 1);
	if (high < 0)
		return high;
	r = with == w->fd ? with : sys_dup3(with, w->fd, O_CLOEXEC);
	if (r >= 0)
		r = sys_epoll_add(high, w->fd, w->events, w->data);
	return r == -EEXIST ? 0 : r;
}

/* In the child: the numbers that are written over are copies of its own. */
static int make_all(const struct call *c, const struct swap *s, int with)
{
	int highest = 0, safe, pidfd;
	struct call own = *c;
	size_t i;

	for (i = 0; i < s->watches_n; i++)
		if (s->watches[i].fd > highest)
			highest = s->watches[i].fd;
	safe = TRY(sys_dup(with, highest + 1));
	pidfd = TRY(sys_dup(c->pidfd, highest + 1));
	own.pidfd = pidfd;
	for (i = 0; i < s->watches_n; i++)
		TRY(make_one(&own, &s->watches[i], safe));
	return 0;
}

int broker_watches_make(struct call *c, const struct swap *s, int with)
{
	int status;
	pid_t pid;

	if (!s->watches_n)
		return 0;
	pid = TRY(sys_fork_quiet());
	if (pid == 0)
		sys_exit(make_all(c, s, with) < 0);
	TRY(sys_waitpid(pid, &status, __WALL));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EOPNOTSUPP;
}
