/* device_program.h - device rules as the two cgroup versions take them. The first half is pure: values to values.
 *
 * What the rules mean, for both versions: each requested kind of access (read, write, mknod) is decided by the last rule that names
 * the device and that access; what no rule names is denied; a request passes when all that it asks for is allowed. */
#ifndef WASIRUN_APPLY_DEVICE_PROGRAM_H
#define WASIRUN_APPLY_DEVICE_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"
#include "plan/step.h"
#include <linux/bpf.h>

typedef LIST(struct rule) rules;

/* --- apply/device_program.c: version 2, an eBPF program of type CGROUP_DEVICE */
struct device_program {
	struct bpf_insn *v;
	size_t n;
};
/* Errors: E2BIG, more rules than one program's jumps can span. */
MUST int device_compile(struct arena *a, const rules *list, struct device_program *out, struct err *e);

/* --- apply/device_list.c: version 1, a mode and its exceptions */
struct device_list {
	bool allow_all;     /* everything but the exceptions is allowed; else nothing but them */
	rules exceptions;   /* one per type (b or c), major and minor; allow is unused */
};
/* Errors: EINVAL, a hole in a wildcard, which version 1 cannot express. */
MUST int device_list_build(struct arena *a, const rules *list, struct device_list *out, struct err *e);
/* The text of devices.list. */
MUST int device_list_parse(struct arena *a, const char *text, struct device_list *out, struct err *e);
/* What to write, in order, to get from have to want: as little as possible, and grants before withdrawals, so that a running
 * container never loses a device that it keeps. all: the mode changes first. allow says to which of devices.allow and devices.deny. */
struct device_write {
	bool allow;
	char text[64]; /* "c 1:3 rwm" */
};
typedef LIST(struct device_write) device_writes;
void device_list_diff(struct arena *a, const struct device_list *have, const struct device_list *want, device_writes *out);

/* --- apply/device_rules.c: the effects */
MUST int device_attach(const char *dir, const struct device_program *p, struct err *e);
MUST int device_write_v1(struct arena *a, const char *dir, const struct device_list *want, struct err *e);

#endif
