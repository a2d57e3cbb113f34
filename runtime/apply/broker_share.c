/* broker_share.c - does another process of the sandbox hold the socket that is to be replaced?
 *
 * Only the caller's descriptors can be replaced. The sandbox's processes are looked up as a tree: up from the caller while the network
 * namespace is the same, then down. Must not go beyond processes of that namespace. */
#include "apply/broker_impl.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 32
#define MOST 4096 /* processes looked at: a sandbox with more is told so */

struct search {
	struct broker *b;
	pid_t caller;
	ino_t net;
	uint64_t ino;
	unsigned seen;
};

static ino_t namespace_of(struct broker *b, pid_t pid)
{
	char path[48];
	struct stat st;

	snprintf(path, sizeof path, "%d/ns/net", pid);
	return sys_statat(b->proc, path, &st, 0) < 0 ? 0 : st.st_ino;
}

/* A number of /proc/PID/status. */
static pid_t status_number(struct broker *b, pid_t pid, const char *key)
{
	char path[48], text[1024];
	const char *line;

	snprintf(path, sizeof path, "%d/status", pid);
	AUTO_FD int f = sys_open(b->proc, path, O_RDONLY, 0);
	ssize_t n = f < 0 ? -1 : sys_read(f, text, sizeof text - 1);

	if (n <= 0)
		return -1;
	text[n] = 0;
	line = strstr(text, key);
	return line ? (pid_t)strtol(line + strlen(key), NULL, 10) : -1;
}

static int is_it(void *ctx, const struct seen *f)
{
	const struct search *s = ctx;

	return f->kind == SEEN_SOCKET && f->ino == s->ino;
}

static int look(struct search *s, pid_t pid, unsigned depth);

static int look_at_children(struct search *s, pid_t pid, pid_t tid, unsigned depth)
{
	char path[64], text[512];
	size_t have = 0;
	ssize_t n;
	int ret;

	snprintf(path, sizeof path, "%d/task/%d/children", pid, tid);
	AUTO_FD int f = sys_open(s->b->proc, path, O_RDONLY, 0);
	if (f < 0)
		return 0;
	while ((n = sys_read(f, text + have, sizeof text - 1 - have)) > 0) {
		char *at = text, *space;

		have += (size_t)n;
		text[have] = 0;
		while ((space = strchr(at, ' ')) != NULL) {
			ret = look(s, (pid_t)strtol(at, NULL, 10), depth + 1);
			if (ret)
				return ret;
			at = space + 1;
		}
		have -= (size_t)(at - text);
		memmove(text, at, have);
	}
	return 0;
}

static int look_at_threads(struct search *s, pid_t pid, unsigned depth);

static int look(struct search *s, pid_t pid, unsigned depth)
{
	int ret;

	if (pid <= 0 || depth > DEPTH)
		return 0;
	if (++s->seen > MOST)
		return -E2BIG;
	if (pid != s->caller && namespace_of(s->b, pid) == s->net && sys_same_files(pid, s->caller) != 1) {
		ret = broker_each_fd(s->b, pid, is_it, s);
		if (ret > 0)
			return 1;
	}
	return look_at_threads(s, pid, depth);
}


static int look_at_threads(struct search *s, pid_t pid, unsigned depth)
{
	char path[48], buf[1024];
	ssize_t n, at;
	int ret;

	snprintf(path, sizeof path, "%d/task", pid);
	AUTO_FD int dir = sys_open(s->b->proc, path, O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return 0;
	while ((n = sys_getdents(dir, buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const struct dirent64 *)(buf + at);

			at += d->d_reclen;
			ret = d->d_name[0] == '.' ? 0 : look_at_children(s, pid, (int)strtol(d->d_name, NULL, 10), depth);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int broker_shared(struct broker *b, pid_t tid, uint64_t ino)
{
	struct search s = { .b = b, .ino = ino };
	pid_t root, up;
	unsigned i;
	int ret;

	s.caller = status_number(b, tid, "Tgid:");
	s.net = namespace_of(b, tid);
	if (s.caller <= 0 || !s.net)
		return -ESRCH;
	for (root = s.caller, i = 0; i < DEPTH; i++, root = up) {
		up = status_number(b, root, "PPid:");
		if (up <= 0 || namespace_of(b, up) != s.net)
			break;
	}
	ret = look(&s, root, 0);
	return ret > 0 ? -EOPNOTSUPP : 0; /* a process that went away meanwhile, or too many of them: the caller's own are replaced */
}
