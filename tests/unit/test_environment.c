/* test_environment.c - a sandbox's variables and the notations they are printed in. What shells read: tests/bats/sandbox_env.bats. */
#include "sandbox/environment.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NASTY "a'b\"c$d\\e `f`\ng%#!~ \t;|&<>(){}[]*?\xc3\xa9 "

static struct sandbox sample(const char *engine)
{
	struct sandbox s;

	sandbox_init(&s);
	s.name = "dev";
	s.dir = "/p/.sandboxes/dev";
	s.conf = (struct sandbox_conf){ .name = "dev", .engine = engine, .server = engine, .backend = "native", .host = "127.0.0.1",
					.port = "5432", .database = "dev_db", .user = "iact", .password = "s3:cret/@",
					.socket = "/run/x/s" };
	return s;
}

static const char *value_of(const struct strs *vars, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < vars->n; i++)
		if (!strncmp(vars->v[i], name, n) && vars->v[i][n] == '=')
			return vars->v[i] + n + 1;
	return NULL;
}

TEST(environment_of_each_engine)
{
	static const struct {
		const char *engine, *name, *value;
	} want[] = {
		{ "postgres", "DB_ENGINE", "postgres" }, { "postgres", "DB_PORT", "5432" },
		{ "postgres", "DATABASE_URL", "postgresql://iact:s3%3Acret%2F%40@127.0.0.1:5432/dev_db" },
		{ "postgres", "PGPASSWORD", "s3:cret/@" }, { "postgres", "SANDBOX_CAPS", "/p/.sandboxes/dev/config/capabilities.json" },
		{ "mysql", "MYSQL_TCP_PORT", "5432" }, { "mysql", "DATABASE_URL", "mysql://iact:s3%3Acret%2F%40@127.0.0.1:5432/dev_db" },
		{ "mariadb", "MYSQL_UNIX_PORT", "/run/x/s" }, { "redis", "REDIS_PORT", "5432" },
		{ "redis", "REDIS_URL", "redis://iact:s3%3Acret%2F%40@127.0.0.1:5432/dev_db" },
	};
	struct arena a = { 0 };
	struct err e = { 0 };
	struct strs vars;
	size_t i;

	for (i = 0; i < sizeof want / sizeof *want; i++) {
		struct sandbox s = sample(want[i].engine);

		REQUIRE(environment_of(&a, &s, NULL, &vars, &e) == 0);
		CHECK_STR(value_of(&vars, want[i].name), want[i].value);
		CHECK(!vars.v[vars.n]);
	}
	arena_drop(&a);
}

TEST(environment_prefix)
{
	struct sandbox s = sample("postgres");
	struct arena a = { 0 };
	struct err e = { 0 };
	struct strs vars;

	REQUIRE(environment_of(&a, &s, "DB_VM_", &vars, &e) == 0);
	CHECK_INT(vars.n, 5);
	CHECK_STR(value_of(&vars, "DB_VM_HOST"), "127.0.0.1");
	CHECK_STR(value_of(&vars, "DB_VM_PASSWORD"), "s3:cret/@");
	CHECK_INT(environment_of(&a, &s, "DB-", &vars, &e), -EINVAL);
	CHECK_INT(environment_of(&a, &s, "1", &vars, &e), -EINVAL);
	CHECK_INT(environment_of(&a, &s, "A=B\n", &vars, &e), -EINVAL);
	arena_drop(&a);
}

TEST(environment_leaves_out_what_is_not_said)
{
	struct sandbox s = sample("postgres");
	struct arena a = { 0 };
	struct err e = { 0 };
	struct strs vars;

	s.conf.password = s.conf.socket = NULL;
	REQUIRE(environment_of(&a, &s, NULL, &vars, &e) == 0);
	CHECK_STR(value_of(&vars, "DB_PASSWORD"), NULL);
	CHECK_STR(value_of(&vars, "PGPASSWORD"), NULL);
	CHECK_STR(value_of(&vars, "DB_SOCKET"), NULL);
	CHECK_STR(value_of(&vars, "DATABASE_URL"), "postgresql://iact@127.0.0.1:5432/dev_db");
	s.conf.host = "::1";
	CHECK_STR(environment_url(&a, &s), "postgresql://iact@[::1]:5432/dev_db");
	s.conf.engine = "oracle";
	CHECK_INT(environment_of(&a, &s, NULL, &vars, &e), -EINVAL);
	arena_drop(&a);
}

static int print(struct arena *a, const char *var, enum env_format f, const char **out, struct err *e)
{
	struct text t = { .arena = a };
	char *v[] = { (char *)var, NULL };
	int r = environment_print(&t, &(struct strs){ .v = v, .n = 1 }, f, e);

	*out = text_get(&t);
	return r;
}

TEST(environment_formats)
{
	static const struct {
		enum env_format f;
		const char *var, *text;
	} rows[] = {
		{ ENV_SH, "A=it's $x", "export A='it'\\''s $x'\n" },     { ENV_SH, "A=", "export A=''\n" },
		{ ENV_FISH, "A=it's \\x", "set -gx A 'it\\'s \\\\x'\n" },
		{ ENV_DOTENV, "A=postgresql://a@h:1/b", "A=postgresql://a@h:1/b\n" },
		{ ENV_DOTENV, "A=a b$c", "A='a b$c'\n" },                 { ENV_DOTENV, "A=it's $x", "A=\"it's \\$x\"\n" },
		{ ENV_DOTENV, "A=", "A=''\n" },                           { ENV_DOTENV, "A=~", "A='~'\n" },
		{ ENV_JSON, "A=b\"\n\\", "{\n  \"A\": \"b\\\"\\n\\\\\"\n}\n" }, { ENV_DOCKER, "A= 'b' \\u00", "A= 'b' \\u00\n" },
	};
	struct arena a = { 0 };
	struct err e = { 0 };
	const char *text;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_INT(print(&a, rows[i].var, rows[i].f, &text, &e), 0);
		CHECK_STR(text, rows[i].text);
	}
	CHECK_INT(print(&a, "A=b\nc", ENV_DOCKER, &text, &e), -EINVAL);
	CHECK_HAS(e.text, "A holds a line break");
	CHECK_STR(text, "");
	CHECK_INT(print(&a, "A=b\xff", ENV_DOCKER, &text, &e), -EINVAL);
	CHECK_INT(print(&a, "A=b\xff\\", ENV_JSON, &text, &e), -EINVAL);
	CHECK_INT(print(&a, "A=b\xff", ENV_SH, &text, &e), 0);
	CHECK_INT(print(&a, "nothing", ENV_SH, &text, &e), -EINVAL);
	arena_drop(&a);
}

TEST(environment_dotenv_comes_back)
{
	static const char *const values[] = { NASTY, "", "plain", "'", "\"", "\\", "\\n", "a\\", "$HOME", "`id`", "'\"\\$",
					      " x ", "#c", "a #c" };
	struct arena a = { 0 };
	struct err e = { 0 };
	const char *text;
	struct strs back;
	size_t i;

	for (i = 0; i < sizeof values / sizeof *values; i++) {
		const char *var = arena_fmt(&a, "A=%s", values[i]);

		REQUIRE(print(&a, var, ENV_DOTENV, &text, &e) == 0);
		CHECK_INT(dotenv_parse(&a, text, "t", &back, &e), 0);
		REQUIRE(back.n == 1);
		CHECK_STR(back.v[0], var);
	}
	arena_drop(&a);
}

TEST(environment_format_names)
{
	enum env_format f;
	struct err e = { 0 };

	CHECK_INT(env_format_named("fish", &f, &e), 0);
	CHECK_INT(f, ENV_FISH);
	CHECK_INT(env_format_named("xml", &f, &e), -EINVAL);
	CHECK_HAS(e.text, "sh, fish, dotenv, json or docker");
}
