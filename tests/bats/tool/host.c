/* The other side, on the host: who receives a console, a pidfd or a seccomp listener, and who runs a command on a terminal.
 * Must not be run inside a container under test. */
#include "tests/bats/tool/tool.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int listen_on(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 8) < 0) {
		perror(path);
		exit(125);
	}
	return fd;
}

/* One message with one descriptor. text gets what came with it. Returns the descriptor or -1. */
static int receive(int conn, char *text, size_t n)
{
	char control[CMSG_SPACE(sizeof(int) * 8)];
	struct iovec iov = { text, n - 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(conn, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd = -1;

	text[got > 0 ? got : 0] = '\0';
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
		return -1;
	if (c->cmsg_len != CMSG_LEN(sizeof(int)))
		fprintf(stderr, "tool: more than one descriptor\n");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* recvtty SOCKET [ROWSxCOLUMNS]: takes one terminal, copies what it prints until it is closed. */
static int recvtty(int argc, char **argv)
{
	int s = listen_on(argv[1]), conn, master;
	char text[4096];
	ssize_t n;

	puts("listening");
	conn = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	master = receive(conn, text, sizeof(text));
	if (master < 0)
		return tool_failed("recvtty");
	printf("terminal %s\n", text);
	if (argc > 2 && write(master, argv[2], strlen(argv[2])) < 0)
		return tool_failed("recvtty write");
	while ((n = read(master, text, sizeof(text))) > 0) {
		if (fwrite(text, 1, (size_t)n, stdout) != (size_t)n)
			return 1;
	}
	return 0;
}

/* recvnotify SOCKET: prints the datagrams that a service manager would get. */
static int recvnotify(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[4096];
	ssize_t n;

	(void)argc;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", argv[1]);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		return tool_failed(argv[1]);
	puts("listening");
	while ((n = recv(s, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = '\0';
		puts(text);
	}
	return 0;
}

static int recvpidfd(int argc, char **argv)
{
	int s = listen_on(argv[1]), conn, fd;
	char text[4096], path[64];

	(void)argc;
	puts("listening");
	conn = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	fd = receive(conn, text, sizeof(text));
	if (fd < 0)
		return tool_failed("recvpidfd");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return tool_run(2, (char *[]){ "cat", path, NULL });
}

/* Answers each notification with errno argv[2], or lets the call go on when that is 0. Prints the state it was sent. */
static int seccomp_agent(int argc, char **argv)
{
	int s = listen_on(argv[1]), code = (int)tool_number(argv[2]), fd;
	static char text[1 << 20];
	struct seccomp_notif req;

	(void)argc;
	puts("listening");
	fd = receive(accept4(s, NULL, NULL, SOCK_CLOEXEC), text, sizeof(text));
	if (fd < 0)
		return tool_failed("seccomp-agent");
	puts(text);
	for (;;) {
		struct seccomp_notif_resp r = { 0 };

		memset(&req, 0, sizeof(req));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0) {
			if (errno == EINTR)
				continue;
			return 0;
		}
		printf("call %d\n", req.data.nr);
		r.id = req.id;
		r.error = -code;
		r.flags = code ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0)
			perror("notif_send");
	}
}

/* pty ROWSxCOLUMNS COMMAND...: runs it on a terminal of that size; standard input is typed once it prints something
 * (before that the terminal may not be set up yet), output is copied. */
static int pty(int argc, char **argv)
{
	struct winsize w = { 0 };
	int master, st, rows, columns;
	bool typing = false;
	pid_t p;

	(void)argc;
	if (sscanf(argv[1], "%dx%d", &rows, &columns) != 2)
		return 125;
	w.ws_row = (unsigned short)rows;
	w.ws_col = (unsigned short)columns;
	p = forkpty(&master, NULL, NULL, &w);
	if (p == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	for (struct pollfd f[2] = { { master, POLLIN, 0 }, { -1, POLLIN, 0 } }; poll(f, 2, -1) >= 0;) {
		char buf[4096];
		ssize_t n = 0;

		if (f[1].revents) {
			n = read(0, buf, sizeof(buf));
			if (n <= 0)
				f[1].fd = -1;
			else if (write(master, buf, (size_t)n) < 0)
				break;
		}
		if (f[0].revents) {
			n = read(master, buf, sizeof(buf));
			if (n <= 0 || write(1, buf, (size_t)n) < 0)
				break;
			if (!typing)
				f[1].fd = 0;
			typing = true;
		}
	}
	if (waitpid(p, &st, 0) < 0)
		return 125;
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

/* reap COMMAND...: as a sub-reaper; prints how many orphans came to it and whether the command's exit code. */
static int reap(int argc, char **argv)
{
	pid_t p, r;
	int st, code = 125;

	(void)argc;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	p = fork();
	if (p == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	while ((r = waitpid(-1, &st, 0)) > 0) {
		int c = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);

		if (r == p)
			code = c;
		else
			printf("orphan exit=%d\n", c);
	}
	return code;
}

/* with-fds FIRST LAST PATH COMMAND...: with PATH open, without close-on-exec, at each of these numbers. */
static int with_fds(int argc, char **argv)
{
	int from = (int)tool_number(argv[1]), to = (int)tool_number(argv[2]);
	int fd = open(argv[3], O_RDONLY | O_CLOEXEC);

	(void)argc;
	if (fd < 0)
		return tool_failed(argv[3]);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, to + 1);
	for (int i = from; i <= to; i++)
		dup2(fd, i);
	execvp(argv[4], argv + 4);
	return tool_failed(argv[4]);
}

/* swap A B SECONDS: exchanges two names as fast as it can: the race of CVE-2021-30465. */
static int swap(int argc, char **argv)
{
	long n = 0;

	(void)argc;
	for (time_t end = time(NULL) + tool_number(argv[3]); time(NULL) < end; n++) {
		if (syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], 2U) < 0)
			return tool_failed("renameat2");
	}
	printf("swaps=%ld\n", n);
	return 0;
}

const struct command host_commands[] = {
	{ "recvtty", "SOCKET [TEXT-TO-TYPE]", 1, 2, recvtty },
	{ "recvnotify", "SOCKET", 1, 1, recvnotify },
	{ "recvpidfd", "SOCKET", 1, 1, recvpidfd },
	{ "seccomp-agent", "SOCKET ERRNO", 2, 2, seccomp_agent },
	{ "pty", "ROWSxCOLUMNS COMMAND...", 2, -1, pty },
	{ "reap", "COMMAND...", 1, -1, reap },
	{ "with-fds", "FIRST LAST PATH COMMAND...", 4, -1, with_fds },
	{ "swap", "A B SECONDS", 3, 3, swap },
	{ 0 },
};
