/* sandbox_clone.c - `sandbox clone`: another sandbox with the data, settings and grants of one, or of one of its snapshots.
 * Must not change the first one, and must leave nothing of the second when it fails. */
#include "base/fd.h"
#include "sandbox/environment.h"
#include "sandbox/port.h"
#include "store/files.h"
#include "verb/make.h"
#include "verb/sandbox_copy.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

struct options {
	struct sandbox_common common;
	const char *port, *new_password, *stop, *start;
};
static const struct opt opts[] = {
	SANDBOX_READING_ROWS,
	{ "port", 'p', OPT_VALUE, "N|auto", "the port (default: the next that is free)", offsetof(struct options, port) },
	{ "new-password", 0, OPT_FLAG, NULL, "give it a password of its own (default: the first one's)",
	  offsetof(struct options, new_password) },
	{ "start", 0, OPT_FLAG, NULL, "start it as well", offsetof(struct options, start) },
	{ "stop", 0, OPT_FLAG, NULL, "stop the first one while a lot is copied, then start it again", offsetof(struct options, stop) },
	{ NULL },
};

struct cloning {
	struct globals *g;
	const struct options *o;
	struct sandbox src, dst;
	struct snapshot snap; /* name NULL: the data as they are now */
	struct copying copying;
};

/* --- what is not data */

static const char *replace(struct arena *a, const char *text, const char *from, const char *to)
{
	struct text t = { .arena = a };
	const char *at;

	for (; (at = strstr(text, from)); text = at + strlen(from)) {
		text_add(&t, text, (size_t)(at - text));
		text_str(&t, to);
	}
	text_str(&t, text);
	return text_get(&t);
}

/* The manifest names the sandbox and its port. */
static const char *own_manifest(const struct cloning *x, const char *text)
{
	struct arena *a = x->g->arena;
	const char *was = x->src.conf.name ? x->src.conf.name : x->src.name, *is = x->dst.name;
	const char *from = x->src.conf.port, *to = x->dst.conf.port;

	text = replace(a, text, arena_fmt(a, "/sandboxes/%s/", was), arena_fmt(a, "/sandboxes/%s/", is));
	text = replace(a, text, arena_fmt(a, "\"sandbox\": \"%s\"", was), arena_fmt(a, "\"sandbox\": \"%s\"", is));
	if (!from)
		return text;
	text = replace(a, text, arena_fmt(a, ":%s\"", from), arena_fmt(a, ":%s\"", to));
	return replace(a, text, arena_fmt(a, "\"DB_PORT\": \"%s\"", from), arena_fmt(a, "\"DB_PORT\": \"%s\"", to));
}

/* Settings of the server; not what wasirun keeps there for itself, nor the statements of a first start. */
static bool is_settings(const char *name)
{
	return *name != '.' && strcmp(name, "sandbox.conf") != 0 && strcmp(name, "warnings") != 0 && strncmp(name, "init-", 5) != 0;
}

static int copy_config(struct cloning *x, struct err *e)
{
	struct arena *a = x->g->arena;
	struct strs names;
	size_t i, n;
	char *bytes;

	TRY(sandbox_entries(a, &x->src, "config", &names, e));
	for (i = 0; i < names.n; i++) {
		const char *path = arena_fmt(a, "config/%s", names.v[i]), *text;

		if (!is_settings(names.v[i]))
			continue;
		TRY(sandbox_read(a, &x->src, path, &bytes, &n, e));
		text = !strcmp(path, SANDBOX_MANIFEST) ? own_manifest(x, bytes) : bytes;
		TRY(sandbox_write(&x->dst, path, text, text == bytes ? n : strlen(text), 0644, e));
	}
	return 0;
}

static int fill_conf(struct cloning *x, struct err *e)
{
	const struct sandbox_conf *was = x->snap.name ? &x->snap.conf : &x->src.conf;
	struct sandbox_conf own = x->dst.conf, *c = &x->dst.conf;

	*c = x->src.conf;
	c->name = own.name;
	c->id = own.id;
	c->inode = own.inode;
	c->created = own.created;
	c->expires = c->port = c->socket = NULL;
	c->storage = was->storage;
	c->template_ = was->template_;
	c->database = was->database;
	c->user = was->user;
	c->password = was->password;
	c->fresh = was->fresh;
	c->old_password = was->old_password;
	if (!x->o->new_password)
		return 0;
	if (!c->fresh) {
		c->fresh = "1";
		c->old_password = c->password;
	}
	return sandbox_new_password(x->g->arena, &c->password, e);
}

static int lease(struct cloning *x, const char *port, struct err *e)
{
	const struct engine *en = x->src.conf.engine ? engine_named(x->src.conf.engine) : NULL;
	uint64_t want = 0;
	uint16_t got;

	if (port && strcmp(port, "auto") != 0)
		TRY(parse_number(port, UINT16_MAX, "port", &want, e));
	TRY(port_lease(x->g->arena, &x->dst, (uint16_t)want, en ? en->port : 1024, sandbox_listens(&x->dst), &got, e));
	x->dst.conf.port = arena_fmt(x->g->arena, "%u", got);
	return 0;
}

/* --- data */

static bool is_layer(const struct sandbox_conf *c)
{
	return c->storage && c->template_ && !strcmp(c->storage, storage_name(STORAGE_OVERLAY));
}

static int copy_data(struct cloning *x, int from, int to, struct err *e)
{
	struct template_ t;
	int r = 0;

	template_init(&t);
	if (is_layer(&x->dst.conf)) {
		r = template_open(x->g->arena, &x->dst.place, x->dst.conf.template_, &t, e);
		if (r == 0)
			r = template_use(&t, &x->dst, e);
	} else {
		x->dst.conf.storage = storage_name(x->copying.cost.reflink ? STORAGE_REFLINK : STORAGE_COPY);
	}
	if (r == 0)
		r = copy_frozen(from, to, &x->copying.cost, &x->dst, x->copying.held ? &x->copying.freezer : NULL, e);
	template_close(&t);
	return r;
}

/* A snapshot lies still; the first one's own data may be written to. */
static int clone_data(struct cloning *x, struct err *e)
{
	AUTO_FD int own = x->snap.name ? -1 : TRY(sandbox_open_data(&x->src, e));
	AUTO_FD int to = TRY(sandbox_open_data(&x->dst, e));
	int r;

	if (x->snap.name) {
		TRY(still_begin(x->g, &x->dst, x->snap.data, to, &x->copying, e));
		return copy_data(x, x->snap.data, to, e);
	}
	TRY(copying_begin(x->g, &x->src, own, to, x->o->stop, "clone", &x->copying, e));
	r = copy_data(x, own, to, e);
	return copying_end(&x->copying, r, e);
}

static int fill(struct cloning *x, const char *port, struct err *e)
{
	TRY(fill_conf(x, e));
	TRY(lease(x, port, e));
	if (strcmp(x->dst.conf.backend ? x->dst.conf.backend : "", "dir") != 0)
		TRY(clone_data(x, e));
	TRY(copy_config(x, e));
	TRY(activate_write(x->g->arena, &x->dst, e));
	return sandbox_save(&x->dst, e);
}

static void undo(struct sandbox *s)
{
	struct err ignored;

	template_unuse(s);
	if (sandbox_port(s))
		port_release(s, sandbox_port(s));
	(void)!sandbox_remove(s, &ignored);
}

static int tell(struct cloning *x, struct err *e)
{
	struct sandbox *s = &x->dst;
	struct sandbox_start st = { .timeout_ms = SANDBOX_START_MS, .pidfd = -1 };
	const char *from = x->snap.name ? arena_fmt(x->g->arena, "%s@%s", x->src.name, x->snap.name) : x->src.name;
	const char *text;
	int r;

	if (x->o->start) {
		r = sandbox_start(x->g, s, &st, e);
		fd_close(&st.pidfd);
		return r < 0 ? r : sandbox_tell(x->g, s, &st, x->o->common.json, e);
	}
	if (x->o->common.json || !strcmp(s->conf.backend ? s->conf.backend : "", "dir"))
		return sandbox_tell(x->g, s, NULL, x->o->common.json, e);
	text = arena_fmt(x->g->arena, "%s: %s for %s, a clone of %s (%s); wasirun sandbox start %s\n", s->name,
			 sandbox_title(x->g->arena, s), sandbox_address(x->g->arena, sandbox_listens(s), s->conf.port), from,
			 copying_text(&x->copying), s->name);
	return file_print(text, strlen(text), e);
}

/* --- both of them */

static int open_source(struct cloning *x, const struct place *p, const char *what, struct err *e)
{
	struct arena *a = x->g->arena;
	const char *at = strchr(what, '@');

	TRY(sandbox_open(a, p, at ? arena_strn(a, what, (size_t)(at - what)) : what, true, &x->src, e));
	TRY(sandbox_settle(a, &x->src, e));
	return at ? snapshot_open(a, &x->src, at + 1, &x->snap, e) : 0;
}

static int make(struct cloning *x, const struct place *p, const char *name, const char *port, struct err *e)
{
	int r;

	TRY(sandbox_claim(x->g->arena, p, name, &x->dst, e));
	r = fill(x, port, e);
	if (r < 0)
		undo(&x->dst);
	return r;
}

int sandbox_clone(struct globals *g, const struct place *p, const char *what, const char *name, const char *port, struct sandbox *out,
		  struct err *e)
{
	static const struct options usual;
	struct cloning x = { .g = g, .o = &usual, .snap.data = -1 };
	int r;

	sandbox_init(&x.src);
	sandbox_init(&x.dst);
	sandbox_init(out);
	TRY(sandbox_allowed(p, e));
	r = open_source(&x, p, what, e);
	if (r == 0)
		r = make(&x, p, name, port, e);
	fd_close(&x.snap.data);
	sandbox_close(&x.src);
	if (r == 0)
		*out = x.dst;
	else
		sandbox_close(&x.dst);
	return r;
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct cloning x = { .g = g, .o = opts_v, .snap.data = -1 };
	const char *port = argc > 2 ? argv[2] : x.o->port;
	struct place p;
	int r;

	sandbox_init(&x.src);
	sandbox_init(&x.dst);
	if (argc > 2 && x.o->port && strcmp(port, x.o->port) != 0)
		return fail(e, EINVAL, "port %s or --port %s: which of them?", port, x.o->port);
	TRY(sandbox_place(g, &x.o->common, &p, e));
	TRY(sandbox_allowed(&p, e));
	TRY(sandbox_check_name(argv[1], e));
	r = open_source(&x, &p, argv[0], e);
	if (r == 0)
		r = make(&x, &p, argv[1], port, e);
	if (r == 0)
		r = tell(&x, e);
	fd_close(&x.snap.data);
	sandbox_close(&x.src);
	sandbox_close(&x.dst);
	return r;
}

const struct verb verb_sandbox_clone = {
	.name = "clone",
	.args = "NAME[@SNAP] NEW [PORT]",
	.summary = "make another sandbox with the data of one, or of one of its snapshots",
	.details = "Database, user, settings and grants are the first one's, the password too unless --new-password. Where the file system "
		   "can share\n"
		   "blocks (XFS, Btrfs) this takes tens of ms and no space, whatever the size; elsewhere it says first how much it copies.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 2,
	.max_args = 3,
	.makes_processes = true,
	.run = run,
};
