/* text.c - the text builder.
 * Must not know what the text is for. */
#include "base/text.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void need(struct text *t, size_t n)
{
	size_t cap;
	char *s;

	if (t->cap - t->n > n)
		return;
	cap = t->cap ? t->cap * 2 : 128;
	while (cap - t->n <= n)
		cap *= 2;
	s = arena_alloc(t->arena, cap);
	if (t->n)
		memcpy(s, t->s, t->n);
	t->s = s;
	t->cap = cap;
}

void text_add(struct text *t, const char *s, size_t n)
{
	need(t, n);
	memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = 0;
}

void text_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_vfmt(struct text *t, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		need(t, (size_t)n);
		vsnprintf(t->s + t->n, (size_t)n + 1, fmt, again);
		t->n += (size_t)n;
	}
	va_end(again);
}

void text_fmt(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vfmt(t, fmt, ap);
	va_end(ap);
}

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 if there is none. */
static size_t utf8_len(const unsigned char *s)
{
	unsigned min = 0x80, c = s[0];
	size_t n, i;

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c < 0xe0)
		n = 2, c &= 0x1f;
	else if ((c & 0xf0) == 0xe0)
		n = 3, c &= 0x0f, min = 0x800;
	else if (c >= 0xf0 && c < 0xf5)
		n = 4, c &= 0x07, min = 0x10000;
	else
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c >= min && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? n : 0;
}

void text_json(struct text *t, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	text_add(t, "\"", 1);
	while (*p) {
		size_t n = utf8_len(p);

		if (*p == '"' || *p == '\\')
			text_fmt(t, "\\%c", *p);
		else if (*p == '\n')
			text_add(t, "\\n", 2);
		else if (*p == '\t')
			text_add(t, "\\t", 2);
		else if (*p < 0x20 || *p == 0x7f)
			text_fmt(t, "\\u%04x", *p);
		else if (n == 0)
			text_str(t, "\xef\xbf\xbd");
		else
			text_add(t, (const char *)p, n);
		p += n ? n : 1;
	}
	text_add(t, "\"", 1);
}

void text_visible(struct text *t, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			text_fmt(t, "\\x%02x", (unsigned char)*s);
		else
			text_add(t, s, 1);
	}
}

const char *text_get(const struct text *t)
{
	return t->s ? t->s : "";
}
