/* port_listener.c - who listens at a port of this machine: for messages.
 * Must not be asked but when something failed: it reads the descriptors of every process that we may look at. */
#include "sandbox/port.h"
#include "sys/sys.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define TABLE_BYTES ((size_t)1 << 20)
#define LISTENING 0x0a /* TCP_LISTEN in /proc/net/tcp, proc_pid_net(5) */

/* The inode of the listening socket, 0 = none that we see. */
static unsigned long socket_inode(struct arena *a, const char *table, uint16_t port)
{
	char *buf = arena_alloc(arena_scratch(a), TABLE_BYTES), *line, *next;

	if (sys_read_file(AT_FDCWD, table, buf, TABLE_BYTES) < 0)
		return 0;
	for (line = buf; *line; line = next) {
		unsigned have, state;
		unsigned long inode;

		next = strchrnul(line, '\n');
		next += *next == '\n';
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s %lu", &have, &state, &inode) == 3 &&
		    have == port && state == LISTENING)
			return inode;
	}
	return 0;
}

/* Has one of the descriptors below /proc/PID/fd that target? */
static bool holds(struct arena *a, int proc, const char *pid, const char *target)
{
	union {
		struct dirent64 d;
		char bytes[8192];
	} buf;
	AUTO_FD int dir = sys_open(proc, arena_fmt(a, "%s/fd", pid), O_RDONLY | O_DIRECTORY, 0);
	char link[64];
	ssize_t n, at;

	while (dir >= 0 && (n = sys_getdents(dir, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);

			at += d->d_reclen;
			if (sys_readlink(dir, d->d_name, link, sizeof link) > 0 && !strcmp(link, target))
				return true;
		}
	}
	return false;
}

static const char *described(struct arena *a, int proc, const char *pid)
{
	char name[64];

	if (sys_read_file(proc, arena_fmt(a, "%s/comm", pid), name, sizeof name) <= 0)
		return arena_fmt(a, "process %s", pid);
	name[strcspn(name, "\n")] = 0;
	return arena_fmt(a, "%s (pid %s)", name, pid);
}

const char *port_listener(struct arena *a, uint16_t port)
{
	union {
		struct dirent64 d;
		char bytes[8192];
	} buf;
	AUTO_FD int proc = sys_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	unsigned long inode = socket_inode(a, "/proc/net/tcp", port);
	char target[48];
	ssize_t n, at;

	if (!inode)
		inode = socket_inode(a, "/proc/net/tcp6", port);
	snprintf(target, sizeof target, "socket:[%lu]", inode);
	while (inode && proc >= 0 && (n = sys_getdents(proc, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);

			at += d->d_reclen;
			if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && holds(a, proc, d->d_name, target))
				return described(a, proc, d->d_name);
		}
	}
	return NULL;
}
