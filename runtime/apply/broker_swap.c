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

static struct seen of_link(int fd, const char *link)
{
	struct seen f = { .fd = fd, .kind = SEEN_OTHER };

	if (!strncmp(link, "socket:[", 8))
		f = (struct seen){ .fd = fd, .kind = SEEN_SOCKET, .ino = strtoull(link + 8, NULL, 10) };
	else if (!strcmp(link, "anon_inode:[eventpoll]"))
		f.kind = SEEN_EPOLL;
	return f;
}

static bool number_after(const char *text, const char *key, unsigned long long *out)
{
	const char *at = strstr(text, key);

	*out = at ? strtoull(at + strlen(key), NULL, 10) : 0;
	return at != NULL;
}

int broker_mount_of(struct broker *b, int fd)
{
	char path[48], text[512];
	unsigned long long mount;
	ssize_t n;

	snprintf(path, sizeof path, "self/fdinfo/%d", fd);
	n = sys_read_file(b->proc, path, text, sizeof text);
	if (n < 0)
		return (int)n;
	return number_after(text, "\nmnt_id:", &mount) ? (int)mount : -EPROTO;
}

/* An epoll set without registrations is like any other file to us. */
static struct seen of_info(struct broker *b, int dir, int fd, const char *name)
{
	struct seen f = { .fd = fd, .kind = SEEN_OTHER };
	unsigned long long mount, ino;
	char text[512];
	int info = sys_open(dir, name, O_RDONLY, 0);
	AUTO_FD int own = info;
	ssize_t n = own < 0 ? -1 : sys_read(own, text, sizeof text - 1);

	if (n <= 0)
		return f;
	text[n] = 0;
	if (strstr(text, "\ntfd:"))
		f.kind = SEEN_EPOLL;
	else if (number_after(text, "\nmnt_id:", &mount) && number_after(text, "\nino:", &ino) && (int)mount == b->sockets_mount)
		f = (struct seen){ .fd = fd, .kind = SEEN_SOCKET, .ino = ino };
	return f;
}

/* Links in `fd` are for the process's own user; a supervisor that root started has given up the right to look there as another one.
 * fdinfo is for whoever may trace the process, and says the same at the price of reading each (5.14). */
static int open_fds(struct broker *b, pid_t pid, bool *links)
{
	char path[48];
	int dir;

	snprintf(path, sizeof path, "%d/fd", pid);
	dir = sys_open(b->proc, path, O_RDONLY | O_DIRECTORY, 0);
	*links = dir != -EACCES && dir != -EPERM;
	if (*links)
		return dir;
	snprintf(path, sizeof path, "%d/fdinfo", pid);
	return sys_open(b->proc, path, O_RDONLY | O_DIRECTORY, 0);
}

int broker_each_fd(struct broker *b, pid_t pid, int (*each)(void *ctx, const struct seen *f), void *ctx)
{
	char link[64], buf[2048];
	bool links;
	ssize_t n, at;
	int ret = open_fds(b, pid, &links);

	AUTO_FD int dir = ret;
	if (dir < 0)
		return dir;
	while ((n = sys_getdents(dir, buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buf + at);
			int fd = (int)strtol(d->d_name, NULL, 10);
			struct seen f;

			at += d->d_reclen;
			if (d->d_name[0] < '0' || d->d_name[0] > '9' ||
			    (links && sys_readlink(dir, d->d_name, link, sizeof link) < 0))
				continue;
			f = links ? of_link(fd, link) : of_info(b, dir, fd, d->d_name);
			ret = each(ctx, &f);
			if (ret)
				return ret;
		}
	}
	return (int)n;
}

static int note(void *ctx, const struct seen *f)
{
	struct swap *s = ctx;

	if (f->kind == SEEN_SOCKET && f->ino == s->ino) {
		if (s->held_n == SWAP_FDS)
			return -EMFILE;
		s->held[s->held_n++] = (struct held){ .fd = f->fd };
	} else if (f->kind == SEEN_EPOLL && s->epolls_n < SWAP_EPOLLS) {
		s->epolls[s->epolls_n++] = f->fd;
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
