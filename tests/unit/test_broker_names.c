/* Names inside a sandbox: granted ones, by way of the supervisor; and what a name server may say. */
#include "apply/broker_dns.h"
#include "tests/unit/broker_box.h"
#include <netdb.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

/* --- the messages */

TEST(question_and_answer_as_bytes)
{
	struct dns_question q = { .id = 7, .type = DNS_A, .name = "api.example.com" }, back;
	struct dns_answer a = { .code = DNS_OK, .ttl = 60, .n = 1 }, got;
	unsigned char m[DNS_UDP];
	size_t n = dns_write_question(&q, 0x1234, m), i;

	CHECK(dns_read_question(m, n, &back));
	CHECK_INT(back.id, 0x1234);
	CHECK_STR(back.name, "api.example.com");
	CHECK_INT(back.type, DNS_A);
	for (i = 0; i < n; i++)
		CHECK(!dns_read_question(m, i, &back));
	m[13] = 'A';
	CHECK(dns_read_question(m, n, &back));
	CHECK_STR(back.name, "api.example.com");
	memcpy(a.a[0].address, "\313\0\161\5", 4);
	n = dns_write_answer(&q, &a, m);
	CHECK(dns_read_answer(m, n, &q, 7, &got));
	CHECK_INT(got.n, 1);
	CHECK_INT(got.ttl, 60);
	CHECK(address_equal(&got.a[0], &a.a[0]));
	CHECK(!dns_read_answer(m, n, &q, 8, &got));
	for (i = 0; i < n; i++)
		(void)dns_read_answer(m, i, &q, 7, &got);
}

TEST(hostile_messages)
{
	struct dns_question q = { .id = 7, .type = DNS_AAAA, .name = "a.b" }, back;
	struct dns_answer got;
	unsigned char m[DNS_UDP];
	unsigned seed = 1;
	size_t i, n = dns_write_question(&q, 7, m), k;

	m[2] |= 0x80;
	m[7] = 200; /* answers that are not there */
	CHECK(dns_read_answer(m, n, &q, 7, &got));
	CHECK_INT(got.n, 0);
	m[12] = 0xc0; /* a question that points at itself */
	m[13] = 12;
	CHECK(!dns_read_answer(m, n, &q, 7, &got));
	m[2] = 1;
	CHECK(!dns_read_question(m, n, &back));
	for (i = 0; i < 20000; i++) {
		size_t len = (size_t)rand_r(&seed) % sizeof m;

		dns_write_question(&q, 7, m);
		for (k = i % 3 ? 12 : 0; k < len; k++)
			m[k] = (unsigned char)rand_r(&seed);
		m[2] = i % 2 ? 0x81 : 1;
		if (dns_read_question(m, len, &back))
			CHECK(strlen(back.name) < DNS_NAME);
		if (dns_read_answer(m, len, &q, 7, &got))
			CHECK(got.n <= DNS_MOST);
	}
}

/* --- through glibc */

static void put_answer(const struct dns_question *q, int s, const struct sockaddr_in *to)
{
	struct dns_answer a = { .code = DNS_OK, .ttl = 1 };
	unsigned char m[DNS_UDP];
	size_t n;

	if (q->type == DNS_A) {
		a.n = 2;
		memcpy(a.a[0].address, "\12\0\0\1", 4); /* 10.0.0.1: a name must not lead inside */
		memcpy(a.a[1].address, "\313\0\161\5", 4);
	}
	n = dns_write_answer(q, &a, m);
	ENSURE(sendto(s, m, n, 0, (const struct sockaddr *)to, sizeof *to) == (ssize_t)n);
}

/* The host's name server. It must not be asked for anything but the granted name. */
static void name_server(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ENSURE(bind4(s, "127.0.0.1", 53) == 0);
	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof from;
		unsigned char m[DNS_UDP];
		struct dns_question q;
		ssize_t n = recvfrom(s, m, sizeof m, 0, (struct sockaddr *)&from, &len);

		ENSURE(n > 0 && dns_read_question(m, (size_t)n, &q));
		if (strcmp(q.name, "api.example.com") != 0)
			atomic_store(&flags[0], 1);
		put_answer(&q, s, &from);
	}
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ENSURE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void host_with_names(void)
{
	static const unsigned char address[4] = { 203, 0, 113, 5 };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ENSURE(unshare(CLONE_NEWNS) == 0 && mount("names", "/mnt", "tmpfs", 0, NULL) == 0);
	write_text("/mnt/resolv", "nameserver 127.0.0.1\n"); /* of the host, and, in its own namespace, of the sandbox */
	write_text("/mnt/hosts", "127.0.0.1 localhost\n203.0.113.5 db.example.com alias # a comment\n");
	write_text("/mnt/nsswitch", "hosts: files dns\n");
	ENSURE(mount("/mnt/resolv", "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0);
	ENSURE(mount("/mnt/hosts", "/etc/hosts", NULL, MS_BIND, NULL) == 0);
	ENSURE(mount("/mnt/nsswitch", "/etc/nsswitch.conf", NULL, MS_BIND, NULL) == 0);
	ENSURE(sys_lo_address(s, "lo:2", address) == 0);
	close(s);
	name_server();
	listeners[0] = listener4("203.0.113.5", 5000, 5);
	listeners[1] = listener4("203.0.113.5", 5001, 5);
}

/* The first IPv4 address of a name as getaddrinfo finds it; "" = none. */
static const char *resolve(const char *name, int flag)
{
	static char text[INET_ADDRSTRLEN];
	struct addrinfo want = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flag }, *got;

	if (getaddrinfo(name, "5000", &want, &got) != 0)
		return "";
	inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)got->ai_addr)->sin_addr, text, sizeof text);
	if (got->ai_family != AF_INET || got->ai_next)
		return "more than one";
	freeaddrinfo(got);
	return text;
}

/* A question over TCP, as libc asks when an answer was cut. */
static void asks_over_tcp(void)
{
	struct dns_question q = { .type = DNS_A, .name = "api.example.com" };
	struct dns_answer a;
	unsigned char m[2 + DNS_UDP];
	int s = tcp4();
	size_t n = dns_write_question(&q, 99, m + 2);

	m[0] = 0;
	m[1] = (unsigned char)n;
	ENSURE(connect4(s, "127.0.0.1", 53) == 0);
	ENSURE(write(s, m, 1) == 1 && write(s, m + 1, n + 1) == (ssize_t)n + 1);
	ENSURE(read(s, m, sizeof m) > 2 && dns_read_answer(m + 2, (size_t)m[0] << 8 | m[1], &q, 99, &a) && a.n == 1);
}

static void names_inside(void)
{
	ENSURE(connect4(tcp4(), "203.0.113.5", 5000) == -EACCES); /* not yet known */
	ENSURE(!strcmp(resolve("other.example.com", 0), ""));
	ENSURE(!strcmp(resolve("x.api.example.com", 0), ""));
	ENSURE(!strcmp(resolve("api.example.com", 0), "203.0.113.5"));
	ENSURE(!strcmp(resolve("API.Example.COM", AI_ADDRCONFIG), "203.0.113.5"));
	ENSURE(connect4(tcp4(), "203.0.113.5", 5000) == 0);
	ENSURE(connect4(tcp4(), "203.0.113.5", 5001) == -EACCES); /* the name was granted with another port */
	ENSURE(connect4(tcp4(), "10.0.0.1", 5000) == -EACCES);
	asks_over_tcp();
	ENSURE(atomic_load(&flags[0]) == 0); /* nobody was asked for names that are not granted */
}

TEST(granted_names_through_glibc)
{
	SCENE(.connect = "api.example.com:5000", .host = host_with_names, .inside = names_inside);
}
