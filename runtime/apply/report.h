/* report.h - what the network supervisor refuses, told to whoever runs the sandbox while it runs. */
#ifndef WASIRUN_APPLY_REPORT_H
#define WASIRUN_APPLY_REPORT_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Each line of the supervisor names the call, the address and the grant that would have allowed it (broker.h). */
struct report {
	int read, write; /* write: for run.network_report, until the supervisor has it. -1 = none */
	size_t have;
	char line[512];
};
MUST int report_begin(struct report *r, struct err *e);
/* The supervisor alone writes from here on. Harmless twice. */
void report_release(struct report *r);
/* Logs the whole lines that are there, as warnings; does not wait. False: there will be no more. */
bool report_show(struct report *r);
void report_end(struct report *r);

#endif
