/* scripts.h - the scripts of templates/scripts/, for projects that call them by name. */
#ifndef WASIRUN_SANDBOX_SCRIPTS_H
#define WASIRUN_SANDBOX_SCRIPTS_H

#include "oci/value.h"
#include "sandbox/place.h"

/* Where they are in a project: below its root. */
#define SCRIPTS_PLACE "scripts/infrastructure/wasi"

/* Writes them and their README.md into dir, which is made when it is missing; what is made belongs to p's owner. written: the names of
 * those that were not there like this already. EEXIST: a file of that name says something else, and force is not set; nothing is written
 * then. */
MUST int scripts_install(struct arena *a, const struct place *p, const char *dir, bool force, struct strs *written, struct err *e);

#endif
