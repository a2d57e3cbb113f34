/* stop.c - ends a container's init.
 * Must not signal by number: a pidfd cannot come to mean another process. */
#include "apply/stop.h"
#include "apply/cgroup.h"
#include "sys/sys.h"
#include <limits.h>
#include <poll.h>

#define THAW_MS 2000
#define KILL_MS 10000

int stop_signal(int pidfd, const struct strs *dirs, int sig, struct err *e)
{
	int r = sys_pidfd_signal(pidfd, sig);

	if (r == -ESRCH)
		return fail(e, ESRCH, "container not running");
	if (r < 0)
		return fail_sys(e, r, "cannot send signal %d to the container's init", sig);
	if (sig == SIGKILL && cgroup_frozen(dirs))
		return cgroup_freeze(dirs, false, THAW_MS, e);
	return 0;
}

int stop_process(int pidfd, const struct strs *dirs, int timeout_ms, struct err *e)
{
	int r;

	if (pidfd < 0)
		return 0;
	r = stop_signal(pidfd, dirs, SIGKILL, e);
	if (r < 0 && r != -ESRCH)
		return r;
	r = sys_poll1(pidfd, POLLIN, timeout_ms);
	if (r < 0)
		return fail_sys(e, r, "poll");
	if (r == 0)
		return fail(e, ETIMEDOUT, "container init still running %d s after SIGKILL: it may be stuck in the kernel (state D)",
			    timeout_ms / 1000);
	return 0;
}

int stop_gently(int pidfd, const struct strs *dirs, int sig, uint64_t grace_ms, bool *killed, struct err *e)
{
	int r;

	*killed = false;
	if (pidfd < 0)
		return 0;
	r = stop_signal(pidfd, dirs, sig, e);
	if (r == -ESRCH)
		return 0;
	TRY(r);
	if (cgroup_frozen(dirs))
		TRY(cgroup_freeze(dirs, false, THAW_MS, e));
	(void)!sys_pidfd_signal(pidfd, SIGCONT);
	r = sys_poll1(pidfd, POLLIN, grace_ms > INT_MAX ? INT_MAX : (int)grace_ms);
	if (r < 0)
		return fail_sys(e, r, "poll");
	if (r > 0)
		return 0;
	*killed = true;
	return stop_process(pidfd, dirs, KILL_MS, e);
}
