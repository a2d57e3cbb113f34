/* builtin.h - files of templates/ that are compiled in: manifests, settings, build scripts. */
#ifndef WASIRUN_SANDBOX_BUILTIN_H
#define WASIRUN_SANDBOX_BUILTIN_H

/* The text of templates/NAME ("postgres/build.sh"), or NULL. */
const char *builtin_file(const char *name);

#endif
