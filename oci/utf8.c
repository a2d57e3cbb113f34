/* utf8.c - refuses the byte sequences that yajl lets through or trips over (CVE-2017-16516 among them).
 * Must not interpret JSON beyond its escapes, and must not allocate. */
#include "oci/utf8.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* True when the eight bytes at s are all in 0x01..0x7f. */
static bool plain8(const char *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof w);
	/* with no high bit set, w - 01.. borrows into a byte's high bit only where a byte is zero */
	return ((w | (w - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

/* Length of the sequence that begins at s, of which n bytes are there; 0 if it is not one. */
static size_t sequence(const unsigned char *s, size_t n)
{
	uint32_t c = s[0], min = 0;
	size_t len, i;

	if (c < 0x80)
		return c ? 1 : 0;
	if (c >= 0xc2 && c < 0xe0) {
		len = 2;
		c &= 0x1f;
	} else if ((c & 0xf0) == 0xe0) {
		len = 3;
		c &= 0x0f;
		min = 0x800;
	} else if (c >= 0xf0 && c < 0xf5) {
		len = 4;
		c &= 0x07;
		min = 0x10000;
	} else {
		return 0;
	}
	if (len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c >= min && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? len : 0;
}

static const char *check_bytes(const char *s, size_t n, size_t *at)
{
	size_t i = 0;

	if (n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
		*at = 0;
		return "a byte order mark is not allowed";
	}
	while (i < n) {
		size_t len;

		if (n - i >= 8 && plain8(s + i)) {
			i += 8;
			continue;
		}
		len = sequence((const unsigned char *)s + i, n - i);
		if (len == 0) {
			*at = i;
			return s[i] ? "not valid UTF-8" : "a NUL byte is not allowed";
		}
		i += len;
	}
	return NULL;
}

/* The value of the four hex digits at s, or -1. */
static int hex4(const char *s)
{
	int v = 0, i;

	for (i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* The code unit of the escape "\uXXXX" at s, -1 if there is none within n bytes. */
static int unit(const char *s, size_t n)
{
	return n >= 6 && s[0] == '\\' && s[1] == 'u' ? hex4(s + 2) : -1;
}

/* Outside of strings a backslash is an error that the parser finds; so every backslash may be taken for an escape here. */
static const char *check_escapes(const char *s, size_t n, size_t *at)
{
	const char *p = s, *end = s + n;

	while ((p = memchr(p, '\\', (size_t)(end - p)))) {
		int u, low;

		*at = (size_t)(p - s);
		if (end - p < 2)
			return "an escape is cut off";
		if (p[1] != 'u') {
			p += 2;
			continue;
		}
		u = unit(p, (size_t)(end - p));
		if (u < 0)
			return "\\u needs four hexadecimal digits";
		if (u == 0)
			return "\\u0000 is not allowed";
		p += 6;
		if (u < 0xd800 || u > 0xdfff)
			continue;
		low = unit(p, (size_t)(end - p));
		if (u > 0xdbff || low < 0xdc00 || low > 0xdfff)
			return "half of a surrogate pair";
		p += 6;
	}
	return NULL;
}

const char *utf8_check_json(const char *s, size_t n, size_t *at)
{
	const char *complaint = check_bytes(s, n, at);

	return complaint ? complaint : check_escapes(s, n, at);
}
