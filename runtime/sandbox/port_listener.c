/* port_listener.c - who listens at a port of this machine: for messages.
 * Must not be asked but when something failed: it reads the descriptors of every process that we may look at. */
#include "sandbox/look.h"
#include "sandbox/port.h"
#include "sys/sys.h"
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

const char *port_listener(struct arena *a, uint16_t port)
{
	unsigned long inode = socket_inode(a, "/proc/net/tcp", port);
	const char *pid;
	char name[64];

	if (!inode)
		inode = socket_inode(a, "/proc/net/tcp6", port);
	pid = inode ? look_for_holder(a, arena_fmt(a, "socket:[%lu]", inode)) : NULL;
	if (!pid)
		return NULL;
	if (sys_read_file(AT_FDCWD, arena_fmt(a, "/proc/%s/comm", pid), name, sizeof name) <= 0)
		return arena_fmt(a, "process %s", pid);
	name[strcspn(name, "\n")] = 0;
	return arena_fmt(a, "%s (pid %s)", name, pid);
}
