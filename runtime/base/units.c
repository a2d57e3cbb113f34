/* units.c - sizes and durations as command lines and manifests have them.
 * Must not round silently to nothing, nor accept what is not all number and unit. */
#include "base/units.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

#define MAX_WHOLE ((int64_t)1 << 62)

/* digits[.digits] in millionths: enough for every fraction that somebody means. Returns the rest, NULL when there is no number. */
static const char *number(const char *s, int64_t *whole, int64_t *millionths)
{
	int64_t unit = 100000;
	const char *from = s;

	*whole = *millionths = 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (*whole > (MAX_WHOLE - 9) / 10)
			return NULL;
		*whole = *whole * 10 + (*s - '0');
	}
	if (s == from)
		return NULL;
	if (*s != '.')
		return s;
	for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
		*millionths += (*s - '0') * unit;
	return s[-1] == '.' ? NULL : s;
}

/* (whole + millionths / 10^6) * unit, or -1 when it is too large. */
static int64_t times(int64_t whole, int64_t millionths, int64_t unit)
{
	if (whole > MAX_WHOLE / unit)
		return -1;
	return whole * unit + millionths * (unit / 1000000) + millionths * (unit % 1000000) / 1000000;
}

int parse_bytes(const char *s, const char *what, int64_t *out, struct err *e)
{
	static const char letters[] = "bkmgtp";
	int64_t whole, millionths;
	const char *rest, *letter;
	int64_t unit = 1;

	if (!strcmp(s, "-1")) {
		*out = -1;
		return 0;
	}
	rest = number(s, &whole, &millionths);
	if (rest && *rest) {
		letter = strchr(letters, *rest | 0x20);
		if (letter)
			unit <<= 10 * (letter - letters);
		if (!letter || (rest[1] && (letter == letters || (strcasecmp(rest + 1, "b") && strcasecmp(rest + 1, "ib")))))
			rest = NULL;
	}
	if (!rest)
		return fail(e, EINVAL, "%s \"%.40s\" is not a size: a number with an optional unit (k, m, g, t), or -1", what, s);
	*out = times(whole, millionths, unit);
	return *out < 0 ? fail(e, ERANGE, "%s \"%.40s\" is too large", what, s) : 0;
}

/* The microseconds of a unit, and its length; 0 when it is none. */
static int64_t duration_unit(const char *s, size_t *n)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "m", 60000000 }, { "h", INT64_C(3600000000) } };
	size_t i;

	for (i = 0; i < sizeof units / sizeof *units; i++) {
		*n = strlen(units[i].name);
		if (!strncmp(s, units[i].name, *n))
			return units[i].us;
	}
	return 0;
}

int parse_duration(const char *s, const char *what, int64_t *out, struct err *e)
{
	const char *rest = s;
	int64_t total = 0;

	while (*rest) {
		int64_t whole, millionths, us = 1000000, part;
		const char *from = rest;
		size_t n = 0;

		rest = number(rest, &whole, &millionths);
		if (!rest || (*rest && !(us = duration_unit(rest, &n))) || (!*rest && from != s))
			return fail(e, EINVAL, "%s \"%.40s\" is not a duration like 5s or 100ms", what, s);
		rest += n;
		part = times(whole, millionths, us);
		if (part < 0 || total > MAX_WHOLE - part)
			return fail(e, ERANGE, "%s \"%.40s\" is too long", what, s);
		total += part;
	}
	*out = total / 1000;
	return *out < 1 ? fail(e, EINVAL, "%s \"%.40s\" must be at least 1ms", what, s) : 0;
}
