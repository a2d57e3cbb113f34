/* context.h - the machine that never was: what variables mean in the tests of manifests. */
#ifndef WASIRUN_TESTS_CONTEXT_H
#define WASIRUN_TESTS_CONTEXT_H

#include "oci/manifest.h"
#include "tests/slurp.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files of /srv/project are those of a directory of the tests. */
static inline int context_load(void *directory, struct arena *a, const char *path, char **bytes, size_t *n, struct err *e)
{
	if (!strncmp(path, "/srv/project/", 13)) {
		*bytes = slurp(a, arena_fmt(a, "%s/%s", (const char *)directory, path + 13));
		if (*bytes) {
			*n = strlen(*bytes);
			return 0;
		}
	}
	return fail(e, ENOENT, "%s: no such file or directory", path);
}

static inline struct manifest_context context_of(const char *directory)
{
	return (struct manifest_context){
		.sandboxes = "/srv/sandboxes", .pwd = "/srv/project", .home = "/srv/me", .uid = { true, 1000 }, .dir = "/srv/project",
		.load = context_load, .load_ctx = (void *)(uintptr_t)directory,
	};
}

#endif
