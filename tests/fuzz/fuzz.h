/* fuzz.h - what the fuzz targets share. Build: clang -fsanitize=fuzzer,address,undefined. Targets never write to stderr on bad
 * input and never keep memory from one input to the next. */
#ifndef WASIRUN_TESTS_FUZZ_H
#define WASIRUN_TESTS_FUZZ_H

#include "base/log.h"
#include "oci/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* abort() is what the fuzzer notices, whatever the sanitizers. */
#define CHECK(cond)                                                                        \
	do {                                                                               \
		if (!(cond)) {                                                             \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);         \
			abort();                                                           \
		}                                                                          \
	} while (0)

static __attribute__((constructor, unused)) void fuzz_be_quiet(void)
{
	struct err e;

	CHECK(log_open(NULL, false, LOG_LEVEL_ERROR, &e) == 0);
}

#endif
