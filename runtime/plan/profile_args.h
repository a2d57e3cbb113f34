/* profile_args.h - calls of a profile that depend on their arguments. Private to profiles.c. */
#ifndef WASIRUN_PLAN_PROFILE_ARGS_H
#define WASIRUN_PLAN_PROFILE_ARGS_H

#include "plan/profiles.h"

/* Adds the rules of those calls that are in *calls, and takes them out of it. */
void profile_args(struct arena *a, struct seccomp *s, const struct profile_ask *ask, struct strs *calls);

#endif
