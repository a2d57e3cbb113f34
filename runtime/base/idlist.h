/* idlist.h - lists of small numbers as the kernel writes them: "0-3,7" (cpuset(7) "List format"). CPUs and memory nodes. */
#ifndef WASIRUN_BASE_IDLIST_H
#define WASIRUN_BASE_IDLIST_H

#include "base/err.h"
#include <stddef.h>

#define IDLIST_WORD (8 * sizeof(unsigned long))
/* unsigned longs for a set of n numbers */
#define IDLIST_WORDS(n) (((n) + IDLIST_WORD - 1) / IDLIST_WORD)

/* Sets the bits of s in mask, which is cleared first. max: numbers 0 .. max-1 are allowed; mask has IDLIST_WORDS(max) words.
 * Blanks around numbers, as the kernel allows them, are accepted; an empty list is an empty set. Returns how many different numbers there
 * are, -EINVAL for what is not a list, -ERANGE for a number that is too large. Sets no error. */
MUST int idlist_parse(const char *s, unsigned long *mask, size_t max);

#endif
