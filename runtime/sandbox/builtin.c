/* builtin.c - the files of templates/ that are compiled in. Must not hold any of its own. */
#include "sandbox/builtin.h"
#include <string.h>

static const struct {
	const char *name, *text;
} files[] = {
#define FILE(name, text) { name, text },
#include "runtime/sandbox/builtin.inc"
#undef FILE
};

const char *builtin_file(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof files / sizeof *files; i++)
		if (strcmp(files[i].name, name) == 0)
			return files[i].text;
	return NULL;
}
