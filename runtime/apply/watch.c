/* watch.c - waits for the next event of a container.
 * Must not keep the processor busy: the kernel's counter is looked at ten times a second. A notification would come sooner, but version 1
 * and version 2 have different ones, and the counter is what both agree on. */
#include "apply/watch.h"
#include "apply/cgroup.h"
#include "sys/sys.h"
#include <poll.h>

#define LOOK_MS 100

int watch_next(int pidfd, const struct strs *dirs, uint64_t *ooms, int64_t until_us, enum watch_event *what, struct err *e)
{
	for (;;) {
		int64_t left = (until_us - sys_now_us() + 999) / 1000;
		uint64_t now = cgroup_oom_kills(dirs);
		int r;

		*what = WATCH_OOM;
		if (now > *ooms) {
			*ooms = now;
			return 0;
		}
		*what = WATCH_TIME;
		if (left <= 0)
			return 0;
		r = sys_poll1(pidfd, POLLIN, left < LOOK_MS ? (int)left : LOOK_MS);
		if (r < 0)
			return fail_sys(e, r, "poll");
		*what = WATCH_END;
		if (r > 0)
			return 0;
	}
}

int64_t watch_now_us(void)
{
	return sys_now_us();
}
