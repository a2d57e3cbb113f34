/* seccomp_code.c - from rules about numbers to a BPF program. Pure.
 *
 * libseccomp could make the program, too, but what 2.5.4 makes of profiles with 64-bit comparisons lets calls through that the profile
 * denies (GHSA-4q85-33p6-j5g6), and takes minutes for some of them. Here a program is: for each architecture a binary search over the
 * ranges of numbers that are answered alike; a call whose answer depends on its arguments has a block of its own, in which its rules are
 * tried one after the other. Must not make anything that the kernel's check of constant answers does not understand: it keeps allowed calls
 * as fast as without a filter. */
#include "apply/seccomp.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW 0
#else
#define LOW 4
#endif

#define MAX_JUMP 255

/* Numbers from first on, up to the next range, are answered alike. */
struct range {
	uint32_t first;
	uint32_t action;               /* when no rule matches */
	const struct code_rule *rules; /* those that look at arguments */
	size_t n;
};
typedef LIST(struct range) ranges;

struct code {
	struct sock_filter *v;
	size_t n, room; /* n goes on counting when there is no more room */
};

static void put(struct code *c, unsigned code, uint32_t k, size_t yes, size_t no)
{
	if (c->n < c->room)
		c->v[c->n] = (struct sock_filter){ .code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k };
	c->n++;
}

static void load(struct code *c, size_t offset)
{
	put(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void answer(struct code *c, uint32_t action)
{
	put(c, BPF_RET | BPF_K, action, 0, 0);
}

/* --- conditions: a 64-bit comparison on a 32-bit machine */

/* Instructions that compare takes. Jumps are counted from the end of a condition: 0 = it holds, go on; fail = it does not. */
static size_t cmp_size(const struct seccomp_cmp *c)
{
	switch (c->op) {
	case SCMP_CMP_EQ:
	case SCMP_CMP_NE:
		return 4;
	case SCMP_CMP_MASKED_EQ:
		return 6;
	default:
		return 5;
	}
}

static void test(struct code *c, unsigned op, uint32_t k, size_t yes, size_t no)
{
	put(c, BPF_JMP | op | BPF_K, k, yes, no);
}

/* fail: instructions between the end of this condition and the place to go on when it does not hold. */
static void compare(struct code *c, const struct seccomp_cmp *x, size_t fail)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * x->index;
	uint32_t hi = (uint32_t)(x->a >> 32), lo = (uint32_t)x->a;
	uint64_t masked = x->b & x->a;

	load(c, at + 4 - LOW);
	switch (x->op) {
	case SCMP_CMP_EQ:
		test(c, BPF_JEQ, hi, 0, fail + 2);
		load(c, at + LOW);
		test(c, BPF_JEQ, lo, 0, fail);
		break;
	case SCMP_CMP_NE:
		test(c, BPF_JEQ, hi, 0, 2);
		load(c, at + LOW);
		test(c, BPF_JEQ, lo, fail, 0);
		break;
	case SCMP_CMP_GT:
	case SCMP_CMP_GE:
		test(c, BPF_JGT, hi, 3, 0);
		test(c, BPF_JEQ, hi, 0, fail + 2);
		load(c, at + LOW);
		test(c, x->op == SCMP_CMP_GT ? BPF_JGT : BPF_JGE, lo, 0, fail);
		break;
	case SCMP_CMP_LT:
	case SCMP_CMP_LE:
		test(c, BPF_JGT, hi, fail + 3, 0);
		test(c, BPF_JEQ, hi, 0, 2);
		load(c, at + LOW);
		test(c, x->op == SCMP_CMP_LE ? BPF_JGT : BPF_JGE, lo, fail, 0);
		break;
	default: /* SCMP_CMP_MASKED_EQ: a is the mask */
		put(c, BPF_ALU | BPF_AND | BPF_K, hi, 0, 0);
		test(c, BPF_JEQ, (uint32_t)(masked >> 32), 0, fail + 3);
		load(c, at + LOW);
		put(c, BPF_ALU | BPF_AND | BPF_K, lo, 0, 0);
		test(c, BPF_JEQ, (uint32_t)masked, 0, fail);
		break;
	}
}

static size_t rule_size(const struct code_rule *r)
{
	size_t n = 1, i; /* its answer */

	for (i = 0; i < r->n; i++)
		n += cmp_size(&r->args[i]);
	return n;
}

/* At most 6 conditions of 6 instructions: every jump is short. */
static void rule(struct code *c, const struct code_rule *r)
{
	size_t left = rule_size(r), i;

	for (i = 0; i < r->n; i++) {
		left -= cmp_size(&r->args[i]);
		compare(c, &r->args[i], left);
	}
	answer(c, r->action);
}

/* --- ranges: a binary search */

static size_t range_size(const struct range *g)
{
	size_t n = 1, i;

	for (i = 0; i < g->n; i++)
		n += rule_size(&g->rules[i]);
	return n;
}

static size_t tree_size(const struct range *g, size_t n)
{
	size_t left;

	if (n == 1)
		return range_size(g);
	left = tree_size(g, n / 2);
	return (left > MAX_JUMP ? 2 : 1) + left + tree_size(g + n / 2, n - n / 2);
}

static void tree(struct code *c, const struct range *g, size_t n)
{
	size_t left, i;

	if (n == 1) {
		for (i = 0; i < g->n; i++)
			rule(c, &g->rules[i]);
		answer(c, g->action);
		return;
	}
	left = tree_size(g, n / 2);
	if (left > MAX_JUMP) {
		test(c, BPF_JGE, g[n / 2].first, 0, 1);
		put(c, BPF_JMP | BPF_JA, (uint32_t)left, 0, 0);
	} else {
		test(c, BPF_JGE, g[n / 2].first, left, 0);
	}
	tree(c, g, n / 2);
	tree(c, g + n / 2, n - n / 2);
}

/* --- from rules to ranges */

/* The kernel's order of precedence is that of the actions as signed numbers. */
static int32_t strictness(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

/* Rules were given in the profile's order, and their addresses keep it: see sort_rules. */
static int by_number_and_strictness(const void *a, const void *b)
{
	const struct code_rule *x = *(const struct code_rule *const *)a, *y = *(const struct code_rule *const *)b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	if (strictness(x->action) != strictness(y->action))
		return strictness(x->action) < strictness(y->action) ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void sort_rules(struct arena *a, struct code_arch *arch)
{
	const struct code_rule **order = arena_array(a, arch->rules.n + 1, sizeof *order);
	struct code_rule *sorted = arena_array(a, arch->rules.n + 1, sizeof *sorted);
	size_t i;

	for (i = 0; i < arch->rules.n; i++)
		order[i] = &arch->rules.v[i];
	qsort(order, arch->rules.n, sizeof *order, by_number_and_strictness);
	for (i = 0; i < arch->rules.n; i++)
		sorted[i] = *order[i];
	arch->rules.v = sorted;
}

/* Adds a range, in place of one that begins at the same number; unless the one before it says the same. */
static void add_range(ranges *list, struct range g)
{
	const struct range *before;

	if (list->n && list->v[list->n - 1].first == g.first)
		list->n--;
	before = list->n ? &list->v[list->n - 1] : NULL;
	if (!before || before->n || g.n || before->action != g.action)
		list->v[list->n++] = g;
}

/* The rules of one number, i .. end-1 of the sorted list: what stands behind the first unconditional one is never reached. */
static struct range range_of(const struct code_arch *arch, size_t i, size_t end, uint32_t default_action)
{
	struct range g = { .first = arch->rules.v[i].nr, .action = default_action, .rules = &arch->rules.v[i] };

	for (; i < end; i++, g.n++) {
		if (!arch->rules.v[i].n) {
			g.action = arch->rules.v[i].action;
			break;
		}
	}
	return g;
}

static void add_arch(struct arena *a, struct code_arch *arch, uint32_t default_action, ranges *out)
{
	struct range rest = { .first = arch->first, .action = default_action };
	size_t i = 0, end;

	sort_rules(a, arch);
	if (arch->zero_is_enosys && arch->last) {
		add_range(out, (struct range){ .first = 0, .action = SECCOMP_RET_ERRNO | ENOSYS });
		rest.first = 1;
		while (i < arch->rules.n && arch->rules.v[i].nr == 0)
			i++;
	}
	add_range(out, rest);
	for (; i < arch->rules.n; i = end) {
		uint32_t nr = arch->rules.v[i].nr;

		for (end = i; end < arch->rules.n && arch->rules.v[end].nr == nr; end++)
			;
		add_range(out, range_of(arch, i, end, default_action));
		if (nr + 1 >= arch->end)
			return;
		rest.first = nr + 1;
		add_range(out, rest);
	}
	if (!arch->last || arch->last + 1 >= arch->end)
		return;
	rest = (struct range){ .first = arch->last + 1, .action = SECCOMP_RET_ERRNO | ENOSYS };
	add_range(out, rest);
}

/* All ranges of one architecture value: those of its conventions, what lies between them, and -1. */
static size_t add_same(struct arena *a, uint32_t default_action, struct code_arch *archs, size_t n, ranges *out)
{
	uint32_t end = 0;
	size_t i;

	for (i = 0; i < n && archs[i].arch == archs[0].arch; i++) {
		struct range none = { .first = end, .action = SECCOMP_RET_KILL_PROCESS };

		if (archs[i].first > end)
			add_range(out, none);
		add_arch(a, &archs[i], default_action, out);
		end = archs[i].end;
	}
	if (end)
		add_range(out, (struct range){ .first = end, .action = SECCOMP_RET_KILL_PROCESS });
	add_range(out, (struct range){ .first = UINT32_MAX, .action = default_action });
	return i;
}

int seccomp_code(struct arena *a, uint32_t default_action, struct code_arch *archs, size_t n, struct program *out, struct err *e)
{
	struct code c = { .v = arena_array(a, SECCOMP_MAX_PROGRAM, sizeof *c.v), .room = SECCOMP_MAX_PROGRAM };
	size_t rules = 0, i;
	ranges list;

	/* each rule makes at most its own range and one behind it, each architecture at most five more */
	for (i = 0; i < n; i++)
		rules += archs[i].rules.n;
	list.v = arena_array(a, 2 * rules + 5 * n + 1, sizeof *list.v);
	load(&c, offsetof(struct seccomp_data, arch));
	for (i = 0; i < n;) {
		uint32_t arch = archs[i].arch;

		list.n = 0;
		i += add_same(a, default_action, archs + i, n - i, &list);
		test(&c, BPF_JEQ, arch, 1, 0);
		put(&c, BPF_JMP | BPF_JA, (uint32_t)(1 + tree_size(list.v, list.n)), 0, 0);
		load(&c, offsetof(struct seccomp_data, nr));
		tree(&c, list.v, list.n);
	}
	answer(&c, SECCOMP_RET_KILL_PROCESS);
	if (c.n > SECCOMP_MAX_PROGRAM)
		return fail(e, E2BIG, "the seccomp profile makes a program of %zu instructions, the kernel takes %d", c.n,
			    SECCOMP_MAX_PROGRAM);
	out->v = c.v;
	out->n = c.n;
	return 0;
}
