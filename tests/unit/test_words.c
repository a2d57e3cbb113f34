/* test_words.c - every vocabulary: names are unique, are found, and lead back from their values. */
#include "oci/words.h"
#include "test.h"
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

static const struct words *const all[] = {
	&words_namespace,     &words_capability,   &words_rlimit,       &words_mount_option,  &words_propagation,
	&words_device_type,   &words_seccomp_action, &words_seccomp_arch, &words_seccomp_op,  &words_seccomp_flag,
	&words_sched_policy,  &words_sched_flag,   &words_io_class,     &words_personality,   &words_mempolicy_mode,
	&words_mempolicy_flag, &words_hook,        &words_status,       &words_signal,
};

TEST(words_round_trip)
{
	size_t t, i;
	char longer[64];

	for (t = 0; t < sizeof all / sizeof all[0]; t++) {
		const struct words *w = all[t];

		CHECK(w->what && w->what[0] && w->n > 0);
		for (i = 0; i < w->n; i++) {
			const char *back = words_name(w, w->v[i].value);

			CHECK_INT(words_find(w, w->v[i].name), i); /* so no name stands there twice */
			snprintf(longer, sizeof longer, "%sx", w->v[i].name);
			CHECK_INT(words_find(w, longer), -1);
			CHECK_INT(words_find_n(w, longer, strlen(longer) - 1), i);
			CHECK_INT(words_find_n(w, w->v[i].name, strlen(w->v[i].name) - 1) == (int)i, 0);
			REQUIRE(back);
			CHECK(w->v[words_find(w, back)].value == w->v[i].value);
		}
		CHECK_INT(words_find(w, ""), -1);
		CHECK_INT(words_find(w, "no such word"), -1);
		CHECK(words_name(w, UINT64_C(0xdeadbeefdeadbeef)) == NULL);
	}
}

static uint64_t value(const struct words *w, const char *name)
{
	int i = words_find(w, name);

	return i < 0 ? UINT64_MAX : w->v[i].value;
}

TEST(words_counts)
{
	CHECK_INT(words_namespace.n, 8);
	CHECK_INT(words_capability.n, 41);
	CHECK_INT(words_rlimit.n, 16);
	CHECK_INT(words_seccomp_action.n, 9);
	CHECK_INT(words_seccomp_arch.n, 23);
	CHECK_INT(words_seccomp_op.n, 7);
	CHECK_INT(words_hook.n, 6);
}

TEST(words_capabilities_are_numbered)
{
	size_t i;

	for (i = 0; i < words_capability.n; i++)
		CHECK_INT(words_capability.v[i].value, i);
}

/* The numbers that stand for libseccomp's tokens, against libseccomp's header. */
TEST(words_seccomp_tokens)
{
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_X86"), SCMP_ARCH_X86);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_X86_64"), SCMP_ARCH_X86_64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_X32"), SCMP_ARCH_X32);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_ARM"), SCMP_ARCH_ARM);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_AARCH64"), SCMP_ARCH_AARCH64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_MIPS"), SCMP_ARCH_MIPS);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_MIPS64"), SCMP_ARCH_MIPS64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_MIPS64N32"), SCMP_ARCH_MIPS64N32);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_MIPSEL"), SCMP_ARCH_MIPSEL);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_MIPSEL64"), SCMP_ARCH_MIPSEL64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_MIPSEL64N32"), SCMP_ARCH_MIPSEL64N32);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_PPC"), SCMP_ARCH_PPC);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_PPC64"), SCMP_ARCH_PPC64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_PPC64LE"), SCMP_ARCH_PPC64LE);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_S390"), SCMP_ARCH_S390);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_S390X"), SCMP_ARCH_S390X);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_PARISC"), SCMP_ARCH_PARISC);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_PARISC64"), SCMP_ARCH_PARISC64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_RISCV64"), SCMP_ARCH_RISCV64);
#ifdef SCMP_ARCH_LOONGARCH64
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_LOONGARCH64"), SCMP_ARCH_LOONGARCH64);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_M68K"), SCMP_ARCH_M68K);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_SH"), SCMP_ARCH_SH);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_SHEB"), SCMP_ARCH_SHEB);
#endif
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_SH"), AUDIT_ARCH_SHEL);
	CHECK_INT(value(&words_seccomp_arch, "SCMP_ARCH_SHEB"), AUDIT_ARCH_SH);
	CHECK_INT(value(&words_seccomp_op, "SCMP_CMP_NE"), SCMP_CMP_NE);
	CHECK_INT(value(&words_seccomp_op, "SCMP_CMP_LE"), SCMP_CMP_LE);
	CHECK_INT(value(&words_seccomp_op, "SCMP_CMP_MASKED_EQ"), SCMP_CMP_MASKED_EQ);
	CHECK_INT(value(&words_seccomp_action, "SCMP_ACT_KILL_PROCESS"), SCMP_ACT_KILL_PROCESS);
	CHECK_INT(value(&words_seccomp_action, "SCMP_ACT_NOTIFY"), SCMP_ACT_NOTIFY);
	CHECK_INT(value(&words_seccomp_action, "SCMP_ACT_ERRNO"), SCMP_ACT_ERRNO(0));
	CHECK_INT(value(&words_seccomp_action, "SCMP_ACT_TRACE"), SCMP_ACT_TRACE(0));
}

static const struct word *option(const char *name)
{
	static const struct word none = { "none", 0, 0, 1000 };
	int i = words_find(&words_mount_option, name);

	return i < 0 ? &none : &words_mount_option.v[i];
}

TEST(words_mount_options)
{
	CHECK_INT(option("ro")->value, MOUNT_ATTR_RDONLY);
	CHECK_INT(option("ro")->kind, OPT_ATTR);
	CHECK_INT(option("rw")->clear, MOUNT_ATTR_RDONLY);
	CHECK_INT(option("rro")->kind, OPT_ATTR_REC);
	CHECK_INT(option("noatime")->value, MOUNT_ATTR_NOATIME);
	CHECK_INT(option("noatime")->clear, MOUNT_ATTR__ATIME);
	CHECK_INT(option("rrelatime")->clear, MOUNT_ATTR__ATIME);
	CHECK_INT(option("strictatime")->value, MOUNT_ATTR_STRICTATIME);
	CHECK_INT(option("rnosymfollow")->value, 0x200000);
	CHECK_INT(option("sync")->value, MS_SYNCHRONOUS);
	CHECK_INT(option("async")->clear, MS_SYNCHRONOUS);
	CHECK_INT(option("rbind")->value, MS_REC);
	CHECK_INT(option("rslave")->value, MS_SLAVE | MS_REC);
	CHECK_INT(option("ridmap")->value, MS_REC);
	CHECK_INT(option("ridmap")->kind, OPT_IDMAP);
	CHECK_INT(option("defaults")->kind, OPT_NOTHING);
	CHECK_INT(option("size=1m")->kind, 1000);
}

TEST(words_signals)
{
	CHECK_INT(words_signal_number("TERM"), SIGTERM);
	CHECK_INT(words_signal_number("SIGTERM"), SIGTERM);
	CHECK_INT(words_signal_number("sigkill"), SIGKILL);
	CHECK_INT(words_signal_number("9"), 9);
	CHECK_INT(words_signal_number("64"), 64);
	CHECK_INT(words_signal_number("RTMIN"), 34);
	CHECK_INT(words_signal_number("SIGRTMIN+3"), 37);
	CHECK_INT(words_signal_number("rtmax-2"), 62);
	CHECK_INT(words_signal_number("RTMAX"), 64);
	CHECK_INT(words_signal_number("0"), -EINVAL);
	CHECK_INT(words_signal_number("65"), -EINVAL);
	CHECK_INT(words_signal_number("09"), -EINVAL);
	CHECK_INT(words_signal_number("-9"), -EINVAL);
	CHECK_INT(words_signal_number("+9"), -EINVAL);
	CHECK_INT(words_signal_number(" 9"), -EINVAL);
	CHECK_INT(words_signal_number("9 "), -EINVAL);
	CHECK_INT(words_signal_number(""), -EINVAL);
	CHECK_INT(words_signal_number("SIG"), -EINVAL);
	CHECK_INT(words_signal_number("SIG9"), -EINVAL);
	CHECK_INT(words_signal_number("NOPE"), -EINVAL);
	CHECK_INT(words_signal_number("RTMIN+"), -EINVAL);
	CHECK_INT(words_signal_number("RTMIN-1"), -EINVAL);
	CHECK_INT(words_signal_number("RTMIN+31"), -EINVAL);
	CHECK_INT(words_signal_number("RTMAX-31"), -EINVAL);
	CHECK_INT(words_signal_number("4294967305"), -EINVAL);
}
