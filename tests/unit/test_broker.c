/* Network grants, as programs inside see them. */
#include "apply/broker.h"
#include "tests/unit/broker_box.h"
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/un.h>

static void host_listens(void)
{
	listeners[0] = listener4("127.0.0.1", 5000, 16);
	listeners[1] = listener4("127.0.0.1", 5001, 16);
}

static void serve_listener(void)
{
	serve_one(listeners[0]);
}

/* --- connect */

static void connects(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	int s = tcp4();

	ENSURE(connect4(s, "127.0.0.1", 5000) == 0);
	ENSURE(getpeername(s, (struct sockaddr *)&a, &n) == 0 && ntohs(a.sin_port) == 5000);
	ENSURE(!(fcntl(s, F_GETFL) & O_NONBLOCK) && (fcntl(s, F_GETFD) & FD_CLOEXEC));
	echo(s);
	ENSURE(connect4(s, "127.0.0.1", 5000) == -EISCONN);
}

TEST(a_granted_address_is_reached)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = connects, .after = serve_listener);
}

static void is_refused(void)
{
	struct sockaddr_in6 six = at6("fd00::1", 5000), mapped = at6("::ffff:10.0.0.1", 5000);
	int s = tcp4(), v6 = socket(AF_INET6, SOCK_STREAM, 0);

	ENSURE(connect4(s, "127.0.0.1", 5001) == -ECONNREFUSED); /* the sandbox's own loopback, where nobody listens */
	ENSURE(connect4(s, "10.0.0.1", 5000) == -EACCES);
	ENSURE(connect(v6, (struct sockaddr *)&six, sizeof six) < 0 && errno == EACCES);
	ENSURE(connect(v6, (struct sockaddr *)&mapped, sizeof mapped) < 0 && errno == EACCES);
	ENSURE(bind4(s, "10.0.0.1", 80) == -EACCES);
	ENSURE(connect(s, NULL, 16) < 0 && errno == EFAULT);
	ENSURE(connect(s, (struct sockaddr *)&six, 300) < 0 && errno == EINVAL);
	ENSURE(connect(99, (struct sockaddr *)&six, sizeof six) < 0 && errno == EBADF);
	ENSURE(connect(0, (struct sockaddr *)&six, sizeof six) < 0 && errno == ENOTSOCK);
	ENSURE(connect4(v6, "127.0.0.1", 5000) == -EAFNOSUPPORT || connect4(v6, "127.0.0.1", 5000) == -EINVAL);
}

static void reads_refusals(void)
{
	char text[2048];
	ssize_t n = 0, got;

	while ((got = read(report[0], text + n, sizeof text - 1 - (size_t)n)) > 0)
		n += got;
	text[n] = 0;
	ENSURE(strstr(text, "connect 10.0.0.1:5000: no grant; --connect 10.0.0.1:5000"));
	ENSURE(strstr(text, "connect [fd00::1]:5000: no grant"));
	ENSURE(strstr(text, "listen 10.0.0.1:80: no grant"));
}

TEST(what_is_not_granted_is_refused_and_told)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = is_refused, .after = reads_refusals);
}

static void connects_later(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = -1, r = connect4(s, "127.0.0.1", 5000);
	struct pollfd p = { .fd = s, .events = POLLOUT };
	socklen_t n = sizeof error;

	ENSURE(r == 0 || r == -EINPROGRESS);
	ENSURE(poll(&p, 1, 5000) == 1 && p.revents == POLLOUT);
	ENSURE(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0);
	ENSURE(fcntl(s, F_GETFL) & O_NONBLOCK);
	r = connect4(s, "127.0.0.1", 5000);
	ENSURE(r == 0 || r == -EISCONN);
	ENSURE(fcntl(s, F_SETFL, 0) == 0);
	echo(s);
}

TEST(non_blocking_connect)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = connects_later, .after = serve_listener);
}

static void watched_before(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), ep = epoll_create1(EPOLL_CLOEXEC), r;
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET, .data = { .u64 = 0x123456789abcdef0 } }, got;

	ENSURE(epoll_ctl(ep, EPOLL_CTL_ADD, s, &e) == 0);
	ENSURE(epoll_wait(ep, &got, 1, 0) == 1); /* an unconnected socket: EPOLLHUP */
	r = connect4(s, "127.0.0.1", 5000);
	ENSURE(r == 0 || r == -EINPROGRESS);
	ENSURE(epoll_wait(ep, &got, 1, 5000) == 1);
	ENSURE(got.data.u64 == 0x123456789abcdef0 && got.events == EPOLLOUT);
	e.events = EPOLLIN;
	ENSURE(epoll_ctl(ep, EPOLL_CTL_MOD, s, &e) == 0);
	ENSURE(write(s, "y", 1) == 1);
	ENSURE(epoll_wait(ep, &got, 1, 5000) == 1 && got.events == EPOLLIN && got.data.u64 == e.data.u64);
	ENSURE(epoll_ctl(ep, EPOLL_CTL_DEL, s, NULL) == 0);
}

TEST(epoll_registration_before_the_swap)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = watched_before, .after = serve_listener);
}

/* --- slow connections: a listener whose queue is full answers nobody */

static void host_is_slow(void)
{
	int i;

	host_listens();
	listeners[2] = listener4("127.0.0.1", 5002, 0);
	for (i = 0; i < 3; i++) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		(void)connect4(s, "127.0.0.1", 5002);
	}
	usleep(100000);
}

static void times_out(void)
{
	struct timeval limit = { 0, 300000 };
	int s = tcp4();
	int64_t began = sys_now_us();

	ENSURE(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
	ENSURE(connect4(s, "127.0.0.1", 5002) == -EINPROGRESS);
	ENSURE(sys_now_us() - began >= 280000 && sys_now_us() - began < 2000000);
}

static void one_does_not_delay_another(void)
{
	int64_t began = sys_now_us();
	pid_t pid = fork();
	int s = tcp4(), status;

	if (pid == 0) {
		connect4(tcp4(), "127.0.0.1", 5002);
		_exit(0);
	}
	usleep(100000);
	ENSURE(connect4(s, "127.0.0.1", 5000) == 0);
	ENSURE(sys_now_us() - began < 2000000);
	kill(pid, SIGKILL);
	ENSURE(waitpid(pid, &status, 0) == pid);
	times_out();
}

TEST(slow_connections)
{
	SCENE(.connect = "127.0.0.1:5000-5002", .host = host_is_slow, .inside = one_does_not_delay_another);
}

static int alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void is_interrupted(void)
{
	struct sigaction a = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval t = { { 0, 20000 }, { 0, 20000 } };
	int s = tcp4();

	alarm(0);
	ENSURE(sigaction(SIGALRM, &a, NULL) == 0 && setitimer(ITIMER_REAL, &t, NULL) == 0);
	atomic_store(&flags[0], 1);
	ENSURE(connect4(s, "127.0.0.1", 5002) == 0);
	ENSURE(alarms > 0);
	memset(&t, 0, sizeof t);
	ENSURE(setitimer(ITIMER_REAL, &t, NULL) == 0);
	ENSURE(connect4(s, "127.0.0.1", 5002) == -EISCONN);
}

/* Takes the connections that fill the queue, so that the one that waits gets through. */
static void makes_room(void)
{
	int i;

	while (!atomic_load(&flags[0]))
		usleep(1000);
	usleep(200000);
	for (i = 0; i < 2; i++)
		ENSURE(accept4(listeners[2], NULL, NULL, SOCK_CLOEXEC) >= 0);
}

TEST(interrupted_connect)
{
	SCENE(.connect = "127.0.0.1:5002", .host = host_is_slow, .inside = is_interrupted, .after = makes_room);
}

/* --- bind and listen */

static void listens(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	int s = tcp4(), other = dup(s); /* before bind */

	ENSURE(bind4(s, "127.0.0.1", 6000) == 0);
	ENSURE(listen(other, 5) == 0);
	ENSURE(getsockname(other, (struct sockaddr *)&a, &n) == 0 && ntohs(a.sin_port) == 6000);
	ENSURE(!(fcntl(other, F_GETFD) & FD_CLOEXEC) && (fcntl(s, F_GETFD) & FD_CLOEXEC));
	serve_one(other);
	ENSURE(listen(s, 50) == 0); /* a change of the backlog */
}

static void host_reaches(void)
{
	echo(reach4("127.0.0.1", 6000));
}

TEST(a_granted_listener_with_a_dup_before_bind)
{
	SCENE(.listen = "127.0.0.1:6000", .inside = listens, .after = host_reaches);
}

static void listens_on_both(void)
{
	struct sockaddr_in6 a = at6("::", 6000);
	int s = socket(AF_INET6, SOCK_STREAM, 0), taken = socket(AF_INET6, SOCK_STREAM, 0);

	ENSURE(bind(s, (struct sockaddr *)&a, sizeof a) == 0 && listen(s, 5) == 0);
	ENSURE(bind(taken, (struct sockaddr *)&a, sizeof a) < 0 && errno == EADDRINUSE);
	serve_one(s);
}

TEST(dual_stack_listener)
{
	SCENE(.listen = ":::6000", .inside = listens_on_both, .after = host_reaches);
	SCENE(.listen = "0.0.0.0:6000", .inside = listens_on_both, .after = host_reaches);
	SCENE(.listen = "127.0.0.1:6000", .inside = listens_on_both, .after = host_reaches);
}

static void reaches_itself(void)
{
	int s = tcp4(), c = tcp4(), second = tcp4();

	ENSURE(bind4(s, "0.0.0.0", 6000) == 0 && listen(s, 5) == 0);
	ENSURE(connect4(c, "127.0.0.1", 6000) == 0);
	if (fork() == 0) {
		echo(c);
		_exit(0);
	}
	serve_one(s);
	close(s);
	atomic_store(&flags[0], 1);
	while (!atomic_load(&flags[1]))
		usleep(1000);
	ENSURE(connect4(second, "127.0.0.1", 6000) == -ECONNREFUSED); /* the port is somebody else's now */
}

static void host_takes_the_port(void)
{
	struct pollfd p;

	while (!atomic_load(&flags[0]))
		usleep(1000);
	usleep(20000);
	p = (struct pollfd){ .fd = listener4("127.0.0.1", 6000, 5), .events = POLLIN };
	atomic_store(&flags[1], 1);
	ENSURE(poll(&p, 1, 500) == 0);
}

TEST(loopback_reaches_a_granted_listener_and_nobody_elses)
{
	SCENE(.listen = "127.0.0.1:6000", .inside = reaches_itself, .after = host_takes_the_port);
}

/* --- inside */

static void stays_inside(void)
{
	struct sockaddr_in a = at4("127.0.0.1", 0);
	struct sockaddr_in6 six = at6("::1", 7001);
	socklen_t n = sizeof a;
	int s = tcp4(), c = tcp4(), s6 = socket(AF_INET6, SOCK_STREAM, 0), c6 = socket(AF_INET6, SOCK_STREAM, 0);
	int u = socket(AF_INET, SOCK_DGRAM, 0), v = socket(AF_INET, SOCK_DGRAM, 0);
	char byte = 'x';

	ENSURE(bind(s, (struct sockaddr *)&a, sizeof a) == 0 && listen(s, 5) == 0 && getsockname(s, (struct sockaddr *)&a, &n) == 0);
	ENSURE(connect4(c, "127.0.0.1", ntohs(a.sin_port)) == 0);
	ENSURE(accept(s, NULL, NULL) >= 0);
	ENSURE(bind(s6, (struct sockaddr *)&six, sizeof six) == 0 && listen(s6, 5) == 0);
	ENSURE(connect(c6, (struct sockaddr *)&six, sizeof six) == 0 && accept(s6, NULL, NULL) >= 0);
	ENSURE(bind4(u, "127.0.0.1", 7002) == 0 && connect4(v, "127.0.0.1", 7002) == 0);
	ENSURE(write(v, &byte, 1) == 1 && read(u, &byte, 1) == 1);
	ENSURE(connect4(v, "10.0.0.1", 53) == -ENETUNREACH);
}

TEST(loopback_inside_the_sandbox)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = stays_inside);
}

/* The queue of a listener inside is full: who connects waits for room or for the end of his time, and nobody else does. */
static void tcp_waits(void)
{
	struct timeval limit = { 0, 300000 };
	int s = listener4("127.0.0.1", 7000, 0), other = listener4("127.0.0.1", 7003, 1), late, status;
	int64_t began;
	pid_t pid;

	ENSURE(connect4(tcp4(), "127.0.0.1", 7000) == 0);
	pid = fork();
	if (pid == 0) {
		ENSURE(connect4(tcp4(), "127.0.0.1", 7000) == 0);
		_exit(0);
	}
	late = tcp4();
	ENSURE(setsockopt(late, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
	began = sys_now_us();
	ENSURE(connect4(late, "127.0.0.1", 7000) == -EINPROGRESS);
	ENSURE(sys_now_us() - began >= 280000);
	close(late); /* or it would take the place below */
	ENSURE(connect4(tcp4(), "127.0.0.1", 7003) == 0 && accept4(other, NULL, NULL, SOCK_CLOEXEC) >= 0);
	ENSURE(waitpid(pid, &status, WNOHANG) == 0);
	ENSURE(accept4(s, NULL, NULL, SOCK_CLOEXEC) >= 0);
	ENSURE(waitpid(pid, &status, 0) == pid && status == 0);
}

TEST(a_connect_inside_that_waits)
{
	SCENE(.connect = "127.0.0.1:5000", .inside = tcp_waits);
}

static void unix_sockets(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	char dir[] = "/tmp/wasirun-broker-XXXXXX";
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_UNIX, SOCK_STREAM, 0);
	struct ucred who;
	socklen_t n = sizeof who;
	struct stat st;

	ENSURE(mkdtemp(dir) && chdir(dir) == 0);
	umask(027);
	ENSURE(bind(s, (struct sockaddr *)&a, sizeof a) == 0 && listen(s, 1) == 0); /* relative to our directory, with our umask */
	ENSURE(stat("sock", &st) == 0 && (st.st_mode & 0777) == 0750);
	ENSURE(connect(c, (struct sockaddr *)&a, sizeof a) == 0);
	ENSURE(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && who.uid == geteuid());
	ENSURE(unlink("sock") == 0 && rmdir(dir) == 0);
	ENSURE(connect(t, (struct sockaddr *)&a, sizeof a) < 0 && errno == ENOENT);
	memcpy(a.sun_path, "\0abstract", 9);
	ENSURE(bind(t, (struct sockaddr *)&a, sizeof(sa_family_t) + 9) == 0 && listen(t, 1) == 0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	ENSURE(connect(c, (struct sockaddr *)&a, sizeof(sa_family_t) + 9) == 0);
}

TEST(unix_sockets_are_the_sandboxs)
{
	SCENE(.connect = "127.0.0.1:5000", .inside = unix_sockets);
}

/* The queue of a unix listener is full: connect waits until there is room. */
static void unix_waits(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0waits" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), i, c;
	pid_t pid;

	ENSURE(bind(s, (struct sockaddr *)&a, sizeof(sa_family_t) + 6) == 0 && listen(s, 1) == 0);
	for (i = 0; i < 2; i++) {
		c = socket(AF_UNIX, SOCK_STREAM, 0);
		ENSURE(connect(c, (struct sockaddr *)&a, sizeof(sa_family_t) + 6) == 0);
	}
	c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ENSURE(connect(c, (struct sockaddr *)&a, sizeof(sa_family_t) + 6) < 0 && errno == EAGAIN);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		(void)!accept(s, NULL, NULL);
		usleep(500000);
		_exit(0);
	}
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	ENSURE(connect(c, (struct sockaddr *)&a, sizeof(sa_family_t) + 6) == 0);
}

TEST(a_unix_connect_that_waits)
{
	SCENE(.connect = "127.0.0.1:5000", .inside = unix_waits);
}

/* --- what cannot be replaced */

static void shares(void)
{
	int s = tcp4(), go[2];
	pid_t pid;
	char byte;

	ENSURE(pipe(go) == 0);
	pid = fork();
	if (pid == 0) {
		(void)!read(go[0], &byte, 1);
		_exit(0);
	}
	ENSURE(bind4(s, "127.0.0.1", 6000) == -EOPNOTSUPP);
	ENSURE(write(go[1], "x", 1) == 1 && waitpid(pid, NULL, 0) == pid);
	ENSURE(bind4(s, "127.0.0.1", 6000) == 0);
}

TEST(a_socket_that_another_process_has)
{
	SCENE(.listen = "127.0.0.1:6000", .inside = shares);
}

/* --- the supervisor */

static void does_nothing(void)
{
}

static void waits_for_its_end(void)
{
	struct pollfd p = { .fd = report[0], .events = POLLIN };

	ENSURE(poll(&p, 1, 5000) == 1 && (p.revents & POLLHUP));
}

TEST(the_supervisor_ends_with_the_sandbox)
{
	SCENE(.listen = "127.0.0.1:6000", .inside = does_nothing, .after = waits_for_its_end);
}

TEST(the_supervisor_ends_when_nobody_comes)
{
	struct net_grants g = { .published = true };
	int ends[2], sock;
	struct err e;
	struct pollfd p;

	REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
	REQUIRE(broker_start(&g, ends[1], -1, &sock, &e) == 0);
	close(ends[1]);
	close(sock);
	p = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	CHECK_INT(poll(&p, 1, 5000), 1);
	CHECK(p.revents & POLLHUP);
	close(ends[0]);
}

static void enters_again(void)
{
	struct net_grants g = { .published = true };
	struct err e = { .code = 0 };
	int sock;

	ENSURE(broker_start(&g, -1, -1, &sock, &e) == 0);
	ENSURE(scene_map());
	ENSURE(broker_enter(sock, &e) == -EBUSY && strstr(e.text, "has a listener already"));
}

TEST(a_second_listener_is_an_error_that_says_so)
{
	SCENE(.listen = "127.0.0.1:6000", .inside = enters_again);
}
