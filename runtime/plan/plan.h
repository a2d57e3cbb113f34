/* plan.h - values to plan. Pure: same config and host, same plan, byte for byte. */
#ifndef WASIRUN_PLAN_PLAN_H
#define WASIRUN_PLAN_PLAN_H

#include "base/text.h"
#include "oci/config.h"
#include "plan/host.h"
#include "plan/step.h"

/* What the command line adds to the documents. */
struct plan_options {
	const char *cgroup_manager; /* "cgroupfs", "systemd", "disabled" */
	bool no_pivot, no_new_keyring, detach, has_console_socket;
	LIST(struct step_file) files; /* files to make in what is mounted: they stand in no document */
	/* Network grants of a manifest that the user named; NULL = none. Never taken from a configuration: whoever wrote that is
	 * whom the grants hold. Kept as long as the plan. */
	const struct net_grants *network;
	bool join_network; /* exec: the container has such grants, and a supervisor that keeps them (apply/broker.h) */
};

/* The plan of create/run. Errors (with the property in e->at): what config-linux.md forbids and what this machine cannot do. */
MUST int plan_create(struct arena *a, const struct config *c, const struct host *h, const struct plan_options *o, struct plan *out,
		     struct err *e);

/* The plan of exec: the process p inside the container whose config is c. */
MUST int plan_exec(struct arena *a, const struct config *c, const struct process *p, const struct host *h,
		   const struct plan_options *o, struct plan *out, struct err *e);

/* The STEP_LIMIT and STEP_DEVICE_RULES steps of `update`, for a container whose cgroup directories are dirs (as in its record).
 * Values that were not given are left alone. */
MUST int plan_update(struct arena *a, const struct resources *r, const struct host *h, const struct strs *dirs, struct plan *out,
		     struct err *e);

/* The whole container's cgroup directories, in the order of struct record.cgroup_paths. */
MUST int plan_cgroup_dirs(struct arena *a, const struct config *c, const struct host *h, const struct plan_options *o,
			  struct strs *out, struct err *e);

/* Readable text, one line a step, grouped by stage and process; stable (golden tests compare it). */
void plan_print(struct text *t, const struct plan *p);

/* "mount", "seccomp": the name of an operation, for messages and --debug. */
const char *plan_op_name(enum op op);

/* One step as plan_print writes it, without the end of line. */
void plan_print_step(struct text *t, const struct step *s);

#endif
