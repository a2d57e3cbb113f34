/* events.c - `events`: the use of resources at intervals, and when memory ran out; one JSON object a line.
 * Must not outlive the container. */
#include "apply/oom.h"
#include "apply/stats.h"
#include "base/units.h"
#include "store/files.h"
#include "verb/lifecycle.h"
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <time.h>

#define DEFAULT_INTERVAL "5s"

struct options {
	const char *interval, *stats;
};
static const struct opt opts[] = {
	{ "interval", 0, OPT_VALUE, "DURATION", "time between two reports, like 5s or 100ms (default: 5s)",
	  offsetof(struct options, interval) },
	{ "stats", 0, OPT_FLAG, NULL, "one report, now", offsetof(struct options, stats) },
	{ NULL },
};

static void begin(struct text *t, const char *type, const char *id)
{
	text_fmt(t, "{\"type\":\"%s\",\"id\":", type);
	text_json(t, id);
}

static int print_stats(struct globals *g, const struct container *c, struct err *e)
{
	struct arena mine = { 0 }; /* of one report: events may run for weeks */
	struct text t = { .arena = &mine };
	int r;

	(void)g;
	begin(&t, "stats", c->id);
	text_str(&t, ",\"data\":");
	r = stats_json(&mine, &c->record.cgroup_paths, c->record.rdt_path, (pid_t)c->pid, &t, e);
	text_str(&t, "}\n");
	if (r == 0)
		r = file_print(text_get(&t), t.n, e);
	arena_drop(&mine);
	return r;
}

static int print_oom(struct globals *g, const struct container *c, struct err *e)
{
	struct text t = { .arena = g->arena };

	begin(&t, "oom", c->id);
	text_str(&t, "}\n");
	return file_print(text_get(&t), t.n, e);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int watch(struct globals *g, const struct container *c, struct oom_watch *w, int64_t interval_ms, struct err *e)
{
	int64_t next = now_ms() + interval_ms, left;

	for (;;) {
		left = next - now_ms();
		switch (TRY(oom_wait(w, left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left, e))) {
		case OOM_ENDED:
			return 0;
		case OOM_STRUCK:
			TRY(print_oom(g, c, e));
			break;
		default:
			TRY(print_stats(g, c, e));
			next += interval_ms;
			break;
		}
	}
}

static int watch_from_now(struct globals *g, const struct container *c, int64_t interval_ms, struct err *e)
{
	struct oom_watch w;
	int r;

	TRY(oom_open(&c->record.cgroup_paths, c->pidfd, &w, e));
	r = watch(g, c, &w, interval_ms, e);
	oom_close(&w);
	return r;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct opened x;
	int64_t interval;
	int r;

	(void)argc;
	TRY(store_check_id(argv[0], e));
	TRY(parse_duration(o->interval ? o->interval : DEFAULT_INTERVAL, "--interval", &interval, e));
	r = lifecycle_load(g, argv[0], false, &x, e);
	if (r == 0 && x.c.pidfd < 0)
		r = fail(e, EINVAL, "container with id %s is not running", argv[0]);
	if (r == 0)
		r = o->stats ? print_stats(g, &x.c, e) : watch_from_now(g, &x.c, interval, e);
	lifecycle_close(&x);
	return r;
}

const struct verb verb_events = {
	.name = "events",
	.args = "CONTAINER",
	.summary = "report the use of resources and out-of-memory events",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
