/* utf8.h - what must be true of JSON bytes before a parser sees them. */
#ifndef WASIRUN_OCI_UTF8_H
#define WASIRUN_OCI_UTF8_H

#include <stddef.h>

/* Looks at n bytes: NUL bytes, a byte order mark, anything that is not UTF-8 (RFC 3629), and \u escapes that are malformed,
 * name U+0000 or half a surrogate pair. Returns NULL when all is well, else the complaint, with the offset in *at. */
const char *utf8_check_json(const char *s, size_t n, size_t *at);

#endif
