/* seal.c - re-execution from a sealed view of our own binary.
 *
 * A process in a container can reach the runtime's binary through /proc/PID/exe (of init, or by naming /proc/self/exe as the program).
 * What it reaches then is our file behind a read-only mount that exists nowhere else: opening it for writing is EROFS whatever the
 * capabilities, and the mount cannot be changed because it belongs to no mount namespace any more once its fd is closed.
 * Must not trust argv, the environment or any path to find out whether it is sealed: only the kernel's view of /proc/self/exe. */
#include "apply/seal.h"
#include "sys/sys.h"
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Sealed: on a mount that is read-only for everybody, or a memfd with all seals, or not ours to write in the first place (an ordinary
 * user running root's binary: no process in that user's namespaces has more rights over it). */
static int is_sealed(int exe)
{
	struct statfs fs;
	struct stat st;
	int seals;

	if (sys_fstatfs(exe, &fs) == 0 && (fs.f_flags & ST_RDONLY))
		return 1;
	seals = fcntl(exe, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) == SEALS)
		return 1;
	if (geteuid() != 0 && sys_fstat(exe, &st) == 0 && st.st_uid != geteuid() && sys_access(exe, "", W_OK, AT_EMPTY_PATH) < 0)
		return 1;
	return 0;
}

static int clone_readonly(void)
{
	AUTO_FD int tree = sys_open_tree(AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE);
	int r;

	if (tree < 0)
		return tree;
	r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, MS_PRIVATE, -1);
	return r < 0 ? r : take_fd(&tree);
}

static int copy_to_memfd(int exe)
{
	AUTO_FD int fd = sys_memfd("wasirun", MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat st;
	off_t at = 0;
	int r;

	if (fd == -EINVAL) /* before 6.3 there is no MFD_EXEC, and every memfd may be executed */
		fd = sys_memfd("wasirun", MFD_ALLOW_SEALING);
	if (fd < 0)
		return fd;
	r = sys_fstat(exe, &st);
	if (r < 0)
		return r;
	while (at < st.st_size) {
		ssize_t n = sys_sendfile(fd, exe, &at, (size_t)(st.st_size - at));

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
	}
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	(void)!fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC); /* 6.3 and later */
	return take_fd(&fd);
}

int seal_self(char *const argv[], struct err *e)
{
	AUTO_FD int exe = sys_open(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0);
	AUTO_FD int sealed = -1;

	if (exe < 0)
		return fail_sys(e, exe, "/proc/self/exe (is /proc mounted?)");
	if (is_sealed(exe))
		return 0;
	sealed = clone_readonly();
	if (sealed < 0)
		sealed = copy_to_memfd(exe);
	if (sealed < 0)
		return fail_sys(e, sealed, "cannot make a sealed copy of the runtime's binary");
	return fail_sys(e, sys_execveat(sealed, "", argv, environ, AT_EMPTY_PATH), "cannot run the sealed copy of the runtime");
}
