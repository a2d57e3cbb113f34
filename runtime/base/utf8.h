/* utf8.h - what of a foreign text may be shown. */
#ifndef WASIRUN_UTF8_H
#define WASIRUN_UTF8_H

#include "base/text.h"
#include <stdbool.h>

/* Bytes of the UTF-8 sequence at s, which ends with a NUL somewhere; 0: it is none. */
size_t utf8_length(const char *s);
/* Is that sequence a control character? */
bool utf8_is_control(const char *s);

/* n bytes that somebody else wrote, lines and tabs as they are; what a terminal would obey, and what is no UTF-8, as \xNN. s[n] is NUL. */
void text_foreign(struct text *t, const char *s, size_t n);

#endif
