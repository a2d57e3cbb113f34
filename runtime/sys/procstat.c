/* procstat.c - the two facts of /proc/PID/stat that tell one process from another that got its number later.
 * Must not decide what they mean. */
#include "sys/sys.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* proc(5): field 3 is the state, field 22 the start time; field 2 is in parentheses and may hold anything. */
#define FIELD_STATE 3
#define FIELD_START 22

int sys_proc_start(int proc, pid_t pid, uint64_t *start, char *state)
{
	char path[32], buf[1024], *p;
	ssize_t n;
	int field;

	snprintf(path, sizeof path, "%d/stat", pid);
	n = sys_read_file(proc, path, buf, sizeof buf);
	if (n < 0)
		return (int)n;
	p = strrchr(buf, ')');
	if (!p || p[1] != ' ')
		return -EPROTO;
	p += 2;
	if (state)
		*state = *p;
	for (field = FIELD_STATE; field < FIELD_START; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EPROTO;
		p++;
	}
	*start = strtoull(p, NULL, 10);
	return 0;
}
