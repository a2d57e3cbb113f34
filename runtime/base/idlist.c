/* idlist.c - parses "0-3,7". Pure; must not accept what it cannot hold. */
#include "base/idlist.h"
#include <errno.h>
#include <string.h>

static const char *skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == '\n')
		s++;
	return s;
}

static int number(const char **s, size_t max, size_t *out)
{
	const char *p = skip_blanks(*s);
	size_t v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (size_t)(*p - '0');
		if (v >= max) /* checked at every digit, so it cannot wrap */
			return -ERANGE;
	}
	*s = skip_blanks(p);
	*out = v;
	return 0;
}

int idlist_parse(const char *s, unsigned long *mask, size_t max)
{
	int count = 0;

	memset(mask, 0, IDLIST_WORDS(max) * sizeof *mask);
	s = skip_blanks(s);
	while (*s) {
		size_t first, last;

		TRY(number(&s, max, &first));
		last = first;
		if (*s == '-') {
			s++;
			TRY(number(&s, max, &last));
		}
		if (last < first)
			return -EINVAL;
		for (; first <= last; first++) {
			unsigned long bit = 1UL << first % IDLIST_WORD;

			count += !(mask[first / IDLIST_WORD] & bit);
			mask[first / IDLIST_WORD] |= bit;
		}
		if (*s == ',')
			s++;
		else if (*s)
			return -EINVAL;
	}
	return count;
}
