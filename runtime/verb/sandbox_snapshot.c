/* sandbox_snapshot.c - `sandbox snapshot` and `sandbox restore`: a sandbox's data kept as they are now, and brought back.
 * Must not restore into a running server. */
#include "base/fd.h"
#include "base/utc.h"
#include "oci/json.h"
#include "store/files.h"
#include "verb/sandbox_copy.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *list, *delete, *stop;
};
static const struct opt snapshot_opts[] = {
	SANDBOX_READING_ROWS,
	{ "list", 'l', OPT_FLAG, NULL, "show those there are", offsetof(struct options, list) },
	{ "delete", 'd', OPT_VALUE, "SNAP", "delete one", offsetof(struct options, delete) },
	{ "stop", 0, OPT_FLAG, NULL, "stop a running server for it, then start it again", offsetof(struct options, stop) },
	{ NULL },
};
static const struct opt restore_opts[] = {
	SANDBOX_ROWS,
	{ "stop", 0, OPT_FLAG, NULL, "stop a running server for it, then start it again", offsetof(struct options, stop) },
	{ NULL },
};

static int need_server(const struct sandbox *s, struct err *e)
{
	if (!s->conf.backend || !strcmp(s->conf.backend, "dir"))
		return fail(e, EINVAL, "%s is a directory with variables (backend dir): it has no data", s->name);
	return 0;
}

/* --- snapshot */

static const char *when(struct arena *a, const char *created)
{
	char utc[UTC_BYTES];

	if (view_number(created) < 0)
		return NULL;
	utc_format(view_number(created), utc);
	return arena_fmt(a, "%sZ", utc);
}

static void list_one(struct globals *g, const struct sandbox *s, const char *name, struct json_out *w, struct text *t)
{
	struct tree_size size = { 0 };
	struct snapshot snap;
	struct err why;
	bool whole = snapshot_open(g->arena, s, name, &snap, &why) == 0 && tree_measure(snap.data, &size, &why) == 0;

	if (!w) {
		text_fmt(t, "%-32s ", name);
		if (whole)
			text_fmt(t, "%8s  %s  %s\n", view_size(g->arena, size.bytes), when(g->arena, snap.conf.created),
				 snap.conf.storage ? snap.conf.storage : "");
		else
			text_fmt(t, "damaged: %s\n", why.text);
	} else {
		json_open(w, '{');
		view_json_str(w, "name", name);
		view_json_str(w, "created", whole ? when(g->arena, snap.conf.created) : NULL);
		json_key(w, "bytes");
		json_put_uint(w, size.bytes);
		view_json_str(w, "storage", whole ? snap.conf.storage : NULL);
		view_json_str(w, "problem", whole ? NULL : why.text);
		json_close(w, '}');
	}
	fd_close(&snap.data);
}

static int list(struct globals *g, const struct sandbox *s, bool json, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct strs names;
	size_t i;

	TRY(snapshot_list(g->arena, s, &names, e));
	if (json)
		json_open(&w, '[');
	for (i = 0; i < names.n; i++)
		list_one(g, s, names.v[i], json ? &w : NULL, &t);
	if (json) {
		json_close(&w, ']');
		text_str(&t, "\n");
	}
	return file_print(text_get(&t), t.n, e);
}

static int tell_taken(struct copying *c, const char *name, bool json, struct err *e)
{
	struct text t = { .arena = c->g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };

	if (json) {
		json_open(&w, '{');
		view_json_str(&w, "name", name);
		json_key(&w, "bytes");
		json_put_uint(&w, c->cost.size.bytes);
		json_key(&w, "shared");
		json_put_bool(&w, c->cost.reflink);
		json_key(&w, "held_ms");
		json_put_int(&w, (c->freezer.us + 999) / 1000);
		json_close(&w, '}');
		text_str(&t, "\n");
	} else {
		text_fmt(&t, "%s: snapshot %s (%s); wasirun sandbox restore %s %s brings it back\n", c->s->name, name, copying_text(c),
			 c->s->name, name);
	}
	return file_print(text_get(&t), t.n, e);
}

static int take(struct globals *g, const struct options *o, struct sandbox *s, const char *name, struct err *e)
{
	AUTO_FD int data = -1;
	AUTO_FD int all = -1;
	struct copying c;
	int r;

	TRY(need_server(s, e));
	TRY(sandbox_settle(g->arena, s, e));
	if (name)
		TRY(snapshot_check_name(name, e));
	else
		TRY(snapshot_new_name(g->arena, s, &name, e));
	data = TRY(sandbox_open_data(s, e));
	all = TRY(snapshot_dir(s, e));
	TRY(copying_begin(g, s, data, all, o->stop, "snapshot", &c, e));
	r = snapshot_take(g->arena, s, name, &c.cost, c.held ? &c.freezer : NULL, e);
	TRY(copying_end(&c, r, e));
	return tell_taken(&c, name, o->common.json, e);
}

static int delete_one(struct globals *g, const struct sandbox *s, const char *name, struct err *e)
{
	const char *text = arena_fmt(g->arena, "%s: snapshot %s deleted\n", s->name, name);

	TRY(snapshot_delete(g->arena, s, name, e));
	return file_print(text, strlen(text), e);
}

static int run_snapshot(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct sandbox s;
	int r;

	if ((o->list || o->delete) && argc > 1)
		return fail(e, EINVAL, "%s takes no name of a new snapshot", o->list ? "--list" : "--delete");
	if (o->list && o->delete)
		return fail(e, EINVAL, "--list or --delete?");
	TRY(sandbox_need(g, &o->common, argv[0], !o->list, &s, e));
	if (o->list)
		r = list(g, &s, o->common.json, e);
	else if (o->delete)
		r = delete_one(g, &s, o->delete, e);
	else
		r = take(g, o, &s, argv[1], e);
	sandbox_close(&s);
	return r;
}

const struct verb verb_sandbox_snapshot = {
	.name = "snapshot",
	.args = "NAME [SNAP]",
	.summary = "keep a sandbox's data as they are now",
	.details =
		"Without SNAP it is called by the time. A running server is held for the moment that it takes: tens of ms where the file\n"
		"system can share blocks (XFS, Btrfs). Elsewhere data are copied: up to 64M while it is held, more only with --stop.",
	.opts = snapshot_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 2,
	.makes_processes = true,
	.run = run_snapshot,
};

/* --- restore */

/* Those data have the password, and are in the state, of their moment; the sandbox keeps the password that its users know. */
static struct sandbox_conf conf_after(const struct sandbox *s, const struct snapshot *snap)
{
	struct sandbox_conf c = s->conf;
	const struct sandbox_conf *was = &snap->conf;
	bool same = c.password && was->password && !strcmp(c.password, was->password);

	c.storage = was->storage;
	c.template_ = was->template_;
	c.database = was->database;
	c.user = was->user;
	c.fresh = was->fresh;
	c.old_password = was->old_password;
	if (!same && !was->fresh) {
		c.fresh = "1";
		c.old_password = was->password;
	}
	return c;
}

static int check_layer(struct globals *g, const struct sandbox *s, const struct snapshot *snap, struct err *e)
{
	struct template_ t;

	if (!snap->conf.storage || !snap->conf.template_ || strcmp(snap->conf.storage, storage_name(STORAGE_OVERLAY)) != 0)
		return 0;
	if (template_open(g->arena, &s->place, snap->conf.template_, &t, e) < 0)
		return fail_in(e, "the snapshot %s is a layer on a template", snap->name);
	template_close(&t);
	return 0;
}

static int restore(struct globals *g, const struct options *o, struct sandbox *s, const char *name, struct err *e)
{
	struct snapshot snap;
	struct sandbox_conf after;
	struct copying c;
	const char *text;
	int r;

	TRY(need_server(s, e));
	TRY(sandbox_settle(g->arena, s, e));
	r = snapshot_open(g->arena, s, name, &snap, e);
	if (r == 0)
		r = check_layer(g, s, &snap, e);
	if (r == 0)
		r = replacing_begin(g, s, snap.data, s->fd, o->stop, "restore", &c, e);
	if (r == 0) {
		after = conf_after(s, &snap);
		r = sandbox_replace_data(g->arena, s, snap.data, c.cost.reflink, &after, true, e);
		r = copying_end(&c, r, e);
	}
	fd_close(&snap.data);
	TRY(r);
	text = arena_fmt(g->arena, "%s: its data are those of %s (%s)\n", s->name, name, copying_text(&c));
	return file_print(text, strlen(text), e);
}

static int run_restore(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct sandbox s;
	int r;

	(void)argc;
	TRY(sandbox_need(g, &o->common, argv[0], true, &s, e));
	r = restore(g, o, &s, argv[1], e);
	sandbox_close(&s);
	return r;
}

const struct verb verb_sandbox_restore = {
	.name = "restore",
	.args = "NAME SNAP",
	.summary = "put the data of a snapshot in place of a sandbox's own",
	.details = "What is in the sandbox now is lost: take a snapshot of it first. The exchange is one step: whatever happens, there are "
		   "the\n"
		   "old data or the new ones.",
	.opts = restore_opts,
	.opts_size = sizeof(struct options),
	.min_args = 2,
	.max_args = 2,
	.makes_processes = true,
	.run = run_restore,
};
