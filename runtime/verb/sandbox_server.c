/* sandbox_server.c - `sandbox start`, `stop`, `restart` and `run`: an existing sandbox's server.
 * Must not make or remove a sandbox. */
#include "apply/interrupt.h"
#include "apply/streams.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/units.h"
#include "sandbox/follow.h"
#include "store/files.h"
#include "verb/sandbox_flow.h"
#include <errno.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *timeout;
};
static const struct opt start_opts[] = {
	SANDBOX_READING_ROWS,
	{ "timeout", 0, OPT_VALUE, "TIME", "how long it may take until it answers (default: 60s)", offsetof(struct options, timeout) },
	{ NULL },
};
static const struct opt stop_opts[] = {
	SANDBOX_ROWS,
	{ "timeout", 't', OPT_VALUE, "TIME", "how long it may take before it is killed (default: 30s)", offsetof(struct options, timeout) },
	{ NULL },
};
static const struct opt run_opts[] = {
	SANDBOX_ROWS,
	{ "timeout", 0, OPT_VALUE, "TIME", "how long it may take until it answers (default: 60s)", offsetof(struct options, timeout) },
	{ NULL },
};

static int timeout_of(const struct options *o, int64_t usual, uint64_t *out, struct err *e)
{
	int64_t ms = usual;

	if (o->timeout)
		TRY(parse_duration(o->timeout, "--timeout", &ms, e));
	*out = (uint64_t)ms;
	return 0;
}

static int say(struct globals *g, const char *text, struct err *e)
{
	(void)g;
	return file_print(text, strlen(text), e);
}

/* One of several that fails does not keep the others from it. */
static int each(struct globals *g, const struct options *o, int argc, char **argv,
		int (*one)(struct globals *g, const struct options *o, const char *name, struct err *e), struct err *e)
{
	struct err why;
	int i, failed = 0;

	for (i = 0; i < argc; i++) {
		int r = one(g, o, argv[i], &why);

		if (r >= 0)
			continue;
		if (failed) /* the last one is main's to tell */
			log_error(e);
		*e = why;
		failed = r;
	}
	return failed;
}

static int one_start(struct globals *g, const struct options *o, const char *name, struct err *e)
{
	struct sandbox_start st = { .pidfd = -1 };
	struct sandbox s;
	int r;

	TRY(timeout_of(o, SANDBOX_START_MS, &st.timeout_ms, e));
	TRY(sandbox_need(g, &o->common, name, true, &s, e));
	r = sandbox_start(g, &s, &st, e);
	if (r == 0)
		r = sandbox_tell(g, &s, &st, o->common.json, e);
	fd_close(&st.pidfd);
	sandbox_close(&s);
	return r;
}

static int run_start(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	return each(g, opts_v, argc, argv, one_start, e);
}

static int stop_it(struct globals *g, const struct sandbox *s, uint64_t grace_ms, struct err *e)
{
	bool ran, killed;

	TRY(sandbox_stop(g, s, grace_ms, &ran, &killed, e));
	if (killed)
		log_warn("%s: it did not end within %llu s and was killed; it will recover when it is started", s->name,
			 (unsigned long long)grace_ms / 1000);
	return say(g, arena_fmt(g->arena, ran ? "%s: stopped\n" : "%s: not running\n", s->name), e);
}

static int one_stop(struct globals *g, const struct options *o, const char *name, struct err *e)
{
	struct sandbox s;
	uint64_t grace_ms;
	int r;

	TRY(timeout_of(o, SANDBOX_STOP_MS, &grace_ms, e));
	TRY(sandbox_need(g, &o->common, name, true, &s, e));
	r = stop_it(g, &s, grace_ms, e);
	sandbox_close(&s);
	return r;
}

static int run_stop(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	return each(g, opts_v, argc, argv, one_stop, e);
}

static int one_restart(struct globals *g, const struct options *o, const char *name, struct err *e)
{
	struct sandbox_start st = { .pidfd = -1 };
	bool ran, killed;
	struct sandbox s;
	int r;

	TRY(timeout_of(o, SANDBOX_START_MS, &st.timeout_ms, e));
	TRY(sandbox_need(g, &o->common, name, true, &s, e));
	r = sandbox_stop(g, &s, SANDBOX_STOP_MS, &ran, &killed, e);
	if (r == 0)
		r = sandbox_start(g, &s, &st, e);
	if (r == 0)
		r = sandbox_tell(g, &s, &st, o->common.json, e);
	fd_close(&st.pidfd);
	sandbox_close(&s);
	return r;
}

static int run_restart(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	return each(g, opts_v, argc, argv, one_restart, e);
}

/* Until somebody interrupts us, or it ends by itself: then there is nothing more to see. */
static int follow(struct globals *g, const struct options *o, struct sandbox *s, const struct sandbox_start *st, struct err *e)
{
	const char *log = arena_fmt(g->arena, "%s/" SANDBOX_LOG, s->dir), *name = s->name;
	const char *p = st->already ? "" : log_file_tail(g->arena, log, st->log_at, INT32_MAX);
	struct interrupt i;
	int64_t lines = *p ? 1 : 0;
	int sig, r;

	for (; *p; p++)
		lines += *p == '\n';
	TRY(interrupt_begin(&i, st->pidfd, e));
	sandbox_close(s); /* others may act on it meanwhile */
	TRY(sandbox_need(g, &o->common, name, false, s, e));
	r = follow_log(s, lines, true, i.any, e);
	sig = interrupt_end(&i);
	TRY(r);
	sandbox_close(s);
	if (st->already)
		return 0;
	TRY(sandbox_need(g, &o->common, name, true, s, e));
	if (sig)
		return stop_it(g, s, SANDBOX_STOP_MS, e);
	log_warn("%s: the server has ended", name);
	return 1;
}

static int run_run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct sandbox_start st = { .pidfd = -1 };
	struct sandbox s;
	int r;

	(void)argc;
	TRY(timeout_of(o, SANDBOX_START_MS, &st.timeout_ms, e));
	TRY(sandbox_need(g, &o->common, argv[0], true, &s, e));
	r = sandbox_start(g, &s, &st, e);
	if (r == 0)
		r = sandbox_tell(g, &s, &st, false, e);
	if (r == 0)
		r = follow(g, o, &s, &st, e);
	fd_close(&st.pidfd);
	sandbox_close(&s);
	return r;
}

const struct verb verb_sandbox_start = {
	.name = "start",
	.args = "NAME...",
	.summary = "start its server, and wait until it answers",
	.opts = start_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.makes_processes = true,
	.run = run_start,
};

const struct verb verb_sandbox_stop = {
	.name = "stop",
	.args = "NAME...",
	.summary = "end its server; data stay",
	.opts = stop_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.makes_processes = true,
	.run = run_stop,
};

const struct verb verb_sandbox_restart = {
	.name = "restart",
	.args = "NAME...",
	.summary = "stop and start it",
	.opts = start_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.makes_processes = true,
	.run = run_restart,
};

const struct verb verb_sandbox_run = {
	.name = "run",
	.args = "NAME",
	.summary = "start it and show its log; interrupted (^C), it is stopped",
	.details = "One that ran before is only watched: ^C leaves it running.",
	.opts = run_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.makes_processes = true,
	.run = run_run,
};
