/* test_data.c - a sandbox's data: filled from a template, replaced, and a replacement killed at every system call. */
#include "runtime/sandbox/data.h"
#include "runtime/sandbox/conf.h"
#include "sys/sys.h"
#include "tests/unit/killed.h"
#include <stdlib.h>
#include <string.h>

struct lab {
	struct arena a;
	struct place p;
	struct sandbox s;
	struct err e;
	char dir[64];
	int other; /* a directory with other data */
};

static void put(int dir, const char *path, const char *text)
{
	AUTO_FD int fd = sys_open(dir, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	CHECK_INT(sys_write_all(fd, text, strlen(text)), 0);
}

static const char *get(int dir, const char *path)
{
	static char buf[64];

	return sys_read_file(dir, path, buf, sizeof buf) < 0 ? NULL : buf;
}

static bool there(int dir, const char *path)
{
	struct stat st;

	return fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool lab_open(struct lab *l)
{
	*l = (struct lab){ 0 };
	strcpy(l->dir, "/tmp/wasirun-data-XXXXXX");
	if (!mkdtemp(l->dir))
		return false;
	l->p = (struct place){ .root = arena_fmt(&l->a, "%s/root", l->dir), .templates = arena_fmt(&l->a, "%s/templates", l->dir) };
	l->p.uid = l->p.data_uid = geteuid();
	l->p.gid = l->p.data_gid = getegid();
	if (!CHECK_INT(sandbox_claim(&l->a, &l->p, "dev", &l->s, &l->e), 0))
		return false;
	l->s.conf.engine = l->s.conf.server = "redis";
	l->s.conf.backend = "native";
	l->s.conf.storage = "copy";
	put(l->s.fd, "data/content", "old");
	if (mkdir(arena_fmt(&l->a, "%s/other", l->dir), 0700) < 0)
		return false;
	l->other = sys_open(AT_FDCWD, arena_fmt(&l->a, "%s/other", l->dir), O_RDONLY | O_DIRECTORY, 0);
	put(l->other, "content", "new");
	return CHECK_INT(sandbox_save(&l->s, &l->e), 0);
}

static void lab_close(struct lab *l)
{
	int dir = sys_open(AT_FDCWD, l->dir, O_RDONLY | O_DIRECTORY, 0);

	fd_close(&l->other);
	sandbox_close(&l->s);
	CHECK_INT(tree_empty(dir, &l->e), 0);
	close(dir);
	CHECK_INT(rmdir(l->dir), 0);
	arena_drop(&l->a);
}

static bool make_template(struct lab *l, struct template_ *t)
{
	bool built;

	if (!CHECK_INT(template_begin(&l->a, &l->p, "redis-7-0", t, &built, &l->e), 0))
		return false;
	put(t->fd, "content", "template");
	t->engine = "redis", t->password = "p", t->created = "1", t->version = "7";
	return CHECK_INT(template_commit(&l->a, &l->p, t, &l->e), 0);
}

TEST(data_cloned_from_a_template)
{
	struct sandbox_conf kept;
	template_users users;
	struct template_ t;
	struct lab l;
	int r;

	REQUIRE(lab_open(&l));
	REQUIRE(make_template(&l, &t));
	CHECK_INT(unlinkat(l.s.fd, "data/content", 0), 0);
	kept = l.s.conf;
	CHECK_INT(sandbox_clone_data(&l.a, &l.s, &t, "tape", &l.e), -EINVAL);
	CHECK_INT(sandbox_clone_data(&l.a, &l.s, &t, "copy", &l.e), 0);
	CHECK_STR(get(l.s.fd, "data/content"), "template");
	CHECK_STR(l.s.conf.storage, "copy");
	CHECK_STR(l.s.conf.template_, "redis-7-0");
	CHECK_INT(unlinkat(l.s.fd, "data/content", 0), 0);
	l.s.conf = kept;
	r = sandbox_clone_data(&l.a, &l.s, &t, "overlay", &l.e);
	if (r == 0) {
		CHECK_STR(l.s.conf.storage, "overlay");
		CHECK(!there(l.s.fd, "data/content"));
		CHECK_INT(template_user_list(&l.a, &l.p, "redis-7-0", &users, &l.e), 0);
		CHECK_INT((int)users.n, 1);
		CHECK_STR(users.v[0].id, l.s.conf.id);
	} else {
		CHECK_INT(r, -ENOTSUP);
		CHECK_STR(l.s.conf.storage, kept.storage);
	}
	r = sandbox_clone_data(&l.a, &l.s, &t, "reflink", &l.e);
	if (r < 0) {
		CHECK_INT(r, -ENOTSUP);
		CHECK_HAS(l.e.text, "XFS and Btrfs");
	}
	template_close(&t);
	lab_close(&l);
}

TEST(data_replaced)
{
	struct sandbox_conf after;
	struct stat before, now;
	struct lab l;

	REQUIRE(lab_open(&l));
	put(l.s.fd, ".work/x", "known to the old layer");
	CHECK_INT(sys_statat(l.s.fd, "data", &before, 0), 0);
	after = l.s.conf;
	after.template_ = "redis-8-1";
	after.fresh = "1";
	CHECK_INT(sandbox_replace_data(&l.a, &l.s, l.other, false, &after, true, &l.e), 0);
	CHECK_STR(get(l.s.fd, "data/content"), "new");
	CHECK_STR(l.s.conf.template_, "redis-8-1");
	CHECK(!there(l.s.fd, ".data.new") && !there(l.s.fd, ".data.old") && !there(l.s.fd, "config/next.conf"));
	CHECK(!there(l.s.fd, ".work/x"));
	CHECK_INT(sys_statat(l.s.fd, "data", &now, 0), 0);
	CHECK(before.st_ino != now.st_ino);
	CHECK_INT(now.st_mode & 07777, 0700);
	CHECK_INT(sandbox_replace_data(&l.a, &l.s, -1, false, &l.s.conf, false, &l.e), 0);
	CHECK(!there(l.s.fd, "data/content"));
	CHECK_STR(l.s.conf.fresh, "1");
	lab_close(&l);
}

/* What cannot be copied changes nothing. */
TEST(data_replacement_that_fails)
{
	struct sandbox_conf after;
	struct lab l;
	int deep, i;

	REQUIRE(lab_open(&l));
	after = l.s.conf;
	after.storage = "reflink";
	deep = dup(l.other);
	for (i = 0; i < 70; i++) {
		int below;

		CHECK_INT(mkdirat(deep, "d", 0700), 0);
		below = openat(deep, "d", O_RDONLY | O_DIRECTORY);
		close(deep);
		deep = below;
	}
	close(deep);
	CHECK_INT(sandbox_replace_data(&l.a, &l.s, l.other, false, &after, false, &l.e), -ELOOP);
	CHECK_STR(get(l.s.fd, "data/content"), "old");
	CHECK_STR(l.s.conf.storage, "copy");
	CHECK(!there(l.s.fd, ".data.new") && !there(l.s.fd, "config/next.conf"));
	lab_close(&l);
}

static int replace(void *arg)
{
	struct lab *l = arg;
	struct sandbox_conf after;
	struct sandbox s;
	int r = sandbox_open(&l->a, &l->p, "dev", true, &s, &l->e);

	if (r < 0)
		return r;
	after = s.conf;
	after.storage = "reflink";
	r = sandbox_replace_data(&l->a, &s, l->other, false, &after, false, &l->e);
	sandbox_close(&s);
	return r;
}

/* Never without data, and data and sandbox.conf agree once the next one has looked. */
TEST(data_replacement_killed_anywhere)
{
	int n, old = 0, ended = 0;
	struct lab l;

	REQUIRE(lab_open(&l));
	sandbox_close(&l.s);
	for (n = 0; n < 2000 && killed_at(replace, &l, n); n++) {
		struct sandbox s;
		bool is_new;

		if (!CHECK_INT(sandbox_open(&l.a, &l.p, "dev", true, &s, &l.e), 0))
			break;
		is_new = get(s.fd, "data/content") && !strcmp(get(s.fd, "data/content"), "new");
		if (!is_new)
			CHECK_STR(get(s.fd, "data/content"), "old");
		ended += there(s.fd, ".data.new");
		CHECK_INT(sandbox_settle(&l.a, &s, &l.e), 0);
		CHECK_STR(get(s.fd, "data/content"), is_new ? "new" : "old");
		CHECK_STR(s.conf.storage, is_new ? "reflink" : "copy");
		CHECK(!there(s.fd, ".data.new") && !there(s.fd, "config/next.conf"));
		old += !is_new;
		put(s.fd, "data/content", "old");
		s.conf.storage = "copy";
		CHECK_INT(sandbox_save(&s, &l.e), 0);
		sandbox_close(&s);
	}
	printf("# killed at %d points: %d times the old data, %d times something to clear away\n", n, old, ended);
	CHECK(n > 60 && n < 2000 && old > 30 && n - old > 10 && ended > 10);
	lab_close(&l);
}

/* Where names cannot be exchanged: between the two renames there is nothing called data. */
TEST(data_between_two_renames)
{
	struct lab l;

	REQUIRE(lab_open(&l));
	CHECK_INT(renameat(l.s.fd, "data", l.s.fd, ".data.old"), 0);
	CHECK_INT(mkdirat(l.s.fd, ".data.new", 0700), 0);
	CHECK_INT(sandbox_settle(&l.a, &l.s, &l.e), 0);
	CHECK_STR(get(l.s.fd, "data/content"), "old");
	CHECK(!there(l.s.fd, ".data.new") && !there(l.s.fd, ".data.old"));
	lab_close(&l);
}
