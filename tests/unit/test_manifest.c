/* test_manifest.c - the manifest's language: the corpus with its messages, units, paths, includes, trust, and what is built in.
 * What whole documents mean in words is held by tests/manifest/cases; that the schema agrees, by tests/manifest/agree.py. */
#include "manifest.h"

/* --- corpus */

static char *field(char **line)
{
	char *s = *line, *tab = strchr(s, '\t');

	if (tab) {
		*tab = 0;
		*line = tab + 1;
	}
	return s;
}

TEST(manifest_corpus)
{
	char *text, *line, *next, *verdict, *at, *part;
	size_t good = 0, bad = 0;

	begin();
	text = slurp(&arena, arena_fmt(&arena, "%s/corpus", directory()));
	REQUIRE(text);
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (*line == '#')
			continue;
		verdict = field(&line);
		field(&line);
		at = field(&line);
		part = field(&line);
		if (!strcmp(verdict, "good")) {
			accepted(line);
			good++;
			continue;
		}
		bad++;
		if (!CHECK_INT(decode(line), -EINVAL) || !CHECK(errs.n > 0)) {
			printf("# %s\n", line);
			continue;
		}
		if (!CHECK_STR(errs.v[0].at, at) | !CHECK_HAS(errs.v[0].text, strcmp(part, "-") ? part : ""))
			printf("# %s\n", line);
		CHECK(err.text[0] && err.code == EINVAL);
	}
	CHECK(good >= 60);
	CHECK(bad >= 150);
}

/* --- errors */

TEST(manifest_errors_are_all_told_in_order_and_placed)
{
	begin();
	CHECK_INT(
		decode("{\n \"resources\": {\"memory\": \"x\",\n  \"pids\": 0},\n \"nosuch\": 1,\n \"network\": {\"listen\": [1, \"y\"]}}"),
		-EINVAL);
	REQUIRE(errs.n == 5);
	CHECK_STR(errs.v[0].at, "/resources/memory");
	CHECK_INT(errs.v[0].line, 2);
	CHECK_INT(errs.v[0].column, 26);
	CHECK_STR(errs.v[1].at, "/resources/pids");
	CHECK_STR(errs.v[2].at, "/nosuch");
	CHECK_INT(errs.v[2].line, 4);
	CHECK_STR(errs.v[3].at, "/network/listen/0");
	CHECK_STR(errs.v[4].at, "/network/listen/1");
	CHECK_STR(err.at, "/resources/memory");
	CHECK_HAS(err.text, "(m.json:2:26; 4 more errors)");
}

TEST(manifest_syntax_error_ends_the_reading)
{
	begin();
	CHECK_INT(decode("{\"nosuch\":1,\n \"version\":\"1\",}"), -EINVAL);
	REQUIRE(errs.n == 1);
	CHECK_INT(errs.v[0].line, 2);
	CHECK(errs.v[0].column > 10);
	CHECK_STR(errs.v[0].at, "");
	CHECK(strncmp(errs.v[0].text, "m.json", 6) != 0);
}

TEST(manifest_too_much_of_anything)
{
	struct text t = { .arena = &arena };
	int i;

	begin();
	text_str(&t, "{\"capabilities\":{\"filesystem\":{\"read\":[");
	for (i = 0; i < 1001; i++)
		text_fmt(&t, "%s\"/%d\"", i ? "," : "", i);
	text_str(&t, "]}}}");
	refused(text_get(&t), "", "1001 elements; at most 1000 are allowed");
	begin();
	t = (struct text){ .arena = &arena };
	text_str(&t, "{");
	for (i = 0; i < 999; i++)
		text_fmt(&t, "%s\"k%d\":0", i ? "," : "", i);
	text_str(&t, "}");
	CHECK_INT(decode(text_get(&t)), -EINVAL);
	CHECK_INT(errs.n, 999);
	CHECK_HAS(err.text, "998 more errors");
	refused(arena_fmt(&arena, "{\"x-\":\"%0300000d\"}", 0), "", "more than the limit");
}

/* --- both forms */

TEST(manifest_short_and_full_form_mean_the_same)
{
	const char *inner = "\"network\":{\"listen\":[\"0.0.0.0:5432\"]},\"filesystem\":{\"read\":[\"/sandboxes/dev/config\"],"
			    "\"write\":[\"/sandboxes/dev/data\"]},\"resources\":{\"memory\":\"256M\",\"cpu\":\"1.0\"}";
	const char *first;

	begin();
	accepted(arena_fmt(&arena, "{%s}", inner));
	CHECK_STR(m.sandbox, "dev");
	first = normal(&m);
	accepted(arena_fmt(&arena, "{\"sandbox\":\"dev\",\"version\":\"1.0\",\"capabilities\":{%s}}", inner));
	CHECK_STR(normal(&m), first);
}

TEST(manifest_nothing_grants_nothing)
{
	begin();
	accepted("{}");
	CHECK_INT(m.listen.n + m.connect.n + m.paths.n + m.tmpfs.n + m.capabilities.n + m.environment.n + m.secrets.n, 0);
	CHECK(!m.network_host && !m.namespaces_allowed && m.root == ROOT_EMPTY && !m.root_given && m.exec_any);
	CHECK_STR(m.syscalls_profile, "default");
	CHECK_STR(m.landlock, "auto");
	CHECK_INT(m.devices.n, 6);
	accepted("{\"devices\":[]}");
	CHECK_INT(m.devices.n, 0);
}

/* --- units */

TEST(manifest_units)
{
	static const struct {
		const char *text;
		uint64_t memory;
		const char *shown;
	} sizes[] = {
		{ "\"256M\"", 268435456, "256M" },     { "\"256MiB\"", 268435456, "256M" },
		{ "\"1.5g\"", 1610612736, "1536M" },   { "1", 1, "1" },
		{ "\"64kb\"", 65536, "64K" },	       { "1000000", 1000000, "1000000" },
		{ "\"2T\"", UINT64_C(2) << 40, "2T" },
	};
	static const struct {
		const char *text;
		uint64_t v;
		const char *shown;
	} cpus[] = { { "\"1.0\"", 1000, "1.0" }, { "0.5", 500, "0.5" },	   { "\"500m\"", 500, "0.5" },	 { "\"50%\"", 500, "0.5" },
		     { "2", 2000, "2.0" },	 { "0.0001", 1, "0.001" }, { "\"12.5%\"", 125, "0.125" } },
	  times[] = { { "30", 30000, "30s" },	 { "\"500ms\"", 500, "500ms" }, { "\"90s\"", 90000, "90s" },
		      { "\"1m\"", 60000, "1m" }, { "\"1m30s\"", 90000, "90s" }, { "\"2h\"", 7200000, "2h" } };
	size_t i;

	begin();
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		accepted(arena_fmt(&arena, "{\"resources\":{\"memory\":%s}}", sizes[i].text));
		CHECK(m.memory.set);
		CHECK_INT(m.memory.v, sizes[i].memory);
		CHECK_STR(manifest_size_text(&arena, m.memory.v), sizes[i].shown);
	}
	for (i = 0; i < sizeof cpus / sizeof *cpus; i++) {
		accepted(arena_fmt(&arena, "{\"resources\":{\"cpu\":%s}}", cpus[i].text));
		CHECK_INT(m.cpu_milli.v, cpus[i].v);
		CHECK_STR(manifest_cpu_text(&arena, m.cpu_milli.v), cpus[i].shown);
	}
	for (i = 0; i < sizeof times / sizeof *times; i++) {
		accepted(arena_fmt(&arena, "{\"resources\":{\"timeout\":%s}}", times[i].text));
		CHECK_INT(m.timeout_ms.v, times[i].v);
		CHECK_STR(manifest_duration_text(&arena, m.timeout_ms.v), times[i].shown);
	}
	CHECK_STR(manifest_size_text(&arena, 0), "0");
}

/* --- endpoints */

TEST(manifest_endpoints)
{
	static const struct {
		const char *text, *canonical;
		enum host_kind host;
		unsigned prefix;
	} good[] = {
		{ "0.0.0.0:5432", "tcp://0.0.0.0:5432", HOST_V4, 32 },
		{ "tcp://10.0.0.0/8:80,443,81-90", "tcp://10.0.0.0/8:80-90,443", HOST_V4, 8 },
		{ "0.0.0.0/0:*", "tcp://0.0.0.0/0:*", HOST_V4, 0 },
		{ "[2001:DB8:0::/32]:1-65535", "tcp://[2001:db8::/32]:*", HOST_V6, 32 },
		{ "[::1]:80", "tcp://[::1]:80", HOST_V6, 128 },
		{ "*:53", "tcp://*:53", HOST_ANY, 0 },
		{ "API.Example.com.:443", "tcp://api.example.com:443", HOST_NAME, 0 },
	};
	size_t i;

	begin();
	for (i = 0; i < sizeof good / sizeof *good; i++) {
		bool listen = i == 0;

		accepted(arena_fmt(&arena, "{\"network\":{\"%s\":[\"%s\"]}}", listen ? "listen" : "connect", good[i].text));
		REQUIRE(m.listen.n + m.connect.n == 1);
		CHECK_STR((listen ? m.listen.v : m.connect.v)->text, good[i].canonical);
		CHECK_INT((listen ? m.listen.v : m.connect.v)->host, good[i].host);
		CHECK_INT((listen ? m.listen.v : m.connect.v)->prefix, good[i].prefix);
		CHECK_STR((listen ? m.listen.v : m.connect.v)->at, listen ? "/network/listen/0" : "/network/connect/0");
	}
	accepted("{\"network\":{\"connect\":[\"x:80\",\"tcp://X:80\",\"unix:/sandboxes/dev/run/s\"]}}");
	REQUIRE(m.connect.n == 2);
	CHECK_INT(m.connect.v[1].kind, ENDPOINT_UNIX);
	CHECK_STR(m.sandbox, "dev");
	refused("{\"process\":{\"cwd\":\"/sandboxes/dev\"}}", "/process/cwd", "names no sandbox");
}

TEST(manifest_unix_endpoint_in_the_sandbox_tree)
{
	begin();
	accepted("{\"sandbox\":\"dev\",\"network\":{\"listen\":[\"unix:/sandboxes/dev/run/s\"]}}");
	REQUIRE(m.listen.n == 1);
	CHECK_STR(m.listen.v[0].name, "/srv/sandboxes/dev/run/s");
	CHECK_STR(m.listen.v[0].inside, "/sandboxes/dev/run/s");
}

/* --- normal form, what is built in */

TEST(manifest_secrets_do_not_come_out)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t };

	begin();
	accepted("{\"secrets\":{\"A\":{\"value\":\"hunter2\",\"env\":true}}}");
	CHECK_STR(m.secrets.v[0].value, "hunter2");
	CHECK(!strstr(normal(&m), "hunter2"));
	manifest_print(&t, &m, "m.json");
	manifest_print_json(&w, &m);
	CHECK(!strstr(text_get(&t), "hunter2"));
	CHECK_INT(decode("{\"secrets\":{\"A\":{\"value\":\"hunter2\",\"file\":\"x\"}}}"), -EINVAL);
	CHECK(!strstr(errs.v[0].text, "hunter2"));
}

static void check_builtin(const struct manifest_builtin *b)
{
	begin();
	accepted(b->text);
	CHECK(!strstr(b->text, "\t"));
}

TEST(manifest_everything_built_in_is_right)
{
	static const char *const profiles[] = { "code", "mariadb", "postgres", "redis", "web" };
	const struct manifest_builtin *b;
	size_t i;

	for (b = manifest_profiles; b->name; b++) {
		check_builtin(b);
		accepted(arena_fmt(&arena, "{\"include\":[\"profile:%s\"]}", b->name));
		ctx = (struct manifest_context){ .found = true };
		accepted(arena_fmt(&arena, "{\"include\":[\"profile:%s\"]}", b->name)); /* needs nothing of its surroundings */
	}
	for (b = manifest_examples; b->name; b++)
		check_builtin(b);
	for (i = 0; i < sizeof profiles / sizeof *profiles; i++)
		CHECK(manifest_builtin_find(manifest_profiles, profiles[i]) != NULL);
	CHECK(manifest_builtin_find(manifest_profiles, "none") == NULL);
}

/* --- rows */

static void check_row(const struct prop *p, const char *at, void *ctx_)
{
	const char *name = strrchr(at, '/') + 1, *up, *doc;
	struct json *schema;

	++*(size_t *)ctx_;
	begin();
	up = arena_strn(&arena, at, (size_t)(name - at) - 1);
	if (p->form && !CHECK_INT(json_parse(&arena, p->form->schema, strlen(p->form->schema), 65536, at, &schema, &err), 0))
		printf("# %s: %s\n", at, err.text);
	doc = arena_fmt(&arena, "{\"%s\":%s}", name, p->example);
	while (*up) {
		const char *slash = strrchr(up, '/');

		doc = arena_fmt(&arena, "{\"%s\":%s}", strcmp(slash + 1, "KEY") ? slash + 1 : "A_KEY", doc);
		up = arena_strn(&arena, up, (size_t)(slash - up));
	}
	CHECK(p->doc && p->doc[strlen(p->doc) - 1] == '.');
	accepted(doc);
}

TEST(manifest_every_example_is_accepted)
{
	size_t n = 0;

	prop_walk(manifest_props, "", check_row, &n);
	CHECK(n > 60);
}

TEST(manifest_schema_is_stable_and_says_no_more_than_the_rows)
{
	struct text t = { .arena = &arena }, again = t;
	struct json_out w = { .t = &t }, v = { .t = &again };
	struct json *tree;

	begin();
	manifest_schema(&w);
	manifest_schema(&v);
	CHECK_STR(text_get(&t), text_get(&again));
	REQUIRE(json_parse(&arena, text_get(&t), t.n, JSON_MAX_CONFIG, "schema", &tree, &err) == 0);
	CHECK(json_at(tree, "/properties/capabilities/properties/network/anyOf/1/properties/listen/items/pattern") != NULL);
	CHECK(json_at(tree, "/properties/resources/properties/pids/maximum") != NULL);
	CHECK(json_at(tree, "/dependentSchemas/capabilities/properties/network") != NULL);
}
