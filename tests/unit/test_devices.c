/* Device nodes and links, in an image that is not on our side. */
#include "apply/ops.h"
#include "tests/unit/box.h"
#include <errno.h>
#include <sys/sysmacros.h>

static struct step node(const char *path, mode_t type, int64_t major, int64_t minor)
{
	return (struct step){ .op = STEP_NODE,
			      .node = { .path = path, .type = type, .major = major, .minor = minor, .mode = 0666 } };
}

static struct step link_to(const char *path, const char *target)
{
	return (struct step){ .op = STEP_SYMLINK, .symlink = { .path = path, .target = target } };
}

static struct stat look(const char *path)
{
	struct stat st = { .st_mode = 0 };

	(void)!lstat(path, &st);
	return st;
}

TEST(device_mode_owner_and_number)
{
	struct step s = node("/dev/sub/thing", S_IFBLK, 7, 300);
	struct stat st;
	BOX(b);

	umask(077);
	s.node.mode = 0642;
	s.node.uid = 12;
	s.node.gid = 34;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(box_do(&b, node("/dev/null", S_IFCHR, 1, 3)), 0);
	CHECK_INT(box_do(&b, node("/dev/fifo", S_IFIFO, 0, 0)), 0);
	CHECK_INT(umask(022), 077);
	st = look("/tmp/root/dev/sub/thing");
	CHECK_INT(st.st_mode, S_IFBLK | 0642);
	CHECK(st.st_rdev == makedev(7, 300) && st.st_uid == 12 && st.st_gid == 34);
	st = look("/tmp/root/dev/null");
	CHECK_INT(st.st_mode, S_IFCHR | 0666);
	CHECK_INT(st.st_rdev, makedev(1, 3));
	CHECK_INT(look("/tmp/root/dev/fifo").st_mode, S_IFIFO | 0666);
}

TEST(device_that_is_there)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/dev", 0755), 0);
	CHECK_INT(mknod("/tmp/root/dev/null", S_IFCHR | 0600, makedev(1, 3)), 0);
	CHECK_INT(chown("/tmp/root/dev/null", 5, 5), 0);
	CHECK_INT(box_do(&b, node("/dev/null", S_IFCHR, 1, 3)), 0);
	CHECK_INT(look("/tmp/root/dev/null").st_mode, S_IFCHR | 0600); /* not ours to change */
	CHECK_INT(look("/tmp/root/dev/null").st_uid, 5);
	CHECK_INT(box_do(&b, node("/dev/null", S_IFCHR, 1, 5)), -EEXIST);
	CHECK_HAS(b.e.text, "device /dev/null: something else is there already");
	box_write("/tmp/root/dev/file", "content");
	CHECK_INT(box_do(&b, node("/dev/file", S_IFCHR, 1, 3)), -EEXIST);
	CHECK_STR(box_read("/tmp/root/dev/file"), "content");
}

/* The image's links at and below /dev, as in the attacks on runc and crun of 2026. */
TEST(device_links_stay_inside)
{
	BOX(b);
	CHECK_INT(symlink("/tmp/host", "/tmp/root/dev"), 0);
	CHECK_INT(box_do(&b, node("/dev/null", S_IFCHR, 1, 3)), 0);
	CHECK_INT(box_do(&b, link_to("/dev/fd", "/proc/self/fd")), 0);
	CHECK(!box_exists("/tmp/host/null") && !box_exists("/tmp/host/fd"));
	CHECK(box_exists("/tmp/root/tmp/host/null") && box_exists("/tmp/root/tmp/host/fd"));
	box_write("/tmp/host/canary", "alive");
	CHECK_INT(symlink("/tmp/host/canary", "/tmp/root/tmp/host/zero"), 0);
	CHECK(box_do(&b, node("/dev/zero", S_IFCHR, 1, 5)) < 0);
	CHECK_STR(box_read("/tmp/host/canary"), "alive");
	CHECK_INT(look("/tmp/host/canary").st_mode, S_IFREG | 0644);
	CHECK_INT(symlink("/tmp/host/new", "/tmp/root/tmp/host/full"), 0);
	CHECK(box_do(&b, node("/dev/full", S_IFCHR, 1, 7)) < 0);
	CHECK(!box_exists("/tmp/host/new"));
}

/* A link to the right device is as good as it: /dev/ptmx is one. */
TEST(device_behind_a_link)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/dev", 0755) + mkdir("/tmp/root/dev/pts", 0755), 0);
	CHECK_INT(mount("devpts", "/tmp/root/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666"), 0);
	CHECK_INT(box_do(&b, link_to("/dev/ptmx", "pts/ptmx")), 0);
	CHECK_INT(box_do(&b, node("/dev/ptmx", S_IFCHR, 5, 2)), 0);
	CHECK_INT(box_do(&b, node("/dev/ptmx", S_IFCHR, 5, 0)), -EEXIST);
}

TEST(device_bound_from_the_host)
{
	struct step s = node("/dev/null", S_IFCHR, 1, 3);
	struct stat host, st;
	BOX(b);

	s.node.bind = true;
	CHECK_INT(box_do(&b, s), 0);
	st = look("/tmp/root/dev/null");
	host = look("/dev/null");
	CHECK(st.st_dev == host.st_dev && st.st_ino == host.st_ino);
	CHECK_INT(box_do(&b, s), 0); /* it is there now */
	CHECK_INT(box_mount_count("/tmp/root/dev/null"), 1);
	s = node("/dev/zero", S_IFCHR, 9, 9);
	s.node.bind = true;
	CHECK_INT(box_do(&b, s), -ENODEV);
	CHECK_HAS(b.e.text, "the host's /dev/zero is not c 9:9");
	s = node("/dev/absent", S_IFCHR, 9, 9);
	s.node.bind = true;
	CHECK_INT(box_do(&b, s), -ENOENT);
	CHECK_INT(symlink("/tmp/host/new", "/tmp/root/dev/full"), 0);
	s = node("/dev/full", S_IFCHR, 1, 7);
	s.node.bind = true;
	CHECK(box_do(&b, s) < 0);
	CHECK(!box_exists("/tmp/host/new"));
}

TEST(device_symlinks)
{
	BOX(b);
	CHECK_INT(box_do(&b, link_to("/dev/fd", "/proc/self/fd")), 0);
	CHECK_INT(box_do(&b, link_to("/dev/fd", "/proc/self/fd")), 0);
	box_write("/tmp/root/dev/stdin", "the image's");
	CHECK_INT(box_do(&b, link_to("/dev/stdin", "/proc/self/fd/0")), 0);
	CHECK_STR(box_read("/tmp/root/dev/stdin"), "the image's");
}
