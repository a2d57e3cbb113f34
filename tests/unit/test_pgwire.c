/* test_pgwire.c - the small client of PostgreSQL's protocol against a server of a few lines: what it sends, and what it makes of
 * answers. */
#include "base/fd.h"
#include "sandbox/pgwire.h"
#include "sandbox/scram.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK "R\0\0\0\x08\0\0\0\0"
#define CLEAR_TEXT "R\0\0\0\x08\0\0\0\x03"
#define READY "Z\0\0\0\x05I"
#define STATUS "S\0\0\0\x0c" "a\0bcdef\0"

struct talk {
	struct arena a;
	struct pgwire c;
	int server;
	struct err e;
	char sent[4096];
	size_t n;
};

/* The answers lie ready before anything is asked: the client reads one after the other. Then the line ends. */
static int login(struct talk *t, const char *answers, size_t n)
{
	int pair[2];

	*t = (struct talk){ .server = -1, .c.fd = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0 || write(pair[1], answers, n) != (ssize_t)n)
		return -EIO;
	t->server = pair[1];
	shutdown(pair[1], SHUT_WR);
	if (pgwire_begin(&t->c, &t->a, pair[0], "postgres", "db", 2000, &t->e) < 0)
		return -EPIPE;
	return pgwire_login(&t->c, "se'cret", &t->e);
}
#define LOGIN(t, answers) login(t, answers, sizeof(answers) - 1)

static void hear(struct talk *t)
{
	ssize_t n = read(t->server, t->sent, sizeof t->sent);

	t->n = n > 0 ? (size_t)n : 0;
}

static void hang_up(struct talk *t)
{
	pgwire_close(&t->c);
	close(t->server);
	arena_drop(&t->a);
}

TEST(pgwire_logs_in)
{
	static const char said[] = "\0\0\0\x7c\0\x03\0\0user\0postgres\0database\0db\0"
				   "options\0-c log_min_error_statement=panic -c log_min_messages=fatal -c log_statement=none\0\0"
				   "p\0\0\0\x0cse'cret";
	struct talk t;

	CHECK_INT(LOGIN(&t, CLEAR_TEXT OK STATUS READY), 0);
	hear(&t);
	CHECK_INT(t.n, sizeof said);
	CHECK(memcmp(t.sent, said, sizeof said) == 0);
	hang_up(&t);
}

TEST(pgwire_login_refused)
{
	struct talk t;

	CHECK_INT(LOGIN(&t, CLEAR_TEXT "E\0\0\0\x1aSFATAL\0C28P01\0Mwrong\0\0"), -EACCES);
	CHECK_STR(t.c.state, "28P01");
	CHECK_STR(t.e.text, "PostgreSQL: wrong (28P01)");
	CHECK_INT(t.c.fd, -1);
	hang_up(&t);
}

/* A password never answers another kind of question. */
TEST(pgwire_login_other_kinds)
{
	struct talk t;

	CHECK_INT(LOGIN(&t, "R\0\0\0\x0c\0\0\0\x05salt"), -EPROTO);
	CHECK_HAS(t.e.text, "local all all password");
	hear(&t);
	CHECK(!memmem(t.sent, t.n, "se'cret", 7));
	hang_up(&t);
}

TEST(pgwire_query_rows)
{
	static const char rows[] = OK READY "T\0\0\0\x06\0\0"
					    "D\0\0\0\x0d\0\x01\0\0\0\x03one"
					    "D\0\0\0\x0a\0\x01\xff\xff\xff\xff"
					    "C\0\0\0\x0dSELECT 2\0" READY;
	struct strs v = { NULL, 0 };
	struct talk t;

	CHECK_INT(LOGIN(&t, rows), 0);
	CHECK_INT(pgwire_query(&t.c, "SELECT x", &v, &t.e), 0);
	REQUIRE(v.n == 2);
	CHECK_STR(v.v[0], "one");
	CHECK_STR(v.v[1], "");
	hang_up(&t);
}

/* An error does not end the connection; the words are the server's. */
TEST(pgwire_query_refused)
{
	static const char answers[] = OK READY "E\0\0\0\x1aSERROR\0C3D000\0Mthere\0\0" READY "C\0\0\0\x05\0" READY;
	struct talk t;

	CHECK_INT(LOGIN(&t, answers), 0);
	CHECK_INT(pgwire_query(&t.c, "ALTER DATABASE x", NULL, &t.e), -EINVAL);
	CHECK_STR(t.c.state, "3D000");
	CHECK_STR(t.e.text, "PostgreSQL: there (3D000)");
	CHECK_INT(pgwire_query(&t.c, "SELECT 1", NULL, &t.e), 0);
	CHECK_STR(t.c.state, "");
	hang_up(&t);
}

/* A message longer than the buffer is passed over, and the next one is read where it begins. */
TEST(pgwire_long_messages)
{
	struct text t_ = { 0 };
	struct talk t;
	struct arena a = { 0 };
	int i;

	t_.arena = &a;
	text_add(&t_, OK READY, sizeof(OK READY) - 1);
	text_add(&t_, "N\0\0\x9c\x44", 5); /* 40004 - 4 bytes */
	for (i = 0; i < 4000; i++)
		text_str(&t_, "notice-me!");
	text_add(&t_, "C\0\0\0\x05\0" READY, sizeof("C\0\0\0\x05\0" READY) - 1);
	CHECK_INT(login(&t, t_.s, t_.n), 0);
	CHECK_INT(pgwire_query(&t.c, "SELECT 1", NULL, &t.e), 0);
	hang_up(&t);
	arena_drop(&a);
}

TEST(pgwire_hostile_servers)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
#define BYTES(s) { s, sizeof(s) - 1 }
		BYTES("R\0\0\0\0"), BYTES("R\0\0\0\x03"), BYTES("R\xff\xff\xff\xff"), BYTES("R\0\0\0\x06\0\0"), BYTES("X\0\0\0\x04"),
		BYTES("R"), BYTES(""), BYTES("E\0\0\0\x04"), BYTES("E\0\0\0\x09SFATA"), BYTES("HTTP/1.1 400 Bad Request\r\n"),
		BYTES("E\0\0\0\x0cSFATALC2"), BYTES("\0\0\0\0\0\0\0\0"),
	};
	unsigned state = 7;
	struct talk t;
	size_t i, k;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		int r = login(&t, bad[i].bytes, bad[i].n);

		CHECK(r == -EPROTO || r == -EACCES);
		CHECK(t.e.text[0] != 0);
		hang_up(&t);
	}
	for (i = 0; i < 3000; i++) {
		static const char types[] = "RSKNEZTDCI";
		char buf[600];
		int r;

		for (k = 0; k < sizeof buf; k++) {
			state = state * 1103515245 + 12345;
			buf[k] = (char)(state >> 16);
		}
		for (k = 0; k + 12 < sizeof buf; k += 12) { /* many short messages of the right types */
			buf[k] = types[(unsigned char)buf[k] % 10];
			buf[k + 1] = buf[k + 2] = buf[k + 3] = 0;
			buf[k + 4] = (char)(i % 7 ? 11 : (unsigned char)buf[k + 4] % 40);
		}
		r = login(&t, buf, sizeof buf);
		if (r == 0) {
			struct strs v = { NULL, 0 };

			r = pgwire_query(&t.c, "SELECT 1", &v, &t.e);
		}
		CHECK(r <= 0);
		hang_up(&t);
	}
}

TEST(pgwire_silent_server_has_a_deadline)
{
	int64_t before = sys_now_us();
	struct talk t = { .c.fd = -1 };
	int pair[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	CHECK_INT(pgwire_begin(&t.c, &t.a, pair[0], "u", "d", 100, &t.e), 0);
	CHECK_INT(pgwire_login(&t.c, "p", &t.e), -ETIMEDOUT);
	CHECK(sys_now_us() - before < 3000000);
	close(pair[1]);
	arena_drop(&t.a);
}

TEST(pgwire_quotes)
{
	struct arena a = { 0 };
	struct text t = { .arena = &a };

	pgwire_literal(&t, "it's a \\ \"b\"; DROP");
	pgwire_identifier(&t, "we\"ird'\\");
	CHECK_STR(text_get(&t), "E'it''s a \\\\ \"b\"; DROP'\"we\"\"ird'\\\"");
	arena_drop(&a);
}

/* The example of RFC 7677 has these two; checked against another implementation. */
TEST(scram_secrets)
{
	static const unsigned char salt[SCRAM_SALT] = { 0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
							0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81 };
	struct arena a = { 0 };
	char lengthy[101];

	CHECK_STR(scram_secret(&a, "pencil", salt),
		  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
		  "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
	memset(lengthy, 'x', 100);
	lengthy[100] = 0;
	CHECK_STR(scram_secret(&a, lengthy, salt),
		  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
		  "$xjU8vAm/K02dHyJ2LSAx0+tb/ijBY94hXwdvXHfSQAU=:Zzq5ZS5wIB3rISxRyxmLfVMXMEZVc4rZ8DABfGEfjHI=");
	CHECK_STR(scram_secret(&a, "pa\xc3\xa9", salt), NULL);
	CHECK_STR(scram_secret(&a, "tab\there", salt), NULL);
	arena_drop(&a);
}

/* A server that was taken over says things for as long as it is listened to. */
TEST(pgwire_does_not_listen_for_ever)
{
	struct talk t = { .server = -1, .c.fd = -1 };
	char notice[4096] = "N\0\0\x0f\xff";
	int pair[2], status;
	pid_t pid;

	memset(notice + 5, 'x', sizeof notice - 5);
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		while (send(pair[1], notice, sizeof notice, MSG_NOSIGNAL) > 0)
			;
		_exit(0);
	}
	close(pair[1]);
	CHECK_INT(pgwire_begin(&t.c, &t.a, pair[0], "u", "d", 3000, &t.e), 0);
	CHECK_INT(pgwire_login(&t.c, "p", &t.e), -EPROTO);
	CHECK_HAS(t.e.text, "more than it was asked");
	CHECK_INT(waitpid(pid, &status, 0), pid);
	arena_drop(&t.a);
}
