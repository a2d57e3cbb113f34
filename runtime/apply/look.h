/* look.h - facts about files of the host, for a plan that may not look itself. */
#ifndef WASIRUN_APPLY_LOOK_H
#define WASIRUN_APPLY_LOOK_H

#include "base/arena.h"
#include "plan/host.h"

/* Those of the paths that exist (links followed), with what is known about them. */
void look_at(struct arena *a, const struct strs *paths, path_facts *out);

#endif
