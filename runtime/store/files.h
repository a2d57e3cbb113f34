/* files.h - the few files outside the state root that commands read and write for their caller. */
#ifndef WASIRUN_STORE_FILES_H
#define WASIRUN_STORE_FILES_H

#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The whole of a file, pipe or fifo, at most max bytes; path "-" = standard input. NUL-terminated, *n without the NUL. */
MUST int file_read(struct arena *a, const char *path, size_t max, char **bytes, size_t *n, struct err *e);
/* From here on we, who are root, read in the service of that user (sudo): file_read opens nothing that he could not open himself. His one
 * group counts, no others. uid 0, or not being root: nothing changes. */
void file_read_for(uint32_t uid, uint32_t gid);

/* A pid file: decimal digits only, no end of line (engines use Atoi on it), at once:
 * who sees it sees all of it, and one that was there is replaced. */
MUST int file_write_pid(struct arena *a, const char *path, pid_t pid, struct err *e);

/* A new file; EEXIST when there is one. */
MUST int file_create(const char *path, const char *bytes, size_t n, struct err *e);

/* A directory's own name for itself: what getcwd would say after a chdir into it. what: for messages. */
MUST int dir_absolute(struct arena *a, int dir, const char *what, const char **out, struct err *e);
/* The absolute path of the directory that a file stands in, whether or not the file exists; of the current one for a bare name. */
MUST int file_directory(struct arena *a, const char *path, const char **out, struct err *e);

/* The names of a directory's entries that end in `suffix` and do not begin with a dot, sorted. A directory that is not there has none. */
struct strs;
MUST int directory_names(struct arena *a, const char *path, const char *suffix, struct strs *out, struct err *e);

/* Links are followed; false when there is nothing. */
bool file_is_directory(const char *path);

/* Lines about what is wrong with a file, to standard error: the one error of a command is not enough there. */
MUST int file_complain(const char *bytes, size_t n, struct err *e);

/* Everything to standard output. A reader who has gone away is an error. */
MUST int file_print(const char *bytes, size_t n, struct err *e);
/* The same with what somebody else wrote: a terminal gets it without what it would obey (text_foreign). bytes[n] is NUL. */
MUST int file_print_foreign(const char *bytes, size_t n, struct err *e);

/* A bundle's directory, made when missing; *absolute: its own name for itself. */
MUST int bundle_make(struct arena *a, const char *path, const char **absolute, struct err *e);
/* A directory of it ("cow/data/upper") with those above it; those that were missing belong to uid and gid. */
MUST int bundle_directory(const char *bundle, const char *path, uid_t uid, gid_t gid, struct err *e);
/* A new file in its directory "secrets", mode 0400. */
MUST int bundle_secret(const char *bundle, const char *name, const char *bytes, size_t n, uid_t uid, gid_t gid, struct err *e);

/* n random characters of [A-Za-z0-9-_], each worth 6 bits: a generated secret. */
MUST int file_random_text(struct arena *a, size_t n, char **out, struct err *e);

#endif
