/* probe.h - fills struct host: asks the kernel what there is. Cheap facts always, dear ones only when the plan needs them. */
#ifndef WASIRUN_APPLY_PROBE_H
#define WASIRUN_APPLY_PROBE_H

#include "base/arena.h"
#include "base/err.h"
#include "plan/host.h"

/* bundle: absolute; id: of the container. Strings live in a. */
MUST int probe_host(struct arena *a, const char *bundle, const char *id, struct host *out, struct err *e);

#endif
