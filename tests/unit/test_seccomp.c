/* Compiled seccomp programs, run in user space and compared with a plain reading of the profile (security.md T15, T16); the cache; and
 * loading in a forked child. */
#include "apply/ops.h"
#include "apply/seccomp.h"
#include "sys/sys.h"
#include "tests/unit/bpf.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/audit.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(x) (SECCOMP_RET_ERRNO | (x))
#define X32 0x40000000U

static struct arena arena;

static uint64_t seed = 88172645463325252ULL;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* --- the reference: what the profile says, in its own words */

static bool holds(const struct seccomp_cmp *c, const uint64_t *args)
{
	uint64_t v = args[c->index];

	switch (c->op) {
	case SCMP_CMP_NE:
		return v != c->a;
	case SCMP_CMP_LT:
		return v < c->a;
	case SCMP_CMP_LE:
		return v <= c->a;
	case SCMP_CMP_EQ:
		return v == c->a;
	case SCMP_CMP_GE:
		return v >= c->a;
	case SCMP_CMP_GT:
		return v > c->a;
	case SCMP_CMP_MASKED_EQ:
		return (v & c->a) == (c->b & c->a);
	default:
		return false;
	}
}

static bool matches(const struct seccomp_call *c, const uint64_t *args)
{
	unsigned seen[6] = { 0 };
	bool alternatives = false, all = true, any = false;
	size_t i;

	for (i = 0; i < c->args.n; i++) {
		alternatives |= seen[c->args.v[i].index]++ > 0;
		all &= holds(&c->args.v[i], args);
		any |= holds(&c->args.v[i], args);
	}
	return alternatives ? any : all;
}

static bool named(const struct seccomp_call *c, uint32_t token, uint32_t nr)
{
	size_t i;

	for (i = 0; i < c->names.n; i++)
		if (seccomp_syscall_resolve_name_arch(token, c->names.v[i]) == (int)nr)
			return true;
	return false;
}

/* x86_64 alone, without the stub: of all rules that match, the strictest; of these, the first. */
static uint32_t reference(const struct step_seccomp *s, const struct seccomp_data *d)
{
	const struct seccomp_call *best = NULL;
	uint64_t args[6];
	size_t i;

	if (d->arch != AUDIT_ARCH_X86_64 || (uint32_t)d->nr >= X32)
		return SECCOMP_RET_KILL_PROCESS;
	for (i = 0; i < 6; i++)
		args[i] = d->args[i];
	for (i = 0; i < s->calls.n; i++) {
		const struct seccomp_call *c = &s->calls.v[i];

		if (!named(c, SCMP_ARCH_X86_64, (uint32_t)d->nr) || !matches(c, args))
			continue;
		if (!c->args.n && c->action == s->default_action)
			continue;
		if (!best || (int32_t)(c->action & 0xffff0000) < (int32_t)(best->action & 0xffff0000))
			best = c;
	}
	return best ? best->action : s->default_action;
}

/* --- profiles */

static void add_call(struct step_seccomp *s, uint32_t action, const char *name, struct seccomp_cmp *args, size_t n)
{
	struct seccomp_call *c = arena_push(&arena, &s->calls);

	c->action = action;
	*arena_push(&arena, &c->names) = arena_str(&arena, name);
	for (size_t i = 0; i < n; i++)
		*arena_push(&arena, &c->args) = args[i];
}

static const char *const pool[] = {
	"read", "write", "open", "close", "stat", "mmap", "ioctl", "socket", "clone", "personality", "prctl", "futex", "sendto", "openat",
	"kill", "mount", "unshare", "setns", "fcntl", "lseek", "ptrace", "bpf", "keyctl", "getrandom", "execve", "exit_group", "brk", "dup3",
	"pipe2", "accept4", "epoll_wait", "rename", "chmod", "chown", "mkdir", "unlink", "setuid", "setgid", "times", "umask",
};
#define POOL (sizeof pool / sizeof *pool)

/* Values whose halves differ and agree in all the ways that 64-bit comparisons on a 32-bit machine can get wrong. */
static uint64_t value(void)
{
	static const uint64_t v[] = {
		0, 1, 2, 0xffffffff, 0x100000000, 0x100000001, 0x1ffffffff, 0x200000000, 0x5412, 0x100005412, 0x7fffffff, 0x80000000,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xffffffff00000000, 0xfffffffe, 0x8000000080000000,
	};

	return rnd() % 8 ? v[rnd() % (sizeof v / sizeof *v)] : rnd();
}

static struct seccomp_cmp random_cmp(unsigned index)
{
	struct seccomp_cmp c = { .index = index, .op = 1 + (unsigned)(rnd() % 7), .a = value() };

	if (c.op == SCMP_CMP_MASKED_EQ) {
		c.a = rnd() % 2 ? 0xffffffff : value();
		c.b = rnd() % 4 ? value() & c.a : value();
	}
	return c;
}

static uint32_t random_action(void)
{
	static const uint32_t v[] = {
		ALLOW, ALLOW, ALLOW, ERRNO(1), ERRNO(2), ERRNO(38), SECCOMP_RET_TRAP, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
		SECCOMP_RET_LOG, SECCOMP_RET_TRACE | 7, SECCOMP_RET_USER_NOTIF,
	};

	return v[rnd() % (sizeof v / sizeof *v)];
}

static void random_profile(struct step_seccomp *s, size_t rules, size_t max_args)
{
	size_t i, k;

	memset(s, 0, sizeof *s);
	s->default_action = rnd() % 2 ? ERRNO(1) : ALLOW;
	for (i = 0; i < rules; i++) {
		size_t call = rnd() % POOL, n = max_args ? rnd() % (max_args + 1) : 0;
		struct seccomp_cmp args[6];
		bool twice = rnd() % 8 == 0;

		for (k = 0; k < n; k++)
			args[k] = random_cmp(twice && k ? args[0].index : (unsigned)((call + k) % 6));
		add_call(s, random_action(), pool[call], args, n);
	}
}

static uint64_t near(uint64_t v)
{
	switch (rnd() % 6) {
	case 0:
		return v + 1;
	case 1:
		return v - 1;
	case 2:
		return v ^ (1ULL << 32);
	case 3:
		return v & 0xffffffff;
	case 4:
		return v ^ (1ULL << rnd() % 64);
	default:
		return v;
	}
}

static void random_question(const struct step_seccomp *s, struct seccomp_data *d)
{
	const struct seccomp_call *c = s->calls.n ? &s->calls.v[rnd() % s->calls.n] : NULL;
	size_t i;

	memset(d, 0, sizeof *d);
	d->arch = rnd() % 50 ? AUDIT_ARCH_X86_64 : AUDIT_ARCH_I386;
	d->nr = c && rnd() % 10 ? seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, c->names.v[0]) : (int)(rnd() % 460);
	if (rnd() % 100 == 0)
		d->nr = (int)((uint32_t)d->nr | X32);
	for (i = 0; i < 6; i++)
		d->args[i] = rnd() % 3 ? value() : rnd() % 8;
	for (i = 0; c && i < c->args.n; i++)
		if (rnd() % 4)
			d->args[c->args.v[i].index] = near(rnd() % 2 ? c->args.v[i].a : c->args.v[i].b);
}

static bool native_x86_64(void)
{
	return seccomp_arch_native() == SCMP_ARCH_X86_64;
}

/* Returns how many questions the program answers differently. */
static unsigned compare(const struct step_seccomp *s, unsigned questions)
{
	struct program p;
	struct err e = { 0 };
	unsigned wrong = 0, i;

	if (seccomp_compile(&arena, s, &p, &e) < 0) {
		CHECK_STR(e.text, "compiled");
		return 1;
	}
	for (i = 0; i < questions; i++) {
		struct seccomp_data d;
		uint32_t want, have;

		random_question(s, &d);
		want = reference(s, &d);
		have = bpf_run(p.v, p.n, &d);
		if (want != have && !wrong++)
			printf("# call %d args %llx %llx %llx %llx %llx %llx: have %x, want %x\n", d.nr, d.args[0], d.args[1], d.args[2],
			       d.args[3], d.args[4], d.args[5], have, want);
	}
	return wrong;
}

TEST(programs_without_arguments_agree)
{
	struct step_seccomp s;
	unsigned wrong = 0, i;

	if (!native_x86_64())
		SKIP("the reference evaluation is for x86_64");
	for (i = 0; i < 40; i++) {
		random_profile(&s, rnd() % 64, 0);
		wrong += compare(&s, 500);
		arena_drop(&arena);
	}
	CHECK_INT(wrong, 0);
}

TEST(programs_with_one_condition_agree)
{
	struct step_seccomp s;
	unsigned wrong = 0, i;

	if (!native_x86_64())
		SKIP("the reference evaluation is for x86_64");
	for (i = 0; i < 100; i++) {
		random_profile(&s, 1 + rnd() % 64, 1);
		wrong += compare(&s, 1000);
		arena_drop(&arena);
	}
	CHECK_INT(wrong, 0);
}

TEST(programs_with_many_conditions_agree)
{
	struct step_seccomp s;
	unsigned wrong = 0, i;

	if (!native_x86_64())
		SKIP("the reference evaluation is for x86_64");
	for (i = 0; i < 100; i++) {
		random_profile(&s, 1 + rnd() % 64, 6);
		wrong += compare(&s, 1000);
		arena_drop(&arena);
	}
	CHECK_INT(wrong, 0);
}
