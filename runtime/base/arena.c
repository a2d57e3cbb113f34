/* arena.c - bump allocation from a few large chunks.
 * Must not return NULL, and must not be called in init: arena_seal() turns that mistake into an exit. */
#include "base/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK ((size_t)32 << 10)
#define ALIGN 16

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	_Alignas(ALIGN) char bytes[];
};

void (*arena_on_exhausted)(const char *why);

static _Noreturn void exhausted(const char *why)
{
	if (arena_on_exhausted)
		arena_on_exhausted(why);
	dprintf(2, "wasirun: %s\n", why);
	_exit(1);
}

static void grow(struct arena *a, size_t n)
{
	size_t budget = a->budget ? a->budget : ARENA_BUDGET;
	size_t size = n > CHUNK ? n : CHUNK;
	struct arena_chunk *c;

	if (a->sealed)
		exhausted("internal error: allocation after the arena was sealed");
	if (size > budget || a->used > budget - size)
		exhausted("out of memory: the input needs more than the runtime allows itself");
	c = malloc(sizeof *c + size);
	if (!c)
		exhausted("out of memory");
	a->used += size;
	c->older = a->chunks;
	c->size = size;
	a->chunks = c;
	a->next = c->bytes;
	a->end = c->bytes + size;
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX - ALIGN)
		exhausted("out of memory");
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (a->sealed || (size_t)(a->end - a->next) < n)
		grow(a, n);
	p = a->next;
	a->next += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		exhausted("out of memory");
	return arena_alloc(a, bytes);
}

char *arena_strn(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	return memcpy(p, s, n);
}

char *arena_str(struct arena *a, const char *s)
{
	return arena_strn(a, s, strlen(s));
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		exhausted("internal error: a format that cannot be printed");
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

struct arena *arena_scratch(struct arena *a)
{
	return a->scratch ? a->scratch : a;
}

void arena_each(const struct arena *a, void (*fn)(void *from, size_t n))
{
	struct arena_chunk *c, *older;

	for (c = a->chunks; c; c = older) {
		older = c->older; /* fn may take the piece away */
		fn(c->bytes, c->size);
	}
}

void arena_seal(struct arena *a)
{
	a->sealed = true;
	if (a->scratch)
		a->scratch->sealed = true;
}

void arena_drop(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *older = a->chunks->older;

		free(a->chunks);
		a->chunks = older;
	}
	*a = (struct arena){ .budget = a->budget, .scratch = a->scratch };
}

void *arena_push_(struct arena *a, void *list_v, size_t *list_n, size_t size)
{
	size_t n = *list_n;
	char *v;

	memcpy(&v, list_v, sizeof v);
	/* the capacity is the next power of two: full when n is one (or 0) */
	if ((n & (n - 1)) == 0) {
		char *w = arena_array(a, n ? 2 * n : 1, size);

		if (n)
			memcpy(w, v, n * size);
		v = w;
		memcpy(list_v, &v, sizeof v);
	}
	*list_n = n + 1;
	return v + n * size;
}
