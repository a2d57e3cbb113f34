/* broker_swap.c - puts a socket in place of the caller's, under every number by which the caller knows it.
 *
 * A dup made before keeps the old socket otherwise. All of it goes through the notification that waits, so the caller is not running
 * meanwhile;
 * its other threads are, and what they do to their descriptors at this moment can only change which of them show the new socket: the
 * socket itself
 * was granted. Must not be left half done in silence. */
#include "apply/broker_impl.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int broker_each_fd(struct broker *b, pid_t pid, int (*each)(void *ctx, int fd, const char *link), void *ctx)
{
	char path[48], link[64], buf[2048];
	ssize_t n, at;
	int ret;

	snprintf(path, sizeof path, "%d/fd", pid);
	AUTO_FD int dir = sys_open(b->proc, path, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	while ((n = sys_getdents(dir, buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buf + at);

			at += d->d_reclen;
			if (d->d_name[0] < '0' || d->d_name[0] > '9' || sys_readlink(dir, d->d_name, link, sizeof link) < 0)
				continue;
			ret = each(ctx, (int)strtol(d->d_name, NULL, 10), link);
			if (ret)
				return ret;
		}
	}
	return (int)n;
}

static int note(void *ctx, int fd, const char *link)
{
	struct swap *s = ctx;
	char want[40];

	snprintf(want, sizeof want, "socket:[%llu]", (unsigned long long)s->ino);
	if (!strcmp(link, want)) {
		if (s->held_n == SWAP_FDS)
			return -EMFILE;
		s->held[s->held_n++] = (struct held){ .fd = fd };
	} else if (!strcmp(link, "anon_inode:[eventpoll]") && s->epolls_n < SWAP_EPOLLS) {
		s->epolls[s->epolls_n++] = fd;
	}
	return 0;
}

static bool is_cloexec(struct broker *b, pid_t tid, int fd)
{
	char path[48], text[256];
	const char *flags;
	int dir;

	snprintf(path, sizeof path, "%d/fdinfo/%d", tid, fd);
	dir = sys_open(b->proc, path, O_RDONLY, 0);
	AUTO_FD int f = dir;
	ssize_t n = f < 0 ? -1 : sys_read(f, text, sizeof text - 1);

	if (n <= 0)
		return true;
	text[n] = 0;
	flags = strstr(text, "flags:");
	return !flags || (strtoul(flags + 6, NULL, 8) & O_CLOEXEC);
}

static int list(struct broker *b, const struct call *c, struct swap *s)
{
	size_t i;

	s->held_n = s->epolls_n = 0;
	TRY(broker_each_fd(b, c->tid, note, s));
	for (i = 0; i < s->held_n; i++)
		s->held[i].cloexec = is_cloexec(b, c->tid, s->held[i].fd);
	return 0;
}

int broker_swap(struct broker *b, struct call *c, int with)
{
	struct swap s = { .ino = 0 };
	struct stat st;
	int flags, round, ret;
	size_t i;

	TRY(sys_fstat(c->sock, &st));
	s.ino = st.st_ino;
	TRY(list(b, c, &s));
	TRY(broker_shared(b, c->tid, s.ino));
	broker_watches_read(b, c->tid, &s);
	flags = TRY(sys_file_flags(c->sock));
	TRY(sys_set_file_flags(with, flags & (O_NONBLOCK | O_ASYNC)));
	TRY(broker_watches_make(c, &s, with));
	for (round = 0; s.held_n && round < 4; round++) { /* another thread may have made a dup since we looked */
		for (i = 0; i < s.held_n; i++) {
			ret = sys_notif_put_fd(c->listener, c->id, with, s.held[i].fd, s.held[i].cloexec);
			if (ret < 0)
				return ret;
		}
		TRY(list(b, c, &s));
	}
	return 0;
}
