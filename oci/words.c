/* words.c - the closed vocabularies of the specification, each word with the constant that the kernel knows it by.
 *
 * Constants that older kernel headers lack are given here by value: they are ABI and cannot change. libseccomp's comparison and
 * architecture tokens are given by value too, because this floor links no library. Must not decide what a word leads to. */
#include "oci/words.h"
#include "base/nearest.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TABLE(name_, what_) const struct words words_##name_ = { what_, name_, COUNT(name_) }

static const struct word namespace[] = {
	{ "pid", CLONE_NEWPID },     { "network", CLONE_NEWNET }, { "mount", CLONE_NEWNS },       { "ipc", CLONE_NEWIPC },
	{ "uts", CLONE_NEWUTS },     { "user", CLONE_NEWUSER },   { "cgroup", CLONE_NEWCGROUP }, { "time", 0x80 /* CLONE_NEWTIME */ },
};
TABLE(namespace, "namespace type");

#define CAP(name) { #name, name }
static const struct word capability[] = {
	CAP(CAP_CHOWN), CAP(CAP_DAC_OVERRIDE), CAP(CAP_DAC_READ_SEARCH), CAP(CAP_FOWNER), CAP(CAP_FSETID), CAP(CAP_KILL),
	CAP(CAP_SETGID), CAP(CAP_SETUID), CAP(CAP_SETPCAP), CAP(CAP_LINUX_IMMUTABLE), CAP(CAP_NET_BIND_SERVICE),
	CAP(CAP_NET_BROADCAST), CAP(CAP_NET_ADMIN), CAP(CAP_NET_RAW), CAP(CAP_IPC_LOCK), CAP(CAP_IPC_OWNER), CAP(CAP_SYS_MODULE),
	CAP(CAP_SYS_RAWIO), CAP(CAP_SYS_CHROOT), CAP(CAP_SYS_PTRACE), CAP(CAP_SYS_PACCT), CAP(CAP_SYS_ADMIN), CAP(CAP_SYS_BOOT),
	CAP(CAP_SYS_NICE), CAP(CAP_SYS_RESOURCE), CAP(CAP_SYS_TIME), CAP(CAP_SYS_TTY_CONFIG), CAP(CAP_MKNOD), CAP(CAP_LEASE),
	CAP(CAP_AUDIT_WRITE), CAP(CAP_AUDIT_CONTROL), CAP(CAP_SETFCAP), CAP(CAP_MAC_OVERRIDE), CAP(CAP_MAC_ADMIN), CAP(CAP_SYSLOG),
	CAP(CAP_WAKE_ALARM), CAP(CAP_BLOCK_SUSPEND), CAP(CAP_AUDIT_READ), CAP(CAP_PERFMON), CAP(CAP_BPF),
	CAP(CAP_CHECKPOINT_RESTORE),
};
TABLE(capability, "capability");

static const struct word rlimit[] = {
	{ "RLIMIT_AS", RLIMIT_AS },           { "RLIMIT_CORE", RLIMIT_CORE },         { "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },       { "RLIMIT_FSIZE", RLIMIT_FSIZE },       { "RLIMIT_LOCKS", 10 },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK }, { "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE }, { "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },   { "RLIMIT_NPROC", RLIMIT_NPROC },       { "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },   { "RLIMIT_RTTIME", RLIMIT_RTTIME },     { "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};
TABLE(rlimit, "resource limit");

/* Containerd writes the recursive forms, which mean the same for the one mount that the rootfs is. */
static const struct word propagation[] = {
	{ "private", MS_PRIVATE },
	{ "shared", MS_SHARED },
	{ "slave", MS_SLAVE },
	{ "unbindable", MS_UNBINDABLE },
	{ "rprivate", MS_PRIVATE | MS_REC },
	{ "rshared", MS_SHARED | MS_REC },
	{ "rslave", MS_SLAVE | MS_REC },
	{ "runbindable", MS_UNBINDABLE | MS_REC },
};
TABLE(propagation, "mount propagation");

static const struct word device_type[] = {
	{ "c", S_IFCHR },
	{ "b", S_IFBLK },
	{ "u", S_IFCHR }, /* an unbuffered character device; Linux knows no other kind */
	{ "p", S_IFIFO },
};
TABLE(device_type, "device type");

static const struct word seccomp_action[] = {
	{ "SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD },
	{ "SCMP_ACT_TRAP", SECCOMP_RET_TRAP },
	{ "SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, .kind = 1 },
	{ "SCMP_ACT_TRACE", SECCOMP_RET_TRACE, .kind = 1 },
	{ "SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW },
	{ "SCMP_ACT_LOG", SECCOMP_RET_LOG },
	{ "SCMP_ACT_NOTIFY", 0x7fc00000u /* SECCOMP_RET_USER_NOTIF */ },
};
TABLE(seccomp_action, "seccomp action");

/* ELF machine numbers with the audit bits 0x80000000 (64 bit), 0x40000000 (little endian) and 0x20000000 (MIPS n32). */
static const struct word seccomp_arch[] = {
	{ "SCMP_ARCH_X86", AUDIT_ARCH_I386 },
	{ "SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", AUDIT_ARCH_X86_64 & ~0x80000000u },
	{ "SCMP_ARCH_ARM", AUDIT_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64 },
	{ "SCMP_ARCH_LOONGARCH64", 258u | 0x80000000u | 0x40000000u },
	{ "SCMP_ARCH_M68K", AUDIT_ARCH_M68K },
	{ "SCMP_ARCH_MIPS", AUDIT_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", AUDIT_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", AUDIT_ARCH_MIPS64 | 0x20000000u },
	{ "SCMP_ARCH_MIPSEL", AUDIT_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", AUDIT_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64 | 0x20000000u },
	{ "SCMP_ARCH_PPC", AUDIT_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", AUDIT_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", AUDIT_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390", AUDIT_ARCH_S390 },
	{ "SCMP_ARCH_S390X", AUDIT_ARCH_S390X },
	{ "SCMP_ARCH_SH", 42u | 0x40000000u },
	{ "SCMP_ARCH_SHEB", 42u },
	{ "SCMP_ARCH_PARISC", AUDIT_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", AUDIT_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64", AUDIT_ARCH_RISCV64 },
};
TABLE(seccomp_arch, "seccomp architecture");

static const struct word seccomp_op[] = { /* enum scmp_compare */
	{ "SCMP_CMP_NE", 1 }, { "SCMP_CMP_LT", 2 }, { "SCMP_CMP_LE", 3 },        { "SCMP_CMP_EQ", 4 },
	{ "SCMP_CMP_GE", 5 }, { "SCMP_CMP_GT", 6 }, { "SCMP_CMP_MASKED_EQ", 7 },
};
TABLE(seccomp_op, "seccomp operator");

static const struct word seccomp_flag[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 1 },
	{ "SECCOMP_FILTER_FLAG_LOG", 2 },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4 },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0x20 },
};
TABLE(seccomp_flag, "seccomp flag");

static const struct word sched_policy[] = { /* SCHED_ISO is reserved: the kernel refuses it */
	{ "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 },       { "SCHED_BATCH", 3 },
	{ "SCHED_ISO", 4 },   { "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 },
};
TABLE(sched_policy, "scheduling policy");

static const struct word sched_flag[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 }, { "SCHED_FLAG_RECLAIM", 0x02 },        { "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 },   { "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
};
TABLE(sched_flag, "scheduling flag");

static const struct word io_class[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};
TABLE(io_class, "I/O priority class");

static const struct word personality_[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };
const struct words words_personality = { "personality", personality_, COUNT(personality_) };

static const struct word mempolicy_mode[] = {
	{ "MPOL_DEFAULT", 0 }, { "MPOL_BIND", 2 },           { "MPOL_INTERLEAVE", 3 }, { "MPOL_WEIGHTED_INTERLEAVE", 6 },
	{ "MPOL_PREFERRED", 1 }, { "MPOL_PREFERRED_MANY", 5 }, { "MPOL_LOCAL", 4 },
};
TABLE(mempolicy_mode, "memory policy");

static const struct word mempolicy_flag[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
};
TABLE(mempolicy_flag, "memory policy flag");

static const struct word hook[] = {
	{ "prestart" }, { "createRuntime" }, { "createContainer" }, { "startContainer" }, { "poststart" }, { "poststop" },
};
TABLE(hook, "hook");

static const struct word status[] = { { "creating", 0 }, { "created", 1 }, { "running", 2 }, { "paused", 3 }, { "stopped", 4 } };
TABLE(status, "status");

#define SIGNAL(name) { #name, SIG##name }
static const struct word signal_[] = {
	SIGNAL(HUP), SIGNAL(INT), SIGNAL(QUIT), SIGNAL(ILL), SIGNAL(TRAP), SIGNAL(ABRT), SIGNAL(IOT), SIGNAL(BUS), SIGNAL(FPE),
	SIGNAL(KILL), SIGNAL(USR1), SIGNAL(SEGV), SIGNAL(USR2), SIGNAL(PIPE), SIGNAL(ALRM), SIGNAL(TERM), SIGNAL(STKFLT),
	SIGNAL(CHLD), { "CLD", SIGCHLD }, SIGNAL(CONT), SIGNAL(STOP), SIGNAL(TSTP), SIGNAL(TTIN), SIGNAL(TTOU), SIGNAL(URG),
	SIGNAL(XCPU), SIGNAL(XFSZ), SIGNAL(VTALRM), SIGNAL(PROF), SIGNAL(WINCH), SIGNAL(IO), SIGNAL(POLL), SIGNAL(PWR), SIGNAL(SYS),
};
const struct words words_signal = { "signal", signal_, COUNT(signal_) };

int words_find_n(const struct words *w, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->v[i].name[0] == name[0] && strncmp(w->v[i].name, name, n) == 0 && w->v[i].name[n] == 0)
			return (int)i;
	return -1;
}

int words_find(const struct words *w, const char *name)
{
	return words_find_n(w, name, strlen(name));
}

const char *words_nearest(const struct words *w, const char *name)
{
	const char *found = NULL;
	unsigned best = 3, d;
	size_t i;

	for (i = 0; i < w->n; i++) {
		d = name_distance(w->v[i].name, name, best - 1);
		if (d < best) {
			best = d;
			found = w->v[i].name;
		}
		if (!best)
			break;
	}
	return found;
}

const char *words_name(const struct words *w, uint64_t value)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->v[i].value == value)
			return w->v[i].name;
	return NULL;
}

/* A number of one or two digits, the whole string; -1 if it is not one. */
static int small_number(const char *s)
{
	size_t n = strlen(s);

	if (n < 1 || n > 2 || strspn(s, "0123456789") != n || (n == 2 && s[0] == '0'))
		return -1;
	return n == 1 ? s[0] - '0' : (s[0] - '0') * 10 + s[1] - '0';
}

int words_signal_number(const char *s)
{
	enum { RT_FIRST = 34, RT_LAST = 64 }; /* as glibc, Go and musl number them */
	int n = small_number(s);
	size_t i;

	if (n >= 0)
		return n >= 1 && n <= RT_LAST ? n : -EINVAL;
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (i = 0; i < words_signal.n; i++)
		if (strcasecmp(words_signal.v[i].name, s) == 0)
			return (int)words_signal.v[i].value;
	if (strncasecmp(s, "RTMIN", 5) == 0 || strncasecmp(s, "RTMAX", 5) == 0) {
		int base = (s[4] | 0x20) == 'n' ? RT_FIRST : RT_LAST;

		if (!s[5])
			return base;
		n = small_number(s + 6);
		if (n < 0 || s[5] != (base == RT_FIRST ? '+' : '-'))
			return -EINVAL;
		n = base == RT_FIRST ? base + n : base - n;
		return n >= RT_FIRST && n <= RT_LAST ? n : -EINVAL;
	}
	return -EINVAL;
}
