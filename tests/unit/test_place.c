/* test_place.c - .env files, and where sandboxes live. */
#include "oci/value.h"
#include "sandbox/place.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena a;
static struct err e;

static struct strs parsed(const char *text)
{
	struct strs out;

	CHECK_INT(dotenv_parse(&a, text, ".env", &out, &e), 0);
	return out;
}

TEST(dotenv_plain)
{
	struct strs v = parsed("\xef\xbb\xbf# a comment\r\n\n A=1\r\nexport B = two words  # why\nC=\nD=a#b\nE_1=x=y\nNAME\nF.g-h=1");

	REQUIRE(v.n == 6);
	CHECK_STR(v.v[0], "A=1");
	CHECK_STR(v.v[1], "B=two words");
	CHECK_STR(v.v[2], "C=");
	CHECK_STR(v.v[3], "D=a#b");
	CHECK_STR(v.v[4], "E_1=x=y");
	CHECK_STR(v.v[5], "F.g-h=1");
	CHECK_INT(parsed("").n, 0);
}

TEST(dotenv_quotes)
{
	struct strs v = parsed("A='a $B \\n \"q\"' # c\nB=\"x\\n\\\"y\\\" \\$z \\q\"\nC='two\nlines'\nD=\"\"\nE=$(id)`id`${A}");

	REQUIRE(v.n == 5);
	CHECK_STR(v.v[0], "A=a $B \\n \"q\"");
	CHECK_STR(v.v[1], "B=x\n\"y\" $z \\q");
	CHECK_STR(v.v[2], "C=two\nlines");
	CHECK_STR(v.v[3], "D=");
	CHECK_STR(v.v[4], "E=$(id)`id`${A}"); /* nothing is executed or expanded */
}

TEST(dotenv_refuses)
{
	struct strs out;

	CHECK_INT(dotenv_parse(&a, "A=1\nB='two\nlines'\nwhat is this\n", "x/.env", &out, &e), -EINVAL);
	CHECK_HAS(e.text, "x/.env:4: neither NAME=value");
	CHECK_INT(dotenv_parse(&a, "A=1\nB='never\n", ".env", &out, &e), -EINVAL);
	CHECK_HAS(e.text, ".env:2: the ' is never closed");
	CHECK_INT(dotenv_parse(&a, "A=\"1\" 2\n", ".env", &out, &e), -EINVAL);
	CHECK_HAS(e.text, ".env:1: something stands behind");
	CHECK_INT(dotenv_parse(&a, "=1\n", ".env", &out, &e), -EINVAL);
	CHECK_INT(dotenv_parse(&a, "1A=1\n", ".env", &out, &e), -EINVAL);
	CHECK_INT(dotenv_parse(&a, "A B=1\n", ".env", &out, &e), -EINVAL);
}

/* A directory of its own, with nothing of the caller's environment in it. */
struct lab {
	char dir[40];
	char cwd[4096];
};

static void forget(void)
{
	static const char *const names[] = { "WASI_SANDBOX_DIR", "WASI_MEMORY_LIMIT", "WASI_USE_NAMESPACES", "ENVIRONMENT", "SUDO_UID",
					     "SUDO_GID", "WASIRUN_TEMPLATES", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", NULL };
	int i;

	for (i = 0; names[i]; i++)
		unsetenv(names[i]);
}

static bool lab_open(struct lab *l)
{
	strcpy(l->dir, "/tmp/wasirun-place-XXXXXX");
	forget();
	return getcwd(l->cwd, sizeof l->cwd) && mkdtemp(l->dir) && chdir(l->dir) == 0;
}

static void lab_close(struct lab *l)
{
	char command[128];

	forget();
	CHECK_INT(chdir(l->cwd), 0);
	snprintf(command, sizeof command, "rm -rf %s", l->dir);
	CHECK_INT(system(command), 0);
	arena_drop(&a);
}

#define LAB(l)                                                    \
	struct lab l __attribute__((cleanup(lab_close))) = { 0 }; \
	REQUIRE(lab_open(&(l)))

static void file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (CHECK(f != NULL)) {
		CHECK(fputs(text, f) >= 0);
		CHECK_INT(fclose(f), 0);
	}
}

static struct place found(const char *dir, const char *env_file)
{
	struct place p = { 0 };

	if (!CHECK_INT(place_find(&a, dir, env_file, &p, &e), 0))
		printf("# %s\n", e.text);
	return p;
}

static const char *in(const struct lab *l, const char *path)
{
	return arena_fmt(&a, "%s/%s", l->dir, path);
}

TEST(place_root_order)
{
	LAB(l);
	REQUIRE(mkdir("deep", 0755) == 0 && mkdir("deep/er", 0755) == 0 && chdir("deep/er") == 0);
	CHECK_STR(found(NULL, NULL).root, in(&l, "deep/er/.sandboxes"));
	REQUIRE(mkdir("../.sandboxes", 0755) == 0);
	CHECK_STR(found(NULL, NULL).root, in(&l, "deep/.sandboxes"));
	file("../../.env", "WASI_SANDBOX_DIR=./boxes/\n");
	CHECK_STR(found(NULL, NULL).root, in(&l, "boxes"));
	CHECK_STR(found(NULL, NULL).env_file, in(&l, ".env"));
	setenv("WASI_SANDBOX_DIR", "here", 1);
	CHECK_STR(found(NULL, NULL).root, in(&l, "deep/er/here"));
	CHECK_STR(found("/a//b/./c/", NULL).root, "/a/b/c");
	CHECK_STR(found("x", NULL).root, in(&l, "deep/er/x"));
	file("../.env", "A=1\n"); /* the nearest .env counts, whatever it says */
	unsetenv("WASI_SANDBOX_DIR");
	CHECK_STR(found(NULL, NULL).root, in(&l, "deep/.sandboxes"));
}

TEST(place_env_switches)
{
	struct place p;

	LAB(l);
	file(".env", "ENVIRONMENT=staging\nWASI_MEMORY_LIMIT='512M'\nWASI_USE_NAMESPACES=false\n");
	p = found(NULL, NULL);
	CHECK_STR(p.environment, "staging");
	CHECK_STR(p.memory, "512M");
	CHECK(p.no_namespaces);
	setenv("WASI_USE_NAMESPACES", "true", 1);
	setenv("ENVIRONMENT", "production", 1);
	setenv("WASI_MEMORY_LIMIT", "", 1); /* empty says nothing */
	p = found(NULL, NULL);
	CHECK_STR(p.environment, "production");
	CHECK_STR(p.memory, "512M");
	CHECK(!p.no_namespaces);
	file("other", "WASI_MEMORY_LIMIT=1G\nWASI_MEMORY_LIMIT=2G\n");
	p = found(NULL, "other");
	CHECK_STR(p.memory, "2G");
	CHECK_STR(p.env_file, in(&l, "other"));
}

TEST(place_env_errors)
{
	struct place p;

	LAB(l);
	file(".env", "A=1\nENVIRONMENT=test\n");
	CHECK_INT(place_find(&a, NULL, NULL, &p, &e), -EINVAL);
	CHECK_HAS(e.text, ".env:2: ENVIRONMENT=test: it is one of development, staging, production");
	file(".env", "\nWASI_MEMORY_LIMIT=lots\n");
	CHECK_INT(place_find(&a, NULL, NULL, &p, &e), -EINVAL);
	CHECK_HAS(e.text, ".env:2: WASI_MEMORY_LIMIT=lots");
	file(".env", "WASI_USE_NAMESPACES=maybe\n");
	CHECK_INT(place_find(&a, NULL, NULL, &p, &e), -EINVAL);
	CHECK_HAS(e.text, "true or false");
	file(".env", "WASI_SANDBOX_DIR=x\nodd line\n");
	CHECK_INT(place_find(&a, NULL, NULL, &p, &e), -EINVAL);
	CHECK_HAS(e.text, ".env:2: neither");
	file(".env", "other people's\n"); /* found, and none of our business */
	CHECK_STR(found(NULL, NULL).root, in(&l, ".sandboxes"));
	CHECK_INT(place_find(&a, NULL, ".env", &p, &e), -EINVAL); /* but not when it was named */
	CHECK_INT(place_find(&a, NULL, "missing", &p, &e), -ENOENT);
	CHECK_HAS(e.text, "--env-file missing");
	CHECK_INT(place_find(&a, "", NULL, &p, &e), -EINVAL);
	setenv("WASIRUN_TEMPLATES", "x", 1);
	CHECK_INT(place_find(&a, NULL, NULL, &p, &e), -EINVAL);
}

TEST(place_owners)
{
	struct place p;

	LAB(l);
	p = found(NULL, NULL);
	CHECK_INT(p.uid, geteuid());
	if (geteuid() != 0)
		SKIP("needs root");
	CHECK_INT(p.data_uid, SANDBOX_ROOT_ID);
	CHECK_STR(p.templates, "/var/lib/wasirun/templates");
	CHECK_STR(p.ports, "/var/lib/wasirun/ports");
	CHECK_STR(p.sockets, "/run/wasirun-s");
	setenv("SUDO_UID", "4711", 1);
	setenv("SUDO_GID", "4712", 1);
	p = found(NULL, NULL);
	CHECK_INT(p.uid, 4711);
	CHECK_INT(p.gid, 4712);
	CHECK_INT(p.data_uid, 4711);
	CHECK_STR(p.templates, "/var/lib/wasirun/users/4711/templates");
	setenv("SUDO_UID", "47x", 1);
	CHECK_INT(found(NULL, NULL).uid, 0);
	setenv("WASIRUN_TEMPLATES", "/t/u/", 1);
	p = found(NULL, NULL);
	CHECK_STR(p.templates, "/t/u");
	CHECK_STR(p.ports, "/t/ports");
}

/* What somebody else put above the current directory is not believed. */
TEST(place_strangers)
{
	LAB(l);
	if (geteuid() != 0)
		SKIP("needs root");
	REQUIRE(mkdir(".sandboxes", 0755) == 0 && mkdir("mine", 0755) == 0);
	file(".env", "WASI_MEMORY_LIMIT=1M\n");
	REQUIRE(chown(".sandboxes", 4711, 4711) == 0 && chown(".env", 4711, 4711) == 0 && chdir("mine") == 0);
	CHECK_STR(found(NULL, NULL).root, in(&l, "mine/.sandboxes"));
	CHECK_STR(found(NULL, NULL).memory, NULL);
	setenv("SUDO_UID", "4711", 1);
	setenv("SUDO_GID", "4711", 1);
	CHECK_STR(found(NULL, NULL).root, in(&l, ".sandboxes"));
	CHECK_STR(found(NULL, NULL).memory, "1M");
}

/* An ordinary user, in a child: the ids do not come back. */
TEST(place_ordinary_user)
{
	pid_t pid;
	int status;

	LAB(l);
	if (geteuid() != 0)
		SKIP("needs root");
	REQUIRE(mkdir("sub", 0755) == 0 && chmod(l.dir, 0755) == 0 && chdir("sub") == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct place p;

		CHECK_INT(setresgid(4711, 4711, 4711), 0);
		CHECK_INT(setresuid(4711, 4711, 4711), 0);
		setenv("SUDO_UID", "12", 1); /* says nothing to who is not root */
		setenv("SUDO_GID", "12", 1);
		setenv("HOME", "/h", 1);
		p = found(NULL, NULL);
		CHECK_INT(p.uid, 4711);
		CHECK_INT(p.data_uid, 4711);
		CHECK_STR(p.root, "/h/.local/share/wasirun/sandboxes"); /* the current directory cannot be written to */
		CHECK_STR(p.templates, "/h/.local/share/wasirun/templates");
		CHECK_STR(p.sockets, "/tmp/wasirun-s-4711");
		setenv("XDG_DATA_HOME", "/d", 1);
		setenv("XDG_RUNTIME_DIR", "/r", 1);
		p = found(NULL, NULL);
		CHECK_STR(p.ports, "/d/wasirun/ports");
		CHECK_STR(p.sockets, "/r/wasirun-s");
		fflush(stdout);
		_exit(test_failed());
	}
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

TEST(place_make_owners)
{
	struct stat st;

	LAB(l);
	CHECK_INT(place_make(in(&l, "a/b/c"), 0711, geteuid(), getegid(), &e), 0);
	CHECK_INT(stat("a/b/c", &st), 0);
	CHECK_INT(st.st_mode & 07777, 0711);
	CHECK_INT(place_make(in(&l, "a/b/c"), 0700, geteuid(), getegid(), &e), 0); /* it is there */
	file("file", "");
	CHECK_INT(place_make(in(&l, "file/x"), 0700, geteuid(), getegid(), &e), -ENOTDIR);
	REQUIRE(chmod("a", 0777) == 0);
	CHECK_INT(place_make(in(&l, "a"), 0700, geteuid(), getegid(), &e), -EPERM);
	CHECK_HAS(e.text, "can be written by everybody");
	if (geteuid() != 0)
		SKIP("needs root for the rest");
	/* for somebody: what lies between belongs to whom it lies in */
	REQUIRE(mkdir("u", 0755) == 0 && chown("u", 4711, 4711) == 0);
	CHECK_INT(place_make(in(&l, "u/v/w"), 0700, 4711, 4712, &e), 0);
	CHECK_INT(stat("u/v", &st), 0);
	CHECK_INT(st.st_uid, 4711);
	CHECK_INT(place_make(in(&l, "x/y"), 0700, 4711, 4712, &e), 0);
	CHECK_INT(stat("x", &st), 0);
	CHECK_INT(st.st_uid, 0);
	CHECK_INT(stat("x/y", &st), 0);
	CHECK_INT(st.st_uid, 4711);
	CHECK_INT(st.st_gid, 4712);
	/* and no link of theirs leads root elsewhere */
	REQUIRE(symlink("/etc", "u/etc") == 0 && lchown("u/etc", 4711, 4711) == 0);
	CHECK_INT(place_make(in(&l, "u/etc/wasirun-test"), 0700, 4711, 4711, &e), -ELOOP);
	CHECK_INT(access("/etc/wasirun-test", F_OK), -1);
	REQUIRE(chown("x/y", 4713, 4713) == 0);
	CHECK_INT(place_make(in(&l, "x/y"), 0700, 4711, 4711, &e), -EPERM);
	CHECK_HAS(e.text, "belongs to uid 4713");
}
