/* sha256.h - SHA-256 (FIPS 180-4), for the names of templates. Not for secrets. */
#ifndef WASIRUN_SANDBOX_SHA256_H
#define WASIRUN_SANDBOX_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;           /* so far */
	unsigned char block[64];  /* bytes % 64 of them are filled */
};
void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t n);
void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES]);

/* A text with its NUL, so that "ab" "c" and "a" "bc" differ; NULL is not "". */
void sha256_text(struct sha256 *s, const char *text);

#endif
