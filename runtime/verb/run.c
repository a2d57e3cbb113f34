/* run.c - `run`: create, start, and without --detach wait and delete.
 * Must not reap a detached init: it belongs to whoever called us. */
#include "apply/cgroup.h"
#include "apply/foreground.h"
#include "apply/notify.h"
#include "base/fd.h"
#include "base/log.h"
#include "verb/make.h"
#include <errno.h>

static const struct opt opts[] = {
	MAKE_ROWS,
	{ "detach", 'd', OPT_FLAG, NULL, "return when the program runs", offsetof(struct make_options, detach) },
	{ "keep", 0, OPT_FLAG, NULL, "do not delete the container when it ends", offsetof(struct make_options, keep) },
	{ NULL },
};

/* From the waiting init to the running program. */
static int start(struct making *m, int *notify, struct err *e)
{
	if (m->notify)
		*notify = TRY(notify_bind(m->o.c.dir, e));
	TRY(apply_start(m->o.c.dir, m->run.wire, e));
	fd_close(&m->run.wire);
	fd_close(&m->o.c.lock); /* from here on others may act on it */
	return apply_poststart(&m->run, e);
}

static int run_detached(struct globals *g, struct making *m, struct err *e)
{
	AUTO_FD int notify = -1;
	int r = start(m, &notify, e);

	if (r < 0) {
		unmake_container(g, m);
		return r;
	}
	if (notify >= 0)
		TRY(notify_forward(notify, m->notify, m->run.pid, m->run.pidfd, e));
	lifecycle_close(&m->o);
	return 0;
}

static int remove_it(struct globals *g, struct making *m, struct err *e)
{
	struct opened o;
	int r;

	lifecycle_close(&m->o);
	r = lifecycle_load(g, m->record.id, true, &o, e);
	if (r == -ENOENT) /* somebody was faster */
		return 0;
	if (r == 0)
		r = lifecycle_destroy(g, &o, false, e);
	lifecycle_close(&o);
	return r;
}

/* The service manager watches us, not init: we are its main process and stay. */
static int stay(struct making *m, struct staying *s, struct foreground *f, int *code, struct err *e)
{
	AUTO_FD int notify = -1;

	TRY(start(m, &notify, e));
	if (notify >= 0)
		TRY(notify_forward(notify, m->notify, getpid(), m->run.pidfd, e));
	f->tap = s->tap;
	f->report = s->report;
	f->as_host = s->as_host;
	if (s->timeout.set)
		f->deadline = foreground_deadline(s->timeout.v);
	TRY(foreground_wait(f, m->run.pid, m->run.pidfd, code, e));
	s->timed_out = f->timed_out;
	s->out_of_memory = cgroup_oom_kills(&m->record.cgroup_paths) > 0;
	return 0;
}

int run_in_foreground(struct globals *g, const struct make_options *o, struct making *m, struct staying *s, struct err *e)
{
	struct foreground f = { .signals = -1 };
	struct err why;
	int code = 1, r = foreground_begin(&f, m->run.tty, e);

	if (r == 0)
		r = stay(m, s, &f, &code, e);
	if (r < 0)
		unmake_container(g, m);
	else if (o->keep)
		lifecycle_close(&m->o);
	else if (remove_it(g, m, &why) < 0)
		log_warn("%s", why.text);
	foreground_end(&f);
	return r < 0 ? r : code;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct make_options *o = opts_v;
	struct staying s = { .tap = NULL };
	struct making m;

	(void)argc;
	TRY(store_check_id(argv[0], e));
	if (!o->detach && !o->no_subreaper)
		TRY(foreground_reap_orphans(e));
	TRY(make_container(g, o, argv[0], true, &m, e));
	return o->detach ? run_detached(g, &m, e) : run_in_foreground(g, o, &m, &s, e);
}

const struct verb verb_run = {
	.name = "run",
	.args = "CONTAINER",
	.summary = "create and run a container",
	.details = "Creates and starts the container of a bundle. Without --detach, waits for its end, passes signals on, deletes it, and\n"
		   "   exits with the program's code, or 128 + the signal that ended it.",
	.opts = opts,
	.opts_size = sizeof(struct make_options),
	.min_args = 1,
	.max_args = 1,
	.makes_processes = true,
	.run = run,
};
