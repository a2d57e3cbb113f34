/* The profiles: compiled to filters, asked call by call. */
#include "apply/ops.h"
#include "apply/seccomp.h"
#include "plan/plan.h"
#include "plan/profiles.h"
#include "tests/unit/bpf.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ALLOW SECCOMP_RET_ALLOW
#define NO(x) (SECCOMP_RET_ERRNO | (x))

static struct arena arena;

struct filter {
	struct sock_filter *p;
	size_t n;
};

/* As plan_create makes it of a configuration that has nothing else. */
static struct filter filter_of(const struct profile_ask *ask)
{
	struct process process = { .no_new_privileges = true, .cwd = (char *)"/" };
	struct linux_ l = { .rootfs_propagation = WORD_ABSENT, .seccomp = profile_seccomp(&arena, ask) };
	struct root root = { .path = (char *)"rootfs" };
	struct config c = { .oci_version = (char *)"1.0.2", .root = &root, .process = &process, .linux_ = &l };
	struct host h = { .privileged = true, .bundle = "/b", .id = "x" };
	struct plan_options o = { .cgroup_manager = "disabled" };
	struct filter f = { NULL, 0 };
	struct plan plan;
	struct err e = { 0 };
	size_t i;

	process.args.v = (char *[]){ (char *)"x", NULL };
	process.args.n = 1;
	if (plan_create(&arena, &c, &h, &o, &plan, &e) < 0)
		printf("# %s: %s\n", e.at, e.text);
	for (i = 0; i < plan.steps.n; i++) {
		struct program prog;

		if (plan.steps.v[i].op != STEP_SECCOMP)
			continue;
		if (seccomp_compile(&arena, &plan.steps.v[i].seccomp, &prog, &e) < 0)
			printf("# %s\n", e.text);
		f = (struct filter){ prog.v, prog.n };
	}
	return f;
}

static uint32_t ask6(const struct filter *f, const char *call, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct seccomp_data s = { .nr = seccomp_syscall_resolve_name(call), .arch = AUDIT_ARCH_X86_64, .args = { a, b, c, d } };

	return bpf_run(f->p, f->n, &s);
}
#define ASK(f, call) ask6(f, call, 0, 0, 0, 0)

static const char *const names[] = { "default", "database", "code", "strict" };

TEST(every_profile_is_small)
{
	static const size_t most[] = { 300, 140, 280, 200 }; /* Docker's has 361 */
	size_t i;

	for (i = 0; i < 4; i++) {
		size_t n = profile_calls(&arena, names[i]).n;

		printf("# %s allows %zu calls\n", names[i], n);
		CHECK(n > 50 && n <= most[i]);
	}
	CHECK_INT(profile_calls(&arena, "nonsense").n, 0);
	CHECK(!profile_seccomp(&arena, &(struct profile_ask){ .name = "nonsense" }));
}

TEST(what_no_profile_allows)
{
	static const char *const calls[] = { "mount", "umount2", "pivot_root", "fsopen", "open_tree", "setns", "unshare", "bpf", "keyctl",
					     "add_key", "io_uring_setup", "io_uring_enter", "ptrace", "process_vm_readv", "pidfd_getfd",
					     "perf_event_open", "userfaultfd", "init_module", "kexec_load", "reboot", "open_by_handle_at",
					     "chroot", "memfd_secret", "sethostname", "swapon", "syslog" };
	size_t i, k;

	for (i = 0; i < 4; i++) {
		struct filter f = filter_of(&(struct profile_ask){ .name = names[i] });

		for (k = 0; k < sizeof calls / sizeof *calls; k++)
			CHECK_INT(ASK(&f, calls[k]), NO(EPERM));
		CHECK_INT(ASK(&f, "clone3"), NO(ENOSYS));
		CHECK_INT(ASK(&f, "execve"), ALLOW);
		CHECK_INT(ASK(&f, "read"), ALLOW);
	}
}

TEST(unknown_calls_do_not_exist)
{
	struct filter f = filter_of(&(struct profile_ask){ .name = "default" });
	struct seccomp_data s = { .nr = 9999, .arch = AUDIT_ARCH_X86_64 };

	CHECK_INT(bpf_run(f.p, f.n, &s), NO(ENOSYS));
	s = (struct seccomp_data){ .nr = 1, .arch = AUDIT_ARCH_I386 };
	CHECK_INT(bpf_run(f.p, f.n, &s) & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_KILL_PROCESS);
	s = (struct seccomp_data){ .nr = 0x40000000 | 1, .arch = AUDIT_ARCH_X86_64 };
	CHECK(bpf_run(f.p, f.n, &s) != ALLOW);
}

/* What libraries and tools do without, when it is told in these words; the same where the profile kills for others. */
TEST(what_a_database_does_without)
{
	static const struct {
		const char *call;
		unsigned code;
	} want[] = {
		{ "getxattr", EOPNOTSUPP }, { "lgetxattr", EOPNOTSUPP }, { "listxattr", EOPNOTSUPP }, { "fsetxattr", EOPNOTSUPP },
		{ "fchown", EPERM }, { "fchownat", EPERM }, { "faccessat2", ENOSYS }, { "renameat2", ENOSYS }, { "rseq", ENOSYS },
		{ "copy_file_range", ENOSYS }, { "close_range", ENOSYS }, { "set_mempolicy", ENOSYS }, { "clone3", ENOSYS },
	};
	static const char *const tools[] = { "faccessat", "fork", "vfork", "statx", "linkat", "symlinkat", "utimensat", "fchdir", "mkdirat",
					     "rt_sigsuspend", "setpgid", "timer_settime", "getgroups", "preadv", "eventfd2", "shmget" };
	char *more[] = { (char *)"fchown", NULL }, *less[] = { (char *)"rseq", NULL };
	struct profile_ask ask = { .name = "database" };
	struct filter f, kills;
	size_t i;

	f = filter_of(&ask);
	ask.kill = true;
	kills = filter_of(&ask);
	for (i = 0; i < sizeof want / sizeof *want; i++) {
		CHECK_INT(ASK(&f, want[i].call), NO(want[i].code));
		CHECK_INT(ASK(&kills, want[i].call), NO(want[i].code));
	}
	for (i = 0; i < sizeof tools / sizeof *tools; i++)
		CHECK_INT(ASK(&kills, tools[i]), ALLOW);
	CHECK_INT(ASK(&f, "sendmsg"), NO(ENOSYS));
	CHECK_INT(ASK(&f, "setuid"), NO(ENOSYS));
	CHECK_INT(ASK(&kills, "sendmsg") & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_KILL_PROCESS);
	ask.allow = (struct strs){ more, 1 };
	ask.deny = (struct strs){ less, 1 };
	kills = filter_of(&ask);
	CHECK_INT(ASK(&kills, "fchown"), ALLOW);
	CHECK_INT(ASK(&kills, "rseq") & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_KILL_PROCESS);
	f = filter_of(&(struct profile_ask){ .name = "default" });
	CHECK_INT(ASK(&f, "getxattr"), ALLOW);
	CHECK_INT(ASK(&f, "fchown"), ALLOW);
	CHECK_INT(ASK(&f, "rseq"), ALLOW);
}

TEST(new_namespaces)
{
	struct filter f = filter_of(&(struct profile_ask){ .name = "default" });
	unsigned bit;

	CHECK_INT(ask6(&f, "clone", 0x1200011, 0, 0, 0), ALLOW); /* fork */
	CHECK_INT(ask6(&f, "clone", 0x3d0f00, 0, 0, 0), ALLOW);  /* a thread */
	for (bit = 0; bit < 32; bit++)
		if (0x7e020000u & 1u << bit)
			CHECK_INT(ask6(&f, "clone", 17 | 1ull << bit, 0, 0, 0), NO(EPERM));
	f = filter_of(&(struct profile_ask){ .name = "strict" });
	CHECK(ask6(&f, "clone", 0x1200011, 0, 0, 0) != ALLOW);
	CHECK_INT(ask6(&f, "clone", 0x3d0f00, 0, 0, 0), ALLOW);
	f = filter_of(&(struct profile_ask){ .name = "default", .namespaces = true });
	CHECK_INT(ask6(&f, "clone", 0x10000011, 0, 0, 0), ALLOW);
	CHECK_INT(ASK(&f, "unshare"), ALLOW);
}

TEST(sockets)
{
	struct filter f = filter_of(&(struct profile_ask){ .name = "default" });
	static const unsigned families[] = { 3, 4, 5, 9, 15, 17, 21, 29, 31, 38, 40, 44 };
	size_t i;

	CHECK_INT(ask6(&f, "socket", AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, 0), ALLOW);
	CHECK_INT(ask6(&f, "socket", AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 17, 0), ALLOW);
	CHECK_INT(ask6(&f, "socket", AF_UNIX, SOCK_SEQPACKET, 0, 0), ALLOW);
	CHECK_INT(ask6(&f, "socket", AF_NETLINK, SOCK_RAW, 0, 0), ALLOW);
	CHECK(ask6(&f, "socket", AF_NETLINK, SOCK_RAW, 9, 0) != ALLOW);
	CHECK(ask6(&f, "socket", AF_INET, SOCK_STREAM, 262, 0) != ALLOW); /* MPTCP */
	CHECK(ask6(&f, "socket", AF_INET, SOCK_STREAM, 1ull << 32 | 262, 0) != ALLOW);
	CHECK(ask6(&f, "socket", AF_INET, SOCK_RAW, 1, 0) != ALLOW);
	CHECK(ask6(&f, "socket", AF_INET, SOCK_DGRAM, 1, 0) != ALLOW); /* ping */
	for (i = 0; i < sizeof families / sizeof *families; i++) {
		CHECK(ask6(&f, "socket", families[i], SOCK_STREAM, 0, 0) != ALLOW);
		CHECK(ask6(&f, "socket", 1ull << 32 | families[i], SOCK_DGRAM, 0, 0) != ALLOW);
	}
	CHECK(ask6(&f, "sendto", 0, 0, 0, 0x20000000) != ALLOW); /* MSG_FASTOPEN */
	CHECK_INT(ask6(&f, "sendto", 0, 0, 0, 0x4000), ALLOW);
	f = filter_of(&(struct profile_ask){ .name = "default", .no_network = true });
	CHECK(ask6(&f, "socket", AF_INET, SOCK_STREAM, 0, 0) != ALLOW);
	CHECK_INT(ask6(&f, "socket", AF_UNIX, SOCK_STREAM, 0, 0), ALLOW);
	f = filter_of(&(struct profile_ask){ .name = "strict" });
	CHECK(ask6(&f, "socket", AF_UNIX, SOCK_STREAM, 0, 0) != ALLOW);
}

/* The kernel looks at 32 bits: the upper half must not make a difference. Every request but two passes. */
TEST(fake_input)
{
	struct filter f = filter_of(&(struct profile_ask){ .name = "default" });
	static const uint64_t high[] = { 0, 1ull << 32, 0xffffffffull << 32 };
	uint64_t v;
	size_t i;

	for (i = 0; i < 3; i++) {
		CHECK(ask6(&f, "ioctl", 0, high[i] | 0x5412, 0, 0) != ALLOW);
		CHECK(ask6(&f, "ioctl", 0, high[i] | 0x541c, 0, 0) != ALLOW);
		for (v = 0x5400; v < 0x5480; v++)
			if (v != 0x5412 && v != 0x541c)
				CHECK_INT(ask6(&f, "ioctl", 0, high[i] | v, 0, 0), ALLOW);
		CHECK_INT(ask6(&f, "ioctl", 0, high[i] | 0x80045430, 0, 0), ALLOW);
		CHECK_INT(ask6(&f, "ioctl", 0, high[i] | 0x105412, 0, 0), ALLOW);
	}
}

TEST(allowed_and_denied_by_name)
{
	char *more[] = { (char *)"ptrace", (char *)"mount", NULL }, *less[] = { (char *)"mount", (char *)"kill", NULL };
	struct profile_ask ask = { .name = "default", .allow = { more, 2 }, .deny = { less, 2 } };
	struct filter f = filter_of(&ask);

	CHECK_INT(ASK(&f, "ptrace"), ALLOW);
	CHECK_INT(ASK(&f, "mount"), NO(EPERM)); /* deny wins */
	CHECK_INT(ASK(&f, "kill"), NO(EPERM));
	ask.kill = true;
	f = filter_of(&ask);
	CHECK_INT(ASK(&f, "kill") & SECCOMP_RET_ACTION_FULL, SECCOMP_RET_KILL_PROCESS);
	CHECK_INT(ASK(&f, "clone3"), NO(ENOSYS));
	f = filter_of(&(struct profile_ask){ .name = "default", .no_memfd = true });
	CHECK(ASK(&f, "memfd_create") != ALLOW);
	CHECK_INT(ask6(&f, "personality", 0, 0, 0, 0), ALLOW);
	CHECK(ask6(&f, "personality", 0x40000, 0, 0, 0) != ALLOW);
}
