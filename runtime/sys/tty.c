/* tty.c - system calls on terminals.
 * Must not decide anything: no raw mode policy, no messages, no path of a terminal is ever opened here. */
#include "sys/sys.h"
#include <sys/ioctl.h>
#include <termios.h>

#define RET(x) ((x) < 0 ? -errno : 0)

int sys_tty_unlock(int master)
{
	int off = 0;

	return RET(ioctl(master, TIOCSPTLCK, &off));
}

int sys_tty_peer(int master)
{
	int r = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	return r < 0 ? -errno : r;
}

int sys_tty_number(int master)
{
	unsigned number;

	return ioctl(master, TIOCGPTN, &number) < 0 ? -errno : (int)number;
}

int sys_tty_set_size(int fd, unsigned short rows, unsigned short columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	return RET(ioctl(fd, TIOCSWINSZ, &size));
}

int sys_tty_set_onlcr(int fd, bool on)
{
	struct termios t;

	if (tcgetattr(fd, &t) < 0)
		return -errno;
	if (on)
		t.c_oflag |= ONLCR;
	else
		t.c_oflag &= ~(tcflag_t)ONLCR;
	return RET(tcsetattr(fd, TCSANOW, &t));
}

int sys_tty_control(int fd)
{
	return RET(ioctl(fd, TIOCSCTTY, 0));
}

int sys_tty_size(int fd, unsigned short *rows, unsigned short *columns)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0)
		return -errno;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return 0;
}

int sys_tty_get(int fd, struct termios *t)
{
	return RET(tcgetattr(fd, t));
}

int sys_tty_set(int fd, const struct termios *t)
{
	return RET(tcsetattr(fd, TCSANOW, t));
}
