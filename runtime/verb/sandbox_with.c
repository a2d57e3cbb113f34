/* sandbox_with.c - `sandbox with`: a database for as long as one command runs.
 * Must not leave it behind, whoever kills whom: a keeper waits for our end. */
#include "apply/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/units.h"
#include "sandbox/environment.h"
#include "verb/sandbox_create.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct opt opts[] = {
	SANDBOX_ROWS,
	SANDBOX_CREATE_ROWS,
	{ "snapshot", 0, OPT_VALUE, "NAME[@SNAP]", "begin with the data of that sandbox, or of a snapshot of it; then there is no ENGINE",
	  offsetof(struct create_options, snapshot) },
	{ NULL },
};

static int start(struct globals *g, struct sandbox *s, const struct sandbox_wish *w, uint64_t timeout_ms, struct strs *vars, struct err *e)
{
	struct sandbox_start st = { .timeout_ms = timeout_ms, .wishes = &w->wishes };

	if (strcmp(s->conf.backend, "dir") != 0)
		TRY(sandbox_start(g, s, &st, e));
	fd_close(&st.pidfd);
	return environment_of(g->arena, s, NULL, vars, e);
}

static int run_command(struct globals *g, char **argv, const struct strs *vars, int *code, struct err *e)
{
	struct err why = { 0 };

	TRY(child_run(argv, child_environment(g->arena, vars), code, &why));
	if (why.text[0])
		log_error(&why);
	(void)e;
	return 0;
}

static int live(struct globals *g, const struct place *p, struct sandbox_wish *w, uint64_t timeout_ms, char **argv, int *code,
		struct err *e)
{
	struct strs vars = { NULL, 0 };
	struct sandbox s;
	int r = w->snapshot ? sandbox_clone(g, p, w->snapshot, w->name, w->port, &s, e) : sandbox_make(g, p, w, &s, e);

	if (r == 0)
		r = start(g, &s, w, timeout_ms, &vars, e);
	sandbox_close(&s); /* from here on it is like any other */
	return r < 0 ? r : run_command(g, argv, &vars, code, e);
}

static int deadline(const struct create_options *o, int64_t *until, struct err *e)
{
	int64_t ms;

	*until = 0;
	if (!o->ttl)
		return 0;
	TRY(parse_duration(o->ttl, "--ttl", &ms, e));
	*until = (int64_t)time(NULL) + (ms + 999) / 1000;
	return 0;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct create_options *o = opts_v;
	struct keeper k = { .caller = -1 };
	struct sandbox_wish w;
	struct err why;
	struct place p;
	const char *id;
	uint64_t timeout_ms;
	int64_t until;
	int r, code = 1;

	if (!o->snapshot && argc < 2)
		return fail(e, EINVAL, "with %s: which command? wasirun sandbox with ENGINE -- COMMAND [ARG...]", argv[0]);
	TRY(sandbox_create_wish(o, &w, &timeout_ms, e));
	TRY(sandbox_place(g, &o->common, &p, e));
	TRY(deadline(o, &until, e));
	TRY(sandbox_new_id(g->arena, &id, e));
	w.engine = argv[0];
	w.snapshot = o->snapshot;
	w.name = arena_fmt(g->arena, "with-%d-%.4s", (int)getpid(), id);
	w.ttl = NULL;
	child_die_with_caller();
	TRY(sandbox_keeper(g, &p, w.name, until, &k, e));
	r = live(g, &p, &w, timeout_ms, o->snapshot ? argv : argv + 1, &code, e);
	if (sandbox_destroy(g, &p, w.name, true, NULL, &why) < 0 && why.code != ENOENT)
		log_warn("%s", why.text);
	keeper_release(&k);
	return r < 0 ? r : code;
}

const struct verb verb_sandbox_with = {
	.name = "with",
	.args = "ENGINE -- COMMAND [ARG...]",
	.summary = "run a command with a database of its own, which is gone afterwards",
	.details = "The command gets DB_HOST, DB_PORT, DATABASE_URL and the engine's own variables. Exits with its code, 127 when it is\n"
		   "   not found, 126 when it cannot be run. The database is destroyed when it ends, or when this is killed.",
	.opts = opts,
	.opts_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = -1,
	.makes_processes = true,
	.run = run,
};
