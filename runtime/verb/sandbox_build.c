/* sandbox_build.c - builds templates: the engine's recipe in a sandbox of its own that sees nothing but an empty directory.
 * Must not leave half a template: what is not committed is thrown away, by us or by the next build. */
#include "verb/sandbox_build.h"
#include "apply/streams.h"
#include "base/utf8.h"
#include "store/files.h"
#include "verb/box.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define LOG "build.log"
#define LAST_LINES 30
#define INTERRUPTED 130 /* as the recipes say it (templates/init.sh) */

static void say(const char *text)
{
	struct err ignored;

	(void)!file_complain(text, strlen(text), &ignored);
}

/* The last lines of what the build said. */
static void show_log(struct arena *a, const char *path)
{
	const char *tail = log_file_tail(a, path, 0, LAST_LINES);
	struct text t = { .arena = a };

	text_foreign(&t, tail, strlen(tail));
	text_str(&t, "\n");
	say(text_get(&t));
}

/* What --init names, where the recipe looks for it. */
static void mount_init(struct arena *a, const struct engine_wishes *w, struct box *b)
{
	const char *name = w->init_dir ? strrchr(w->init_dir, '/') : NULL;
	struct box_mount *m;

	if (!name)
		return;
	m = arena_push(a, &b->mounts);
	m->source = w->init_dir;
	m->inside = file_is_directory(w->init_dir) ? SANDBOX_INIT : arena_fmt(a, SANDBOX_INIT "%s", name);
}

/* The container of a build: of this one directory, whose lock we hold. */
static const char *box_id(struct arena *a, const struct template_ *t)
{
	return box_id_of(a, "template", t->dir);
}

/* A build whose command was killed goes on without it, in a directory that is nobody's any more. */
static int end_killed(struct globals *g, const char *id, struct err *e)
{
	bool killed;

	return box_stop(g, id, SIGKILL, 0, &killed, e);
}

/* By the handle: under sudo the name could be a link by now. */
static int log_path(struct arena *a, const struct template_ *t, const char **out, struct err *e)
{
	const char *data;

	TRY(dir_absolute(a, t->fd, t->dir, &data, e));
	*out = arena_fmt(a, "%.*s/" LOG, (int)(strrchr(data, '/') - data), data);
	return 0;
}

static int run_build(struct globals *g, const struct place *p, const struct engine *en, const struct engine_programs *programs,
		     const struct engine_wishes *w, const char *rootfs, const struct template_ *t, struct err *e)
{
	struct arena *a = g->arena;
	struct box b = { .what = "the manifest of template builds", .name = SANDBOX_TEMPLATE, .dir = t->dir, .rootfs = rootfs,
			 .uid = p->data_uid, .gid = p->data_gid, .best_effort = true };
	char *manifest;
	int code = 0;

	b.id = box_id(a, t);
	TRY(end_killed(g, b.id, e));
	TRY(log_path(a, t, &b.log, e));
	TRY(engine_build_manifest(a, en, &manifest, &b.manifest_n, e));
	b.manifest = manifest;
	TRY(en->build(a, programs, w, t->password, &b.argv, &b.env, e));
	mount_init(a, w, &b);
	TRY(box_run(g, &b, &code, e));
	if (!code)
		return 0;
	if (code == INTERRUPTED)
		return fail(e, EINTR, "the build of the template for %s was interrupted; nothing is left of it", en->title);
	show_log(a, b.log);
	return fail(e, EIO, "the template for %s could not be built: its recipe ended with exit code %d", en->title, code);
}

static int build(struct globals *g, const struct place *p, const struct engine *en, const struct engine_programs *programs,
		 const struct engine_wishes *w, const char *rootfs, struct template_ *t, struct err *e)
{
	struct arena *a = g->arena;
	const char *version = programs->version ? programs->version : "";
	struct timespec from, to;
	int r;

	say(arena_fmt(a, "building the template for %s%s%s (once) ...\n", en->title, *version ? " " : "", version));
	clock_gettime(CLOCK_MONOTONIC, &from);
	t->engine = en->name;
	t->version = version;
	t->created = arena_fmt(a, "%jd", (intmax_t)time(NULL));
	r = sandbox_new_password(a, &t->password, e);
	if (r == 0)
		r = run_build(g, p, en, programs, w, rootfs, t, e);
	if (r == 0)
		r = template_commit(a, p, t, e);
	if (r < 0) {
		template_abandon(p, t);
		return r;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	say(arena_fmt(a, "template %s: %.1f s, %.1f MiB\n", t->key,
		      (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9, (double)t->bytes / (1 << 20)));
	return 0;
}

int sandbox_template_need(struct globals *g, const struct place *p, const struct engine *en, const struct engine_programs *programs,
			  const struct engine_wishes *w, const char *rootfs, struct template_ *out, struct err *e)
{
	const char *key;
	bool built;
	int r;

	template_init(out);
	TRY(template_key(g->arena, en, programs, w, rootfs, &key, e));
	r = template_open(g->arena, p, key, out, e);
	if (r != -ENOENT)
		return r;
	TRY(template_begin(g->arena, p, key, out, &built, e));
	return built ? 0 : build(g, p, en, programs, w, rootfs, out, e);
}
