/* plan.c - the table of contents: which steps a container is made of, and in which order.
 * Must not look into a property itself, nor know anything but values: the same configuration and host give the same plan, byte for byte. */
#include "plan/build.h"
#include <errno.h>
#include <sched.h>

static const struct linux_ no_linux = { .rootfs_propagation = WORD_ABSENT };

static void begin(struct build *b, struct arena *a, const struct config *c, const struct process *p, const struct host *h,
		  const struct plan_options *o, struct plan *out)
{
	*out = (struct plan){ .steps.n = 0 };
	*b = (struct build){ .a = a, .c = c, .p = p, .h = h, .o = o, .out = out, .process_at = "/process" };
	b->l = c->linux_ ? c->linux_ : &no_linux;
}

static void add_keyring(struct build *b)
{
	if (!b->o->no_new_keyring)
		plan_add(b, STEP_KEYRING, STAGE_INSIDE, "")->keyring = arena_fmt(b->a, "_ses.%s", b->h->id);
}

static void add_find_program(struct build *b)
{
	plan_add(b, STEP_FIND_PROGRAM, STAGE_CONTAINER, plan_at(b, "%s/args", b->process_at))->exec =
		(struct step_exec){ .args = b->p->args, .env = b->p->env, .cwd = b->p->cwd, .make_cwd = !b->exec };
}

/* The container's root file system and what is in it, before pivot_root. */
static int inside(struct build *b, struct err *e)
{
	size_t i;

	plan_cgroup_join(b);
	plan_oom_score(b, STAGE_INSIDE);
	TRY(plan_time(b, e)); /* a process that has changed its ids may no longer write its own timens_offsets */
	if (has_ns(b, CLONE_NEWUSER) && !plan_no_root(b))
		plan_add(b, STEP_BECOME_ROOT, STAGE_INSIDE, "");
	if (b->made & CLONE_NEWNET)
		plan_add(b, STEP_LOOPBACK, STAGE_INSIDE, "");
	add_keyring(b);
	TRY(plan_root(b, e));
	TRY(plan_mounts(b, e));
	for (i = 0; i < b->o->files.n; i++)
		plan_add(b, STEP_FILE, STAGE_INSIDE, "")->file = b->o->files.v[i];
	plan_name_files(b);
	TRY(plan_devices(b, e));
	return plan_console(b, e);
}

/* What is set once the old root is gone, and can be seen by `create` to fail. */
static int container(struct build *b, struct err *e)
{
	plan_hooks(b, STAGE_CONTAINER);
	TRY(plan_pivot(b, e));
	TRY(plan_names(b, e));
	TRY(plan_sysctls(b, e));
	TRY(plan_paths(b, e));
	return 0;
}

/* The same for create and exec: from here on only the process itself is concerned. */
static int process(struct build *b, struct err *e)
{
	TRY(plan_settings(b, e));
	TRY(plan_lsm(b, e));
	add_find_program(b);
	if (!b->exec) { /* only now: FIND_PROGRAM makes the working directory */
		plan_late_mounts(b);
		plan_root_flags(b);
	}
	if (!b->exec)
		plan_hooks(b, STAGE_START);
	plan_session(b);
	plan_rlimits(b, STAGE_START);
	return plan_identity(b, e);
}

int plan_create(struct arena *a, const struct config *c, const struct host *h, const struct plan_options *o, struct plan *out,
		struct err *e)
{
	struct build b;

	begin(&b, a, c, c->process, h, o, out);
	if (!c->process)
		return plan_fail(e, EINVAL, "/process", "there is no program to run");
	TRY(plan_namespaces(&b, e));
	b.deny_setgroups = plan_setgroups_denied(&b);
	TRY(plan_cgroup(&b, e));
	TRY(plan_rdt(&b, STAGE_PREPARE, e));
	plan_clone(&b);
	TRY(plan_id_map(&b, e));
	TRY(plan_rdt(&b, STAGE_OUTSIDE, e));
	TRY(plan_network(&b, e));
	plan_oom_score(&b, STAGE_OUTSIDE);
	plan_rlimits(&b, STAGE_OUTSIDE);
	TRY(inside(&b, e));
	plan_hooks(&b, STAGE_HOOKS);
	TRY(container(&b, e));
	TRY(process(&b, e));
	plan_hooks(&b, STAGE_POSTSTART);
	return 0;
}

/* The container's namespaces and cgroup are joined by the executor, which knows the running container: what of them is entered depends
 * on it, not on the configuration. */
int plan_exec(struct arena *a, const struct config *c, const struct process *p, const struct host *h, const struct plan_options *o,
	      struct plan *out, struct err *e)
{
	struct build b;

	begin(&b, a, c, p, h, o, out);
	b.exec = true;
	b.process_at = "";
	TRY(plan_namespaces(&b, e));
	b.deny_setgroups = plan_setgroups_denied(&b);
	plan_add(&b, STEP_CLONE, STAGE_CLONE, "")->clone = (struct step_clone){ .join_container = true };
	TRY(plan_rdt(&b, STAGE_OUTSIDE, e));
	plan_oom_score(&b, STAGE_OUTSIDE);
	plan_rlimits(&b, STAGE_OUTSIDE);
	plan_oom_score(&b, STAGE_INSIDE);
	if (has_ns(&b, CLONE_NEWUSER) && !plan_no_root(&b))
		plan_add(&b, STEP_BECOME_ROOT, STAGE_INSIDE, "");
	add_keyring(&b);
	TRY(plan_console(&b, e));
	return process(&b, e);
}

int plan_update(struct arena *a, const struct resources *r, const struct host *h, const struct strs *dirs, struct plan *out, struct err *e)
{
	static const struct config no_config;
	static const struct process no_process;
	static const struct plan_options no_options;
	struct build b;
	struct limits x = { .b = &b, .r = r, .dirs = dirs, .prefix = "", .update = true };

	begin(&b, a, &no_config, &no_process, h, &no_options, out);
	TRY(plan_limits(&x, e));
	return r->devices.n ? plan_device_rules(&x, e) : 0;
}

int plan_cgroup_dirs(struct arena *a, const struct config *c, const struct host *h, const struct plan_options *o, struct strs *out,
		     struct err *e)
{
	struct plan none;
	struct build b;

	*out = (struct strs){ NULL, 0 };
	begin(&b, a, c, c->process, h, o, &none);
	return plan_cgroup_paths(&b, out, e);
}
