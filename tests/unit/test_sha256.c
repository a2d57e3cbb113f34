/* test_sha256.c - the examples of FIPS 180-4 and of NIST's test vectors. */
#include "runtime/sandbox/sha256.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <string.h>

static const char *hex(struct sha256 *s)
{
	static char out[2 * SHA256_BYTES + 1];
	unsigned char sum[SHA256_BYTES];
	size_t i;

	sha256_end(s, sum);
	for (i = 0; i < sizeof sum; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return out;
}

static const char *of(const char *text)
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, text, strlen(text));
	return hex(&s);
}

TEST(sha256_examples)
{
	CHECK_STR(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STR(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_STR(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	CHECK_STR(of("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
		  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

TEST(sha256_a_million_letters_in_uneven_pieces)
{
	char a[1000];
	size_t left = 1000000, n = 1;
	struct sha256 s;

	memset(a, 'a', sizeof a);
	sha256_begin(&s);
	for (; left; left -= n) {
		n = (n * 7 + 3) % sizeof a + 1;
		if (n > left)
			n = left;
		sha256_add(&s, a, n);
	}
	CHECK_STR(hex(&s), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length around a block's end, in one piece and byte by byte. */
TEST(sha256_lengths)
{
	char a[200], whole[65];
	struct sha256 s;
	size_t n, i;

	memset(a, 'x', sizeof a);
	for (n = 50; n < 140; n++) {
		sha256_begin(&s);
		sha256_add(&s, a, n);
		strcpy(whole, hex(&s));
		sha256_begin(&s);
		for (i = 0; i < n; i++)
			sha256_add(&s, a, 1);
		CHECK_STR(hex(&s), whole);
	}
}

TEST(sha256_texts_have_borders)
{
	struct sha256 s;
	char one[65], two[65], none[65];

	sha256_begin(&s);
	sha256_text(&s, "ab");
	sha256_text(&s, "c");
	strcpy(one, hex(&s));
	sha256_begin(&s);
	sha256_text(&s, "a");
	sha256_text(&s, "bc");
	strcpy(two, hex(&s));
	sha256_begin(&s);
	sha256_text(&s, NULL);
	strcpy(none, hex(&s));
	sha256_begin(&s);
	sha256_text(&s, "");
	CHECK(strcmp(one, two) != 0);
	CHECK(strcmp(none, hex(&s)) != 0);
}
