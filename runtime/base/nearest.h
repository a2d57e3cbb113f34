/* nearest.h - "did you mean": how far two names are apart. */
#ifndef WASIRUN_NEAREST_H
#define WASIRUN_NEAREST_H

/* The Levenshtein distance of a and b, or limit + 1 when it is more than limit. Names over 64 bytes are too far from everything. */
unsigned name_distance(const char *a, const char *b, unsigned limit);

#endif
