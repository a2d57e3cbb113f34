/* manifest_builtin.c - the manifests of templates/, compiled in: profiles, and examples to start from.
 * Must not hold any of its own. */
#include "oci/manifest.h"
#include <string.h>

const struct manifest_builtin manifest_profiles[] = {
#define PROFILE(name, text) { name, text },
#define EXAMPLE(name, text)
#include "oci/manifest_builtin.inc"
#undef PROFILE
#undef EXAMPLE
	{ NULL, NULL },
};

const struct manifest_builtin manifest_examples[] = {
#define PROFILE(name, text)
#define EXAMPLE(name, text) { name, text },
#include "oci/manifest_builtin.inc"
#undef PROFILE
#undef EXAMPLE
	{ NULL, NULL },
};

const struct manifest_builtin *manifest_builtin_find(const struct manifest_builtin *list, const char *name)
{
	for (; list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}
