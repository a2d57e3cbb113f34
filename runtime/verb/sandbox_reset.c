/* sandbox_reset.c - `sandbox reset`: a sandbox's data as they were when it was created.
 * Must not touch the data before the template is known to be there and whole. */
#include "base/fd.h"
#include "store/files.h"
#include "verb/sandbox_build.h"
#include "verb/sandbox_copy.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *stop;
};
static const struct opt opts[] = {
	SANDBOX_ROWS,
	{ "stop", 0, OPT_FLAG, NULL, "stop a running server for it, then start it again", offsetof(struct options, stop) },
	{ NULL },
};

/* One that was removed can be built again if nothing but the engine decided it: init files and settings are not known any more. */
static int build_again(struct globals *g, const struct sandbox *s, struct template_ *t, struct err *e)
{
	static const struct engine_wishes none;
	const struct engine *en = s->conf.server ? engine_named(s->conf.server) : NULL;
	struct engine_programs programs;
	const char *key;

	if (!en)
		return fail(e, EINVAL, "%s: its engine is not known", s->name);
	TRY(en->find(g->arena, s->conf.image, &programs, e));
	TRY(template_key(g->arena, en, &programs, &none, s->conf.image, &key, e));
	if (strcmp(key, s->conf.template_) != 0)
		return fail(e, ENOENT,
			    "the template %s is gone, and was made with init files, settings or a server that are not there now: destroy "
			    "%s and "
			    "create it again",
			    s->conf.template_, s->name);
	return sandbox_template_need(g, &s->place, en, &programs, &none, s->conf.image, t, e);
}

static int open_template(struct globals *g, const struct sandbox *s, struct template_ *t, struct err *e)
{
	int r;

	if (!s->conf.template_)
		return fail(e, EINVAL, "%s has no template: there is nothing to go back to", s->name);
	r = template_open(g->arena, &s->place, s->conf.template_, t, e);
	return r == -ENOENT ? build_again(g, s, t, e) : r;
}

static int replace(struct globals *g, struct sandbox *s, const struct template_ *t, bool stop, const char **text, struct err *e)
{
	struct sandbox_conf after = s->conf;
	bool layer = s->conf.storage && !strcmp(s->conf.storage, storage_name(STORAGE_OVERLAY));
	int from = layer ? -1 : t->fd;
	struct copying c;
	int r;

	TRY(replacing_begin(g, s, from, s->fd, stop, "reset", &c, e));
	after.fresh = "1";
	after.old_password = NULL;
	if (!layer)
		after.storage = storage_name(c.cost.reflink ? STORAGE_REFLINK : STORAGE_COPY);
	r = layer ? template_use(t, s, e) : 0;
	if (r == 0)
		r = sandbox_replace_data(g->arena, s, from, c.cost.reflink, &after, false, e);
	TRY(copying_end(&c, r, e));
	*text = copying_text(&c);
	return 0;
}

static int reset(struct globals *g, struct sandbox *s, bool stop, struct err *e)
{
	struct template_ t;
	const char *text = "";
	int r;

	if (!s->conf.backend || !strcmp(s->conf.backend, "dir"))
		return fail(e, EINVAL, "%s is a directory with variables (backend dir): it has no data", s->name);
	TRY(sandbox_allowed(&s->place, e));
	TRY(sandbox_settle(g->arena, s, e));
	template_init(&t);
	r = open_template(g, s, &t, e);
	if (r == 0)
		r = replace(g, s, &t, stop, &text, e);
	template_close(&t);
	TRY(r);
	text = arena_fmt(g->arena, "%s: its data are as they were when it was created (%s)\n", s->name, text);
	return file_print(text, strlen(text), e);
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct sandbox s;
	int r;

	(void)argc;
	TRY(sandbox_need(g, &o->common, argv[0], true, &s, e));
	r = reset(g, &s, o->stop != NULL, e);
	sandbox_close(&s);
	return r;
}

const struct verb verb_sandbox_reset = {
	.name = "reset",
	.args = "NAME",
	.summary = "put a sandbox's data back to what they were when it was created",
	.details = "All that was written since is lost; settings, password, port and snapshots stay. One that runs needs --stop.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.makes_processes = true,
	.run = run,
};
