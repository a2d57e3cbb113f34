/* broker_names.c - the resolver inside the sandbox, at 127.0.0.1:53 of its namespace.
 *
 * It answers granted names, from the host's hosts file or its name servers, and remembers what it answered: connect is checked against
 * that.
 * Any other name does not exist, and is asked of nobody: a question is a way out, too. Must not pass an address on that leads into the
 * host's
 * own network unless a grant names it. */
#include "apply/broker_names.h"
#include "apply/broker_dns.h"
#include "sys/sys.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SERVERS 3
#define QUESTIONS 12
#define STREAMS 4
#define KNOWN 256
#define TRY_US 2000000  /* how long one server may think */
#define LEAST_TTL 30    /* seconds: between the answer and the connect something must be able to happen */
#define HOSTS_TTL 60

struct stream { /* somebody who asks over TCP */
	int fd;
	size_t have;
	unsigned char in[2 + DNS_UDP];
};
struct question {
	bool used;
	int server;               /* socket, connected to the name server */
	unsigned tries;
	uint16_t id;
	int64_t deadline;
	struct dns_question q;
	int stream;               /* index, or -1: UDP */
	struct sockaddr_storage from;
	socklen_t from_n;
};
struct known {
	const char *name;         /* of the grant */
	struct net_address a;
	int64_t until;            /* microseconds */
};
struct names {
	int udp, tcp;
	struct sockaddr_storage servers[SERVERS];
	size_t servers_n, next_known;
	struct question questions[QUESTIONS];
	struct stream streams[STREAMS];
	struct known known[KNOWN];
};

/* --- the host's files */

static bool parse_address(const char *s, struct net_address *out)
{
	*out = (struct net_address){ .v6 = false };
	if (inet_pton(AF_INET, s, out->address) == 1)
		return true;
	out->v6 = true;
	return inet_pton(AF_INET6, s, out->address) == 1;
}

/* Calls line for each line of a file, without its comment. Longer lines than the buffer are passed over. */
static void each_line(const char *path, void (*line)(void *ctx, char *text), void *ctx)
{
	AUTO_FD int f = sys_open(AT_FDCWD, path, O_RDONLY, 0);
	char buf[2048];
	size_t have = 0;
	ssize_t n;

	if (f < 0)
		return;
	while ((n = sys_read(f, buf + have, sizeof buf - 2 - have)) >= 0) {
		char *at = buf, *end;

		have += (size_t)n;
		if (n == 0 && have)
			buf[have++] = '\n';
		buf[have] = 0;
		while ((end = memchr(at, '\n', have - (size_t)(at - buf))) != NULL) {
			*end = 0;
			at[strcspn(at, "#;")] = 0;
			line(ctx, at);
			at = end + 1;
		}
		if (n == 0)
			return;
		have -= (size_t)(at - buf);
		memmove(buf, at, have);
		if (have == sizeof buf - 2)
			have = 0;
	}
}

static void resolv_line(void *ctx, char *text)
{
	struct names *n = ctx;
	struct net_address a;
	char *save, *word = strtok_r(text, " \t", &save), *address = strtok_r(NULL, " \t", &save);
	struct sockaddr_in *four = (struct sockaddr_in *)&n->servers[n->servers_n];
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&n->servers[n->servers_n];

	if (!word || strcmp(word, "nameserver") != 0 || !address || n->servers_n == SERVERS || !parse_address(address, &a))
		return;
	if (a.v6) {
		*six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(53) };
		memcpy(&six->sin6_addr, a.address, 16);
	} else {
		*four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(53) };
		memcpy(&four->sin_addr, a.address, 4);
	}
	n->servers_n++;
}

struct lookup {
	const struct dns_question *q;
	struct dns_answer *answer;
	bool found;
};

static void hosts_line(void *ctx, char *text)
{
	struct lookup *l = ctx;
	struct net_address a;
	char *save, *word = strtok_r(text, " \t", &save);

	if (!word || !parse_address(word, &a))
		return;
	while ((word = strtok_r(NULL, " \t", &save)) != NULL) {
		if (strcasecmp(word, l->q->name) != 0)
			continue;
		l->found = true;
		if (a.v6 == (l->q->type == DNS_AAAA) && l->answer->n < DNS_MOST)
			l->answer->a[l->answer->n++] = a;
		return;
	}
}

/* --- answering */

static void remember(struct names *n, const struct net_grants *g, const char *name, const struct net_address *a, uint32_t ttl)
{
	int64_t until = sys_now_us() + (int64_t)(ttl < LEAST_TTL ? LEAST_TTL : ttl) * 1000000;
	struct known *place = NULL;
	size_t i;

	for (i = 0; i < KNOWN && !place; i++)
		if (n->known[i].name && !strcmp(n->known[i].name, name) && address_equal(&n->known[i].a, a))
			place = &n->known[i];
	if (!place) {
		place = &n->known[n->next_known];
		n->next_known = (n->next_known + 1) % KNOWN;
	}
	for (i = 0; i < g->connect_n; i++) {
		const struct endpoint *p = &g->connect[i];

		if (p->kind == ENDPOINT_TCP && p->host == HOST_NAME && !strcmp(p->name, name))
			*place = (struct known){ .name = p->name, .a = *a, .until = until };
	}
}

bool names_allow(struct names *n, const struct net_grants *g, const struct net_address *a)
{
	int64_t now = sys_now_us();
	size_t i;

	for (i = 0; i < KNOWN; i++) {
		struct net_address at = n->known[i].a;

		at.port = a->port;
		if (n->known[i].name && n->known[i].until >= now && address_equal(&at, a) && grants_name_port(g, n->known[i].name, a->port))
			return true;
	}
	return false;
}

static void drop_stream(struct names *n, size_t i)
{
	size_t k;

	fd_close(&n->streams[i].fd);
	n->streams[i].have = 0;
	for (k = 0; k < QUESTIONS; k++)
		if (n->questions[k].used && n->questions[k].stream == (int)i) {
			fd_close(&n->questions[k].server);
			n->questions[k].used = false;
		}
}

static void reply(struct names *n, const struct question *q, const struct dns_answer *a)
{
	unsigned char m[2 + DNS_UDP];
	size_t len = dns_write_answer(&q->q, a, m + 2);

	if (q->stream < 0) {
		(void)!sys_send(n->udp, m + 2, len, &q->from, q->from_n);
		return;
	}
	m[0] = (unsigned char)(len >> 8);
	m[1] = (unsigned char)len;
	if (n->streams[q->stream].fd >= 0 && sys_send(n->streams[q->stream].fd, m, len + 2, NULL, 0) != (ssize_t)len + 2)
		drop_stream(n, (size_t)q->stream);
}

/* Leaves out what must not be passed on, remembers the rest, and answers. */
static void answer(struct names *n, const struct net_grants *g, const struct question *q, struct dns_answer *a)
{
	size_t i, kept = 0;

	for (i = 0; i < a->n; i++) {
		if (!grants_answer(g, &a->a[i]))
			continue;
		remember(n, g, q->q.name, &a->a[i], a->ttl);
		a->a[kept++] = a->a[i];
	}
	a->n = kept;
	reply(n, q, a);
}

/* --- asking */

static int ask(struct names *n, struct question *q)
{
	unsigned char m[DNS_UDP];
	const struct sockaddr_storage *server;
	size_t len;

	fd_close(&q->server);
	if (q->tries >= 2 * n->servers_n)
		return -ETIMEDOUT;
	server = &n->servers[q->tries++ % n->servers_n];
	q->deadline = sys_now_us() + TRY_US;
	TRY(sys_random(&q->id, sizeof q->id));
	q->server = TRY(sys_socket(server->ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0));
	TRY(sys_connect(q->server, server, server->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)));
	len = dns_write_question(&q->q, q->id, m);
	return sys_send(q->server, m, len, NULL, 0) < 0 ? -EIO : 0;
}

static void give_up(struct names *n, struct question *q)
{
	struct dns_answer a = { .code = DNS_FAILED };

	reply(n, q, &a);
	fd_close(&q->server);
	q->used = false;
}

static void ask_on(struct names *n, struct question *q)
{
	int r;

	while ((r = ask(n, q)) < 0 && r != -ETIMEDOUT)
		;
	if (r < 0)
		give_up(n, q);
}

static void asked(struct names *n, const struct net_grants *g, const unsigned char *m, size_t len, struct question *q)
{
	struct dns_answer a = { .code = DNS_NO_SUCH_NAME, .ttl = HOSTS_TTL };
	struct lookup l = { .q = &q->q, .answer = &a };
	size_t i;

	if (!dns_read_question(m, len, &q->q))
		return;
	if (!grants_name(g, q->q.name)) {
		reply(n, q, &a);
		return;
	}
	a.code = DNS_OK;
	if (q->q.type == DNS_A || q->q.type == DNS_AAAA)
		each_line("/etc/hosts", hosts_line, &l);
	if (l.found || (q->q.type != DNS_A && q->q.type != DNS_AAAA)) { /* the name exists, with addresses only */
		answer(n, g, q, &a);
		return;
	}
	for (i = 0; i < QUESTIONS; i++) {
		if (n->questions[i].used)
			continue;
		n->questions[i] = *q;
		n->questions[i].used = true;
		n->questions[i].server = -1;
		ask_on(n, &n->questions[i]);
		return;
	}
	a.code = DNS_FAILED;
	reply(n, q, &a);
}

static void server_ready(struct names *n, const struct net_grants *g, struct question *q)
{
	unsigned char m[4096];
	struct sockaddr_storage from;
	struct dns_answer a;
	socklen_t from_n;
	ssize_t len = sys_recv(q->server, m, sizeof m, &from, &from_n);

	if (len == -EAGAIN)
		return;
	if (len < 0) { /* nobody is there */
		ask_on(n, q);
		return;
	}
	if (!dns_read_answer(m, (size_t)len, &q->q, q->id, &a))
		return; /* not from whom we asked, or not what we asked: go on waiting */
	if (a.code == DNS_FAILED && q->tries < n->servers_n) {
		ask_on(n, q);
		return;
	}
	answer(n, g, q, &a);
	fd_close(&q->server);
	q->used = false;
}

/* --- those who ask */

static void udp_ready(struct names *n, const struct net_grants *g)
{
	unsigned char m[DNS_UDP];
	struct question q = { .stream = -1, .server = -1 };
	ssize_t len = sys_recv(n->udp, m, sizeof m, &q.from, &q.from_n);

	if (len > 0)
		asked(n, g, m, (size_t)len, &q);
}

static void tcp_ready(struct names *n)
{
	int fd = sys_accept(n->tcp);
	size_t i;

	for (i = 0; i < STREAMS && n->streams[i].fd >= 0; i++)
		;
	if (i == STREAMS)
		drop_stream(n, i = 0); /* who is silent makes room */
	n->streams[i].fd = fd;
}

static void stream_ready(struct names *n, const struct net_grants *g, size_t i)
{
	struct stream *s = &n->streams[i];
	struct question q = { .stream = (int)i, .server = -1 };
	struct sockaddr_storage from;
	socklen_t from_n;
	ssize_t got = sys_recv(s->fd, s->in + s->have, sizeof s->in - s->have, &from, &from_n);
	size_t len;

	if (got == -EAGAIN)
		return;
	if (got <= 0) {
		drop_stream(n, i);
		return;
	}
	s->have += (size_t)got;
	while (s->have >= 2 && s->fd >= 0) {
		len = (size_t)s->in[0] << 8 | s->in[1];
		if (len > DNS_UDP) {
			drop_stream(n, i);
			return;
		}
		if (s->have < 2 + len)
			return;
		asked(n, g, s->in + 2, len, &q);
		if (s->fd < 0)
			return;
		s->have -= 2 + len;
		memmove(s->in, s->in + 2 + len, s->have);
	}
}

/* --- the loop's side */

int names_open(int udp, int tcp, struct names **out)
{
	static struct names n;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(53) };
	size_t i;
	int yes = 1;

	n.udp = udp;
	n.tcp = tcp;
	for (i = 0; i < STREAMS; i++)
		n.streams[i].fd = -1;
	memcpy(&a.sin_addr, "\177\0\0\1", 4);
	TRY(sys_bind(udp, &a, sizeof a));
	TRY(sys_setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes));
	TRY(sys_bind(tcp, &a, sizeof a));
	TRY(sys_listen(tcp, 8));
	TRY(sys_nonblock(tcp, true));
	each_line("/etc/resolv.conf", resolv_line, &n);
	*out = &n;
	return 0;
}

/* Which fd is which is told by looking for it again: the sets are small. */
size_t names_poll(struct names *n, struct pollfd *p)
{
	size_t count = 0, i;

	p[count++] = (struct pollfd){ .fd = n->udp, .events = POLLIN };
	p[count++] = (struct pollfd){ .fd = n->tcp, .events = POLLIN };
	for (i = 0; i < STREAMS; i++)
		p[count++] = (struct pollfd){ .fd = n->streams[i].fd, .events = POLLIN };
	for (i = 0; i < QUESTIONS; i++)
		p[count++] = (struct pollfd){ .fd = n->questions[i].used ? n->questions[i].server : -1, .events = POLLIN };
	return count;
}

int64_t names_until(const struct names *n)
{
	int64_t until = 0;
	size_t i;

	for (i = 0; i < QUESTIONS; i++)
		if (n->questions[i].used && (!until || n->questions[i].deadline < until))
			until = n->questions[i].deadline;
	return until;
}

void names_ready(struct names *n, const struct net_grants *g, const struct pollfd *p, size_t count)
{
	int64_t now = sys_now_us();
	size_t i;

	if (count != 2 + STREAMS + QUESTIONS)
		return;
	for (i = 0; i < QUESTIONS; i++) {
		struct question *q = &n->questions[i];

		if (!q->used)
			continue;
		if (p[2 + STREAMS + i].revents && p[2 + STREAMS + i].fd == q->server)
			server_ready(n, g, q);
		else if (q->deadline <= now)
			ask_on(n, q);
	}
	for (i = 0; i < STREAMS; i++)
		if (p[2 + i].revents && n->streams[i].fd >= 0 && p[2 + i].fd == n->streams[i].fd)
			stream_ready(n, g, i);
	if (p[0].revents)
		udp_ready(n, g);
	if (p[1].revents)
		tcp_ready(n);
}
