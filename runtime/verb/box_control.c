/* box_control.c - what becomes of a box that runs: its state, its end, standing still, one program more.
 * Must not start one (box.c). */
#include "apply/broker.h"
#include "apply/cgroup.h"
#include "apply/foreground.h"
#include "apply/probe.h"
#include "apply/stop.h"
#include "base/fd.h"
#include "sandbox/sha256.h"
#include "verb/box_parts.h"
#include "verb/compile.h"
#include "verb/make.h"
#include "verb/options.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FREEZE_MS 5000

/* BOX_NONE is -ENOENT. */
static int load(struct globals *g, const char *id, struct opened *o, struct err *e)
{
	find_state_root(g, (uint32_t)geteuid());
	return lifecycle_load(g, id, false, o, e);
}

static int read_state(const struct container *c, struct box_state *out)
{
	switch (c->status) {
	case STATUS_RUNNING: out->status = BOX_RUNNING; break;
	case STATUS_PAUSED: out->status = BOX_PAUSED; break;
	default: out->status = BOX_DEAD; return 0;
	}
	if (stop_namespace_stopped((pid_t)c->pid))
		out->status = BOX_PAUSED;
	out->pid = c->pid;
	out->broker = broker_alive(c->dir);
	return 0;
}

int box_state(struct globals *g, const char *id, struct box_state *out, struct err *e)
{
	struct opened o;
	struct err taken;
	int r = load(g, id, &o, e);

	*out = (struct box_state){ .status = BOX_NONE, .broker = -1 };
	if (r == 0) {
		r = read_state(&o.c, out);
	} else if (o.store.fd >= 0 && store_check_free(&o.store, id, &taken) < 0) {
		out->status = BOX_DEAD; /* what a killed start or stop left has no record that could be read */
		r = 0;
	} else if (r == -ENOENT) {
		r = 0;
	}
	lifecycle_close(&o);
	return r;
}

bool box_out_of_memory(struct globals *g, const char *id)
{
	struct opened o;
	struct err ignored;
	bool out = load(g, id, &o, &ignored) == 0 && cgroup_oom_kills(&o.c.record.cgroup_paths) > 0;

	lifecycle_close(&o);
	return out;
}

const char *box_id_of(struct arena *a, const char *prefix, const char *dir)
{
	unsigned char sum[SHA256_BYTES];
	struct sha256 h;

	sha256_begin(&h);
	sha256_text(&h, dir);
	sha256_end(&h, sum);
	return arena_fmt(a, "%s-%02x%02x%02x%02x", prefix, sum[0], sum[1], sum[2], sum[3]);
}

/* What a killed start left has no record that can be read, and is removed all the same. */
static int remove_it(struct globals *g, const char *id, struct err *e)
{
	struct opened o;
	bool damaged = false;
	int r;

	opened_init(&o);
	TRY(store_open(g->arena, g->root, false, &o.store, e));
	r = store_load_ruins(g->arena, &o.store, id, &o.c, &damaged, e);
	if (r == 0)
		r = lifecycle_destroy(g, &o, damaged, e);
	else if (r == -ENOENT)
		r = 0;
	lifecycle_close(&o);
	return r;
}

/* Without the lock: a start that hangs must not keep a stop waiting. */
static int end_it(const struct container *c, int sig, uint64_t grace_ms, bool *killed, struct err *e)
{
	if (!c->record.complete || c->pidfd < 0)
		return 0;
	if (stop_namespace_stopped((pid_t)c->pid))
		TRY(stop_namespace((pid_t)c->pid, false, FREEZE_MS, e));
	return stop_gently(c->pidfd, &c->record.cgroup_paths, sig, grace_ms, killed, e);
}

int box_stop(struct globals *g, const char *id, int sig, uint64_t grace_ms, bool *killed, struct err *e)
{
	struct opened o;
	struct err why;
	int r = load(g, id, &o, &why);

	*killed = false;
	if (r == 0)
		r = end_it(&o.c, sig, grace_ms, killed, e);
	else
		r = 0; /* a record that cannot be read is one for remove_it; so is a root that is not there */
	lifecycle_close(&o);
	TRY(r);
	return remove_it(g, id, e);
}

static int freeze(struct container *c, bool on, struct err *e)
{
	int r;

	if (c->status != STATUS_RUNNING && c->status != STATUS_PAUSED)
		return fail(e, ESRCH, "it does not run");
	r = c->record.cgroup_paths.n ? cgroup_freeze(&c->record.cgroup_paths, on, FREEZE_MS, e) : -ENOTSUP;
	/* whoever was stopped by signals is let go by one, whatever the cgroup says */
	if (r == -ENOTSUP || (r == 0 && !on && stop_namespace_stopped((pid_t)c->pid)))
		r = stop_namespace((pid_t)c->pid, on, FREEZE_MS, e);
	return r;
}

int box_freeze(struct globals *g, const char *id, bool on, struct err *e)
{
	struct opened o;
	int r = load(g, id, &o, e);

	if (r == 0)
		r = freeze(&o.c, on, e);
	lifecycle_close(&o);
	return r;
}

struct joining {
	struct opened o;
	struct config config;
	struct process process;
	struct host host;
	struct plan plan;
	struct run run;
};

static int prepare(struct globals *g, const struct strs *argv, const struct strs *env, struct joining *x, struct err *e)
{
	const struct container *c = &x->o.c;
	struct plan_options po = { .cgroup_manager = c->record.cgroup_manager };
	int broker = broker_alive(c->dir);
	size_t i;

	po.join_network = broker >= 0;
	if (c->status == STATUS_PAUSED)
		return fail(e, EBUSY, "it stands still (paused, or a snapshot is being taken)");
	if (c->status != STATUS_RUNNING)
		return fail(e, ESRCH, "it does not run");
	TRY(store_config(g->arena, c, &x->config, e));
	x->process = *x->config.process;
	x->process.args = *argv;
	x->process.terminal = foreground_is_terminal();
	x->process.console_size = NULL;
	for (i = 0; i < env->n; i++)
		strs_append(g->arena, &x->process.env, env->v[i]);
	TRY(probe_host(g->arena, c->record.bundle, c->id, &x->host, e));
	TRY(plan_exec(g->arena, &x->config, &x->process, &x->host, &po, &x->plan, e));
	log_plan(g->arena, &x->plan);
	run_init(&x->run, g->arena, &x->host, &x->plan);
	lifecycle_state_text(g->arena, &c->record, &x->run.state);
	x->run.start_at_once = true;
	x->run.broker_dir = broker >= 0 ? c->dir : -1;
	x->run.container_pid = (pid_t)c->pid;
	x->run.container_pidfd = c->pidfd;
	x->run.container_cgroup = &c->record.cgroup_paths;
	x->run.broker_dir = broker >= 0 ? c->dir : -1;
	return 0;
}

static int go(struct joining *x, int *code, struct err *e)
{
	struct foreground f = { .signals = -1 };
	int r;

	r = apply_exec(&x->run, e);
	if (r < 0) {
		*code = r == -ENOENT ? 127 : 126;
		return r;
	}
	r = foreground_begin(&f, x->run.tty, e);
	if (r == 0)
		r = foreground_wait(&f, x->run.pid, x->run.pidfd, code, e);
	if (r < 0)
		apply_undo(&x->run);
	foreground_end(&f);
	return r;
}

int box_exec(struct globals *g, const char *id, const struct strs *argv, const struct strs *env, int *code, struct err *e)
{
	struct joining x = { .run.pid = 0 };
	int r;

	TRY(foreground_reap_orphans(e));
	*code = 0;
	r = load(g, id, &x.o, e);
	if (r == -ENOENT)
		r = -ESRCH;
	if (r == 0)
		r = prepare(g, argv, env, &x, e);
	if (r == 0)
		r = go(&x, code, e);
	lifecycle_close(&x.o);
	return r;
}
