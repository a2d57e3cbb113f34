/* test_template.c - templates on disk, and their keys, with an engine that is made of nothing. */
#include "runtime/sandbox/template.h"
#include "runtime/sandbox/conf.h"
#include "runtime/sandbox/storage.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

static const char *recipe = "make data";

static int build(struct arena *a, const struct engine_programs *p, const struct engine_wishes *w, const char *password, struct strs *argv,
		 struct strs *env, struct err *e)
{
	size_t i;

	(void)p, (void)e;
	*arena_push(a, argv) = arena_str(a, recipe);
	*arena_push(a, env) = arena_fmt(a, "PASSWORD=%s", password);
	for (i = 0; i < w->settings.n; i++)
		*arena_push(a, argv) = w->settings.v[i];
	return 0;
}

static const struct engine toy = { .name = "toy", .build = build };

struct lab {
	struct arena a;
	struct place p;
	struct engine_programs programs;
	struct engine_wishes wishes;
	struct template_ t;
	struct err e;
	char dir[64];
};

static bool lab_open(struct lab *l)
{
	*l = (struct lab){ 0 };
	template_init(&l->t);
	strcpy(l->dir, "/tmp/wasirun-tpl-XXXXXX");
	if (!mkdtemp(l->dir))
		return false;
	l->p = (struct place){ .templates = arena_fmt(&l->a, "%s/a/templates", l->dir), .root = l->dir };
	l->p.uid = l->p.data_uid = geteuid();
	l->p.gid = l->p.data_gid = getegid();
	l->programs = (struct engine_programs){ .server = arena_fmt(&l->a, "%s/server", l->dir), .version = "1.2" };
	return true;
}

static void lab_close(struct lab *l)
{
	int dir = sys_open(AT_FDCWD, l->dir, O_RDONLY | O_DIRECTORY, 0);

	template_close(&l->t);
	CHECK_INT(tree_empty(dir, &l->e), 0);
	close(dir);
	CHECK_INT(rmdir(l->dir), 0);
	arena_drop(&l->a);
}

static void put(struct lab *l, const char *path, const char *text)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, arena_fmt(&l->a, "%s/%s", l->dir, path), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(sys_write_all(fd, text, strlen(text)), 0);
}

static const char *key(struct lab *l)
{
	const char *k = NULL;

	CHECK_INT(template_key(&l->a, &toy, &l->programs, &l->wishes, NULL, &k, &l->e), 0);
	return k;
}

static bool make(struct lab *l, const char *k)
{
	bool built = true;
	int fd;

	if (!CHECK_INT(template_begin(&l->a, &l->p, k, &l->t, &built, &l->e), 0) || !CHECK(!built))
		return false;
	fd = openat(l->t.fd, "PG_VERSION", O_WRONLY | O_CREAT, 0600);
	CHECK_INT(write(fd, "15\n", 3), 3);
	close(fd);
	CHECK_INT(mkdirat(l->t.fd, "base", 0700), 0);
	l->t.engine = "toy";
	l->t.version = "1.2";
	l->t.password = "pw";
	l->t.created = "1700000000";
	if (!CHECK_INT(template_commit(&l->a, &l->p, &l->t, &l->e), 0))
		return false;
	template_close(&l->t);
	return true;
}

TEST(template_key_depends_on_what_data_depend_on)
{
	const char *k, *same;
	struct lab l;

	REQUIRE(lab_open(&l));
	put(&l, "server", "binary");
	k = key(&l);
	CHECK_HAS(k, "toy-1.2-");
	CHECK_INT((int)strlen(k), (int)strlen("toy-1.2-") + 12);
	CHECK_STR(key(&l), k);
	l.wishes.password = "secret"; /* of the sandbox, not of the template */
	l.wishes.database = "app";
	CHECK_STR(key(&l), k);
	*arena_push(&l.a, &l.wishes.settings) = arena_str(&l.a, "fsync=off");
	CHECK(strcmp(key(&l), k) != 0);
	l.wishes.settings = (struct strs){ 0 };
	recipe = "make other data";
	CHECK(strcmp(key(&l), k) != 0);
	recipe = "make data";
	CHECK_STR(key(&l), k);
	put(&l, "server", "another binary");
	CHECK(strcmp(key(&l), k) != 0);
	k = key(&l);
	CHECK_INT(mkdir(arena_fmt(&l.a, "%s/init", l.dir), 0700), 0);
	put(&l, "init/1.sql", "create table t;");
	l.wishes.init_dir = arena_fmt(&l.a, "%s/init", l.dir);
	CHECK(strcmp(key(&l), k) != 0);
	k = key(&l);
	put(&l, "init/1.sql", "create table u;");
	CHECK(strcmp(key(&l), k) != 0);
	put(&l, "init/1.sql", "create table t;");
	CHECK_STR(key(&l), k);
	l.wishes.database = "other"; /* the scripts run in it */
	CHECK(strcmp(key(&l), k) != 0);
	same = key(&l);
	CHECK_INT(mkdir(arena_fmt(&l.a, "%s/init/sub", l.dir), 0700), 0);
	CHECK(strcmp(key(&l), same) != 0);
	CHECK_INT(symlink("nowhere", arena_fmt(&l.a, "%s/init/link", l.dir)), 0);
	CHECK_INT(template_key(&l.a, &toy, &l.programs, &l.wishes, NULL, &k, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "init files: link");
	lab_close(&l);
}

TEST(template_built_once)
{
	struct strs keys;
	struct lab l;
	bool built;

	REQUIRE(lab_open(&l));
	CHECK_INT(template_list(&l.a, &l.p, &keys, &l.e), 0);
	CHECK_INT((int)keys.n, 0);
	CHECK_INT(template_open(&l.a, &l.p, "toy-1", &l.t, &l.e), -ENOENT);
	REQUIRE(make(&l, "toy-1"));
	CHECK_INT(template_begin(&l.a, &l.p, "toy-1", &l.t, &built, &l.e), 0);
	CHECK(built);
	CHECK_STR(l.t.password, "pw");
	template_close(&l.t);
	CHECK_INT(template_open(&l.a, &l.p, "toy-1", &l.t, &l.e), 0);
	CHECK_STR(l.t.engine, "toy");
	CHECK_STR(l.t.version, "1.2");
	CHECK_STR(l.t.created, "1700000000");
	CHECK_INT((int)l.t.files, 2);
	CHECK(l.t.fd >= 0);
	template_close(&l.t);
	CHECK_INT(template_list(&l.a, &l.p, &keys, &l.e), 0);
	CHECK_INT((int)keys.n, 1);
	CHECK_STR(keys.v[0], "toy-1");
	CHECK_INT(template_remove(&l.a, &l.p, "toy-1", false, &l.e), 0);
	CHECK_INT(template_remove(&l.a, &l.p, "toy-1", false, &l.e), -ENOENT);
	CHECK_INT(rmdir(l.p.templates), 0); /* no lock, no rest */
	lab_close(&l);
}

TEST(template_abandoned_and_killed_builds)
{
	struct lab l;
	struct stat st;
	bool built;
	int r;

	REQUIRE(lab_open(&l));
	CHECK_INT(template_begin(&l.a, &l.p, "k", &l.t, &built, &l.e), 0);
	CHECK_INT(mkdirat(l.t.fd, "x", 0700), 0);
	template_abandon(&l.p, &l.t);
	CHECK_INT(rmdir(l.p.templates), 0);
	CHECK_INT(template_begin(&l.a, &l.p, "k", &l.t, &built, &l.e), 0);
	CHECK_INT(mkdirat(l.t.fd, "half", 0700), 0);
	template_close(&l.t); /* as a kill does */
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), -ENOENT);
	CHECK_INT(template_begin(&l.a, &l.p, "k", &l.t, &built, &l.e), 0);
	CHECK(!built);
	CHECK(fstatat(l.t.fd, "half", &st, 0) < 0);
	l.t.engine = "toy", l.t.password = "p", l.t.created = "1";
	r = template_commit(&l.a, &l.p, &l.t, &l.e);
	CHECK_INT(r, -EINVAL);
	CHECK_HAS(l.e.text, "left no data");
	template_abandon(&l.p, &l.t);
	CHECK_INT(template_begin(&l.a, &l.p, "../x", &l.t, &built, &l.e), -EINVAL);
	CHECK_INT(template_begin(&l.a, &l.p, ".k", &l.t, &built, &l.e), -EINVAL);
	lab_close(&l);
}

/* Two creates at once: the second waits for the first, then finds it. */
TEST(template_two_at_once)
{
	struct lab l;
	bool built;
	int status;
	pid_t pid;

	REQUIRE(lab_open(&l));
	CHECK_INT(template_begin(&l.a, &l.p, "k", &l.t, &built, &l.e), 0);
	pid = fork();
	if (!pid) {
		struct template_ t;

		template_close(&l.t);
		close(2);
		_exit(template_begin(&l.a, &l.p, "k", &t, &built, &l.e) == 0 && built && t.fd >= 0 ? 0 : 1);
	}
	usleep(50000);
	CHECK_INT(waitpid(pid, &status, WNOHANG), 0);
	CHECK_INT(mkdirat(l.t.fd, "base", 0700), 0);
	l.t.engine = "toy", l.t.password = "p", l.t.created = "1";
	CHECK_INT(template_commit(&l.a, &l.p, &l.t, &l.e), 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	lab_close(&l);
}

TEST(template_damaged)
{
	const char *file;
	struct lab l;

	REQUIRE(lab_open(&l));
	REQUIRE(make(&l, "k"));
	file = arena_fmt(&l.a, "%s/k/data/PG_VERSION", l.p.templates);
	CHECK_INT(unlink(file), 0);
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "data/PG_VERSION is missing");
	CHECK_HAS(l.e.text, "wasirun sandbox template rm k");
	put(&l, "a/templates/k/template.conf", "TEMPLATE_ENGINE='toy'\n");
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "not complete");
	put(&l, "a/templates/k/template.conf", "'\n");
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), -EINVAL);
	CHECK_INT(unlink(arena_fmt(&l.a, "%s/k/template.conf", l.p.templates)), 0);
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "template.conf");
	CHECK_INT(template_remove(&l.a, &l.p, "k", false, &l.e), 0);
	REQUIRE(make(&l, "k"));
	CHECK_INT(system(arena_fmt(&l.a, "rm -r %s/k/data", l.p.templates)), 0);
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), -EINVAL);
	lab_close(&l);
}

TEST(template_users_hold_it)
{
	struct sandbox s = { .fd = -1, .lock = -1 };
	template_users users;
	struct lab l;

	REQUIRE(lab_open(&l));
	REQUIRE(make(&l, "k"));
	CHECK_INT(mkdir(arena_fmt(&l.a, "%s/dev", l.dir), 0700), 0);
	CHECK_INT(mkdir(arena_fmt(&l.a, "%s/dev/config", l.dir), 0700), 0);
	put(&l, "dev/config/sandbox.conf", "SANDBOX_ID='0badcafe'\nSANDBOX_ENGINE='toy'\nSANDBOX_BACKEND='native'\n");
	s.place = l.p;
	s.name = "dev";
	s.dir = arena_fmt(&l.a, "%s/dev", l.dir);
	s.conf = (struct sandbox_conf){ .id = "0badcafe", .template_ = "k" };
	CHECK_INT(template_open(&l.a, &l.p, "k", &l.t, &l.e), 0);
	CHECK_INT(template_use(&l.t, &s, &l.e), 0);
	CHECK_INT(template_use(&l.t, &s, &l.e), 0); /* again, as after a move */
	CHECK_INT(template_remove(&l.a, &l.p, "k", true, &l.e), -EBUSY); /* it is open */
	template_close(&l.t);
	CHECK_INT(template_user_list(&l.a, &l.p, "k", &users, &l.e), 0);
	CHECK_INT((int)users.n, 1);
	CHECK_STR(users.v[0].dir, s.dir);
	CHECK(users.v[0].there);
	CHECK_INT(template_remove(&l.a, &l.p, "k", false, &l.e), -EBUSY);
	CHECK_HAS(l.e.text, "/dev are a layer on the template k");
	CHECK_INT(rename(s.dir, arena_fmt(&l.a, "%s/moved", l.dir)), 0);
	CHECK_INT(template_remove(&l.a, &l.p, "k", false, &l.e), -EBUSY);
	CHECK_HAS(l.e.text, "not moved");
	template_unuse(&s);
	CHECK_INT(template_remove(&l.a, &l.p, "k", false, &l.e), 0);
	lab_close(&l);
}

TEST(template_of_another_user_is_not_used)
{
	struct template_ t;
	struct lab l;
	const char *k;

	if (geteuid() != 0)
		SKIP("giving a directory to another user needs root");
	REQUIRE(lab_open(&l));
	put(&l, "server", "binary");
	k = key(&l);
	REQUIRE(make(&l, k));
	CHECK_INT(sys_chown(AT_FDCWD, arena_fmt(&l.a, "%s/%s", l.p.templates, k), 4242, 4242, 0), 0);
	CHECK_INT(template_open(&l.a, &l.p, k, &t, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "another user");
	lab_close(&l);
}

/* Under sudo the store is the caller's: what root writes and deletes in it lies behind no link, and in nobody's file. */
TEST(template_users_lie_behind_no_link)
{
	struct sandbox s = { .fd = -1, .lock = -1, .name = "dev", .dir = "/nowhere/dev" };
	struct template_ t;
	struct lab l;
	const char *k;
	struct stat st;

	REQUIRE(lab_open(&l));
	put(&l, "server", "binary");
	k = key(&l);
	REQUIRE(make(&l, k));
	s.place = l.p;
	s.conf.id = "deadbeef";
	REQUIRE(mkdir(arena_fmt(&l.a, "%s/other", l.dir), 0700) == 0);
	put(&l, "other/deadbeef", "kept");
	REQUIRE(symlink(arena_fmt(&l.a, "%s/other", l.dir), arena_fmt(&l.a, "%s/%s/users", l.p.templates, k)) == 0);
	template_unuse(&s);
	CHECK_INT(stat(arena_fmt(&l.a, "%s/other/deadbeef", l.dir), &st), 0);
	CHECK_INT((int)st.st_size, 4);
	CHECK_INT(unlink(arena_fmt(&l.a, "%s/%s/users", l.p.templates, k)), 0);
	CHECK_INT(template_open(&l.a, &l.p, k, &t, &l.e), 0);
	REQUIRE(mkdir(arena_fmt(&l.a, "%s/%s/users", l.p.templates, k), 0700) == 0);
	REQUIRE(link(arena_fmt(&l.a, "%s/other/deadbeef", l.dir), arena_fmt(&l.a, "%s/%s/users/deadbeef", l.p.templates, k)) == 0);
	CHECK_INT(template_use(&t, &s, &l.e), 0);
	CHECK_INT(stat(arena_fmt(&l.a, "%s/other/deadbeef", l.dir), &st), 0);
	CHECK_INT((int)st.st_size, 4);
	template_close(&t);
	template_unuse(&s);
	CHECK(stat(arena_fmt(&l.a, "%s/%s/users/deadbeef", l.p.templates, k), &st) < 0);
	lab_close(&l);
}
