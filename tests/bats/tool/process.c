/* What a process in the container finds itself to be: ids, groups, environment, limits, namespaces, descriptors. */
#include "tests/bats/tool/tool.h"
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int true_(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 0;
}

static int false_(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 1;
}

static int exit_(int argc, char **argv)
{
	(void)argc;
	exit((int)tool_number(argv[1]));
}

static int print(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	return 0;
}

static int error(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		fprintf(stderr, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	return 0;
}

static int args(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("[%s]\n", argv[i]);
	return 0;
}

static int env(int argc, char **argv)
{
	int bad = 0;

	for (char **e = environ; argc == 1 && *e; e++)
		puts(*e);
	for (int i = 1; i < argc; i++) {
		const char *v = getenv(argv[i]);

		printf("%s%s%s\n", argv[i], v ? "=" : " is not set", v ? v : "");
		bad |= !v;
	}
	return bad;
}

static int cwd(int argc, char **argv)
{
	char buf[4096];

	(void)argc, (void)argv;
	if (!getcwd(buf, sizeof(buf)))
		return tool_failed("getcwd");
	puts(buf);
	return 0;
}

static int compare_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return (x > y) - (x < y);
}

static int id(int argc, char **argv)
{
	uid_t r, e, s;
	gid_t rg, eg, sg, groups[1024];
	int n = getgroups(1024, groups);

	(void)argc, (void)argv;
	if (n < 0 || getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return tool_failed("id");
	qsort(groups, (size_t)n, sizeof(groups[0]), compare_gid);
	printf("uid=%u euid=%u suid=%u gid=%u egid=%u sgid=%u groups=", r, e, s, rg, eg, sg);
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	putchar('\n');
	return 0;
}

/* Lines of /proc/self/status that begin with one of the arguments. */
static int status(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[4096];

	if (!f)
		return tool_failed("/proc/self/status");
	while (fgets(line, sizeof(line), f)) {
		for (int i = 1; i < argc; i++) {
			char *value = strchr(line, ':');

			if (strncmp(line, argv[i], strlen(argv[i])) != 0 || !value)
				continue;
			*value = '\0';
			printf("%s=%s", line, value + 1 + strspn(value + 1, " \t"));
		}
	}
	fclose(f);
	return 0;
}

static int caps(int argc, char **argv)
{
	static char *const names[] = { "status", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", NULL };

	(void)argc, (void)argv;
	return status(6, (char **)names);
}

static int ns(int argc, char **argv)
{
	static const char *const names[] = { "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64], to[128];
		ssize_t n;

		if (argc > 1 && strcmp(argv[1], names[i]) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, to, sizeof(to));
		if (n < 0)
			return tool_failed(path);
		printf("%.*s\n", (int)n, to);
	}
	return 0;
}

/* Every open descriptor and what it is, without the one that lists them. */
static int fds(int argc, char **argv)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	(void)argc, (void)argv;
	if (!d)
		return tool_failed("/proc/self/fd");
	while ((e = readdir(d))) {
		char to[4096];
		ssize_t n;

		if (e->d_name[0] == '.' || tool_number(e->d_name) == dirfd(d))
			continue;
		n = readlinkat(dirfd(d), e->d_name, to, sizeof(to));
		printf("%s %.*s\n", e->d_name, n < 0 ? 0 : (int)n, to);
	}
	closedir(d);
	return 0;
}

static int names(int argc, char **argv)
{
	struct utsname u;

	(void)argc, (void)argv;
	if (uname(&u) < 0)
		return tool_failed("uname");
	printf("hostname=%s\ndomainname=%s\nmachine=%s\n", u.nodename, u.domainname, u.machine);
	return 0;
}

static int rlimits(int argc, char **argv)
{
	static const char *const known[] = { "CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK",
					     "AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME" };

	for (int i = 0; i < 16; i++) {
		struct rlimit r;
		int wanted = argc == 1;

		for (int j = 1; j < argc; j++)
			wanted |= strcmp(argv[j], known[i]) == 0;
		if (!wanted || getrlimit((__rlimit_resource_t)i, &r) < 0)
			continue;
		printf("%s %lld %lld\n", known[i], r.rlim_cur == RLIM_INFINITY ? -1 : (long long)r.rlim_cur,
		       r.rlim_max == RLIM_INFINITY ? -1 : (long long)r.rlim_max);
	}
	return 0;
}

static int sched(int argc, char **argv)
{
	struct {
		unsigned size, policy;
		unsigned long long flags;
		int nice;
		unsigned priority;
		unsigned long long runtime, deadline, period;
		unsigned min, max;
	} a = { 0 };
	long io = syscall(SYS_ioprio_get, 1, 0);

	(void)argc, (void)argv;
	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return tool_failed("sched_getattr");
	printf("policy=%u nice=%d priority=%u flags=%llu runtime=%llu deadline=%llu period=%llu\n", a.policy, a.nice, a.priority,
	       a.flags, a.runtime, a.deadline, a.period);
	printf("ioprio class=%ld priority=%ld\n", io >> 13, io & 8191);
	return 0;
}

static int affinity(int argc, char **argv)
{
	cpu_set_t set;

	(void)argc, (void)argv;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return tool_failed("sched_getaffinity");
	for (int i = 0, n = 0; i < CPU_SETSIZE; i++) {
		if (CPU_ISSET(i, &set))
			printf("%s%d", n++ ? "," : "", i);
	}
	putchar('\n');
	return 0;
}

static int self(int argc, char **argv)
{
	int deathsig = 0;
	mode_t mask = umask(0);

	(void)argc, (void)argv;
	umask(mask);
	prctl(PR_GET_PDEATHSIG, &deathsig);
	printf("pid=%d ppid=%d pgid=%d sid=%d umask=%04o personality=%#x nnp=%d dumpable=%d pdeathsig=%d\n", getpid(), getppid(),
	       getpgrp(), getsid(0), mask, (unsigned)personality(0xffffffff), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       prctl(PR_GET_DUMPABLE), deathsig);
	return 0;
}

static int clocks(int argc, char **argv)
{
	struct timespec m, b;

	(void)argc, (void)argv;
	clock_gettime(CLOCK_MONOTONIC, &m);
	clock_gettime(CLOCK_BOOTTIME, &b);
	printf("monotonic=%lld boottime=%lld\n", (long long)m.tv_sec, (long long)b.tv_sec);
	return 0;
}

const struct command process_commands[] = {
	{ "true", "", 0, -1, true_ },
	{ "false", "", 0, -1, false_ },
	{ "exit", "CODE", 1, 1, exit_ },
	{ "print", "WORD...", 0, -1, print },
	{ "error", "WORD...", 0, -1, error },
	{ "args", "WORD...", 0, -1, args },
	{ "env", "[NAME...]", 0, -1, env },
	{ "cwd", "", 0, 0, cwd },
	{ "id", "", 0, 0, id },
	{ "status", "KEY...", 1, -1, status },
	{ "caps", "", 0, 0, caps },
	{ "ns", "[NAME]", 0, 1, ns },
	{ "fds", "", 0, 0, fds },
	{ "names", "", 0, 0, names },
	{ "rlimits", "[NAME...]", 0, -1, rlimits },
	{ "sched", "", 0, 0, sched },
	{ "affinity", "", 0, 0, affinity },
	{ "self", "", 0, 0, self },
	{ "clocks", "", 0, 0, clocks },
	{ 0 },
};
