/* oom.h - waiting for the OOM killer, for `events`. */
#ifndef WASIRUN_APPLY_OOM_H
#define WASIRUN_APPLY_OOM_H

#include "base/err.h"
#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>

/* Where the news comes from. The fds are the watch's own, but for pidfd. */
struct oom_watch {
	int events;      /* v2: inotify on memory.events and cgroup.events; v1: eventfd; -1: the container has no memory cgroup */
	int control;     /* v1: memory.oom_control, which the eventfd hangs on */
	int pidfd;       /* of the container's init; readable when it has ended */
	bool v2;
	uint64_t kills;  /* seen so far */
	const char *dir; /* of the memory controller */
};

enum oom_event {
	OOM_TIMEOUT, /* nothing happened */
	OOM_STRUCK,  /* the OOM killer was there */
	OOM_ENDED,   /* the container has ended, or its cgroup is gone: nothing will come any more */
};

/* dirs: as recorded, must outlive the watch. pidfd: of init, or -1. From this call on no event is missed. */
MUST int oom_open(const struct strs *dirs, int pidfd, struct oom_watch *w, struct err *e);

/* Waits at most timeout_ms (-1 = for ever). Returns an enum oom_event, or a negative errno. */
MUST int oom_wait(struct oom_watch *w, int timeout_ms, struct err *e);

void oom_close(struct oom_watch *w);

#endif
