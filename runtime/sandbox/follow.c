/* follow.c - a sandbox's log on standard output.
 * Must not keep more of it in memory than one buffer: logs grow large. */
#include "sandbox/follow.h"
#include "store/files.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#define LOG "logs/server.log"
#define CHUNK 65536
#define INSIDE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

struct following {
	const struct sandbox *s;
	int fd;         /* of the log; -1 = there is none now */
	int dir;        /* that it lies in */
	uint64_t at;    /* read so far */
	char buf[CHUNK + 1];
};

static int open_log(const struct sandbox *s)
{
	return sys_openat2(s->fd, LOG, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, INSIDE);
}

/* Where the last n lines begin. A last line without its end counts. */
static int find_lines(struct following *f, uint64_t size, int64_t n, uint64_t *out)
{
	uint64_t end = size;
	int64_t found = 0;

	*out = 0;
	if (n < 0 || !size)
		return 0;
	while (end > 0) {
		uint64_t from = end > CHUNK ? end - CHUNK : 0;
		ssize_t got = sys_pread(f->fd, f->buf, (size_t)(end - from), (off_t)from), i;

		if (got < 0)
			return (int)got;
		for (i = got - 1; i >= 0; i--) {
			if (f->buf[i] != '\n' || from + (uint64_t)i == size - 1)
				continue;
			if (++found == n) {
				*out = from + (uint64_t)i + 1;
				return 0;
			}
		}
		end = from;
	}
	return 0;
}

/* All that is there and was not printed yet. */
static int print_rest(struct following *f, struct err *e)
{
	struct stat st;
	ssize_t n;

	if (f->fd < 0)
		return 0;
	if (sys_fstat(f->fd, &st) == 0 && (uint64_t)st.st_size < f->at) /* emptied */
		f->at = 0;
	while ((n = sys_pread(f->fd, f->buf, CHUNK, (off_t)f->at)) > 0) {
		f->buf[n] = 0;
		TRY(file_print_foreign(f->buf, (size_t)n, e));
		f->at += (uint64_t)n;
	}
	return n < 0 ? fail_sys(e, (int)n, "%s/" LOG, f->s->dir) : 0;
}

/* Another file of that name: what is left of the old one first. */
static int reopen(struct following *f, struct err *e)
{
	struct stat held, named;
	int fd = open_log(f->s);

	if (fd >= 0 && f->fd >= 0 && sys_fstat(f->fd, &held) == 0 && sys_fstat(fd, &named) == 0 && held.st_ino == named.st_ino &&
	    held.st_dev == named.st_dev) {
		fd_close(&fd);
		return 0;
	}
	if (fd < 0)
		return 0; /* between two of them, or gone: the old one is kept until there is a new one */
	if (print_rest(f, e) < 0) {
		fd_close(&fd);
		return -e->code;
	}
	fd_close(&f->fd);
	f->fd = fd;
	f->at = 0;
	return 0;
}

static void empty_queue(int events)
{
	char buf[4096];

	while (sys_read(events, buf, sizeof buf) > 0)
		;
}

/* inotify(7) would tell of its end only when nobody has a file of it open; we have. */
static bool directory_is_gone(const struct following *f)
{
	struct stat st;

	return sys_fstat(f->dir, &st) < 0 || st.st_nlink == 0;
}

/* The log's directory, and the one above for its end. */
static int watch(const struct following *f, struct err *e)
{
	int events = sys_inotify(), r = 0, i;
	char path[40];

	if (events < 0)
		return fail_sys(e, events, "cannot follow %s/" LOG, f->s->dir);
	for (i = 0; i < 2 && r >= 0; i++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", i ? f->s->fd : f->dir);
		r = sys_inotify_add(events, path, (i ? IN_DELETE : IN_MODIFY | IN_CREATE | IN_MOVED_TO) | IN_ONLYDIR);
	}
	if (r < 0) {
		fd_close(&events);
		return fail_sys(e, r, "cannot follow %s/" LOG, f->s->dir);
	}
	return events;
}

/* POLLERR of standard output: its reader went away. */
static int go_on(struct following *f, int events, int pidfd, struct err *e)
{
	struct pollfd p[] = { { events, POLLIN, 0 }, { 1, 0, 0 }, { pidfd, POLLIN, 0 } };

	for (;;) {
		int r = sys_poll(p, 3, -1);
		bool ended = p[2].revents != 0 || directory_is_gone(f);

		if (r < 0 && r != -EINTR)
			return fail_sys(e, r, "cannot wait for the log");
		if (p[1].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0;
		empty_queue(events);
		TRY(reopen(f, e));
		TRY(print_rest(f, e));
		if (ended)
			return 0;
	}
}

int follow_log(const struct sandbox *s, int64_t lines, bool follow, int pidfd, struct err *e)
{
	struct following f = { .s = s, .fd = open_log(s) };
	AUTO_FD int events = -1;
	struct stat st;
	int r = 0;

	f.dir = sys_openat2(s->fd, "logs", O_PATH | O_DIRECTORY, 0, INSIDE);
	if (f.fd < 0 && f.fd != -ENOENT)
		return fail_sys(e, f.fd, "%s/" LOG, s->dir);
	if (follow) { /* first, so that nothing is lost between the two */
		events = f.dir < 0 ? fail_sys(e, f.dir, "%s/logs", s->dir) : watch(&f, e);
		r = events < 0 ? events : 0;
	}
	if (r >= 0 && f.fd >= 0) {
		r = sys_fstat(f.fd, &st);
		if (r == 0)
			r = find_lines(&f, (uint64_t)st.st_size, lines, &f.at);
		if (r < 0)
			(void)fail_sys(e, r, "%s/" LOG, s->dir);
		if (lines == 0)
			f.at = (uint64_t)st.st_size;
	}
	if (r >= 0)
		r = print_rest(&f, e);
	if (r >= 0 && follow)
		r = go_on(&f, events, pidfd, e);
	fd_close(&f.fd);
	fd_close(&f.dir);
	return r;
}
