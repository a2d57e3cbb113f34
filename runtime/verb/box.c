/* box.c - programs in sandboxes of a manifest: run to their end, or started to outlive us.
 * Must not know what a database is, and must not grant what neither the manifest nor its caller says. */
#include "verb/box.h"
#include "apply/foreground.h"
#include "apply/streams.h"
#include "base/fd.h"
#include "base/log.h"
#include "plan/grants.h"
#include "store/files.h"
#include "verb/box_parts.h"
#include "verb/compile.h"
#include "verb/make.h"
#include "verb/manifest.h"
#include "verb/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* From the manifest to what make_container wants. */
struct boxed {
	struct manifest m;
	struct compiled k;
	struct net_grants network;
	struct given given;
	struct make_options mo;
	struct making making;
	const char *network_log;
};

static int load_file(void *ctx, struct arena *a, const char *path, char **bytes, size_t *n, struct err *e)
{
	(void)ctx;
	return file_read(a, path, JSON_MAX_MANIFEST, bytes, n, e);
}

int box_decode(struct globals *g, const struct box *b, struct manifest *m, struct err *e)
{
	const char *home = getenv("HOME");
	struct manifest_context ctx = { .sandbox = b->name, .sandbox_dir = b->dir, .uid = { true, b->uid },
					.home = home && *home == '/' ? home : NULL, .load = load_file };
	struct text said = { .arena = g->arena };
	struct manifest_errors errs = { .v = NULL };
	struct err ignored;
	int r;

	if (b->dir)
		ctx.dir = ctx.pwd = arena_fmt(g->arena, "%s/config", b->dir);
	r = manifest_decode(g->arena, b->manifest, b->manifest_n, b->what, &ctx, m, &errs, e);
	if (r >= 0 || !errs.n)
		return r;
	manifest_print_errors(&said, &errs);
	(void)!file_complain(text_get(&said), said.n, &ignored);
	return fail(e, -r, "%s is no manifest that can be used: %zu error%s", b->what, errs.n, errs.n == 1 ? "" : "s");
}

static bool has(const struct strs *list, const char *var)
{
	size_t i, n = strcspn(var, "=") + 1;

	for (i = 0; i < list->n; i++)
		if (strncmp(list->v[i], var, n) == 0)
			return true;
	return false;
}

/* The program alone gets them: they may be passwords, and configurations are kept. */
static void add_env(struct globals *g, const struct box *b, struct compiled *k)
{
	struct strs *env = &k->config.process->env, kept = { NULL, 0 };
	size_t i;

	for (i = 0; i < env->n; i++)
		if (!has(&b->env, env->v[i]))
			strs_append(g->arena, &kept, env->v[i]);
	*env = kept;
	for (i = 0; i < b->env.n; i++)
		strs_append(g->arena, &k->secret_env, b->env.v[i]);
}

/* Servers look for the name of the user that they are; who else is known to the host is not theirs to read. */
static void add_names(struct globals *g, struct compiled *k)
{
	const struct user *u = k->config.process->user;
	const char *const texts[][2] = {
		{ "/etc/passwd", arena_fmt(g->arena, "root:x:0:0:root:/:/bin/false\nsandbox:x:%u:%u:sandbox:/:/bin/sh\n"
						     "nobody:x:65534:65534:nobody:/:/bin/false\n", u->uid, u->gid) },
		{ "/etc/group", arena_fmt(g->arena, "root:x:0:\nsandbox:x:%u:\nnogroup:x:65534:\n", u->gid) },
	};
	size_t i;

	for (i = 0; i < 2; i++)
		*arena_push(g->arena, &k->secrets) = (struct step_file){ .path = texts[i][0], .bytes = texts[i][1],
									  .n = strlen(texts[i][1]), .mode = 0444,
									  .uid = u->uid, .gid = u->gid, .over = true };
}

static int check(const struct box *b, const struct manifest *m, struct err *e)
{
	if (m->disk.set && !b->best_effort)
		return fail_at((fail(e, ENOTSUP, "disk: a directory of the host cannot be limited in size; take the limit out"), e),
			       "/capabilities/resources/disk");
	if (m->disk.set)
		log_warn("/capabilities/resources/disk: cannot be enforced here");
	return 0;
}

static void add_mounts(struct globals *g, const struct box *b, struct command *as)
{
	size_t i;

	for (i = 0; i < b->mounts.n; i++) {
		const struct box_mount *m = &b->mounts.v[i];

		*arena_push(g->arena, &as->mounts) = (struct command_mount){ .inside = m->inside, .source = m->source,
			.writable = m->writable, .lower = m->lower, .work = m->work };
	}
}

static int prepare(struct globals *g, const struct box *b, struct boxed *x, struct err *e)
{
	struct command as = { .uid = b->uid, .gid = b->gid };

	*x = (struct boxed){ .given.network_report = -1 };
	TRY(box_decode(g, b, &x->m, e));
	if (!x->m.root_given)
		x->m.root = ROOT_HOST_RO;
	TRY(manifest_policies(g, NULL, &x->m, e));
	add_mounts(g, b, &as);
	if (b->rootfs)
		TRY(box_image(g, b->rootfs, &x->m, &as, e));
	TRY(check(b, &x->m, e));
	TRY(compile_box(g, &x->m, b->argv.v, &as, &x->k, e));
	x->k.config.process->terminal = !b->log && !x->k.grants.output.set && foreground_is_terminal();
	add_env(g, b, &x->k);
	add_names(g, &x->k);
	x->network = grants_of(&x->m, b->published);
	x->given.config = &x->k.config;
	x->given.env = x->k.secret_env;
	x->given.files = x->k.secrets.v;
	x->given.files_n = x->k.secrets.n;
	x->given.best_effort = b->best_effort;
	x->given.network = &x->network;
	x->mo.given = &x->given;
	find_state_root(g, x->k.host.uid);
	/* they are about us, not about what runs in it */
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("LISTEN_FDS");
	return 0;
}

int box_run(struct globals *g, const struct box *b, int *code, struct err *e)
{
	struct streams streams = STREAMS_NONE;
	struct boxed x;
	struct staying s = { .as_host = true };
	int r;

	TRY(prepare(g, b, &x, e));
	TRY(foreground_reap_orphans(e));
	if (b->log)
		TRY(streams_to_log(&streams, b->log, b->uid, b->gid, e));
	r = make_container(g, &x.mo, b->id, true, &x.making, e);
	streams_back(&streams);
	TRY(r);
	s.timeout = x.k.grants.timeout;
	*code = TRY(run_in_foreground(g, &x.mo, &x.making, &s, e));
	if (s.timed_out)
		return fail(e, ETIMEDOUT, "it was killed after %s (timeout)", manifest_duration_text(g->arena, s.timeout.v));
	return 0;
}

/* What the supervisor refuses is told beside the program's log. */
static int open_network_log(struct globals *g, const struct box *b, struct boxed *x, struct err *e)
{
	const char *slash = b->log ? strrchr(b->log, '/') : NULL;

	if (!slash || !grants_need_broker(&x->network))
		return 0;
	x->network_log = arena_fmt(g->arena, "%.*s/" BOX_NETWORK_LOG, (int)(slash - b->log), b->log);
	x->given.network_report = TRY(log_file_open(x->network_log, b->uid, b->gid, e));
	config_annotate(g->arena, &x->k.config, BOX_ANNOTATION_NETWORK, x->network_log);
	return 0;
}

struct remembering {
	struct arena *arena;
	struct strs *texts;
};

static void remember(void *ctx, const char *text)
{
	struct remembering *r = ctx;

	strs_append(r->arena, r->texts, arena_str(r->arena, text));
}

/* With streams of its own in the place of ours: what is said of it meanwhile must not go there. */
static int make_detached(struct globals *g, const struct box *b, struct boxed *x, struct box_warnings *w, struct err *e)
{
	struct remembering ctx = { g->arena, &w->texts };
	struct streams streams = STREAMS_NONE;
	int r;

	log_divert(remember, &ctx);
	r = b->log ? streams_to_log(&streams, b->log, b->uid, b->gid, e) : 0;
	if (r == 0)
		r = make_container(g, &x->mo, b->id, true, &x->making, e);
	streams_back(&streams);
	log_divert(NULL, NULL);
	return r;
}

static int set_going(struct globals *g, struct making *m, struct err *e)
{
	int r = apply_start(m->o.c.dir, m->run.wire, e);

	fd_close(&m->run.wire);
	if (r < 0)
		unmake_container(g, m);
	return r;
}

int box_start(struct globals *g, const struct box *b, int *pidfd, int64_t *pid, struct box_warnings *w, struct err *e)
{
	struct boxed x;
	int r;

	*w = (struct box_warnings){ .texts = { NULL, 0 } };
	*pidfd = -1;
	TRY(prepare(g, b, &x, e));
	if (x.m.timeout_ms.set)
		return fail_at((fail(e, EINVAL, "a server has no end to wait for: take the timeout out, or give the sandbox a --ttl"), e),
			       "/capabilities/resources/timeout");
	x.mo.detach = "true";
	r = open_network_log(g, b, &x, e);
	if (r == 0)
		r = make_detached(g, b, &x, w, e);
	if (r == 0)
		r = set_going(g, &x.making, e);
	fd_close(&x.given.network_report);
	TRY(r);
	*pid = x.making.run.pid;
	*pidfd = take_fd(&x.making.run.pidfd);
	fd_close(&x.making.run.proc);
	fd_close(&x.making.run.dev_null);
	lifecycle_close(&x.making.o);
	return 0;
}
