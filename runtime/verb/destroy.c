/* destroy.c - the end of a container: everything that create made, in an order in which every step can be repeated.
 *
 * Must not remove the state directory before everything that it names is gone: a delete that is killed half way is done again. */
#include "apply/cgroup.h"
#include "apply/probe.h"
#include "apply/stop.h"
#include "base/log.h"
#include "plan/plan.h"
#include "verb/lifecycle.h"
#include <errno.h>
#include <signal.h>

/* With a damaged record, the config copy still says where the cgroups were. */
static void recompute(struct globals *g, struct container *c)
{
	struct plan_options o = { .cgroup_manager = g->cgroup_manager };
	struct config config;
	struct host host;
	struct err why;

	c->record.id = arena_str(g->arena, c->id);
	if (store_config(g->arena, c, &config, &why) < 0 || probe_host(g->arena, "/", c->id, &host, &why) < 0 ||
	    plan_cgroup_dirs(g->arena, &config, &host, &o, &c->record.cgroup_paths, &why) < 0)
		log_warn("container %s: neither its record nor its config can be read (%s): a cgroup may be left", c->id, why.text);
}

static int end_processes(struct container *c, struct err *e)
{
	const struct record *r = &c->record;

	TRY(stop_process(c->pidfd, &r->cgroup_paths, STOP_TIMEOUT_MS, e));
	/* a pid namespace of its own died with init; an incomplete create may have left anything */
	if (!r->complete || !r->pid_namespace)
		TRY(cgroup_kill(&r->cgroup_paths, SIGKILL, STOP_TIMEOUT_MS, e));
	return 0;
}

static int remove_cgroups(struct container *c, struct err *e)
{
	const struct strs *dirs = &c->record.cgroup_paths;
	int r = cgroup_remove(dirs, 200, e);

	if (r == -EBUSY) { /* somebody was put there from outside of the container's pid namespace */
		TRY(cgroup_kill(dirs, SIGKILL, STOP_TIMEOUT_MS, e));
		r = cgroup_remove(dirs, STOP_TIMEOUT_MS, e);
	}
	if (r == 0)
		cgroup_remove_parents(&c->record.cgroup_made);
	return r;
}

/* runtime.md step 13: a failure is a warning and the others still run. */
static void poststop(struct globals *g, struct container *c, bool damaged)
{
	struct state_text state;
	struct config config;
	struct hook_steps hooks;
	struct err why;
	size_t i;

	if (!damaged && !c->record.has_poststop)
		return;
	if (store_config(g->arena, c, &config, &why) < 0) {
		log_warn("container %s: poststop hooks are not known: %s", c->id, why.text);
		return;
	}
	if (!config.hooks)
		return;
	lifecycle_state_text(g->arena, &c->record, &state);
	lifecycle_hooks(g->arena, &config.hooks->poststop, "poststop", "stopped", &hooks);
	for (i = 0; i < hooks.n; i++)
		if (apply_hooks(g->arena, &state, &hooks.v[i], 1, 0, &why) < 0)
			log_warn("%s", why.text);
}

int lifecycle_destroy(struct globals *g, struct opened *o, bool damaged, struct err *e)
{
	struct container *c = &o->c;

	if (damaged)
		recompute(g, c);
	TRY(end_processes(c, e));
	TRY(remove_cgroups(c, e));
	if (c->record.rdt_path) /* a resctrl group goes like a cgroup: rmdir, and its tasks fall back to the default one */
		cgroup_remove_parents(&(struct strs){ .v = &c->record.rdt_path, .n = 1 });
	poststop(g, c, damaged);
	return store_remove(&o->store, c, e);
}
