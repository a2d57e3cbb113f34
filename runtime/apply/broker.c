/* broker.c - makes the supervisor of network grants, and enters the sandbox that it supervises (broker.h).
 *
 * The supervisor keeps no right but those that the owner of the sandbox's user namespace has over it anyway, and CAP_NET_BIND_SERVICE
 * where a port
 * below 1024 is granted. Must not stay behind: it ends when the last process under the filter does, and at once when no sandbox came. */
#include "apply/broker_impl.h"
#include "apply/broker_names.h"
#include "apply/ops.h"
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FD_CONTROL = 3, FD_PROC, FD_REPORT, FD_DOOR, FD_FIRST_FREE };

/* --- the supervisor's beginning */

/* Standard streams of its own: an engine or a shell waits for the end of those it gave us. What is not there is /dev/null. */
static int arrange_fds(int control, int report, int door)
{
	int proc = TRY(sys_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0)), null = TRY(sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0));
	int from[FD_FIRST_FREE] = { null, null, null, control, proc, report >= 0 ? report : null, door >= 0 ? door : null }, fd;

	for (fd = 0; fd < FD_FIRST_FREE; fd++)
		from[fd] = TRY(sys_dup(from[fd], FD_FIRST_FREE));
	for (fd = 0; fd < FD_FIRST_FREE; fd++)
		TRY(sys_dup3(from[fd], fd, O_CLOEXEC));
	return sys_close_range(FD_FIRST_FREE, ~0U, 0);
}

static int give_up_rights(const struct net_grants *g)
{
	uint64_t keep = grants_low_ports(g) ? 1ULL << CAP_NET_BIND_SERVICE : 0, have;

	TRY(sys_capget(&have, NULL));
	TRY(sys_capset(have & keep, have & keep));
	TRY(sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	TRY(sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	return broker_filter_supervisor();
}

static int begin(struct broker *b, const struct net_grants *g, int report, int door)
{
	struct rlimit files;
	sigset_t all;
	size_t i;

	b->grants = broker_keep(g);
	b->control = FD_CONTROL;
	b->proc = FD_PROC;
	b->report = report >= 0 ? FD_REPORT : -1;
	b->door = door >= 0 ? FD_DOOR : -1;
	b->inner = -1;
	for (i = 0; i < BROKER_LISTENERS; i++)
		b->listeners[i] = -1;
	for (i = 0; i < BROKER_GUESTS; i++)
		b->guests[i] = -1;
	sigfillset(&all);
	TRY(sys_sigprocmask(SIG_SETMASK, &all, NULL));
	TRY(sys_prctl(PR_SET_NAME, (unsigned long)"wasirun-network", 0, 0, 0));
	if (sys_prlimit(0, RLIMIT_NOFILE, NULL, &files) == 0) { /* registrations are made under the caller's numbers */
		files.rlim_cur = files.rlim_max;
		(void)!sys_prlimit(0, RLIMIT_NOFILE, &files, NULL);
	}
	AUTO_FD int probe = TRY(sys_socket(AF_INET, SOCK_STREAM, 0));
	TRY(sys_socket_netns(probe, &b->host_netns));
	b->sockets_mount = TRY(broker_mount_of(b, probe));
	return 0;
}

/* What the runtime had in memory is not needed any more: the pages that nobody writes stay shared with it, and go with it. */
static _Noreturn void supervise(const struct net_grants *g, int control, int report, int door)
{
	static struct broker b;

	if (arrange_fds(control, report, door) < 0 || begin(&b, g, report, door) < 0)
		sys_exit(1);
	broker_shed();
	if (give_up_rights(&b.grants) < 0)
		sys_exit(1);
	broker_loop(&b);
	sys_exit(0);
}

int broker_settle(struct broker *b, int *udp, int *tcp)
{
	static const unsigned char address[4] = { 192, 0, 2, 1 };

	if (!grants_has_names(&b->grants))
		return 0;
	/* without an address that is not loopback, getaddrinfo with AI_ADDRCONFIG finds nothing */
	TRY(sys_lo_address(*udp, "lo:1", address));
	return names_open(take_fd(udp), take_fd(tcp), &b->names);
}

int broker_start(const struct net_grants *g, int report, int door, int *sock, struct err *e)
{
	int ends[2], ret, status, pidfd = -1;
	pid_t pid;

	AUTO_FD int own_door = door;

	ret = sys_socketpair(SOCK_SEQPACKET, ends);
	if (ret < 0)
		return fail_sys(e, ret, "socketpair");
	AUTO_FD int theirs = ends[0];
	AUTO_FD int ours = ends[1];
	pid = sys_clone(0, &pidfd, -1);
	if (pid < 0)
		return fail_sys(e, pid, "cannot make the network supervisor");
	if (pid == 0) { /* the one in between: nobody has to wait for the supervisor */
		if (sys_setsid() < 0)
			sys_exit(1);
		pid = sys_clone(0, &pidfd, -1);
		if (pid == 0)
			supervise(g, theirs, report, own_door);
		sys_exit(pid < 0);
	}
	fd_close(&pidfd);
	pid = sys_waitpid(pid, &status, 0);
	if (pid < 0)
		return fail_sys(e, pid, "waitpid");
	if (status != 0)
		return fail(e, EAGAIN, "cannot make the network supervisor");
	*sock = take_fd(&ours);
	return 0;
}

/* --- in init */

int broker_say(int sock, uint32_t word, const int *fds, size_t n, struct err *e)
{
	int answer = 0;
	ssize_t r = sys_send_fds(sock, &word, sizeof word, fds, n);

	if (r >= 0)
		r = sys_read(sock, &answer, sizeof answer);
	if (r < 0)
		return fail_sys(e, (int)r, "the network supervisor");
	if (r != (ssize_t)sizeof answer)
		return fail(e, EPIPE, "the network supervisor is gone");
	if (answer == -EXDEV)
		return fail(e, EINVAL, "network grants need a network namespace of the sandbox's own");
	return answer < 0 ? fail_sys(e, answer, "the network supervisor") : 0;
}

static int make_inner(int *sock, struct err *e)
{
	int ends[2], ret = sys_socketpair(SOCK_SEQPACKET, ends);
	char ready;
	pid_t pid;

	if (ret < 0)
		return fail_sys(e, ret, "socketpair");
	AUTO_FD int theirs = ends[0];
	*sock = ends[1];
	pid = sys_fork_quiet();
	if (pid == 0)
		broker_inner(theirs);
	if (pid < 0)
		return fail_sys(e, pid, "cannot make the inner half of the network supervisor");
	fd_close(&theirs);
	/* it is out of the program's reach before there is a program */
	return sys_read(*sock, &ready, 1) == 1 ? 0 : fail(e, EPIPE, "the inner half of the network supervisor could not begin");
}

int broker_load(struct err *e)
{
	int ret = broker_filter_sandbox();

	if (ret == -EBUSY)
		return fail_sys(e, ret, "network grants: a seccomp filter above this process has a listener already (an engine's "
					"profile with SCMP_ACT_NOTIFY, or another sandbox); run without grants or outside of it");
	if (ret == -EINVAL)
		return fail_sys(e, ret, "network grants need Linux 5.19 (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)");
	if (ret == -EACCES)
		return fail_sys(e, ret, "network grants need process.noNewPrivileges");
	return ret < 0 ? fail_sys(e, ret, "network grants: cannot load the filter") : ret;
}

int broker_enter(int sock, struct err *e)
{
	int inner = -1, ret = make_inner(&inner, e);
	AUTO_FD int own_inner = inner;

	if (ret < 0)
		return ret;
	AUTO_FD int udp = sys_socket(AF_INET, SOCK_DGRAM, 0);
	AUTO_FD int tcp = sys_socket(AF_INET, SOCK_STREAM, 0);
	int fds[3] = { own_inner, udp, tcp };

	if (udp < 0 || tcp < 0)
		return fail_sys(e, udp < 0 ? udp : tcp, "socket");
	TRY(broker_say(sock, BROKER_HELLO, fds, 3, e));
	/* from here on this process, too, must not bind, connect or listen; sendmsg is free */
	AUTO_FD int listener = TRY(broker_load(e));
	return broker_say(sock, BROKER_LISTENER, &listener, 1, e);
}
