/* console.c - the container's terminal.
 *
 * The pty comes from the devpts that the container will use, through a handle that is known to be that file system's
 * ptmx (rules R5 and R7); its other end is opened by the kernel (TIOCGPTPEER), so no /dev/pts/N is ever looked up.
 * Runs in init.
 * Must not leave the master open in the container. */
#include "apply/mount.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "apply/wire.h"
#include "sys/sys.h"
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* devpts gives its ptmx this inode number. */
#define PTMX_INODE 2

static int open_master(struct run *r, struct err *e)
{
	AUTO_FD int ptmx = path_open(r->root, "/dev/pts/ptmx", false, e);
	struct statfs fs;
	struct stat st;
	int master;

	if (ptmx == -ENOENT)
		return fail(e, ENOENT, "a terminal needs a devpts at /dev/pts (type \"devpts\" in mounts)");
	if (ptmx < 0)
		return ptmx;
	if (sys_fstat(ptmx, &st) < 0 || sys_fstatfs(ptmx, &fs) < 0)
		return fail(e, EIO, "cannot look at /dev/pts/ptmx");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || st.st_ino != PTMX_INODE)
		return fail(e, ENODEV, "/dev/pts/ptmx is not the multiplexer of a devpts");
	master = sys_reopen(r->proc, ptmx, O_RDWR | O_NOCTTY);
	return master < 0 ? fail_sys(e, master, "cannot make a terminal") : master;
}

static int open_slave(int master, struct err *e)
{
	int r = sys_tty_unlock(master);

	if (r == 0)
		r = sys_tty_peer(master);
	return r < 0 ? fail_sys(e, r, "cannot open the terminal") : r;
}

/* The terminal belongs to whom the program will run as; its group is devpts' affair (gid=). */
static int give_to(int slave, uint32_t uid, struct err *e)
{
	struct stat st;
	int r = sys_fstat(slave, &st);

	if (r == 0 && st.st_uid != uid)
		r = sys_chown(slave, "", uid, (gid_t)-1, AT_EMPTY_PATH);
	/* a user that this user namespace does not have cannot own anything */
	return r < 0 && r != -EINVAL && r != -EPERM ? fail_sys(e, r, "cannot give the terminal to user %u", uid) : 0;
}

static int set_up(struct run *r, const struct step_console *c, int master, int slave, struct err *e)
{
	int ret = 0;

	if (c->rows || c->columns)
		ret = sys_tty_set_size(master, c->rows, c->columns);
	/* whoever takes the master from a console socket sets it up; where we pass the bytes on, they go to a
	 * terminal that adds its own carriage returns */
	if (ret == 0 && r->console_socket < 0)
		ret = sys_tty_set_onlcr(master, false);
	if (ret < 0)
		return fail_sys(e, ret, "cannot set up the terminal");
	TRY(give_to(slave, c->uid, e));
	if (c->mount_label && r->host->selinux)
		ret = sys_fsetxattr(slave, "security.selinux", c->mount_label, strlen(c->mount_label) + 1);
	return ret < 0 ? fail_sys(e, ret, "label %s of the terminal", c->mount_label) : 0;
}

static int bind_console(struct run *r, int slave, struct err *e)
{
	AUTO_FD int target = path_make(r->root, "/dev/console", false, false, e);
	AUTO_FD int tree = -1;
	struct stat st;

	if (target < 0)
		return target;
	if (sys_fstat(target, &st) < 0 || S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return fail(e, ELOOP, "/dev/console is a link or a directory: nothing can be mounted there");
	tree = TRY(mount_clone(slave, false, e));
	return mount_attach(tree, target, e);
}

static int hand_over(struct run *r, int master, struct err *e)
{
	char name[32];
	ssize_t n;

	if (r->console_socket < 0)
		return wire_send_tty(r, master, e);
	snprintf(name, sizeof name, "/dev/pts/%d", sys_tty_number(master));
	n = sys_send_fd(r->console_socket, name, strlen(name), master);
	if (n < 0)
		return fail_sys(e, (int)n, "cannot send the terminal to the console socket");
	fd_close(&r->console_socket);
	return 0;
}

static int console(struct run *r, const struct step_console *c, struct slot *slot, struct err *e)
{
	AUTO_FD int master = -1;
	AUTO_FD int slave = -1;
	int fd, ret;

	if (r->root < 0) { /* exec: we have joined the container's mount namespace, and "/" is its root */
		r->root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
		if (r->root < 0)
			return fail_sys(e, r->root, "/");
	}
	master = TRY(open_master(r, e));
	slave = TRY(open_slave(master, e));
	TRY(set_up(r, c, master, slave, e));
	if (c->bind_dev_console)
		TRY(bind_console(r, slave, e));
	TRY(hand_over(r, master, e));
	/* at once: while we wait for start, the caller's own streams must not be kept open */
	for (fd = 0; fd < 3; fd++) {
		ret = sys_dup3(slave, fd, 0);
		if (ret < 0)
			return fail_sys(e, ret, "cannot make the terminal the standard streams");
	}
	slot->fd = take_fd(&slave);
	return 0;
}

int op_console(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	return console(r, &s->console, slot, e) < 0 ? fail_in(e, "terminal") : 0;
}

int op_session(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = sys_setsid();

	(void)r, (void)slot;
	/* EPERM: we lead a session already */
	if (ret < 0 && ret != -EPERM)
		return fail_sys(e, ret, "setsid");
	if (!s->terminal)
		return 0;
	ret = sys_tty_control(0);
	return ret < 0 ? fail_sys(e, ret, "cannot make the terminal the controlling one") : 0;
}
