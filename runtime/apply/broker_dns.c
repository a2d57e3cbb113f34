/* broker_dns.c - questions and answers of the domain name system as bytes.
 * Reads what a sandbox or a name server sent: must not look beyond n, follow a pointer twice, or trust a count. */
#include "apply/broker_dns.h"
#include <string.h>

#define HEADER 12
#define CLASS_IN 1

static unsigned get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static size_t put16(unsigned char *m, size_t at, unsigned v)
{
	m[at] = (unsigned char)(v >> 8);
	m[at + 1] = (unsigned char)v;
	return at + 2;
}

/* The name at `at`, without compression. Returns the place behind it, 0 = it is no such name. */
static size_t read_name(const unsigned char *m, size_t n, size_t at, char out[DNS_NAME])
{
	size_t have = 0, i;

	for (;;) {
		unsigned len;

		if (at >= n)
			return 0;
		len = m[at++];
		if (!len)
			break;
		if (len > 63 || at + len > n || have + len + 1 >= DNS_NAME)
			return 0;
		if (have)
			out[have++] = '.';
		for (i = 0; i < len; i++, at++)
			out[have++] = (char)(m[at] >= 'A' && m[at] <= 'Z' ? m[at] | 0x20 : m[at]);
	}
	out[have] = 0;
	return strlen(out) == have ? at : 0; /* a NUL within a label would hide what follows it */
}

/* The place behind a name that may end in a pointer, 0 = none. */
static size_t skip_name(const unsigned char *m, size_t n, size_t at)
{
	while (at < n) {
		unsigned len = m[at];

		if (!len)
			return at + 1;
		if (len >= 0xc0)
			return at + 2 <= n ? at + 2 : 0;
		if (len > 63)
			return 0;
		at += 1 + len;
	}
	return 0;
}

bool dns_read_question(const unsigned char *m, size_t n, struct dns_question *out)
{
	size_t at;

	/* a query of the standard kind, with one question */
	if (n < HEADER || (m[2] & 0xf8) || get16(m + 4) != 1)
		return false;
	at = read_name(m, n, HEADER, out->name);
	if (!at || at + 4 > n || get16(m + at + 2) != CLASS_IN)
		return false;
	out->id = (uint16_t)get16(m);
	out->type = (uint16_t)get16(m + at);
	return true;
}

static size_t write_name(const char *name, unsigned char *m, size_t at)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		m[at++] = (unsigned char)len;
		memcpy(m + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	m[at++] = 0;
	return at;
}

static size_t write_head(const struct dns_question *q, uint16_t id, unsigned flags, size_t answers, unsigned char *m)
{
	size_t at;

	memset(m, 0, HEADER);
	put16(m, 0, id);
	put16(m, 2, flags);
	put16(m, 4, 1);
	put16(m, 6, (unsigned)answers);
	at = write_name(q->name, m, HEADER);
	at = put16(m, at, q->type);
	return put16(m, at, CLASS_IN);
}

size_t dns_write_question(const struct dns_question *q, uint16_t id, unsigned char *m)
{
	return write_head(q, id, 0x0100 /* recursion desired */, 0, m);
}

static bool read_record(const unsigned char *m, size_t n, size_t *at, const struct dns_question *q, struct dns_answer *out)
{
	unsigned type, class, len;
	uint32_t ttl;

	*at = skip_name(m, n, *at);
	if (!*at || *at + 10 > n)
		return false;
	type = get16(m + *at);
	class = get16(m + *at + 2);
	ttl = (uint32_t)get16(m + *at + 4) << 16 | get16(m + *at + 6);
	len = get16(m + *at + 8);
	*at += 10;
	if (*at + len > n)
		return false;
	if (class == CLASS_IN && type == q->type && len == (type == DNS_A ? 4 : 16) && out->n < DNS_MOST) {
		struct net_address *a = &out->a[out->n++];
		static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

		*a = (struct net_address){ .v6 = type == DNS_AAAA };
		memcpy(a->address, m + *at, len);
		if (a->v6 && !memcmp(a->address, mapped, 12))
			out->n--;
	}
	if (class == CLASS_IN && ttl < out->ttl)
		out->ttl = ttl;
	*at += len;
	return true;
}

bool dns_read_answer(const unsigned char *m, size_t n, const struct dns_question *q, uint16_t id, struct dns_answer *out)
{
	char name[DNS_NAME];
	unsigned i, count;
	size_t at;

	if (n < HEADER || get16(m) != id || !(m[2] & 0x80) || get16(m + 4) != 1)
		return false;
	at = read_name(m, n, HEADER, name);
	if (!at || at + 4 > n || strcmp(name, q->name) != 0 || get16(m + at) != q->type || get16(m + at + 2) != CLASS_IN)
		return false;
	at += 4;
	*out = (struct dns_answer){ .code = (m[3] & 15) == 0 ? DNS_OK : (m[3] & 15) == 3 ? DNS_NO_SUCH_NAME : DNS_FAILED, .ttl = 86400 };
	count = get16(m + 6);
	for (i = 0; i < count && read_record(m, n, &at, q, out); i++)
		;
	return true;
}

size_t dns_write_answer(const struct dns_question *q, const struct dns_answer *a, unsigned char *m)
{
	size_t len = q->type == DNS_A ? 4 : 16, at, i, count = a->n;

	at = write_head(q, q->id, 0x8180 | (unsigned)a->code, 0, m);
	while (count && at + count * (12 + len) > DNS_UDP)
		count--;
	put16(m, 6, (unsigned)count);
	for (i = 0; i < count; i++) {
		at = put16(m, at, 0xc000 | HEADER); /* the name of the question */
		at = put16(m, at, q->type);
		at = put16(m, at, CLASS_IN);
		at = put16(m, at, a->ttl >> 16);
		at = put16(m, at, a->ttl & 0xffff);
		at = put16(m, at, (unsigned)len);
		memcpy(m + at, a->a[i].address, len);
		at += len;
	}
	return at;
}
