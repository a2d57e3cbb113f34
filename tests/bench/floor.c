/* floor.c - the least that a container costs on this kernel: one clone3 with six namespaces, the mounts of the bench's bundle,
 * pivot_root and exec. No configuration, no cgroup, no device nodes, no masks, no state: nothing that a runtime is for.
 * The bench measures every runtime against it. Usage: floor ROOTFS PROGRAM [ARGS...] */
#include <err.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *type, *target;
	unsigned long flags;
	const char *data;
} mounts[] = { /* the same as mounts() in bench.py */
	{ "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "tmpfs", "dev/shm", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k" },
	{ "mqueue", "dev/mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "sysfs", "sys", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL },
};

static void child(const char *rootfs, char **argv)
{
	size_t i;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		err(1, "make / private");
	if (mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(rootfs) < 0)
		err(1, "%s", rootfs);
	for (i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		mkdir(mounts[i].target, 0755);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].data) < 0)
			err(1, "mount %s", mounts[i].target);
	}
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		err(1, "pivot_root");
	execve(argv[0], argv, NULL);
	err(1, "%s", argv[0]);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP,
		.exit_signal = SIGCHLD,
	};
	int status;
	long pid;

	if (argc < 3)
		errx(2, "usage: floor ROOTFS PROGRAM [ARGS...]");
	pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		err(1, "clone3");
	if (pid == 0)
		child(argv[1], argv + 2);
	if (waitpid((pid_t)pid, &status, 0) < 0)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
