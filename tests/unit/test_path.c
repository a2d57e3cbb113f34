/* Paths inside the container's root: every kind of link at every place, and links that change while they are used. */
#include "apply/path.h"
#include "tests/unit/box.h"
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

static struct err e;

/* Where a handle is. "" on errors. */
static const char *where(int fd)
{
	static char path[4096];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = fd < 0 ? -1 : readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = 0;
	return path;
}

static const char *made(struct box *b, const char *path, bool directory)
{
	AUTO_FD int fd = path_make(b->run.root, path, directory, true, &e);

	return fd < 0 ? e.text : where(fd);
}

static const char *opened(struct box *b, const char *path, bool follow)
{
	AUTO_FD int fd = path_open(b->run.root, path, follow, &e);

	return fd < 0 ? fd == -ENOENT ? "ENOENT" : e.text : where(fd);
}

TEST(path_makes_what_is_missing)
{
	BOX(b);
	umask(077);
	CHECK_STR(made(&b, "/a/b/c", true), "/tmp/root/a/b/c");
	CHECK_INT(box_mode("/tmp/root/a"), S_IFDIR | 0755);
	CHECK_INT(box_mode("/tmp/root/a/b/c"), S_IFDIR | 0755);
	CHECK_STR(made(&b, "a//b/./file", false), "/tmp/root/a/b/file");
	CHECK_INT(box_mode("/tmp/root/a/b/file"), S_IFREG | 0644);
	CHECK_INT(umask(022), 077);
	CHECK_STR(made(&b, "/a/new/", true), "/tmp/root/a/new");
	CHECK_STR(made(&b, "/a/new/.", true), "/tmp/root/a/new");
	CHECK_STR(made(&b, "/", true), "/tmp/root");
	CHECK_STR(made(&b, "", true), "/tmp/root");
	CHECK_STR(made(&b, "/x/../y", true), "/tmp/root/y");
	CHECK(box_exists("/tmp/root/x"));
}

TEST(path_does_not_touch_what_is_there)
{
	BOX(b);
	box_write("/tmp/root/file", "content");
	CHECK_STR(made(&b, "/file", false), "/tmp/root/file");
	CHECK_STR(box_read("/tmp/root/file"), "content");
	CHECK_HAS(made(&b, "/file/below", true), "not a directory");
	CHECK_STR(opened(&b, "/nothing", true), "ENOENT");
	CHECK_STR(opened(&b, "/nothing/below", true), "ENOENT");
}

TEST(path_setgid_directories_hand_on_their_group)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/s", 0755), 0);
	CHECK_INT(chmod("/tmp/root/s", 07755), 0);
	CHECK_STR(made(&b, "/s/a/b", true), "/tmp/root/s/a/b");
	CHECK_INT(box_mode("/tmp/root/s/a/b") & 07777, 02755);
}

/* Dot-dot can never leave the root, in a path or in a link, whether what follows exists or not. */
TEST(path_dotdot_stays_inside)
{
	BOX(b);
	CHECK_STR(made(&b, "/../../host/one", true), "/tmp/root/host/one");
	CHECK_STR(made(&b, "../../../two", false), "/tmp/root/two");
	CHECK_INT(mkdir("/tmp/root/d", 0755), 0);
	CHECK_INT(symlink("../../../../tmp/host", "/tmp/root/d/up"), 0);
	CHECK_STR(made(&b, "/d/up/three", true), "/tmp/root/tmp/host/three");
	CHECK(!box_exists("/tmp/host/one") && !box_exists("/tmp/host/three") && !box_exists("/tmp/two"));
}

/* An absolute link to a place outside leads to the place of that name inside. */
TEST(path_absolute_links_stay_inside)
{
	BOX(b);
	CHECK_INT(symlink("/tmp/host", "/tmp/root/dev"), 0);
	CHECK_STR(made(&b, "/dev/null", false), "/tmp/root/tmp/host/null");
	CHECK_STR(made(&b, "/dev", true), "/tmp/root/tmp/host");
	CHECK(!box_exists("/tmp/host/null"));
	CHECK_INT(symlink("/tmp/host/canary", "/tmp/root/console"), 0);
	CHECK_STR(made(&b, "/console", false), "/tmp/root/tmp/host/canary");
	CHECK(!box_exists("/tmp/host/canary"));
}

TEST(path_dangling_links_are_completed_inside)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/etc", 0755), 0);
	CHECK_INT(symlink("/tmp/foo/bar", "/tmp/root/jump"), 0);
	CHECK_INT(symlink("/jump/baz/hosts", "/tmp/root/etc/hosts"), 0);
	CHECK_STR(made(&b, "/etc/hosts", false), "/tmp/root/tmp/foo/bar/baz/hosts");
	CHECK_STR(opened(&b, "/etc/hosts", true), "/tmp/root/tmp/foo/bar/baz/hosts");
	CHECK_INT(symlink("rel/there", "/tmp/root/etc/r"), 0);
	CHECK_STR(made(&b, "/etc/r", true), "/tmp/root/etc/rel/there");
}

TEST(path_loops_are_errors)
{
	BOX(b);
	CHECK_INT(symlink("b", "/tmp/root/a"), 0);
	CHECK_INT(symlink("a", "/tmp/root/b"), 0);
	CHECK_HAS(made(&b, "/a/x", true), "too many levels of symbolic links");
	CHECK_HAS(opened(&b, "/a", true), "too many levels of symbolic links");
	/* made longer by our own walk: the link that leads back lies behind something missing */
	CHECK_INT(symlink("/missing/../l", "/tmp/root/l"), 0);
	CHECK_HAS(made(&b, "/l", true), "too many levels of symbolic links");
}

TEST(path_magic_links_are_never_followed)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/proc", 0755), 0);
	CHECK_INT(mount("proc", "/tmp/root/proc", "proc", 0, NULL), 0);
	CHECK_HAS(made(&b, "/proc/self/root/tmp/host/x", true), "too many levels of symbolic links");
	CHECK_HAS(opened(&b, "/proc/self/cwd", true), "never followed");
	CHECK_INT(symlink("/proc/self/root", "/tmp/root/r"), 0);
	CHECK_HAS(made(&b, "/r/tmp/host/x", true), "too many levels of symbolic links");
	CHECK(!box_exists("/tmp/host/x"));
}

TEST(path_nofollow_gives_the_link_itself)
{
	BOX(b);
	CHECK_INT(symlink("/tmp/host", "/tmp/root/link"), 0);
	AUTO_FD int fd = path_make(b.run.root, "/link", false, false, &e);
	CHECK_STR(where(fd), "/tmp/root/link");
	CHECK_STR(opened(&b, "/link", false), "/tmp/root/link");
}

TEST(path_limits)
{
	char name[8192];
	BOX(b);

	memset(name, 'x', 300);
	strcpy(name + 300, "/y");
	CHECK_HAS(made(&b, name, true), "file name too long");
	memset(name, 'x', sizeof name);
	for (size_t i = 0; i < sizeof name; i += 100)
		name[i] = '/';
	name[sizeof name - 1] = 0;
	CHECK_HAS(made(&b, name, true), "file name too long");
}

TEST(path_parent_and_name)
{
	const char *name = NULL;
	BOX(b);
	AUTO_FD int dir = path_parent(b.run.root, "/dev/sub/null", &name, &e);

	CHECK_STR(where(dir), "/tmp/root/dev/sub");
	CHECK_STR(name, "null");
	fd_close(&dir);
	dir = path_parent(b.run.root, "plain", &name, &e);
	CHECK_STR(where(dir), "/tmp/root");
	CHECK_STR(name, "plain");
	fd_close(&dir);
	dir = path_parent(b.run.root, "/", &name, &e);
	CHECK_STR(where(dir), "/tmp/root");
	CHECK_STR(name, ".");
	fd_close(&dir);
	CHECK_INT(dir = path_parent(b.run.root, "/a/..", &name, &e), -EINVAL);
	CHECK_INT(dir = path_parent(b.run.root, "/a/", &name, &e), -EINVAL);
	dir = -1;
}

TEST(path_real_directories_only)
{
	BOX(b);
	AUTO_FD int fd = path_make_real_dir(b.run.root, "/proc", &e);

	CHECK_STR(where(fd), "/tmp/root/proc");
	fd_close(&fd);
	CHECK_INT(symlink("/tmp", "/tmp/root/sys"), 0);
	CHECK_INT(fd = path_make_real_dir(b.run.root, "/sys", &e), -ELOOP);
	CHECK_HAS(e.text, "must be mounted on ordinary directory");
	CHECK_INT(fd = path_make_real_dir(b.run.root, "/sys/below", &e), -ELOOP);
	box_write("/tmp/root/f", "");
	CHECK_INT(fd = path_make_real_dir(b.run.root, "/f", &e), -ENOTDIR);
	CHECK_HAS(e.text, "must be mounted on ordinary directory");
	CHECK_INT(symlink("/nowhere", "/tmp/root/dangling"), 0);
	CHECK_INT(fd = path_make_real_dir(b.run.root, "/dangling/x", &e), -ELOOP);
	CHECK(!box_exists("/tmp/root/nowhere"));
	fd = -1;
}

TEST(path_symlinks)
{
	BOX(b);
	CHECK_INT(path_symlink(b.run.root, "/dev/fd", "/proc/self/fd", &e), 0);
	CHECK_INT(path_symlink(b.run.root, "/dev/fd", "/proc/self/fd", &e), 0);
	CHECK_INT(path_symlink(b.run.root, "/dev/fd", "/proc/self/other", &e), -EEXIST);
	CHECK_INT(symlink("/tmp/host", "/tmp/root/out"), 0);
	CHECK_INT(path_symlink(b.run.root, "/out/link", "x", &e), 0);
	CHECK(!box_exists("/tmp/host/link"));
}

/* A second process keeps exchanging a directory with a link that leads out; nothing may ever appear outside. */
TEST(path_races_stay_inside)
{
	int i, good = 0;
	pid_t pid;
	BOX(b);

	CHECK_INT(mkdir("/tmp/root/swap", 0755), 0);
	CHECK_INT(mkdir("/tmp/root/swap/sub", 0755), 0);
	CHECK_INT(symlink("../../../tmp/host", "/tmp/root/link"), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, "/tmp/root/swap", AT_FDCWD, "/tmp/root/link", 2 /* RENAME_EXCHANGE */);
	REQUIRE(pid > 0);
	for (i = 0; i < 2000; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof path, "/swap/sub/../d%d/x", i);
		fd = path_make(b.run.root, path, true, true, &e);
		if (fd >= 0 && CHECK(strncmp(where(fd), "/tmp/root/", 10) == 0))
			good++;
		fd_close(&fd);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(good > 0);
	CHECK_INT(rmdir("/tmp/host"), 0); /* still empty */
}
