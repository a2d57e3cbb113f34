/* about.h - what the program says about itself. */
#ifndef WASIRUN_VERB_ABOUT_H
#define WASIRUN_VERB_ABOUT_H

#include "base/err.h"
#include "base/text.h"

/* Three lines that engines parse: "wasirun version X", "commit: Y", "spec: Z". go-runc reads a version only behind "runc version " and
 * leaves it empty otherwise, as it does for crun; Docker takes whatever stands before and after the word "version". */
void version_text(struct text *t);

/* The error for a command that is not in the table, with the nearest one that is. group: path of the table's group, NULL for the first. */
struct verb;
int no_such_verb(const struct verb *const *table, const char *group, const char *name, struct err *e);

#endif
