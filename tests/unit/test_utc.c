/* test_utc.c - the calendar, against libc's. */
#include "base/utc.h"
#include "tests/unit/test.h"
#include <string.h>
#include <time.h>

static const char *libc_says(int64_t seconds, char out[UTC_BYTES])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, UTC_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	return out;
}

TEST(utc_agrees_with_libc)
{
	char ours[UTC_BYTES], theirs[UTC_BYTES];
	int64_t t;

	for (t = 0; t < 8030LL * 365 * 86400; t += 86399 * 11 + 3607) {
		utc_format(t, ours);
		if (strcmp(ours, libc_says(t, theirs)) != 0)
			break;
	}
	CHECK_STR(ours, theirs);
}

TEST(utc_ends_of_years_and_months)
{
	static const int64_t edges[] = { 0, 951782399, 951782400, 951868800, 1709164800, 1709251200, 4107542399, 4107542400, 1798761599,
					 1798761600 };
	char ours[UTC_BYTES], theirs[UTC_BYTES];
	size_t i;

	for (i = 0; i < sizeof edges / sizeof *edges; i++) {
		utc_format(edges[i], ours);
		CHECK_STR(ours, libc_says(edges[i], theirs));
	}
}

TEST(utc_before_the_beginning)
{
	char s[UTC_BYTES];

	utc_format(-1, s);
	CHECK_STR(s, "1970-01-01T00:00:00");
}
