/* Masked and read-only paths. */
#include "apply/ops.h"
#include "tests/unit/box.h"
#include <errno.h>
#include <sys/sysmacros.h>

static struct step of(enum op op, const char *path)
{
	return (struct step){ .op = op, .name = path };
}

static dev_t device_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_dev : 0;
}

static bool is_null(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

TEST(mask_files_and_directories)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/d1", 0755) + mkdir("/tmp/root/d2", 0755), 0);
	box_write("/tmp/root/d1/secret", "x");
	box_write("/tmp/root/f1", "secret");
	box_write("/tmp/root/f2", "secret");
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f1")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/d1")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f2")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/d2")), 0);
	CHECK(is_null("/tmp/root/f1") && is_null("/tmp/root/f2"));
	CHECK_STR(box_read("/tmp/root/f1"), "");
	CHECK(!box_exists("/tmp/root/d1/secret"));
	CHECK_INT(mkdir("/tmp/root/d1/x", 0755), -1);
	CHECK_INT(errno, EROFS);
	CHECK(device_of("/tmp/root/d1") == device_of("/tmp/root/d2") && device_of("/tmp/root/d1") != device_of("/tmp/root"));
}

TEST(mask_twice_is_once)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/d", 0755), 0);
	box_write("/tmp/root/f", "secret");
	CHECK_INT(symlink("f", "/tmp/root/l"), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "//f")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/l")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/d")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/d/")), 0);
	CHECK_INT(box_mount_count("/tmp/root/f"), 1);
	CHECK_INT(box_mount_count("/tmp/root/d"), 1);
}

TEST(mask_what_is_not_there_is_passed_over)
{
	BOX(b);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/absent")), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/absent/below")), 0);
	CHECK_INT(box_do(&b, of(STEP_READONLY, "/absent")), 0);
	CHECK(!box_exists("/tmp/root/absent"));
	/* but only that: anything else must not leave the path uncovered in silence */
	CHECK_INT(symlink("loop", "/tmp/root/loop"), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/loop")), -ELOOP);
	CHECK_HAS(b.e.text, "cannot mask /loop: ");
	CHECK_INT(box_do(&b, of(STEP_READONLY, "/loop")), -ELOOP);
	CHECK_HAS(b.e.text, "cannot make /loop read-only: ");
	box_write("/tmp/root/f", "");
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f/below")), -ENOTDIR);
}

/* A link leads to its target inside the root, never outside; the image's /dev/null is not used. */
TEST(mask_uses_nothing_of_the_image)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/dev", 0755) + mkdir("/tmp/root/tmp", 0755) + mkdir("/tmp/root/tmp/host", 0755), 0);
	CHECK_INT(symlink("/proc/version", "/tmp/root/dev/null"), 0);
	box_write("/tmp/host/f", "of the host");
	box_write("/tmp/root/tmp/host/f", "of the image");
	CHECK_INT(symlink("/tmp/host/f", "/tmp/root/l"), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/l")), 0);
	CHECK_STR(box_read("/tmp/host/f"), "of the host");
	CHECK(is_null("/tmp/root/tmp/host/f"));
	CHECK_INT(box_mount_count("/tmp/root/tmp/host/f"), 1);
}

/* Without privilege before clone: only the host's very inode, bound into /dev by us, will do. */
TEST(mask_without_privilege)
{
	BOX(b);
	b.host.privileged = false;
	box_write("/tmp/root/f", "secret");
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f")), -ENOENT);
	CHECK_HAS(b.e.text, "no /dev/null to cover it with");
	CHECK_INT(mkdir("/tmp/root/dev", 0755), 0);
	CHECK_INT(mknod("/tmp/root/dev/null", S_IFCHR | 0666, makedev(1, 3)), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f")), -EPERM);
	CHECK_INT(unlink("/tmp/root/dev/null"), 0);
	box_write("/tmp/root/dev/null", "");
	CHECK_INT(mount("/dev/null", "/tmp/root/dev/null", NULL, MS_BIND, NULL), 0);
	CHECK_INT(box_do(&b, of(STEP_MASK, "/f")), 0);
	CHECK(is_null("/tmp/root/f"));
}

TEST(readonly_paths)
{
	BOX(b);
	CHECK_INT(mkdir("/tmp/root/d", 0755) + mkdir("/tmp/root/d/s", 0755) + mkdir("/tmp/root/n", 0755), 0);
	CHECK_INT(mount("s", "/tmp/root/d/s", "tmpfs", MS_NOSUID | MS_NODEV, NULL), 0);
	box_write("/tmp/root/f", "content");
	CHECK_INT(box_do(&b, of(STEP_READONLY, "/d")), 0);
	CHECK_INT(box_do(&b, of(STEP_READONLY, "/f")), 0);
	CHECK_INT(mkdir("/tmp/root/d/x", 0755), -1);
	CHECK_INT(errno, EROFS);
	CHECK_INT(mkdir("/tmp/root/d/s/x", 0755), -1);
	CHECK_INT(errno, EROFS);
	CHECK_HAS(box_mount_options("/tmp/root/d/s"), "ro,nosuid,nodev");
	CHECK_INT(open("/tmp/root/f", O_WRONLY), -1);
	CHECK_INT(errno, EROFS);
	CHECK_STR(box_read("/tmp/root/f"), "content");
	CHECK_INT(mkdir("/tmp/root/n/x", 0755), 0);
}
