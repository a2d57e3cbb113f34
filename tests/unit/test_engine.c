/* test_engine.c - engines by name, their programs on this machine and in images, their manifests, command lines and
 * settings. Servers that are not installed are no failure. */
#include "sandbox/engine.h"
#include "oci/manifest.h"
#include "sandbox/builtin.h"
#include "sandbox/engine_impl.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena arena;

static struct sandbox dev(void)
{
	struct sandbox s = { .name = "dev", .fd = -1, .lock = -1 };

	s.conf.name = "dev";
	s.conf.engine = "postgres";
	s.conf.id = "0123abcd";
	s.conf.port = "5555";
	s.conf.host = "127.0.0.1";
	s.conf.user = "postgres";
	s.conf.password = "pa'ss\\";
	s.conf.database = "dev_db";
	s.conf.socket = "/run/s/x";
	return s;
}

static bool has(const struct strs *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static const char *file(const struct strs *files, const char *name)
{
	size_t i;

	for (i = 0; i + 1 < files->n; i += 2)
		if (strcmp(files->v[i], name) == 0)
			return files->v[i + 1];
	return NULL;
}

TEST(engine_names)
{
	CHECK_STR(engine_named("postgres")->title, "PostgreSQL");
	CHECK(engine_named("PostgreSQL") == engine_named("postgres"));
	CHECK(engine_named("pg") == engine_named("postgres"));
	CHECK(engine_named("maria") == engine_named("mariadb"));
	CHECK(engine_named("mysql") != engine_named("mariadb"));
	CHECK(!engine_named("oracle"));
	CHECK(!engine_named(""));
}

TEST(engine_default_names)
{
	struct sandbox_conf c = { 0 };
	struct engine_wishes w = { 0 };
	char name[65];

	engine_default_names(&arena, engine_named("postgres"), "my-app.test", &c);
	CHECK_STR(c.database, "my_app_test_db");
	CHECK_STR(c.user, "postgres");
	engine_default_names(&arena, engine_named("redis"), "dev", &c);
	CHECK_STR(c.database, "0");
	CHECK_STR(c.user, "default");
	memset(name, 'a', 64);
	name[64] = 0;
	engine_default_names(&arena, engine_named("postgres"), name, &c);
	CHECK_INT(strlen(c.database), 63);
	w.init_dir = "/init";
	engine_names(&arena, engine_named("mysql"), "dev", &w, &c);
	CHECK_STR(c.database, "app");
	CHECK_STR(w.database, "app");
	w.database = NULL;
	engine_names(&arena, engine_named("postgres"), "dev", &w, &c);
	CHECK_STR(c.database, "dev_db");
	w.user = "u";
	w.database = "d";
	engine_names(&arena, engine_named("mysql"), "dev", &w, &c);
	CHECK_STR(c.database, "d");
	CHECK_STR(c.user, "u");
}

/* --- programs */

/* "15.18" in what the server itself says. */
static void check_version(const struct engine_programs *p)
{
	char command[4200], said[512] = "";
	FILE *f;

	snprintf(command, sizeof command, "%s --version", p->server);
	f = popen(command, "r");
	REQUIRE(f != NULL);
	CHECK(fgets(said, sizeof said, f) != NULL);
	pclose(f);
	REQUIRE(p->version != NULL);
	CHECK_HAS(said, p->version);
}

TEST(engine_finds_programs_and_their_versions)
{
	size_t i, found = 0;

	for (i = 0; engines[i]; i++) {
		struct engine_programs p;
		const struct engine *server;
		struct err e = { 0 };
		int r = engine_resolve(&arena, engines[i], NULL, &server, &p, &e);

		if (r == -ENOENT) {
			CHECK_HAS(e.text, "not installed");
			continue;
		}
		CHECK_INT(r, 0);
		check_version(&p);
		CHECK(access(p.server, X_OK) == 0);
		CHECK(access(p.dir, X_OK) == 0);
		CHECK((p.note != NULL) == (server != engines[i]));
		found++;
	}
	if (!found)
		SKIP("none of PostgreSQL, MySQL, MariaDB, Redis is installed");
}

struct image {
	char root[64];
};

static void add(const struct image *im, const char *path, const char *from, const char *link)
{
	char full[256], *slash;

	snprintf(full, sizeof full, "%s%s", im->root, path);
	for (slash = strchr(full + strlen(im->root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		CHECK(mkdir(full, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	if (link) {
		CHECK_INT(symlink(link, full), 0);
		return;
	}
	FILE *f = fopen(full, "w");
	REQUIRE(f != NULL);
	fputs(from, f);
	fclose(f);
	CHECK_INT(chmod(full, 0755), 0);
}

static void image_open(struct image *im)
{
	strcpy(im->root, "/tmp/wasirun-image-XXXXXX");
	CHECK(mkdtemp(im->root) != NULL);
}

static void image_close(const struct image *im)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", im->root);
	CHECK_INT(system(command), 0);
}

/* Links lead where they lead inside, absolute ones too. The highest version wins. */
TEST(engine_finds_in_an_image)
{
	const struct engine *pg = engine_named("postgres"), *redis = engine_named("redis"), *server;
	struct engine_programs p;
	struct err e = { 0 };
	struct image im;

	image_open(&im);
	CHECK_INT(pg->find(&arena, im.root, &p, &e), -ENOENT);
	CHECK_HAS(e.text, "in the image");
	add(&im, "/usr/lib/postgresql/9.6/bin/postgres", "#!/bin/sh\n", NULL);
	add(&im, "/usr/lib/postgresql/17/bin/postgres", "#!/bin/sh\n", NULL);
	add(&im, "/usr/lib/postgresql/17/bin/psql", "#!/bin/sh\n", NULL);
	add(&im, "/usr/lib/postgresql/x18/bin/postgres", "#!/bin/sh\n", NULL);
	CHECK_INT(pg->find(&arena, im.root, &p, &e), 0);
	CHECK_STR(p.server, "/usr/lib/postgresql/17/bin/postgres");
	CHECK_STR(p.dir, "/usr/lib/postgresql/17/bin");
	CHECK_STR(p.client, "/usr/lib/postgresql/17/bin/psql");
	CHECK_STR(p.version, NULL);
	add(&im, "/opt/redis/redis-check-rdb", "#!/bin/sh\n", NULL);
	add(&im, "/usr/bin/redis-server", NULL, "/opt/redis/redis-check-rdb");
	CHECK_INT(engine_resolve(&arena, redis, im.root, &server, &p, &e), 0);
	CHECK_STR(p.server, "/usr/bin/redis-server");
	CHECK(server == redis);
	image_close(&im);
}

/* A mysqld that is MariaDB's serves mysql with a note; a real one by itself. */
TEST(engine_mysql_itself_or_mariadb)
{
	const struct engine *mysql = engine_named("mysql"), *server;
	struct engine_programs p;
	struct err e = { 0 };
	struct image im;

	image_open(&im);
	CHECK_INT(engine_resolve(&arena, mysql, im.root, &server, &p, &e), -ENOENT);
	CHECK_HAS(e.text, "mysql is not installed");
	add(&im, "/usr/sbin/mariadbd", "#!/bin/sh\n", NULL);
	add(&im, "/usr/sbin/mysqld", NULL, "mariadbd");
	CHECK_INT(engine_resolve(&arena, mysql, im.root, &server, &p, &e), -ENOENT);
	CHECK_INT(unlink(arena_fmt(&arena, "%s/usr/sbin/mysqld", im.root)), 0);
	add(&im, "/usr/sbin/mysqld", "#!/bin/sh\n", NULL);
	CHECK_INT(engine_resolve(&arena, mysql, im.root, &server, &p, &e), 0);
	CHECK(server == mysql);
	CHECK_STR(p.note, NULL);
	image_close(&im);
	if (access("/usr/sbin/mariadbd", X_OK) != 0 || engine_resolve(&arena, mysql, NULL, &server, &p, &e) < 0)
		SKIP("no MariaDB is installed");
	if (server != mysql)
		CHECK_HAS(p.note, "mysql is served by MariaDB");
}

/* --- what is run */

TEST(engine_manifests_are_good_ones)
{
	struct sandbox s = dev();
	size_t i;

	s.conf.database = "we\"ird @PORT@";
	for (i = 0; engines[i]; i++) {
		const struct manifest_context ctx = { .sandbox = "dev", .sandbox_dir = "/srv/sandboxes/dev", .pwd = "/", .home = "/" };
		struct manifest_errors errs = { .v = NULL };
		struct manifest m;
		struct err e = { 0 };
		char *text;
		size_t n;

		CHECK_INT(engine_manifest(&arena, engines[i], &s, NULL, &text, &n, &e), 0);
		CHECK_INT(manifest_decode(&arena, text, n, "capabilities.json", &ctx, &m, &errs, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_INT(m.listen.n, 1);
		CHECK_STR(m.listen.v[0].text, "tcp://0.0.0.0:5555");
		CHECK_INT(m.connect.n, 0);
		CHECK_INT(m.uid.v, 1000);
		CHECK(m.memory.set && m.pids.set && m.cpu_milli.set);
		CHECK_STR(m.syscalls_profile, "database");
		CHECK(manifest_access(&m, "/sandboxes/dev/data/x")->access & ACCESS_WRITE);
		CHECK_INT(manifest_access(&m, "/sandboxes/dev/config/x")->access, ACCESS_READ);
		CHECK_STR(m.environment.v[0].value, "we\"ird @PORT@");
		CHECK_INT(engine_manifest(&arena, engines[i], &s, "1G", &text, &n, &e), 0);
		CHECK_INT(manifest_decode(&arena, text, n, "capabilities.json", &ctx, &m, &errs, &e), 0);
		CHECK_INT(m.memory.v, 1 << 30);
		CHECK_INT(engine_build_manifest(&arena, engines[i], &text, &n, &e), 0);
		CHECK_INT(manifest_decode(&arena, text, n, "build", &ctx, &m, &errs, &e), 0);
		CHECK_STR(e.text, "");
	}
	s.conf.port = "1\"";
	CHECK_INT(engine_manifest(&arena, engines[0], &s, NULL, (char *[]){ NULL }, (size_t[]){ 0 }, (struct err[]){ { 0 } }), -EINVAL);
}

static const struct engine_programs programs = { .server = "/usr/bin/server", .dir = "/usr/bin", .client = "/usr/bin/client" };

TEST(engine_command_postgres)
{
	struct strs argv = { NULL, 0 }, files = { NULL, 0 };
	struct engine_wishes w = { 0 };
	struct sandbox s = dev();
	struct err e = { 0 };

	strs_add(&arena, &w.settings, "max_connections=7");
	strs_add(&arena, &w.settings, "search_path=it's");
	strs_add(&arena, &w.env, "POSTGRES_HOST_AUTH_METHOD=trust");
	CHECK_INT(engine_named("postgres")->command(&arena, &programs, &s, &w, &argv, &files, &e), 0);
	CHECK_STR(argv.v[0], "/usr/bin/server");
	CHECK(has(&argv, "/sandboxes/dev/data"));
	CHECK(has(&argv, "config_file=/sandboxes/dev/config/postgresql.conf"));
	CHECK(has(&argv, "listen_addresses=0.0.0.0"));
	CHECK(has(&argv, "5555"));
	CHECK_HAS(file(&files, "postgresql.conf"), "\n# --set\nmax_connections = '7'\nsearch_path = 'it''s'\n");
	CHECK(!strstr(file(&files, "postgresql.conf"), "max_connections = 50"));
	CHECK_HAS(file(&files, "postgresql.conf"), "\nfsync = off\n");
	CHECK_HAS(file(&files, "pg_hba.conf"), "local all all password\nhost all all all trust\n");
	s.conf.publish = "::1";
	argv.n = 0;
	CHECK_INT(engine_named("postgres")->command(&arena, &programs, &s, &w, &argv, &files, &e), 0);
	CHECK(has(&argv, "listen_addresses=0.0.0.0,::"));
	CHECK_STR(argv.v[argv.n], NULL);
}

TEST(engine_settings_are_checked)
{
	static const char *const bad[] = { "port=1", "PORT=1", "data_directory=/", "=x", "nothing", "a b=1", "x=1\ny=2", NULL };
	struct strs argv = { NULL, 0 }, files = { NULL, 0 };
	struct sandbox s = dev();
	struct err e;
	size_t i;

	for (i = 0; bad[i]; i++) {
		struct engine_wishes w = { 0 };

		strs_add(&arena, &w.settings, bad[i]);
		e = (struct err){ 0 };
		CHECK_INT(engine_named("postgres")->command(&arena, &programs, &s, &w, &argv, &files, &e), -EINVAL);
		CHECK_HAS(e.text, "--set");
	}
	CHECK_STR(file(&files, "postgresql.conf"), NULL);
}

static bool durable(const char *engine, const char *setting)
{
	struct engine_wishes w = { 0 };

	strs_add(&arena, &w.settings, "max_connections=3");
	strs_add(&arena, &w.settings, setting);
	return engine_wants_durability(engine_named(engine), &w);
}

TEST(engine_wants_durability)
{
	CHECK(durable("postgres", "fsync=on"));
	CHECK(durable("postgres", "FSYNC=true"));
	CHECK(!durable("postgres", "fsync=off"));
	CHECK(!durable("mariadb", "fsync=on"));
	CHECK(durable("mariadb", "innodb-flush-method=O_DIRECT"));
	CHECK(!durable("mysql", "innodb_flush_method=nosync"));
	CHECK(durable("redis", "appendfsync=always"));
	CHECK(!durable("redis", "appendfsync=everysec"));
}

TEST(engine_command_mariadb)
{
	struct strs argv = { NULL, 0 }, files = { NULL, 0 };
	struct engine_wishes w = { .root_password = "r" };
	struct sandbox s = dev();
	struct err e = { 0 };
	const char *sql;

	s.conf.user = "app";
	s.conf.fresh = "1";
	strs_add(&arena, &w.settings, "innodb-buffer-pool-size=8M");
	CHECK_INT(engine_named("mariadb")->command(&arena, &programs, &s, &w, &argv, &files, &e), 0);
	CHECK_STR(argv.v[1], "--defaults-file=/sandboxes/dev/config/my.cnf");
	CHECK(has(&argv, "--init-file=/sandboxes/dev/config/init-0123abcd.sql"));
	CHECK_HAS(file(&files, "my.cnf"), "innodb-buffer-pool-size = 8M");
	CHECK(!strstr(file(&files, "my.cnf"), "innodb_buffer_pool_size"));
	sql = file(&files, "init-0123abcd.sql");
	CHECK_HAS(sql, "ALTER USER 'root'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('r');");
	CHECK_HAS(sql, "ALTER USER 'app'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('pa\\'ss\\\\');");
	CHECK_HAS(sql, "GRANT ALL PRIVILEGES ON `dev\\_db`.* TO 'app'@'%';");
	CHECK_HAS(sql, "CREATE DATABASE IF NOT EXISTS `dev_db`;");
	/* later starts set no password again */
	s.conf.fresh = NULL;
	argv.n = files.n = 0;
	CHECK_INT(engine_named("mariadb")->command(&arena, &programs, &s, &w, &argv, &files, &e), 0);
	CHECK(!has(&argv, "--init-file=/sandboxes/dev/config/init-0123abcd.sql"));
	CHECK_STR(file(&files, "init-0123abcd.sql"), NULL);
	s.conf.password = "two\nlines";
	CHECK_INT(engine_named("mariadb")->command(&arena, &programs, &s, &w, &argv, &files, &e), -EINVAL);
}

TEST(engine_command_redis)
{
	struct strs argv = { NULL, 0 }, files = { NULL, 0 };
	struct engine_wishes w = { 0 };
	struct sandbox s = dev();
	struct err e = { 0 };

	s.conf.user = "default";
	s.conf.database = "0";
	strs_add(&arena, &w.settings, "save=");
	CHECK_INT(engine_named("redis")->command(&arena, &programs, &s, &w, &argv, &files, &e), 0);
	CHECK_STR(argv.v[1], "/sandboxes/dev/config/redis.conf");
	CHECK_STR(file(&files, "auth.conf"), "# Written at each start, from sandbox.conf.\nrequirepass \"pa'ss\\\\\"\n");
	CHECK_HAS(file(&files, "redis.conf"), "\nsave \"\"\n");
	CHECK(!strstr(file(&files, "redis.conf"), "save 3600"));
	s.conf.user = "app";
	files.n = 0;
	CHECK_INT(engine_named("redis")->command(&arena, &programs, &s, &w, &argv, &files, &e), 0);
	CHECK_HAS(file(&files, "auth.conf"), "\nuser \"app\" on \">pa'ss\\\\\" ~* &* +@all\n");
	s.conf.password = "";
	CHECK_INT(engine_named("redis")->command(&arena, &programs, &s, &w, &argv, &files, &e), -EINVAL);
	s.conf.password = "x";
	s.conf.database = "dev_db";
	CHECK_INT(engine_named("redis")->command(&arena, &programs, &s, &w, &argv, &files, &e), -EINVAL);
}

/* What goes into a template's key: names count only for those whose init files can see them, and no password does. */
TEST(engine_build)
{
	struct strs argv = { NULL, 0 }, env = { NULL, 0 };
	struct engine_wishes w = { .user = "app", .database = "shop", .password = "secret" };
	struct err e = { 0 };

	CHECK_INT(engine_named("postgres")->build(&arena, &programs, &w, "adm", &argv, &env, &e), 0);
	CHECK_STR(argv.v[1], "-c");
	CHECK_HAS(argv.v[2], "init_files()");
	CHECK_HAS(argv.v[2], "--wal-segsize=1");
	CHECK(has(&env, "DATA=/sandboxes/template/data"));
	CHECK(has(&env, "INIT="));
	CHECK(has(&env, "POSTGRES_DB=_wasirun_"));
	CHECK(has(&env, "POSTGRES_USER=postgres"));
	CHECK(has(&env, "ADMIN_PASSWORD=adm"));
	CHECK(!has(&env, "POSTGRES_PASSWORD=secret"));
	env.n = argv.n = 0;
	w.init_dir = "/etc";
	CHECK_INT(engine_named("postgres")->build(&arena, &programs, &w, "adm", &argv, &env, &e), 0);
	CHECK(has(&env, "INIT=" SANDBOX_INIT));
	CHECK(has(&env, "POSTGRES_DB=shop"));
	CHECK(has(&env, "POSTGRES_USER=app"));
	env.n = argv.n = 0;
	w.init_dir = "/etc/passwd";
	CHECK_INT(engine_named("mariadb")->build(&arena, &programs, &w, "adm", &argv, &env, &e), 0);
	CHECK(has(&env, "INIT=" SANDBOX_INIT "/passwd"));
	CHECK(has(&env, "MYSQL_DATABASE=shop"));
	w.init_dir = "/dev/null";
	CHECK_INT(engine_named("mariadb")->build(&arena, &programs, &w, "adm", &argv, &env, &e), -EINVAL);
	w.init_dir = "/nonexistent";
	CHECK_INT(engine_named("redis")->build(&arena, &programs, &w, "adm", &argv, &env, &e), -ENOENT);
}

TEST(engine_variables)
{
	struct strs out = { NULL, 0 };
	struct sandbox s = dev();

	s.conf.password = "p@ss/w";
	s.conf.database = "0";
	s.conf.user = "default";
	s.conf.engine = "redis";
	engine_named("redis")->variables(&arena, &s, &out);
	CHECK(has(&out, "REDIS_URL=redis://default:p%40ss%2Fw@127.0.0.1:5555/0"));
	CHECK(has(&out, "REDISCLI_AUTH=p@ss/w"));
	engine_named("postgres")->variables(&arena, &s, &out);
	CHECK(has(&out, "PGPORT=5555"));
	CHECK(has(&out, "PGPASSWORD=p@ss/w"));
	engine_named("mariadb")->variables(&arena, &s, &out);
	CHECK(has(&out, "MYSQL_UNIX_PORT=/run/s/x"));
}

TEST(builtin_files)
{
	CHECK_HAS(builtin_file("redis/redis.conf"), "protected-mode no");
	CHECK_HAS(builtin_file("mysql/build.sh"), "--initialize-insecure");
	CHECK_STR(builtin_file("redis/nothing"), NULL);
}
