/* facts.h - what `features` says about the machine's side of things. */
#ifndef WASIRUN_APPLY_FACTS_H
#define WASIRUN_APPLY_FACTS_H

#include "base/arena.h"
#include "oci/features.h"

/* What this build can apply, and which seccomp flags this kernel takes. version and commit are left to the caller. Strings live in a. */
void facts_features(struct arena *a, struct features_facts *out);

#endif
