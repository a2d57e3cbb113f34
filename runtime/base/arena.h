/* arena.h - the one memory of a command: everything is allocated from it and dropped with the process.
 *
 * Nothing allocated here is freed one by one. Before init is cloned the arena is sealed: an allocation
 * after that is a bug and ends the process. Running out of memory, or over the budget, ends the command with a
 * message and exit code 1: what it had created so far is recorded on disk (store/) and removable. */
#ifndef WASIRUN_ARENA_H
#define WASIRUN_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	char *next, *end;           /* the free part of the newest chunk */
	size_t used, budget;        /* bytes; budget 0 = ARENA_BUDGET */
	bool sealed;
	struct arena *scratch; /* for what nobody needs after the plan is made, or NULL */
};

#define ARENA_BUDGET ((size_t)64 << 20)

/* Zeroed memory, aligned for any type, never NULL. n: bytes. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, returns_nonnull));

/* Room for n elements of size bytes each; the product is checked. */
void *arena_array(struct arena *a, size_t n, size_t size) __attribute__((malloc, returns_nonnull));

/* A copy of the n bytes at s with a NUL behind them. */
char *arena_strn(struct arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *arena_str(struct arena *a, const char *s) __attribute__((returns_nonnull));

/* A formatted string. */
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3), returns_nonnull));

/* Where to put what is needed only until the plan is made and prepared (syntax trees, buffers, a compiler's lists): a waiting init gives
 * it back. a itself when it has no scratch. Nothing that a step or slot points to may lie there. */
struct arena *arena_scratch(struct arena *a) __attribute__((returns_nonnull));

/* Calls fn for each piece of a's memory. */
void arena_each(const struct arena *a, void (*fn)(void *from, size_t n));

/* No allocation from here on, in its scratch either. */
void arena_seal(struct arena *a);

/* Gives all memory back; for tests and fuzzers. The arena can be used again. */
void arena_drop(struct arena *a);

/* Called instead of ending the process when memory or the budget runs out, if set; must not return.
 * For fuzzers and unit tests. */
extern void (*arena_on_exhausted)(const char *why);

/* A growing list in an arena: struct { T *v; size_t n; }. Capacity doubles; *list is { T *v; size_t n }.
 * Returns the new zeroed element. */
void *arena_push_(struct arena *a, void *list_v, size_t *list_n, size_t size) __attribute__((returns_nonnull));
#define arena_push(a, list) ((__typeof__((list)->v))arena_push_((a), &(list)->v, &(list)->n, sizeof *(list)->v))

#endif
