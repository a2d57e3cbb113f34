/* config_check.h - what the files of the config decoder tell each other. at: the JSON pointer of the object, without its last
 * slash ("" when the document is that object). All checks need this one document only; none needs the machine. */
#ifndef WASIRUN_OCI_CONFIG_CHECK_H
#define WASIRUN_OCI_CONFIG_CHECK_H

#include "oci/config.h"
#include <errno.h>

#define MAX_ID UINT64_C(4294967294)  /* 2^32-1 means "leave as it is" to the kernel */
#define MAX_ARG ((size_t)131071)     /* MAX_ARG_STRLEN without the NUL */

/* Refuses a value: BAD(e, (e, "%s/args", at), "must not be empty"). */
#define BAD(e, place, ...) (fail((e), EINVAL, __VA_ARGS__), fail_atf place)

extern const struct prop id_mapping_props[], hook_props[];

MUST int process_check(const struct process *p, const char *at, struct err *e);
MUST int linux_check(const struct linux_ *l, const char *at, struct err *e);
MUST int resources_check(const struct resources *r, const char *at, struct err *e);
MUST int seccomp_check(const struct seccomp *s, const char *at, struct err *e);

/* A range of ids: not empty, not past 2^32-2, no two overlapping. name: "uidMappings". */
MUST int mappings_check(const struct id_mapping *m, size_t n, const char *at, const char *name, struct err *e);

/* "0-3,7": a list of CPUs or memory nodes that is not empty. */
bool is_number_list(const char *s);

#endif
