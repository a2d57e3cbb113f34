/* broker_filter.c - the programs of the broker: what the sandbox's calls become, and what supervisor and inner half may call at all.
 *
 * The sandbox's program judges what stands in registers: kinds of sockets, flags, options. What lies behind pointers (addresses) is the
 * supervisor's. It stands beside the profile of the sandbox, and the kernel takes the stricter answer of the two. Must not let a call
 * through that
 * reaches a peer without bind, connect or listen (TCP Fast Open in each of its forms), nor one that filters do not see (io_uring). */
#include "apply/broker_impl.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "the network broker does not know this architecture yet"
#endif
#define X32 0x40000000
#define FLAG_WAIT_KILLABLE (1U << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 5.19 */
#define OPTION_2292PKTOPTIONS 6
#define OPTION_2292RTHDR 5
#define ROOM 320

enum test { ANY, IS, IS_NOT, HAS }; /* HAS: a bit of k */

struct condition {
	enum test test;
	unsigned arg;
	uint32_t mask, k; /* mask 0: all bits */
};
struct row {
	int nr;
	uint32_t action;
	struct condition c[3]; /* all must hold; ends with the first ANY */
};

#define ERRNO(x) (SECCOMP_RET_ERRNO | (x))

/* The first row that matches a call decides. The kernel looks at the low half of these arguments only, and so do we. */
static const struct row sandbox[] = {
	{ SYS_connect, SECCOMP_RET_USER_NOTIF },
	{ SYS_bind, SECCOMP_RET_USER_NOTIF },
	{ SYS_listen, SECCOMP_RET_USER_NOTIF },
	{ SYS_sendto, ERRNO(EOPNOTSUPP), { { HAS, 3, 0, MSG_FASTOPEN } } },
	{ SYS_sendmsg, ERRNO(EOPNOTSUPP), { { HAS, 2, 0, MSG_FASTOPEN } } },
	{ SYS_sendmmsg, ERRNO(EOPNOTSUPP), { { HAS, 3, 0, MSG_FASTOPEN } } },
	{ SYS_io_uring_setup, ERRNO(ENOSYS) },
	{ SYS_io_uring_enter, ERRNO(ENOSYS) },
	{ SYS_io_uring_register, ERRNO(ENOSYS) },
	/* unix; TCP and UDP over IP; and the netlink by which libc asks for interfaces */
	{ SYS_socket, SECCOMP_RET_ALLOW, { { IS, 0, 0, AF_UNIX } } },
	{ SYS_socket, SECCOMP_RET_ALLOW, { { IS, 0, 0, AF_NETLINK }, { IS, 2, 0, 0 } } },
	{ SYS_socket, ERRNO(EPROTONOSUPPORT), { { IS, 0, 0, AF_NETLINK } } },
	{ SYS_socket, ERRNO(EAFNOSUPPORT), { { IS_NOT, 0, 0, AF_INET }, { IS_NOT, 0, 0, AF_INET6 } } },
	{ SYS_socket, ERRNO(EPERM), { { IS_NOT, 1, 0xf, SOCK_STREAM }, { IS_NOT, 1, 0xf, SOCK_DGRAM } } },
	{ SYS_socket, ERRNO(EPROTONOSUPPORT), { { IS_NOT, 2, 0, 0 }, { IS_NOT, 2, 0, IPPROTO_TCP }, { IS_NOT, 2, 0, IPPROTO_UDP } } },
	/* what connects when data is sent, and what sends by another route than the granted address */
	{ SYS_setsockopt, ERRNO(EOPNOTSUPP), { { IS, 1, 0, IPPROTO_TCP }, { IS, 2, 0, TCP_FASTOPEN_CONNECT } } },
	{ SYS_setsockopt, ERRNO(EPERM), { { IS, 1, 0, IPPROTO_TCP }, { IS, 2, 0, TCP_REPAIR } } },
	{ SYS_setsockopt, ERRNO(EPERM), { { IS, 1, 0, IPPROTO_IP }, { IS, 2, 0, IP_OPTIONS } } },
	{ SYS_setsockopt, ERRNO(EPERM), { { IS, 1, 0, IPPROTO_IPV6 }, { IS, 2, 0, IPV6_RTHDR } } },
	{ SYS_setsockopt, ERRNO(EPERM), { { IS, 1, 0, IPPROTO_IPV6 }, { IS, 2, 0, OPTION_2292RTHDR } } },
	{ SYS_setsockopt, ERRNO(EPERM), { { IS, 1, 0, IPPROTO_IPV6 }, { IS, 2, 0, OPTION_2292PKTOPTIONS } } },
};

#define ALLOW(x) { SYS_##x, SECCOMP_RET_ALLOW }

static const struct row inner[] = {
	ALLOW(recvmsg), ALLOW(sendmsg), ALLOW(bind), ALLOW(connect), ALLOW(listen), ALLOW(getsockopt), ALLOW(setsockopt), ALLOW(fcntl),
	ALLOW(fchdir), ALLOW(umask), ALLOW(close), ALLOW(exit_group), ALLOW(rt_sigreturn), ALLOW(restart_syscall), ALLOW(ppoll),
#ifdef SYS_poll
	ALLOW(poll),
#endif
	{ SYS_madvise, SECCOMP_RET_ALLOW, { { IS, 2, 0, MADV_DONTNEED } } },
	{ SYS_socket, SECCOMP_RET_ALLOW, { { IS, 1, 0, SOCK_STREAM | SOCK_CLOEXEC } } },
};

static const struct row supervisor[] = {
	ALLOW(ioctl), ALLOW(ppoll), ALLOW(read), ALLOW(write), ALLOW(close), ALLOW(recvmsg), ALLOW(sendmsg), ALLOW(recvfrom), ALLOW(sendto),
	ALLOW(getsockopt), ALLOW(setsockopt), ALLOW(getsockname), ALLOW(bind), ALLOW(connect), ALLOW(listen), ALLOW(accept4), ALLOW(fcntl),
	ALLOW(dup3), ALLOW(pidfd_open), ALLOW(pidfd_getfd), ALLOW(process_vm_readv), ALLOW(kcmp), ALLOW(openat), ALLOW(readlinkat),
	ALLOW(getdents64), ALLOW(fstat), ALLOW(newfstatat), ALLOW(lseek), ALLOW(epoll_ctl), ALLOW(clock_gettime), ALLOW(exit_group),
	ALLOW(rt_sigreturn), ALLOW(restart_syscall), ALLOW(getrandom), ALLOW(wait4), ALLOW(clone3),
#ifdef SYS_poll
	ALLOW(poll),
#endif
#ifdef __SANITIZE_ADDRESS__ /* what it asks before a function that does not return */
	ALLOW(sigaltstack), ALLOW(gettid),
#endif
	{ SYS_socket, SECCOMP_RET_ALLOW, { { IS, 0, 0, AF_INET } } },
	{ SYS_socket, SECCOMP_RET_ALLOW, { { IS, 0, 0, AF_INET6 } } },
	{ SYS_socket, SECCOMP_RET_ALLOW, { { IS, 0, 0, AF_NETLINK } } },
	{ SYS_madvise, SECCOMP_RET_ALLOW, { { IS, 2, 0, MADV_DONTNEED } } },
};

struct code {
	struct sock_filter v[ROOM];
	size_t n;
};

static void put(struct code *c, unsigned code, uint32_t k, size_t yes, size_t no)
{
	if (c->n < ROOM)
		c->v[c->n] = (struct sock_filter){ .code = (uint16_t)code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k };
	c->n++;
}

static void load(struct code *c, size_t offset)
{
	put(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* A foreign calling convention numbers its calls otherwise and reaches sockets through socketcall(2): it does not exist here. */
static void only_native(struct code *c)
{
	load(c, offsetof(struct seccomp_data, arch));
	put(c, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	put(c, BPF_RET | BPF_K, ERRNO(ENOSYS), 0, 0);
#if defined(__x86_64__)
	load(c, offsetof(struct seccomp_data, nr));
	put(c, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 2);
	put(c, BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0); /* a tracer's "skip this call" */
	put(c, BPF_RET | BPF_K, ERRNO(ENOSYS), 0, 0);
#endif
}

static void add_row(struct code *c, const struct row *r)
{
	size_t left = 1, i; /* instructions from here to the next row */

	for (i = 0; i < 3 && r->c[i].test != ANY; i++)
		left += 3;
	load(c, offsetof(struct seccomp_data, nr));
	put(c, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, left);
	for (i = 0; i < 3 && r->c[i].test != ANY; i++) {
		const struct condition *x = &r->c[i];

		left -= 3;
		load(c, offsetof(struct seccomp_data, args) + 8 * x->arg);
		put(c, BPF_ALU | BPF_AND | BPF_K, x->mask ? x->mask : 0xffffffff, 0, 0);
		if (x->test == HAS)
			put(c, BPF_JMP | BPF_JSET | BPF_K, x->k, 0, left);
		else
			put(c, BPF_JMP | BPF_JEQ | BPF_K, x->k, x->test == IS ? 0 : left, x->test == IS ? left : 0);
	}
	put(c, BPF_RET | BPF_K, r->action, 0, 0);
}

static int load_program(const struct row *rows, size_t n, uint32_t otherwise, unsigned flags, bool asks)
{
	struct code c = { .n = 0 };
	struct sock_fprog p = { .filter = c.v };
	size_t i;

	only_native(&c);
	for (i = 0; i < n; i++) {
		struct row r = rows[i];

		if (r.action == SECCOMP_RET_USER_NOTIF && !asks)
			r.action = ERRNO(ENOSYS);
		add_row(&c, &r);
	}
	put(&c, BPF_RET | BPF_K, otherwise, 0, 0);
	if (c.n > ROOM)
		return -E2BIG;
	p.len = (unsigned short)c.n;
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &p);
}

#define COUNT(x) (sizeof(x) / sizeof *(x))

int broker_filter_sandbox(void)
{
	return load_program(sandbox, COUNT(sandbox), SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE,
			    true);
}

int broker_filter_orphan(void)
{
	return load_program(sandbox, COUNT(sandbox), SECCOMP_RET_ALLOW, 0, false);
}

int broker_filter_inner(void)
{
	return load_program(inner, COUNT(inner), SECCOMP_RET_KILL_PROCESS, 0, false);
}

int broker_filter_supervisor(void)
{
	return load_program(supervisor, COUNT(supervisor), ERRNO(EPERM), 0, false);
}
