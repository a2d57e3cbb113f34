/* id.c - what a container may be called.
 * Must not make a system call: every verb asks here first, before anything is looked at (rule R20). */
#include "store/store.h"
#include <errno.h>
#include <string.h>

#define ID_MAX 1024

static bool allowed(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '.' || c == '-';
}

int store_check_id(const char *id, struct err *e)
{
	size_t n, i;

	if (!id || !*id)
		return fail(e, EINVAL, "container id cannot be empty");
	n = strlen(id);
	if (n > ID_MAX)
		return fail(e, EINVAL, "invalid container id: %zu characters, at most %d are allowed", n, ID_MAX);
	if (!strcmp(id, ".") || !strcmp(id, ".."))
		return fail(e, EINVAL, "invalid container id \"%s\": it would name a directory outside the state root", id);
	for (i = 0; i < n; i++)
		if (!allowed(id[i]))
			return fail(e, EINVAL, "invalid container id \"%.64s\": character %zu is not one of A-Z a-z 0-9 _ + . -", id,
				    i + 1);
	return 0;
}
