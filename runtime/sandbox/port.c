/* port.c - leases of ports: a file for each, named by it, that holds the directory of the sandbox it belongs to.
 * Must not keep a port from others longer than its sandbox exists: a lease is believed only as far as its sandbox confirms it. */
#include "sandbox/port.h"
#include "sandbox/conf.h"
#include "store/record.h"
#include "sys/sys.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#define MAX_LEASE 8192
#define LOCK_SECONDS 60
#define LOOPBACK "127.0.0.1"

static int parse_port(const char *s, uint16_t *out)
{
	unsigned long v = 0;
	const char *c;

	for (c = s; *c >= '0' && *c <= '9' && v <= UINT16_MAX; c++)
		v = v * 10 + (unsigned long)(*c - '0');
	if (c == s || *c || v == 0 || v > UINT16_MAX || *s == '0')
		return -EINVAL;
	*out = (uint16_t)v;
	return 0;
}

static void file_name(uint16_t port, char out[8])
{
	snprintf(out, 8, "%u", port);
}

/* The directory of the leases, locked: closing it is unlocking. make: it may be missing. -ENOENT without words when it is and may not. */
static int open_leases(const struct place *p, bool make, struct err *e)
{
	int64_t until = sys_now_us() + (int64_t)LOCK_SECONDS * 1000000;
	int fd, r;

	fd = make ? place_open(p->ports, 0700, p->uid, p->gid, e) : sys_open(AT_FDCWD, p->ports, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 && (make || fd == -ENOENT))
		return fd;
	if (fd < 0)
		return fail_sys(e, fd, "%s", p->ports);
	while ((r = sys_flock(fd, LOCK_EX | LOCK_NB)) == -EWOULDBLOCK && sys_now_us() < until)
		sys_sleep_us(1000);
	if (r < 0) {
		fd_close(&fd);
		return fail_sys(e, r, "cannot lock the port leases %s", p->ports);
	}
	return fd;
}

/* The directory that holds the lease; NULL: nobody, or what is there is no lease. */
static const char *read_lease(struct arena *a, int leases, uint16_t port)
{
	char name[8], buf[MAX_LEASE];
	ssize_t n;

	file_name(port, name);
	{
		AUTO_FD int fd = sys_open(leases, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);

		n = fd < 0 ? fd : sys_read_all(fd, buf, sizeof buf);
	}
	if (n <= 1 || buf[0] != '/')
		return NULL;
	buf[strcspn(buf, "\n")] = 0;
	return arena_str(a, buf);
}

/* Does the sandbox in that directory confirm that the port is its? One that is being made has not said so yet. */
static bool confirmed(struct arena *a, const char *dir, uint16_t port)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct sandbox_conf c;
	struct err ignored;
	uint16_t have;
	bool locked;
	int r;

	if (fd < 0)
		return fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP; /* what we may not see may be there */
	locked = tree_is_locked(fd); /* first: who makes it may say so and let go between the two */
	r = conf_load(a, fd, dir, &c, &ignored);
	if (r == -ENOENT || (r == 0 && !c.port))
		return locked;
	return r < 0 || (parse_port(c.port, &have) == 0 && have == port);
}

static int write_lease(struct arena *a, const struct sandbox *s, int leases, uint16_t port, struct err *e)
{
	const char *text = arena_fmt(a, "%s\n", s->dir);
	char name[8];
	int r;

	file_name(port, name);
	r = sys_unlink(leases, ".new");
	if (r == 0 || r == -ENOENT) {
		AUTO_FD int fd = sys_open(leases, ".new", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

		r = fd < 0 ? fd : sys_write_all(fd, text, strlen(text));
		if (r == 0 && (s->place.uid != geteuid() || s->place.gid != getegid()))
			r = sys_chown(fd, "", s->place.uid, s->place.gid, AT_EMPTY_PATH);
	}
	if (r == 0)
		r = sys_rename(leases, ".new", leases, name);
	return r < 0 ? fail_sys(e, r, "cannot write %s/%s", s->place.ports, name) : 0;
}

/* Can that address be bound? With SO_REUSEADDR only a listener is in the way, not what is left of connections. */
static int try_bind(const char *address, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool is_v4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int on = 1, r;

	if (!is_v4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return -EDESTADDRREQ;
	{
		AUTO_FD int fd = sys_socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);

		r = fd < 0 ? fd : sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (r == 0)
			r = is_v4 ? sys_bind(fd, &v4, sizeof v4) : sys_bind(fd, &v6, sizeof v6);
	}
	return r;
}

/* "/a/.sandboxes/dev" -> "dev" */
static const char *last_name(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	return slash ? slash + 1 : dir;
}

/* Why it cannot be bound. owner: the directory of a sandbox that leased it, or NULL. */
static int cannot_bind(struct arena *a, int r, const char *address, uint16_t port, const char *owner, struct err *e)
{
	const char *who;

	if (r == -EDESTADDRREQ)
		return fail(e, EINVAL, "\"%.60s\" is not an IP address to listen at", address);
	if (r == -EADDRNOTAVAIL)
		return fail(e, EADDRNOTAVAIL, "%s is no address of this machine: the sandbox cannot be published there", address);
	if (r == -EACCES)
		return fail(e, EACCES, "port %u needs privileges: choose one from 1024 on, or --port auto", port);
	if (r != -EADDRINUSE)
		return fail_sys(e, r, "port %u of %s", port, address);
	if (owner)
		return fail(e, EADDRINUSE, "port %u belongs to sandbox %s (%s); --port auto finds a free one", port, last_name(owner),
			    owner);
	who = port_listener(a, port);
	return fail(e, EADDRINUSE, "port %u is in use by %s; --port auto finds a free one", port, who ? who : "another program");
}

/* 0: it is ours now, or was. -EADDRINUSE with words: taken. */
static int lease_one(struct arena *a, const struct sandbox *s, int leases, uint16_t port, const char *address, struct err *e)
{
	const char *owner = read_lease(a, leases, port);
	int r;

	if (owner && strcmp(owner, s->dir) && confirmed(a, owner, port))
		return cannot_bind(a, -EADDRINUSE, address, port, owner, e);
	r = try_bind(address, port);
	if (r < 0)
		return cannot_bind(a, r, address, port, NULL, e);
	return owner && !strcmp(owner, s->dir) ? 0 : write_lease(a, s, leases, port, e);
}

int port_lease(struct arena *a, const struct sandbox *s, uint16_t want, uint16_t usual, const char *address, uint16_t *out, struct err *e)
{
	AUTO_FD int leases = -1;
	unsigned port;
	int r;

	leases = open_leases(&s->place, true, e);
	if (leases < 0)
		return leases;
	if (!address)
		address = LOOPBACK;
	for (port = want ? want : usual; port <= UINT16_MAX; port++) {
		/* whose it is need not be found out where the next one will do */
		if (!want) {
			const char *owner = read_lease(a, leases, (uint16_t)port);

			if ((!owner || strcmp(owner, s->dir)) && try_bind(address, (uint16_t)port) == -EADDRINUSE)
				continue;
		}
		r = lease_one(a, s, leases, (uint16_t)port, address, e);
		if (r == 0)
			*out = (uint16_t)port;
		if (r != -EADDRINUSE || want)
			return r;
	}
	return fail(e, EADDRINUSE, "no port from %u on is free", usual);
}

void port_release(const struct sandbox *s, uint16_t port)
{
	struct arena a = { 0 };
	struct err ignored;
	AUTO_FD int leases = open_leases(&s->place, false, &ignored);
	const char *owner;
	char name[8];

	if (leases < 0)
		return;
	file_name(port, name);
	owner = read_lease(&a, leases, port);
	if (owner && !strcmp(owner, s->dir))
		(void)!sys_unlink(leases, name);
	arena_drop(&a);
}

int port_check_free(struct arena *a, const struct sandbox *s, uint16_t port, const char *address, struct err *e)
{
	int r = try_bind(address ? address : LOOPBACK, port);
	const char *owner = NULL;

	if (r == 0)
		return 0;
	if (r == -EADDRINUSE) {
		struct err ignored;
		AUTO_FD int leases = open_leases(&s->place, false, &ignored);

		owner = leases < 0 ? NULL : read_lease(a, leases, port);
		if (owner && (!strcmp(owner, s->dir) || !confirmed(a, owner, port)))
			owner = NULL;
	}
	return cannot_bind(a, r, address ? address : LOOPBACK, port, owner, e);
}

static int by_port(const void *x, const void *y)
{
	return ((const struct port_lease *)x)->port - ((const struct port_lease *)y)->port;
}

int port_list(struct arena *a, const struct place *p, port_leases *out, struct err *e)
{
	union {
		struct dirent64 d;
		char bytes[8192];
	} buf;
	AUTO_FD int leases = open_leases(p, false, e);
	ssize_t n, at;

	*out = (port_leases){ 0 };
	if (leases == -ENOENT)
		return 0;
	if (leases < 0)
		return leases;
	while ((n = sys_getdents(leases, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);
			const char *dir;
			uint16_t port;

			at += d->d_reclen;
			if (parse_port(d->d_name, &port) < 0)
				continue;
			dir = read_lease(a, leases, port);
			*arena_push(a, out) = (struct port_lease){ port, dir ? dir : "", !dir || !confirmed(a, dir, port) };
		}
	}
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_port);
	return n < 0 ? fail_sys(e, (int)n, "cannot list %s", p->ports) : 0;
}

int port_bury(struct arena *a, const struct place *p, uint16_t port, struct err *e)
{
	AUTO_FD int leases = open_leases(p, false, e);
	const char *dir;
	char name[8];
	int r;

	if (leases < 0)
		return leases == -ENOENT ? 0 : leases;
	dir = read_lease(a, leases, port);
	if (dir && confirmed(a, dir, port))
		return 0;
	file_name(port, name);
	r = sys_unlink(leases, name);
	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot delete %s/%s", p->ports, name) : 0;
}
