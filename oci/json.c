/* json.c - JSON bytes to a tree. The only file that knows yajl.
 *
 * yajl serves as a tokenizer and grammar checker through its callbacks: it never gets NULL from an allocator, never converts a
 * number, never builds a tree, and sees only bytes that oci/utf8.c has passed. Must not know what the document means. */
#include "oci/json.h"
#include "oci/utf8.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define MAX_DEPTH 64
#define MAX_VALUES 200000
#define MAX_MEMBERS 10000
#define MAX_KEY 4096
#define MAX_STRING ((size_t)1 << 20)
#define MAX_NUMBER 32
#define LINEAR 12 /* up to so many members, comparing with each beats hashing */

struct slot {
	uint64_t hash;
	const char *key;
};

/* An open array or object. */
struct frame {
	struct json *node, *last;
	const char *key;    /* waits for its value */
	struct slot *slots; /* set of the keys seen; kept from one object of this depth to the next */
	size_t cap, room;   /* slots in use, a power of two; slots allocated */
};

struct parser {
	struct arena *arena;
	const char *bytes;
	size_t n;
	char *copy;          /* of the document: texts and keys point into it, each ended by a NUL over the byte behind it */
	const char *what;
	yajl_handle handle;
	struct json *root;
	unsigned values;
	int depth;
	struct frame frames[MAX_DEPTH];
	struct err *e;
};

/* yajl's memory. The size stands in front, for realloc; nothing is given back. */
#define HEAD 16

static void *mem_get(void *ctx, size_t n)
{
	char *p = arena_alloc(ctx, n + HEAD);

	memcpy(p, &n, sizeof n);
	return p + HEAD;
}

static void *mem_more(void *ctx, void *old, size_t n)
{
	size_t had = 0;
	char *p;

	if (old)
		memcpy(&had, (char *)old - HEAD, sizeof had);
	if (old && n <= had)
		return old;
	p = mem_get(ctx, n);
	return had ? memcpy(p, old, had) : p;
}

static void mem_free(void *ctx, void *p)
{
	(void)ctx;
	(void)p;
}

void json_place(const char *bytes, size_t n, size_t offset, unsigned *line, unsigned *column)
{
	const char *p = bytes, *end = bytes + (offset < n ? offset : n), *nl;

	*line = 1;
	while ((nl = memchr(p, '\n', (size_t)(end - p)))) {
		++*line;
		p = nl + 1;
	}
	*column = (unsigned)(end - p) + 1;
}

/* Fails at an offset; returns 0, which stops yajl. */
static int stop(struct parser *p, int code, size_t offset, const char *text)
{
	unsigned line, column;

	json_place(p->bytes, p->n, offset, &line, &column);
	(void)fail(p->e, code, "%s:%u:%u: %s", p->what, line, column, text);
	return 0;
}

static size_t consumed(const struct parser *p)
{
	return yajl_get_bytes_consumed(p->handle);
}

/* Adds a value that begins at offset. NULL: over a limit, already reported. */
static struct json *add(struct parser *p, enum json_type type, size_t offset)
{
	struct frame *f = p->depth ? &p->frames[p->depth - 1] : NULL;
	struct json *v;

	if (++p->values > MAX_VALUES) {
		stop(p, E2BIG, offset, "more than 200000 values");
		return NULL;
	}
	v = arena_alloc(arena_scratch(p->arena), sizeof *v);
	v->type = type;
	v->offset = (uint32_t)offset;
	if (!f) {
		p->root = v;
		return v;
	}
	v->key = f->key;
	f->key = NULL;
	f->node->n++;
	if (f->last)
		f->last->next = v;
	else
		f->node->child = v;
	f->last = v;
	return v;
}

/* A token's text, NUL-terminated. s: as yajl gives it, in the document itself, or in a buffer of yajl's when it had escapes.
 * Writing into the copy is safe: the text is not longer than what it came from, and the byte behind it is a quote or, for
 * numbers, punctuation that nobody reads again. Sets *offset to where the token begins. */
static const char *token_text(struct parser *p, const char *s, size_t n, bool quoted, size_t *offset)
{
	uintptr_t d = (uintptr_t)s - (uintptr_t)p->bytes;
	size_t at;

	if ((uintptr_t)s >= (uintptr_t)p->bytes && d <= p->n && n <= p->n - d) {
		at = d;
	} else if (quoted) { /* the opening quote is the nearest one that no backslash escapes */
		at = consumed(p) - 1;
		for (;;) {
			size_t b;

			while (p->bytes[--at] != '"')
				;
			for (b = at; b && p->bytes[b - 1] == '\\'; b--)
				;
			if ((at - b) % 2 == 0)
				break;
		}
		memcpy(p->copy + ++at, s, n);
	} else { /* a lone number at the very end */
		*offset = p->n - n;
		return arena_strn(p->arena, s, n);
	}
	p->copy[at + n] = 0;
	*offset = at - quoted;
	return p->copy + at;
}

static int on_literal(struct parser *p, enum json_type type, size_t len)
{
	return add(p, type, consumed(p) - len) != NULL;
}

static int on_null(void *ctx)
{
	return on_literal(ctx, JSON_NULL, 4);
}

static int on_boolean(void *ctx, int v)
{
	return v ? on_literal(ctx, JSON_TRUE, 4) : on_literal(ctx, JSON_FALSE, 5);
}

static int on_number(void *ctx, const char *s, size_t n)
{
	struct parser *p = ctx;
	struct json *v;
	const char *text;
	size_t offset;

	text = token_text(p, s, n, false, &offset);
	if (n > MAX_NUMBER)
		return stop(p, E2BIG, offset, "a number of more than 32 bytes");
	v = add(p, JSON_NUMBER, offset);
	if (!v)
		return 0;
	v->text = text;
	v->n = (uint32_t)n;
	return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
	struct parser *p = ctx;
	struct json *v;
	const char *text;
	size_t offset;

	text = token_text(p, (const char *)s, n, true, &offset);
	if (n > MAX_STRING)
		return stop(p, E2BIG, offset, "a string of more than 1 MiB");
	v = add(p, JSON_STRING, offset);
	if (!v)
		return 0;
	v->text = text;
	v->n = (uint32_t)n;
	return 1;
}

/* The seed is an address, so that keys that collide cannot be prepared in advance. */
static uint64_t hash(const struct parser *p, const char *s, size_t n)
{
	uint64_t h = (uint64_t)(uintptr_t)p->copy ^ n * UINT64_C(0x9e3779b97f4a7c15), w;

	for (; n; s += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
		w = 0;
		memcpy(&w, s, n < 8 ? n : 8);
		h = (h ^ w) * UINT64_C(0xd6e8feb86659fd93);
		h ^= h >> 32;
	}
	return h;
}

/* Adds a key to the set. False: it was there. */
static bool slot_add(struct frame *f, uint64_t h, const char *key)
{
	size_t i;

	for (i = h & (f->cap - 1); f->slots[i].key; i = (i + 1) & (f->cap - 1))
		if (f->slots[i].hash == h && strcmp(f->slots[i].key, key) == 0)
			return false;
	f->slots[i] = (struct slot){ h, key };
	return true;
}

/* Fills the set with the members that are there, in a table with room for twice as many. */
static void slots_fill(struct parser *p, struct frame *f)
{
	size_t need = 4 * (size_t)f->node->n;
	const struct json *m;

	for (f->cap = 64; f->cap < need; f->cap *= 2)
		;
	if (f->room < f->cap) {
		f->slots = arena_array(arena_scratch(p->arena), f->cap, sizeof *f->slots);
		f->room = f->cap;
	} else {
		memset(f->slots, 0, f->cap * sizeof *f->slots);
	}
	for (m = f->node->child; m; m = m->next)
		slot_add(f, hash(p, m->key, strlen(m->key)), m->key);
}

static bool duplicate(struct parser *p, struct frame *f, const char *key, size_t n)
{
	const struct json *m;

	if (f->node->n < LINEAR) {
		for (m = f->node->child; m; m = m->next)
			if (strcmp(m->key, key) == 0)
				return true;
		return false;
	}
	if (f->node->n == LINEAR || 2 * (size_t)f->node->n >= f->cap)
		slots_fill(p, f);
	return !slot_add(f, hash(p, key, n), key);
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
	struct parser *p = ctx;
	struct frame *f = &p->frames[p->depth - 1];
	char text[96];
	const char *key;
	size_t offset;

	key = token_text(p, (const char *)s, n, true, &offset);
	if (n > MAX_KEY)
		return stop(p, E2BIG, offset, "a key of more than 4096 bytes");
	if (f->node->n >= MAX_MEMBERS)
		return stop(p, E2BIG, offset, "an object with more than 10000 members");
	if (duplicate(p, f, key, n)) {
		snprintf(text, sizeof text, "duplicate key \"%.64s\"", key);
		return stop(p, EINVAL, offset, text);
	}
	f->key = key;
	return 1;
}

static int on_open(struct parser *p, enum json_type type)
{
	size_t offset = consumed(p) - 1;
	struct json *v;

	if (p->depth == MAX_DEPTH)
		return stop(p, E2BIG, offset, "nested more than 64 levels deep");
	v = add(p, type, offset);
	if (!v)
		return 0;
	p->frames[p->depth].node = v;
	p->frames[p->depth].last = NULL;
	p->frames[p->depth].key = NULL;
	p->depth++;
	return 1;
}

static int on_start_map(void *ctx)
{
	return on_open(ctx, JSON_OBJECT);
}

static int on_start_array(void *ctx)
{
	return on_open(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
	((struct parser *)ctx)->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end,
};

/* yajl's words, on one line and without the kind of error in front. They hold none of the input (verbose is off). */
static void syntax_error(struct parser *p, bool at_end)
{
	unsigned char *said = yajl_get_error(p->handle, 0, (const unsigned char *)p->bytes, p->n);
	const char *text = (const char *)said, *colon = strstr(text, ": ");
	size_t at = at_end ? p->n + 1 : consumed(p); /* behind what it choked on */
	char line[128];

	snprintf(line, sizeof line, "%s", colon ? colon + 2 : text);
	line[strcspn(line, "\n")] = 0;
	stop(p, EINVAL, at ? at - 1 : 0, line);
	yajl_free_error(p->handle, said);
}

static int run(struct parser *p)
{
	yajl_alloc_funcs memory = { mem_get, mem_more, mem_free, arena_scratch(p->arena) };
	yajl_status s;
	bool at_end;

	p->handle = yajl_alloc(&callbacks, &memory, p);
	s = yajl_parse(p->handle, (const unsigned char *)p->bytes, p->n);
	at_end = s == yajl_status_ok;
	if (at_end)
		s = yajl_complete_parse(p->handle);
	if (s == yajl_status_error)
		syntax_error(p, at_end);
	return s == yajl_status_ok ? 0 : -p->e->code;
}

int json_parse(struct arena *a, const char *bytes, size_t n, size_t max, const char *what, struct json **out, struct err *e)
{
	struct parser p = { .arena = a, .bytes = bytes, .n = n, .what = what, .e = e };
	const char *complaint;
	size_t at;

	*out = NULL;
	if (max > UINT32_MAX / 2)
		max = UINT32_MAX / 2; /* offsets are 32 bits */
	if (n > max)
		return fail(e, E2BIG, "%s: %zu bytes are more than the limit of %zu", what, n, max);
	if (n == 0)
		return fail(e, EINVAL, "%s: the file is empty", what);
	complaint = utf8_check_json(bytes, n, &at);
	if (complaint) {
		stop(&p, EINVAL, at, complaint);
		return -e->code;
	}
	p.copy = arena_strn(a, bytes, n);
	TRY(run(&p));
	*out = p.root;
	return 0;
}
