/* test_contract.c - the official images' variables as wishes: what is taken, what is refused, and what is a slip. */
#include "sandbox/engine.h"
#include "sandbox/engine_impl.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct arena arena;

static bool has(const struct strs *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static int contract(const char *engine, struct engine_wishes *w, struct err *e, const char *first, ...) __attribute__((sentinel));
static int contract(const char *engine, struct engine_wishes *w, struct err *e, const char *first, ...)
{
	struct strs env = { NULL, 0 };
	const char *v;
	va_list ap;

	*w = (struct engine_wishes){ 0 };
	*e = (struct err){ 0 };
	va_start(ap, first);
	for (v = first; v; v = va_arg(ap, const char *))
		strs_add(&arena, &env, v);
	va_end(ap);
	return engine_contract(&arena, engine_named(engine), &env, w, e);
}

TEST(contract_postgres)
{
	struct engine_wishes w;
	struct err e;

	CHECK_INT(contract("postgres", &w, &e, "POSTGRES_USER=u", "POSTGRES_PASSWORD=p=q", "POSTGRES_DB=d", "TZ=UTC",
			   "POSTGRES_INITDB_ARGS=-k", NULL), 0);
	CHECK_STR(w.user, "u");
	CHECK_STR(w.password, "p=q");
	CHECK_STR(w.database, "d");
	CHECK(has(&w.env, "TZ=UTC"));
	CHECK(has(&w.env, "POSTGRES_INITDB_ARGS=-k"));
	CHECK_INT(w.env.n, 2);
	CHECK_INT(contract("postgres", &w, &e, "POSTGRES_INITDB_WALDIR=/x", NULL), -ENOTSUP);
	CHECK_INT(contract("postgres", &w, &e, "POSTGRES_PASWORD=x", NULL), -EINVAL);
	CHECK_HAS(e.text, "did you mean POSTGRES_PASSWORD?");
	CHECK_INT(contract("postgres", &w, &e, "novalue", NULL), -EINVAL);
	/* another engine's are nothing to it */
	CHECK_INT(contract("postgres", &w, &e, "MYSQL_DATABASE=x", NULL), 0);
	CHECK_STR(w.database, NULL);
}

TEST(contract_files)
{
	char path[] = "/tmp/wasirun-secret-XXXXXX";
	int fd = mkstemp(path);
	struct engine_wishes w;
	struct err e;

	REQUIRE(fd >= 0 && write(fd, "from file \n\r\n", 13) == 13);
	close(fd);
	CHECK_INT(contract("postgres", &w, &e, arena_fmt(&arena, "POSTGRES_PASSWORD_FILE=%s", path), NULL), 0);
	CHECK_STR(w.password, "from file ");
	CHECK_INT(contract("postgres", &w, &e, arena_fmt(&arena, "POSTGRES_PASSWORD_FILE=%s", path), "POSTGRES_PASSWORD=x", NULL), -EINVAL);
	CHECK_HAS(e.text, "both set");
	CHECK_INT(contract("postgres", &w, &e, "POSTGRES_PASSWORD_FILE=/nonexistent", NULL), -ENOENT);
	CHECK_HAS(e.text, "POSTGRES_PASSWORD_FILE");
	/* there is no such variable */
	CHECK_INT(contract("postgres", &w, &e, "POSTGRES_HOST_AUTH_METHOD_FILE=/x", NULL), -EINVAL);
	unlink(path);
}

TEST(contract_mysql_and_mariadb)
{
	struct engine_wishes w;
	struct err e;

	CHECK_INT(contract("mysql", &w, &e, "MYSQL_ROOT_PASSWORD=r", "MYSQL_DATABASE=d", NULL), 0);
	CHECK_STR(w.user, NULL);
	CHECK_STR(w.password, "r");
	CHECK_STR(w.root_password, NULL);
	CHECK_INT(contract("mariadb", &w, &e, "MARIADB_ROOT_PASSWORD=r", "MARIADB_USER=u", "MARIADB_PASSWORD=p", NULL), 0);
	CHECK_STR(w.user, "u");
	CHECK_STR(w.password, "p");
	CHECK_STR(w.root_password, "r");
	CHECK_INT(contract("mariadb", &w, &e, "MARIADB_DATABASE=a", "MYSQL_DATABASE=b", NULL), 0);
	CHECK_STR(w.database, "a");
	CHECK_INT(contract("mysql", &w, &e, "MYSQL_ALLOW_EMPTY_PASSWORD=yes", NULL), 0);
	CHECK_STR(w.password, "");
	CHECK_INT(contract("mysql", &w, &e, "MYSQL_RANDOM_ROOT_PASSWORD=yes", "MYSQL_ROOT_HOST=%", NULL), 0);
	CHECK_STR(w.password, NULL);
	CHECK_INT(contract("mysql", &w, &e, "MYSQL_PASSWORD=p", NULL), -EINVAL);
	CHECK_INT(contract("mysql", &w, &e, "MYSQL_USER=root", "MYSQL_PASSWORD=p", NULL), -EINVAL);
	CHECK_INT(contract("mariadb", &w, &e, "MARIADB_REPLICATION_USER=x", NULL), -ENOTSUP);
	CHECK_INT(contract("mariadb", &w, &e, "MARIADB_ROOT_PASSWORD_HASH=x", NULL), -ENOTSUP);
	CHECK_HAS(e.text, "MARIADB_ROOT_PASSWORD_HASH");
}
