/* err.c - fills in struct err.
 * Must not allocate, print, or look at the locale: it also runs in init, between clone and exec. */
#include "base/err.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What an attacker can put into a name must not reach a terminal or a log as a control sequence. */
static void escape(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static bool islower_ascii(char c)
{
	return c >= 'a' && c <= 'z';
}

static void put(struct err *e, int code, const char *fmt, va_list ap)
{
	e->code = code > 0 ? code : EIO;
	e->at[0] = 0;
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	escape(e->text);
}

int fail(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(e, code, fmt, ap);
	va_end(ap);
	return -e->code;
}

int fail_sys(struct err *e, int r, const char *fmt, ...)
{
	const char *words = strerrordesc_np(-r);
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	put(e, -r, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", words ? words : "unknown error");
	/* engines look for the words as Go writes them: "permission denied", "no such file or directory" */
	if (n + 3 < sizeof e->text && islower_ascii(e->text[n + 3]))
		e->text[n + 2] |= 0x20;
	return -e->code;
}

int fail_at(struct err *e, const char *at)
{
	if (!e->at[0] && at)
		snprintf(e->at, sizeof e->at, "%s", at);
	escape(e->at);
	return -e->code;
}

int fail_atf(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e->at[0]) {
		va_start(ap, fmt);
		vsnprintf(e->at, sizeof e->at, fmt, ap);
		va_end(ap);
		escape(e->at);
	}
	return -e->code;
}

int fail_in(struct err *e, const char *fmt, ...)
{
	char old[sizeof e->text];
	size_t n;
	va_list ap;

	memcpy(old, e->text, sizeof old);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", old);
	escape(e->text);
	return -e->code;
}
