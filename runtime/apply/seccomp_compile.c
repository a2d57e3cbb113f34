/* seccomp_compile.c - what the names of a profile mean on this machine: libseccomp's tables. Its only user.
 *
 * Names that it does not know are passed over: no program can have been written for them here, and the default or the ENOSYS stub answers.
 * Must not weaken a profile in silence: everything else that cannot be expressed is an error. */
#include "apply/seccomp.h"
#include "base/log.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Docker's profile has 420 names. */
#define MAX_NAMES 2000
#define MAX_ARGS (6 * MAX_NAMES)

#define X32_BIT 0x40000000U
/* ARM's private calls are far above all others, and say nothing about which calls a profile knows. */
#define PRIVATE_FROM 0xf0000U

/* socketcall(2) and ipc(2): how 32-bit machines used to make these calls, and some C libraries still do. */
static const struct multiplexed {
	const char *through;
	unsigned number;
	const char *name;
} multiplexed[] = {
	{ "socketcall", 1, "socket" },      { "socketcall", 2, "bind" },         { "socketcall", 3, "connect" },
	{ "socketcall", 4, "listen" },      { "socketcall", 5, "accept" },       { "socketcall", 6, "getsockname" },
	{ "socketcall", 7, "getpeername" }, { "socketcall", 8, "socketpair" },   { "socketcall", 9, "send" },
	{ "socketcall", 10, "recv" },       { "socketcall", 11, "sendto" },      { "socketcall", 12, "recvfrom" },
	{ "socketcall", 13, "shutdown" },   { "socketcall", 14, "setsockopt" },  { "socketcall", 15, "getsockopt" },
	{ "socketcall", 16, "sendmsg" },    { "socketcall", 17, "recvmsg" },     { "socketcall", 18, "accept4" },
	{ "socketcall", 19, "recvmmsg" },   { "socketcall", 20, "sendmmsg" },    { "ipc", 1, "semop" },
	{ "ipc", 2, "semget" },             { "ipc", 3, "semctl" },              { "ipc", 4, "semtimedop" },
	{ "ipc", 11, "msgsnd" },            { "ipc", 12, "msgrcv" },             { "ipc", 13, "msgget" },
	{ "ipc", 14, "msgctl" },            { "ipc", 21, "shmat" },              { "ipc", 22, "shmdt" },
	{ "ipc", 23, "shmget" },            { "ipc", 24, "shmctl" },
};

#define MULTIPLEXED (sizeof multiplexed / sizeof *multiplexed)

/* Where libseccomp's numbers for calls of that kind begin, downwards. */
#define PSEUDO (-100)
#define PSEUDO_END (-300)

struct compiler {
	struct arena *arena;
	const struct step_seccomp *s;
	struct code_arch *arch; /* the one at hand */
	uint32_t token;         /* libseccomp's name for it */
	int *direct;            /* for each of multiplexed: its own number, where the architecture has got one since; -1 = none */
};

const char *seccomp_library_version(char buf[24])
{
	const struct scmp_version *v = seccomp_version();

	snprintf(buf, 24, "%u.%u.%u", v->major, v->minor, v->micro);
	return buf;
}

uint32_t seccomp_machine(void)
{
	return seccomp_arch_native();
}

static int check_size(const struct step_seccomp *s, struct err *e)
{
	size_t names = 0, args = 0, i;

	for (i = 0; i < s->calls.n; i++) {
		names += s->calls.v[i].names.n;
		args += s->calls.v[i].names.n * s->calls.v[i].args.n;
	}
	if (names > MAX_NAMES)
		return fail(e, E2BIG, "the seccomp profile has %zu system call names, at most %d are taken", names, MAX_NAMES);
	if (args > MAX_ARGS)
		return fail(e, E2BIG, "the seccomp profile has %zu argument conditions, at most %d are taken", args, MAX_ARGS);
	return 0;
}

static int check_args(const struct seccomp_call *c, struct err *e)
{
	size_t i;

	for (i = 0; i < c->args.n; i++) {
		if (c->args.v[i].index > 5)
			return fail(e, EINVAL, "a condition on argument %u: a system call has 0 to 5", c->args.v[i].index);
		if (c->args.v[i].op < SCMP_CMP_NE || c->args.v[i].op > SCMP_CMP_MASKED_EQ)
			return fail(e, EINVAL, "unknown comparison %u", c->args.v[i].op);
	}
	return 0;
}

/* Several conditions on one argument are alternatives, a rule each. That is what runc made of them when libseccomp could not combine them,
 * and what profiles were then written for. */
static bool alternatives(const struct seccomp_call *c)
{
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < c->args.n; i++) {
		if (seen & 1U << c->args.v[i].index)
			return true;
		seen |= 1U << c->args.v[i].index;
	}
	return false;
}

static void add(struct compiler *c, uint32_t nr, uint32_t action, const struct seccomp_cmp *args, size_t n)
{
	*arena_push(c->arena, &c->arch->rules) = (struct code_rule){ .nr = nr, .action = action, .args = args, .n = n };
}

/* libseccomp tells the number through the multiplexer only, so the direct ones are looked for the other way round. */
static void find_direct(struct compiler *c)
{
	int base = c->token == SCMP_ARCH_MIPS || c->token == SCMP_ARCH_MIPSEL ? 4000 : 0, nr;
	size_t i;

	c->direct = arena_array(c->arena, MULTIPLEXED, sizeof *c->direct);
	for (i = 0; i < MULTIPLEXED; i++)
		c->direct[i] = -1;
	for (nr = base; nr < base + 500; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(c->token, nr);

		for (i = 0; name && i < MULTIPLEXED; i++)
			if (!strcmp(multiplexed[i].name, name))
				c->direct[i] = nr;
		free(name); /* not ours: libseccomp's */
	}
}

static int resolve(struct compiler *c, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(c->token, name);
	size_t i;

	if (nr <= PSEUDO && nr > PSEUDO_END) {
		if (!c->direct)
			find_direct(c);
		for (i = 0; i < MULTIPLEXED; i++)
			if (!strcmp(multiplexed[i].name, name))
				nr = c->direct[i];
	}
	if (nr < 0 || (uint32_t)nr < c->arch->first || (uint32_t)nr >= c->arch->end)
		return -1; /* unknown, or a call that this architecture does not have */
	return nr;
}

/* For the stub: the profile knows this call. */
static void note(struct compiler *c, int nr)
{
	if (c->s->enosys_stub && nr >= 0 && ((uint32_t)nr & ~X32_BIT) < PRIVATE_FROM && (uint32_t)nr > c->arch->last)
		c->arch->last = (uint32_t)nr;
}

/* The arguments lie behind a pointer there, so a condition cannot be tried. A rule that denies then denies the call as a whole; one that
 * allows does not apply. */
static void add_multiplexed(struct compiler *c, const struct seccomp_call *call, const char *name)
{
	size_t i;

	if (call->args.n && (call->action == SECCOMP_RET_ALLOW || call->action == SECCOMP_RET_LOG || call->action == c->s->default_action))
		return;
	for (i = 0; i < MULTIPLEXED; i++) {
		struct seccomp_cmp *is;
		int nr;

		if (strcmp(multiplexed[i].name, name) != 0 || (nr = resolve(c, multiplexed[i].through)) < 0)
			continue;
		is = arena_alloc(c->arena, sizeof *is);
		*is = (struct seccomp_cmp){ .index = 0, .op = SCMP_CMP_EQ, .a = multiplexed[i].number };
		add(c, (uint32_t)nr, call->action, is, 1);
		return;
	}
}

static void add_name(struct compiler *c, const struct seccomp_call *call, const char *name, bool apart)
{
	int nr = resolve(c, name);
	size_t i;

	if (nr >= 0 && apart)
		for (i = 0; i < call->args.n; i++)
			add(c, (uint32_t)nr, call->action, &call->args.v[i], 1);
	else if (nr >= 0)
		add(c, (uint32_t)nr, call->action, call->args.v, call->args.n);
	note(c, nr);
	add_multiplexed(c, call, name);
}

/* A rule without conditions whose action is the default says nothing; with conditions it is an exception from a rule that says more, and
 * counts. */
static void add_calls(struct compiler *c)
{
	size_t i, k;

	for (i = 0; i < c->s->calls.n; i++) {
		const struct seccomp_call *call = &c->s->calls.v[i];
		bool nothing = !call->args.n && call->action == c->s->default_action;
		bool apart = alternatives(call);

		for (k = 0; k < call->names.n; k++) {
			if (nothing)
				note(c, resolve(c, call->names.v[k]));
			else
				add_name(c, call, call->names.v[k], apart);
		}
	}
}

static void log_unknown(const struct step_seccomp *s)
{
	size_t i, k;

	if (!log_debugging())
		return;
	for (i = 0; i < s->calls.n; i++)
		for (k = 0; k < s->calls.v[i].names.n; k++)
			if (seccomp_syscall_resolve_name(s->calls.v[i].names.v[k]) == __NR_SCMP_ERROR)
				log_debug("unknown seccomp syscall \"%s\" ignored", s->calls.v[i].names.v[k]);
}

/* Profiles list the architectures of all machines they may come to. What this one cannot run needs no code: the program kills it. */
static bool can_run(uint32_t native, uint32_t token)
{
	switch (native) {
	case SCMP_ARCH_X86_64:
		return token == SCMP_ARCH_X86_64 || token == SCMP_ARCH_X86 || token == SCMP_ARCH_X32;
	case SCMP_ARCH_AARCH64:
		return token == SCMP_ARCH_AARCH64 || token == SCMP_ARCH_ARM;
	case SCMP_ARCH_S390X:
		return token == SCMP_ARCH_S390X || token == SCMP_ARCH_S390;
	default:
		return true;
	}
}

/* The native architecture always, then those that the profile names; x32 behind x86_64, whose value it shares. */
static int list_tokens(const struct step_seccomp *s, uint32_t tokens[SECCOMP_MAX_ARCHS], size_t *n, struct err *e)
{
	uint32_t native = seccomp_arch_native();
	bool x32 = false;
	char version[24];
	size_t i, k;

	tokens[(*n)++] = native;
	for (i = 0; i < s->archs.n; i++) {
		uint32_t token = s->archs.v[i] == SCMP_ARCH_NATIVE ? native : s->archs.v[i];

		/* -EDOM: it knows the architecture, but not what the name means there, which does not matter */
		if (seccomp_syscall_resolve_name_arch(token, "read") == __NR_SCMP_ERROR)
			return fail(e, EINVAL, "libseccomp %s does not know the architecture %#x", seccomp_library_version(version), token);
		for (k = 0; k < *n && tokens[k] != token; k++)
			;
		if (token == SCMP_ARCH_X32 && native == SCMP_ARCH_X86_64)
			x32 = true;
		else if (k == *n && *n < SECCOMP_MAX_ARCHS - 1 && can_run(native, token))
			tokens[(*n)++] = token;
	}
	if (x32) {
		memmove(tokens + 2, tokens + 1, (*n - 1) * sizeof *tokens);
		tokens[1] = SCMP_ARCH_X32;
		(*n)++;
	}
	return 0;
}

static struct code_arch describe(uint32_t token)
{
	struct code_arch a = { .arch = token, .end = UINT32_MAX };

	if (token == SCMP_ARCH_X32) {
		a.arch = AUDIT_ARCH_X86_64;
		a.first = X32_BIT;
	} else if (token == SCMP_ARCH_X86_64) {
		a.end = X32_BIT;
	}
	a.zero_is_enosys = token == SCMP_ARCH_S390 || token == SCMP_ARCH_S390X;
	return a;
}

int seccomp_compile(struct arena *a, const struct step_seccomp *s, struct program *out, struct err *e)
{
	struct code_arch archs[SECCOMP_MAX_ARCHS];
	uint32_t tokens[SECCOMP_MAX_ARCHS];
	size_t n = 0, i;

	TRY(check_size(s, e));
	for (i = 0; i < s->calls.n; i++)
		TRY_AT(check_args(&s->calls.v[i], e), e, "/linux/seccomp/syscalls/%zu", i);
	TRY(list_tokens(s, tokens, &n, e));
	log_unknown(s);
	for (i = 0; i < n; i++) {
		struct compiler c = { .arena = a, .s = s, .arch = &archs[i], .token = tokens[i] };

		archs[i] = describe(tokens[i]);
		add_calls(&c);
	}
	return seccomp_code(a, s->default_action, archs, n, out, e);
}
