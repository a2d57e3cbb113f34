/* utc.h - a moment as RFC 3339 writes it. */
#ifndef WASIRUN_UTC_H
#define WASIRUN_UTC_H

#include <stdint.h>

#define UTC_BYTES 24

/* "2026-11-21T09:15:00" and a NUL; no "Z", so that fractions can follow. seconds since 1970, years up to 9999. libc's gmtime reads
 * the machine's time zone first, a file that has nothing to say here. */
void utc_format(int64_t seconds, char out[UTC_BYTES]);

#endif
