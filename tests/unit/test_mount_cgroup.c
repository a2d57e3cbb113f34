/* Mounts of type cgroup, made of the hierarchies that this machine has. */
#include "apply/ops.h"
#include "tests/unit/box.h"
#include <errno.h>

#define ALL (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static bool has_v1(void)
{
	return access("/sys/fs/cgroup/memory/tasks", F_OK) == 0 && access("/sys/fs/cgroup/pids/tasks", F_OK) == 0;
}

static const char *v2_root(void)
{
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0)
		return "/sys/fs/cgroup";
	return access("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0 ? "/sys/fs/cgroup/unified" : NULL;
}

static struct step v1(struct cgroup_part parts[2], bool own_namespace)
{
	static char *links[] = { "memory-link=memory", NULL };
	struct step s = { .op = STEP_CGROUP_MOUNT,
			  .cgroup_mount = { .target = "/sys/fs/cgroup", .cgroup_ns = own_namespace, .attr.set = ALL } };

	parts[0] = (struct cgroup_part){ "memory", "memory", "/sys/fs/cgroup/memory" };
	parts[1] = (struct cgroup_part){ "pids", "pids", "/sys/fs/cgroup/pids" };
	s.cgroup_mount.parts.v = parts;
	s.cgroup_mount.parts.n = 2;
	s.cgroup_mount.links = (struct strs){ links, 1 };
	return s;
}

static void check_v1(void)
{
	CHECK_HAS(box_mount_options("/tmp/root/sys/fs/cgroup"), "ro,nosuid,nodev,noexec");
	CHECK_HAS(box_mount_options("/tmp/root/sys/fs/cgroup/memory"), "ro,nosuid,nodev,noexec");
	CHECK_HAS(box_mount_options("/tmp/root/sys/fs/cgroup/pids"), "ro,nosuid,nodev,noexec");
	CHECK(box_exists("/tmp/root/sys/fs/cgroup/memory-link/tasks"));
	CHECK(!box_exists("/tmp/root/sys/fs/cgroup/cpu"));
	CHECK_INT(mkdir("/tmp/root/sys/fs/cgroup/x", 0755), -1);
	CHECK_INT(errno, EROFS);
}

TEST(cgroup_mount_v1_bound)
{
	struct cgroup_part parts[2];
	BOX(b);

	if (!has_v1())
		SKIP("needs cgroup version 1");
	CHECK_INT(box_do(&b, v1(parts, false)), 0);
	check_v1();
	/* no cgroup of ours there: nothing is shown of that hierarchy */
	struct step s = v1(parts, false);
	parts[0].dir = "/sys/fs/cgroup/memory/absent";
	s.cgroup_mount.target = "/other";
	CHECK_INT(box_do(&b, s), 0);
	CHECK(!box_exists("/tmp/root/other/memory/tasks") && box_exists("/tmp/root/other/pids/tasks"));
}

static void in_own_namespace(struct box *b)
{
	struct cgroup_part parts[2];

	CHECK_INT(unshare(CLONE_NEWCGROUP), 0);
	CHECK_INT(box_do(b, v1(parts, true)), 0);
	check_v1();
}

TEST(cgroup_mount_v1_afresh)
{
	BOX(b);
	if (!has_v1())
		SKIP("needs cgroup version 1");
	box_child(in_own_namespace, &b);
}

/* A hierarchy that cannot be mounted afresh is bound. */
static void with_fallback(struct box *b)
{
	struct cgroup_part parts[2];
	struct step s = v1(parts, true);

	parts[1].controllers = "pids,nonsense";
	CHECK_INT(unshare(CLONE_NEWCGROUP), 0);
	CHECK_INT(box_do(b, s), 0);
	check_v1();
}

TEST(cgroup_mount_v1_falls_back)
{
	BOX(b);
	if (!has_v1())
		SKIP("needs cgroup version 1");
	box_child(with_fallback, &b);
}

TEST(cgroup_mount_v2)
{
	struct cgroup_part part = { "", "", v2_root() };
	struct step s = { .op = STEP_CGROUP_MOUNT,
			  .cgroup_mount = { .target = "/sys/fs/cgroup", .v2 = true, .attr.set = ALL, .parts = { &part, 1 } } };
	BOX(b);

	if (!part.dir)
		SKIP("needs a mounted cgroup2");
	CHECK_INT(box_do(&b, s), 0);
	CHECK_HAS(box_mount_options("/tmp/root/sys/fs/cgroup"), "ro,nosuid,nodev,noexec");
	CHECK(box_exists("/tmp/root/sys/fs/cgroup/cgroup.procs"));
	s.cgroup_mount.cgroup_ns = true;
	s.cgroup_mount.target = "/afresh";
	CHECK_INT(box_do(&b, s), 0);
	CHECK(box_exists("/tmp/root/afresh/cgroup.procs"));
	/* no cgroup of ours: an empty directory, and not the host's */
	s.cgroup_mount.cgroup_ns = false;
	s.cgroup_mount.target = "/none";
	part.dir = "/sys/fs/cgroup/absent";
	CHECK_INT(box_do(&b, s), 0);
	CHECK(!box_exists("/tmp/root/none/cgroup.procs"));
	CHECK_HAS(box_mount_options("/tmp/root/none"), "ro");
}

TEST(cgroup_mount_stays_inside)
{
	struct cgroup_part parts[2];
	BOX(b);

	if (!has_v1())
		SKIP("needs cgroup version 1");
	CHECK_INT(symlink("/tmp/host", "/tmp/root/sys"), 0);
	CHECK_INT(box_do(&b, v1(parts, false)), 0);
	CHECK(!box_exists("/tmp/host/fs"));
	CHECK(box_exists("/tmp/root/tmp/host/fs/cgroup/memory/tasks"));
}
