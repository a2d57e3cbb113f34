/* event.c - system calls that wait, and the clock.
 * Must not decide how long is long enough. */
#include "sys/sys.h"
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>

int64_t sys_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void sys_sleep_us(int64_t us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

int sys_eventfd(void)
{
	int r = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return r < 0 ? -errno : r;
}

int sys_signalfd(const sigset_t *set)
{
	int r = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	return r < 0 ? -errno : r;
}

int sys_inotify(void)
{
	int r = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return r < 0 ? -errno : r;
}

int sys_inotify_add(int fd, const char *path, uint32_t mask)
{
	int r = inotify_add_watch(fd, path, mask);

	return r < 0 ? -errno : r;
}

int sys_poll(struct pollfd *p, size_t n, int timeout)
{
	int r;

	do
		r = poll(p, (nfds_t)n, timeout);
	while (r < 0 && errno == EINTR && timeout < 0);
	if (r < 0 && errno == EINTR)
		return 0;
	return r < 0 ? -errno : r;
}
