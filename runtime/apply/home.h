/* home.h - HOME, where the configuration does not set it. */
#ifndef WASIRUN_APPLY_HOME_H
#define WASIRUN_APPLY_HOME_H

#include <stddef.h>
#include <sys/types.h>

/* In init, once the container's root is ours: writes "HOME=DIR" for uid to out (n bytes), from the container's /etc/passwd; "HOME=/"
 * when that file, the user in it or room is missing. Reads at most 1 MiB, allocates nothing, uses no NSS (rule R26). */
void home_find(uid_t uid, char *out, size_t n);

#endif
