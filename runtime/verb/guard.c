/* guard.c - `guard`: a command of the host under a manifest.
 *
 * The flags are the manifest's keys: they become a document of their own, which includes the file, so that one
 * decoder judges both. Must not
 * grant what neither says. */
#include "apply/foreground.h"
#include "apply/report.h"
#include "base/fd.h"
#include "base/log.h"
#include "plan/grants.h"
#include "store/files.h"
#include "verb/compile.h"
#include "verb/make.h"
#include "verb/manifest.h"
#include "verb/options.h"
#include "verb/sandbox_flow.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* as timeout(1), env(1) and shells */
#define TIMED_OUT 124
#define NOT_RUN 126
#define NOT_FOUND 127
#define KILLED 137

struct options {
	const char *manifest, *memory, *cpu, *pids, *timeout, *output, *profile, *best_effort;
	struct strs read, write, cow, deny, tmpfs, listen, connect, env, restrict_;
};
#define AT(f) offsetof(struct options, f)
static const struct opt opts[] = {
	{ "manifest", 'm', OPT_VALUE, "FILE", "what the command may do; the flags add to it", AT(manifest) },
	{ "restrict", 0, OPT_MANY, "FILE", "a policy: a manifest that only takes away, and only in what it speaks of", AT(restrict_) },
	{ "read", 'r', OPT_MANY, "PATH", "it may read this, and everything below", AT(read) },
	{ "write", 'w', OPT_MANY, "PATH", "it may change this, and everything below", AT(write) },
	{ "cow", 0, OPT_MANY, "PATH", "it may change this, but what it writes is dropped at the end", AT(cow) },
	{ "deny", 0, OPT_MANY, "PATH", "it may not see this", AT(deny) },
	{ "tmpfs", 0, OPT_MANY, "PATH:SIZE", "an empty directory of its own, of that size", AT(tmpfs) },
	{ "listen", 'l', OPT_MANY, "ENDPOINT", "it may listen there: 127.0.0.1:8080, unix:/path", AT(listen) },
	{ "connect", 'c', OPT_MANY, "ENDPOINT", "it may connect there: api.example.com:443, 10.0.0.0/8:5432, unix:/path", AT(connect) },
	{ "env", 'e', OPT_MANY, "NAME[=VALUE]", "it gets this variable; without a value, ours", AT(env) },
	{ "memory", 0, OPT_VALUE, "SIZE", "at most this much memory: 256M", AT(memory) },
	{ "cpu", 0, OPT_VALUE, "CORES", "at most this much processor time: 0.5", AT(cpu) },
	{ "pids", 0, OPT_VALUE, "N", "at most this many processes and threads", AT(pids) },
	{ "timeout", 0, OPT_VALUE, "TIME", "it is killed after this time: 30s, 500ms (exit code 124)", AT(timeout) },
	{ "output", 0, OPT_VALUE, "SIZE", "no more than this of its output is passed on", AT(output) },
	{ "profile", 0, OPT_VALUE, "NAME", "system calls: default, database, code or strict", AT(profile) },
	{ "best-effort", 0, OPT_FLAG, NULL, "a limit that this machine cannot enforce is a warning", AT(best_effort) },
	{ NULL },
};

static const char *absolute(struct globals *g, const char *cwd, const char *path)
{
	if (path[0] == '/' || path[0] == '~' || path[0] == '$')
		return path;
	return arena_fmt(g->arena, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path);
}

static void put_list(struct globals *g, struct json_out *w, const char *key, const struct strs *l, const char *cwd)
{
	size_t i;

	json_key(w, key);
	json_open(w, '[');
	for (i = 0; i < l->n; i++)
		json_put_str(w, cwd ? absolute(g, cwd, l->v[i]) : l->v[i]);
	json_close(w, ']');
}

static void put_value(struct json_out *w, const char *key, const char *value)
{
	if (!value)
		return;
	json_key(w, key);
	json_put_str(w, value);
}

static int put_resources(struct json_out *w, const struct options *o, struct err *e)
{
	uint64_t n;

	json_key(w, "resources");
	json_open(w, '{');
	put_value(w, "memory", o->memory);
	put_value(w, "cpu", o->cpu);
	if (o->pids) {
		TRY(parse_number(o->pids, INT32_MAX, "--pids", &n, e));
		json_key(w, "pids");
		json_put_uint(w, n);
	}
	put_value(w, "timeout", o->timeout);
	put_value(w, "output", o->output);
	json_close(w, '}');
	return 0;
}

static int put_tmpfs(struct globals *g, struct json_out *w, const struct options *o, struct err *e)
{
	size_t i;

	json_key(w, "tmpfs");
	json_open(w, '{');
	for (i = 0; i < o->tmpfs.n; i++) {
		const char *s = o->tmpfs.v[i], *colon = strrchr(s, ':');

		if (!colon || colon == s || !colon[1])
			return fail(e, EINVAL, "--tmpfs %s: PATH:SIZE, such as /tmp:64M", s);
		put_value(w, arena_strn(g->arena, s, (size_t)(colon - s)), colon + 1);
	}
	json_close(w, '}');
	return 0;
}

static void put_environment(struct globals *g, struct json_out *w, const struct options *o)
{
	size_t i;

	json_key(w, "environment");
	json_open(w, '{');
	for (i = 0; i < o->env.n; i++) {
		const char *eq = strchr(o->env.v[i], '=');

		if (eq)
			put_value(w, arena_strn(g->arena, o->env.v[i], (size_t)(eq - o->env.v[i])), eq + 1);
	}
	json_close(w, '}');
	json_key(w, "environment_pass");
	json_open(w, '[');
	for (i = 0; i < o->env.n; i++)
		if (!strchr(o->env.v[i], '='))
			json_put_str(w, o->env.v[i]);
	json_close(w, ']');
}

/* The flags as a document. */
static int document(struct globals *g, const struct options *o, const char *cwd, struct text *t, struct err *e)
{
	struct json_out w = { .t = t, .first = true };

	json_open(&w, '{');
	put_value(&w, "version", "1.0");
	json_key(&w, "include");
	json_open(&w, '[');
	if (o->manifest)
		json_put_str(&w, absolute(g, cwd, o->manifest));
	json_close(&w, ']');
	json_key(&w, "capabilities");
	json_open(&w, '{');
	json_key(&w, "network");
	json_open(&w, '{');
	put_list(g, &w, "listen", &o->listen, NULL);
	put_list(g, &w, "connect", &o->connect, NULL);
	json_close(&w, '}');
	json_key(&w, "filesystem");
	json_open(&w, '{');
	put_list(g, &w, "read", &o->read, cwd);
	put_list(g, &w, "write", &o->write, cwd);
	put_list(g, &w, "cow", &o->cow, cwd);
	put_list(g, &w, "deny", &o->deny, cwd);
	TRY(put_tmpfs(g, &w, o, e));
	json_close(&w, '}');
	TRY(put_resources(&w, o, e));
	if (o->profile) {
		json_key(&w, "syscalls");
		json_open(&w, '{');
		put_value(&w, "profile", o->profile);
		json_close(&w, '}');
	}
	json_close(&w, '}');
	put_environment(g, &w, o);
	json_close(&w, '}');
	return 0;
}

static int read_manifest(struct globals *g, const struct options *o, struct manifest *m, struct err *e)
{
	static const struct manifest_options none;
	struct text t = { .arena = g->arena }, said = { .arena = g->arena };
	struct manifest_errors errs = { .v = NULL };
	struct manifest_context ctx;
	struct err ignored;
	int r;

	TRY(manifest_context_here(g, "-", &none, &ctx, e));
	ctx.dir = ctx.pwd;
	ctx.no_tree = "guard grants paths of this machine; what takes such a manifest is "
		      "`wasirun sandbox create ENGINE NAME --manifest FILE`";
	TRY(document(g, o, ctx.pwd, &t, e));
	r = manifest_decode(g->arena, text_get(&t), t.n, "the command line", &ctx, m, &errs, e);
	if (r < 0 && errs.n) {
		manifest_print_errors(&said, &errs);
		(void)!file_complain(text_get(&said), said.n, &ignored);
		return fail(e, -r, "the manifest cannot be used: %zu error%s", errs.n, errs.n == 1 ? "" : "s");
	}
	TRY(r);
	if (!m->root_given) {
		m->root = ROOT_HOST_RO;
		m->root_given = true;
	}
	return manifest_policies(g, &o->restrict_, m, e);
}

/* What could only be pretended. */
static int check(const struct manifest *m, bool best_effort, struct err *e)
{
	if (!m->disk.set)
		return 0;
	if (!best_effort)
		return fail_at((fail(e, ENOTSUP, "disk: a directory of the host cannot be limited in size; grant a tmpfs, "
			"which has one, or say "
						 "--best-effort"), e), "/capabilities/resources/disk");
	log_warn("/capabilities/resources/disk: cannot be enforced here");
	return 0;
}

/* What somebody waits for at the end, of whatever came before. */
struct ends {
	struct tap tap;
	struct report report;
};

/* As a shell says it of a program that is not there (127), or cannot be run (126). */
static int not_run(int r, int *code, struct err *e)
{
	if (strcmp(e->at, "/process/args") != 0 || (r != -ENOENT && r != -EACCES && r != -ENOEXEC))
		return r;
	e->at[0] = 0; /* of a config.json that nobody sees here */
	log_error(e);
	*code = r == -ENOENT ? NOT_FOUND : NOT_RUN;
	return 0;
}

/* A policy may have lowered it. */
static const char *memory_text(struct globals *g, const struct compiled *k)
{
	const struct linux_ *l = k->config.linux_;
	bool known = l && l->resources && l->resources->memory && l->resources->memory->limit.set;

	return known ? arena_fmt(g->arena, ": its limit is %s (memory)",
				 manifest_size_text(g->arena, (uint64_t)l->resources->memory->limit.v)) : "";
}

static int guard(struct globals *g, const struct options *o, struct compiled *k, const struct net_grants *network, struct ends *ends,
		 int *code, struct err *e)
{
	struct given given = { .config = &k->config, .env = k->secret_env, .files = k->secrets.v, .files_n = k->secrets.n,
			       .best_effort = o->best_effort != NULL, .network = network, .network_report = -1 };
	struct make_options mo = { .given = &given };
	struct staying s = { .timeout = k->grants.timeout, .as_host = true };
	struct making m;
	int r;

	if (k->grants.output.set && !k->config.process->terminal) {
		TRY(tap_begin(&ends->tap, k->grants.output.v, e));
		s.tap = &ends->tap;
	}
	if (grants_need_broker(network)) {
		TRY(report_begin(&ends->report, e));
		given.network_report = ends->report.write;
		s.report = &ends->report;
	}
	r = make_container(g, &mo, arena_fmt(g->arena, "guard-%d", (int)getpid()), true, &m, e);
	tap_release(&ends->tap);
	report_release(&ends->report);
	if (r < 0)
		return not_run(r, code, e);
	r = run_in_foreground(g, &mo, &m, &s, e);
	if (r < 0)
		return not_run(r, code, e);
	*code = r;
	if (s.timed_out) {
		log_warn("the command was killed after %s (timeout)", manifest_duration_text(g->arena, k->grants.timeout.v));
		*code = TIMED_OUT;
	} else if (s.out_of_memory) {
		log_warn("%s was killed for lack of memory%s", *code == KILLED ? "the command" : "a process of the command",
			 memory_text(g, k));
	}
	if (s.tap && s.tap->cut)
		log_warn("its output went on after %s and was dropped (output)", manifest_size_text(g->arena, k->grants.output.v));
	return 0;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct ends ends = { .tap = { .saved = { -1, -1 }, .read = { -1, -1 } }, .report = { .read = -1, .write = -1 } };
	struct net_grants network;
	struct manifest m;
	struct compiled k;
	int code = 0, r;

	(void)argc;
	TRY(read_manifest(g, o, &m, e));
	TRY(sandbox_image_root(g, &m, e));
	TRY(compile_here(g, &m, argv, NULL, true, &k, e));
	TRY(check(&m, o->best_effort, e));
	if (k.grants.output.set)
		k.config.process->terminal = false;
	find_state_root(g, k.host.uid);
	TRY(foreground_reap_orphans(e));
	network = grants_of(&m, true);
	r = guard(g, o, &k, &network, &ends, &code, e);
	tap_end(&ends.tap);
	report_end(&ends.report);
	return r < 0 ? r : code;
}

const struct verb verb_guard = {
	.name = "guard",
	.args = "[--] COMMAND [ARG...]",
	.summary = "run a command of this machine with nothing but what is granted",
	.details = "The command sees this machine's programs and libraries, read-only, and nothing else: no home directory, "
		"no network, no\n"
		   "   other process. Flags grant more. Exits with the command's code, 128 + the signal that ended it, or "
			"124 after --timeout,\n"
		   "   127 when there is no such command, 126 when it cannot be executed.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.makes_processes = true,
	.run = run,
};
