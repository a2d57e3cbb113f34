/* test_config.c - config.json: every row by its example, every property of the specification's schema, and the corpora of documents
 * that must be refused (tests/unit/bad) and accepted (tests/unit/good). */
#include "sample.h"
#include "base/log.h"
#include "test.h"
#include <dirent.h>
#include <time.h>

static struct arena arena;
static struct err err;
static struct config config;

static void begin(void)
{
	struct err e;

	arena_drop(&arena);
	memset(&err, 0, sizeof err);
	CHECK_INT(log_open(NULL, false, LOG_LEVEL_ERROR, &e), 0);
}

static int decode(const char *s)
{
	return config_decode(&arena, s, strlen(s), "config.json", &config, &err);
}

static const char *encode(int indent)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t, .indent = indent };

	config_encode(&w, &config);
	return text_get(&t);
}

/* The file below tests/unit, NULL when there is none. */
static char *slurp(const char *name, size_t *n)
{
	static char bytes[1 << 20];
	const char *slash = strrchr(__FILE__, '/');
	FILE *f = fopen(arena_fmt(&arena, "%.*s/%s", slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".", name), "r");

	if (!f)
		return NULL;
	*n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return arena_strn(&arena, bytes, *n);
}

static DIR *open_corpus(const char *name)
{
	const char *slash = strrchr(__FILE__, '/');
	char path[512];

	snprintf(path, sizeof path, "%.*s/%s", slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".", name);
	return opendir(path);
}

/* --- rows */

static void check_example(const struct prop *p, const char *pattern, void *ctx)
{
	struct sample s;
	const char *with, *without;
	struct json *example;
	const struct json *v;

	++*(size_t *)ctx;
	begin();
	if (!CHECK(p->example)) {
		printf("# %s\n", pattern);
		return;
	}
	s = sample_of(&arena, pattern);
	if (!CHECK_INT(decode(s.without), 0)) {
		printf("# %s\n# without: %s\n# %s: %s\n", pattern, s.without, err.at, err.text);
		return;
	}
	without = encode(0);
	if (!CHECK_INT(decode(s.with), 0)) {
		printf("# %s\n# %s: %s\n", pattern, err.at, err.text);
		return;
	}
	with = encode(0);
	if (!CHECK(strcmp(with, without) != 0))
		printf("# %s makes no difference\n", pattern);
	/* what was asked for comes back as it was, bit for bit */
	example = sample_parse(&arena, p->example);
	v = json_at(sample_parse(&arena, with), s.at);
	if (CHECK(v) && p->kind != PROP_OBJ && p->kind != PROP_LIST)
		CHECK_STR(sample_text(&arena, v), sample_text(&arena, example));
}

TEST(config_every_example_decodes)
{
	size_t n = 0;

	prop_walk(config_props, "", check_example, &n);
	CHECK(n >= 190);
}

struct search {
	const char *pattern;
	bool found;
};

static void search_row(const struct prop *p, const char *at, void *ctx)
{
	struct search *s = ctx;

	(void)p;
	s->found |= strcmp(at, s->pattern) == 0;
}

TEST(config_every_property_of_the_schema_has_a_row)
{
	char *list, *line;
	size_t n, count = 0;

	begin();
	list = slurp("schema-paths.txt", &n);
	REQUIRE(list);
	for (line = strtok(list, "\n"); line; line = strtok(NULL, "\n")) {
		struct search s = { .pattern = line };

		if (*line == '#')
			continue;
		count++;
		prop_walk(config_props, "", search_row, &s);
		if (!CHECK(s.found))
			printf("# no row for %s\n", line);
	}
	CHECK(count >= 190);
}

/* --- corpora. bad/EXPECT: a line for each document: its name, the pointer, a part of the message; separated by tabs. */

static int decode_as(const char *name, const char *bytes, size_t n)
{
	struct process process;
	struct resources resources;

	if (strncmp(name, "process-", 8) == 0)
		return process_decode(&arena, bytes, n, name, &process, &err);
	if (strncmp(name, "resources-", 10) == 0)
		return resources_decode(&arena, bytes, n, name, &resources, &err);
	return config_decode(&arena, bytes, n, name, &config, &err);
}

static void check_bad(const char *name, const char *at, const char *text)
{
	size_t n;
	char *bytes = slurp(arena_fmt(&arena, "bad/%s", name), &n);

	memset(&err, 0, sizeof err);
	REQUIRE(bytes);
	if (!CHECK(decode_as(name, bytes, n) < 0)) {
		printf("# %s was accepted\n", name);
		return;
	}
	CHECK_INT(err.code > 0, 1);
	CHECK_HAS(err.text, name); /* file, line and column are always told */
	if (!CHECK_STR(err.at, at) | !CHECK_HAS(err.text, text))
		printf("# %s: %s: %s\n", name, err.at, err.text);
}

TEST(config_bad_documents_are_refused)
{
	size_t n, count = 0, files = 0;
	char *expect, *line, *next, *at, *text;
	struct dirent *d;
	DIR *dir = open_corpus("bad");

	begin();
	expect = slurp("bad/EXPECT", &n);
	REQUIRE(expect && dir);
	for (line = expect; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		at = strchr(line, '\t');
		REQUIRE(at);
		*at++ = 0;
		text = strchr(at, '\t');
		REQUIRE(text);
		*text++ = 0;
		check_bad(line, at, text);
		count++;
	}
	while ((d = readdir(dir)))
		files += strstr(d->d_name, ".json") != NULL;
	closedir(dir);
	CHECK_INT(count, files);
	CHECK(count >= 116);
}

TEST(config_good_documents_are_accepted)
{
	struct dirent *d;
	DIR *dir = open_corpus("good");
	size_t count = 0, n;

	REQUIRE(dir);
	while ((d = readdir(dir))) {
		char *bytes, name[300];

		if (!strstr(d->d_name, ".json"))
			continue;
		begin();
		snprintf(name, sizeof name, "good/%s", d->d_name);
		bytes = slurp(name, &n);
		REQUIRE(bytes);
		if (!CHECK_INT(decode_as(d->d_name, bytes, n), 0))
			printf("# %s: %s: %s\n", d->d_name, err.at, err.text);
		count++;
	}
	closedir(dir);
	CHECK(count >= 10);
}

/* --- single facts */

TEST(config_error_names_place_and_pointer)
{
	begin();
	CHECK_INT(decode("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\n"
			 " \"process\":{\"cwd\":\"/\",\n  \"user\":{\"uid\":\"1000\"}}}"),
		  -EINVAL);
	CHECK_STR(err.at, "/process/user/uid");
	CHECK_STR(err.text, "expected integer 0..4294967294, got string (config.json:3:17)");
	CHECK_INT(decode("{\"ociVersion\":\"1.0.0\",\n\"root\":{}}"), -EINVAL);
	CHECK_STR(err.at, "/root/path");
	CHECK_STR(err.text, "required, but missing (config.json:2:8)");
}

TEST(config_lookups)
{
	begin();
	REQUIRE(decode("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"annotations\":{\"a\":\"b\"},"
		       "\"linux\":{\"namespaces\":[{\"type\":\"pid\",\"path\":\"/x\"},{\"type\":\"mount\"}]}}") == 0);
	CHECK_STR(config_annotation(&config, "a"), "b");
	CHECK(config_annotation(&config, "b") == NULL);
	REQUIRE(config_namespace(&config, "pid"));
	CHECK_STR(config_namespace(&config, "pid")->path, "/x");
	REQUIRE(config_namespace(&config, "mount"));
	CHECK(config_namespace(&config, "mount")->path == NULL);
	CHECK(config_namespace(&config, "user") == NULL);
	REQUIRE(decode("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}") == 0);
	CHECK(config_namespace(&config, "pid") == NULL);
}

TEST(config_seccomp_flags_absent_and_empty_differ)
{
	begin();
	REQUIRE(decode("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
		       "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}") == 0);
	CHECK(config.linux_->seccomp->flags.v == NULL);
	REQUIRE(decode("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
		       "\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[]}}}") == 0);
	CHECK(config.linux_->seccomp->flags.v != NULL);
	CHECK_INT(config.linux_->seccomp->flags.n, 0);
}

static void check_default(bool rootless, bool cgroup_namespace)
{
	const char *first;

	begin();
	config_default(&arena, rootless, cgroup_namespace, 1000, 1001, &config);
	first = encode(2);
	if (!CHECK_INT(decode(first), 0))
		printf("# %s: %s\n", err.at, err.text);
	CHECK_STR(encode(2), first);
}

TEST(config_default_decodes_to_itself)
{
	check_default(false, false);
	CHECK_STR(config.process->args.v[0], "sh");
	CHECK(config.process->terminal && config.root->readonly);
	CHECK_INT(config.mounts.n, 7);
	CHECK_INT(config.process->capabilities->bounding.n, 3);
	CHECK(config.linux_->resources && !config_namespace(&config, "user") && config_namespace(&config, "network"));
	CHECK(!config_namespace(&config, "cgroup"));
	check_default(true, true);
	CHECK(!config.linux_->resources && config_namespace(&config, "user") && !config_namespace(&config, "network"));
	CHECK(config_namespace(&config, "cgroup") != NULL);
	CHECK_INT(config.linux_->uid_mappings.v[0].host_id.v, 1000);
	CHECK_INT(config.linux_->gid_mappings.v[0].host_id.v, 1001);
	CHECK_INT(config.mounts.v[2].options.n, 5);
	CHECK_STR(config.mounts.v[5].options.v[0], "rbind");
}

/* The document that Docker writes for a container with its default seccomp profile: the budget is 1 ms, with room for slow machines
 * and sanitizers. */
TEST(config_of_docker_decodes_fast)
{
	struct timespec a, b;
	double best = 1e9;
	size_t n;
	char *bytes;
	int i;

	begin();
	bytes = slurp("good/docker.json", &n);
	REQUIRE(bytes);
	CHECK(n > 20000);
	for (i = 0; i < 20; i++) {
		struct arena own = { 0 };
		double took;

		clock_gettime(CLOCK_MONOTONIC, &a);
		CHECK_INT(config_decode(&own, bytes, n, "docker.json", &config, &err), 0);
		clock_gettime(CLOCK_MONOTONIC, &b);
		took = (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
		best = took < best ? took : best;
		CHECK(own.used < 12 * n);
		arena_drop(&own);
	}
	printf("# %zu bytes in %.0f us\n", n, best);
	CHECK(best < 20000);
}
