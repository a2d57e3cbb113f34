/* The terminal: made in the container's devpts, handed over, and only ever that. */
#include "apply/wire.h"
#include "tests/unit/box.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>

#define OUTPUT 253 /* where the test's own output is kept */

static int socks[2];

static void devpts(void)
{
	CHECK_INT(mkdir("/tmp/root/dev", 0755) + mkdir("/tmp/root/dev/pts", 0755), 0);
	CHECK_INT(mount("devpts", "/tmp/root/dev/pts", "devpts", 0, "newinstance,ptmxmode=0666,mode=620,gid=5"), 0);
}

static struct step console(void)
{
	return (struct step){ .op = STEP_CONSOLE,
			      .console = { .rows = 10, .columns = 110, .uid = 1000, .bind_dev_console = true } };
}

static void with_socket(struct box *b)
{
	struct termios t;
	struct winsize size;
	struct stat st, console_st;
	char name[64], line[64];
	int master = -1;
	ssize_t n;

	b->run.console_socket = socks[1];
	int ret = box_do(b, console());
	/* the standard streams are the terminal now: look first, speak afterwards */
	bool tty = isatty(0) && isatty(1) && isatty(2);
	bool stats = fstat(0, &st) == 0 && stat("/tmp/root/dev/console", &console_st) == 0;
	bool session = box_do(b, (struct step){ .op = STEP_SESSION, .terminal = true }) == 0;
	pid_t leader = tcgetsid(0);

	n = sys_recv_fd(socks[0], name, sizeof name - 1, &master);
	name[n > 0 ? n : 0] = 0;
	bool sized = ioctl(master, TIOCGWINSZ, &size) == 0 && size.ws_row == 10 && size.ws_col == 110;
	bool onlcr = tcgetattr(master, &t) == 0 && (t.c_oflag & ONLCR);
	(void)!write(1, "hello\n", 6);
	ssize_t got = read(master, line, sizeof line - 1);

	line[got > 0 ? got : 0] = 0;
	dup2(OUTPUT, 1);
	CHECK_INT(ret, 0);
	CHECK(tty && stats && session && sized && onlcr);
	CHECK_INT(leader, getpid());
	CHECK_HAS(name, "/dev/pts/");
	CHECK_STR(line, "hello\r\n");
	CHECK(S_ISCHR(st.st_mode) && major(st.st_rdev) == 136);
	CHECK(st.st_uid == 1000 && st.st_gid == 5 && (st.st_mode & 07777) == 0620);
	CHECK(console_st.st_rdev == st.st_rdev && console_st.st_dev == st.st_dev);
}

static void with_runtime(struct box *b)
{
	struct wire_msg m;
	struct termios t;
	int master = -1;

	b->run.wire = socks[1];
	int ret = box_do(b, console());
	ssize_t n = sys_recv_fd(socks[0], &m, sizeof m, &master);
	bool onlcr = tcgetattr(master, &t) < 0 || (t.c_oflag & ONLCR);

	dup2(OUTPUT, 1);
	CHECK_INT(ret, 0);
	CHECK_INT(n, sizeof m);
	CHECK_INT(m.type, WIRE_TTY);
	CHECK(!onlcr);
}

/* Keeps a way to the test's own output while the standard streams are a terminal. */
static void apart(void (*fn)(struct box *b), struct box *b, int type)
{
	REQUIRE(socketpair(AF_UNIX, type, 0, socks) == 0);
	CHECK_INT(dup2(1, OUTPUT), OUTPUT);
	box_child(fn, b);
	close(OUTPUT);
	close(socks[0]);
	close(socks[1]);
}

TEST(console_over_a_socket)
{
	BOX(b);
	devpts();
	apart(with_socket, &b, SOCK_STREAM);
}

TEST(console_to_the_runtime)
{
	BOX(b);
	devpts();
	apart(with_runtime, &b, SOCK_SEQPACKET);
}

TEST(console_needs_a_real_devpts)
{
	BOX(b);
	CHECK_INT(box_do(&b, console()), -ENOENT);
	CHECK_HAS(b.e.text, "terminal: a terminal needs a devpts at /dev/pts");
	CHECK_INT(mkdir("/tmp/root/dev", 0755) + mkdir("/tmp/root/dev/pts", 0755), 0);
	/* the right number on the wrong file system */
	CHECK_INT(mknod("/tmp/root/dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)), 0);
	CHECK_INT(box_do(&b, console()), -ENODEV);
	CHECK_INT(unlink("/tmp/root/dev/pts/ptmx"), 0);
	CHECK_INT(symlink("/proc/version", "/tmp/root/dev/pts/ptmx"), 0);
	CHECK_INT(box_do(&b, console()), -ENODEV);
}

static void with_bad_console(struct box *b)
{
	b->run.console_socket = socks[1];
	CHECK_INT(box_do(b, console()), -ELOOP);
	CHECK_HAS(b->e.text, "/dev/console is a link");
}

TEST(console_is_not_mounted_through_a_link)
{
	BOX(b);
	devpts();
	CHECK_INT(symlink("/tmp/host/new", "/tmp/root/dev/console"), 0);
	apart(with_bad_console, &b, SOCK_STREAM);
	CHECK(!box_exists("/tmp/host/new") && !box_exists("/tmp/root/tmp"));
}
