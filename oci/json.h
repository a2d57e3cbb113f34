/* json.h - JSON bytes to a tree and back, with the limits that untrusted documents need.
 *
 * json.c is the only file that includes yajl, and uses its callbacks only. Refused, with byte offset: input over
 * `max` bytes, NUL bytes, invalid UTF-8 (RFC 3629), a BOM, lone surrogate escapes, \u0000, duplicate keys at any depth,
 * comments, trailing bytes, depth over 64, over 200,000 values, over 10,000 members in an object, keys over 4096 bytes (names
 * that are not keys of a map: 256, which prop.c checks), strings over 1 MiB, numbers over 32 bytes. Numbers stay text: they
 * are parsed by the row that wants them. */
#ifndef WASIRUN_OCI_JSON_H
#define WASIRUN_OCI_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	uint32_t offset;     /* bytes from the start of the document, for messages */
	uint32_t n;          /* length of text, or number of children */
	const char *key;     /* NUL-terminated name within an object, else NULL */
	const char *text;    /* NUL-terminated string, or the number as it was written */
	struct json *child;  /* first element or member */
	struct json *next;   /* next sibling */
};

#define JSON_MAX_CONFIG ((size_t)4 << 20)
#define JSON_MAX_MANIFEST ((size_t)256 << 10)
#define JSON_MAX_STATE ((size_t)8 << 20)

/* Parses n bytes. Returns 0 and *out, or a negative errno (EINVAL: not a document we accept; E2BIG: over a limit).
 * what: the name used in messages ("config.json"). Messages give line and column. */
MUST int json_parse(struct arena *a, const char *bytes, size_t n, size_t max, const char *what, struct json **out,
		    struct err *e);

/* The member of an object, or NULL. */
const struct json *json_get(const struct json *o, const char *key);

/* The value that a JSON pointer (RFC 6901) names below v, or NULL. */
const struct json *json_at(const struct json *v, const char *pointer);

/* "object", "string", ... for messages. */
const char *json_type_name(enum json_type t);

/* Integers as the rows want them: only digits with an optional minus (no "+", "1.0", "1e3", "-0", leading zeros).
 * Returns 0 or -ERANGE / -EINVAL. */
MUST int json_int(const struct json *v, int64_t *out);
MUST int json_uint(const struct json *v, uint64_t *out);

/* Line and column (from 1) of a byte offset. */
void json_place(const char *bytes, size_t n, size_t offset, unsigned *line, unsigned *column);

/* Writes a tree back. indent 0 = one line; else that many spaces per level. */
void json_write(struct text *t, const struct json *v, int indent);

/* Streaming writer, the only way we write JSON. Usage: json_open(&w,'{'); json_key(&w,"a"); json_put_str(&w,"b"); json_close(&w,'}'). */
struct json_out {
	struct text *t;
	int indent;      /* spaces per level, 0 = compact (as yajl: no blanks at all) */
	int depth;
	bool first;      /* nothing stands at this level yet */
	bool after_key;
};
void json_open(struct json_out *w, char bracket);
void json_close(struct json_out *w, char bracket);
void json_key(struct json_out *w, const char *key);
void json_put_str(struct json_out *w, const char *s);
void json_put_int(struct json_out *w, int64_t v);
void json_put_uint(struct json_out *w, uint64_t v);
/* A number that is text already, in JSON's own grammar. */
void json_put_number(struct json_out *w, const char *text);
void json_put_bool(struct json_out *w, bool v);
void json_put_null(struct json_out *w);
void json_put_tree(struct json_out *w, const struct json *v);

#endif
