/* cgroup.h - what the verbs do to a container's cgroup once it exists. One interface; version 1, version 2 and the systemd driver
 * each have a file of their own behind it. dirs: the container's directories as recorded (struct record.cgroup_paths). */
#ifndef WASIRUN_APPLY_CGROUP_H
#define WASIRUN_APPLY_CGROUP_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct pids {
	pid_t *v;
	size_t n;
};

/* All processes of the container (sub-cgroups included), ascending. */
MUST int cgroup_pids(struct arena *a, const struct strs *dirs, struct pids *out, struct err *e);

/* Freezes or thaws everything in it, and waits until it is so (at most timeout_ms). */
MUST int cgroup_freeze(const struct strs *dirs, bool freeze, int timeout_ms, struct err *e);
/* 1 = frozen, 0 = not. Never fails: no cgroup = not frozen. */
int cgroup_frozen(const struct strs *dirs);

/* Sends sig to every process. SIGKILL: cgroup.kill where there is one, else freeze, kill, thaw; repeats until empty or timeout_ms. */
MUST int cgroup_kill(const struct strs *dirs, int sig, int timeout_ms, struct err *e);

/* Removes the directories, sub-cgroups first. ENOENT is success; EBUSY is retried up to timeout_ms. */
MUST int cgroup_remove(const struct strs *dirs, int timeout_ms, struct err *e);

/* How often the OOM killer struck in it so far (memory.events oom_kill, v1 memory.oom_control); 0 when unknown. */
uint64_t cgroup_oom_kills(const struct strs *dirs);

/* Puts the caller into the cgroup (exec). subs: "[controller,...:]path" below it, the last one for a hierarchy counts; or NULL.
 * v1: all hierarchies. On v2 nothing is written: *fd gets an fd for CLONE_INTO_CGROUP; where the cgroup must not hold processes and none
 * was asked for, it is that of the cgroup that holds pid. */
MUST int cgroup_enter(const struct strs *dirs, const struct strs *subs, pid_t pid, int *fd, struct err *e);

/* 1: the directory exists and it or one below it holds processes, 0: not. */
int cgroup_populated(const char *dir);

/* The directories above dirs that are not there yet, outermost last: what create will make besides dirs. To be recorded before
 * (struct record.cgroup_made). */
MUST int cgroup_missing_parents(struct arena *a, const struct strs *dirs, struct strs *out, struct err *e);

/* Removes those of made that are empty, in the order given; what others use now stays. Never fails. */
void cgroup_remove_parents(const struct strs *made);

#endif
