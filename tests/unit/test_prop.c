/* test_prop.c - decoding and encoding by rows, with rows of its own, and what must be true of all rows. */
#include "oci/config.h"
#include "oci/prop_row.h"
#include "oci/state.h"
#include "test.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct inner {
	char *key, *name;
	struct opt_uint size;
};
struct outer {
	bool flag;
	struct opt_bool maybe;
	char *text, *path;
	struct opt_int number;
	struct opt_uint count;
	uint32_t id;
	int word;
	struct strs list;
	struct u32s ids;
	struct ints words, caps;
	struct kvs map;
	struct inner *one;
	LIST(struct inner) many;
	LIST(struct inner) named;
};
static const struct prop inner_rows[] = {
	{ ROW_STR(inner, name, "name"), .flags = PROP_NONEMPTY },
	{ ROW_UINT(inner, size, "size", 0), .min = 1, .flags = PROP_REQUIRED },
	{ 0 },
};
static const struct prop rows[] = {
	{ ROW_BOOL(outer, flag, "flag"), .flags = PROP_SECURITY },
	{ ROW_OPT_BOOL(outer, maybe, "maybe") },
	{ ROW_STR(outer, text, "text"), .max_bytes = 8 },
	{ ROW_STR(outer, path, "path"), .flags = PROP_ABS },
	{ ROW_INT(outer, number, "number", -5, 5) },
	{ ROW_UINT(outer, count, "count", 0) },
	{ ROW_U32(outer, id, "id", 4294967294) },
	{ ROW_WORD(outer, word, "word", words_propagation) },
	{ ROW_STRS(outer, list, "list"), .flags = PROP_ABS | PROP_NONEMPTY },
	{ ROW_U32S(outer, ids, "ids", 9) },
	{ ROW_WORDS(outer, words, "words", words_io_class) },
	{ ROW_WORDS(outer, caps, "caps", words_capability), .flags = PROP_LENIENT },
	{ ROW_MAP(outer, map, "map") },
	{ ROW_OBJ(outer, one, "one", inner_rows) },
	{ ROW_LIST(outer, many, "many", inner_rows) },
	{ ROW_OBJMAP(outer, named, "named", inner_rows) },
	{ 0 },
};

static struct arena arena;
static struct err err;
static struct outer o;

static int decode(const char *s, enum prop_unknown unknown)
{
	struct json *v;

	arena_drop(&arena);
	memset(&err, 0, sizeof err);
	memset(&o, 0, sizeof o);
	if (json_parse(&arena, s, strlen(s), JSON_MAX_CONFIG, "x", &v, &err) < 0)
		return -1;
	return prop_decode(&arena, rows, v, unknown, "/top", &o, &err);
}

static const char *encode(void)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t };

	prop_encode(&w, rows, &o);
	return text_get(&t);
}

TEST(prop_all_kinds_round_trip)
{
	static const char doc[] =
		"{\"flag\":true,\"maybe\":false,\"text\":\"\",\"path\":\"/x\",\"number\":-5,\"count\":18446744073709551615,"
		"\"id\":4294967294,\"word\":\"slave\",\"list\":[\"/a\",\"/b\"],\"ids\":[0,9],"
		"\"words\":[\"IOPRIO_CLASS_RT\"],\"caps\":[\"CAP_BPF\"],\"map\":{\"k\":\"v\",\"l\":\"\"},"
		"\"one\":{\"name\":\"n\",\"size\":1},\"many\":[{\"size\":2},{\"size\":3}],\"named\":{\"e0\":{\"size\":4}}}";

	REQUIRE(decode(doc, PROP_UNKNOWN_ERROR) == 0);
	CHECK_STR(encode(), doc);
	CHECK(o.maybe.set && !o.maybe.v);
	CHECK_STR(o.text, "");
	CHECK_INT(o.list.n, 2);
	CHECK(o.list.v[2] == NULL);
	CHECK_STR(o.named.v[0].key, "e0");
	CHECK_INT(o.many.v[1].size.v, 3);
}

TEST(prop_absent)
{
	REQUIRE(decode("{}", PROP_UNKNOWN_ERROR) == 0);
	CHECK_STR(encode(), "{\"id\":0}");
	CHECK_INT(o.word, WORD_ABSENT);
	CHECK(!o.text && !o.one && !o.list.v && !o.many.v && !o.map.v && !o.number.set);
}

TEST(prop_empty_is_not_absent)
{
	REQUIRE(decode("{\"ids\":[],\"map\":{},\"many\":[],\"words\":[],\"named\":{}}", PROP_UNKNOWN_ERROR) == 0);
	CHECK(o.ids.v && o.map.v && o.many.v && o.words.v && o.named.v);
	CHECK_INT(o.ids.n + o.map.n + o.many.n + o.words.n + o.named.n, 0);
	CHECK_STR(encode(), "{\"id\":0,\"ids\":[],\"words\":[],\"map\":{},\"many\":[],\"named\":{}}");
}

TEST(prop_null_is_absent_where_go_writes_it)
{
	CHECK_INT(decode("{\"flag\":null,\"one\":null,\"list\":null,\"id\":null,\"word\":null}", PROP_UNKNOWN_IGNORE), 0);
	CHECK_INT(o.word, WORD_ABSENT);
	CHECK_INT(decode("{\"flag\":null}", PROP_UNKNOWN_ERROR), -EINVAL);
	CHECK_INT(decode("{\"one\":{\"size\":null}}", PROP_UNKNOWN_IGNORE), -EINVAL);
	CHECK_STR(err.at, "/top/one/size");
	CHECK_INT(decode("{\"list\":[null]}", PROP_UNKNOWN_IGNORE), -EINVAL);
}

TEST(prop_duplicates_in_lists_of_words_are_dropped)
{
	REQUIRE(decode("{\"caps\":[\"CAP_KILL\",\"CAP_NOPE\",\"CAP_KILL\",\"CAP_BPF\"]}", PROP_UNKNOWN_ERROR) == 0);
	CHECK_STR(encode(), "{\"id\":0,\"caps\":[\"CAP_KILL\",\"CAP_BPF\"]}");
}

TEST(prop_refuses)
{
	static const struct {
		const char *doc, *at, *text;
	} bad[] = {
		{ "[]", "/top", "expected object, got array" },
		{ "{\"flag\":\"true\"}", "/top/flag", "expected boolean, got string" },
		{ "{\"flag\":1}", "/top/flag", "expected boolean, got 1" },
		{ "{\"maybe\":{}}", "/top/maybe", "expected boolean, got object" },
		{ "{\"text\":true}", "/top/text", "expected string, got boolean" },
		{ "{\"text\":\"123456789\"}", "/top/text", "a string of 9 bytes; at most 8 are allowed" },
		{ "{\"path\":\"x\"}", "/top/path", "expected an absolute path, got \"x\"" },
		{ "{\"path\":\"\"}", "/top/path", "expected an absolute path" },
		{ "{\"number\":6}", "/top/number", "expected integer -5..5, got 6" },
		{ "{\"number\":1.0}", "/top/number", "expected integer -5..5, got 1.0" },
		{ "{\"number\":\"1\"}", "/top/number", "expected integer -5..5, got string" },
		{ "{\"count\":-1}", "/top/count", "expected integer 0..18446744073709551615, got -1" },
		{ "{\"count\":18446744073709551616}", "/top/count", "expected integer 0..18446744073709551615" },
		{ "{\"id\":4294967295}", "/top/id", "expected integer 0..4294967294, got 4294967295" },
		{ "{\"id\":-0}", "/top/id", "got -0" },
		{ "{\"word\":\"slaves\"}", "/top/word", "unknown mount propagation \"slaves\": expected one of private, shared" },
		{ "{\"word\":3}", "/top/word", "expected string, got 3" },
		{ "{\"list\":[]}", "/top/list", "must not be empty" },
		{ "{\"list\":\"/a\"}", "/top/list", "expected array, got string" },
		{ "{\"list\":[\"/a\",2]}", "/top/list/1", "expected string, got 2" },
		{ "{\"list\":[\"/a\",\"b\"]}", "/top/list/1", "expected an absolute path" },
		{ "{\"ids\":[1,10]}", "/top/ids/1", "expected integer 0..9, got 10" },
		{ "{\"words\":[\"IOPRIO_CLASS_XX\"]}", "/top/words/0", "unknown I/O priority class" },
		{ "{\"caps\":[7]}", "/top/caps/0", "expected string, got 7" },
		{ "{\"caps\":\"CAP_KILL\"}", "/top/caps", "expected array, got string" },
		{ "{\"map\":[]}", "/top/map", "expected object, got array" },
		{ "{\"map\":{\"a/b~\":1}}", "/top/map/a~1b~0", "expected string, got 1" },
		{ "{\"map\":{\"\":\"x\"}}", "/top/map", "the empty string cannot be a key" },
		{ "{\"one\":[]}", "/top/one", "expected object, got array" },
		{ "{\"one\":{}}", "/top/one/size", "required, but missing" },
		{ "{\"one\":{\"size\":0}}", "/top/one/size", "expected integer 1..18446744073709551615, got 0" },
		{ "{\"many\":[{\"size\":1},{\"size\":1,\"name\":\"\"}]}", "/top/many/1/name", "must not be empty" },
		{ "{\"many\":[3]}", "/top/many/0", "expected object, got 3" },
		{ "{\"named\":{\"e0\":{}}}", "/top/named/e0/size", "required, but missing" },
		{ "{\"named\":{\"\":{\"size\":1}}}", "/top/named", "the empty string cannot be a key" },
		{ "{\"fla\":true}", "/top/fla", "unknown property; did you mean \"flag\"?" },
		{ "{\"FLAG\":true}", "/top/FLAG", "unknown property; did you mean \"flag\"?" },
		{ "{\"else\":1}", "/top/else", "unknown property" },
	};
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK_INT(decode(bad[i].doc, PROP_UNKNOWN_ERROR), -EINVAL);
		CHECK_STR(err.at, bad[i].at);
		CHECK_HAS(err.text, bad[i].text);
	}
}

TEST(prop_unknown_names)
{
	char doc[400];

	CHECK_INT(decode("{\"else\":{\"a\":[1,{}]},\"fla\":1,\"FLAG\":2}", PROP_UNKNOWN_IGNORE), 0);
	CHECK(!o.flag);
	CHECK_INT(decode("{\"x-else\":1}", PROP_UNKNOWN_ERROR), 0);
	memset(doc, 'k', sizeof doc);
	memcpy(doc, "{\"", 2);
	strcpy(doc + 2 + 257, "\":1}");
	CHECK_INT(decode(doc, PROP_UNKNOWN_IGNORE), -EINVAL);
	CHECK_HAS(err.text, "more than 256 bytes");
}

TEST(prop_all_errors)
{
	struct prop_errors all = { 0 };
	struct json *tree;
	const char *doc = "{\"flag\":1,\"list\":[\"b\",2],\"fla\":0,\"many\":[{\"size\":0},{\"size\":1}],\"words\":[1,\"IOPRIO_CLASS_RT\"],"
			  "\"one\":{}}";
	size_t i;
	static const char *const at[] = { "/flag", "/list/0", "/list/1", "/fla", "/many/0/size", "/words/0", "/one/size" };

	memset(&o, 0, sizeof o);
	REQUIRE(json_parse(&arena, doc, strlen(doc), 4096, "doc", &tree, &err) == 0);
	CHECK_INT(prop_decode_all(&arena, rows, tree, PROP_UNKNOWN_ERROR, "", &o, &all), -EINVAL);
	REQUIRE(all.n == sizeof at / sizeof *at);
	for (i = 0; i < all.n; i++)
		CHECK_STR(all.v[i].at, at[i]);
	CHECK_INT(o.words.n, 1); /* what was wrong is not there, the rest is */
	CHECK_INT(o.many.n, 2);
	CHECK(o.list.n == 2 && o.list.v[1] == NULL);
	all.n = 0;
	REQUIRE(json_parse(&arena, "[]", 2, 4096, "doc", &tree, &err) == 0);
	CHECK_INT(prop_decode_all(&arena, rows, tree, PROP_UNKNOWN_ERROR, "", &o, &all), -EINVAL);
	CHECK_INT(all.n, 1);
}

static const struct prop bare_rows[] = {
	{ ROW_OBJ(outer, one, "one", inner_rows), .bare = "name" },
	{ 0 },
};

TEST(prop_a_string_stands_for_an_object)
{
	struct json *tree;

	memset(&o, 0, sizeof o);
	REQUIRE(json_parse(&arena, "{\"one\":\"x\"}", 11, 4096, "doc", &tree, &err) == 0);
	REQUIRE(prop_decode(&arena, bare_rows, tree, PROP_UNKNOWN_ERROR, "", &o, &err) == 0);
	CHECK_STR(o.one->name, "x");
	REQUIRE(json_parse(&arena, "{\"one\":\"\"}", 10, 4096, "doc", &tree, &err) == 0);
	CHECK_INT(prop_decode(&arena, bare_rows, tree, PROP_UNKNOWN_ERROR, "", &o, &err), -EINVAL);
	CHECK_STR(err.at, "/one");
}

TEST(prop_nearest_name)
{
	CHECK_STR(prop_nearest(process_props, "noNewPriviliges"), "noNewPrivileges");
	CHECK_STR(prop_nearest(process_props, "nonewprivileges"), "noNewPrivileges");
	CHECK_STR(prop_nearest(process_props, "capabilites"), "capabilities");
	CHECK_STR(prop_nearest(linux_props, "maskedPath"), "maskedPaths");
	CHECK_STR(prop_nearest(process_props, "cmd"), "cwd");
	CHECK_STR(prop_nearest(process_props, "xyz"), NULL);
	CHECK_STR(prop_nearest(process_props, "completelyElse"), NULL);
	CHECK_STR(prop_nearest(process_props, ""), NULL);
}

static void check_row(const struct prop *p, const char *at, void *ctx)
{
	const struct prop *q;

	++*(size_t *)ctx;
	if (!CHECK(p->doc && p->doc[0] && p->doc[strlen(p->doc) - 1] == '.'))
		printf("# %s\n", at);
	for (q = p + 1; q->name; q++)
		CHECK(strcmp(p->name, q->name) != 0);
	CHECK_INT((p->kind == PROP_OBJ || p->kind == PROP_LIST || p->kind == PROP_OBJMAP) == (p->sub != NULL), 1);
	CHECK_INT((p->kind == PROP_WORD || p->kind == PROP_WORDS) == (p->words != NULL), 1);
	for (q = p->sub; q && q->name; q++)
		CHECK(q->offset < p->size && q - p->sub < 64);
}

TEST(prop_rows_are_sound)
{
	size_t n = 0;

	prop_walk(config_props, "", check_row, &n);
	CHECK(n >= 190);
	prop_walk(record_props, "", check_row, &n);
}
