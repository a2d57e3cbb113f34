/* test_snapshot.c - copies of data beside them: held while they are made, whole or not there, and killed at every system call. */
#include "runtime/sandbox/snapshot.h"
#include "runtime/sandbox/storage.h"
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
	int held;     /* how often; the calls come in pairs */
	int fail_at;  /* this call of freeze fails */
	bool pressed; /* press ^C while it is held */
	bool grow;    /* more data while it is held */
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
	strcpy(l->dir, "/tmp/wasirun-snap-XXXXXX");
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
	l->s.conf.password = "it's";
	put(l->s.fd, "data/content", "one");
	return CHECK_INT(sandbox_save(&l->s, &l->e), 0);
}

static void lab_close(struct lab *l)
{
	int dir = sys_open(AT_FDCWD, l->dir, O_RDONLY | O_DIRECTORY, 0);

	sandbox_close(&l->s);
	CHECK_INT(tree_empty(dir, &l->e), 0);
	close(dir);
	CHECK_INT(rmdir(l->dir), 0);
	arena_drop(&l->a);
}

static int freeze(void *ctx, bool on, struct err *e)
{
	struct lab *l = ctx;

	CHECK_INT(l->held++ % 2 == 0, on);
	if (l->held == l->fail_at)
		return fail(e, EIO, "the freezer is broken");
	if (on && l->pressed)
		kill(getpid(), SIGINT);
	if (on && l->grow)
		CHECK_INT(mkdirat(l->s.fd, "snapshots/.x.new/data/content", 0700), 0); /* in the copy's way */
	return 0;
}

static int take(struct lab *l, const char *name, struct freezer *f)
{
	struct copy_cost cost;
	AUTO_FD int data = TRY(sandbox_open_data(&l->s, &l->e));
	AUTO_FD int all = TRY(snapshot_dir(&l->s, &l->e));

	TRY(copy_cost(data, all, &cost, &l->e));
	return snapshot_take(&l->a, &l->s, name, &cost, f, &l->e);
}

TEST(snapshot_taken_listed_opened_deleted)
{
	struct snapshot snap;
	struct strs names;
	struct lab l;

	REQUIRE(lab_open(&l));
	CHECK_INT(snapshot_list(&l.a, &l.s, &names, &l.e), 0);
	CHECK_INT((int)names.n, 0);
	CHECK_INT(snapshot_open(&l.a, &l.s, "one", &snap, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "and no other");
	CHECK_INT(take(&l, "z", NULL), 0);
	put(l.s.fd, "data/content", "two");
	CHECK_INT(take(&l, "a", NULL), 0);
	CHECK_INT(take(&l, "a", NULL), -EEXIST);
	CHECK_INT(take(&l, "../a", NULL), -EINVAL);
	CHECK_INT(take(&l, ".a", NULL), -EINVAL);
	CHECK_INT(snapshot_list(&l.a, &l.s, &names, &l.e), 0);
	REQUIRE(names.n == 2);
	CHECK_STR(names.v[0], "z"); /* oldest first, in the same second too */
	CHECK_INT(snapshot_open(&l.a, &l.s, "z", &snap, &l.e), 0);
	CHECK_STR(get(snap.data, "content"), "one");
	CHECK_STR(snap.conf.password, "it's");
	CHECK(snap.conf.created != NULL);
	fd_close(&snap.data);
	CHECK_INT(snapshot_open(&l.a, &l.s, "none", &snap, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "it has a, z");
	CHECK_INT(snapshot_delete(&l.a, &l.s, "z", &l.e), 0);
	CHECK_INT(snapshot_delete(&l.a, &l.s, "z", &l.e), -ENOENT);
	put(l.s.fd, "snapshots/a/snapshot.conf", "'");
	CHECK_INT(snapshot_open(&l.a, &l.s, "a", &snap, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "a is damaged");
	lab_close(&l);
}

TEST(snapshot_names_of_one_second)
{
	const char *first, *second;
	struct lab l;
	int tries;

	REQUIRE(lab_open(&l));
	for (tries = 0; tries < 5; tries++) { /* the second may be over between two */
		CHECK_INT(snapshot_new_name(&l.a, &l.s, &first, &l.e), 0);
		CHECK_INT(take(&l, first, NULL), 0);
		CHECK_INT(snapshot_new_name(&l.a, &l.s, &second, &l.e), 0);
		CHECK(strcmp(first, second) != 0);
		if (!strncmp(first, second, 15))
			break;
	}
	CHECK_INT((int)strlen(first) >= 15 && first[8] == '-', 1);
	CHECK_INT(strcmp(second + 15, tries ? second + 15 : "-2"), 0);
	lab_close(&l);
}

/* The server goes on, whatever happened; ^C comes when it does. */
TEST(snapshot_holds_the_server)
{
	struct lab l;
	struct freezer f = { .freeze = freeze, .ctx = &l };
	int status;
	pid_t pid;

	REQUIRE(lab_open(&l));
	CHECK_INT(take(&l, "one", &f), 0);
	CHECK_INT(l.held, 2);
	CHECK(f.us > 0);
	l.fail_at = 3;
	CHECK_INT(take(&l, "two", &f), -EIO);
	CHECK_INT(l.held, 3); /* not held: nothing to let go */
	CHECK(!there(l.s.fd, "snapshots/two") && !there(l.s.fd, "snapshots/.two.new"));
	l.held = 0;
	l.fail_at = 2;
	CHECK_INT(take(&l, "two", &f), -EIO);
	CHECK_HAS(l.e.text, "still stands still");
	CHECK(!there(l.s.fd, "snapshots/two"));
	l.held = l.fail_at = 0;
	l.grow = true;
	CHECK_INT(take(&l, "x", &f), -EEXIST);
	CHECK_INT(l.held, 2);
	CHECK(!there(l.s.fd, "snapshots/x") && !there(l.s.fd, "snapshots/.x.new"));
	l.grow = false;
	l.pressed = true;
	pid = fork();
	if (!pid) {
		l.held = 0;
		(void)!take(&l, "pressed", &f);
		_exit(3); /* not reached: the signal waited, and came */
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	CHECK_STR(get(l.s.fd, "snapshots/.pressed.new/data/content"), "one"); /* it ended behind the copy, not in it */
	l.pressed = false;
	l.held = 0;
	CHECK_INT(take(&l, "pressed", &f), 0);
	lab_close(&l);
}

static int take_one(void *arg)
{
	return take(arg, "one", NULL);
}

TEST(snapshot_killed_anywhere)
{
	int n, whole = 0;
	struct lab l;

	REQUIRE(lab_open(&l));
	for (n = 0; n < 2000 && killed_at(take_one, &l, n); n++) {
		struct snapshot snap;
		int r = snapshot_open(&l.a, &l.s, "one", &snap, &l.e);

		if (r < 0)
			CHECK_INT(r, -ENOENT);
		else
			CHECK_STR(get(snap.data, "content"), "one");
		whole += r == 0;
		fd_close(&snap.data);
		if (r < 0)
			CHECK_INT(take(&l, "one", NULL), 0);
		CHECK(!there(l.s.fd, "snapshots/.one.new"));
		CHECK_INT(snapshot_delete(&l.a, &l.s, "one", &l.e), 0);
	}
	printf("# killed at %d points: %d times whole\n", n, whole);
	CHECK(n > 60 && n < 2000 && whole > 1 && whole < n);
	lab_close(&l);
}
