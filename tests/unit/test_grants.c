/* What network grants mean: the rules a to f, address by address. */
#include "plan/grants.h"
#include "tests/unit/test.h"
#include <arpa/inet.h>
#include <string.h>

#define MAX 8

struct set {
	struct endpoint p[MAX];
	struct port_range ports[MAX];
	size_t n;
};

static void add(struct set *s, const char *host, unsigned prefix, unsigned first, unsigned last)
{
	struct endpoint *p = &s->p[s->n];

	*p = (struct endpoint){ .kind = ENDPOINT_TCP };
	if (!strcmp(host, "*")) {
		p->host = HOST_ANY;
	} else if (inet_pton(AF_INET, host, p->address) == 1) {
		p->host = HOST_V4;
	} else if (inet_pton(AF_INET6, host, p->address) == 1) {
		p->host = HOST_V6;
	} else {
		p->host = HOST_NAME;
		p->name = host;
	}
	p->prefix = prefix;
	s->ports[s->n] = (struct port_range){ (uint16_t)first, (uint16_t)last };
	p->ports.v = &s->ports[s->n];
	p->ports.n = 1;
	s->n++;
}

static struct net_address address(const char *text, unsigned port)
{
	struct net_address a = { .port = (uint16_t)port };

	if (inet_pton(AF_INET, text, a.address) != 1) {
		a.v6 = true;
		CHECK_INT(inet_pton(AF_INET6, text, a.address), 1);
	}
	return a;
}

/* "local", "deny", or the address of the host's socket. */
static const char *bound(const struct set *s, bool published, const char *text, unsigned port, bool only6)
{
	static char buf[INET6_ADDRSTRLEN];
	struct net_grants g = { .listen = s->p, .listen_n = s->n, .published = published };
	struct net_address want = address(text, port), outer;
	enum net_verdict v = grants_bind(&g, &want, only6, &outer);

	if (v != NET_HOST)
		return v == NET_LOCAL ? "local" : "deny";
	CHECK_INT(outer.port, port);
	inet_ntop(outer.v6 ? AF_INET6 : AF_INET, outer.address, buf, sizeof buf);
	return buf;
}

static const char *connected(const struct set *s, const char *text, unsigned port)
{
	static const char *const words[] = { [NET_LOCAL] = "local", [NET_HOST] = "host", [NET_DENY] = "deny" };
	struct net_grants g = { .connect = s->p, .connect_n = s->n };
	struct net_address want = address(text, port);

	return words[grants_connect(&g, &want)];
}

TEST(bind_without_a_grant_stays_inside)
{
	struct set s = { .n = 0 };

	CHECK_STR(bound(&s, true, "127.0.0.1", 0, false), "local");
	CHECK_STR(bound(&s, true, "127.9.9.9", 80, false), "local");
	CHECK_STR(bound(&s, true, "0.0.0.0", 80, false), "local");
	CHECK_STR(bound(&s, true, "::", 80, false), "local");
	CHECK_STR(bound(&s, true, "::1", 80, false), "local");
	CHECK_STR(bound(&s, true, "10.0.0.1", 80, false), "deny");
	CHECK_STR(bound(&s, true, "fe80::1", 80, false), "deny");
}

TEST(bind_to_what_was_granted)
{
	struct set s = { .n = 0 };

	add(&s, "10.0.0.1", 32, 5432, 5433);
	CHECK_STR(bound(&s, true, "10.0.0.1", 5432, false), "10.0.0.1");
	CHECK_STR(bound(&s, true, "10.0.0.1", 5433, false), "10.0.0.1");
	CHECK_STR(bound(&s, true, "10.0.0.1", 5434, false), "deny");
	CHECK_STR(bound(&s, true, "10.0.0.2", 5432, false), "deny");
	CHECK_STR(bound(&s, true, "10.0.0.1", 0, false), "deny");
}

TEST(bind_to_a_wildcard_takes_the_granted_address)
{
	struct set s = { .n = 0 };

	add(&s, "10.0.0.1", 32, 80, 80);
	add(&s, "fd00::1", 128, 81, 81);
	CHECK_STR(bound(&s, true, "0.0.0.0", 80, false), "10.0.0.1");
	CHECK_STR(bound(&s, true, "::", 80, false), "10.0.0.1");
	CHECK_STR(bound(&s, true, "::", 80, true), "local"); /* IPv6 only was asked, and not granted */
	CHECK_STR(bound(&s, true, "::", 81, false), "fd00::1");
	CHECK_STR(bound(&s, true, "0.0.0.0", 81, false), "local");
	CHECK_STR(bound(&s, true, "0.0.0.0", 82, false), "local");
	/* a grant of an address says nothing about another one */
	CHECK_STR(bound(&s, true, "127.0.0.1", 80, false), "local");
}

TEST(wildcard_grants)
{
	struct set s = { .n = 0 };

	add(&s, "0.0.0.0", 32, 80, 80);
	add(&s, "::", 128, 81, 81);
	add(&s, "*", 0, 82, 82);
	CHECK_STR(bound(&s, true, "0.0.0.0", 80, false), "0.0.0.0");
	CHECK_STR(bound(&s, true, "127.0.0.1", 80, false), "127.0.0.1");
	CHECK_STR(bound(&s, true, "192.0.2.9", 80, false), "192.0.2.9");
	CHECK_STR(bound(&s, true, "::", 80, false), "0.0.0.0");
	CHECK_STR(bound(&s, true, "::", 80, true), "local");
	CHECK_STR(bound(&s, true, "::1", 80, false), "local");
	CHECK_STR(bound(&s, true, "::", 81, false), "::");
	CHECK_STR(bound(&s, true, "0.0.0.0", 81, false), "0.0.0.0");
	CHECK_STR(bound(&s, true, "::1", 81, false), "::1");
	CHECK_STR(bound(&s, true, "::", 82, true), "::");
	CHECK_STR(bound(&s, true, "fd00::9", 82, false), "fd00::9");
}

TEST(unpublished_wildcards_are_the_hosts_loopback)
{
	struct set s = { .n = 0 };

	add(&s, "0.0.0.0", 32, 80, 80);
	add(&s, "::", 128, 81, 81);
	add(&s, "10.0.0.1", 32, 82, 82);
	CHECK_STR(bound(&s, false, "0.0.0.0", 80, false), "127.0.0.1");
	CHECK_STR(bound(&s, false, "::", 80, false), "127.0.0.1");
	CHECK_STR(bound(&s, false, "10.0.0.1", 80, false), "deny");
	CHECK_STR(bound(&s, false, "127.0.0.1", 80, false), "127.0.0.1");
	CHECK_STR(bound(&s, false, "::", 81, true), "::1");
	CHECK_STR(bound(&s, false, "0.0.0.0", 82, false), "10.0.0.1"); /* an address that is named is meant */
}

TEST(any_port)
{
	struct set s = { .n = 0 };

	add(&s, "127.0.0.1", 32, 1, 65535);
	CHECK_STR(bound(&s, true, "127.0.0.1", 0, false), "127.0.0.1");
	s.ports[0].first = 2;
	CHECK_STR(bound(&s, true, "127.0.0.1", 0, false), "local");
}

TEST(connect_by_network_and_port)
{
	struct set s = { .n = 0 };

	CHECK_STR(connected(&s, "10.1.2.3", 80), "deny");
	add(&s, "10.0.0.0", 8, 80, 89);
	add(&s, "172.16.128.0", 17, 443, 443);
	add(&s, "fd00::", 9, 80, 80);
	CHECK_STR(connected(&s, "10.1.2.3", 80), "host");
	CHECK_STR(connected(&s, "10.1.2.3", 89), "host");
	CHECK_STR(connected(&s, "10.1.2.3", 90), "deny");
	CHECK_STR(connected(&s, "11.1.2.3", 80), "deny");
	CHECK_STR(connected(&s, "172.16.128.1", 443), "host");
	CHECK_STR(connected(&s, "172.16.127.1", 443), "deny");
	CHECK_STR(connected(&s, "fd7f::1", 80), "host");
	CHECK_STR(connected(&s, "fd80::1", 80), "deny");
	CHECK_STR(connected(&s, "127.0.0.1", 80), "local");
	CHECK_STR(connected(&s, "::1", 80), "local");
	CHECK_STR(connected(&s, "0.0.0.0", 80), "local");
	CHECK_STR(connected(&s, "::", 80), "local");
}

TEST(connect_to_the_hosts_loopback_only_by_name)
{
	struct set s = { .n = 0 };

	add(&s, "*", 0, 1, 65535);
	add(&s, "0.0.0.0", 0, 1, 65535);
	add(&s, "127.0.0.1", 32, 5432, 5432);
	add(&s, "::1", 128, 5433, 5433);
	add(&s, "localhost", 0, 5434, 5434);
	CHECK_STR(connected(&s, "192.0.2.1", 9), "host");
	CHECK_STR(connected(&s, "127.0.0.1", 80), "local");
	CHECK_STR(connected(&s, "::1", 80), "local");
	CHECK_STR(connected(&s, "127.0.0.1", 5432), "host");
	CHECK_STR(connected(&s, "127.0.0.2", 5432), "local");
	CHECK_STR(connected(&s, "::1", 5432), "local");
	CHECK_STR(connected(&s, "::1", 5433), "host");
	CHECK_STR(connected(&s, "127.0.0.1", 5434), "host");
	CHECK_STR(connected(&s, "::1", 5434), "host");
}

TEST(names)
{
	struct set s = { .n = 0 };
	struct net_grants g = { .connect = s.p };

	add(&s, "api.example.com", 0, 443, 443);
	add(&s, "api.example.com", 0, 8000, 8009);
	g.connect_n = s.n;
	CHECK(grants_has_names(&g));
	CHECK(grants_name(&g, "api.example.com"));
	CHECK(!grants_name(&g, "example.com"));
	CHECK(!grants_name(&g, "x.api.example.com"));
	CHECK(grants_name_port(&g, "api.example.com", 8001));
	CHECK(!grants_name_port(&g, "api.example.com", 80));
	CHECK_STR(connected(&s, "93.184.216.34", 443), "deny"); /* not before it was resolved */
}

static bool answer(const struct set *s, const char *text)
{
	struct net_grants g = { .connect = s->p, .connect_n = s->n };
	struct net_address a = address(text, 0);

	return grants_answer(&g, &a);
}

TEST(answers_that_lead_inside_are_dropped)
{
	static const char *const inside[] = { "127.0.0.1",  "10.0.0.1", "172.31.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
					      "100.64.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fec0::1", "fd00::1",
					      "ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1" };
	struct set s = { .n = 0 };
	size_t i;

	add(&s, "*", 0, 443, 443);
	add(&s, "0.0.0.0", 0, 443, 443);
	s.n = 1;
	for (i = 0; i < sizeof inside / sizeof *inside; i++)
		CHECK(!answer(&s, inside[i]));
	CHECK(answer(&s, "93.184.216.34"));
	CHECK(answer(&s, "172.32.0.1"));
	CHECK(answer(&s, "2606:2800:220:1::1"));
	add(&s, "10.0.0.0", 8, 443, 443);
	CHECK(answer(&s, "10.0.0.1"));
	CHECK(!answer(&s, "192.168.1.1"));
}

TEST(what_needs_a_broker)
{
	struct set s = { .n = 0 };
	struct net_grants g = { .listen = s.p };

	CHECK(!grants_need_broker(&g));
	add(&s, "127.0.0.1", 32, 1023, 1023);
	g.listen_n = 1;
	CHECK(grants_need_broker(&g));
	CHECK(grants_low_ports(&g));
	s.ports[0].first = 1024;
	CHECK(!grants_low_ports(&g));
	s.p[0].kind = ENDPOINT_UNIX;
	CHECK(!grants_need_broker(&g));
}
