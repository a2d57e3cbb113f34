/* sandbox_env.c - `sandbox env` and `sandbox activate`: a sandbox's variables, for programs and for shells.
 * Must not start or change the sandbox: what is printed is what stands in its configuration. */
#include "sandbox/environment.h"
#include "store/files.h"
#include "verb/sandbox.h"
#include <errno.h>

struct options {
	struct sandbox_common common;
	const char *format, *prefix;
};
static const struct opt env_opts[] = {
	SANDBOX_READING_ROWS,
	{ "format", 'f', OPT_VALUE, "sh|fish|dotenv|json|docker", "how they are written (default: sh)", offsetof(struct options, format) },
	{ "prefix", 'p', OPT_VALUE, "PREFIX", "only host, port, name, user and password, as PREFIXHOST and so on: DB_VM_",
	  offsetof(struct options, prefix) },
	{ NULL },
};

static int print(struct globals *g, const struct options *o, const struct sandbox *s, struct err *e)
{
	struct text t = { .arena = g->arena };
	enum env_format f = ENV_SH;
	struct strs vars;

	if (o->format)
		TRY(env_format_named(o->format, &f, e));
	else if (o->common.json)
		f = ENV_JSON;
	TRY(environment_of(g->arena, s, o->prefix, &vars, e));
	TRY(environment_print(&t, &vars, f, e));
	return file_print(text_get(&t), t.n, e);
}

static int run_env(struct globals *g, const void *opts, int argc, char **argv, struct err *e)
{
	const struct options *o = opts;
	struct sandbox s;
	int r;

	(void)argc;
	TRY(sandbox_need(g, &o->common, argv[0], false, &s, e));
	r = print(g, o, &s, e);
	sandbox_close(&s);
	return r;
}

const struct verb verb_sandbox_env = {
	.name = "env",
	.args = "NAME",
	.summary = "print a sandbox's variables: DB_HOST, DATABASE_URL, PGPASSWORD ...",
	.details = "In a shell: eval \"$(wasirun sandbox env NAME)\". Into a file: wasirun sandbox env NAME --format dotenv >.env.local",
	.opts = env_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run_env,
};

static const struct opt activate_opts[] = {
	SANDBOX_ROWS,
	{ "format", 'f', OPT_VALUE, "sh|fish", "for which shell (default: sh)", offsetof(struct options, format) },
	{ NULL },
};

/* The scripts are written anew: whoever lost or changed them asks for them here. */
static int run_activate(struct globals *g, const void *opts, int argc, char **argv, struct err *e)
{
	const struct options *o = opts;
	struct text t = { .arena = g->arena };
	enum env_format f = ENV_SH;
	struct sandbox s;
	int r;

	(void)argc;
	if (o->format)
		TRY(env_format_named(o->format, &f, e));
	if (f != ENV_SH && f != ENV_FISH)
		return fail(e, EINVAL, "--format %s: only a shell can be activated: sh or fish", o->format);
	TRY(sandbox_need(g, &o->common, argv[0], true, &s, e));
	r = activate_write(g->arena, &s, e);
	if (r == 0) {
		environment_source(&t, arena_fmt(g->arena, "%s/activate%s", s.dir, f == ENV_FISH ? ".fish" : ""), f);
		r = file_print(text_get(&t), t.n, e);
	}
	sandbox_close(&s);
	return r;
}

const struct verb verb_sandbox_activate = {
	.name = "activate",
	.args = "NAME",
	.summary = "print the line that activates a sandbox in a shell",
	.details = "A program cannot change the shell that started it: eval \"$(wasirun sandbox activate NAME)\" does, as\n"
		   "   `source DIR/NAME/activate` does. The scripts are written again first. `deactivate` undoes it.",
	.opts = activate_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run_activate,
};
