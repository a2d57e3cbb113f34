/* mount.c - the mount API of Linux 5.2 and later, and the few older calls that are still needed.
 * Must not decide anything. */
#include "sys/sys.h"
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RET(x) ((x) < 0 ? -errno : 0)

static int fd_or_errno(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return fd_or_errno(syscall(SYS_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC));
}

int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	return RET(syscall(SYS_move_mount, from_dir, from, to_dir, to, flags));
}

int sys_fsopen(const char *fstype)
{
	return fd_or_errno(syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC));
}

int sys_fsconfig_str(int fs, const char *key, const char *value)
{
	if (!value)
		return RET(syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, key, NULL, 0));
	return RET(syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0));
}

int sys_fsconfig_create(int fs)
{
	return RET(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int sys_fspick(int dir, const char *path)
{
	return fd_or_errno(syscall(SYS_fspick, dir, path, FSPICK_CLOEXEC | FSPICK_EMPTY_PATH));
}

int sys_fsconfig_reconfigure(int fs)
{
	return RET(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
}

int sys_fsmount(int fs, uint64_t attr)
{
	return fd_or_errno(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attr));
}

int sys_mount_setattr(int dir, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clear,
		.propagation = propagation,
		.userns_fd = userns >= 0 ? (uint64_t)userns : 0,
	};

	return RET(syscall(SYS_mount_setattr, dir, path, flags, &attr, sizeof attr));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return RET(syscall(SYS_pivot_root, new_root, put_old));
}

int sys_umount(const char *path, int flags)
{
	return RET(umount2(path, flags));
}

int sys_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)
{
	return RET(mount(source, target, type, flags, data));
}

void sys_fs_message(int fs, char *buf, size_t n)
{
	ssize_t r = read(fs, buf, n - 1);

	if (r < 0)
		r = 0;
	buf[r] = 0;
	/* the kernel writes "e message" for errors, "w ..." and "i ..." for the rest */
	if (r > 2 && buf[1] == ' ')
		memmove(buf, buf + 2, (size_t)r - 1);
	buf[strcspn(buf, "\n")] = 0;
}
