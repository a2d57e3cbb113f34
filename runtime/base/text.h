/* text.h - builds text in an arena: messages, JSON, plans, tables. */
#ifndef WASIRUN_TEXT_H
#define WASIRUN_TEXT_H

#include "base/arena.h"
#include <stdarg.h>
#include <stddef.h>

struct text {
	struct arena *arena;
	char *s;       /* NUL-terminated once anything was added; NULL before */
	size_t n, cap; /* n bytes without the NUL */
};

void text_add(struct text *t, const char *s, size_t n);
void text_str(struct text *t, const char *s);
void text_fmt(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_vfmt(struct text *t, const char *fmt, va_list ap);

/* s as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD; "/" is not escaped. */
void text_json(struct text *t, const char *s);

/* s for a person's eye: control characters and non-ASCII bytes as \xNN. */
void text_visible(struct text *t, const char *s);

/* The text built so far, "" if none. */
const char *text_get(const struct text *t);

#endif
