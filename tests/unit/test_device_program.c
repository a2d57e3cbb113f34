/* Device rules: the compiled programs run in a small interpreter and must agree with the rules read one by one; the version 1 lists
 * must come out the same whatever was there before. */
#include "apply/device_program.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char types[] = { 'a', 'b', 'c' };

/* What device_program.h says the rules mean, kind by kind. */
static bool reference(const rules *list, char type, int64_t major, int64_t minor, unsigned access)
{
	unsigned kind;
	size_t i;

	for (kind = 1; kind <= 4; kind <<= 1) {
		bool allow = false;

		if (!(access & kind))
			continue;
		for (i = 0; i < list->n; i++) {
			const struct rule *r = &list->v[i];

			if ((r->type == 'a' || r->type == type) && (r->major < 0 || r->major == major) &&
			    (r->minor < 0 || r->minor == minor) && (r->access & kind))
				allow = r->allow;
		}
		if (!allow)
			return false;
	}
	return true;
}

/* Runs a program on one request; -1: it did something that the verifier would refuse. */
static int interpret(const struct device_program *p, char type, uint32_t major, uint32_t minor, unsigned access)
{
	uint32_t kernel = (access & 4 ? BPF_DEVCG_ACC_MKNOD : 0U) | (access & 1 ? BPF_DEVCG_ACC_READ : 0U) |
			  (access & 2 ? BPF_DEVCG_ACC_WRITE : 0U);
	const uint32_t ctx[3] = { kernel << 16 | (type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR), major, minor };
	uint32_t r[11] = { 0 };
	bool set[11] = { [1] = true };
	size_t pc = 0, steps;

	for (steps = 0; steps <= p->n; steps++) {
		const struct bpf_insn *i;
		bool jump = false;

		if (pc >= p->n)
			return -1;
		i = &p->v[pc++];
		if (i->off < 0)
			return -1;
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			if (i->src_reg != 1 || i->off > 8)
				return -1;
			r[i->dst_reg] = ctx[i->off / 4];
			set[i->dst_reg] = true;
			continue;
		case BPF_ALU | BPF_MOV | BPF_X:
			r[i->dst_reg] = r[i->src_reg];
			set[i->dst_reg] = set[i->src_reg];
			continue;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[i->dst_reg] = (uint32_t)i->imm;
			set[i->dst_reg] = true;
			continue;
		case BPF_ALU | BPF_RSH | BPF_K: r[i->dst_reg] >>= i->imm; continue;
		case BPF_ALU | BPF_AND | BPF_K: r[i->dst_reg] &= (uint32_t)i->imm; continue;
		case BPF_JMP | BPF_EXIT: return set[0] ? (int)r[0] : -1;
		case BPF_JMP | BPF_JA: jump = true; break;
		case BPF_JMP32 | BPF_JEQ | BPF_K: jump = r[i->dst_reg] == (uint32_t)i->imm; break;
		case BPF_JMP32 | BPF_JNE | BPF_K: jump = r[i->dst_reg] != (uint32_t)i->imm; break;
		case BPF_JMP32 | BPF_JSET | BPF_K: jump = r[i->dst_reg] & (uint32_t)i->imm; break;
		default: return -1;
		}
		if (!set[i->dst_reg] && i->code != (BPF_JMP | BPF_JA))
			return -1;
		if (jump)
			pc += (size_t)i->off;
	}
	return -1;
}

/* The verifier refuses a program with an instruction that nothing leads to. All jumps go forward, so one pass finds them. */
static bool all_reachable(const struct device_program *p)
{
	bool reached[4096] = { true };
	size_t i;

	for (i = 0; i < p->n && i < 4096; i++) {
		uint8_t class = p->v[i].code & 7, op = p->v[i].code & 0xf0;
		bool is_jump = class == BPF_JMP || class == BPF_JMP32;

		if (!reached[i])
			return false;
		if (is_jump && op != BPF_EXIT && i + 1 + (size_t)p->v[i].off < 4096)
			reached[i + 1 + (size_t)p->v[i].off] = true;
		if (!(is_jump && (op == BPF_EXIT || op == BPF_JA)) && i + 1 < 4096)
			reached[i + 1] = true;
	}
	return true;
}

static uint32_t seed;

static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static struct rule random_rule(bool wildcards)
{
	struct rule r = { .allow = roll(2), .type = types[roll(3)], .major = (int64_t)roll(4), .minor = (int64_t)roll(3) };

	if (wildcards && r.major == 3)
		r.major = -1;
	if (wildcards && r.minor == 2)
		r.minor = -1;
	r.access = roll(8);
	if (roll(3) == 0)
		r.access = 7;
	return r;
}

static rules random_rules(struct arena *a, bool wildcards)
{
	size_t n = roll(12);
	rules list = { NULL, 0 };

	if (roll(2))
		*arena_push(a, &list) = (struct rule){ false, 'a', -1, -1, 7 };
	while (n--)
		*arena_push(a, &list) = random_rule(wildcards);
	return list;
}

static void agree(const rules *list, const struct device_program *p)
{
	int64_t major, minor;
	unsigned access;
	size_t t;

	for (t = 1; t < 3; t++)
		for (major = 0; major < 5; major++)
			for (minor = 0; minor < 4; minor++)
				for (access = 0; access < 8; access++)
					if (!CHECK_INT(interpret(p, types[t], (uint32_t)major, (uint32_t)minor, access),
						       reference(list, types[t], major, minor, access)))
						return;
}

TEST(device_program_agrees_with_the_rules)
{
	unsigned round;

	seed = 7;
	for (round = 0; round < 3000; round++) {
		struct arena a = { .budget = 0 };
		rules list = random_rules(&a, true);
		struct device_program p;
		struct err e = { 0 };

		if (CHECK_INT(device_compile(&a, &list, &p, &e), 0)) {
			CHECK(all_reachable(&p));
			agree(&list, &p);
		}
		arena_drop(&a);
	}
}

TEST(device_program_passes_the_verifier)
{
	unsigned round;

	seed = 13;
	for (round = 0; round < 300; round++) {
		struct arena a = { .budget = 0 };
		rules list = random_rules(&a, true);
		struct device_program p;
		struct err e = { 0 };
		union bpf_attr attr;
		int fd;

		REQUIRE(device_compile(&a, &list, &p, &e) == 0);
		memset(&attr, 0, sizeof attr);
		attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
		attr.insns = (uint64_t)(uintptr_t)p.v;
		attr.insn_cnt = (uint32_t)p.n;
		attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
		fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
		if (fd == -EPERM || fd == -ENOSYS)
			SKIP("needs CAP_BPF");
		CHECK(fd >= 0);
		fd_close(&fd);
		arena_drop(&a);
	}
}

TEST(device_program_without_rules_denies)
{
	struct arena a = { .budget = 0 };
	rules none = { NULL, 0 };
	struct device_program p;
	struct err e = { 0 };

	REQUIRE(device_compile(&a, &none, &p, &e) == 0);
	CHECK_INT(interpret(&p, 'c', 1, 3, 1), 0);
	CHECK_INT(interpret(&p, 'c', 1, 3, 0), 1);
	arena_drop(&a);
}

TEST(device_program_stays_short)
{
	struct rule docker[] = {
		{ false, 'a', -1, -1, 7 }, { true, 'c', -1, -1, 4 }, { true, 'b', -1, -1, 4 }, { true, 'c', 1, 3, 7 },
		{ true, 'c', 1, 8, 7 },	   { true, 'c', 1, 7, 7 },   { true, 'c', 5, 0, 7 },   { true, 'c', 1, 5, 7 },
		{ true, 'c', 1, 9, 7 },	   { true, 'c', 5, 1, 7 },   { true, 'c', 136, -1, 7 }, { true, 'c', 5, 2, 7 },
		{ false, 'c', 10, 229, 3 },
	};
	struct arena a = { .budget = 0 };
	rules list = { docker, sizeof docker / sizeof *docker };
	struct device_program p;
	struct err e = { 0 };

	REQUIRE(device_compile(&a, &list, &p, &e) == 0);
	CHECK(p.n < 60);
	CHECK(all_reachable(&p));
	CHECK_INT(interpret(&p, 'c', 10, 229, 2), 0);
	CHECK_INT(interpret(&p, 'c', 10, 229, 4), 1);
	CHECK_INT(interpret(&p, 'c', 136, 77, 3), 1);
	CHECK_INT(interpret(&p, 'b', 8, 0, 1), 0);
	arena_drop(&a);
}

TEST(device_program_refuses_more_than_it_can_hold)
{
	struct arena a = { .budget = 0 };
	rules list = { NULL, 0 };
	struct device_program p;
	struct err e = { 0 };
	int64_t i;

	for (i = 0; i < 7000; i++)
		*arena_push(&a, &list) = (struct rule){ true, 'c', i, i % 5, 3 };
	CHECK_INT(device_compile(&a, &list, &p, &e), -E2BIG);
	CHECK_HAS(e.text, "7000 device rules");
	arena_drop(&a);
}

/* What the kernel makes of a list: one exception has to cover the whole request. */
static bool list_allows(const struct device_list *l, char type, int64_t major, int64_t minor, unsigned access)
{
	size_t i;

	for (i = 0; i < l->exceptions.n; i++) {
		const struct rule *x = &l->exceptions.v[i];

		if (x->type != type || (x->major >= 0 && x->major != major) || (x->minor >= 0 && x->minor != minor))
			continue;
		if (l->allow_all ? (access & x->access) != 0 : (access & ~x->access) == 0)
			return !l->allow_all;
	}
	return l->allow_all;
}

TEST(device_list_agrees_with_the_rules)
{
	unsigned round, access;

	seed = 11;
	for (round = 0; round < 2000; round++) {
		struct arena a = { .budget = 0 };
		rules list = random_rules(&a, false); /* with wildcards the kernel's list is coarser than the rules */
		struct device_list l;
		struct err e = { 0 };
		int64_t major, minor;

		if (CHECK_INT(device_list_build(&a, &list, &l, &e), 0))
			for (major = 0; major < 5; major++)
				for (minor = 0; minor < 4; minor++)
					for (access = 1; access < 8; access++)
						if (!CHECK_INT(list_allows(&l, 'c', major, minor, access),
							       reference(&list, 'c', major, minor, access)))
							return;
		arena_drop(&a);
	}
}

/* Does what the kernel does with one write. */
static void write_to(struct arena *a, struct device_list *l, const struct device_write *w)
{
	struct device_list line;
	struct err e = { 0 };
	struct rule r;
	rules one;

	if (strcmp(w->text, "a") == 0) {
		*l = (struct device_list){ .allow_all = w->allow };
		return;
	}
	REQUIRE(device_list_parse(a, w->text, &line, &e) == 0 && line.exceptions.n == 1);
	r = line.exceptions.v[0];
	r.allow = w->allow;
	one = l->exceptions;
	if (w->allow == l->allow_all) {
		size_t i;

		for (i = 0; i < one.n; i++)
			if (one.v[i].type == r.type && one.v[i].major == r.major && one.v[i].minor == r.minor)
				one.v[i].access &= ~r.access;
	} else {
		*arena_push(a, &l->exceptions) = r;
	}
}

TEST(device_list_diff_leads_to_what_is_wanted_and_never_takes_a_device_that_stays)
{
	unsigned round, access;

	seed = 23;
	for (round = 0; round < 2000; round++) {
		struct arena a = { .budget = 0 };
		rules from = random_rules(&a, false), to = random_rules(&a, false);
		struct device_list have, want, now;
		device_writes w;
		struct err e = { 0 };
		size_t i;

		REQUIRE(device_list_build(&a, &from, &have, &e) == 0 && device_list_build(&a, &to, &want, &e) == 0);
		device_list_diff(&a, &have, &want, &w);
		REQUIRE(device_list_build(&a, &from, &now, &e) == 0);
		for (i = 0; i < w.n; i++) {
			write_to(&a, &now, &w.v[i]);
			for (access = 1; access < 5 && !have.allow_all && !want.allow_all; access <<= 1)
				if (list_allows(&have, 'c', 1, 1, access) && list_allows(&want, 'c', 1, 1, access))
					CHECK(list_allows(&now, 'c', 1, 1, access));
		}
		for (access = 1; access < 5; access <<= 1) {
			CHECK_INT(list_allows(&now, 'c', 1, 1, access), list_allows(&want, 'c', 1, 1, access));
			CHECK_INT(list_allows(&now, 'b', 0, 2, access), list_allows(&want, 'b', 0, 2, access));
		}
		arena_drop(&a);
	}
}

TEST(device_list_unchanged_needs_no_write)
{
	static const char text[] = "c 1:3 rwm\nc *:* m\nb *:* m\nc 136:* rwm\n";
	struct arena a = { .budget = 0 };
	struct device_list have, want;
	device_writes w;
	struct err e = { 0 };

	REQUIRE(device_list_parse(&a, text, &have, &e) == 0 && device_list_parse(&a, text, &want, &e) == 0);
	CHECK_INT(have.allow_all, false);
	CHECK_INT(have.exceptions.n, 4);
	device_list_diff(&a, &have, &want, &w);
	CHECK_INT(w.n, 0);
	arena_drop(&a);
}

TEST(device_list_refuses_holes_in_wildcards)
{
	struct rule v[] = { { false, 'a', -1, -1, 7 }, { true, 'c', 1, -1, 7 }, { false, 'c', 1, 3, 2 } };
	rules list = { v, 3 };
	struct arena a = { .budget = 0 };
	struct device_list l;
	struct err e = { 0 };

	CHECK_INT(device_list_build(&a, &list, &l, &e), -EINVAL);
	CHECK_HAS(e.text, "c 1:3 w");
	CHECK_HAS(e.text, "c 1:* rwm");
	arena_drop(&a);
}

TEST(device_list_refuses_lines_it_cannot_read)
{
	static const char *const bad[] = { "c 1:3", "x 1:3 rwm", "c 1;3 rwm", "c 1:3 rwq", "c -1:3 r",
					   "c 0000000000000000000000000000000000000000000000000000000000000001:3 rwm" };
	struct arena a = { .budget = 0 };
	struct device_list l;
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(device_list_parse(&a, bad[i], &l, &e), -EINVAL);
	REQUIRE(device_list_parse(&a, "a *:* rwm\n", &l, &e) == 0);
	CHECK_INT(l.allow_all, true);
	arena_drop(&a);
}
