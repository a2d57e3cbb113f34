/* sha256.c - SHA-256 as FIPS 180-4 defines it.
 *
 * Of our own, because none of the libraries that are linked has one, libcrypto would more than double the static binary, and AF_ALG is not
 * in every kernel and not in every sandbox that wasirun itself is started in.
 * Must not be used for passwords: it is as fast as it can be, and takes a time that depends on nothing but the length. */
#include "sandbox/sha256.h"
#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
	0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
	0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t load(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t schedule(const uint32_t *w, unsigned t)
{
	uint32_t far = w[(t - 15) % 16], near = w[(t - 2) % 16];
	uint32_t s0 = rotate(far, 7) ^ rotate(far, 18) ^ far >> 3;
	uint32_t s1 = rotate(near, 17) ^ rotate(near, 19) ^ near >> 10;

	return w[t % 16] + s0 + w[(t - 7) % 16] + s1;
}

/* One round. Its eight variables go round by their names, in the calls: moving them would take as long as all the rest. */
static inline void turn(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g, uint32_t *h, uint32_t kw)
{
	uint32_t t1 = *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + kw;

	*d += t1;
	*h = t1 + (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

/* FIPS 180-4, 6.2.2; of the message schedule the last 16 words are kept */
static void compress(uint32_t state[8], const unsigned char *block)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[16];
	unsigned t;

	for (t = 0; t < 16; t++)
		w[t] = load(block + 4 * t);
	for (t = 0; t < 64; t += 8) {
		unsigned i;

		for (i = t; t >= 16 && i < t + 8; i++)
			w[i % 16] = schedule(w, i);
		turn(a, b, c, &d, e, f, g, &h, K[t] + w[t % 16]);
		turn(h, a, b, &c, d, e, f, &g, K[t + 1] + w[t % 16 + 1]);
		turn(g, h, a, &b, c, d, e, &f, K[t + 2] + w[t % 16 + 2]);
		turn(f, g, h, &a, b, c, d, &e, K[t + 3] + w[t % 16 + 3]);
		turn(e, f, g, &h, a, b, c, &d, K[t + 4] + w[t % 16 + 4]);
		turn(d, e, f, &g, h, a, b, &c, K[t + 5] + w[t % 16 + 5]);
		turn(c, d, e, &f, g, h, a, &b, K[t + 6] + w[t % 16 + 6]);
		turn(b, c, d, &e, f, g, h, &a, K[t + 7] + w[t % 16 + 7]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void sha256_begin(struct sha256 *s)
{
	/* of the square roots of the first eight primes (5.3.3) */
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->state, start, sizeof start);
	s->bytes = 0;
}

void sha256_add(struct sha256 *s, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t have = s->bytes % 64, part;

	s->bytes += n;
	if (have) {
		part = n < 64 - have ? n : 64 - have;
		memcpy(s->block + have, p, part);
		p += part;
		n -= part;
		if (have + part < 64)
			return;
		compress(s->state, s->block);
	}
	for (; n >= 64; n -= 64, p += 64)
		compress(s->state, p);
	if (n)
		memcpy(s->block, p, n);
}

void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES])
{
	static const unsigned char padding[64] = { 0x80 };
	uint64_t bits = s->bytes * 8;
	unsigned char length[8];
	size_t have;
	unsigned i;

	for (i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	have = s->bytes % 64;
	sha256_add(s, padding, have < 56 ? 56 - have : 120 - have);
	sha256_add(s, length, sizeof length);
	for (i = 0; i < SHA256_BYTES; i++)
		out[i] = (unsigned char)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_text(struct sha256 *s, const char *text)
{
	sha256_add(s, text ? "=" : "-", 1);
	if (text)
		sha256_add(s, text, strlen(text) + 1);
}
