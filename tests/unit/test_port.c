/* test_port.c - leases of ports. */
#include "sandbox/port.h"
#include "sandbox/conf.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 24300 /* ports of these tests: below what the kernel hands out by itself */

struct lab {
	struct arena a;
	char dir[40];
	struct place p;
	struct err e;
};

static bool lab_open(struct lab *l)
{
	memset(l, 0, sizeof *l);
	strcpy(l->dir, "/tmp/wasirun-port-XXXXXX");
	if (!mkdtemp(l->dir))
		return false;
	l->p = (struct place){ .root = arena_fmt(&l->a, "%s/sb", l->dir), .ports = arena_fmt(&l->a, "%s/data/ports", l->dir),
			       .uid = geteuid(), .gid = getegid(), .data_uid = geteuid(), .data_gid = getegid() };
	return true;
}

static void lab_close(struct lab *l)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", l->dir);
	CHECK_INT(system(command), 0);
	arena_drop(&l->a);
}

#define LAB(l)                                              \
	struct lab l __attribute__((cleanup(lab_close)));   \
	REQUIRE(lab_open(&(l)))

static void make(struct lab *l, const char *name, struct sandbox *s)
{
	if (!CHECK_INT(sandbox_claim(&l->a, &l->p, name, s, &l->e), 0))
		printf("# %s\n", l->e.text);
}

static void save(struct lab *l, struct sandbox *s, uint16_t port)
{
	s->conf.engine = "redis";
	s->conf.backend = "native";
	s->conf.port = port ? arena_fmt(&l->a, "%u", port) : NULL;
	CHECK_INT(sandbox_save(s, &l->e), 0);
}

static int listener(uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(fd, (void *)&v4, sizeof v4), 0);
	CHECK_INT(listen(fd, 1), 0);
	return fd;
}

TEST(port_leases_and_frees)
{
	struct sandbox one, two;
	uint16_t port = 0;

	LAB(l);
	make(&l, "one", &one);
	make(&l, "two", &two);
	CHECK_INT(port_lease(&l.a, &one, 0, FIRST, NULL, &port, &l.e), 0);
	CHECK_INT(port, FIRST);
	CHECK_INT(port_lease(&l.a, &one, FIRST, 1, NULL, &port, &l.e), 0); /* ours already */
	/* its sandbox has no sandbox.conf yet, but it is locked: somebody is at work on it */
	CHECK_INT(port_lease(&l.a, &two, FIRST, 1, NULL, &port, &l.e), -EADDRINUSE);
	CHECK_HAS(l.e.text, arena_fmt(&l.a, "port %d belongs to sandbox one (%s/sb/one); --port auto", FIRST, l.dir));
	CHECK_INT(port_lease(&l.a, &two, 0, FIRST, NULL, &port, &l.e), 0);
	CHECK_INT(port, FIRST + 1);
	save(&l, &one, FIRST);
	sandbox_close(&one);
	CHECK_INT(port_lease(&l.a, &two, FIRST, 1, NULL, &port, &l.e), -EADDRINUSE);
	port_release(&two, FIRST); /* not ours: harmless */
	CHECK_INT(port_lease(&l.a, &two, FIRST, 1, NULL, &port, &l.e), -EADDRINUSE);
	port_release(&one, FIRST);
	CHECK_INT(port_lease(&l.a, &two, FIRST, 1, NULL, &port, &l.e), 0);
	sandbox_close(&two);
}

TEST(port_dead_leases_are_taken_over)
{
	struct sandbox one, two;
	port_leases all;
	uint16_t port;

	LAB(l);
	make(&l, "one", &one);
	make(&l, "two", &two);
	CHECK_INT(port_lease(&l.a, &one, FIRST, 1, NULL, &port, &l.e), 0);
	CHECK_INT(port_lease(&l.a, &one, FIRST + 2, 1, NULL, &port, &l.e), 0);
	save(&l, &one, FIRST + 2);
	/* says another port */
	CHECK_INT(port_list(&l.a, &l.p, &all, &l.e), 0);
	REQUIRE(all.n == 2);
	CHECK_INT(all.v[0].port, FIRST);
	CHECK(all.v[0].dead);
	CHECK_STR(all.v[1].dir, one.dir);
	CHECK(!all.v[1].dead);
	CHECK_INT(port_lease(&l.a, &two, FIRST, 1, NULL, &port, &l.e), 0);
	/* is gone */
	CHECK_INT(sandbox_remove(&one, &l.e), 0);
	sandbox_close(&one);
	CHECK_INT(port_lease(&l.a, &two, FIRST + 2, 1, NULL, &port, &l.e), 0);
	save(&l, &two, FIRST);
	CHECK_INT(port_bury(&l.a, &l.p, FIRST, &l.e), 0); /* alive */
	CHECK_INT(port_bury(&l.a, &l.p, FIRST + 2, &l.e), 0);
	CHECK_INT(port_list(&l.a, &l.p, &all, &l.e), 0);
	REQUIRE(all.n == 1);
	CHECK_INT(all.v[0].port, FIRST);
	/* was killed while it was made: no lock, no word of a port */
	CHECK_INT(unlink(arena_fmt(&l.a, "%s/" SANDBOX_CONF, two.dir)), 0);
	CHECK_INT(port_list(&l.a, &l.p, &all, &l.e), 0);
	CHECK(!all.v[0].dead);
	sandbox_close(&two);
	CHECK_INT(port_list(&l.a, &l.p, &all, &l.e), 0);
	CHECK(all.v[0].dead);
}

TEST(port_of_a_process)
{
	struct sandbox one;
	uint16_t port;
	int busy;

	LAB(l);
	make(&l, "one", &one);
	busy = listener(FIRST + 5);
	CHECK_INT(port_lease(&l.a, &one, FIRST + 5, 1, NULL, &port, &l.e), -EADDRINUSE);
	CHECK_HAS(l.e.text, arena_fmt(&l.a, "port %d is in use by %.15s (pid %d)", FIRST + 5, program_invocation_short_name, getpid()));
	CHECK_INT(port_check_free(&l.a, &one, FIRST + 5, NULL, &l.e), -EADDRINUSE);
	CHECK_HAS(l.e.text, "(pid ");
	CHECK_INT(port_lease(&l.a, &one, FIRST + 5, 1, "127.0.0.2", &port, &l.e), 0); /* another address is another matter */
	CHECK_INT(port_lease(&l.a, &one, 0, FIRST + 5, "0.0.0.0", &port, &l.e), 0);
	CHECK_INT(port, FIRST + 6);
	close(busy);
	CHECK_INT(port_check_free(&l.a, &one, FIRST + 5, NULL, &l.e), 0);
	CHECK(port_listener(&l.a, FIRST + 5) == NULL);
	sandbox_close(&one);
}

TEST(port_bad_addresses)
{
	struct sandbox one;
	uint16_t port;

	LAB(l);
	make(&l, "one", &one);
	CHECK_INT(port_lease(&l.a, &one, FIRST, 1, "localhost", &port, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "\"localhost\" is not an IP address");
	CHECK_INT(port_lease(&l.a, &one, FIRST, 1, "192.0.2.1", &port, &l.e), -EADDRNOTAVAIL);
	CHECK_HAS(l.e.text, "192.0.2.1 is no address of this machine");
	sandbox_close(&one);
}

/* A lease is what a file says: files that say nonsense are nobody's. */
TEST(port_damaged_leases)
{
	struct sandbox one;
	uint16_t port;
	FILE *f;

	LAB(l);
	make(&l, "one", &one);
	CHECK_INT(port_lease(&l.a, &one, FIRST, 1, NULL, &port, &l.e), 0);
	f = fopen(arena_fmt(&l.a, "%s/%d", l.p.ports, FIRST + 1), "w");
	REQUIRE(f && fclose(f) == 0);
	REQUIRE(symlink("/etc/passwd", arena_fmt(&l.a, "%s/%d", l.p.ports, FIRST + 2)) == 0);
	CHECK_INT(port_lease(&l.a, &one, FIRST + 1, 1, NULL, &port, &l.e), 0);
	CHECK_INT(port_lease(&l.a, &one, FIRST + 2, 1, NULL, &port, &l.e), 0);
	sandbox_close(&one);
}
