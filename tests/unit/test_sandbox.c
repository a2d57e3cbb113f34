/* test_sandbox.c - a sandbox's tree: made, opened, copied, removed. */
#include "sandbox/sandbox.h"
#include "tests/unit/tree.h"

TEST(sandbox_names_allowed)
{
	struct err e;

	CHECK_INT(sandbox_check_name("dev", &e), 0);
	CHECK_INT(sandbox_check_name("9.a_B-c", &e), 0);
	CHECK_INT(sandbox_check_name("", &e), -EINVAL);
	CHECK_INT(sandbox_check_name(".dev", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("-x", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("..", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("a/b", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("a b", &e), -EINVAL);
	CHECK_INT(sandbox_check_name("postgres", &e), -EINVAL);
	CHECK_HAS(e.text, "is an engine's name");
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
	CHECK_STR(two.name, "twin");
	CHECK_STR(two.conf.name, "dev"); /* until it is started under its own */
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
