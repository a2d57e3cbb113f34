/* probe_cgroup.h - where the cgroup hierarchies are. Private to the probe. */
#ifndef WASIRUN_APPLY_PROBE_CGROUP_H
#define WASIRUN_APPLY_PROBE_CGROUP_H

#include "base/arena.h"
#include "base/err.h"
#include "plan/host.h"

/* Fills cgroup, hierarchies and v2_controllers of h. */
MUST int probe_cgroup(struct arena *a, struct host *h, struct err *e);

/* The pure half: the lines of /proc/self/cgroup as hierarchies whose dir is NULL yet, version 2 last. */
MUST int probe_parse_cgroups(struct arena *a, const char *text, struct host *h, struct err *e);

/* The pure half of the fallback: own, as /proc/self/cgroup has it, as a path below a mount that shows only the directory root. */
const char *probe_own_below(struct arena *a, const char *root, const char *own);

#endif
