/* test_ready.c - servers that answer well, late, wrongly, or not at all; none of them may hang us or make us crash. */
#include "base/fd.h"
#include "sandbox/conf.h"
#include "sandbox/engine.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What an engine makes of these bytes. open: the server says no more but holds the line. */
static int hears(const char *engine, const char *bytes, size_t n, bool open, struct err *e)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };
	int pair[2], r;

	*e = (struct err){ 0 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
		return -errno;
	if (n && write(pair[1], bytes, n) != (ssize_t)n)
		return -EIO;
	if (!open)
		shutdown(pair[1], SHUT_WR);
	r = engine_named(engine)->ask(pair[0], &s, e);
	close(pair[0]);
	close(pair[1]);
	return r;
}

#define HEARS(engine, bytes) hears(engine, bytes, sizeof(bytes) - 1, false, &e)

static size_t pg_error(char *out, const char *state, const char *words)
{
	size_t n = 5, k;

	out[0] = 'E';
	n += (size_t)sprintf(out + n, "SFATAL") + 1;
	n += (size_t)sprintf(out + n, "C%s", state) + 1;
	n += (size_t)sprintf(out + n, "M%s", words) + 1;
	out[n++] = 0;
	k = n - 1;
	out[1] = out[2] = 0;
	out[3] = (char)(k >> 8);
	out[4] = (char)k;
	return n;
}

TEST(ready_postgres_asks_for_a_password)
{
	struct err e;

	CHECK_INT(HEARS("postgres", "R\0\0\0\x08\0\0\0\x03"), 1);
	CHECK_INT(HEARS("postgres", "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0"), 1);
}

TEST(ready_postgres_says_not_yet_or_why)
{
	char buf[512];
	struct err e;

	CHECK_INT(hears("postgres", buf, pg_error(buf, "57P03", "the database system is starting up"), false, &e), 0);
	CHECK_INT(hears("postgres", buf, pg_error(buf, "53300", "sorry, too many clients already"), false, &e), 1);
	CHECK_INT(hears("postgres", buf, pg_error(buf, "28000", "no pg_hba.conf entry"), false, &e), 1);
}

TEST(ready_mysql_greets_or_says_why_not)
{
	struct err e;

	CHECK_INT(HEARS("mariadb", "\x40\0\0\0\x0a" "5.5.5-10.11.19-MariaDB"), 1);
	CHECK_INT(HEARS("mysql", "\x40\0\0\0\x0a" "8.4.0"), 1);
	CHECK_INT(HEARS("mysql", "\x17\0\0\0\xff\x10\x04Too many connections"), 1);
	CHECK_INT(HEARS("mysql", "\x0b\0\0\0\xff\x1d\x04Shutdown"), 0);
	CHECK_INT(HEARS("mysql", "\x22\0\0\0\xff\x6a\x04Host 'x' is not allowed to connect"), -EACCES);
	CHECK_HAS(e.text, "Host 'x' is not allowed");
}

TEST(ready_redis_pongs)
{
	struct err e;

	CHECK_INT(HEARS("redis", "+PONG\r\n"), 1);
	CHECK_INT(HEARS("redis", "-NOAUTH Authentication required.\r\n"), 1);
	CHECK_INT(HEARS("redis", "-LOADING Redis is loading the dataset in memory\r\n"), 0);
	CHECK_INT(HEARS("redis", "-ERR max number of clients reached\r\n"), 1);
	CHECK_INT(HEARS("redis", "-DENIED Redis is running in protected mode\r\n"), -EACCES);
}

/* Whoever listens there instead is named as such; a line that breaks is no answer. */
TEST(ready_strangers)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n", ssh[] = "SSH-2.0-OpenSSH_9.2\r\n";
	struct err e;
	size_t i;

	for (i = 0; engines[i]; i++) {
		CHECK_INT(HEARS(engines[i]->name, http), -EPROTO);
		CHECK_HAS(e.text, "something else has the port");
		CHECK_INT(HEARS(engines[i]->name, ssh), -EPROTO);
		CHECK_INT(HEARS(engines[i]->name, ""), 0);
	}
}

/* A deadline of its own: it comes back, and it took about a second. */
TEST(ready_silent_server)
{
	int64_t before = sys_now_us();
	struct err e;

	CHECK_INT(hears("postgres", "", 0, true, &e), 0);
	CHECK_INT(hears("mysql", "\x40\0\0", 3, true, &e), -EPROTO);
	CHECK(sys_now_us() - before > 1500000);
	CHECK(sys_now_us() - before < 6000000);
}

/* Any bytes: never more than these results, never a crash (the sanitizers look on). */
TEST(ready_hostile_answers)
{
	static const char first[] = "RE\x0a\xff+-SNZ";
	unsigned state = 12345;
	struct err e;
	int round;
	size_t i;

	for (round = 0; round < 4000; round++) {
		char buf[700];
		size_t n = 0, k;
		int r;

		state = state * 1103515245 + 12345;
		k = state >> 16 & 0x1ff;
		for (; n < k; n++) {
			state = state * 1103515245 + 12345;
			buf[n] = (char)(state >> 16 & (round % 3 ? 0xff : 0x83));
		}
		if (n > 5 && round % 2) {
			buf[0] = first[state >> 8 & 7];
			buf[1] = buf[2] = buf[3] = 0;
			buf[4] = round % 4 == 1 ? (char)0xff : buf[4];
		}
		for (i = 0; engines[i]; i++) {
			r = hears(engines[i]->name, buf, n, false, &e);
			if (r != 0 && r != 1 && r != -EPROTO && r != -EACCES)
				CHECK_INT(r, 0);
		}
	}
}

/* --- waiting */

/* A server in a child: closes `early` connections at once, then answers the next with the bytes. Its port, and a pidfd of it. */
static uint16_t serve(int early, const char *bytes, size_t n, int64_t delay_us, int *pidfd, pid_t *pid)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof to;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || getsockname(fd, (struct sockaddr *)&to, &length) != 0)
		return 0;
	*pid = fork();
	if (*pid == 0) {
		alarm(20);
		sys_sleep_us(delay_us);
		if (listen(fd, 8) != 0)
			_exit(1);
		for (;;) {
			int c = accept(fd, NULL, NULL);

			if (early-- <= 0 && write(c, bytes, n) != (ssize_t)n)
				_exit(2);
			close(c);
		}
	}
	close(fd);
	*pidfd = *pid > 0 ? sys_pidfd_open(*pid) : -1;
	return *pidfd < 0 ? 0 : ntohs(to.sin_port);
}

static void end(pid_t pid, int pidfd)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pidfd);
}

TEST(wait_ready_until_it_answers)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };
	struct err e = { 0 };
	int pidfd;
	pid_t pid;
	int64_t before = sys_now_us();
	uint16_t port = serve(3, "+PONG\r\n", 7, 50000, &pidfd, &pid);

	REQUIRE(port != 0);
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "127.0.0.1", port, pidfd, 10000, &e), 0);
	CHECK(sys_now_us() - before >= 50000);
	end(pid, pidfd);
}

TEST(wait_ready_wildcard_and_v6_addresses)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };
	struct err e = { 0 };
	int pidfd;
	pid_t pid;
	uint16_t port = serve(0, "+PONG\r\n", 7, 0, &pidfd, &pid);

	REQUIRE(port != 0);
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "0.0.0.0", port, pidfd, 5000, &e), 0);
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "::ffff:127.0.0.1", port, pidfd, 5000, &e), 0);
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "localhost", port, pidfd, 5000, &e), -EINVAL);
	end(pid, pidfd);
}

TEST(wait_ready_the_server_ended)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };
	struct err e = { 0 };
	int64_t before = sys_now_us();
	pid_t pid = fork();
	int pidfd;

	if (pid == 0) {
		sys_sleep_us(30000);
		_exit(1);
	}
	pidfd = sys_pidfd_open(pid);
	REQUIRE(pidfd >= 0);
	CHECK_INT(engine_wait_ready(engine_named("postgres"), &s, "127.0.0.1", 1, pidfd, 10000, &e), -ESRCH);
	CHECK_STR(e.text, "PostgreSQL ended before it answered");
	CHECK(sys_now_us() - before < 5000000);
	end(pid, pidfd);
}

TEST(wait_ready_gives_up)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1, .conf.socket = "/nonexistent/redis.sock" };
	struct err e = { 0 };

	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "127.0.0.1", 1, -1, 60, &e), -ETIMEDOUT);
	CHECK_STR(e.text, "Redis did not answer within 0.1 s on 127.0.0.1 port 1");
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "127.0.0.1", 0, -1, 60, &e), -ETIMEDOUT);
	CHECK_HAS(e.text, "on /nonexistent/redis.sock");
	s.conf.socket = NULL;
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "127.0.0.1", 0, -1, 60, &e), -EINVAL);
}

TEST(wait_ready_at_once_when_somebody_else_answers)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };
	struct err e = { 0 };
	int pidfd;
	pid_t pid;
	uint16_t port = serve(0, "HTTP/1.1 400 Bad Request\r\n", 26, 0, &pidfd, &pid);

	REQUIRE(port != 0);
	CHECK_INT(engine_wait_ready(engine_named("postgres"), &s, "127.0.0.1", port, pidfd, 10000, &e), -EPROTO);
	end(pid, pidfd);
}

/* Somebody else has the port, and answers as our server would: its own socket says that it is not there. */
TEST(wait_ready_is_not_taken_in)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1, .conf.socket = "/nonexistent/redis.sock" };
	struct err e = { 0 };
	int pidfd;
	pid_t pid;
	uint16_t port = serve(0, "+PONG\r\n", 7, 0, &pidfd, &pid);

	REQUIRE(port != 0);
	CHECK_INT(engine_wait_ready(engine_named("redis"), &s, "127.0.0.1", port, pidfd, 100, &e), -ETIMEDOUT);
	end(pid, pidfd);
}

static void say(const char *dir, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/data/postmaster.pid", dir);
	f = fopen(path, "w");
	REQUIRE(f != NULL);
	fputs(text, f);
	fclose(f);
}

TEST(ready_postgres_looks_before_it_asks)
{
	char dir[] = "/tmp/wasirun-ready-XXXXXX", path[128];
	const struct engine *pg = engine_named("postgres");
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };

	CHECK(pg->might_be_ready(&s)); /* nothing is known */
	REQUIRE(mkdtemp(dir) != NULL);
	s.dir = dir;
	snprintf(path, sizeof path, "%s/data", dir);
	REQUIRE(mkdir(path, 0700) == 0);
	s.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(!pg->might_be_ready(&s));
	say(dir, "");
	CHECK(!pg->might_be_ready(&s));
	say(dir, "1\n/d\n179\n5432\n/run/sandbox\n*\n  1 2\nstarting\n");
	CHECK(!pg->might_be_ready(&s));
	say(dir, "1\n/d\n179\n5432\n/run/sandbox\n*\n  1 2\nready   \n");
	CHECK(pg->might_be_ready(&s));
	/* what a server that was taken over puts there is neither followed nor waited for: then it is asked */
	snprintf(path, sizeof path, "cd %s/data && mv postmaster.pid real && ln -s real postmaster.pid", dir);
	CHECK_INT(system(path), 0);
	say(dir, "1\n/d\n179\n5432\n/run/sandbox\n*\n  1 2\nstarting\n");
	CHECK(pg->might_be_ready(&s));
	snprintf(path, sizeof path, "cd %s/data && rm postmaster.pid && mkfifo postmaster.pid", dir);
	CHECK_INT(system(path), 0);
	alarm(5);
	CHECK(!pg->might_be_ready(&s));
	alarm(0);
	close(s.fd);
	snprintf(path, sizeof path, "rm -rf %s", dir);
	CHECK_INT(system(path), 0);
}

static int connects(struct sandbox *s)
{
	AUTO_FD int sock = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	return socket_connect(sock, s);
}

/* Where the server's socket was, it may have put a link to somebody else's. */
TEST(ready_connects_to_the_servers_socket_only)
{
	char dir[] = "/tmp/wasirun-ready-XXXXXX", path[128], link[128];
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };
	AUTO_FD int listener = sys_socket(AF_UNIX, SOCK_STREAM, 0);
	AUTO_FD int at = -1;

	s.place.uid = s.place.data_uid = geteuid();
	REQUIRE(mkdtemp(dir) != NULL);
	at = sys_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	CHECK_INT(sys_bind_at(listener, at, "socket"), 0);
	CHECK_INT(sys_listen(listener, 5), 0);
	snprintf(path, sizeof path, "%s/socket", dir);
	snprintf(link, sizeof link, "%s/link", dir);
	CHECK_INT(symlink(path, link), 0);
	s.conf.socket = path;
	CHECK_INT(connects(&s), 0);
	s.conf.socket = link;
	CHECK_INT(connects(&s), -ENOTSOCK);
	s.conf.socket = dir;
	CHECK_INT(connects(&s), -ENOTSOCK);
	if (geteuid() == 0) { /* for who called sudo: not to what is root's */
		s.place.uid = s.place.data_uid = 4242;
		s.conf.socket = path;
		CHECK_INT(connects(&s), -EPERM);
		CHECK_INT(chown(path, 4242, 4242), 0);
		CHECK_INT(connects(&s), 0);
	}
	snprintf(path, sizeof path, "rm -rf %s", dir);
	CHECK_INT(system(path), 0);
}
