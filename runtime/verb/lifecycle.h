/* lifecycle.h - what several verbs do to a container: open it with its whole status, end it, remove it. */
#ifndef WASIRUN_VERB_LIFECYCLE_H
#define WASIRUN_VERB_LIFECYCLE_H

#include "apply/run.h"
#include "store/store.h"
#include "verb/verb.h"

/* A container of the state root. Closed with lifecycle_close, which is harmless on a zeroed one after opened_init. */
struct opened {
	struct store store;
	struct container c;
};
void opened_init(struct opened *o);
void lifecycle_close(struct opened *o);

/* Checks the id before anything else, opens the root and the container, and refines its status: created and paused are known only
 * to the executor and to the cgroup. exclusive: as store_load. */
MUST int lifecycle_load(struct globals *g, const char *id, bool exclusive, struct opened *o, struct err *e);

/* From running to created or paused, where that is so. */
void lifecycle_refine(struct container *c);

/* "running" */
const char *status_name(enum status s);

/* The plan's warnings, and with --debug its steps, to the log. */
void log_plan(struct arena *a, const struct plan *p);

/* The state object without its status and pid. */
void lifecycle_state_text(struct arena *a, const struct record *r, struct state_text *out);

struct hook_steps {
	struct step_hook *v;
	size_t n;
};
/* The hooks of one list as steps. stage: "poststop"; status: what the state on their stdin says. */
void lifecycle_hooks(struct arena *a, const hook_list *hooks, const char *stage, const char *status, struct hook_steps *out);

/* Kills what is left of the container, removes its cgroups and resctrl group, runs the poststop hooks (failures are warnings) and
 * removes its state directory, last. The container is locked. */
MUST int lifecycle_destroy(struct globals *g, struct opened *o, bool damaged, struct err *e);

/* Is s matched by the POSIX extended regular expression? The ids of the state root that are. */
MUST int lifecycle_match(struct globals *g, const char *regex, struct strs *out, struct err *e);

#define STOP_TIMEOUT_MS 10000

#endif
