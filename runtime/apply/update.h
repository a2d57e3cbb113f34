/* update.h - carrying out the plan of `update` on a running container. */
#ifndef WASIRUN_APPLY_UPDATE_H
#define WASIRUN_APPLY_UPDATE_H

#include "base/arena.h"
#include "base/err.h"
#include "plan/host.h"
#include "plan/step.h"

/* Runs the STEP_LIMIT, STEP_DEVICE_RULES and (PREPARE) STEP_RDT steps in order. When one fails, the limits written so far get their former
 * values back, as far as the kernel takes them, and the error (with the property in e->at) is that of the step that failed. */
MUST int apply_update(struct arena *a, const struct host *h, const struct plan *p, struct err *e);

/* --- pure, for tests: what to write to get a file's old content back after `value` was written to it; NULL when there is nothing.
 * Files with a line per device keep the other lines, so only the line of the same device is put back. */
const char *update_former(struct arena *a, const char *old, const char *value);

#endif
