/* update.h - new limits for a container that exists. */
#ifndef WASIRUN_APPLY_UPDATE_H
#define WASIRUN_APPLY_UPDATE_H

#include "apply/run.h"

/* Carries out the steps of a plan_update plan (limits, device rules, resctrl), in order. What was written before a failure stays. */
MUST int apply_update(struct run *r, struct err *e);

#endif
