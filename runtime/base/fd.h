/* fd.h - file descriptors that close themselves. */
#ifndef WASIRUN_FD_H
#define WASIRUN_FD_H

#include <errno.h>
#include <unistd.h>

static inline void fd_close(int *fd)
{
	int keep = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = keep;
}

/* AUTO_FD int fd = TRY(sys_open(...)); is safe: when TRY returns, fd is not yet in scope of its cleanup. */
#define AUTO_FD __attribute__((cleanup(fd_close)))

/* Hands the fd over to somebody who will close it. */
static inline int take_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#endif
