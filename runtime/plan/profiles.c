/* profiles.c - which system calls each profile allows.
 *
 * The sets are what was measured with strace (initdb and PostgreSQL, Redis with AOF and Lua, MariaDB with InnoDB, Python, compilers),
 * and the calls that other versions of the C library (musl's too) use for the same purpose. Names that the native architecture does not
 * have are passed over when the filter is made. What arguments are looked at stands in profile_args.c. Must not know call numbers.
 *
 * The profile database is held at 140 calls. What a server never asks for and a C library or tool does without, when it is told in
 * the right words, is not in it: see answers[]. */
#include "plan/profiles.h"
#include "plan/profile_args.h"
#include <errno.h>
#include <string.h>

enum {
	DEFAULT = 1,
	DATABASE = 2,
	CODE = 4,
	STRICT = 8,
	SERVERS = DEFAULT | DATABASE | CODE,
	OPEN = DEFAULT | CODE,
	ALL = 15,
};

/* Names separated by blanks, and the profiles that have them. */
static const struct {
	unsigned in;
	const char *names;
} sets[] = {
	/* memory, threads, time, signals, and the files of a process that only computes */
	{ ALL, "access arch_prctl brk chdir clock_gettime clock_nanosleep close dup dup2 dup3 "
	       "execve exit exit_group faccessat fcntl fdatasync fstat fstatfs fsync ftruncate futex getcwd getdents64 getegid geteuid "
	       "getgid getpid getppid getrandom getrusage gettid gettimeofday getuid ioctl kill lseek lstat madvise "
	       "mkdir mmap mprotect mremap msync munmap nanosleep newfstatat open openat pipe2 poll ppoll prctl pread64 "
	       "prlimit64 pselect6 pwrite64 read readlink readv rename renameat restart_syscall "
	       "rmdir rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sched_getaffinity sched_yield "
	       "set_tid_address stat statfs statx sysinfo tgkill umask uname unlink unlinkat write writev" },
	{ ALL, "clone" }, /* strict: threads only */
#ifdef __riscv
	{ ALL, "riscv_flush_icache riscv_hwprobe renameat2" }, /* it has no older call to rename */
#endif
	/* servers and whatever has children; fork is musl's */
	{ SERVERS, "accept accept4 bind chmod connect epoll_create epoll_create1 epoll_ctl epoll_wait eventfd2 fadvise64 fallocate "
		   "fchmod flock fork getpeername getsockname getsockopt listen preadv pwritev recvfrom recvmsg sendto setitimer "
		   "setsid setsockopt shutdown socket sync_file_range times truncate utimensat vfork wait4" },
#if defined __aarch64__ || defined __riscv
	{ SERVERS, "epoll_pwait" }, /* they have no epoll_wait */
#endif
	/* PostgreSQL's shared memory and signalfd, MySQL's timers, which `timeout` has, too */
	{ DEFAULT | DATABASE, "shmat shmctl shmdt shmget" },
	{ SERVERS, "signalfd4 timer_create timer_settime timer_delete" },
	/* tablespaces (symlink), and the log of older PostgreSQL (link); pipe and select are musl's and older glibc's; cp, ln, mkdir -p,
	 * chmod and find; shells that wait or have jobs: for people who look at a database from inside, and COPY ... TO PROGRAM */
	{ DATABASE, "fchdir fchmodat getgroups getpgid getpgrp link linkat mkdirat pipe readlinkat rt_sigsuspend select setpgid "
		    "symlink symlinkat" },
	/* the older and newer twins of what is above, and what only scripts, builds and interpreters were seen to use */
	{ OPEN | STRICT, "alarm clock_getres close_range creat epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait "
			 "eventfd eventfd2 faccessat2 "
			 "fadvise64 fchdir fchmod fchmodat fchmodat2 chmod flock futex_requeue futex_wait futex_waitv futex_wake "
			 "get_robust_list getcpu getdents getgroups getitimer getpgid getpgrp getpriority getresgid getresuid getrlimit "
			 "getsid link linkat map_shadow_stack membarrier memfd_create mincore mkdirat mlock mlock2 mlockall mseal "
			 "munlock munlockall openat2 "
			 "pause pipe pkey_alloc pkey_free pkey_mprotect preadv preadv2 pwritev pwritev2 readahead readlinkat renameat2 "
			 "rseq rt_sigpending rt_sigqueueinfo rt_sigsuspend sched_get_priority_max sched_get_priority_min sched_getattr "
			 "sched_getparam sched_getscheduler select sendfile set_robust_list setitimer sigaltstack splice symlink "
			 "symlinkat sync sync_file_range syncfs time timer_create timer_delete timer_getoverrun "
			 "timer_gettime timer_settime "
			 "timerfd_create timerfd_gettime timerfd_settime times tkill truncate utime utimensat utimes futimesat cachestat" },
	{ OPEN, "copy_file_range eventfd getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr "
		"removexattr lremovexattr fremovexattr getxattrat setxattrat listxattrat removexattrat inotify_add_watch inotify_init "
		"inotify_init1 inotify_rm_watch landlock_add_rule landlock_create_ruleset landlock_restrict_self mknod mknodat "
		"mq_getsetattr mq_notify "
		"mq_open mq_timedreceive mq_timedsend mq_unlink personality pidfd_open "
		"pidfd_send_signal recvmmsg sched_setaffinity sched_setattr sched_setparam sched_setscheduler seccomp "
		"semctl semget semop semtimedop sendmmsg sendmsg setpgid setpriority setrlimit shmat shmctl shmdt shmget signalfd "
		"socketpair waitid chown fchown fchownat lchown ioprio_get ioprio_set capget" },
	/* servers that take on another user of their own, asynchronous files, MariaDB's placement of memory */
	{ DEFAULT, "capset get_mempolicy io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit set_mempolicy setfsgid "
		   "setfsuid setgid setgroups setregid setresgid setresuid setreuid setuid" },
};

/* What a profile without these calls says instead, even where it kills for others: C libraries and tools ask, and go on without.
 * ls, cp -p and tar take a file system without extended attributes, and an owner that cannot be given away; not that the call
 * does not exist. The others are tried first, or at every start, and have an older call or nothing in their place. */
static const struct {
	unsigned code;
	const char *names;
} answers[] = {
	{ EOPNOTSUPP, "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr setxattr lsetxattr fsetxattr removexattr lremovexattr "
		      "fremovexattr getxattrat setxattrat listxattrat removexattrat" },
	{ EPERM, "chown fchown fchownat lchown" },
	{ ENOSYS, "clone3 close_range copy_file_range epoll_pwait epoll_pwait2 faccessat2 fchmodat2 get_mempolicy membarrier renameat2 "
		  "rseq set_mempolicy set_robust_list sigaltstack" },
};

/* Refused in words that programs understand. Whatever else there is, or comes, does not exist for them. */
static const char refused[] =
	"acct add_key adjtimex bpf chroot clock_adjtime clock_settime delete_module fanotify_init fanotify_mark finit_module "
		"fsconfig fsmount "
	"fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl "
	"listmount lookup_dcookie lsm_get_self_attr lsm_list_modules lsm_set_self_attr mbind memfd_secret migrate_pages modify_ldt mount "
	"mount_setattr move_mount move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree open_tree_attr "
		"perf_event_open pidfd_getfd "
	"pivot_root process_madvise process_vm_readv process_vm_writev ptrace quotactl quotactl_fd reboot request_key setdomainname setns "
	"sethostname settimeofday set_mempolicy_home_node socketcall statmount stime swapoff swapon sysfs syslog umount "
		"umount2 unshare uselib "
	"userfaultfd ustat vhangup vm86 vm86old";

static const char namespaces[] = "clone clone3 mount pivot_root setns umount2 unshare";

static unsigned profile_bit(const char *name)
{
	static const char *const names[] = { "default", "database", "code", "strict" };
	unsigned i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return 1u << i;
	return 0;
}

static bool listed(const struct strs *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

/* In its place, unless it is there. */
static void insert(struct arena *a, struct strs *l, const char *s)
{
	size_t at = 0, end = l->n;

	if (end && strcmp(l->v[end - 1], s) < 0) /* copies of a list come in its order */
		at = end;
	while (at < end) {
		size_t middle = (at + end) / 2;

		if (strcmp(l->v[middle], s) < 0)
			at = middle + 1;
		else
			end = middle;
	}
	if (at < l->n && strcmp(l->v[at], s) == 0)
		return;
	*arena_push(a, l) = NULL;
	*arena_push(a, l) = NULL;
	l->n--;
	memmove(&l->v[at + 1], &l->v[at], (l->n - 1 - at) * sizeof *l->v);
	l->v[at] = (char *)s;
}

static void insert_all(struct arena *a, struct strs *l, const char *names)
{
	while (*names) {
		size_t n = strcspn(names, " ");

		insert(a, l, arena_strn(a, names, n));
		names += n + (names[n] == ' ');
	}
}

static struct strs without(struct arena *a, const struct strs *from, const struct strs *what)
{
	struct strs out = { NULL, 0 };
	size_t i;

	for (i = 0; i < from->n; i++)
		if (!listed(what, from->v[i]))
			insert(a, &out, from->v[i]);
	return out;
}

struct strs profile_calls(struct arena *a, const char *name)
{
	struct strs out = { NULL, 0 };
	unsigned bit = profile_bit(name);
	size_t i;

	for (i = 0; i < sizeof sets / sizeof *sets; i++)
		if (sets[i].in & bit)
			insert_all(a, &out, sets[i].names);
	return out;
}

static void add_rule(struct arena *a, struct seccomp *s, const char *action, unsigned code, const struct strs *names)
{
	struct seccomp_rule *r;

	if (!names->n)
		return;
	r = arena_push(a, &s->syscalls);
	r->names = *names;
	r->action = words_find(&words_seccomp_action, action);
	if (code)
		r->errno_ret = (struct opt_uint){ true, code };
}

static void add_answers(struct arena *a, struct seccomp *s, const struct strs *allowed, const struct strs *denied)
{
	size_t i;

	for (i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct strs names = { NULL, 0 };

		if (s->default_errno_ret.set && s->default_errno_ret.v == answers[i].code)
			continue; /* as everything else */
		insert_all(a, &names, answers[i].names);
		names = without(a, &names, allowed);
		names = without(a, &names, denied);
		add_rule(a, s, "SCMP_ACT_ERRNO", answers[i].code, &names);
	}
}

/* The native one; the 32-bit entries of the same machine, whose numbers mean other calls, are none of a program's business. */
static int native_arch(void)
{
#if defined __x86_64__
	return words_find(&words_seccomp_arch, "SCMP_ARCH_X86_64");
#elif defined __aarch64__
	return words_find(&words_seccomp_arch, "SCMP_ARCH_AARCH64");
#elif defined __riscv
	return words_find(&words_seccomp_arch, "SCMP_ARCH_RISCV64");
#elif defined __s390x__
	return words_find(&words_seccomp_arch, "SCMP_ARCH_S390X");
#elif defined __powerpc64__
	return words_find(&words_seccomp_arch, "SCMP_ARCH_PPC64LE");
#else
#error "which architecture is this?"
#endif
}

struct seccomp *profile_seccomp(struct arena *a, const struct profile_ask *ask)
{
	struct seccomp *s = arena_alloc(a, sizeof *s);
	struct strs calls = profile_calls(a, ask->name), free_ = { NULL, 0 }, no = { NULL, 0 }, none = { NULL, 0 };
	size_t i;

	if (!calls.n)
		return NULL;
	s->default_action = words_find(&words_seccomp_action, ask->kill ? "SCMP_ACT_KILL_PROCESS" : "SCMP_ACT_ERRNO");
	if (!ask->kill)
		s->default_errno_ret = (struct opt_uint){ true, ENOSYS };
	*arena_push(a, &s->architectures) = native_arch();
	s->flags.v = arena_array(a, 1, sizeof *s->flags.v); /* none: mitigations of speculation stay on */
	for (i = 0; i < ask->allow.n; i++)
		insert(a, &free_, ask->allow.v[i]); /* whatever its arguments */
	if (ask->namespaces)
		insert_all(a, &free_, namespaces);
	free_ = without(a, &free_, &ask->deny);
	calls = without(a, &calls, &ask->deny);
	calls = without(a, &calls, &free_);
	if (ask->no_memfd)
		insert(a, &none, "memfd_create");
	calls = without(a, &calls, &none);
	insert_all(a, &no, refused);
	for (i = 0; i < ask->deny.n; i++)
		insert(a, &no, ask->deny.v[i]);
	no = without(a, &no, &free_);
	profile_args(a, s, ask, &calls); /* takes what it has rules for out of calls */
	for (i = 0; i < free_.n; i++)
		insert(a, &calls, free_.v[i]);
	add_rule(a, s, "SCMP_ACT_ALLOW", 0, &calls);
	add_answers(a, s, &calls, &ask->deny);
	if (!ask->kill)
		add_rule(a, s, "SCMP_ACT_ERRNO", EPERM, &no);
	return s;
}
