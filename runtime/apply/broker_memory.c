/* broker_memory.c - what the halves of the supervisor keep of the memory that they were forked with: the grants.
 *
 * Both live as long as the sandbox, and what the runtime read, planned and compiled would live on in them. Must not be called where
 * anything of the arena is still needed. */
#include "apply/broker_impl.h"
#include "apply/executor.h"
#include "base/arena.h"
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#define STACK_DEPTH ((size_t)256 << 10) /* deeper than any step goes */
#define STACK_MARGIN ((size_t)8 << 10)  /* what the calls from here on use */

static const struct arena *made_with;

void broker_forgets(const struct arena *a)
{
	made_with = a;
}

static const struct endpoint *copy_points(struct arena *a, const struct endpoint *from, size_t n, size_t *out_n)
{
	struct endpoint *out = arena_array(a, n + 1, sizeof *out);
	size_t i;

	*out_n = 0;
	for (i = 0; i < n; i++) {
		struct endpoint *p = &out[*out_n];

		if (from[i].kind != ENDPOINT_TCP)
			continue;
		*p = from[i];
		p->name = from[i].name ? arena_str(a, from[i].name) : NULL;
		p->ports.v = arena_array(a, from[i].ports.n + 1, sizeof *p->ports.v);
		memcpy(p->ports.v, from[i].ports.v, from[i].ports.n * sizeof *p->ports.v);
		p->inside = p->at = p->text = NULL;
		++*out_n;
	}
	return out;
}

struct net_grants broker_keep(const struct net_grants *g)
{
	static struct arena own;
	struct net_grants out = { .published = g->published };

	out.listen = copy_points(&own, g->listen, g->listen_n, &out.listen_n);
	out.connect = copy_points(&own, g->connect, g->connect_n, &out.connect_n);
	return out;
}

/* Whole pages only: at the ends of a piece lies what malloc or others keep. */
static void shed_piece(void *from, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)from + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)from + n) & ~(page - 1);

	if (end > start)
		(void)!sys_madvise((void *)start, end - start, MADV_DONTNEED);
}

void broker_idle(void)
{
	shed_code();
}

void broker_shed(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), here = (uintptr_t)__builtin_frame_address(0) & ~(page - 1);

	if (!made_with)
		return;
	if (made_with->scratch)
		arena_each(made_with->scratch, shed_piece);
	arena_each(made_with, shed_piece);
	(void)!sys_madvise((void *)(here - STACK_DEPTH), STACK_DEPTH - STACK_MARGIN, MADV_DONTNEED);
	shed_code();
}
