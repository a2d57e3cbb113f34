/* The side doors of a network broker, tried from inside: none may lead to an address of the host that was not granted. */
#include "apply/broker.h"
#include "tests/unit/broker_box.h"
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

static void host_listens(void)
{
	listeners[0] = listener4("127.0.0.1", 5000, 64);
	listeners[1] = listener4("127.0.0.1", 5001, 64); /* not granted */
}

/* Until the sandbox is gone, and a moment longer. */
static void nobody_comes(void)
{
	struct pollfd p = { .fd = listeners[1], .events = POLLIN };
	struct pollfd end = { .fd = report[0] };

	while (poll(&end, 1, 50) == 0)
		ENSURE(poll(&p, 1, 0) == 0);
	ENSURE(poll(&p, 1, 0) == 0);
}

/* --- the race: what is judged is not what is used, when the address or the descriptor changes in between */

static struct sockaddr_in target;
static atomic_bool over;
static int number, plain, granted;

static void *flips_the_port(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		((volatile struct sockaddr_in *)&target)->sin_port = htons(5000);
		((volatile struct sockaddr_in *)&target)->sin_port = htons(5001);
		((volatile struct sockaddr_in *)&target)->sin_family = AF_UNSPEC;
		((volatile struct sockaddr_in *)&target)->sin_family = AF_INET;
	}
	return NULL;
}

static void *flips_the_descriptor(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		dup3(plain, number, O_CLOEXEC);
		dup3(granted, number, O_CLOEXEC);
	}
	return NULL;
}

#define ROOM 4096 /* net.core.somaxconn of a new namespace */

static void races(void)
{
	pthread_t a, b;
	int64_t until = sys_now_us() + 1500000;
	unsigned tries = 0;

	target = at4("127.0.0.1", 5000);
	granted = tcp4();
	ENSURE(connect4(granted, "127.0.0.1", 5000) == 0);
	plain = tcp4();
	number = tcp4();
	ENSURE(pthread_create(&a, NULL, flips_the_port, NULL) == 0 && pthread_create(&b, NULL, flips_the_descriptor, NULL) == 0);
	/* At times the sandbox comes to listen at its own 5001. Nobody takes these connections, and a connect to a full queue waits for
	 * minutes, as it does anywhere: so there is room for all. */
	while (sys_now_us() < until && tries < ROOM) {
		int fresh = tcp4();

		(void)!connect(number, (struct sockaddr *)&target, sizeof target);
		(void)!connect(fresh, (struct sockaddr *)&target, sizeof target);
		(void)!listen(number, ROOM);
		(void)!bind(number, (struct sockaddr *)&target, sizeof target);
		close(fresh);
		tries++;
	}
	atomic_store(&over, true);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	ENSURE(tries > 50);
}

/* 5000 is served so that its queue does not fill. */
static void drains(void)
{
	struct pollfd p[2] = { { .fd = listeners[0], .events = POLLIN }, { .fd = listeners[1], .events = POLLIN } };
	struct pollfd end = { .fd = report[0] };

	while (poll(&end, 1, 0) == 0) {
		if (poll(p, 2, 20) <= 0)
			continue;
		ENSURE(!p[1].revents);
		close(accept4(listeners[0], NULL, NULL, SOCK_CLOEXEC));
	}
	ENSURE(poll(&p[1], 1, 0) == 0);
}

TEST(address_and_descriptor_flipped_during_the_call)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = races, .after = drains);
}

/* --- sockets of the host in the sandbox's hands */

/* How many TCP ports somebody listens at in this namespace. */
static int listening(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/net/tcp", "re");
	int n = 0;

	while (f && fgets(line, sizeof line, f))
		n += strstr(line, " 0A ") != NULL;
	if (f)
		fclose(f);
	return n;
}

static void listens_elsewhere(void)
{
	struct pollfd p;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0, r = connect4(s, "127.0.0.1", 5009), t = tcp4();
	socklen_t n = sizeof error;

	ENSURE(r == -EINPROGRESS || r == -ECONNREFUSED);
	p = (struct pollfd){ .fd = s, .events = POLLOUT };
	ENSURE(poll(&p, 1, 2000) == 1);
	ENSURE(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &n) == 0);
	(void)!listen(s, 5); /* on the host's this would take a port of its own choice there */
	ENSURE(connect4(t, "127.0.0.1", 5000) == 0);
	ENSURE(listen(t, 5) < 0 && errno == EACCES);
	ENSURE(bind4(t, "0.0.0.0", 0) == -EINVAL);
	ENSURE(shutdown(t, SHUT_RDWR) == 0);
	ENSURE(listen(t, 5) < 0 && errno == EACCES);
	atomic_store(&flags[0], 1);
	while (!atomic_load(&flags[1]))
		usleep(1000);
}

static void counts_listeners(void)
{
	while (!atomic_load(&flags[0]))
		usleep(1000);
	ENSURE(listening() == 2);
	atomic_store(&flags[1], 1);
	nobody_comes();
}

TEST(listen_on_a_socket_that_was_made_to_connect)
{
	SCENE(.connect = "127.0.0.1:5000 127.0.0.1:5009", .host = host_listens, .inside = listens_elsewhere, .after = counts_listeners);
}

static void forgets_its_peer(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int s = tcp4();

	ENSURE(connect4(s, "127.0.0.1", 5000) == 0);
	ENSURE(connect(s, &none, sizeof none) < 0 && errno == EACCES);
	ENSURE(connect4(s, "127.0.0.1", 5001) < 0);
	ENSURE(shutdown(s, SHUT_RDWR) == 0);
	ENSURE(connect(s, &none, sizeof none) < 0);
	ENSURE(connect4(s, "127.0.0.1", 5001) < 0);
}

TEST(connect_to_nothing_and_then_elsewhere)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = forgets_its_peer, .after = nobody_comes);
}

static void reuses_a_listener(void)
{
	int s = tcp4(), other = tcp4();

	ENSURE(bind4(s, "127.0.0.1", 6000) == 0);
	ENSURE(connect4(s, "127.0.0.1", 5001) == -EACCES); /* bound to be listened at */
	ENSURE(listen(s, 5) == 0);
	ENSURE(shutdown(s, SHUT_RDWR) == 0);
	ENSURE(connect4(s, "127.0.0.1", 5001) == -EACCES);
	ENSURE(bind4(s, "127.0.0.1", 6001) == -EINVAL);
	/* at a port that was not granted: inside, and not on the host */
	ENSURE(bind4(other, "127.0.0.1", 6001) == 0 && listen(other, 5) == 0);
	atomic_store(&flags[0], 1);
	while (!atomic_load(&flags[1]))
		usleep(1000);
}

static void counts_two(void)
{
	int s = tcp4();

	while (!atomic_load(&flags[0]))
		usleep(1000);
	ENSURE(listening() == 2);
	ENSURE(connect4(s, "127.0.0.1", 6001) == -ECONNREFUSED);
	atomic_store(&flags[1], 1);
	nobody_comes();
}

TEST(a_granted_listener_is_good_for_listening_only)
{
	SCENE(.listen = "127.0.0.1:6000", .host = host_listens, .inside = reuses_a_listener, .after = counts_two);
}

/* --- calls that connect by other means */

static void opens_fast(void)
{
	struct sockaddr_in a = at4("127.0.0.1", 5001);
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_name = &a, .msg_namelen = sizeof a, .msg_iov = &iov, .msg_iovlen = 1 } };
	int s = tcp4(), yes = 1;

	ENSURE(sendto(s, &byte, 1, MSG_FASTOPEN, (struct sockaddr *)&a, sizeof a) < 0 && errno == EOPNOTSUPP);
	ENSURE(sendmsg(s, &m.msg_hdr, MSG_FASTOPEN) < 0 && errno == EOPNOTSUPP);
	ENSURE(sendmmsg(s, &m, 1, MSG_FASTOPEN) < 0 && errno == EOPNOTSUPP);
	ENSURE(setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof yes) < 0 && errno == EOPNOTSUPP);
	ENSURE(setsockopt(s, IPPROTO_IP, IP_OPTIONS, "", 0) < 0 && errno == EPERM);
	ENSURE(syscall(SYS_setsockopt, s, 0x100000000L | IPPROTO_TCP, 0x700000000L | TCP_FASTOPEN_CONNECT, &yes, sizeof yes) < 0);
	/* the same on a socket of the host that is not connected any more */
	ENSURE(connect4(s, "127.0.0.1", 5000) == 0 && shutdown(s, SHUT_RDWR) == 0);
	ENSURE(sendto(s, &byte, 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a) < 0);
	ENSURE(sendto(s, &byte, 1, MSG_NOSIGNAL, (struct sockaddr *)&a, sizeof a) < 0);
}

TEST(tcp_fast_open)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = opens_fast, .after = nobody_comes);
}

static bool refused(int domain, int type, int protocol)
{
	int s = socket(domain, type, protocol);

	if (s < 0)
		return true;
	close(s);
	return false;
}

static void other_sockets(void)
{
	ENSURE(refused(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
	ENSURE(refused(AF_INET6, SOCK_STREAM, IPPROTO_MPTCP));
	ENSURE(refused(AF_INET, SOCK_RAW, IPPROTO_TCP));
	ENSURE(refused(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	ENSURE(refused(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP));
	ENSURE(refused(AF_PACKET, SOCK_RAW, 0));
	ENSURE(refused(AF_VSOCK, SOCK_STREAM, 0));
	ENSURE(refused(AF_ALG, SOCK_SEQPACKET, 0));
	ENSURE(refused(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	ENSURE(!refused(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	ENSURE(!refused(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP));
	ENSURE(!refused(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
	ENSURE(!refused(AF_UNIX, SOCK_SEQPACKET, 0));
}

TEST(other_kinds_of_sockets)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = other_sockets, .after = nobody_comes);
}

static void rings(void)
{
	struct io_uring_params p;

	memset(&p, 0, sizeof p);
	ENSURE(syscall(SYS_io_uring_setup, 4, &p) < 0 && errno == ENOSYS);
}

TEST(io_uring)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = rings, .after = nobody_comes);
}

#if defined(__x86_64__)
static void foreign(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L /* getpid */) : "r8", "r9", "r10", "r11", "memory");
	ENSURE(r == -ENOSYS);
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(102L /* socketcall */), "b"(3L) : "r8", "r9", "r10", "r11", "memory");
	ENSURE(r == -ENOSYS);
	ENSURE(syscall(0x40000000L | SYS_getpid) < 0 && errno == ENOSYS);
}

TEST(the_32_bit_entry_and_x32)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = foreign, .after = nobody_comes);
}
#endif

/* A socket of the host's namespace that came in by other ways is not good for anything new. */
static void uses_what_it_inherited(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	ENSURE(connect(listeners[2], &none, sizeof none) < 0 && errno == EACCES);
	ENSURE(bind4(listeners[2], "127.0.0.1", 6001) == -EINVAL);
	ENSURE(listen(listeners[2], 5) < 0 && errno == EACCES);
	ENSURE(connect4(listeners[2], "127.0.0.1", 5001) < 0); /* from here on it is one of the sandbox's */
	ENSURE(connect4(listeners[3], "127.0.0.1", 5001) == -EACCES); /* UDP */
}

static void host_leaves_sockets(void)
{
	host_listens();
	listeners[2] = tcp4();
	listeners[3] = socket(AF_INET, SOCK_DGRAM, 0);
}

TEST(inherited_sockets)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_leaves_sockets, .inside = uses_what_it_inherited, .after = nobody_comes);
}

/* --- the supervisor under hostile input */

static void shouts(void)
{
	unsigned char junk[128];
	unsigned seed = 1;
	int i, s;
	size_t k;

	for (i = 0; i < 3000; i++) {
		for (k = 0; k < sizeof junk; k++)
			junk[k] = (unsigned char)rand_r(&seed);
		if (i % 3 == 0)
			*(uint16_t *)(void *)junk = AF_INET;
		else if (i % 3 == 1)
			*(uint16_t *)(void *)junk = AF_INET6;
		s = socket(i % 5 ? i % 2 ? AF_INET : AF_INET6 : AF_UNIX, (i % 7 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);
		if (*(uint16_t *)(void *)junk == AF_UNIX || *(uint16_t *)(void *)junk == 0)
			junk[2] = 0; /* no files: abstract names */
		(void)!syscall(i % 2 ? SYS_connect : SYS_bind, s, junk, rand_r(&seed) % 140);
		(void)!syscall(SYS_listen, s, rand_r(&seed));
		close(s);
	}
	s = tcp4();
	ENSURE(connect4(s, "127.0.0.1", 5000) == 0);
}

TEST(hostile_addresses)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = shouts, .after = nobody_comes);
}

/* The inner half, and what it holds, is out of reach. */
static void looks_for_the_inner_half(void)
{
	char path[64], comm[32];
	int pid, found = 0;

	for (pid = getpid() + 1; pid < getpid() + 64; pid++) {
		ssize_t n;

		snprintf(path, sizeof path, "/proc/%d/comm", pid);
		n = sys_read_file(AT_FDCWD, path, comm, sizeof comm);
		if (n <= 0 || strncmp(comm, "wasirun-inside", 14) != 0)
			continue;
		found++;
		ENSURE(syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, pid, 0, 0) < 0);
		snprintf(path, sizeof path, "/proc/%d/fd/0", pid);
		ENSURE(open(path, O_RDWR | O_CLOEXEC) < 0);
		snprintf(path, sizeof path, "/proc/%d/mem", pid);
		ENSURE(open(path, O_RDWR | O_CLOEXEC) < 0);
		ENSURE(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* not seen as a child either */
		/* without it: no local calls, and nothing else */
		ENSURE(kill(pid, SIGKILL) == 0);
	}
	ENSURE(found == 1);
	usleep(100000);
	ENSURE(connect4(tcp4(), "127.0.0.1", 5001) == -ENOSYS);
	ENSURE(connect4(tcp4(), "127.0.0.1", 5000) == 0);
}

TEST(the_inner_half)
{
	SCENE(.connect = "127.0.0.1:5000", .host = host_listens, .inside = looks_for_the_inner_half, .after = nobody_comes);
}
