/* sandbox_exec.c - `sandbox exec` and `shell`: programs inside, beside the server; `client`: the engine's own, on this machine.
 * Must not give what runs inside more than the server has. */
#include "apply/child.h"
#include "apply/foreground.h"
#include "base/log.h"
#include "sandbox/environment.h"
#include "verb/box.h"
#include "verb/options.h"
#include "verb/sandbox_flow.h"
#include <errno.h>
#include <string.h>

static const struct opt opts[] = { SANDBOX_ROWS, { NULL } };

static void set(struct arena *a, struct strs *vars, const char *name, const char *value)
{
	size_t i, n = strlen(name);

	for (i = 0; i < vars->n; i++)
		if (strncmp(vars->v[i], name, n) == 0 && vars->v[i][n] == '=') {
			vars->v[i] = arena_fmt(a, "%s=%s", name, value);
			return;
		}
}

/* Inside, the server is reached at its socket: its port is the host's. */
static int inside(struct globals *g, const struct sandbox *s, struct strs *vars, struct err *e)
{
	const char *slash = s->conf.socket ? strrchr(s->conf.socket, '/') : NULL;
	const char *socket = arena_fmt(g->arena, SANDBOX_SOCKETS "%s", slash ? slash : "");

	TRY(environment_of(g->arena, s, NULL, vars, e));
	set(g->arena, vars, "DB_SOCKET", socket);
	set(g->arena, vars, "MYSQL_UNIX_PORT", socket);
	set(g->arena, vars, "MYSQL_HOST", "localhost");
	set(g->arena, vars, "PGHOST", SANDBOX_SOCKETS);
	set(g->arena, vars, "SANDBOX_DIR", arena_fmt(g->arena, "/sandboxes/%s", s->name));
	set(g->arena, vars, "SANDBOX_CAPS", arena_fmt(g->arena, "/sandboxes/%s/" SANDBOX_MANIFEST, s->name));
	return 0;
}

static int exec_in(struct globals *g, const struct sandbox_common *o, const char *name, char **argv, struct err *e)
{
	struct strs args = { NULL, 0 }, vars = { NULL, 0 };
	struct sandbox s;
	int r, code = 0;

	TRY(sandbox_need(g, o, name, false, &s, e));
	r = inside(g, &s, &vars, e);
	for (; *argv; argv++)
		strs_append(g->arena, &args, *argv);
	if (r == 0)
		r = box_exec(g, sandbox_container_id(g->arena, &s), &args, &vars, &code, e);
	if (r == -ESRCH)
		r = fail(e, ESRCH, "%s does not run: wasirun sandbox start %s", name, name);
	sandbox_close(&s);
	if (r < 0 && code) { /* as a shell says it of a program */
		e->at[0] = 0; /* of a config.json that nobody sees here */
		log_error(e);
		return code;
	}
	return r < 0 ? r : code;
}

static char **behind_dashes(char **argv)
{
	return *argv && strcmp(*argv, "--") == 0 ? argv + 1 : argv;
}

static int run_exec(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	char **args = behind_dashes(argv + 1);

	(void)argc;
	if (!*args)
		return fail(e, EINVAL, "exec %s: which program? exec NAME -- PROGRAM [ARG...]", argv[0]);
	return exec_in(g, opts_v, argv[0], args, e);
}

static int run_shell(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	static char sh[] = "/bin/sh", interactive[] = "-i";
	char *args[] = { sh, foreground_is_terminal() ? interactive : NULL, NULL };

	(void)argc;
	return exec_in(g, opts_v, argv[0], args, e);
}

/* What the programs do not take from the environment. */
static void client_args(struct arena *a, const struct engine *en, const struct sandbox *s, struct strs *args)
{
	const struct sandbox_conf *c = &s->conf;
	const char *const mysql[] = { "-h", sandbox_reached(s), "-P", c->port, "-u", c->user, "-D", c->database };
	const char *const redis[] = { "-h", sandbox_reached(s), "-p", c->port };
	const char *const *v = strcmp(en->scheme, "mysql") == 0 ? mysql : redis;
	size_t i, n = v == mysql ? 8 : 4;

	if (strcmp(en->scheme, "postgresql") == 0)
		return;
	for (i = 0; i < n && v[i]; i++)
		strs_append(a, args, v[i]);
}

static int run_client(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct strs args = { NULL, 0 }, vars = { NULL, 0 };
	struct engine_programs programs;
	const struct engine *en;
	struct sandbox s;

	(void)argc;
	TRY(sandbox_need(g, opts_v, argv[0], false, &s, e));
	en = s.conf.server ? engine_named(s.conf.server) : NULL;
	if (!en)
		return fail(e, EINVAL, "%s/config/sandbox.conf names no engine that is known (SANDBOX_SERVER)", s.dir);
	TRY(en->find(g->arena, NULL, &programs, e));
	if (!programs.client)
		return fail(e, ENOENT, "there is no client for %s on this machine", en->title);
	TRY(environment_of(g->arena, &s, NULL, &vars, e));
	strs_append(g->arena, &args, programs.client);
	client_args(g->arena, en, &s, &args);
	for (argv = behind_dashes(argv + 1); *argv; argv++)
		strs_append(g->arena, &args, *argv);
	sandbox_close(&s);
	return child_become(args.v, child_environment(g->arena, &vars), e);
}

const struct verb verb_sandbox_exec = {
	.name = "exec",
	.args = "NAME [--] PROGRAM [ARG...]",
	.summary = "run a program inside a running one, beside the server",
	.opts = opts,
	.opts_size = sizeof(struct sandbox_common),
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.makes_processes = true,
	.run = run_exec,
	.failure = 255,
};

const struct verb verb_sandbox_shell = {
	.name = "shell",
	.args = "NAME",
	.summary = "a shell inside a running one",
	.opts = opts,
	.opts_size = sizeof(struct sandbox_common),
	.min_args = 1,
	.max_args = 1,
	.makes_processes = true,
	.run = run_shell,
};

const struct verb verb_sandbox_client = {
	.name = "client",
	.tried = " psql mysql mariadb redis-cli sql connect cli ",
	.args = "NAME [--] [ARG...]",
	.summary = "psql, mariadb or redis-cli of this machine, connected to it",
	.opts = opts,
	.opts_size = sizeof(struct sandbox_common),
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.run = run_client,
};
