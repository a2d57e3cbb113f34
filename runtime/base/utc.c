/* utc.c - calendar arithmetic. Must not know time zones. */
#include "base/utc.h"
#include <stdbool.h>
#include <stdio.h>

#define DAY 86400

static bool leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

void utc_format(int64_t seconds, char out[UTC_BYTES])
{
	static const unsigned char months[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned day = seconds < 0 ? 0 : (unsigned)(seconds / DAY), second = seconds < 0 ? 0 : (unsigned)(seconds % DAY);
	unsigned year = 1970, month = 0, length;

	for (; year < 9999 && day >= (length = 365 + leap(year)); year++)
		day -= length;
	for (; month < 11 && day >= (length = months[month] + (month == 1 && leap(year))); month++)
		day -= length;
	if (day > 30)
		day = 30;
	snprintf(out, UTC_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u", year % 10000, (month + 1) % 100, (day + 1) % 100, second / 3600 % 100,
		 second / 60 % 60, second % 60);
}
