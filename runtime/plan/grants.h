/* grants.h - what the network grants of a sandbox mean for one address. Pure.
 *
 * Compiled into STEP_BROKER by plan/, asked by the supervisor (apply/broker.c) for every bind, connect and listen: the third header, after
 * step.h and host.h, that plan/ and apply/ share. The rules a to f are those of docs/manifest.md, "What a network grant means". */
#ifndef WASIRUN_PLAN_GRANTS_H
#define WASIRUN_PLAN_GRANTS_H

#include "oci/manifest.h"

struct net_grants {
	const struct endpoint *listen, *connect; /* of any kind; those that are not TCP are passed over */
	size_t listen_n, connect_n;
	/* A listener on a wildcard is reached at the wildcard (guard, or --publish said so). False: at the host's loopback (rule e). */
	bool published;
};

/* What a manifest grants. Points into it. */
struct net_grants grants_of(const struct manifest *m, bool published);

/* A TCP address. An IPv4 address mapped into IPv6 (::ffff:a.b.c.d) is that IPv4 address: grants mean hosts, not spellings. */
struct net_address {
	bool v6;
	unsigned char address[16]; /* IPv4: the first 4 bytes */
	uint16_t port;             /* host byte order; 0: the kernel chooses (bind) */
	uint32_t scope;            /* IPv6 link-local: the interface */
};

enum net_verdict {
	NET_LOCAL, /* done inside the sandbox's own namespace */
	NET_HOST,  /* granted: done in the host's */
	NET_DENY,  /* no grant */
};

/* bind of a socket. v6: the socket is an IPv6 one; only6: with IPV6_V6ONLY. *outer: for NET_HOST what the host's socket is bound to;
 * a v6 socket may get an IPv4 address, which is then written mapped. */
enum net_verdict grants_bind(const struct net_grants *g, const struct net_address *want, bool only6, struct net_address *outer);

/* connect, but for listeners of the sandbox's own (rule b) and for names (rule f), which depend on what happened before: the
 * supervisor asks about these first. */
enum net_verdict grants_connect(const struct net_grants *g, const struct net_address *want);

/* May name (lower case, without a dot at its end) be resolved? */
bool grants_name(const struct net_grants *g, const char *name);

/* May port of host `name` be connected to? */
bool grants_name_port(const struct net_grants *g, const char *name, uint16_t port);

/* Has any connect grant a name? Then the sandbox gets a resolver. */
bool grants_has_names(const struct net_grants *g);

/* Is there any grant that only the broker can give? */
bool grants_need_broker(const struct net_grants *g);

/* Does a listener need a port below 1024? */
bool grants_low_ports(const struct net_grants *g);

/* Is an address that a name server told us acceptable? Those in private, loopback, link-local and otherwise special ranges only where an
 * address or a network that the manifest names covers them: a name must not become a way into the host's own network. */
bool grants_answer(const struct net_grants *g, const struct net_address *a);

bool address_is_loopback(const struct net_address *a);
bool address_is_wildcard(const struct net_address *a);
bool address_equal(const struct net_address *a, const struct net_address *b);

#endif
