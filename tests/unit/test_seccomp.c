/* Compiled seccomp programs, run in user space and compared with a plain reading of the profile (security.md T15, T16). */
#include "apply/seccomp.h"
#include "tests/unit/bpf.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

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
	"kill", "mount", "unshare", "setns", "fcntl", "lseek", "ptrace", "bpf", "keyctl", "getrandom", "execve", "exit_group", "brk",
	"dup3",
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

/* --- architectures and the stub */

static uint32_t ask(const struct step_seccomp *s, uint32_t arch, uint32_t nr, uint64_t arg0)
{
	struct seccomp_data d = { .arch = arch, .nr = (int)nr, .args = { arg0 } };
	struct program p;
	struct err e = { 0 };

	if (seccomp_compile(&arena, s, &p, &e) < 0) {
		CHECK_STR(e.text, "compiled");
		return 0;
	}
	return bpf_run(p.v, p.n, &d);
}

static void add_arch(struct step_seccomp *s, uint32_t token)
{
	*arena_push(&arena, &s->archs) = token;
}

/* T16: an allow list as it was written for an older kernel. */
TEST(newer_calls_than_the_profile_answer_enosys)
{
	struct step_seccomp s = { .default_action = ERRNO(1), .enosys_stub = true };

	if (!native_x86_64())
		SKIP("numbers are those of x86_64");
	add_call(&s, ALLOW, "read", NULL, 0);
	add_call(&s, ALLOW, "statx", NULL, 0);      /* 332 */
	add_call(&s, ERRNO(1), "io_uring_setup", NULL, 0); /* 425; says what the default says, but the profile knows it */
	add_call(&s, ALLOW, "no_such_call", NULL, 0);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 0, 0), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 332, 0), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 165, 0), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 425, 0), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 426, 0), ERRNO(ENOSYS));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 435, 0), ERRNO(ENOSYS)); /* clone3 */
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 442, 0), ERRNO(ENOSYS)); /* mount_setattr */
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 999, 0), ERRNO(ENOSYS));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 0xffffffff, 0), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, X32 | 999, 0), SECCOMP_RET_KILL_PROCESS);
	s.enosys_stub = false;
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 999, 0), ERRNO(1));
	arena_drop(&arena);
}

TEST(each_architecture_has_its_own_numbers)
{
	struct step_seccomp s = { .default_action = ERRNO(1), .enosys_stub = true };

	if (!native_x86_64())
		SKIP("numbers are those of x86");
	add_arch(&s, SCMP_ARCH_X86);
	add_arch(&s, SCMP_ARCH_X32);
	add_arch(&s, SCMP_ARCH_X86_64);
	add_arch(&s, SCMP_ARCH_AARCH64);
	add_call(&s, ALLOW, "mkdir", NULL, 0);   /* x86_64 83, i386 39, x32 83, aarch64 none */
	add_call(&s, ALLOW, "mkdirat", NULL, 0); /* 258, 296, 258, 34 */
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 83, 0), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 39, 0), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 259, 0), ERRNO(ENOSYS));
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 39, 0), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 83, 0), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 297, 0), ERRNO(ENOSYS));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, X32 | 83, 0), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, X32 | 84, 0), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, X32 | 259, 0), ERRNO(ENOSYS));
	CHECK_INT(ask(&s, AUDIT_ARCH_AARCH64, 34, 0), SECCOMP_RET_KILL_PROCESS); /* not on this machine */
	CHECK_INT(ask(&s, AUDIT_ARCH_ARM, 39, 0), SECCOMP_RET_KILL_PROCESS);
	arena_drop(&arena);
}

static uint32_t ask_program(const struct program *p, uint32_t arch, uint32_t nr)
{
	struct seccomp_data d = { .arch = arch, .nr = (int)nr };

	return bpf_run(p->v, p->n, &d);
}

/* As many as can be, and one where unknown calls come as number 0. */
TEST(many_architectures_fit_into_one_program)
{
	struct code_arch archs[SECCOMP_MAX_ARCHS] = { { .arch = 0 } };
	struct program p;
	struct err e = { 0 };
	uint32_t i, nr;

	for (i = 0; i < SECCOMP_MAX_ARCHS; i++) {
		archs[i].arch = 1000 + i;
		archs[i].end = UINT32_MAX;
		archs[i].zero_is_enosys = i == 5;
		archs[i].last = i == 7 ? 0 : 100 + i;
		for (nr = 0; nr < 60; nr += 2)
			*arena_push(&arena, &archs[i].rules) = (struct code_rule){ .nr = nr, .action = ERRNO(i + 2) };
	}
	REQUIRE(seccomp_code(&arena, ERRNO(1), archs, SECCOMP_MAX_ARCHS, &p, &e) == 0);
	for (i = 0; i < SECCOMP_MAX_ARCHS; i++) {
		CHECK_INT(ask_program(&p, 1000 + i, 0), i == 5 ? ERRNO(ENOSYS) : ERRNO(i + 2));
		CHECK_INT(ask_program(&p, 1000 + i, 1), ERRNO(1));
		CHECK_INT(ask_program(&p, 1000 + i, 58), ERRNO(i + 2));
		CHECK_INT(ask_program(&p, 1000 + i, 59), ERRNO(1));
		CHECK_INT(ask_program(&p, 1000 + i, 100 + i), ERRNO(1));
		CHECK_INT(ask_program(&p, 1000 + i, 101 + i), i == 7 ? ERRNO(1) : ERRNO(ENOSYS));
		CHECK_INT(ask_program(&p, 1000 + i, UINT32_MAX), ERRNO(1));
	}
	CHECK_INT(ask_program(&p, 999, 0), SECCOMP_RET_KILL_PROCESS);
	REQUIRE(seccomp_code(&arena, ERRNO(1), NULL, 0, &p, &e) == 0);
	CHECK_INT(ask_program(&p, 999, 0), SECCOMP_RET_KILL_PROCESS);
	arena_drop(&arena);
}

/* What goes through socketcall(2) hides its arguments: a rule that denies some sockets denies them all there, one that allows some does not
 * allow any. */
TEST(multiplexed_calls_fail_closed)
{
	struct seccomp_cmp unix_only = { .index = 0, .op = SCMP_CMP_EQ, .a = 1 }, alg = { .index = 0, .op = SCMP_CMP_EQ, .a = 38 };
	struct step_seccomp s = { .default_action = ERRNO(1) }, d = { .default_action = ALLOW };

	if (!native_x86_64())
		SKIP("numbers are those of x86");
	add_arch(&s, SCMP_ARCH_X86);
	add_call(&s, ALLOW, "socket", &unix_only, 1);
	add_call(&s, ALLOW, "connect", NULL, 0);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 41, 1), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 41, 2), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 359, 1), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 359, 2), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 102, 1), ERRNO(1)); /* socketcall: socket */
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 102, 3), ALLOW);    /* socketcall: connect */
	CHECK_INT(ask(&s, AUDIT_ARCH_I386, 102, 2), ERRNO(1));
	add_arch(&d, SCMP_ARCH_X86);
	add_call(&d, ERRNO(97), "socket", &alg, 1);
	CHECK_INT(ask(&d, AUDIT_ARCH_I386, 359, 38), ERRNO(97));
	CHECK_INT(ask(&d, AUDIT_ARCH_I386, 359, 1), ALLOW);
	CHECK_INT(ask(&d, AUDIT_ARCH_I386, 102, 1), ERRNO(97));
	CHECK_INT(ask(&d, AUDIT_ARCH_I386, 102, 3), ALLOW);
	arena_drop(&arena);
}

TEST(an_exception_with_the_default_action_counts)
{
	struct seccomp_cmp alg = { .index = 0, .op = SCMP_CMP_EQ, .a = 38 };
	struct step_seccomp s = { .default_action = ERRNO(1) };

	if (!native_x86_64())
		SKIP("numbers are those of x86_64");
	add_call(&s, ERRNO(1), "socket", &alg, 1);
	add_call(&s, ALLOW, "socket", NULL, 0);
	add_call(&s, ERRNO(1), "bind", NULL, 0); /* without conditions it says nothing */
	add_call(&s, ALLOW, "bind", NULL, 0);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 41, 38), ERRNO(1));
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 41, 2), ALLOW);
	CHECK_INT(ask(&s, AUDIT_ARCH_X86_64, 49, 0), ALLOW);
	arena_drop(&arena);
}

TEST(profiles_that_are_too_large_are_refused)
{
	struct step_seccomp s = { .default_action = ERRNO(1) };
	struct seccomp_cmp args[6];
	struct program p;
	struct err e = { 0 };
	size_t i, k;

	for (i = 0; i < 2001; i++)
		add_call(&s, ALLOW, "read", NULL, 0);
	CHECK_INT(seccomp_compile(&arena, &s, &p, &e), -E2BIG);
	CHECK_HAS(e.text, "2001 system call names");
	memset(&s.calls, 0, sizeof s.calls);
	for (i = 0; i < 2000; i++) {
		for (k = 0; k < 6; k++)
			args[k] = (struct seccomp_cmp){ .index = (unsigned)k, .op = SCMP_CMP_GT, .a = rnd() };
		add_call(&s, ALLOW, "read", args, 6);
	}
	CHECK_INT(seccomp_compile(&arena, &s, &p, &e), -E2BIG);
	CHECK_HAS(e.text, "the kernel takes 4096");
	arena_drop(&arena);
}

TEST(conditions_that_make_no_sense_are_refused)
{
	struct seccomp_cmp bad = { .index = 6, .op = SCMP_CMP_EQ }, worse = { .index = 0, .op = 99 };
	struct step_seccomp s = { .default_action = ERRNO(1) }, t = { .default_action = ERRNO(1) }, u = { .default_action = ERRNO(1) };
	struct program p;
	struct err e = { 0 };

	add_call(&s, ALLOW, "read", NULL, 0);
	add_call(&s, ALLOW, "read", &bad, 1);
	CHECK_INT(seccomp_compile(&arena, &s, &p, &e), -EINVAL);
	CHECK_STR(e.at, "/linux/seccomp/syscalls/1");
	e.at[0] = 0;
	add_call(&t, ALLOW, "read", &worse, 1);
	CHECK_INT(seccomp_compile(&arena, &t, &p, &e), -EINVAL);
	add_arch(&u, 0x12345678);
	CHECK_INT(seccomp_compile(&arena, &u, &p, &e), -EINVAL);
	CHECK_HAS(e.text, "architecture");
	arena_drop(&arena);
}
