/* oom.c - tells that the OOM killer was in a container, when it happens.
 *
 * Version 2 changes memory.events, which inotify reports; version 1 signals an eventfd. Both only say "look": what happened is read
 * from the counters. Must not poll. */
#include "apply/oom.h"
#include "apply/cgroup_dir.h"
#include "sys/sys.h"
#include <stdio.h>
#include <sys/inotify.h>

static int watch_file(int fd, const char *dir, const char *file, struct err *e)
{
	char path[PATH_MAX];
	int r = cgroup_path(path, dir, file);

	if (r == 0)
		r = sys_inotify_add(fd, path, IN_MODIFY | IN_DELETE_SELF);
	return r < 0 ? fail_sys(e, r, "cannot watch %s/%s", dir, file) : 0;
}

static int open_v2(struct oom_watch *w, struct err *e)
{
	w->events = sys_inotify();
	if (w->events < 0)
		return fail_sys(e, w->events, "inotify");
	TRY(watch_file(w->events, w->dir, "memory.events", e));
	return watch_file(w->events, w->dir, "cgroup.events", e);
}

static int open_v1(struct oom_watch *w, struct err *e)
{
	char order[32];
	int r;

	w->events = sys_eventfd();
	if (w->events < 0)
		return fail_sys(e, w->events, "eventfd");
	w->control = cgroup_open(w->dir, "memory.oom_control", O_RDONLY);
	if (w->control < 0)
		return fail_sys(e, w->control, "%s/memory.oom_control", w->dir);
	snprintf(order, sizeof order, "%d %d", w->events, w->control);
	r = cgroup_write(w->dir, "cgroup.event_control", order);
	return r < 0 ? fail_sys(e, r, "cannot ask for OOM events at %s/cgroup.event_control", w->dir) : 0;
}

/* -1 as a count: the cgroup is gone. */
static int64_t kills(const struct oom_watch *w)
{
	char buf[1024];

	if (cgroup_read(w->dir, w->v2 ? "memory.events" : "memory.oom_control", buf, sizeof buf) <= 0)
		return -1;
	return (int64_t)cgroup_key(buf, "oom_kill", NULL);
}

int oom_open(const struct strs *dirs, int pidfd, struct oom_watch *w, struct err *e)
{
	const char *v1 = cgroup_v1_dir(dirs, "memory"), *v2 = v1 ? NULL : cgroup_v2_dir(dirs);
	int64_t before;
	int r;

	*w = (struct oom_watch){ .events = -1, .control = -1, .pidfd = pidfd, .v2 = v2 != NULL, .dir = v1 ? v1 : v2 };
	if (!w->dir || (v2 && !cgroup_has(v2, "memory.events")))
		return 0;
	r = w->v2 ? open_v2(w, e) : open_v1(w, e);
	if (r < 0) {
		oom_close(w);
		return r;
	}
	before = kills(w);
	w->kills = before < 0 ? 0 : (uint64_t)before;
	return 0;
}

void oom_close(struct oom_watch *w)
{
	fd_close(&w->events);
	fd_close(&w->control);
}

/* Takes the news off the descriptor and reads what it was about. */
static int look(struct oom_watch *w)
{
	bool told = false;
	char buf[4096];
	int64_t now;

	while (sys_read(w->events, buf, w->v2 ? sizeof buf : sizeof(uint64_t)) > 0)
		told = true;
	now = kills(w);
	if (now < 0)
		return OOM_ENDED;
	/* version 1 tells before it kills, so its counter may still be the old one: it counts as the one to come */
	if (told && !w->v2 && (uint64_t)now <= w->kills)
		now = (int64_t)w->kills + 1;
	if ((uint64_t)now > w->kills) {
		w->kills = (uint64_t)now;
		return OOM_STRUCK;
	}
	/* version 2 says so when the last process is gone; version 1 has no such news, its init's pidfd does it */
	return w->v2 && !cgroup_v2_populated(w->dir) ? OOM_ENDED : OOM_TIMEOUT;
}

int oom_wait(struct oom_watch *w, int timeout_ms, struct err *e)
{
	int64_t until = sys_now_us() / 1000 + timeout_ms;

	for (;;) {
		struct pollfd p[2] = { { .fd = w->events, .events = POLLIN }, { .fd = w->pidfd, .events = POLLIN } };
		int left = timeout_ms < 0 ? -1 : (int)(until - sys_now_us() / 1000), r;

		r = sys_poll(p, 2, left < 0 && timeout_ms >= 0 ? 0 : left);
		if (r < 0)
			return fail_sys(e, r, "poll");
		/* a container that the OOM killer ended has both to tell; first things first */
		if (w->events >= 0 && (p[0].revents || p[1].revents) && (r = look(w)) != OOM_TIMEOUT)
			return r;
		if (p[1].revents)
			return OOM_ENDED;
		if (timeout_ms >= 0 && sys_now_us() / 1000 >= until)
			return OOM_TIMEOUT;
	}
}
