/* capture.c - runs a program of the host and keeps what it prints.
 * Must not be used for a path that a container or a bundle can choose. */
#include "apply/capture.h"
#include "sys/sys.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Engines may give us an environment without PATH. */
static _Noreturn void become(char *const argv[], int out)
{
	const char *path = getenv("PATH");
	char file[4096];
	size_t n, name_n = strlen(argv[0]) + 1;

	if (sys_dup3(out, 1, 0) < 0)
		_exit(126);
	for (path = path && *path ? path : DEFAULT_PATH; *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (path[0] != '/' || n + 1 + name_n > sizeof file)
			continue;
		memcpy(file, path, n);
		file[n] = '/';
		memcpy(file + n + 1, argv[0], name_n);
		(void)!sys_execve(file, argv, environ);
	}
	_exit(127);
}

static int read_pipe(struct arena *a, int fd, size_t max, char **out, size_t *n, const char *what, struct err *e)
{
	size_t room = 16384;
	ssize_t got;

	*out = arena_alloc(a, room);
	*n = 0;
	while ((got = sys_read(fd, *out + *n, room - *n - 1)) > 0) {
		*n += (size_t)got;
		if (*n > max)
			return fail(e, E2BIG, "%s printed more than %zu bytes", what, max);
		if (*n + 1 == room) {
			char *more = arena_alloc(a, room * 2);

			memcpy(more, *out, *n);
			*out = more;
			room *= 2;
		}
	}
	return got < 0 ? fail_sys(e, (int)got, "what %s prints", what) : 0;
}

int capture(struct arena *a, char *const argv[], size_t max, char **out, size_t *n, struct err *e)
{
	AUTO_FD int read_end = -1;
	AUTO_FD int pidfd = -1;
	int ends[2], status = 0, r;
	bool exited;
	pid_t pid;

	r = sys_pipe(ends);
	if (r < 0)
		return fail_sys(e, r, "pipe");
	read_end = ends[0];
	pid = sys_clone(0, &pidfd, -1);
	if (pid == 0)
		become(argv, ends[1]);
	fd_close(&ends[1]);
	if (pid < 0)
		return fail_sys(e, pid, "cannot start %s", argv[0]);
	r = read_pipe(a, read_end, max, out, n, argv[0], e);
	if (r < 0)
		(void)!sys_pidfd_signal(pidfd, SIGKILL);
	if (sys_pidfd_wait(pidfd, WEXITED, &status, &exited) < 0 || r < 0)
		return r < 0 ? r : fail(e, ECHILD, "lost %s", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail(e, ENOENT, "%s is not installed on this host", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return fail(e, ECHILD, "%s failed (wait status %#x)", argv[0], (unsigned)status);
	return 0;
}
