/* manifest_share.c - what two endpoints have in common: addresses, names and ports.
 * Must not resolve a name: a name shares nothing with an address. */
#include "oci/manifest_doc.h"
#include <string.h>

/* The kinds of hosts as sets: everything, a network, a name. */
struct set {
	enum host_kind kind;
	const unsigned char *address;
	unsigned prefix;
	const char *name;
};

static struct set set_of(const struct endpoint *p, bool listen)
{
	static const unsigned char zero[16];
	struct set s = { p->host, p->address, p->prefix, p->name };

	if (listen && p->host == HOST_V6 && !memcmp(p->address, zero, 16))
		s.kind = HOST_ANY; /* both families */
	if (listen && p->host == HOST_V4 && !memcmp(p->address, zero, 4))
		s.prefix = 0;
	return s;
}

static bool within(const struct set *small, const struct set *large)
{
	unsigned i;

	if (small->prefix < large->prefix)
		return false;
	for (i = 0; i < large->prefix; i++)
		if ((small->address[i / 8] ^ large->address[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

/* The narrower of two hosts, NULL when they share nothing. */
static const struct endpoint *narrower(const struct endpoint *x, const struct endpoint *y, bool listen)
{
	struct set a = set_of(x, listen), b = set_of(y, listen);

	if (b.kind == HOST_ANY)
		return x;
	if (a.kind == HOST_ANY)
		return y;
	if (a.kind != b.kind)
		return NULL;
	if (a.kind == HOST_NAME || a.kind == HOST_WILDCARD_NAME)
		return strcmp(a.name, b.name) ? NULL : x;
	return within(&a, &b) ? x : within(&b, &a) ? y : NULL;
}

bool endpoint_share(struct arena *a, const struct endpoint *x, const struct endpoint *y, bool listen, struct endpoint *out)
{
	const struct endpoint *host;
	size_t i, k;

	if (x->kind != y->kind)
		return false;
	*out = *x;
	if (x->kind == ENDPOINT_UNIX)
		return !strcmp(x->name, y->name);
	host = narrower(x, y, listen);
	if (!host)
		return false;
	out->host = host->host;
	memcpy(out->address, host->address, sizeof out->address);
	out->prefix = host->prefix;
	out->name = host->name;
	out->ports.v = NULL;
	out->ports.n = 0;
	for (i = 0; i < x->ports.n; i++)
		for (k = 0; k < y->ports.n; k++) {
			const struct port_range *p = &x->ports.v[i], *q = &y->ports.v[k];
			uint16_t first = p->first > q->first ? p->first : q->first, last = p->last < q->last ? p->last : q->last;

			if (first <= last)
				*arena_push(a, &out->ports) = (struct port_range){ first, last };
		}
	if (!out->ports.n)
		return false;
	out->text = endpoint_text(a, out);
	return true;
}
