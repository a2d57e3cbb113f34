/* test_wire.c - what the runtime takes for a message of init, and what it does not (rule R23). */
#include "apply/wire.h"
#include "base/fd.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <string.h>

/* Sends n raw bytes and says what waiting for READY makes of them. */
static int hears(const void *bytes, size_t n, struct err *e)
{
	struct wire_msg m;
	int ends[2];

	if (sys_socketpair(SOCK_SEQPACKET, ends) < 0)
		return -1;
	AUTO_FD int ours = ends[0];
	AUTO_FD int theirs = ends[1];
	if (n && sys_write(theirs, bytes, n) != (ssize_t)n)
		return -1;
	fd_close(&theirs);
	return wire_expect(ours, WIRE_READY, &m, NULL, NULL, e);
}

TEST(wire_the_message_expected)
{
	struct wire_msg m = { .type = WIRE_READY };
	struct err e;

	CHECK_INT(hears(&m, sizeof m, &e), 0);
}

TEST(wire_messages_of_another_size)
{
	struct wire_msg m[2] = { { .type = WIRE_READY }, { .type = WIRE_READY } };
	struct err e;

	CHECK_INT(hears(m, 1, &e), -EPROTO);
	CHECK_INT(hears(m, sizeof m[0] - 1, &e), -EPROTO);
	CHECK(hears(m, sizeof m[0] + 1, &e) < 0);
	CHECK(hears(m, sizeof m, &e) < 0);
}

TEST(wire_messages_of_another_type)
{
	uint32_t type;
	struct err e;

	for (type = 0; type < WIRE_TYPES + 3; type++) {
		struct wire_msg m = { .type = type };

		if (type == WIRE_READY || type == WIRE_WARN || type == WIRE_TTY)
			continue;
		CHECK_INT(hears(&m, sizeof m, &e), -EPROTO);
	}
}

TEST(wire_a_failure_is_the_callers_error)
{
	struct wire_msg m = { .type = WIRE_FAIL, .err = { .code = EACCES, .at = "/mounts/3", .text = "mount /data" } };
	struct err e;

	CHECK_INT(hears(&m, sizeof m, &e), -EACCES);
	CHECK_STR(e.at, "/mounts/3");
	CHECK_STR(e.text, "mount /data");
}

TEST(wire_strings_are_terminated)
{
	struct wire_msg m;
	struct err e;

	memset(&m, 'x', sizeof m);
	m.type = WIRE_FAIL;
	m.err.code = -5;
	CHECK_INT(hears(&m, sizeof m, &e), -EPROTO);
	CHECK_INT(strlen(e.text), sizeof e.text - 1);
	CHECK_INT(strlen(e.at), sizeof e.at - 1);
}

TEST(wire_end_of_file_is_death)
{
	struct err e;

	CHECK_INT(hears(NULL, 0, &e), -EOWNERDEAD);
}
