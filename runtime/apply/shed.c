/* shed.c - gives back what a waiting init does not need to hold.
 *
 * Between create and start init may wait for long, and there may be many of them. What the program file and its libraries hold read-only
 * is in the page cache anyway and comes back when it is used; the deep end of the stack was used while the container was made.
 * Must not touch a page that was ever written to, except the scratch memory of the plan's making and the stack below everything that
 * is still in use. */
#include "apply/executor.h"
#include "sys/sys.h"
#include <link.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define STACK_DEPTH ((size_t)256 << 10) /* deeper than any step goes */
#define STACK_MARGIN ((size_t)8 << 10)  /* what the calls from here on use */
#define CODE_BYTES 512                  /* more than any of the functions that are kept alone */

/* Collected first: looking at an object brings its first pages back. */
struct ranges {
	struct {
		uintptr_t from;
		size_t n;
	} v[32];
	size_t n;
	uintptr_t page;
};

static RESIDENT int collect(struct dl_phdr_info *object, size_t size, void *ranges_v)
{
	struct ranges *r = ranges_v;
	size_t i;

	(void)size;
	for (i = 0; i < object->dlpi_phnum && r->n < sizeof r->v / sizeof *r->v; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t from = object->dlpi_addr + p->p_vaddr, start = from & ~(r->page - 1);

		/* what is writable, relocated tables included, is not in the file as it is here */
		if (p->p_type != PT_LOAD || p->p_flags & PF_W)
			continue;
		r->v[r->n].from = start;
		r->v[r->n].n = from + p->p_filesz - start;
		r->n++;
	}
	return 0;
}

/* The kernel brings back 64 KiB around a page that is used, but nothing beyond the mapping it is in: a piece with a flag of its own
 * (here: not in core dumps) is a mapping of its own. */
static RESIDENT void keep_alone(const void *code)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)code & ~(page - 1);
	uintptr_t to = ((uintptr_t)code + CODE_BYTES + page) & ~(page - 1);

	(void)!sys_madvise((void *)from, to - from, MADV_DONTDUMP);
}

/* Whole pages only: at the ends of a piece lies what malloc or others keep. */
static RESIDENT void shed_piece(void *from, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = ((uintptr_t)from + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)from + n) & ~(page - 1);

	if (end > start)
		(void)!sys_madvise((void *)start, end - start, MADV_DONTNEED);
}

void shed_code(void)
{
	struct ranges r = { .n = 0, .page = (uintptr_t)sysconf(_SC_PAGESIZE) };

	(void)dl_iterate_phdr(collect, &r);
	while (r.n-- > 0)
		(void)!sys_madvise((void *)r.v[r.n].from, r.v[r.n].n, MADV_DONTNEED);
}

RESIDENT void shed_memory(const struct arena *a)
{
	struct ranges r = { .n = 0, .page = (uintptr_t)sysconf(_SC_PAGESIZE) };
	uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(r.page - 1);

	keep_alone((const void *)shed_memory);
	keep_alone((const void *)sys_madvise);
	keep_alone((const void *)sys_accept);
	keep_alone(__builtin_return_address(0));
	keep_alone((const void *)madvise);
	keep_alone((const void *)accept4);
	if (a->scratch)
		arena_each(a->scratch, shed_piece);
	(void)dl_iterate_phdr(collect, &r);
	(void)!sys_madvise((void *)(here - STACK_DEPTH), STACK_DEPTH - STACK_MARGIN, MADV_DONTNEED);
	while (r.n-- > 0)
		(void)!sys_madvise((void *)r.v[r.n].from, r.v[r.n].n, MADV_DONTNEED);
}
