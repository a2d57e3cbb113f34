/* nearest.c - the edit distance between two short names.
 * Must not allocate. */
#include "base/nearest.h"
#include <string.h>

#define MAX_NAME 64

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned name_distance(const char *a, const char *b, unsigned limit)
{
	unsigned row[MAX_NAME + 1], above_left, above, i, j;
	size_t an = strlen(a), bn = strlen(b);

	if (an > MAX_NAME || bn > MAX_NAME)
		return limit + 1;
	for (j = 0; j <= bn; j++)
		row[j] = j;
	for (i = 1; i <= an; i++) {
		above_left = row[0];
		row[0] = i;
		for (j = 1; j <= bn; j++) {
			above = row[j];
			row[j] = least(above + 1, row[j - 1] + 1, above_left + (a[i - 1] != b[j - 1]));
			above_left = above;
		}
	}
	return row[bn] > limit ? limit + 1 : row[bn];
}
