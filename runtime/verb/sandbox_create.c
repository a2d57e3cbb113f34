/* sandbox_create.c - `sandbox create` and `sandbox up`.
 * Must not know how one is made (sandbox_make.c) or started (sandbox_start.c). */
#include "base/fd.h"
#include "base/text.h"
#include "base/units.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/sandbox_create.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct opt create_opts[] = {
	SANDBOX_READING_ROWS,
	SANDBOX_CREATE_ROWS,
	{ "start", 0, OPT_FLAG, NULL, "start it as well", offsetof(struct create_options, start) },
	{ NULL },
};
static const struct opt up_opts[] = { SANDBOX_READING_ROWS, SANDBOX_CREATE_ROWS, { NULL } };

int sandbox_create_wish(const struct create_options *o, struct sandbox_wish *w, uint64_t *timeout_ms, struct err *e)
{
	int64_t ms = SANDBOX_START_MS;

	*w = (struct sandbox_wish){ .port = o->port, .publish = o->publish, .memory = o->memory, .cpu = o->cpu, .pids = o->pids,
				    .manifest = o->manifest, .image = o->image, .init = o->init, .user = o->user, .password = o->password,
				    .password_file = o->password_file, .database = o->database, .ttl = o->ttl, .storage = o->storage,
				    .backend = o->backend, .set = o->set, .env = o->env, .replace = o->replace, .visible = true };
	if (o->timeout)
		TRY(parse_duration(o->timeout, "--timeout", &ms, e));
	*timeout_ms = (uint64_t)ms;
	return 0;
}

/* Images are asked for so: postgres:16. */
static int check_tags(int argc, char **argv, struct err *e)
{
	int i;

	for (i = 0; i < argc && i < 2; i++) {
		const char *colon = strchr(argv[i], ':');
		char engine[32];

		if (!colon || (size_t)(colon - argv[i]) >= sizeof engine)
			continue;
		snprintf(engine, sizeof engine, "%.*s", (int)(colon - argv[i]), argv[i]);
		if (engine_named(engine))
			return fail(e, EINVAL,
				    "%.80s: the version is that of the server that is installed on this machine: %s without \":\"; another "
				    "one with --image (an OCI image layout, or a directory)", argv[i], engine);
	}
	return 0;
}

/* ENGINE NAME [PORT] or NAME ENGINE [PORT]: no sandbox is called as an engine is. */
static int read_args(int argc, char **argv, struct sandbox_wish *w, struct err *e)
{
	bool first = engine_named(argv[0]) != NULL, second = argc > 1 && engine_named(argv[1]);

	TRY(check_tags(argc, argv, e));
	if (first == second)
		return fail(e, EINVAL, first ? "\"%s %s\": two engines and no name: ENGINE NAME [PORT]" :
			    "\"%s%s%s\" names no engine: ENGINE NAME [PORT], where ENGINE is postgres, mysql, mariadb or redis", argv[0],
			    argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
	w->engine = argv[first ? 0 : 1];
	w->name = argc > 1 ? argv[first ? 1 : 0] : "dev";
	if (argc == 2 && w->name[0] && w->name[strspn(w->name, "0123456789")] == '\0')
		return fail(e, EINVAL, "\"%s %s\": a port and no name: ENGINE NAME [PORT], or --port %s", argv[0], argv[1], w->name);
	if (argc < 3)
		return 0;
	if (w->port && strcmp(w->port, argv[2]) != 0)
		return fail(e, EINVAL, "port %s or --port %s: which of them?", argv[2], w->port);
	w->port = argv[2];
	return 0;
}

static int start(struct globals *g, struct sandbox *s, const struct sandbox_wish *w, uint64_t timeout_ms, bool json, struct err *e)
{
	struct sandbox_start st = { .timeout_ms = timeout_ms, .wishes = w ? &w->wishes : NULL };

	if (strcmp(s->conf.backend ? s->conf.backend : "", "dir") == 0)
		return sandbox_tell(g, s, NULL, json, e);
	TRY(sandbox_start(g, s, &st, e));
	fd_close(&st.pidfd);
	return sandbox_tell(g, s, &st, json, e);
}

static int tell_created(struct globals *g, const struct sandbox *s, int64_t ms, bool json, struct err *e)
{
	struct text t = { .arena = g->arena };

	if (json || strcmp(s->conf.backend, "dir") == 0)
		return sandbox_tell(g, s, NULL, json, e);
	text_fmt(&t, "%s: %s for %s, created in %lld ms (%s); wasirun sandbox start %s\n", s->name, sandbox_title(g->arena, s),
		 sandbox_address(g->arena, sandbox_listens(s), s->conf.port), (long long)ms, s->conf.storage, s->name);
	return file_print(text_get(&t), t.n, e);
}

static int make(struct globals *g, const struct create_options *o, const struct place *p, int argc, char **argv, bool and_start,
		struct err *e)
{
	int64_t began = sys_now_us();
	struct sandbox_wish w;
	struct sandbox s;
	uint64_t timeout_ms;
	int r;

	TRY(sandbox_create_wish(o, &w, &timeout_ms, e));
	TRY(read_args(argc, argv, &w, e));
	TRY(sandbox_make(g, p, &w, &s, e));
	r = and_start ? start(g, &s, &w, timeout_ms, o->common.json, e) :
			tell_created(g, &s, (sys_now_us() - began + 999) / 1000, o->common.json, e);
	if (r == 0 && !and_start)
		r = sandbox_keep_until(g, &s, e);
	sandbox_close(&s);
	return r;
}

static int run_create(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct create_options *o = opts_v;
	struct place p;

	TRY(sandbox_place(g, &o->common, &p, e));
	return make(g, o, &p, argc, argv, o->start, e);
}

/* The sandbox that is meant, when it is there. */
static int open_existing(struct globals *g, const struct place *p, int argc, char **argv, struct sandbox *s, struct err *e)
{
	const char *name = engine_named(argv[0]) ? (argc > 1 ? argv[1] : "dev") : argv[0];

	TRY(sandbox_check_name(name, e));
	TRY(sandbox_open(g->arena, p, name, true, s, e));
	if ((argc < 2 && !engine_named(argv[0])) || !s->conf.engine)
		return 0;
	if (argc > 1 && !engine_named(argv[0]) && !engine_named(argv[1]))
		return fail(e, EINVAL, "\"%s %s\": up NAME, or up ENGINE NAME [PORT]", argv[0], argv[1]);
	if (engine_named(s->conf.engine) != engine_named(argv[engine_named(argv[0]) ? 0 : 1]))
		return fail(e, EEXIST, "%s is there, and it is a %s: another name, or --replace", name, s->conf.engine);
	return 0;
}

/* A port that is asked for is the one it has, or an error: whoever wrote it down will connect to it. */
static int same_port(const struct sandbox *s, const char *wanted, struct err *e)
{
	if (!wanted || strcmp(wanted, "auto") == 0 || !s->conf.port || strcmp(wanted, s->conf.port) == 0)
		return 0;
	return fail(e, EEXIST, "%s is there, on port %s, not %s: leave the port out, or --replace (its data go)", s->name, s->conf.port,
		    wanted);
}

#define TRIES 40 /* that somebody else may be at work on it, a quarter of a second each */

/* Somebody may make it at the same time: then his is the one. */
static int make_or_open(struct globals *g, const struct create_options *o, const struct place *p, int argc, char **argv,
			uint64_t timeout_ms, struct err *e)
{
	struct sandbox s;
	int r = -EEXIST, i;

	for (i = 0; r == -EEXIST && i < TRIES; i++) {
		if (i)
			sys_sleep_us(250000);
		sandbox_init(&s);
		r = o->replace ? -ENOENT : open_existing(g, p, argc, argv, &s, e);
		if (r == 0)
			r = same_port(&s, argc > 2 ? argv[2] : o->port, e);
		if (r == 0)
			r = start(g, &s, NULL, timeout_ms, o->common.json, e);
		else if (r == -ENOENT && (argc > 1 || engine_named(argv[0])))
			r = make(g, o, p, argc, argv, true, e);
		else
			i = TRIES;
		sandbox_close(&s);
	}
	return r;
}

static int run_up(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct create_options *o = opts_v;
	struct sandbox_wish w;
	struct place p;
	uint64_t timeout_ms;

	TRY(sandbox_create_wish(o, &w, &timeout_ms, e));
	TRY(check_tags(argc, argv, e));
	TRY(sandbox_place(g, &o->common, &p, e));
	TRY(sandbox_allowed(&p, e));
	return make_or_open(g, o, &p, argc, argv, timeout_ms, e);
}

const struct verb verb_sandbox_create = {
	.name = "create",
	.tried = " new make add ",
	.args = "ENGINE NAME [PORT]",
	.summary = "make a sandbox: its directory, data and port",
	.details = "ENGINE is postgres, mysql, mariadb or redis. Its data are a clone of a template that is built once for each version\n"
		   "   and settings. Without PORT it gets the engine's usual one, or the next that is free. NAME ENGINE [PORT] is\n"
		   "   understood as well.",
	.opts = create_opts,
	.opts_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 3,
	.makes_processes = true,
	.run = run_create,
};

const struct verb verb_sandbox_up = {
	.name = "up",
	.args = "[ENGINE] NAME [PORT]",
	.summary = "make it if it is not there, start it, and say how to connect",
	.details = "NAME alone is one that is there. ENGINE alone makes or starts the one that is called dev. Of one that is there,\n"
		   "   options of create change nothing; another engine or port than it has is an error.",
	.opts = up_opts,
	.opts_size = sizeof(struct create_options),
	.min_args = 1,
	.max_args = 3,
	.makes_processes = true,
	.run = run_up,
};
