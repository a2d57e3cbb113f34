/* test_json.c - what json_parse accepts, refuses and remembers, and what the writer writes. */
#include "oci/json.h"
#include "test.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct arena arena;
static struct err err;

static int parse_n(const char *s, size_t n, struct json **out)
{
	arena_drop(&arena);
	memset(&err, 0, sizeof err);
	return json_parse(&arena, s, n, JSON_MAX_STATE, "x.json", out, &err);
}

static int parse(const char *s, struct json **out)
{
	return parse_n(s, strlen(s), out);
}

/* Parsed and written again, compact. */
static const char *again(const char *s)
{
	struct text t = { .arena = &arena };
	struct json *v;

	if (parse(s, &v) < 0)
		return err.text;
	json_write(&t, v, 0);
	return text_get(&t);
}

TEST(json_values)
{
	CHECK_STR(again("{\"a\":[1,-2,3.5e7,true,false,null,\"x\"],\"b\":{}}"),
		  "{\"a\":[1,-2,3.5e7,true,false,null,\"x\"],\"b\":{}}");
	CHECK_STR(again(" [ ] "), "[]");
	CHECK_STR(again("\"a\""), "\"a\"");
	CHECK_STR(again("17"), "17");
	CHECK_STR(again("true"), "true");
	CHECK_STR(again("[\"a/b\\/c\"]"), "[\"a/b/c\"]");
	CHECK_STR(again("[18446744073709551615]"), "[18446744073709551615]");
}

TEST(json_escapes)
{
	struct json *v;

	CHECK_STR(again("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), "[\"\\\"\\\\/\\u0008\\u000c\\n\\u000d\\t\"]");
	CHECK_STR(again("[\"\\u00e9\\u20ac\\ud83d\\ude00\"]"), "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]");
	REQUIRE(parse("{\"a\\\\\": \"b\\\"c\", \"\\u0064\": \"\\\\\"}", &v) == 0);
	CHECK_STR(v->child->key, "a\\");
	CHECK_STR(v->child->text, "b\"c");
	CHECK_INT(v->child->n, 3);
	CHECK_STR(v->child->next->key, "d");
	CHECK_STR(v->child->next->text, "\\");
}

TEST(json_offsets)
{
	struct json *v;
	unsigned line, column;
	static const char doc[] = "{\n  \"a\": [10, \"b\\n\", {}],\n\t\"c\": null,\"d\":false, \"e\" : true }";

	REQUIRE(parse(doc, &v) == 0);
	CHECK_INT(v->offset, 0);
	CHECK_INT(doc[json_at(v, "/a")->offset], '[');
	CHECK_INT(doc[json_at(v, "/a/0")->offset], '1');
	CHECK_INT(json_at(v, "/a/1")->offset, strchr(doc, 'b') - doc - 1);
	CHECK_INT(json_at(v, "/a/2")->offset, strstr(doc, "{}") - doc);
	CHECK_INT(json_at(v, "/c")->offset, strstr(doc, "null") - doc);
	CHECK_INT(json_at(v, "/d")->offset, strstr(doc, "false") - doc);
	CHECK_INT(json_at(v, "/e")->offset, strstr(doc, "true") - doc);
	json_place(doc, strlen(doc), json_at(v, "/c")->offset, &line, &column);
	CHECK_INT(line, 3);
	CHECK_INT(column, 7);
	json_place(doc, strlen(doc), 1u << 30, &line, &column);
	CHECK_INT(line, 3);
}

TEST(json_pointers)
{
	struct json *v;

	REQUIRE(parse("{\"a/b\":{\"~\":[1,{\"c\":2}]},\"a\":3,\"\":4}", &v) == 0);
	CHECK(json_at(v, "") == v);
	CHECK_STR(json_at(v, "/a~1b/~0/1/c")->text, "2");
	CHECK_STR(json_at(v, "/a")->text, "3");
	CHECK_STR(json_at(v, "/")->text, "4");
	CHECK(json_at(v, "/a~1b/~0/2") == NULL);
	CHECK(json_at(v, "/a~1b/~0/x") == NULL);
	CHECK(json_at(v, "/a/0") == NULL);
	CHECK(json_at(v, "/ab") == NULL);
	CHECK(json_get(v, "a") == json_at(v, "/a"));
	CHECK(json_get(json_get(v, "a"), "a") == NULL);
}

TEST(json_refuses)
{
	static const struct {
		const char *doc, *text;
	} bad[] = {
		{ "", "x.json: the file is empty" },
		{ " ", "x.json:1:" },
		{ "{", "x.json:1:2: premature EOF" },
		{ "{\"a\":1", "premature EOF" },
		{ "{\"a\":1}}", "x.json:1:8: " },
		{ "{\"a\":1} {}", "x.json:1:9: " },
		{ "[1,]", "x.json:1:4: " },
		{ "{\"a\":1,}", "x.json:1:8: " },
		{ "{a:1}", "x.json:1:2: " },
		{ "{'a':1}", "x.json:1:2: " },
		{ "[01]", "x.json:1:" },
		{ "[+1]", "x.json:1:2: " },
		{ "[1.]", "x.json:1:" },
		{ "[.5]", "x.json:1:2: " },
		{ "[NaN]", "x.json:1:2: " },
		{ "[nul]", "x.json:1:" },
		{ "[\"a\nb\"]", "x.json:" },
		{ "[\"\\x\"]", "x.json:1:" },
		{ "[\"\\", "x.json:1:3: an escape is cut off" },
		{ "[\"\\u12\"]", "x.json:1:3: \\u needs four hexadecimal digits" },
		{ "[\"\\u\"", "\\u needs four" },
		{ "[\"\\ud8\\u\"]", "\\u needs four" },
		{ "[\"\\u0000\"]", "x.json:1:3: \\u0000 is not allowed" },
		{ "[\"ab\\ud800\"]", "x.json:1:5: half of a surrogate pair" },
		{ "[\"\\ud800\\u0041\"]", "half of a surrogate pair" },
		{ "[\"\\ud800\\\\udc00\"]", "half of a surrogate pair" },
		{ "[\"\\udc00\"]", "half of a surrogate pair" },
		{ "[\"\\udc00\\ud800\"]", "half of a surrogate pair" },
		{ "// x\n[]", "x.json:1:" },
		{ "[/* */]", "x.json:1:" },
		{ "\xef\xbb\xbf[]", "x.json:1:1: a byte order mark is not allowed" },
		{ "[\"\xc0\x80\"]", "x.json:1:3: not valid UTF-8" },
		{ "[\"..\xc0\xaf..\"]", "not valid UTF-8" },
		{ "[\"\xe0\x9f\xbf\"]", "not valid UTF-8" },
		{ "[\"\xed\xa0\x80\"]", "not valid UTF-8" },
		{ "[\"\xf0\x8f\xbf\xbf\"]", "not valid UTF-8" },
		{ "[\"\xf4\x90\x80\x80\"]", "not valid UTF-8" },
		{ "[\"\xf7\xbf\xbf\xbf\"]", "not valid UTF-8" },
		{ "[\"\xe2\x82\"]", "not valid UTF-8" },
		{ "[\"\x80\"]", "not valid UTF-8" },
		{ "[\"\xff\"]", "not valid UTF-8" },
		{ "[\"\xf0\x9f", "not valid UTF-8" },
		{ "{\"a\":1,\"a\":2}", "x.json:1:8: duplicate key \"a\"" },
		{ "{\"a\":1,\"\\u0061\":2}", "x.json:1:8: duplicate key \"a\"" },
		{ "[[{\"b\":{},\n\"c\":1,\n \"b\":2}]]", "x.json:3:2: duplicate key \"b\"" },
		{ "[123456789012345678901234567890123]", "x.json:1:2: a number of more than 32 bytes" },
	};
	struct json *v;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_INT(parse(bad[i].doc, &v) < 0, 1);
		CHECK_HAS(err.text, bad[i].text);
		CHECK_INT(v == NULL, 1);
	}
}

TEST(json_nul_bytes)
{
	struct json *v;

	CHECK_INT(parse_n("{\"a\":1}\0{", 9, &v), -EINVAL);
	CHECK_HAS(err.text, "x.json:1:8: a NUL byte is not allowed");
	CHECK_INT(parse_n("[\"aaaaaaaaaaaaaaaa\0a\"]", 22, &v), -EINVAL);
	CHECK_HAS(err.text, "NUL byte");
	CHECK_INT(parse_n("\0", 1, &v), -EINVAL);
}

/* n copies of part between head and tail. */
static char *repeat(const char *head, const char *part, size_t n, const char *tail)
{
	size_t h = strlen(head), p = strlen(part), i;
	char *s = malloc(h + n * p + strlen(tail) + 1);

	memcpy(s, head, h);
	for (i = 0; i < n; i++)
		memcpy(s + h + i * p, part, p);
	strcpy(s + h + n * p, tail);
	return s;
}

static void check_limit(char *doc, const char *text)
{
	struct json *v;

	CHECK_INT(parse(doc, &v), text ? -E2BIG : 0);
	if (text)
		CHECK_HAS(err.text, text);
	free(doc);
}

TEST(json_limits)
{
	struct json *v;
	char *deep;

	check_limit(repeat("", "[", 64, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"), NULL);
	check_limit(repeat("", "[", 65, ""), "x.json:1:65: nested more than 64 levels deep");
	check_limit(repeat("[", "0,", 199998, "0]"), NULL);
	check_limit(repeat("[", "0,", 199999, "0]"), "more than 200000 values");
	check_limit(repeat("[\"", "a", 1 << 20, "\"]"), NULL);
	check_limit(repeat("[\"", "a", (1 << 20) + 1, "\"]"), "x.json:1:2: a string of more than 1 MiB");
	check_limit(repeat("{\"", "k", 4096, "\":1}"), NULL);
	check_limit(repeat("{\"", "k", 4097, "\":1}"), "a key of more than 4096 bytes");
	check_limit(repeat("[", "1", 32, "]"), NULL);
	CHECK_INT(json_parse(&arena, "[1]", 3, 2, "x.json", &v, &err), -E2BIG);
	CHECK_STR(err.text, "x.json: 3 bytes are more than the limit of 2");
	/* what made yajl_tree crash */
	deep = repeat("", "[", 400000, "");
	CHECK_INT(parse(deep, &v), -E2BIG);
	free(deep);
}

/* Keys k0 .. kN-1 and one more. */
static char *many_keys(size_t n, const char *last)
{
	char *s = malloc(n * 16 + 64);
	size_t len = 1, i;

	s[0] = '{';
	for (i = 0; i < n; i++)
		len += (size_t)sprintf(s + len, "\"k%zu\":0,", i);
	sprintf(s + len, "\"%s\":0}", last);
	return s;
}

TEST(json_duplicates_in_big_objects)
{
	static const size_t sizes[] = { 1, 2, 10, 11, 12, 13, 14, 31, 32, 33, 100, 5000, 9999 };
	struct json *v;
	size_t i;
	char key[32];

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char *doc = many_keys(sizes[i], "other");

		CHECK_INT(parse(doc, &v), 0);
		free(doc);
		snprintf(key, sizeof key, "k%zu", sizes[i] / 2);
		doc = many_keys(sizes[i], key);
		CHECK_INT(parse(doc, &v), -EINVAL);
		CHECK_HAS(err.text, "duplicate key");
		free(doc);
	}
	check_limit(many_keys(10000, "x"), "an object with more than 10000 members");
}

/* The set of one object must not leak into the next of the same depth. */
TEST(json_sets_are_per_object)
{
	char *a = many_keys(40, "x"), *b = many_keys(20, "x"), *c = many_keys(20, "k7"), *doc = malloc(8192);
	struct json *v;

	sprintf(doc, "[%s,%s,%s]", a, b, b);
	CHECK_INT(parse(doc, &v), 0);
	sprintf(doc, "[%s,%s,%s]", a, b, c);
	CHECK_INT(parse(doc, &v), -EINVAL);
	free(a);
	free(b);
	free(c);
	free(doc);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 20 MB of what cost a tree 880 MB: refused by size at once, and by count where the size is allowed. */
TEST(json_hostile_documents_are_cheap)
{
	char *doc = repeat("[", "0,", 10000000, "0]");
	double begin = seconds();
	struct json *v;

	CHECK_INT(parse(doc, &v), -E2BIG);
	arena_drop(&arena);
	CHECK_INT(json_parse(&arena, doc, strlen(doc), (size_t)64 << 20, "x.json", &v, &err), -E2BIG);
	CHECK_HAS(err.text, "values");
	CHECK(arena.used < (size_t)40 << 20);
	CHECK(seconds() - begin < 1.0);
	free(doc);
}

static int as_int(const char *s, int64_t *out)
{
	struct json *v;

	return parse(s, &v) < 0 ? -1000 : json_int(v, out);
}

static int as_uint(const char *s, uint64_t *out)
{
	struct json *v;

	return parse(s, &v) < 0 ? -1000 : json_uint(v, out);
}

TEST(json_integers)
{
	int64_t i = 0;
	uint64_t u = 0;

	CHECK_INT(as_int("0", &i), 0);
	CHECK_INT(i, 0);
	CHECK_INT(as_int("-9223372036854775808", &i), 0);
	CHECK_INT(i, INT64_MIN);
	CHECK_INT(as_int("9223372036854775807", &i), 0);
	CHECK_INT(i, INT64_MAX);
	CHECK_INT(as_int("9223372036854775808", &i), -ERANGE);
	CHECK_INT(as_int("-9223372036854775809", &i), -ERANGE);
	CHECK_INT(as_int("99999999999999999999999", &i), -ERANGE);
	CHECK_INT(as_int("-1", &i), 0);
	CHECK_INT(i, -1);
	CHECK_INT(as_uint("18446744073709551615", &u), 0);
	CHECK(u == UINT64_MAX);
	CHECK_INT(as_uint("18446744073709551616", &u), -ERANGE);
	CHECK_INT(as_uint("-1", &u), -ERANGE);
	CHECK_INT(as_uint("-0", &u), -EINVAL);
	CHECK_INT(as_int("-0", &i), -EINVAL);
	CHECK_INT(as_int("1.0", &i), -EINVAL);
	CHECK_INT(as_int("1e3", &i), -EINVAL);
	CHECK_INT(as_int("1E3", &i), -EINVAL);
	CHECK_INT(as_int("\"1\"", &i), -EINVAL);
	CHECK_INT(as_int("true", &i), -EINVAL);
}

TEST(json_writer)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t, .indent = 2 };

	json_open(&w, '{');
	json_key(&w, "a");
	json_put_str(&w, "x\n\x01\xff/");
	json_key(&w, "b");
	json_open(&w, '[');
	json_put_int(&w, INT64_MIN);
	json_put_uint(&w, UINT64_MAX);
	json_close(&w, ']');
	json_key(&w, "c");
	json_open(&w, '{');
	json_close(&w, '}');
	json_key(&w, "d");
	json_put_null(&w);
	json_close(&w, '}');
	CHECK_STR(text_get(&t), "{\n  \"a\": \"x\\n\\u0001\xef\xbf\xbd/\",\n  \"b\": [\n    -9223372036854775808,\n"
				"    18446744073709551615\n  ],\n  \"c\": {},\n  \"d\": null\n}");
	t = (struct text){ .arena = &arena };
	w = (struct json_out){ .t = &t };
	json_open(&w, '[');
	json_open(&w, '[');
	json_close(&w, ']');
	json_put_bool(&w, true);
	json_open(&w, '{');
	json_key(&w, "k");
	json_put_bool(&w, false);
	json_close(&w, '}');
	json_close(&w, ']');
	CHECK_STR(text_get(&t), "[[],true,{\"k\":false}]");
}

TEST(json_type_names)
{
	CHECK_STR(json_type_name(JSON_NULL), "null");
	CHECK_STR(json_type_name(JSON_TRUE), "boolean");
	CHECK_STR(json_type_name(JSON_NUMBER), "number");
	CHECK_STR(json_type_name(JSON_OBJECT), "object");
}
