/* introspect.h - what the tables can be printed as, for the build. */
#ifndef WASIRUN_VERB_INTROSPECT_H
#define WASIRUN_VERB_INTROSPECT_H

#include "base/err.h"
#include "base/text.h"

/* The sections about a group's options and commands for a manual page of its own, in mdoc(7). EINVAL: no such group. */
MUST int introspect_page(struct text *t, const char *group, struct err *e);

#endif
