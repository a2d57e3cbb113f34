/* notify.c - passes READY=1 on from the program to the service manager.
 * Must not pass on anything else: what a container says about pids, file descriptors or watchdogs means nothing outside. */
#include "apply/notify.h"
#include "base/log.h"
#include "sys/sys.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define BARRIER_MS 30000

int notify_prepare(int state_dir, struct err *e)
{
	int r = sys_mkdir(state_dir, NOTIFY_STATE_DIR, 0755);

	return r < 0 ? fail_sys(e, r, "cannot make the directory of the notify socket") : 0;
}

int notify_bind(int state_dir, struct err *e)
{
	AUTO_FD int dir = sys_open(state_dir, NOTIFY_STATE_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	AUTO_FD int sock = sys_socket(AF_UNIX, SOCK_DGRAM, 0);
	mode_t mask;
	int r;

	if (dir < 0 || sock < 0)
		return fail_sys(e, dir < 0 ? dir : sock, "the notify socket");
	(void)!sys_unlink(dir, "notify.sock"); /* of a start that was killed */
	mask = sys_umask(0);
	r = sys_bind_at(sock, dir, "notify.sock");
	(void)sys_umask(mask);
	return r < 0 ? fail_sys(e, r, "the notify socket") : take_fd(&sock);
}

/* One of the newline-separated assignments is READY=1. */
static bool says_ready(const char *msg)
{
	const char *line = msg;

	for (;;) {
		size_t n = strcspn(line, "\n");

		if (n == 7 && !memcmp(line, "READY=1", 7))
			return true;
		if (!line[n])
			return false;
		line += n + 1;
	}
}

static int connect_host(const char *host, struct err *e)
{
	AUTO_FD int sock = sys_socket(AF_UNIX, SOCK_DGRAM, 0);
	int r = sock;

	if (r >= 0)
		r = host[0] == '@' ? sys_connect_abstract(sock, host + 1) : sys_connect_path(sock, host);
	return r < 0 ? fail_sys(e, r, "NOTIFY_SOCKET=%s", host) : take_fd(&sock);
}

/* sd_notify_barrier(3): the manager closes its copy of the pipe once it has read everything before it. */
static int barrier(int host, struct err *e)
{
	AUTO_FD int read_end = -1;
	int ends[2], r = sys_pipe(ends);
	ssize_t n;

	if (r < 0)
		return fail_sys(e, r, "pipe");
	read_end = ends[0];
	n = sys_send_fd(host, "BARRIER=1", 9, ends[1]);
	fd_close(&ends[1]);
	if (n < 0)
		return fail_sys(e, (int)n, "NOTIFY_SOCKET");
	if (sys_poll1(read_end, POLLIN, BARRIER_MS) == 0)
		log_warn("the service manager did not confirm READY=1 within %d s", BARRIER_MS / 1000);
	return 0;
}

static int tell(const char *host_path, pid_t main_pid, struct err *e)
{
	AUTO_FD int host = TRY(connect_host(host_path, e));
	char msg[64];
	int n = snprintf(msg, sizeof msg, "MAINPID=%d\nREADY=1\n", main_pid);
	ssize_t r = sys_send_fd(host, msg, (size_t)n, -1);

	if (r < 0)
		return fail_sys(e, (int)r, "NOTIFY_SOCKET=%s", host_path);
	return barrier(host, e);
}

int notify_forward(int sock, const char *host, pid_t main_pid, int pidfd, struct err *e)
{
	char msg[4097];

	for (;;) {
		struct pollfd p[] = { { .fd = sock, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
		int fd = -1, r = sys_poll(p, 2, -1);
		ssize_t n;

		if (r < 0)
			return fail_sys(e, r, "poll");
		if (!p[0].revents && p[1].revents)
			return 0;
		if (!p[0].revents)
			continue;
		n = sys_recv_fd(sock, msg, sizeof msg - 1, &fd);
		fd_close(&fd);
		if (n <= 0)
			continue;
		msg[n] = 0;
		if (says_ready(msg))
			return tell(host, main_pid, e);
	}
}
