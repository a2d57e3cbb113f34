/* test_sandbox.c - a sandbox's tree: made, opened, copied, killed at every system call, removed. */
#include "sandbox/sandbox.h"
#include "sandbox/conf.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

struct lab {
	struct arena a;
	char dir[40];
	struct place p;
	struct err e;
};

static bool lab_open(struct lab *l)
{
	memset(l, 0, sizeof *l);
	strcpy(l->dir, "/tmp/wasirun-sandbox-XXXXXX");
	if (!mkdtemp(l->dir))
		return false;
	l->p = (struct place){ .root = arena_fmt(&l->a, "%s/sb", l->dir), .ports = arena_fmt(&l->a, "%s/ports", l->dir),
			       .sockets = arena_fmt(&l->a, "%s/s", l->dir), .uid = geteuid(), .gid = getegid(),
			       .data_uid = geteuid() ? geteuid() : SANDBOX_ROOT_ID, .data_gid = geteuid() ? getegid() : SANDBOX_ROOT_ID };
	return true;
}

static void lab_close(struct lab *l)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", l->dir);
	CHECK_INT(system(command), 0);
	arena_drop(&l->a);
}

#define LAB(l)                                            \
	struct lab l __attribute__((cleanup(lab_close))); \
	REQUIRE(lab_open(&(l)))

static void shell(struct lab *l, const char *command)
{
	CHECK_INT(system(arena_fmt(&l->a, "cd %s && %s", l->dir, command)), 0);
}

static void fill(struct sandbox *s)
{
	s->conf.engine = "postgres";
	s->conf.backend = "native";
	s->conf.port = "5432";
	s->conf.password = "it's \"$x\" \\ `y`\nz";
}

static void make(struct lab *l, const char *name)
{
	struct sandbox s;

	if (!CHECK_INT(sandbox_claim(&l->a, &l->p, name, &s, &l->e), 0))
		printf("# %s\n", l->e.text);
	fill(&s);
	CHECK_INT(sandbox_save(&s, &l->e), 0);
	sandbox_close(&s);
}

static bool there(struct lab *l, const char *path)
{
	return access(arena_fmt(&l->a, "%s/sb/%s", l->dir, path), F_OK) == 0;
}

TEST(sandbox_names_allowed)
{
	struct err e;

	CHECK_INT(sandbox_check_name("dev", &e), 0);
	CHECK_INT(sandbox_check_name("9.a_B-c", &e), 0);
	CHECK_INT(sandbox_check_name("", &e), -EINVAL);
	CHECK_INT(sandbox_check_name(".dev", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("-x", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("1234567890123456789012345678901234567890123456789012345678901234", &e), 0);
	CHECK_INT(sandbox_check_name("12345678901234567890123456789012345678901234567890123456789012345", &e), -EINVAL);
}

TEST(sandbox_tree_and_owners)
{
	static const struct {
		const char *path;
		unsigned mode;
		bool data;
	} want[] = {
		{ "", 040700, false },          { "config", 040755, false },    { "data", 040700, true },      { "logs", 040700, true },
		{ "rootfs", 040755, false },    { "bin", 040755, false },       { "snapshots", 040700, false }, { ".work", 040700, true },
		{ ".gitignore", 0100644, false }, { "config/sandbox.conf", 0100600, false },
	};
	struct stat st;
	size_t i;

	LAB(l);
	if (geteuid() == 0) {
		l.p.uid = 4711; /* as under sudo */
		l.p.gid = 4712;
	}
	(void)umask(077);
	make(&l, "dev");
	(void)umask(022);
	for (i = 0; i < sizeof want / sizeof *want; i++) {
		CHECK_INT(stat(arena_fmt(&l.a, "%s/dev/%s", l.p.root, want[i].path), &st), 0);
		if (!CHECK_INT(st.st_mode, want[i].mode))
			printf("# %s\n", want[i].path);
		CHECK_INT(st.st_uid, want[i].data ? l.p.data_uid : l.p.uid);
		CHECK_INT(st.st_gid, want[i].data ? l.p.data_gid : l.p.gid);
	}
	CHECK_INT(stat(l.p.root, &st), 0);
	CHECK_INT(st.st_uid, l.p.uid);
}

TEST(sandbox_conf_comes_back)
{
	struct sandbox s;
	char *out;
	size_t n;

	LAB(l);
	make(&l, "dev");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), 0);
	CHECK_STR(s.conf.password, "it's \"$x\" \\ `y`\nz");
	CHECK_STR(s.conf.image, NULL);
	CHECK_INT(strlen(s.conf.id), 8);
	CHECK(!s.copied);
	CHECK_STR(s.dir, arena_fmt(&l.a, "%s/sb/dev", l.dir));
	CHECK_STR(sandbox_container_id(&l.a, &s), arena_fmt(&l.a, "sb-dev-%s", s.conf.id));
	CHECK_STR(sandbox_socket_dir(&l.a, &s), arena_fmt(&l.a, "%s/s/%s", l.dir, s.conf.id));
	sandbox_close(&s);
	/* a shell reads the same */
	shell(&l, ". sb/dev/config/sandbox.conf && printf %s \"$DB_PASSWORD\" >sb/dev/config/out");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), 0);
	CHECK_INT(sandbox_read(&l.a, &s, "config/out", &out, &n, &l.e), 0);
	CHECK_STR(out, s.conf.password);
	sandbox_close(&s);
}

TEST(sandbox_conf_by_hand)
{
	struct sandbox_conf c;

	LAB(l);
	CHECK_INT(conf_decode(&l.a, "# x\n SANDBOX_NAME=dev # y\nDB_USER=\"a \\\"b\\\"\"'c'd\\ e\nOTHER='x'\nDB_PORT=1\r\nDB_NAME=''", "f",
			      &c, &l.e), 0);
	CHECK_STR(c.name, "dev");
	CHECK_STR(c.user, "a \"b\"cd e");
	CHECK_STR(c.port, "1");
	CHECK_STR(c.database, "");
	CHECK_INT(conf_decode(&l.a, "A='1\n2'\nwhat\n", "f", &c, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "f:3: not NAME=");
	CHECK_INT(conf_decode(&l.a, "\nA='1\n2", "f", &c, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "f:2: a quote");
}

TEST(sandbox_claim_twice)
{
	struct sandbox s, t;

	LAB(l);
	CHECK_INT(sandbox_claim(&l.a, &l.p, "dev", &s, &l.e), 0);
	CHECK_INT(sandbox_claim(&l.a, &l.p, "dev", &t, &l.e), -EEXIST); /* half made, but held */
	CHECK_HAS(l.e.text, arena_fmt(&l.a, "being created by another command (pid %d)", getpid()));
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &t, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "being created");
	fill(&s);
	CHECK_INT(sandbox_save(&s, &l.e), 0);
	sandbox_close(&s);
	CHECK_INT(sandbox_claim(&l.a, &l.p, "dev", &t, &l.e), -EEXIST);
	CHECK_HAS(l.e.text, "sandbox dev exists already (postgres on port 5432)");
	CHECK(there(&l, "dev/config/sandbox.conf"));
}

TEST(sandbox_claim_spares_others_work)
{
	struct sandbox s;
	bool damaged;

	LAB(l);
	shell(&l, "mkdir -p sb/mine sb/empty && echo precious >sb/mine/file && echo >sb/plain && ln -s mine sb/link");
	CHECK_INT(sandbox_claim(&l.a, &l.p, "mine", &s, &l.e), -EEXIST);
	CHECK_HAS(l.e.text, "is no sandbox");
	CHECK_INT(sandbox_open_ruins(&l.a, &l.p, "mine", &s, &damaged, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "nothing of it is deleted");
	CHECK_INT(sandbox_claim(&l.a, &l.p, "plain", &s, &l.e), -ENOTDIR);
	CHECK_INT(sandbox_claim(&l.a, &l.p, "link", &s, &l.e), -ENOTDIR);
	CHECK_INT(sandbox_open(&l.a, &l.p, "link", false, &s, &l.e), -ENOTDIR);
	CHECK(there(&l, "mine/file"));
	CHECK_INT(sandbox_claim(&l.a, &l.p, "empty", &s, &l.e), 0); /* what a kill right after the mkdir leaves */
	sandbox_close(&s);
}

TEST(sandbox_open_says_what_is_there)
{
	struct sandbox s;
	struct strs names;

	LAB(l);
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, arena_fmt(&l.a, "no sandbox dev: there is none in %s/sb", l.dir));
	CHECK_INT(sandbox_names(&l.a, &l.p, &names, &l.e), 0);
	CHECK_INT(names.n, 0);
	make(&l, "develop");
	make(&l, "a");
	shell(&l, "mkdir -p sb/other/x sb/.hidden");
	CHECK_INT(sandbox_open(&l.a, &l.p, "devlop", false, &s, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "did you mean develop?");
	CHECK_INT(sandbox_open(&l.a, &l.p, "zzzzzz", false, &s, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "`wasirun sandbox list`");
	CHECK_INT(sandbox_open(&l.a, &l.p, "other", false, &s, &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "is no sandbox");
	CHECK_INT(sandbox_names(&l.a, &l.p, &names, &l.e), 0);
	REQUIRE(names.n == 2);
	CHECK_STR(names.v[0], "a");
	CHECK_STR(names.v[1], "develop");
}

/* cp -a gives a tree that says it is another one; mv does not. */
TEST(sandbox_copies_and_moves)
{
	struct sandbox one, two, moved;

	LAB(l);
	make(&l, "dev");
	shell(&l, "cp -a sb/dev sb/twin");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &one, &l.e), 0);
	CHECK_INT(sandbox_open(&l.a, &l.p, "twin", true, &two, &l.e), 0);
	CHECK(!one.copied);
	CHECK(two.copied);
	CHECK(strcmp(one.conf.id, two.conf.id) != 0);
	CHECK_STR(two.conf.name, "twin");
	CHECK_INT(sandbox_save(&two, &l.e), 0);
	sandbox_close(&two);
	sandbox_close(&one);
	CHECK_INT(sandbox_open(&l.a, &l.p, "twin", false, &two, &l.e), 0);
	CHECK(!two.copied);
	sandbox_close(&two);
	shell(&l, "mkdir else && mv sb/dev else/new");
	l.p.root = arena_fmt(&l.a, "%s/else", l.dir);
	CHECK_INT(sandbox_open(&l.a, &l.p, "new", false, &moved, &l.e), 0);
	CHECK(!moved.copied);
	CHECK_STR(moved.conf.id, one.conf.id);
	CHECK_STR(sandbox_container_id(&l.a, &moved), arena_fmt(&l.a, "sb-dev-%s", one.conf.id)); /* it may be running */
	sandbox_close(&moved);
}

TEST(sandbox_damaged_conf)
{
	struct sandbox s;
	bool damaged;

	LAB(l);
	make(&l, "dev");
	shell(&l, "sed -i 's/^SANDBOX_ID=.*/SANDBOX_ID=..\\/..\\/x/' sb/dev/config/sandbox.conf");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "sb/dev/config/sandbox.conf: SANDBOX_ID is not 8 hexadecimal digits");
	shell(&l, "echo nonsense >sb/dev/config/sandbox.conf");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "sandbox.conf:1: not NAME='value'");
	CHECK_INT(sandbox_claim(&l.a, &l.p, "dev", &s, &l.e), -EEXIST);
	CHECK(there(&l, "dev/data"));
	CHECK_INT(sandbox_open_ruins(&l.a, &l.p, "dev", &s, &damaged, &l.e), 0);
	CHECK(damaged);
	CHECK_STR(s.conf.id, NULL);
	CHECK_INT(sandbox_remove(&s, &l.e), 0);
	sandbox_close(&s);
	CHECK(!there(&l, "dev"));
}

TEST(sandbox_files_stay_inside)
{
	struct sandbox s;
	char *bytes;
	size_t n;

	LAB(l);
	make(&l, "dev");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", true, &s, &l.e), 0);
	CHECK_INT(sandbox_write(&s, "config/x", "abc", 3, 0640, &l.e), 0);
	CHECK_INT(sandbox_write(&s, "config/x", "de", 2, 0640, &l.e), 0);
	CHECK_INT(sandbox_read(&l.a, &s, "config/x", &bytes, &n, &l.e), 0);
	CHECK_STR(bytes, "de");
	CHECK_INT(sandbox_write(&s, "../x", "abc", 3, 0640, &l.e), -EXDEV);
	CHECK_INT(sandbox_read(&l.a, &s, "../../etc/passwd", &bytes, &n, &l.e), -EXDEV);
	shell(&l, "rm -r sb/dev/bin && ln -s /etc sb/dev/bin && ln -s /etc/passwd sb/dev/config/y && mkfifo sb/dev/config/z");
	CHECK_INT(sandbox_write(&s, "bin/x", "abc", 3, 0640, &l.e), -ELOOP);
	CHECK_INT(sandbox_read(&l.a, &s, "config/y", &bytes, &n, &l.e), -ELOOP);
	CHECK_INT(sandbox_read(&l.a, &s, "config/z", &bytes, &n, &l.e), -EINVAL);
	CHECK_INT(sandbox_write(&s, "config/y", "mine", 4, 0640, &l.e), 0); /* replaces the link */
	shell(&l, "mkdir s && mkdir -p data && cp -r /etc/init.d sb/dev/data/ && ln -s /etc sb/dev/data/etc");
	CHECK_INT(sandbox_remove(&s, &l.e), 0);
	CHECK(!there(&l, "dev"));
	CHECK_INT(access("/etc/passwd", F_OK), 0);
	sandbox_close(&s);
}

TEST(sandbox_socket_directory)
{
	struct sandbox s;
	struct stat st;

	LAB(l);
	make(&l, "dev");
	CHECK_INT(sandbox_open(&l.a, &l.p, "dev", true, &s, &l.e), 0);
	CHECK_INT(sandbox_drop_socket_dir(&l.a, &s, &l.e), 0);
	CHECK_INT(sandbox_make_socket_dir(&l.a, &s, &l.e), 0);
	CHECK_INT(stat(sandbox_socket_dir(&l.a, &s), &st), 0);
	CHECK_INT(st.st_mode & 07777, 0700);
	CHECK_INT(st.st_uid, l.p.data_uid);
	shell(&l, arena_fmt(&l.a, "touch s/%s/.s.PGSQL.5432", s.conf.id));
	CHECK_INT(sandbox_drop_socket_dir(&l.a, &s, &l.e), 0);
	CHECK_INT(stat(sandbox_socket_dir(&l.a, &s), &st), -1);
	sandbox_close(&s);
}

TEST(sandbox_passwords)
{
	const char *one, *two;

	LAB(l);
	CHECK_INT(sandbox_new_password(&l.a, &one, &l.e), 0);
	CHECK_INT(sandbox_new_password(&l.a, &two, &l.e), 0);
	CHECK(strlen(one) >= 20);
	CHECK(strcmp(one, two) != 0);
	CHECK_INT(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"), strlen(one));
}

/* Runs fn in a child that is killed at its n-th entry into or return from a system call. False: it ended by itself before that. */
static bool killed_at(struct lab *l, int (*fn)(struct lab *), int n)
{
	int status, i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(fn(l) < 0);
	}
	for (i = 0; pid > 0; i++) {
		if (waitpid(pid, &status, 0) != pid || WIFEXITED(status) || WIFSIGNALED(status)) {
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			return false;
		}
		if (i == n)
			break;
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
			break;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && !WIFSIGNALED(status))
		;
	return true;
}

static int create_dev(struct lab *l)
{
	struct sandbox s;
	int r = sandbox_claim(&l->a, &l->p, "dev", &s, &l->e);

	if (r < 0)
		return r;
	fill(&s);
	r = sandbox_save(&s, &l->e);
	sandbox_close(&s);
	return r;
}

static int save_dev(struct lab *l)
{
	struct sandbox s;
	int r = sandbox_open(&l->a, &l->p, "dev", true, &s, &l->e);

	if (r < 0)
		return r;
	s.conf.port = "5999";
	r = sandbox_save(&s, &l->e);
	sandbox_close(&s);
	return r;
}

static int remove_dev(struct lab *l)
{
	struct sandbox s;
	bool damaged;
	int r = sandbox_open_ruins(&l->a, &l->p, "dev", &s, &damaged, &l->e);

	if (r == 0) {
		r = sandbox_remove(&s, &l->e);
		sandbox_close(&s);
	}
	return r;
}

/* Whatever there is: another create either finds a whole one or makes it. */
TEST(sandbox_create_killed_anywhere)
{
	int n, whole = 0, ruins = 0;

	LAB(l);
	for (n = 0; n < 2000 && killed_at(&l, create_dev, n); n++) {
		int r = create_dev(&l);

		if (r == -EEXIST)
			whole++;
		else if (CHECK_INT(r, 0))
			ruins++;
		else
			printf("# call %d: %s\n", n, l.e.text);
		CHECK_INT(remove_dev(&l), 0);
		CHECK(!there(&l, "dev"));
	}
	printf("# killed at %d points: %d left nothing or ruins, %d a sandbox\n", n, ruins, whole);
	CHECK(n > 60 && n < 2000 && ruins > 50);
	CHECK_INT(remove_dev(&l), 0);
}

/* The old one or the new one, whole. */
TEST(sandbox_save_killed_anywhere)
{
	int n, old = 0;

	LAB(l);
	make(&l, "dev");
	for (n = 0; n < 2000 && killed_at(&l, save_dev, n); n++) {
		struct sandbox s;

		if (!CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), 0))
			break;
		CHECK_STR(s.conf.password, "it's \"$x\" \\ `y`\nz");
		if (!strcmp(s.conf.port, "5432"))
			old++;
		else
			CHECK_STR(s.conf.port, "5999");
		sandbox_close(&s);
	}
	printf("# killed at %d points: %d times the old one\n", n, old);
	CHECK(n > 20 && n < 2000 && old > 10);
}

/* Either it is still a sandbox with all that is in it, or the next destroy ends the work. */
TEST(sandbox_remove_killed_anywhere)
{
	int n, whole = 0, ruins = 0;

	LAB(l);
	for (n = 0; n < 2000; n++) {
		struct sandbox s;

		make(&l, "dev");
		CHECK_INT(mkdir(arena_fmt(&l.a, "%s/sb/dev/data/base", l.dir), 0700), 0);
		CHECK_INT(mknod(arena_fmt(&l.a, "%s/sb/dev/data/base/1", l.dir), 0600, 0), 0);
		if (!killed_at(&l, remove_dev, n))
			break;
		if (sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e) == 0) {
			whole++;
			CHECK(there(&l, "dev/data/base/1"));
			sandbox_close(&s);
		}
		if (there(&l, "dev")) {
			ruins++;
			if (!CHECK_INT(remove_dev(&l), 0))
				printf("# call %d: %s\n", n, l.e.text);
		}
		CHECK(!there(&l, "dev"));
	}
	printf("# killed at %d points: %d times whole, %d times something left\n", n, whole, ruins);
	CHECK(n > 60 && n < 2000 && ruins > whole && whole > 10);
}

/* Eight creates of one name at once: one makes it. */
TEST(sandbox_claim_race)
{
	int round;

	LAB(l);
	for (round = 0; round < 30; round++) {
		int i, won = 0, status;
		pid_t pid[8];

		fflush(stdout);
		for (i = 0; i < 8; i++) {
			pid[i] = fork();
			if (pid[i] == 0) {
				int r = create_dev(&l);

				_exit(r == 0 ? 0 : r == -EEXIST ? 1 : 2);
			}
		}
		for (i = 0; i < 8; i++) {
			CHECK(waitpid(pid[i], &status, 0) == pid[i]);
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			won += status == 0;
		}
		CHECK_INT(won, 1);
		CHECK_INT(remove_dev(&l), 0);
	}
}
