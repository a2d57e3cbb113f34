/* The mount operation on a scratch root: file systems, binds, their attributes, targets under attack, remounts,
 * copies, id maps. */
#include "apply/mount.h"
#include "tests/unit/box.h"
#include <errno.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define STRS(...) { .v = (char *[]){ __VA_ARGS__, NULL }, .n = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) }

static struct step tmpfs(const char *target)
{
	return (struct step){ .op = STEP_MOUNT, .mount = { .target = target, .source = "tmpfs", .fstype = "tmpfs" } };
}

static struct step bind_of(const char *source, const char *target)
{
	return (struct step){ .op = STEP_MOUNT, .mount = { .target = target, .source = source, .bind = true } };
}

static struct step proc(const char *target)
{
	return (struct step){ .op = STEP_MOUNT,
			      .mount = { .target = target, .source = "proc", .fstype = "proc", .proc_like = true } };
}

static bool has(const char *options, const char *word)
{
	char padded[600], want[64];

	snprintf(padded, sizeof padded, ",%s,", options);
	snprintf(want, sizeof want, ",%s,", word);
	return strstr(padded, want) != NULL;
}

static int in_root(const char *dir)
{
	return mkdir(dir, 0755);
}

TEST(mount_tmpfs_with_options)
{
	struct statfs st;
	BOX(b);
	struct step s = tmpfs("/dev");

	s.mount.attr.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_STRICTATIME;
	s.mount.attr.clear = MOUNT_ATTR__ATIME;
	s.mount.data = (struct strs)STRS("mode=755", "size=64k");
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/dev"), "nosuid") && has(box_mount_options("/tmp/root/dev"), "noexec"));
	CHECK(!has(box_mount_options("/tmp/root/dev"), "nodev") && !has(box_mount_options("/tmp/root/dev"), "relatime"));
	CHECK_INT(box_mode("/tmp/root/dev"), S_IFDIR | 0755);
	CHECK_INT(statfs("/tmp/root/dev", &st), 0);
	CHECK_INT((intmax_t)st.f_blocks * st.f_bsize, 64 << 10);
}

TEST(mount_tmpfs_takes_the_mode_that_it_covers)
{
	BOX(b);
	struct step s = tmpfs("/t/u");

	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(box_mode("/tmp/root/t/u") & 07777, 01777);
	CHECK_INT(umount("/tmp/root/t/u"), 0);
	CHECK_INT(box_mode("/tmp/root/t/u") & 07777, 0755);
	CHECK_INT(chmod("/tmp/root/t/u", 0710), 0);
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(box_mode("/tmp/root/t/u") & 07777, 0710);
	CHECK_INT(umount("/tmp/root/t/u"), 0);
	s.mount.data = (struct strs)STRS("mode=1500");
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(box_mode("/tmp/root/t/u") & 07777, 01500);
}

TEST(mount_errors_name_target_and_cause)
{
	BOX(b);
	struct step s = tmpfs("/t");

	s.mount.data = (struct strs)STRS("size=many");
	CHECK(box_do(&b, s) < 0);
	CHECK_HAS(b.e.text, "mount /t: option size=many: ");
	CHECK_HAS(b.e.text, "invalid argument");
	s.mount.data = (struct strs)STRS("nonsense");
	CHECK(box_do(&b, s) < 0);
	CHECK_HAS(b.e.text, "Unknown parameter 'nonsense'");
	s = tmpfs("/t");
	s.mount.fstype = "nofs";
	CHECK_INT(box_do(&b, s), -ENODEV);
	CHECK_HAS(b.e.text, "mount /t: this kernel has no file system type \"nofs\"");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/absent", "/t")), -ENOENT);
	CHECK_STR(b.e.text, "mount /t: source /tmp/host/absent: no such file or directory");
}

TEST(mount_super_block_flags)
{
	BOX(b);
	struct step s = tmpfs("/t");

	s.mount.super_set = MS_SYNCHRONOUS | MS_DIRSYNC;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_HAS(box_read("/proc/self/mounts"), "/tmp/root/t tmpfs rw,sync,dirsync,");
}

TEST(mount_binds_files_and_directories)
{
	BOX(b);
	CHECK_INT(in_root("/tmp/host/dir"), 0);
	box_write("/tmp/host/dir/f", "host");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/dir", "/new/dir")), 0);
	CHECK_STR(box_read("/tmp/root/new/dir/f"), "host");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/dir/f", "/new/file")), 0);
	CHECK_STR(box_read("/tmp/root/new/file"), "host");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/dir", "/new/file")), -ENOTDIR);
	CHECK_HAS(b.e.text, "mount /new/file: ");
	CHECK_HAS(b.e.text, "not a directory");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/dir/f", "/new/dir")), -ENOTDIR);
	CHECK_INT(box_do(&b, bind_of("/tmp/host/dir", "/")), -EINVAL);
	CHECK_HAS(b.e.text, "root cannot be mounted over");
}

TEST(mount_source_may_lie_in_an_earlier_mount)
{
	BOX(b);
	CHECK_INT(in_root("/tmp/host/dir"), 0);
	box_write("/tmp/host/dir/f", "host");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/dir", "/one")), 0);
	CHECK_INT(box_do(&b, bind_of("/tmp/root/one/f", "/two")), 0);
	CHECK_STR(box_read("/tmp/root/two"), "host");
}

TEST(mount_recursion_is_asked_for)
{
	BOX(b);
	CHECK_INT(in_root("/tmp/host/d") + in_root("/tmp/host/d/s"), 0);
	CHECK_INT(mount("s", "/tmp/host/d/s", "tmpfs", 0, NULL), 0);
	box_write("/tmp/host/d/s/f", "below");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/d", "/plain")), 0);
	CHECK(!box_exists("/tmp/root/plain/s/f"));
	struct step s = bind_of("/tmp/host/d", "/tree");
	s.mount.rbind = true;
	s.mount.attr.set = MOUNT_ATTR_RDONLY;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_STR(box_read("/tmp/root/tree/s/f"), "below");
	CHECK(has(box_mount_options("/tmp/root/tree"), "ro") && has(box_mount_options("/tmp/root/tree/s"), "rw"));
	s.mount.target = "/sealed";
	s.mount.attr_rec.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME;
	s.mount.attr_rec.clear = MOUNT_ATTR__ATIME;
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/sealed/s"), "ro") && has(box_mount_options("/tmp/root/sealed/s"), "noatime"));
	CHECK(has(box_mount_options("/tmp/host/d/s"), "rw"));
}

/* The rules of runc: nothing asked keeps everything; something asked replaces the security options; access times only
 * when asked. */
TEST(mount_bind_attributes)
{
	BOX(b);
	CHECK_INT(in_root("/tmp/host/d"), 0);
	CHECK_INT(mount("s", "/tmp/host/d", "tmpfs", MS_NOEXEC | MS_NODEV | MS_NOATIME, NULL), 0);
	CHECK_INT(mount(NULL, "/tmp/host/d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOEXEC | MS_NOATIME, NULL), 0);
	struct step s = bind_of("/tmp/host/d", "/same");
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/same"), "ro") && has(box_mount_options("/tmp/root/same"), "noexec"));
	CHECK(has(box_mount_options("/tmp/root/same"), "noatime"));
	s.mount.target = "/suid";
	s.mount.attr.set = MOUNT_ATTR_NOSUID;
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/suid"), "rw") && !has(box_mount_options("/tmp/root/suid"), "noexec"));
	CHECK(has(box_mount_options("/tmp/root/suid"), "nosuid") && has(box_mount_options("/tmp/root/suid"), "noatime"));
	s.mount.target = "/dir";
	s.mount.attr = (struct mount_attr_bits){ .set = MOUNT_ATTR_NODIRATIME };
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/dir"), "relatime") && has(box_mount_options("/tmp/root/dir"), "nodiratime"));
	s.mount.target = "/clear";
	s.mount.attr = (struct mount_attr_bits){ .clear = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME };
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/clear"), "rw") && has(box_mount_options("/tmp/root/clear"), "noatime"));
}

TEST(mount_propagation)
{
	BOX(b);
	CHECK_INT(in_root("/tmp/host/d"), 0);
	struct step s = bind_of("/tmp/host/d", "/d");
	s.mount.propagation = MS_SHARED | MS_REC;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_HAS(box_read("/proc/self/mountinfo"), " shared:");
	s.mount.target = "/u";
	s.mount.propagation = MS_UNBINDABLE;
	CHECK_INT(box_do(&b, s), 0);
	CHECK(strstr(box_read("/proc/self/mountinfo"), " unbindable ") != NULL);
}

TEST(mount_remount)
{
	BOX(b);
	struct step s = tmpfs("/t"), again = { .op = STEP_MOUNT, .mount = { .target = "/t", .remount = true } };

	CHECK(box_do(&b, again) < 0);
	CHECK_HAS(b.e.text, "mount /t: nothing is mounted there");
	s.mount.attr.set = MOUNT_ATTR_NOSUID;
	CHECK_INT(box_do(&b, s), 0);
	again.mount.attr.set = MOUNT_ATTR_RDONLY;
	CHECK_INT(box_do(&b, again), 0);
	CHECK(has(box_mount_options("/tmp/root/t"), "ro") && has(box_mount_options("/tmp/root/t"), "nosuid"));
	again.mount.attr = (struct mount_attr_bits){ .clear = MOUNT_ATTR_RDONLY };
	again.mount.data = (struct strs)STRS("size=8k");
	CHECK_INT(box_do(&b, again), 0);
	CHECK(has(box_mount_options("/tmp/root/t"), "rw"));
	CHECK_HAS(box_read("/proc/self/mounts"), "size=8k");
	again.mount.target = "/t/inside";
	again.mount.data.n = 0;
	CHECK_INT(in_root("/tmp/root/t/inside"), 0);
	CHECK(box_do(&b, again) < 0);
	CHECK_HAS(b.e.text, "nothing is mounted there");
}

TEST(mount_proc_needs_a_real_directory)
{
	BOX(b);
	CHECK_INT(in_root("/tmp/root/bad"), 0);
	CHECK_INT(symlink("/bad", "/tmp/root/proc"), 0);
	CHECK(box_do(&b, proc("/proc")) < 0);
	CHECK_HAS(b.e.text, "must be mounted on ordinary directory");
	CHECK_INT(unlink("/tmp/root/proc"), 0);
	CHECK_INT(box_do(&b, proc("/proc")), 0);
	CHECK(box_exists("/tmp/root/proc/self"));
}

/* What the plan cannot see: a target that only a link leads into /proc. */
TEST(mount_nothing_covers_proc)
{
	BOX(b);
	CHECK_INT(box_do(&b, proc("/proc")), 0);
	CHECK_INT(symlink("/proc", "/tmp/root/l"), 0);
	CHECK_INT(symlink("/proc/sys/kernel", "/tmp/root/k"), 0);
	CHECK_INT(box_do(&b, tmpfs("/l")), -EPERM);
	CHECK_HAS(b.e.text, "inside /proc");
	CHECK_INT(box_do(&b, tmpfs("/k")), -EPERM);
	CHECK_INT(box_do(&b, tmpfs("/l/self/attr")), -EPERM);
	box_write("/tmp/host/f", "0.00 0.00 0.00 1/1 1\n");
	CHECK_INT(box_do(&b, bind_of("/tmp/host/f", "/l/self/environ")), -EPERM);
	CHECK_INT(box_do(&b, bind_of("/tmp/host/f", "/k/core_pattern")), -EPERM);
	CHECK_INT(box_do(&b, bind_of("/tmp/host/f", "/l/loadavg")), 0);
	CHECK_STR(box_read("/tmp/root/proc/loadavg"), "0.00 0.00 0.00 1/1 1\n");
	struct step s = bind_of("/proc", "/proc");
	s.mount.rbind = true;
	CHECK_INT(box_do(&b, s), 0);
}

TEST(mount_targets_stay_inside)
{
	BOX(b);
	CHECK_INT(symlink("/tmp/host", "/tmp/root/dev"), 0);
	CHECK_INT(symlink("../../../../host", "/tmp/root/up"), 0);
	box_write("/tmp/host/f", "");
	CHECK_INT(box_do(&b, tmpfs("/dev")), 0);
	CHECK_INT(box_do(&b, bind_of("/tmp/host/f", "/up/file")), 0);
	CHECK_STR(box_mount_options("/tmp/host"), "");
	CHECK_INT(box_mount_count("/tmp/root/tmp/host"), 1);
	CHECK_INT(box_mount_count("/tmp/root/host/file"), 1);
}

TEST(mount_links)
{
	char text[64];
	ssize_t n;
	BOX(b);

	CHECK_INT(symlink("dangling", "/tmp/host/link"), 0);
	struct step s = bind_of("/tmp/host/link", "/a/copied");
	s.mount.copy_symlink = true;
	CHECK_INT(box_do(&b, s), 0);
	n = readlink("/tmp/root/a/copied", text, sizeof text - 1);
	text[n > 0 ? n : 0] = 0;
	CHECK_STR(text, "dangling");
	CHECK_INT(box_do(&b, s), 0);
	/* the link itself bound over a link itself */
	CHECK_INT(symlink("/tmp/host", "/tmp/root/there"), 0);
	s = bind_of("/tmp/host/link", "/there");
	s.mount.src_nofollow = s.mount.dest_nofollow = true;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(box_mount_count("/tmp/root/there"), 1);
}

TEST(mount_tmpcopyup)
{
	char value[16];
	struct stat st;
	BOX(b);
	struct step s = tmpfs("/d");

	CHECK_INT(in_root("/tmp/root/d") + in_root("/tmp/root/d/sub"), 0);
	CHECK_INT(chmod("/tmp/root/d", 0777) + chmod("/tmp/root/d/sub", 02750), 0);
	box_write("/tmp/root/d/sub/file", "content");
	CHECK_INT(chown("/tmp/root/d/sub/file", 12, 34) + chmod("/tmp/root/d/sub/file", 04711), 0);
	CHECK_INT(setxattr("/tmp/root/d/sub/file", "trusted.x", "v", 1, 0), 0);
	CHECK_INT(symlink("/etc/passwd", "/tmp/root/d/link") + mkfifo("/tmp/root/d/fifo", 0600), 0);
	CHECK_INT(mknod("/tmp/root/d/null", S_IFCHR | 0666, makedev(1, 3)) + chmod("/tmp/root/d/null", 0666), 0);
	s.mount.tmpcopyup = true;
	s.mount.attr.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(box_mount_count("/tmp/root/d"), 1);
	CHECK(has(box_mount_options("/tmp/root/d"), "ro") && has(box_mount_options("/tmp/root/d"), "nodev"));
	CHECK_INT(box_mode("/tmp/root/d"), S_IFDIR | 0777);
	CHECK_INT(box_mode("/tmp/root/d/sub"), S_IFDIR | 02750);
	CHECK_STR(box_read("/tmp/root/d/sub/file"), "content");
	CHECK_INT(lstat("/tmp/root/d/sub/file", &st), 0);
	CHECK(st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 04711);
	CHECK_INT(getxattr("/tmp/root/d/sub/file", "trusted.x", value, sizeof value), 1);
	CHECK_INT(box_mode("/tmp/root/d/link") & S_IFMT, S_IFLNK);
	CHECK_INT(box_mode("/tmp/root/d/fifo"), S_IFIFO | 0600);
	CHECK_INT(box_mode("/tmp/root/d/null"), S_IFCHR | 0666);
}

TEST(mount_tmpcopyup_that_does_not_fit)
{
	char big[65536];
	BOX(b);
	struct step s = tmpfs("/d");

	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = 0;
	CHECK_INT(in_root("/tmp/root/d"), 0);
	box_write("/tmp/root/d/big", big);
	s.mount.tmpcopyup = true;
	s.mount.data = (struct strs)STRS("size=8k");
	CHECK_INT(box_do(&b, s), -ENOSPC);
	CHECK_HAS(b.e.text, "mount /d: tmpcopyup: write big: no space left");
	CHECK_INT(box_mount_count("/tmp/root/d"), 0);
}

/* fsconfig takes 255 bytes; an overlay's layers are longer than that at once. */
TEST(mount_options_of_any_length)
{
	char lower[3000] = "lowerdir=", *p = lower + strlen(lower), dir[64];
	int i;
	BOX(b);
	struct step s = tmpfs("/o");

	for (i = 0; i < 20; i++) {
		snprintf(dir, sizeof dir, "/tmp/host/a-rather-long-name-of-a-directory-%d", i);
		CHECK_INT(in_root(dir), 0);
		p += sprintf(p, "%s%s", i ? ":" : "", dir);
	}
	box_write("/tmp/host/a-rather-long-name-of-a-directory-19/f", "lowest");
	s.mount.fstype = s.mount.source = "overlay";
	s.mount.data = (struct strs)STRS(lower);
	s.mount.attr.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOSYMFOLLOW;
	s.mount.propagation = MS_SHARED;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_STR(box_read("/tmp/root/o/f"), "lowest");
	CHECK(has(box_mount_options("/tmp/root/o"), "nosuid") && has(box_mount_options("/tmp/root/o"), "nosymfollow"));
}

TEST(mount_id_map)
{
	struct id_range uid = { 0, 100000, 10 }, gid = { 0, 200000, 10 };
	struct stat st;
	BOX(b);

	CHECK_INT(in_root("/tmp/host/d"), 0);
	box_write("/tmp/host/d/f", "");
	CHECK_INT(chown("/tmp/host/d/f", 3, 4), 0);
	struct step s = bind_of("/tmp/host/d", "/m");
	s.mount.idmap = true;
	CHECK_INT(box_do(&b, s), -EINVAL);
	CHECK_HAS(b.e.text, "needs uidMappings and gidMappings");
	s.mount.uids.v = &uid;
	s.mount.gids.v = &gid;
	s.mount.uids.n = s.mount.gids.n = 1;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(stat("/tmp/root/m/f", &st), 0);
	CHECK(st.st_uid == 100003 && st.st_gid == 200004);
	/* made by the runtime, where init could not; and the map of an earlier step used again */
	s.mount.target = "/p";
	s.mount.open_in_parent = true;
	CHECK_INT(box_do(&b, s), 0);
	CHECK_INT(stat("/tmp/root/p/f", &st), 0);
	CHECK_INT(st.st_uid, 100003);
	CHECK_INT(stat("/tmp/host/d/f", &st), 0);
	CHECK_INT(st.st_uid, 3);
}

/* init in a user namespace of its own: what prepare made before, and locks on what it has inherited */
static void as_init(struct box *b)
{
	size_t i;
	int fd;

	/* root of the new namespace is user 70000: it cannot enter what only root may */
	int go[2], ready[2];
	char byte = 0, path[64];
	pid_t pid;

	REQUIRE(pipe(go) == 0 && pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		unshare(CLONE_NEWUSER | CLONE_NEWNS);
		(void)!write(ready[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
			_exit(3);
		b->run.root = open("/tmp/root", O_PATH | O_DIRECTORY);
		/* 0: reachable, its mount's flags are locked; clearing one fails */
		CHECK_INT(ops[STEP_MOUNT].run(&b->run, &b->steps[0], &b->slots[0], &b->e), -EPERM);
		CHECK_HAS(b->e.text, "option \"rw\" would clear what the source's mount has locked");
		/* 1: the same without clearing: locked flags stay */
		CHECK_INT(ops[STEP_MOUNT].run(&b->run, &b->steps[1], &b->slots[1], &b->e), 0);
		CHECK(has(box_mount_options("/tmp/root/keep"), "ro") && has(box_mount_options("/tmp/root/keep"), "nosuid"));
		CHECK(has(box_mount_options("/tmp/root/keep"), "noexec"));
		/* 2: not reachable for this user: the runtime's copy serves */
		CHECK_INT(ops[STEP_MOUNT].run(&b->run, &b->steps[2], &b->slots[2], &b->e), 0);
		CHECK_STR(box_read("/tmp/root/secret/f"), "for the container");
		/* 3: an id map that only the runtime could apply */
		CHECK_INT(ops[STEP_MOUNT].run(&b->run, &b->steps[3], &b->slots[3], &b->e), 0);
		struct stat st;
		CHECK_INT(stat("/tmp/root/mapped/f", &st), 0);
		CHECK_INT(st.st_uid, 5);
		/* another access time mode than the locked one */
		b->steps[1].mount.attr = (struct mount_attr_bits){ .set = MOUNT_ATTR_NOATIME, .clear = MOUNT_ATTR__ATIME };
		CHECK_INT(ops[STEP_MOUNT].run(&b->run, &b->steps[1], &b->slots[1], &b->e), -EPERM);
		CHECK_HAS(b->e.text, "access time mode");
		fflush(stdout);
		_exit(test_failed());
	}
	(void)!read(ready[0], &byte, 1);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "/proc/%d/%s", pid, i ? "gid_map" : "uid_map");
		fd = open(path, O_WRONLY);
		CHECK_INT(write(fd, "0 70000 1000\n", 13), 13);
		close(fd);
	}
	(void)!write(go[1], &byte, 1);
	int status = 0;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

TEST(mount_in_a_user_namespace)
{
	struct id_range ids = { 0, 70000, 1000 };
	size_t i;
	BOX(b);

	CHECK_INT(chown("/tmp/root", 70000, 70000), 0);
	CHECK_INT(in_root("/tmp/host/flags") + in_root("/tmp/host/hidden") + in_root("/tmp/host/hidden/d") + in_root("/tmp/host/ids"), 0);
	CHECK_INT(mount("s", "/tmp/host/flags", "tmpfs", MS_NOSUID | MS_NOEXEC, NULL), 0);
	CHECK_INT(mount(NULL, "/tmp/host/flags", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL), 0);
	box_write("/tmp/host/hidden/d/f", "for the container");
	CHECK_INT(chmod("/tmp/host/hidden", 0700), 0);
	box_write("/tmp/host/ids/f", "");
	CHECK_INT(chown("/tmp/host/ids/f", 5, 5), 0);
	b.steps[0] = bind_of("/tmp/host/flags", "/cleared");
	b.steps[0].mount.attr.clear = MOUNT_ATTR_RDONLY;
	b.steps[1] = bind_of("/tmp/host/flags", "/keep");
	b.steps[1].mount.attr.set = MOUNT_ATTR_NODEV;
	b.steps[2] = bind_of("/tmp/host/hidden/d", "/secret");
	b.steps[2].mount.open_in_parent = true;
	b.steps[3] = bind_of("/tmp/host/ids", "/mapped");
	b.steps[3].mount.open_in_parent = b.steps[3].mount.idmap = true;
	b.steps[3].mount.uids.v = b.steps[3].mount.gids.v = &ids;
	b.steps[3].mount.uids.n = b.steps[3].mount.gids.n = 1;
	b.plan.steps.n = 4;
	for (i = 0; i < 4; i++)
		CHECK_INT(ops[STEP_MOUNT].prepare(&b.run, &b.steps[i], &b.slots[i], &b.e), 0);
	CHECK(b.slots[0].fd < 0 && b.slots[2].fd >= 0 && b.slots[3].fd >= 0);
	box_child(as_init, &b);
}

TEST(mount_falls_back_to_the_hosts)
{
	BOX(b);
	struct step s = { .op = STEP_MOUNT,
			  .mount = { .target = "/sys", .source = "sysfs", .fstype = "sysfs", .proc_like = true, .fallback_bind = true } };

	s.mount.attr.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
	CHECK_INT(box_do(&b, s), 0);
	CHECK(has(box_mount_options("/tmp/root/sys"), "ro"));
	/* not permitted and nothing to fall back to: the first error is the one that is told */
	s.mount.target = "/x";
	s.mount.fstype = "nofs";
	CHECK_INT(box_do(&b, s), -ENODEV);
}
