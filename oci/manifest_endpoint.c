/* manifest_endpoint.c - "tcp://10.0.0.0/8:80,8000-8099", "[::1]:5432", "api.example.com:443", "unix:/run/x.sock".
 * Must not look anything up: a name stays a name. */
#include "oci/manifest_doc.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define SHAPE "expected [tcp://]HOST:PORTS or unix:/path, such as \"tcp://10.0.0.0/8:5432\", \"[::1]:80,8000-8099\" or \"example.com:443\""

/* The number at the beginning of s, at most max; its end in *end. False: none, too large, or written with a zero in front. */
static bool number(const char *s, unsigned max, unsigned *out, const char **end)
{
	unsigned n = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (unsigned)(*p - '0');
		if (n > max)
			return false;
	}
	*end = p;
	*out = n;
	return p != s && (*s != '0' || p == s + 1);
}

static int by_first(const void *a, const void *b)
{
	return (int)((const struct port_range *)a)->first - (int)((const struct port_range *)b)->first;
}

/* Sorted; what touches or overlaps becomes one. */
static void join_ranges(struct endpoint *p)
{
	size_t i, n = 0;

	qsort(p->ports.v, p->ports.n, sizeof *p->ports.v, by_first);
	for (i = 0; i < p->ports.n; i++) {
		struct port_range *r = &p->ports.v[i];

		if (n && r->first <= (unsigned)p->ports.v[n - 1].last + 1) {
			if (r->last > p->ports.v[n - 1].last)
				p->ports.v[n - 1].last = r->last;
		} else {
			p->ports.v[n++] = *r;
		}
	}
	p->ports.n = n;
}

static bool read_ports(struct arena *a, const char *s, struct endpoint *out)
{
	if (!strcmp(s, "*")) {
		*arena_push(a, &out->ports) = (struct port_range){ 1, 65535 };
		return true;
	}
	for (;;) {
		unsigned first, last;

		if (!number(s, 65535, &first, &s))
			return false;
		last = first;
		if (*s == '-' && !number(s + 1, 65535, &last, &s))
			return false;
		if (first < 1 || last < first || (*s && *s != ','))
			return false;
		*arena_push(a, &out->ports) = (struct port_range){ (uint16_t)first, (uint16_t)last };
		if (!*s++)
			break;
	}
	join_ranges(out);
	return true;
}

/* True when no bit is set behind the prefix. */
static bool is_network(const unsigned char *address, unsigned bytes, unsigned prefix)
{
	unsigned i;

	for (i = prefix; i < bytes * 8; i++)
		if (address[i / 8] & (0x80 >> i % 8))
			return false;
	return true;
}

/* ADDRESS or ADDRESS/BITS. NULL: well; else what is wrong. */
static const char *read_address(struct arena *a, const char *host, int family, struct endpoint *out)
{
	const char *slash = strchr(host, '/'), *end;
	const char *address = slash ? arena_strn(a, host, (size_t)(slash - host)) : host;
	unsigned bytes = family == AF_INET ? 4 : 16;
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (inet_pton(family, address, out->address) != 1)
		return family == AF_INET ? "this is no IPv4 address" : "this is no IPv6 address";
	out->prefix = bytes * 8;
	if (slash && (!number(slash + 1, bytes * 8, &out->prefix, &end) || *end))
		return family == AF_INET ? "expected a prefix of 0 to 32 bits behind the \"/\""
					 : "expected a prefix of 0 to 128 bits behind the \"/\"";
	if (!is_network(out->address, bytes, out->prefix))
		return "there are bits behind the prefix: 10.1.2.3/8 is one address or a network, not both";
	if (family == AF_INET6 && out->prefix >= 96 && !memcmp(out->address, mapped, sizeof mapped))
		return "an IPv4 address: write it as one";
	out->host = family == AF_INET ? HOST_V4 : HOST_V6;
	return NULL;
}

static const char *read_name(struct arena *a, const char *host, struct endpoint *out)
{
	char *name = arena_str(a, host), *p;
	size_t n = strlen(name), label = 0;

	if (n && name[n - 1] == '.')
		name[--n] = 0;
	if (n == 0 || n > 253)
		return SHAPE;
	for (p = name; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
		if (*p == '.' ? label == 0 || p[-1] == '-' : label == 63 || (label == 0 && *p == '-'))
			return "this is no host name: a part is empty, too long, or begins or ends with a hyphen";
		if (*p != '.' && *p != '-' && *p != '_' && !(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9'))
			return SHAPE;
		label = *p == '.' ? 0 : label + 1;
	}
	if (p[-1] == '-')
		return "this is no host name: a part is empty, too long, or begins or ends with a hyphen";
	out->host = HOST_NAME;
	out->name = name;
	return NULL;
}

static const char *read_host(struct arena *a, const char *host, struct endpoint *out)
{
	size_t n = strlen(host);
	const char *last;

	if (!strcmp(host, "*")) {
		out->host = HOST_ANY;
		return NULL;
	}
	if (host[0] == '[') {
		if (host[n - 1] != ']')
			return SHAPE;
		return read_address(a, arena_strn(a, host + 1, n - 2), AF_INET6, out);
	}
	if (strchr(host, ':'))
		return "an IPv6 address stands in brackets: \"[::1]:80\"";
	if (!strncmp(host, "*.", 2)) {
		const char *wrong = read_name(a, host + 2, out);

		out->host = HOST_WILDCARD_NAME;
		return wrong ? wrong : "*.name is not available yet: name each host";
	}
	last = strrchr(host, '.');
	last = last ? last + 1 : host;
	if (strchr(host, '/') || (*last && strspn(last, "0123456789") == strlen(last)))
		return read_address(a, host, AF_INET, out);
	return read_name(a, host, out);
}

static void print_ports(struct text *t, const struct endpoint *p)
{
	size_t i;

	if (p->ports.v[0].first == 1 && p->ports.v[0].last == 65535) {
		text_str(t, "*");
		return;
	}
	for (i = 0; i < p->ports.n; i++) {
		text_fmt(t, "%s%u", i ? "," : "", p->ports.v[i].first);
		if (p->ports.v[i].last != p->ports.v[i].first)
			text_fmt(t, "-%u", p->ports.v[i].last);
	}
}

const char *endpoint_text(struct arena *a, const struct endpoint *p)
{
	struct text t = { .arena = a };
	char address[INET6_ADDRSTRLEN];

	if (p->kind == ENDPOINT_UNIX)
		return arena_fmt(a, "unix:%s", p->inside);
	text_str(&t, p->kind == ENDPOINT_UDP ? "udp://" : "tcp://");
	if (p->host == HOST_ANY)
		text_str(&t, "*");
	else if (p->host == HOST_NAME || p->host == HOST_WILDCARD_NAME)
		text_fmt(&t, "%s%s", p->host == HOST_WILDCARD_NAME ? "*." : "", p->name);
	else if (p->host == HOST_V4)
		text_str(&t, inet_ntop(AF_INET, p->address, address, sizeof address));
	else
		text_fmt(&t, "[%s", inet_ntop(AF_INET6, p->address, address, sizeof address));
	if ((p->host == HOST_V4 && p->prefix != 32) || (p->host == HOST_V6 && p->prefix != 128))
		text_fmt(&t, "/%u", p->prefix);
	text_str(&t, p->host == HOST_V6 ? "]:" : ":");
	print_ports(&t, p);
	return text_get(&t);
}

/* What a listener cannot be, what cannot be connected to. NULL: well. */
static const char *check_use(const struct endpoint *p, bool listen)
{
	static const unsigned char none[16];

	if (p->kind == ENDPOINT_UDP)
		return "udp is not available yet: what is granted are TCP streams and unix sockets";
	if (listen && (p->host == HOST_NAME || p->host == HOST_WILDCARD_NAME))
		return "a listener needs an address, not a name: 127.0.0.1, 0.0.0.0, [::] or *";
	if (listen && ((p->host == HOST_V4 && p->prefix != 32) || (p->host == HOST_V6 && p->prefix != 128)))
		return "a listener needs one address, not a network: 0.0.0.0 is any IPv4 address, [::] any at all";
	if (!listen && p->host == HOST_V4 && p->prefix == 32 && !memcmp(p->address, none, 4))
		return "nothing can be connected to at 0.0.0.0: any IPv4 address is 0.0.0.0/0, any at all is *";
	if (!listen && p->host == HOST_V6 && p->prefix == 128 && !memcmp(p->address, none, 16))
		return "nothing can be connected to at [::]: any IPv6 address is [::/0], any at all is *";
	return NULL;
}

static bool read_unix(struct reader *r, const char *path, const char *at, struct endpoint *out)
{
	struct path_grant p;

	if (!read_path(r, path, at, &p))
		return false;
	if (strlen(p.inside) > 107) {
		complain(r, at, "the path of a unix socket has at most 107 bytes, this one %zu", strlen(p.inside));
		return false;
	}
	out->kind = ENDPOINT_UNIX;
	out->name = p.host;
	out->inside = p.inside;
	out->text = endpoint_text(r->g->arena, out);
	return true;
}

/* What is missing is told first. */
static bool no_ports(struct reader *r, const char *s, const char *rest, const char *at)
{
	bool number = *rest && rest[strspn(rest, "0123456789,-")] == '\0';

	if (number || *rest == ':')
		complain(r, at, "\"%.64s\" lacks an address: HOST:PORTS, such as \"127.0.0.1:%.64s\"", s, rest + (*rest == ':'));
	else if (*rest && (!strchr(rest, ':') || *rest == '['))
		complain(r, at, "\"%.64s\" lacks a port: HOST:PORTS, such as \"%.64s:443\"", s, s);
	else
		complain(r, at, "\"%.64s\": %s", s, SHAPE);
	return false;
}

bool read_endpoint(struct reader *r, const char *s, const char *at, bool listen, struct endpoint *out)
{
	struct arena *a = r->g->arena;
	const char *rest = s, *colon, *wrong;

	*out = (struct endpoint){ .kind = ENDPOINT_TCP, .at = standing(r, at) };
	if (!strncmp(s, "unix:", 5))
		return read_unix(r, s + 5, at, out);
	if (!strncmp(s, "udp://", 6))
		out->kind = ENDPOINT_UDP;
	if (!strncmp(s, "udp://", 6) || !strncmp(s, "tcp://", 6))
		rest = s + 6;
	colon = strrchr(rest, ':');
	if (!colon || colon == rest || (colon[1] && strchr(colon, ']')))
		return no_ports(r, s, rest, at);
	wrong = read_host(a, arena_strn(a, rest, (size_t)(colon - rest)), out);
	if (!wrong && !read_ports(a, colon + 1, out))
		wrong = "expected ports of 1 to 65535 behind the last \":\": \"5432\", \"8000-8099\", \"80,443\" or \"*\"";
	if (!wrong)
		wrong = check_use(out, listen);
	if (wrong) {
		complain(r, at, "%s; got \"%.64s\"", wrong, s);
		return false;
	}
	out->text = endpoint_text(a, out);
	return true;
}
