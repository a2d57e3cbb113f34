/* slurp.h - a test's own files. */
#ifndef WASIRUN_TESTS_SLURP_H
#define WASIRUN_TESTS_SLURP_H

#include "base/text.h"
#include <stdio.h>

/* The file's text, or NULL where there is none. */
static inline char *slurp(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "r");
	struct text t = { .arena = a };
	char buf[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(buf, 1, sizeof buf, f)) > 0)
		text_add(&t, buf, n);
	fclose(f);
	return arena_str(a, text_get(&t));
}

#endif
