/* utf8.c - sequences of UTF-8, and control characters among them.
 * Must not allocate but in a text, nor use the locale. */
#include "base/utf8.h"

size_t utf8_length(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n > 2 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		      (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	return n;
}

/* ISO 6429 has a second set of them: U+0080 to U+009F. Terminals obey those too. */
bool utf8_is_control(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;

	return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
}

void text_foreign(struct text *t, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		size_t k = utf8_length(s);

		if (*s == '\n' || *s == '\t' || (k && !utf8_is_control(s))) {
			text_add(t, s, k);
			s += k;
		} else {
			text_fmt(t, "\\x%02x", (unsigned char)*s++);
		}
	}
}
