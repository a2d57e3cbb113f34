/* sandbox_copy.c - holding, stopping and starting again the server whose data are copied or replaced.
 * Must not leave a server stopped that ran before, whatever went wrong between. */
#include "verb/sandbox_copy.h"
#include "base/fd.h"
#include "base/log.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/box.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <string.h>

/* Up to this much a copy takes no longer than a slow query. */
#define LITTLE STORAGE_OVERLAY_MAX

static int freeze(void *ctx, bool on, struct err *e)
{
	struct copying *c = ctx;

	return box_freeze(c->g, sandbox_container_id(c->g->arena, c->s), on, e);
}

static int is_running(struct globals *g, const struct sandbox *s, bool *out, struct err *e)
{
	const char *id = sandbox_container_id(g->arena, s);
	struct box_state state;

	TRY(box_state(g, id, &state, e));
	if (state.status == BOX_PAUSED) /* we hold the lock: no snapshot is under way, so one was killed */
		TRY(box_freeze(g, id, false, e));
	*out = state.status == BOX_RUNNING || state.status == BOX_PAUSED;
	return 0;
}

static int stop(struct copying *c, struct err *e)
{
	bool ran, killed;

	TRY(sandbox_stop(c->g, c->s, SANDBOX_STOP_MS, &ran, &killed, e));
	c->stopped = ran;
	if (killed)
		log_warn("%s: it did not end in time and was killed; it will recover when it is started", c->s->name);
	return 0;
}

static int prepare(struct globals *g, struct sandbox *s, int from, int to, struct copying *out, bool *running, struct err *e)
{
	*out = (struct copying){ .g = g, .s = s, .began = sys_now_us() };
	out->freezer = (struct freezer){ freeze, out, 0 };
	out->start.timeout_ms = SANDBOX_START_MS;
	out->start.pidfd = -1;
	TRY(is_running(g, s, running, e));
	return from < 0 ? 0 : copy_cost(from, to, &out->cost, e);
}

static void tell_cost(const struct copying *c)
{
	struct arena *a = c->g->arena;
	const char *text;
	struct err ignored;

	if (c->cost.reflink || c->cost.size.bytes < LITTLE)
		return;
	text = arena_fmt(a, "copying %s in %ju files: this file system cannot share blocks (XFS and Btrfs can) ...\n",
			 view_size(a, c->cost.size.bytes), (uintmax_t)c->cost.size.files);
	(void)!file_complain(text, strlen(text), &ignored);
}

/* What the server has in memory only would be missing. Then there is a little more to copy. */
static int flush(struct copying *c, int from, int to, struct err *e)
{
	const struct engine *en = c->s->conf.server ? engine_named(c->s->conf.server) : NULL;

	if (!en || !en->flush)
		return 0;
	TRY(en->flush(c->g->arena, c->s, e));
	return copy_cost(from, to, &c->cost, e);
}

int copying_begin(struct globals *g, struct sandbox *s, int from, int to, bool stop_it, const char *verb, struct copying *out,
		  struct err *e)
{
	bool running;

	TRY(prepare(g, s, from, to, out, &running, e));
	if (running && !stop_it && !out->cost.reflink && out->cost.size.bytes >= LITTLE)
		return fail(e, EBUSY,
			    "%s is running, and a %s would hold it for as long as copying %s takes (no blocks can be shared here): --stop "
			    "stops "
			    "it for that and starts it again",
			    s->name, verb, view_size(g->arena, out->cost.size.bytes));
	tell_cost(out);
	if (running && stop_it)
		return stop(out, e);
	out->held = running;
	return running ? flush(out, from, to, e) : 0;
}

int replacing_begin(struct globals *g, struct sandbox *s, int from, int to, bool stop_it, const char *verb, struct copying *out,
		    struct err *e)
{
	bool running;

	TRY(prepare(g, s, from, to, out, &running, e));
	if (running && !stop_it)
		return fail(e, EBUSY, "%s is running, and a %s replaces its data: --stop stops it for that and starts it again", s->name,
			    verb);
	tell_cost(out);
	return running ? stop(out, e) : 0;
}

int still_begin(struct globals *g, struct sandbox *s, int from, int to, struct copying *out, struct err *e)
{
	bool running;

	TRY(prepare(g, s, from, to, out, &running, e));
	tell_cost(out);
	return 0;
}

int copying_end(struct copying *c, int r, struct err *e)
{
	struct err again;
	int started = 0;

	if (c->stopped)
		started = sandbox_start(c->g, c->s, &c->start, &again);
	fd_close(&c->start.pidfd);
	if (started < 0 && r >= 0) {
		*e = again;
		return started;
	}
	if (started < 0)
		log_warn("%s could not be started again: %s", c->s->name, again.text);
	return r;
}

const char *copying_text(const struct copying *c)
{
	struct text t = { .arena = c->g->arena };

	text_fmt(&t, "%lld ms", (long long)(sys_now_us() - c->began + 999) / 1000);
	if (c->cost.size.files)
		text_fmt(&t, ", %s %s", view_size(t.arena, c->cost.size.bytes), c->cost.reflink ? "shared" : "copied");
	if (c->stopped)
		text_fmt(&t, ", ready again after %lld ms", (long long)c->start.ms);
	else if (c->held)
		text_fmt(&t, ", the server stood still for %lld ms", (long long)(c->freezer.us + 999) / 1000);
	return text_get(&t);
}
