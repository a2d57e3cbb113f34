/* main.c - from argv to a verb: global options, the state of the process itself, the one error.
 * Must not know what any verb does. */
#include "apply/inherit.h"
#include "apply/seal.h"
#include "base/log.h"
#include "store/files.h"
#include "store/store.h"
#include "sys/sys.h"
#include "verb/about.h"
#include "verb/help.h"
#include "verb/options.h"
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

static int print(const struct text *t, struct err *e)
{
	return file_print(text_get(t), t->n, e);
}

static bool is_one_of(const char *s, const char *a, const char *b, const char *c)
{
	return !strcmp(s, a) || !strcmp(s, b) || (c && !strcmp(s, c));
}

static int check_globals(const struct globals *g, struct err *e)
{
	if (g->log_format && !is_one_of(g->log_format, "text", "json", NULL))
		return fail(e, EINVAL, "invalid log-format \"%.40s\": text or json", g->log_format);
	if (g->log_level && !is_one_of(g->log_level, "error", "warning", "debug"))
		return fail(e, EINVAL, "invalid log-level \"%.40s\": error, warning or debug", g->log_level);
	if (g->cgroup_manager && !is_one_of(g->cgroup_manager, "cgroupfs", "systemd", "disabled"))
		return fail(e, EINVAL, "invalid cgroup-manager \"%.40s\": cgroupfs, systemd or disabled", g->cgroup_manager);
	if (g->rootless && !is_one_of(g->rootless, "true", "false", "auto"))
		return fail(e, EINVAL, "invalid rootless \"%.40s\": true, false or auto", g->rootless);
	return 0;
}

static bool log_is_open;

static int open_log(const struct globals *g, struct err *e)
{
	enum log_level level = LOG_LEVEL_DEFAULT;

	if (g->log_level)
		level = !strcmp(g->log_level, "error") ? LOG_LEVEL_ERROR :
			!strcmp(g->log_level, "debug") ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
	if (g->debug)
		level = LOG_LEVEL_DEBUG;
	log_is_open = true;
	return log_open(g->log, g->log_format && !strcmp(g->log_format, "json"), level, e);
}

/* A mount source and a record name the root: it must mean the same wherever they are read. */
static int find_root(struct globals *g, struct err *e)
{
	char cwd[4096];
	ssize_t n;

	g->root_given = g->root && *g->root;
	if (!g->root_given)
		return store_default_root(g->arena, &g->root, e);
	if (g->root[0] == '/')
		return 0;
	n = sys_getcwd(cwd, sizeof cwd);
	if (n < 0)
		return fail_sys(e, (int)n, "--root %s is relative and the current directory has no path", g->root);
	g->root = arena_fmt(g->arena, "%s/%s", cwd, g->root);
	return 0;
}

/* What a verb that makes processes must know of its own process, and what that must be. */
static int prepare_process(struct globals *g, char **argv, struct err *e)
{
	TRY(seal_self(argv, e));
	g->inherited = inherit_count();
	TRY(inherit_close_on_exec(e));
	return inherit_signals(e);
}

/* A command line down to the verb that runs. */
struct call {
	const struct verb *v;
	const char *path; /* "sandbox create" */
	void *opts;
	struct parsed p;
};

static int check_args(const struct globals *g, const struct call *c, struct err *e)
{
	const char *name = program_name(g->self), *args = c->v->args ? c->v->args : "";

	if (c->p.argc < c->v->min_args)
		return fail(e, EINVAL, "\"%s %s\" requires a minimum of %d argument%s: %s %s [options] %s", name, c->path, c->v->min_args,
			    c->v->min_args == 1 ? "" : "s", name, c->path, args);
	if (c->v->max_args >= 0 && c->p.argc > c->v->max_args)
		return fail(e, EINVAL, "\"%s %s\" takes at most %d argument%s: %s %s [options] %s", name, c->path, c->v->max_args,
			    c->v->max_args == 1 ? "" : "s", name, c->path, args);
	return 0;
}

/* Follows argv into groups; "GROUP help MEMBER" is "GROUP MEMBER --help". */
static int follow(struct globals *g, struct call *c, int argc, char **argv, struct err *e)
{
	const struct verb *const *table = verbs;
	bool help = false;

	for (;;) {
		const struct verb *v = verb_find(table, argv[0]);
		void *opts;

		if (!v && c->v && argc > 1 && !strcmp(argv[0], "help")) {
			help = true;
			argc--, argv++;
			continue;
		}
		c->p.help = !v && c->v && !strcmp(argv[0], "help");
		if (c->p.help)
			return 0;
		if (!v)
			return no_such_verb(table, c->path, argv[0], e);
		opts = arena_alloc(g->arena, v->opts_size + 1);
		if (c->v && c->v->opts_size <= v->opts_size)
			memcpy(opts, c->opts, c->v->opts_size);
		c->path = c->path ? arena_fmt(g->arena, "%s %s", c->path, v->name) : v->name;
		c->v = v;
		c->opts = opts;
		TRY(options_parse(g->arena, v->opts, opts, v->stop_at_first || v->subs, argc - 1, argv + 1, &c->p, e));
		c->p.help = c->p.help || help;
		if (!v->subs || c->p.help || !c->p.argc)
			return 0;
		table = v->subs;
		argc = c->p.argc;
		argv = c->p.argv;
	}
}

static int run_verb(struct globals *g, struct call *c, int argc, char **argv, char **all, struct err *e)
{
	TRY(follow(g, c, argc, argv, e));
	if (c->p.help || c->v->subs) {
		struct text t = { .arena = g->arena };

		help_verb(&t, g->self, c->path, c->v);
		return print(&t, e);
	}
	TRY(check_args(g, c, e));
	if (c->v->makes_processes)
		TRY(prepare_process(g, all, e));
	else
		TRY(inherit_close_on_exec(e));
	TRY(open_log(g, e));
	TRY(find_root(g, e));
	log_debug("%s %s: state root %s", WASIRUN_VERSION, c->path, g->root);
	return c->v->run(g, c->opts, c->p.argc, c->p.argv, e);
}

static int dispatch(struct globals *g, struct call *c, int argc, char **argv, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct parsed p;

	TRY(options_parse(g->arena, global_opts, g, true, argc - 1, argv + 1, &p, e));
	TRY(check_globals(g, e));
	if (p.help || (!p.argc && !g->version)) {
		help_all(&t, g->self);
		return print(&t, e);
	}
	if (g->version) {
		version_text(&t);
		return print(&t, e);
	}
	return run_verb(g, c, p.argc, p.argv, argv, e);
}

int main(int argc, char **argv)
{
	static struct arena scratch, arena = { .scratch = &scratch };
	struct globals g = { .arena = &arena, .self = argv[0] };
	struct call c = { .v = NULL };
	struct err e = { 0 }, ignored;
	int r;

	if (getauxval(AT_SECURE))
		r = fail(&e, EPERM, "wasirun must not be installed set-user-id, set-group-id or with file capabilities");
	else
		r = inherit_streams(&e);
	inherit_umask();
	if (r == 0)
		r = dispatch(&g, &c, argc, argv, &e);
	if (r >= 0)
		return r;
	if (!log_is_open) /* the engine reads it there, mistakes in its own options too */
		(void)!open_log(&g, &ignored);
	log_error(&e);
	return c.v && c.v->failure ? c.v->failure : 1;
}
