/* rdt.h - resctrl groups (linux.intelRdt): where they are, and what of them is ours. */
#ifndef WASIRUN_APPLY_RDT_H
#define WASIRUN_APPLY_RDT_H

#include "base/arena.h"
#include "base/err.h"
#include "plan/step.h"
#include <stdbool.h>

#define RDT_ROOT "/sys/fs/resctrl"

/* The directory that create is going to make for this plan and that delete has to remove (rmdir is enough: the tasks fall back to the
 * group above), for struct record.rdt_path; NULL when there is none or when it is there already. id: the container's. A named closID
 * is never removed (config-linux.md), only the monitoring group that we make in it. */
const char *rdt_made_path(struct arena *a, const struct plan *p, const char *id);

/* --- pure */

/* One line of a schemata file: "L3:0=ff;1=c0", "MB:0=20". Errors: EINVAL. */
MUST int rdt_check_line(const char *line, struct err *e);

/* Does the text of a schemata file say what line says (leading zeros and further domains do not count)? */
bool rdt_agrees(const char *schemata, const char *line);

#endif
