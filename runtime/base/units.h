/* units.h - sizes and durations as command lines and manifests have them. */
#ifndef WASIRUN_UNITS_H
#define WASIRUN_UNITS_H

#include "base/err.h"
#include <stdint.h>

/* "512", "64k", "1.5G", "100MiB" (powers of 1024; b, k, m, g, t, p with or without "b" or "ib"), or "-1". */
MUST int parse_bytes(const char *s, const char *what, int64_t *out, struct err *e);

/* "5s", "100ms", "1m30s", "0.5h" as Go writes durations; a bare number is seconds. *out: milliseconds, at least 1. */
MUST int parse_duration(const char *s, const char *what, int64_t *out, struct err *e);

#endif
