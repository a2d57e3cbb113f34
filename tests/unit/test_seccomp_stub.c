/* The ENOSYS stub alone: what it answers, for every combination of architectures, and that everything else reaches the filter. */
#include "apply/seccomp.h"
#include "tests/unit/bpf.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/audit.h>

#define FILTER 0x7fff0000U /* the filter behind the stub answers ALLOW */
#define NOSYS (SECCOMP_RET_ERRNO | ENOSYS)
#define X32 0x40000000U

static uint32_t ask(const struct stub_arch *archs, size_t n, uint32_t arch, uint32_t nr)
{
	struct sock_filter p[STUB_MAX + 1];
	struct seccomp_data d = { .arch = arch, .nr = (int)nr };
	size_t len = seccomp_stub(archs, n, p);

	p[len] = (struct sock_filter){ .code = BPF_RET | BPF_K, .k = FILTER };
	return bpf_run(p, len + 1, &d);
}

TEST(stub_is_empty_without_calls)
{
	struct stub_arch a = { .arch = AUDIT_ARCH_X86_64, .x86_64 = true };
	struct sock_filter p[STUB_MAX];

	CHECK_INT(seccomp_stub(&a, 1, p), 0);
	CHECK_INT(seccomp_stub(NULL, 0, p), 0);
}

TEST(stub_answers_above_the_last_call)
{
	struct stub_arch a = { .arch = AUDIT_ARCH_X86_64, .x86_64 = true, .last = 334 };

	CHECK_INT(ask(&a, 1, AUDIT_ARCH_X86_64, 0), FILTER);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_X86_64, 334), FILTER);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_X86_64, 335), NOSYS);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_X86_64, 999), NOSYS);
	/* another architecture, and x32 calls, are for the filter to refuse */
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_I386, 999), FILTER);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_X86_64, X32 | 999), FILTER);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_X86_64, 0xffffffff), FILTER);
}

TEST(stub_knows_x32)
{
	struct stub_arch both = { .arch = AUDIT_ARCH_X86_64, .x86_64 = true, .last = 400, .x32_last = X32 | 500 };
	struct stub_arch only = { .arch = AUDIT_ARCH_X86_64, .x86_64 = true, .x32_last = X32 | 500 };

	CHECK_INT(ask(&both, 1, AUDIT_ARCH_X86_64, 400), FILTER);
	CHECK_INT(ask(&both, 1, AUDIT_ARCH_X86_64, 401), NOSYS);
	CHECK_INT(ask(&both, 1, AUDIT_ARCH_X86_64, X32 | 1), FILTER);
	CHECK_INT(ask(&both, 1, AUDIT_ARCH_X86_64, X32 | 500), FILTER);
	CHECK_INT(ask(&both, 1, AUDIT_ARCH_X86_64, X32 | 501), NOSYS);
	CHECK_INT(ask(&only, 1, AUDIT_ARCH_X86_64, 9999), FILTER);
	CHECK_INT(ask(&only, 1, AUDIT_ARCH_X86_64, X32 | 501), NOSYS);
}

TEST(stub_answers_the_s390_multiplexer)
{
	struct stub_arch a = { .arch = AUDIT_ARCH_S390X, .zero_is_enosys = true, .last = 400 };

	CHECK_INT(ask(&a, 1, AUDIT_ARCH_S390X, 0), NOSYS);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_S390X, 1), FILTER);
	CHECK_INT(ask(&a, 1, AUDIT_ARCH_S390X, 401), NOSYS);
}

TEST(stub_tells_architectures_apart)
{
	/* as many as can be: every jump still has to fit into its byte */
	struct stub_arch a[24] = { { .arch = AUDIT_ARCH_X86_64, .x86_64 = true, .last = 300, .x32_last = X32 | 310 } };
	size_t i;

	for (i = 1; i < 24; i++)
		a[i] = (struct stub_arch){ .arch = (uint32_t)(0x1000 + i), .last = (uint32_t)(i == 5 ? 0 : 100 + i), .zero_is_enosys = i == 7 };
	CHECK_INT(ask(a, 24, AUDIT_ARCH_X86_64, 301), NOSYS);
	CHECK_INT(ask(a, 24, AUDIT_ARCH_X86_64, 300), FILTER);
	CHECK_INT(ask(a, 24, AUDIT_ARCH_X86_64, X32 | 311), NOSYS);
	CHECK_INT(ask(a, 24, AUDIT_ARCH_X86_64, X32 | 310), FILTER);
	for (i = 1; i < 24; i++) {
		CHECK_INT(ask(a, 24, (uint32_t)(0x1000 + i), (uint32_t)(100 + i)), FILTER);
		CHECK_INT(ask(a, 24, (uint32_t)(0x1000 + i), (uint32_t)(101 + i)), i == 5 ? FILTER : NOSYS);
		CHECK_INT(ask(a, 24, (uint32_t)(0x1000 + i), 0), i == 7 ? NOSYS : FILTER);
	}
	CHECK_INT(ask(a, 24, 0x2000, 5000), FILTER);
}
