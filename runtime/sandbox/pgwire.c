/* pgwire.c - a few messages of PostgreSQL's protocol. No password leaves over anything but a unix socket.
 * Must not know what the queries are for. */
#include "sandbox/pgwire.h"
#include "base/fd.h"
#include "sandbox/engine_impl.h"
#include "sys/sys.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define PROTOCOL 196608 /* 3.0 */
#define MESSAGE_MAX ((size_t)1 << 20)
#define TALK_MAX ((size_t)8 << 20) /* of one connection: all of it is kept */

void pgwire_literal(struct text *t, const char *s)
{
	/* the escape form reads the same whatever standard_conforming_strings is */
	text_str(t, "E'");
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			text_add(t, s, 1);
		text_add(t, s, 1);
	}
	text_str(t, "'");
}

void pgwire_identifier(struct text *t, const char *s)
{
	text_str(t, "\"");
	for (; *s; s++) {
		if (*s == '"')
			text_add(t, s, 1);
		text_add(t, s, 1);
	}
	text_str(t, "\"");
}

void pgwire_error(const char *bytes, size_t n, char state[6], char *message, size_t room)
{
	size_t i = 0;

	state[0] = message[0] = 0;
	while (i < n && bytes[i]) {
		char field = bytes[i++];
		size_t length = strnlen(bytes + i, n - i);

		if (i + length >= n)
			return; /* cut off */
		if (field == 'C' && length == 5)
			memcpy(state, bytes + i, 6);
		if (field == 'M' && length < room)
			memcpy(message, bytes + i, length + 1);
		i += length + 1;
	}
}

static int send_all(struct pgwire *c, const void *bytes, size_t n, struct err *e)
{
	const char *at = bytes;

	while (n) {
		ssize_t r = sys_send(c->fd, at, n, NULL, 0);

		if (r == -EAGAIN) {
			int64_t left = (c->until - sys_now_us() + 999) / 1000;

			if (left <= 0 || sys_poll1(c->fd, POLLOUT, (int)left) <= 0)
				return fail(e, ETIMEDOUT, "PostgreSQL takes no more");
			continue;
		}
		if (r < 0)
			return fail_sys(e, (int)r, "send to PostgreSQL");
		at += r;
		n -= (size_t)r;
	}
	return 0;
}

/* At least one more byte into the buffer. */
static int receive(struct pgwire *c, struct err *e)
{
	size_t got;

	if (c->from) {
		memmove(c->buf, c->buf + c->from, c->n - c->from);
		c->n -= c->from;
		c->from = 0;
	}
	got = ask_receive(c->fd, c->buf + c->n, sizeof c->buf - c->n, 1, c->until);
	if (!got && sys_now_us() >= c->until)
		return fail(e, ETIMEDOUT, "PostgreSQL does not answer");
	if (!got)
		return fail(e, EPROTO, "PostgreSQL closed the connection");
	c->n += got;
	c->all += got;
	return c->all > TALK_MAX ? fail(e, EPROTO, "PostgreSQL says more than it was asked") : 0;
}

struct message {
	char type;
	const char *bytes; /* behind the length */
	size_t n;
};

/* The next message. What is longer than the buffer is cut to what fits; none of ours is. */
static int next(struct pgwire *c, struct message *m, struct err *e)
{
	uint32_t length;
	size_t whole, skip;

	while (c->n - c->from < 5)
		TRY(receive(c, e));
	memcpy(&length, c->buf + c->from + 1, 4);
	length = ntohl(length);
	if (length < 4 || length > MESSAGE_MAX)
		return fail(e, EPROTO, "that is no answer of PostgreSQL");
	whole = (size_t)length + 1;
	while (c->n - c->from < whole && c->n - c->from < sizeof c->buf)
		TRY(receive(c, e));
	m->type = c->buf[c->from];
	m->n = (whole < c->n - c->from ? whole : c->n - c->from) - 5;
	m->bytes = arena_strn(c->a, c->buf + c->from + 5, m->n);
	skip = whole;
	while (skip > c->n - c->from) {
		skip -= c->n - c->from;
		c->from = c->n;
		TRY(receive(c, e));
	}
	c->from += skip;
	return 0;
}

static int refused(struct pgwire *c, const struct message *m, int code, struct err *e)
{
	char words[256];

	pgwire_error(m->bytes, m->n, c->state, words, sizeof words);
	return fail(e, code, "PostgreSQL: %s%s%s%s", words[0] ? words : "an error without words", c->state[0] ? " (" : "", c->state,
		    c->state[0] ? ")" : "");
}

/* type 0: the first message, which has none. */
static void put(struct text *t, char type, const char *bytes, size_t n)
{
	uint32_t length = htonl((uint32_t)n + 4);

	if (type)
		text_add(t, &type, 1);
	text_add(t, (const char *)&length, 4);
	text_add(t, bytes, n);
}

/* What is said here holds passwords: a statement that fails must not stand in the server's log. */
static const char options[] = "options\0-c log_min_error_statement=panic -c log_min_messages=fatal -c log_statement=none\0";

static int send_startup(struct pgwire *c, const char *user, const char *database, struct err *e)
{
	struct text body = { .arena = c->a }, t = { .arena = c->a };
	uint32_t protocol = htonl(PROTOCOL);

	text_add(&body, (const char *)&protocol, 4);
	text_add(&body, "user", 5);
	text_add(&body, user, strlen(user) + 1);
	text_add(&body, "database", 9);
	text_add(&body, database, strlen(database) + 1);
	text_add(&body, options, sizeof options);
	put(&t, 0, body.s, body.n);
	return send_all(c, t.s, t.n, e);
}

static int authenticate(struct pgwire *c, const struct message *m, const char *password, struct err *e)
{
	struct text t = { .arena = c->a };
	uint32_t kind;

	if (m->n < 4)
		return fail(e, EPROTO, "that is no answer of PostgreSQL");
	memcpy(&kind, m->bytes, 4);
	switch (ntohl(kind)) {
	case 0: return 0;
	case 3: /* in clear text */
		put(&t, 'p', password, strlen(password) + 1);
		return send_all(c, t.s, t.n, e);
	default:
		return fail(e, EPROTO, "PostgreSQL wants another kind of password on its socket: config/pg_hba.conf must begin "
			    "with \"local all all password\"");
	}
}

int pgwire_begin(struct pgwire *c, struct arena *a, int fd, const char *user, const char *database, uint64_t timeout_ms, struct err *e)
{
	int r;

	c->a = a;
	c->fd = fd;
	c->until = sys_now_us() + (int64_t)timeout_ms * 1000;
	c->from = c->n = c->all = 0;
	c->state[0] = 0;
	r = send_startup(c, user, database, e);
	if (r < 0)
		pgwire_close(c);
	return r;
}

int pgwire_login(struct pgwire *c, const char *password, struct err *e)
{
	struct message m;
	int r = 0;

	while (r >= 0) {
		r = next(c, &m, e);
		if (r < 0)
			break;
		if (m.type == 'Z')
			return 0;
		if (m.type == 'R')
			r = authenticate(c, &m, password, e);
		else if (m.type == 'E')
			r = refused(c, &m, EACCES, e);
		else if (!strchr("SKN", m.type))
			r = fail(e, EPROTO, "that is no answer of PostgreSQL");
	}
	pgwire_close(c);
	return r;
}

/* The first column of a DataRow. */
static int first_column(struct pgwire *c, const struct message *m, struct strs *values, struct err *e)
{
	uint16_t columns;
	uint32_t length;

	if (m->n < 2)
		return fail(e, EPROTO, "that is no answer of PostgreSQL");
	memcpy(&columns, m->bytes, 2);
	if (!columns || m->n < 6)
		return 0;
	memcpy(&length, m->bytes + 2, 4);
	length = ntohl(length);
	if (length == UINT32_MAX)
		length = 0;
	if (length > m->n - 6)
		return fail(e, EPROTO, "that is no answer of PostgreSQL");
	strs_add(c->a, values, arena_strn(c->a, m->bytes + 6, length));
	return 0;
}

int pgwire_query(struct pgwire *c, const char *sql, struct strs *values, struct err *e)
{
	struct text t = { .arena = c->a };
	struct message m;
	int result = 0;

	c->state[0] = 0;
	put(&t, 'Q', sql, strlen(sql) + 1);
	TRY(send_all(c, t.s, t.n, e));
	for (;;) {
		TRY(next(c, &m, e));
		switch (m.type) {
		case 'Z': return result;
		case 'D':
			if (values)
				TRY(first_column(c, &m, values, e));
			break;
		case 'E': result = refused(c, &m, EINVAL, e); break;
		case 'C':
		case 'I':
		case 'N':
		case 'S':
		case 'T': break;
		default: return fail(e, EPROTO, "that is no answer of PostgreSQL");
		}
	}
}

void pgwire_close(struct pgwire *c)
{
	static const char terminate[] = { 'X', 0, 0, 0, 4 };

	if (c->fd >= 0)
		(void)!sys_send(c->fd, terminate, sizeof terminate, NULL, 0);
	fd_close(&c->fd);
}
