/* help.h - usage, --help and what the tables can be printed as. */
#ifndef WASIRUN_VERB_HELP_H
#define WASIRUN_VERB_HELP_H

#include "base/text.h"
#include "verb/verb.h"

/* The global options, ended by name NULL; offsets are into struct globals. */
extern const struct opt global_opts[];

/* wasirun --help */
void help_all(struct text *t, const char *self);
/* wasirun VERB --help. path: its name with the groups it is in, "sandbox create". */
void help_verb(struct text *t, const char *self, const char *path, const struct verb *v);
/* One line of an option: "--bundle DIR, -b DIR". */
void help_opt(struct text *t, const struct opt *o);

/* The verb of that name in a table that ends with NULL, or NULL. */
const struct verb *verb_find(const struct verb *const *table, const char *name);
/* The visible name nearest to a mistyped one, or NULL. */
const char *verb_nearest(const struct verb *const *table, const char *name);

/* The last component of argv[0], as it stands in usage lines. */
const char *program_name(const char *self);

#endif
