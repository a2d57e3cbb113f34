/* pgwire.h - a client of PostgreSQL (protocol 3.0, "Frontend/Backend Protocol" of its manual), as small as giving a sandbox its names
 * takes: a unix socket, a clear-text password, simple queries. */
#ifndef WASIRUN_SANDBOX_PGWIRE_H
#define WASIRUN_SANDBOX_PGWIRE_H

#include "base/err.h"
#include "base/text.h"
#include "oci/value.h"

struct pgwire {
	struct arena *a;
	int fd;          /* -1 = not connected */
	int64_t until;   /* sys_now_us() when it gives up */
	size_t all;      /* bytes received so far */
	size_t from, n;  /* what was received and not looked at yet: buf[from .. n) */
	char state[6];   /* SQLSTATE of the last error, "28P01"; "" = there was none */
	char buf[8192];
};

/* Says who wants what over fd (a connected socket, which it takes over). timeout_ms: until pgwire_close. */
MUST int pgwire_begin(struct pgwire *c, struct arena *a, int fd, const char *user, const char *database, uint64_t timeout_ms,
		      struct err *e);
/* The rest of logging in; there is time for something else in between. On failure the connection is closed: -EACCES: the server refuses
 * that user, password or database (c->state says which); -EPROTO: it is no such server, or wants something else; -ETIMEDOUT. e holds
 * the server's own words. */
MUST int pgwire_login(struct pgwire *c, const char *password, struct err *e);
/* Runs statements, separated by ";": one transaction. values: the first column of each row, NULL = nobody asks ("" for a null).
 * -EINVAL: the server refuses it (c->state says how, e has its words); the connection can be used on. */
MUST int pgwire_query(struct pgwire *c, const char *sql, struct strs *values, struct err *e);
void pgwire_close(struct pgwire *c);

/* s as a literal and as an identifier of SQL, in quotes. */
void pgwire_literal(struct text *t, const char *s);
void pgwire_identifier(struct text *t, const char *s);

/* Reads SQLSTATE and message of an ErrorResponse's n bytes behind the length. */
void pgwire_error(const char *bytes, size_t n, char state[6], char *message, size_t room);

#endif
