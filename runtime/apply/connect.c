/* connect.c - connects to the sockets that our caller listens on.
 * Must not send anything: the console's master and the pidfd go out when they exist. */
#include "apply/connect.h"
#include "sys/sys.h"

int connect_socket(const char *option, const char *path, struct err *e)
{
	AUTO_FD int fd = sys_socket(AF_UNIX, SOCK_STREAM, 0);
	int r;

	if (fd < 0)
		return fail_sys(e, fd, "%s", option);
	r = sys_connect_path(fd, path);
	return r < 0 ? fail_sys(e, r, "%s %s", option, path) : take_fd(&fd);
}
