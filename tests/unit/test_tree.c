/* test_tree.c - copies of data directories: everything that a server or overlayfs may leave in one, and what must not be touched. */
#include "runtime/sandbox/storage.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <sys/wait.h>

struct pair {
	char dir[64];
	int top, from, to;
	struct err e;
};

static bool pair_open(struct pair *p)
{
	const char *where = getenv("TMPDIR");

	*p = (struct pair){ .top = -1 };
	snprintf(p->dir, sizeof p->dir, "%.40s/wasirun-tree-XXXXXX", where ? where : "/tmp");
	if (!mkdtemp(p->dir))
		return false;
	p->top = sys_open(AT_FDCWD, p->dir, O_RDONLY | O_DIRECTORY, 0);
	if (p->top < 0 || mkdirat(p->top, "from", 0750) < 0 || mkdirat(p->top, "to", 0700) < 0)
		return false;
	p->from = sys_open(p->top, "from", O_RDONLY | O_DIRECTORY, 0);
	p->to = sys_open(p->top, "to", O_RDONLY | O_DIRECTORY, 0);
	return p->from >= 0 && p->to >= 0;
}

static void pair_close(struct pair *p)
{
	CHECK_INT(tree_empty(p->top, &p->e), 0);
	fd_close(&p->from);
	fd_close(&p->to);
	fd_close(&p->top);
	CHECK_INT(rmdir(p->dir), 0);
}

static void file(int dir, const char *name, const char *text, mode_t mode)
{
	AUTO_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	CHECK(fd >= 0);
	CHECK_INT(sys_write_all(fd, text, strlen(text)), 0);
	CHECK_INT(fchmod(fd, mode), 0);
}

static const char *content(int dir, const char *name)
{
	static char buf[256];

	return sys_read_file(dir, name, buf, sizeof buf) < 0 ? NULL : buf;
}

static struct stat look(int dir, const char *name)
{
	struct stat st = { 0 };

	CHECK_INT(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static bool gone(int dir, const char *name)
{
	struct stat st;

	return sys_statat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT;
}

TEST(tree_copy_files_modes_times)
{
	const struct timespec times[2] = { { 1000000000, 5 }, { 1100000000, 123456789 } };
	struct pair p;
	struct stat st;

	REQUIRE(pair_open(&p));
	file(p.from, "PG_VERSION", "15\n", 0600);
	file(p.from, "empty", "", 0644);
	file(p.from, "set-id", "x", 04711);
	CHECK_INT(mkdirat(p.from, "base", 0700), 0);
	CHECK_INT(mkdirat(p.from, "base/readonly", 0700), 0);
	file(p.from, "base/readonly/f", "deep", 0440);
	CHECK_INT(fchmodat(p.from, "base/readonly", 0550, 0), 0);
	CHECK_INT(symlinkat("/etc/passwd", p.from, "link"), 0);
	CHECK_INT(utimensat(p.from, "base", times, 0), 0);
	CHECK_INT(utimensat(p.from, "PG_VERSION", times, 0), 0);
	CHECK_INT(utimensat(p.from, "link", times, AT_SYMLINK_NOFOLLOW), 0);
	sys_umask(077); /* ours must not matter */
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	CHECK_INT(sys_umask(022), 077);
	CHECK_STR(content(p.to, "PG_VERSION"), "15\n");
	CHECK_STR(content(p.to, "empty"), "");
	CHECK_STR(content(p.to, "base/readonly/f"), "deep");
	CHECK_INT(look(p.to, "set-id").st_mode, S_IFREG | 04711);
	CHECK_INT(look(p.to, "empty").st_mode, S_IFREG | 0644);
	CHECK_INT(look(p.to, "base/readonly").st_mode, S_IFDIR | 0550);
	CHECK_INT(look(p.to, ".").st_mode, S_IFDIR | 0750);
	CHECK(S_ISLNK(look(p.to, "link").st_mode));
	CHECK_INT(look(p.to, "link").st_mtim.tv_sec, 1100000000);
	st = look(p.to, "base");
	CHECK_INT(st.st_mtim.tv_sec, 1100000000);
	CHECK_INT(st.st_mtim.tv_nsec, 123456789);
	CHECK_INT(look(p.to, "PG_VERSION").st_mtim.tv_nsec, 123456789);
	pair_close(&p);
}

TEST(tree_copy_holes_and_large_files)
{
	static char want[100000], have[100000];
	struct pair p;
	struct stat st;
	size_t i;
	int fd;

	REQUIRE(pair_open(&p));
	for (i = 0; i < sizeof want; i++)
		want[i] = (char)(i * 31 >> 3);
	fd = openat(p.from, "sparse", O_RDWR | O_CREAT, 0600);
	CHECK_INT(pwrite(fd, want, sizeof want, 8 << 20), sizeof want);
	CHECK_INT(pwrite(fd, "end", 3, 40 << 20), 3);
	CHECK_INT(ftruncate(fd, 64 << 20), 0);
	close(fd);
	fd = openat(p.from, "full", O_RDWR | O_CREAT, 0600);
	for (i = 0; i < 20; i++)
		CHECK_INT(write(fd, want, sizeof want), sizeof want);
	close(fd);
	fd = openat(p.from, "hole", O_RDWR | O_CREAT, 0600);
	CHECK_INT(ftruncate(fd, 1 << 20), 0);
	close(fd);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	st = look(p.to, "sparse");
	CHECK_INT(st.st_size, 64 << 20);
	CHECK(st.st_blocks * 512 < 1 << 20);
	CHECK_INT(look(p.to, "hole").st_size, 1 << 20);
	CHECK_INT(look(p.to, "hole").st_blocks, 0);
	CHECK_INT(look(p.to, "full").st_size, 20 * (int)sizeof want);
	fd = openat(p.to, "sparse", O_RDONLY);
	CHECK_INT(pread(fd, have, sizeof have, 8 << 20), sizeof have);
	CHECK(!memcmp(have, want, sizeof want));
	CHECK_INT(pread(fd, have, 4, 40 << 20), 4);
	CHECK(!memcmp(have, "end", 4));
	close(fd);
	fd = openat(p.to, "full", O_RDONLY);
	CHECK_INT(pread(fd, have, sizeof have, 19 * sizeof have), sizeof have);
	CHECK(!memcmp(have, want, sizeof want));
	close(fd);
	pair_close(&p);
}

TEST(tree_copy_several_names)
{
	struct pair p;

	REQUIRE(pair_open(&p));
	file(p.from, "a", "one file", 0600);
	CHECK_INT(mkdirat(p.from, "d", 0700), 0);
	CHECK_INT(linkat(p.from, "a", p.from, "d/b", 0), 0);
	CHECK_INT(linkat(p.from, "a", p.from, "c", 0), 0);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	CHECK_INT(look(p.to, "a").st_nlink, 3);
	CHECK_INT(look(p.to, "a").st_ino, look(p.to, "d/b").st_ino);
	CHECK_INT(look(p.to, "a").st_ino, look(p.to, "c").st_ino);
	CHECK(look(p.to, "a").st_ino != look(p.from, "a").st_ino);
	CHECK_STR(content(p.to, "d/b"), "one file");
	pair_close(&p);
}

TEST(tree_copy_marks_of_overlayfs)
{
	struct pair p;
	struct stat st;
	char value[16];
	int fd;

	REQUIRE(pair_open(&p));
	CHECK_INT(mkdirat(p.from, "opaque", 0700), 0);
	fd = openat(p.from, "opaque", O_RDONLY);
	if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0) {
		close(fd);
		pair_close(&p);
		SKIP("the file system has no attributes in the user's name space");
	}
	close(fd);
	file(p.from, "f", "x", 0600);
	fd = openat(p.from, "f", O_RDONLY);
	CHECK_INT(fsetxattr(fd, "user.note", "hello", 5, 0), 0);
	close(fd);
	if (mknodat(p.from, "whiteout", S_IFCHR, makedev(0, 0)) < 0) {
		pair_close(&p);
		SKIP("whiteouts cannot be made here");
	}
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	st = look(p.to, "whiteout");
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	fd = openat(p.to, "opaque", O_RDONLY);
	CHECK_INT(fgetxattr(fd, "user.overlay.opaque", value, sizeof value), 1);
	CHECK(value[0] == 'y');
	close(fd);
	fd = openat(p.to, "f", O_RDONLY);
	CHECK_INT(fgetxattr(fd, "user.note", value, sizeof value), 5);
	CHECK(!memcmp(value, "hello", 5));
	close(fd);
	pair_close(&p);
}

/* What a server's end leaves, and what somebody who took the server over may have put there. */
TEST(tree_copy_leaves_out_what_is_no_data)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct pair p;
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	REQUIRE(pair_open(&p));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/from/.s.PGSQL.5432", p.dir);
	CHECK_INT(bind(sock, (struct sockaddr *)&address, sizeof address), 0);
	close(sock);
	CHECK_INT(mkfifoat(p.from, "fifo", 0600), 0);
	if (!geteuid())
		CHECK_INT(mknodat(p.from, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	file(p.from, "kept", "k", 0600);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	CHECK(gone(p.to, ".s.PGSQL.5432"));
	CHECK(gone(p.to, "fifo"));
	CHECK(gone(p.to, "null"));
	CHECK_STR(content(p.to, "kept"), "k");
	pair_close(&p);
}

TEST(tree_copy_owners)
{
	struct pair p;

	REQUIRE(pair_open(&p));
	if (geteuid()) {
		pair_close(&p);
		SKIP("only root gives files away");
	}
	file(p.from, "mine", "", 0600);
	file(p.from, "other", "", 04755);
	CHECK_INT(mkdirat(p.from, "d", 0700), 0);
	CHECK_INT(fchownat(p.from, "other", 1234, 4321, 0), 0);
	CHECK_INT(fchmodat(p.from, "other", 04755, 0), 0);
	CHECK_INT(symlinkat("x", p.from, "l"), 0);
	CHECK_INT(fchownat(p.from, "l", 7, 8, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	CHECK_INT(look(p.to, "mine").st_uid, 0);
	CHECK_INT(look(p.to, "other").st_uid, 1234);
	CHECK_INT(look(p.to, "other").st_gid, 4321);
	CHECK_INT(look(p.to, "other").st_mode, S_IFREG | 04755);
	CHECK_INT(look(p.to, "l").st_uid, 7);
	CHECK_INT(tree_empty(p.to, &p.e), 0);
	CHECK_INT(tree_copy(p.from, p.to, false, 55, 66, &p.e), 0);
	CHECK_INT(look(p.to, "mine").st_uid, 55);
	CHECK_INT(look(p.to, "other").st_gid, 66);
	CHECK_INT(look(p.to, "d").st_uid, 55);
	CHECK_INT(look(p.to, ".").st_uid, 55);
	CHECK_INT(look(p.to, "l").st_gid, 66);
	pair_close(&p);
}

TEST(tree_copy_takes_back_what_it_copied)
{
	struct tree_size size;
	struct pair p;
	int r;

	REQUIRE(pair_open(&p));
	file(p.from, "a", "1", 0600);
	file(p.from, "b", "2", 0600);
	CHECK_INT(mkdirat(p.to, "b", 0700), 0); /* in the way */
	r = tree_copy(p.from, p.to, false, -1, -1, &p.e);
	CHECK_INT(r, -EEXIST);
	CHECK_HAS(p.e.text, "cannot copy b");
	CHECK_INT(tree_measure(p.to, &size, &p.e), 0);
	CHECK_INT((int)size.files, 0);
	pair_close(&p);
}

static void in_small_tmpfs(void)
{
	static char block[1 << 20];
	struct tree_size size;
	struct pair p;
	int r, fd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || !pair_open(&p))
		_exit(77);
	fd = openat(p.from, "big", O_WRONLY | O_CREAT, 0600);
	for (r = 0; r < 3; r++)
		CHECK_INT(write(fd, block, sizeof block), sizeof block);
	close(fd);
	file(p.from, "small", "s", 0600);
	fd_close(&p.to);
	CHECK_INT(fchdir(p.top), 0);
	CHECK_INT(mount("t", "to", "tmpfs", 0, "size=1M"), 0);
	p.to = sys_open(p.top, "to", O_RDONLY | O_DIRECTORY, 0);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), -ENOSPC);
	CHECK_HAS(p.e.text, "KiB are missing");
	CHECK_INT(tree_measure(p.to, &size, &p.e), 0);
	CHECK_INT((int)size.files, 0);
	CHECK_INT(tree_empty(p.top, &p.e), -EXDEV); /* it is mounted there */
	fd_close(&p.to);
	CHECK_INT(umount2("to", MNT_DETACH), 0);
	CHECK_INT(chdir("/"), 0);
	pair_close(&p);
	_exit(test_failed());
}

TEST(tree_copy_full_disk)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		in_small_tmpfs();
	CHECK_INT(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("mounting a tmpfs needs root");
	CHECK_INT(status, 0);
}

TEST(tree_copy_never_leaves_the_tree)
{
	struct pair p;

	REQUIRE(pair_open(&p));
	CHECK_INT(mkdirat(p.top, "outside", 0700), 0);
	file(p.top, "outside/secret", "s", 0600);
	CHECK_INT(symlinkat("../outside", p.from, "d"), 0);
	CHECK_INT(symlinkat("../outside/secret", p.from, "f"), 0);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), 0);
	CHECK(S_ISLNK(look(p.to, "d").st_mode));
	CHECK(S_ISLNK(look(p.to, "f").st_mode));
	CHECK_INT(tree_empty(p.to, &p.e), 0);
	CHECK_STR(content(p.top, "outside/secret"), "s");
	pair_close(&p);
}

/* A tree deeper than the walk goes: the copy says so, removing it works. */
TEST(tree_depth)
{
	struct tree_size size;
	struct pair p;
	int at, i;

	REQUIRE(pair_open(&p));
	at = dup(p.from);
	for (i = 0; i < 1000; i++) {
		int below;

		CHECK_INT(mkdirat(at, "d", 0700), 0);
		below = openat(at, "d", O_RDONLY | O_DIRECTORY);
		close(at);
		at = below;
	}
	file(at, "bottom", "b", 0600);
	close(at);
	CHECK_INT(tree_copy(p.from, p.to, false, -1, -1, &p.e), -ELOOP);
	CHECK_HAS(p.e.text, "levels of directories");
	CHECK_INT(tree_empty(p.from, &p.e), 0);
	CHECK_INT(tree_measure(p.from, &size, &p.e), 0);
	CHECK_INT((int)size.files, 0);
	pair_close(&p);
}

/* As the owner, not as root: directories that the server locked. */
TEST(tree_empty_locked_directories)
{
	struct pair p;
	int status;
	pid_t pid;

	REQUIRE(pair_open(&p));
	if (!geteuid() && (fchown(p.from, 65534, 65534) < 0 || fchmodat(AT_FDCWD, p.dir, 0755, 0) < 0))
		CHECK(false);
	pid = fork();
	if (!pid) {
		if (!geteuid() && (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
			_exit(2);
		CHECK_INT(mkdirat(p.from, "d", 0700), 0);
		file(p.from, "d/f", "", 0000);
		CHECK_INT(mkdirat(p.from, "d/work", 0000), 0);
		CHECK_INT(fchmodat(p.from, "d", 0500, 0), 0);
		CHECK_INT(tree_empty(p.from, &p.e), 0);
		_exit(test_failed());
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	CHECK(gone(p.from, "d"));
	pair_close(&p);
}

TEST(tree_measure_adds_up)
{
	static char block[64 << 10];
	struct tree_size size;
	struct pair p;
	int fd;

	REQUIRE(pair_open(&p));
	CHECK_INT(mkdirat(p.from, "d", 0700), 0);
	fd = openat(p.from, "d/f", O_WRONLY | O_CREAT, 0600);
	CHECK_INT(write(fd, block, sizeof block), sizeof block);
	CHECK_INT(fsync(fd), 0);
	CHECK_INT(ftruncate(fd, 1 << 30), 0);
	close(fd);
	CHECK_INT(linkat(p.from, "d/f", p.from, "again", 0), 0);
	CHECK_INT(tree_measure(p.from, &size, &p.e), 0);
	CHECK_INT((int)size.files, 3);
	CHECK(size.bytes >= sizeof block && size.bytes < sizeof block + 20000);
	pair_close(&p);
}

/* What is chosen is what then works. */
TEST(storage_choose_and_do)
{
	enum storage s, named;
	struct pair p;

	REQUIRE(pair_open(&p));
	file(p.from, "f", "content", 0600);
	CHECK_INT(storage_choose(p.from, p.to, false, &s, &p.e), 0);
	CHECK_INT(s, storage_reflinks(p.from, p.to) ? STORAGE_REFLINK : STORAGE_COPY);
	CHECK_INT(tree_copy(p.from, p.to, s == STORAGE_REFLINK, -1, -1, &p.e), 0);
	CHECK_STR(content(p.to, "f"), "content");
	if (s == STORAGE_COPY) { /* no silent copy where a clone was asked for */
		CHECK_INT(tree_empty(p.to, &p.e), 0);
		CHECK(tree_copy(p.from, p.to, true, -1, -1, &p.e) < 0);
		CHECK(gone(p.to, "f"));
		CHECK_INT(storage_choose(p.from, p.to, true, &s, &p.e), 0);
		CHECK(s == STORAGE_OVERLAY || s == STORAGE_COPY);
	}
	CHECK_INT(storage_named(storage_name(s), &named, &p.e), 0);
	CHECK_INT(named, s);
	CHECK_INT(storage_named("tape", &named, &p.e), -EINVAL);
	CHECK_HAS(p.e.text, "reflink, overlay, copy");
	pair_close(&p);
}
