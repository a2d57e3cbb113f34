/* profiles.h - the seccomp profiles that a manifest names, as data. Pure. */
#ifndef WASIRUN_PLAN_PROFILES_H
#define WASIRUN_PLAN_PROFILES_H

#include "base/err.h"
#include "oci/config.h"

/* What a manifest says about system calls. */
struct profile_ask {
	const char *name;         /* default, database, code, strict */
	struct strs allow, deny;  /* calls added and taken away; deny wins */
	bool kill;                /* what is refused ends the process; otherwise it gets an error */
	bool namespaces;          /* new namespaces may be made and joined */
	bool no_network;          /* AF_UNIX only: the network namespace is not empty by itself (under an engine) */
	bool no_memfd;            /* what is executed must have a path */
};

/* The profile as an OCI seccomp object for the native architecture. Unknown calls answer ENOSYS, known and refused ones EPERM; clone3
 * answers ENOSYS, so that libraries fall back to clone, whose flags a filter can see. NULL: there is no such profile. */
struct seccomp *profile_seccomp(struct arena *a, const struct profile_ask *ask);

/* The names that a profile allows, with whatever arguments; sorted. Empty: there is no such profile. */
struct strs profile_calls(struct arena *a, const char *name);

#endif
