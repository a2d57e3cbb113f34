/* profile_args.c - calls that a profile allows with some arguments only.
 *
 * The kernel takes 32 bits of these arguments, a filter sees 64: every comparison is masked, or a set bit above
 * would pass (CVE-2019-10063).
 * Rules only ever allow; what none of them allows is the profile's default. A rule that refuses beside one that allows would depend on
 * how a runtime orders the two. */
#include "plan/profile_args.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define LOW 0xffffffffull
#define TYPE_MASK 0xfull         /* the rest of socket's type are SOCK_CLOEXEC and SOCK_NONBLOCK */
#define NEW_NAMESPACE 0x7e020000ull
#define THREAD 0x00010000ull     /* CLONE_THREAD */
#define FASTOPEN 0x20000000ull   /* MSG_FASTOPEN: a connect that is no connect */
#define FAKE_INPUT 0x5412ull     /* TIOCSTI */
#define CONSOLE 0x541cull        /* TIOCLINUX */
#define TCP 6
#define UDP 17

struct masked {
	unsigned index;
	uint64_t mask, value;
};

static struct seccomp_rule *add(struct arena *a, struct seccomp *s, const char *call, const struct masked *args, size_t n)
{
	struct seccomp_rule *r = arena_push(a, &s->syscalls);
	size_t i;

	*arena_push(a, &r->names) = (char *)call;
	*arena_push(a, &r->names) = NULL;
	r->names.n--;
	r->action = words_find(&words_seccomp_action, "SCMP_ACT_ALLOW");
	for (i = 0; i < n; i++)
		*arena_push(a, &r->args) = (struct seccomp_arg){ .index = { true, args[i].index },
								 .value = { true, args[i].mask },
								 .value_two = { true, args[i].value },
								 .op = words_find(&words_seccomp_op, "SCMP_CMP_MASKED_EQ") };
	return r;
}

/* Takes the call out of the list; false: it was not in it. */
static bool take(struct strs *calls, const char *call)
{
	size_t i;

	for (i = 0; i < calls->n; i++) {
		if (strcmp(calls->v[i], call) != 0)
			continue;
		memmove(&calls->v[i], &calls->v[i + 1], (calls->n - i) * sizeof *calls->v);
		calls->n--;
		return true;
	}
	return false;
}

static void add_clone(struct arena *a, struct seccomp *s, const struct profile_ask *ask)
{
	static const uint64_t bits[] = { 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000 };
#ifdef __s390x__
	const unsigned flags = 1;
#else
	const unsigned flags = 0;
#endif
	bool threads = strcmp(ask->name, "strict") == 0;
	struct masked ok = { flags, NEW_NAMESPACE | (threads ? THREAD : 0), threads ? THREAD : 0 };
	size_t i;

	add(a, s, "clone", &ok, 1);
	for (i = 0; i < sizeof bits / sizeof *bits && !ask->kill; i++) {
		struct masked no = { flags, bits[i], bits[i] };
		struct seccomp_rule *r = add(a, s, "clone", &no, 1);

		r->action = words_find(&words_seccomp_action, "SCMP_ACT_ERRNO");
		r->errno_ret = (struct opt_uint){ true, EPERM };
	}
}

/* Local ones, TCP and UDP; the routing socket with which the C library asks for addresses. MPTCP, RAW, PACKET, VSOCK, ALG: none. */
static void add_socket(struct arena *a, struct seccomp *s, const struct profile_ask *ask)
{
	static const uint64_t types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET }, families[] = { AF_INET, AF_INET6 };
	size_t i, k;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		add(a, s, "socket", (struct masked[]){ { 0, LOW, AF_UNIX }, { 1, TYPE_MASK, types[i] } }, 2);
	add(a, s, "socket", (struct masked[]){ { 0, LOW, AF_NETLINK }, { 2, LOW, 0 } }, 2);
	for (i = 0; i < sizeof families / sizeof *families && !ask->no_network; i++) {
		for (k = 0; k < 2; k++) {
			const uint64_t protocols[] = { 0, types[k] == SOCK_STREAM ? TCP : UDP };
			size_t p;

			for (p = 0; p < 2; p++)
				add(a, s, "socket",
				    (struct masked[]){ { 0, LOW, families[i] }, { 1, TYPE_MASK, types[k] }, { 2, LOW, protocols[p] } }, 3);
		}
	}
}

/* Two requests are refused. What differs from both in some bit is neither; where they differ from each other, the
 * bits are looked at together. */
static void add_ioctl(struct arena *a, struct seccomp *s)
{
	const uint64_t differ = FAKE_INPUT ^ CONSOLE;
	unsigned bit;
	uint64_t v;

	for (bit = 0; bit < 32; bit++) {
		uint64_t m = 1ull << bit;

		if (!(differ & m))
			add(a, s, "ioctl", &(struct masked){ 1, m, ~FAKE_INPUT & m }, 1);
	}
	for (v = 0; v <= differ; v++)
		if ((v & ~differ) == 0 && v != (FAKE_INPUT & differ) && v != (CONSOLE & differ))
			add(a, s, "ioctl", &(struct masked){ 1, differ, v }, 1);
}

void profile_args(struct arena *a, struct seccomp *s, const struct profile_ask *ask, struct strs *calls)
{
	static const struct {
		const char *call;
		unsigned flags;
	} sends[] = { { "sendto", 3 }, { "sendmsg", 2 }, { "sendmmsg", 3 } };
	size_t i;

	if (take(calls, "clone"))
		add_clone(a, s, ask);
	if (take(calls, "socket"))
		add_socket(a, s, ask);
	if (take(calls, "ioctl"))
		add_ioctl(a, s);
	if (take(calls, "personality")) {
		add(a, s, "personality", &(struct masked){ 0, LOW, 0 }, 1);
		add(a, s, "personality", &(struct masked){ 0, LOW, LOW }, 1);
	}
	for (i = 0; i < sizeof sends / sizeof *sends; i++)
		if (take(calls, sends[i].call))
			add(a, s, sends[i].call, &(struct masked){ sends[i].flags, FASTOPEN, 0 }, 1);
}
