/* stats.h - what `events` reports, read from the cgroup and written as runc's JSON. */
#ifndef WASIRUN_APPLY_STATS_H
#define WASIRUN_APPLY_STATS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "oci/value.h"
#include <sys/types.h>

/* Appends the "data" object of a stats event (cpu, cpuset, memory, pids, blkio, hugetlb, intel_rdt, network_interfaces) to t.
 * Missing controllers leave their object empty. pid: init, for its network devices. */
MUST int stats_json(struct arena *a, const struct strs *dirs, const char *rdt_path, pid_t pid, struct text *t, struct err *e);

#endif
