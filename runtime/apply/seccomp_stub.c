/* seccomp_stub.c - what a filter answers to system calls that are newer than its profile.
 *
 * A profile that denies by default with EPERM breaks programs whose C library tries a new call first and falls back on ENOSYS. So calls
 * with a higher number than any that the profile names get ENOSYS, whatever its default says. Pure: numbers in, instructions out. Must not
 * allow anything: the filter behind it decides on everything else. */
#include "apply/seccomp.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define X32_BIT 0x40000000U
#define MAX_ARCHS 24

/* Where a conditional jump goes: to the next instruction, or to one of the ends that are known last. */
enum target { NEXT, ENOSYS_END, FILTER_END, X32_PART, SECTION_END };

struct line {
	uint16_t code;
	uint32_t k;
	enum target yes, no;
};

struct lines {
	struct line v[STUB_MAX];
	size_t n;
};

static void add(struct lines *l, uint16_t code, uint32_t k, enum target yes, enum target no)
{
	l->v[l->n++] = (struct line){ .code = code, .k = k, .yes = yes, .no = no };
}

static void load(struct lines *l, size_t offset)
{
	add(l, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, NEXT, NEXT);
}

static void test(struct lines *l, uint16_t op, uint32_t k, enum target yes, enum target no)
{
	add(l, (uint16_t)(BPF_JMP | op | BPF_K), k, yes, no);
}

/* One architecture: if it is this one, decide and leave; else the next one is asked, with the accumulator untouched. */
static void section(struct lines *l, const struct stub_arch *a)
{
	test(l, BPF_JEQ, a->arch, NEXT, SECTION_END);
	load(l, offsetof(struct seccomp_data, nr));
	if (a->zero_is_enosys)
		test(l, BPF_JEQ, 0, ENOSYS_END, NEXT);
	if (a->x86_64)
		test(l, BPF_JSET, X32_BIT, a->x32_last ? X32_PART : FILTER_END, NEXT);
	if (a->last)
		test(l, BPF_JGT, a->last, ENOSYS_END, FILTER_END);
	else
		test(l, BPF_JA, 0, FILTER_END, FILTER_END);
	if (a->x86_64 && a->x32_last)
		test(l, BPF_JGT, a->x32_last, ENOSYS_END, FILTER_END);
}

/* The distance of a jump from line i, which belongs to the section that ends before line section_end. */
static uint32_t distance(const struct lines *l, size_t i, enum target t, size_t section_end)
{
	size_t to = i + 1;

	switch (t) {
	case NEXT:
		break;
	case X32_PART: /* the line behind the test of the native numbers, which follows this one */
		to = i + 2;
		break;
	case SECTION_END:
		to = section_end;
		break;
	case ENOSYS_END:
		to = l->n - 1;
		break;
	case FILTER_END:
		to = l->n;
		break;
	}
	return (uint32_t)(to - (i + 1));
}

static bool wanted(const struct stub_arch *a)
{
	return a->last || a->x32_last;
}

size_t seccomp_stub(const struct stub_arch *archs, size_t n, struct sock_filter out[STUB_MAX])
{
	struct lines l = { .n = 0 };
	size_t ends[STUB_MAX], i, from, used = 0;

	load(&l, offsetof(struct seccomp_data, arch));
	for (i = 0; i < n && i < MAX_ARCHS; i++) {
		if (!wanted(&archs[i]))
			continue;
		from = l.n;
		section(&l, &archs[i]);
		for (; from < l.n; from++)
			ends[from] = l.n;
		used++;
	}
	if (!used)
		return 0;
	ends[0] = 1;
	ends[l.n] = ends[l.n + 1] = l.n;
	test(&l, BPF_JA, 0, FILTER_END, FILTER_END);
	add(&l, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, NEXT, NEXT);
	for (i = 0; i < l.n; i++) {
		const struct line *x = &l.v[i];
		bool jump = BPF_CLASS(x->code) == BPF_JMP;

		out[i] = (struct sock_filter){ .code = x->code, .k = x->k };
		if (jump && BPF_OP(x->code) == BPF_JA) {
			out[i].k = distance(&l, i, x->yes, ends[i]);
		} else if (jump) {
			out[i].jt = (uint8_t)distance(&l, i, x->yes, ends[i]);
			out[i].jf = (uint8_t)distance(&l, i, x->no, ends[i]);
		}
	}
	return l.n;
}
