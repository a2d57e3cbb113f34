/* broker_dns.h - questions and answers of the domain name system as bytes (RFC 1035). Pure. Private to the broker. */
#ifndef WASIRUN_APPLY_BROKER_DNS_H
#define WASIRUN_APPLY_BROKER_DNS_H

#include "plan/grants.h"

#define DNS_UDP 512    /* bytes of a message without extensions */
#define DNS_NAME 256
#define DNS_MOST 16    /* addresses of a name that are passed on */
#define DNS_A 1
#define DNS_AAAA 28

enum dns_code { DNS_OK = 0, DNS_FORMAT = 1, DNS_FAILED = 2, DNS_NO_SUCH_NAME = 3 };

struct dns_question {
	uint16_t id, type;
	char name[DNS_NAME]; /* lower case, without the last dot */
};
struct dns_answer {
	enum dns_code code;
	uint32_t ttl; /* seconds; the shortest */
	struct net_address a[DNS_MOST];
	size_t n;
};

/* Reads a question. False: it is none that has an answer at all. */
bool dns_read_question(const unsigned char *m, size_t n, struct dns_question *out);
/* Writes q as a question of our own; DNS_UDP bytes are room enough. Returns the bytes. */
size_t dns_write_question(const struct dns_question *q, uint16_t id, unsigned char *m);
/* The answer to q, sent as id. False: it is not that. */
bool dns_read_answer(const unsigned char *m, size_t n, const struct dns_question *q, uint16_t id, struct dns_answer *out);
/* The answer for the one who asked. Returns the bytes, at most DNS_UDP. */
size_t dns_write_answer(const struct dns_question *q, const struct dns_answer *a, unsigned char *m);

#endif
