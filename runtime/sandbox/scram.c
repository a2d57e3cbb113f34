/* scram.c - SCRAM-SHA-256's stored and server key of a password: PBKDF2 (RFC 8018) over HMAC (RFC 2104), whose two padded keys are hashed
 * once instead of in each of the rounds. Must not keep anything. */
#include "sandbox/scram.h"
#include "sandbox/sha256.h"
#include <stdint.h>
#include <string.h>

struct key {
	struct sha256 inner, outer; /* with the padded key in them */
};

static void key_set(struct key *k, const void *bytes, size_t n)
{
	unsigned char block[64] = { 0 }, pad[64];
	size_t i;

	if (n > sizeof block) {
		sha256_begin(&k->inner);
		sha256_add(&k->inner, bytes, n);
		sha256_end(&k->inner, block);
	} else {
		memcpy(block, bytes, n);
	}
	for (i = 0; i < sizeof pad; i++)
		pad[i] = block[i] ^ 0x36;
	sha256_begin(&k->inner);
	sha256_add(&k->inner, pad, sizeof pad);
	for (i = 0; i < sizeof pad; i++)
		pad[i] = block[i] ^ 0x5c;
	sha256_begin(&k->outer);
	sha256_add(&k->outer, pad, sizeof pad);
}

static void mac(const struct key *k, const void *bytes, size_t n, unsigned char out[SHA256_BYTES])
{
	struct sha256 s = k->inner;

	sha256_add(&s, bytes, n);
	sha256_end(&s, out);
	s = k->outer;
	sha256_add(&s, out, SHA256_BYTES);
	sha256_end(&s, out);
}

/* PBKDF2's first and only block. */
static void salted(const char *password, const unsigned char *salt, unsigned char out[SHA256_BYTES])
{
	unsigned char first[SCRAM_SALT + 4], u[SHA256_BYTES];
	struct key k;
	size_t i, round;

	memcpy(first, salt, SCRAM_SALT);
	memcpy(first + SCRAM_SALT, "\0\0\0\1", 4);
	key_set(&k, password, strlen(password));
	mac(&k, first, sizeof first, u);
	memcpy(out, u, sizeof u);
	for (round = 1; round < SCRAM_ROUNDS; round++) {
		mac(&k, u, sizeof u, u);
		for (i = 0; i < sizeof u; i++)
			out[i] ^= u[i];
	}
}

static const char *base64(struct arena *a, const unsigned char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_alloc(a, n / 3 * 4 + 5), *at = out;
	size_t i;

	for (i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);

		*at++ = digits[v >> 18];
		*at++ = digits[v >> 12 & 63];
		*at++ = i + 1 < n ? digits[v >> 6 & 63] : '=';
		*at++ = i + 2 < n ? digits[v & 63] : '=';
	}
	return out;
}

const char *scram_secret(struct arena *a, const char *password, const unsigned char salt[SCRAM_SALT])
{
	unsigned char base[SHA256_BYTES], client[SHA256_BYTES], stored[SHA256_BYTES], server[SHA256_BYTES];
	struct sha256 s;
	struct key k;
	const char *p;

	for (p = password; *p; p++)
		if (*p < ' ' || *p > '~')
			return NULL;
	salted(password, salt, base);
	key_set(&k, base, sizeof base);
	mac(&k, "Client Key", 10, client);
	mac(&k, "Server Key", 10, server);
	sha256_begin(&s);
	sha256_add(&s, client, sizeof client);
	sha256_end(&s, stored);
	return arena_fmt(a, "SCRAM-SHA-256$%d:%s$%s:%s", SCRAM_ROUNDS, base64(a, salt, SCRAM_SALT), base64(a, stored, sizeof stored),
			 base64(a, server, sizeof server));
}
