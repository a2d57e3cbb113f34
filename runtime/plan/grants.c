/* grants.c - what the network grants of a sandbox mean for one address.
 * Must not look anything up, remember anything, or give more than a grant says: what no rule covers is denied. */
#include "plan/grants.h"
#include <string.h>

struct net_grants grants_of(const struct manifest *m, bool published)
{
	if (m->network_host) /* there is nothing to broker */
		return (struct net_grants){ .published = published };
	return (struct net_grants){ .listen = m->listen.v, .listen_n = m->listen.n, .connect = m->connect.v, .connect_n = m->connect.n,
				    .published = published };
}

static bool covers_port(const struct endpoint *p, uint16_t port)
{
	size_t i;

	for (i = 0; i < p->ports.n; i++)
		/* "*" covers the port that the kernel chooses, too */
		if ((port >= p->ports.v[i].first || (port == 0 && p->ports.v[i].first == 1 && p->ports.v[i].last == 65535)) &&
		    port <= p->ports.v[i].last)
			return true;
	return false;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return !rest || !((a[bits / 8] ^ b[bits / 8]) & (0xff << (8 - rest) & 0xff));
}

static bool in_network(const struct endpoint *p, const struct net_address *a)
{
	if (p->host == HOST_V4)
		return !a->v6 && same_bits(p->address, a->address, p->prefix);
	return p->host == HOST_V6 && a->v6 && same_bits(p->address, a->address, p->prefix);
}

bool address_is_loopback(const struct net_address *a)
{
	static const unsigned char one[16] = { [15] = 1 };

	return a->v6 ? !memcmp(a->address, one, 16) : a->address[0] == 127;
}

bool address_is_wildcard(const struct net_address *a)
{
	static const unsigned char none[16];

	return !memcmp(a->address, none, a->v6 ? 16 : 4);
}

bool address_equal(const struct net_address *a, const struct net_address *b)
{
	return a->v6 == b->v6 && a->port == b->port && !memcmp(a->address, b->address, a->v6 ? 16 : 4);
}

/* The address that a listen grant names. */
static struct net_address granted_address(const struct endpoint *p, uint16_t port)
{
	struct net_address a = { .v6 = p->host == HOST_V6, .port = port };

	if (p->host == HOST_V4 || p->host == HOST_V6)
		memcpy(a.address, p->address, a.v6 ? 16 : 4);
	return a;
}

/* 0.0.0.0 is any IPv4 address, [::] and * are any at all. */
static bool grants_any(const struct endpoint *p, bool v6)
{
	struct net_address a = granted_address(p, 0);

	if (p->host == HOST_ANY)
		return true;
	return address_is_wildcard(&a) && (p->host == HOST_V6 || (p->host == HOST_V4 && !v6));
}

static struct net_address loopback(bool v6, uint16_t port)
{
	struct net_address a = { .v6 = v6, .port = port };

	if (v6)
		a.address[15] = 1;
	else
		memcpy(a.address, "\177\0\0\1", 4);
	return a;
}

/* A wildcard is bound where the grant says (rule d). only6 distinguishes [::] for IPv6 from [::] for both. */
static bool bind_wildcard(const struct net_grants *g, const struct endpoint *p, const struct net_address *want, bool only6,
			  struct net_address *outer)
{
	bool dual = want->v6 && !only6;

	if (grants_any(p, want->v6)) {
		*outer = g->published ? *want : loopback(want->v6 && !dual, want->port);
		return true;
	}
	if (dual && grants_any(p, false)) { /* IPv4 is all that was granted to a socket for both */
		*outer = g->published ? (struct net_address){ .port = want->port } : loopback(false, want->port);
		return true;
	}
	if (p->host == HOST_ANY || (p->host == HOST_V6) != want->v6) {
		if (p->host != HOST_V4 || !dual)
			return false;
	}
	*outer = granted_address(p, want->port);
	return !address_is_wildcard(outer);
}

static bool bind_exact(const struct net_grants *g, const struct endpoint *p, const struct net_address *want, struct net_address *outer)
{
	struct net_address a = granted_address(p, want->port);

	*outer = *want;
	if (grants_any(p, want->v6))
		return g->published || address_is_loopback(want);
	return p->host != HOST_ANY && address_equal(&a, want);
}

enum net_verdict grants_bind(const struct net_grants *g, const struct net_address *want, bool only6, struct net_address *outer)
{
	bool wildcard = address_is_wildcard(want);
	size_t i;

	for (i = 0; i < g->listen_n; i++) {
		const struct endpoint *p = &g->listen[i];

		if (p->kind != ENDPOINT_TCP || !covers_port(p, want->port))
			continue;
		if (wildcard ? bind_wildcard(g, p, want, only6, outer) : bind_exact(g, p, want, outer))
			return NET_HOST;
	}
	return wildcard || address_is_loopback(want) ? NET_LOCAL : NET_DENY;
}

/* Does a grant name the loopback itself? A network that happens to hold it, such as 0.0.0.0/0, does not (rule c). */
static bool names_loopback(const struct endpoint *p)
{
	struct net_address a = granted_address(p, 0);

	if (p->host == HOST_NAME)
		return !strcmp(p->name, "localhost");
	if (p->host == HOST_V4)
		return p->prefix >= 8 && a.address[0] == 127;
	return p->host == HOST_V6 && p->prefix == 128 && address_is_loopback(&a);
}

static bool covers(const struct endpoint *p, const struct net_address *a)
{
	if (p->host == HOST_NAME)
		return names_loopback(p) && address_is_loopback(a);
	return p->host == HOST_ANY || in_network(p, a);
}

enum net_verdict grants_connect(const struct net_grants *g, const struct net_address *want)
{
	bool loop = address_is_loopback(want);
	size_t i;

	if (address_is_wildcard(want))
		return NET_LOCAL; /* connecting to 0.0.0.0 means oneself */
	for (i = 0; i < g->connect_n; i++) {
		const struct endpoint *p = &g->connect[i];

		if (p->kind == ENDPOINT_TCP && covers_port(p, want->port) && covers(p, want) && (!loop || names_loopback(p)))
			return NET_HOST;
	}
	return loop ? NET_LOCAL : NET_DENY;
}

bool grants_name(const struct net_grants *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->connect_n; i++)
		if (g->connect[i].kind == ENDPOINT_TCP && g->connect[i].host == HOST_NAME && !strcmp(g->connect[i].name, name))
			return true;
	return false;
}

bool grants_name_port(const struct net_grants *g, const char *name, uint16_t port)
{
	size_t i;

	for (i = 0; i < g->connect_n; i++)
		if (g->connect[i].kind == ENDPOINT_TCP && g->connect[i].host == HOST_NAME && !strcmp(g->connect[i].name, name) &&
		    covers_port(&g->connect[i], port))
			return true;
	return false;
}

bool grants_has_names(const struct net_grants *g)
{
	size_t i;

	for (i = 0; i < g->connect_n; i++)
		if (g->connect[i].kind == ENDPOINT_TCP && g->connect[i].host == HOST_NAME)
			return true;
	return false;
}

bool grants_need_broker(const struct net_grants *g)
{
	size_t i;

	for (i = 0; i < g->listen_n; i++)
		if (g->listen[i].kind == ENDPOINT_TCP)
			return true;
	for (i = 0; i < g->connect_n; i++)
		if (g->connect[i].kind == ENDPOINT_TCP)
			return true;
	return false;
}

bool grants_low_ports(const struct net_grants *g)
{
	size_t i, k;

	for (i = 0; i < g->listen_n; i++)
		for (k = 0; k < g->listen[i].ports.n; k++)
			if (g->listen[i].kind == ENDPOINT_TCP && g->listen[i].ports.v[k].first < 1024)
				return true;
	return false;
}

/* Ranges that no name of the public network leads to (RFC 6890). */
static const struct special {
	bool v6;
	unsigned char address[16];
	unsigned prefix;
} special[] = {
	{ false, { 0 }, 8 },                  { false, { 10 }, 8 },               { false, { 100, 64 }, 10 },
	{ false, { 127 }, 8 },                { false, { 169, 254 }, 16 },        { false, { 172, 16 }, 12 },
	{ false, { 192, 0, 0 }, 24 },         { false, { 192, 168 }, 16 },        { false, { 198, 18 }, 15 },
	{ false, { 224 }, 3 }, /* multicast, reserved, broadcast */
	{ true, { 0 }, 8 }, /* ::, ::1, mapped and compatible addresses, and 64:ff9b::, behind which any IPv4 address can stand */
	{ true, { 0xfc }, 7 },                { true, { 0xfe, 0x80 }, 9 },        { true, { 0xff }, 8 },
	{ true, { 0x20, 0x02 }, 16 }, /* 6to4: an IPv4 address again */
};

bool grants_answer(const struct net_grants *g, const struct net_address *a)
{
	size_t i;

	for (i = 0; i < g->connect_n; i++)
		if (g->connect[i].kind == ENDPOINT_TCP && in_network(&g->connect[i], a) &&
		    (!address_is_loopback(a) || names_loopback(&g->connect[i])))
			return true;
	for (i = 0; i < sizeof special / sizeof *special; i++)
		if (special[i].v6 == a->v6 && same_bits(special[i].address, a->address, special[i].prefix))
			return false;
	return true;
}
