/* sandbox_start.c - a sandbox's server: from its directory to one that answers, and back.
 * Must not change data but through the server, and must leave no container where a start fails. */
#include "apply/stop.h"
#include "apply/streams.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/utf8.h"
#include "sandbox/data.h"
#include "sandbox/port.h"
#include "sandbox/storage.h"
#include "sandbox/template.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/box.h"
#include "verb/options.h"
#include "verb/sandbox_flow.h"
#include <errno.h>
#include <string.h>

#define LAST_LINES 10
/* In the tree while a stop is under way. One that was killed leaves it: then a server that still answers is ending. */
#define STOPPING ".stopping"

struct starting {
	struct globals *g;
	struct sandbox *s;
	struct sandbox_start *o;
	const struct engine *en;
	struct engine_programs programs;
	struct template_ template_;
	const char *log;
	struct box box;
	struct box_warnings warnings;
	int64_t began, pid;
	bool changed; /* its configuration has to be saved */
};

static const char *replace(struct arena *a, const char *text, const char *from, const char *to)
{
	struct text t = { .arena = a };
	const char *at;

	while ((at = strstr(text, from))) {
		text_add(&t, text, (size_t)(at - text));
		text_str(&t, to);
		text = at + strlen(from);
	}
	text_str(&t, text);
	return text_get(&t);
}

static int change_manifest(struct starting *x, const char *from, const char *to, struct err *e)
{
	struct arena *a = x->g->arena;
	const char *text;
	char *bytes;
	size_t n;

	TRY(sandbox_read(a, x->s, SANDBOX_MANIFEST, &bytes, &n, e));
	text = replace(a, bytes, from, to);
	if (strcmp(text, bytes) == 0)
		return 0;
	return sandbox_write(x->s, SANDBOX_MANIFEST, text, strlen(text), 0644, e);
}

/* A tree that was renamed: the manifest says where things are inside by its name. */
static int follow_name(struct starting *x, struct err *e)
{
	struct sandbox_conf *c = &x->s->conf;
	struct arena *a = x->g->arena;

	if (c->name && strcmp(c->name, x->s->name) == 0)
		return 0;
	if (c->name) {
		TRY(change_manifest(x, arena_fmt(a, "/sandboxes/%s/", c->name), arena_fmt(a, "/sandboxes/%s/", x->s->name), e));
		TRY(change_manifest(x, arena_fmt(a, "\"sandbox\": \"%s\"", c->name), arena_fmt(a, "\"sandbox\": \"%s\"", x->s->name), e));
	}
	c->name = x->s->name;
	return 0;
}

/* A copy of a tree cannot have the port of the one it was copied from; anybody else has to have his own. */
static int take_port(struct starting *x, struct err *e)
{
	struct sandbox *s = x->s;
	struct arena *a = x->g->arena;
	uint16_t port = sandbox_port(s), got;

	if (!port)
		return 0;
	if (!s->copied)
		TRY(port_check_free(a, s, port, sandbox_listens(s), e));
	TRY(port_lease(a, s, s->copied ? 0 : port, port, sandbox_listens(s), &got, e));
	if (got == port)
		return 0;
	TRY(change_manifest(x, arena_fmt(a, ":%u\"", port), arena_fmt(a, ":%u\"", got), e));
	TRY(change_manifest(x, arena_fmt(a, "\"DB_PORT\": \"%u\"", port), arena_fmt(a, "\"DB_PORT\": \"%u\"", got), e));
	s->conf.port = arena_fmt(a, "%u", got);
	return 0;
}

static int find_engine(struct starting *x, struct err *e)
{
	const struct sandbox_conf *c = &x->s->conf;

	if (c->backend && strcmp(c->backend, "dir") == 0)
		return fail(e, EINVAL, "%s is a directory with variables (backend dir): there is no server to start; source %s/activate",
			    x->s->name, sandbox_short_path(x->g->arena, x->s->dir));
	x->en = c->server ? engine_named(c->server) : NULL;
	if (!x->en)
		return fail(e, EINVAL, "%s/config/sandbox.conf names no engine that is known (SANDBOX_SERVER)", x->s->dir);
	TRY(x->en->find(x->g->arena, c->image, &x->programs, e));
	return 0;
}

static int write_files(struct starting *x, const struct strs *files, struct err *e)
{
	size_t i;

	for (i = 0; i + 1 < files->n; i += 2)
		TRY(sandbox_write(x->s, arena_fmt(x->g->arena, "config/%s", files->v[i]), files->v[i + 1], strlen(files->v[i + 1]), 0644,
				  e));
	return 0;
}

static int open_template(struct starting *x, struct err *e)
{
	const struct sandbox_conf *c = &x->s->conf;
	bool overlay = c->storage && strcmp(c->storage, "overlay") == 0;
	int r;

	template_init(&x->template_);
	if (!c->template_ || (!overlay && (!c->fresh || c->old_password)))
		return 0;
	r = template_open(x->g->arena, &x->s->place, c->template_, &x->template_, e);
	if (r == -ENOENT && overlay)
		return fail(e, ENOENT, "the template %s, whose data those of %s lie upon, is gone: they cannot be read without it",
			    c->template_, x->s->name);
	if (r == -ENOENT)
		return fail(e, ENOENT, "the template %s is gone, and %s was never started: destroy it and create it again", c->template_,
			    x->s->name);
	if (r == 0 && x->s->copied && overlay)
		r = template_use(&x->template_, x->s, e);
	return r;
}

static void add_mount(struct starting *x, struct box_mount m)
{
	*arena_push(x->g->arena, &x->box.mounts) = m;
}

static void add_mounts(struct starting *x)
{
	const struct sandbox *s = x->s;
	struct arena *a = x->g->arena;
	struct box_mount data = { .inside = arena_fmt(a, "/sandboxes/%s/data", s->name), .source = arena_fmt(a, "%s/data", s->dir),
				  .writable = true };

	if (s->conf.storage && strcmp(s->conf.storage, "overlay") == 0) {
		data.lower = arena_fmt(a, "%s/data", x->template_.dir);
		data.work = arena_fmt(a, "%s/.work", s->dir);
	}
	add_mount(x, data);
	add_mount(x, (struct box_mount){ .inside = SANDBOX_SOCKETS, .source = sandbox_socket_dir(a, s), .writable = true });
}

static bool same(const struct opt_uint *a, const struct opt_uint *b)
{
	return a->set == b->set && (!a->set || a->v == b->v);
}

/* Limits that nobody but the template asks for are wishes; those that somebody wrote, here or at create, are orders. */
static int judge_limits(struct starting *x, struct err *e)
{
	struct box ours = x->box;
	struct manifest said, usual;
	char *text;
	size_t n;

	TRY(engine_manifest(x->g->arena, x->en, x->s, NULL, &text, &n, e));
	if (n == ours.manifest_n && memcmp(text, ours.manifest, n) == 0) {
		x->box.best_effort = true;
		return 0;
	}
	TRY(box_decode(x->g, &x->box, &said, e));
	ours.manifest = text;
	ours.manifest_n = n;
	TRY(box_decode(x->g, &ours, &usual, e));
	x->box.best_effort = same(&said.memory, &usual.memory) && same(&said.swap, &usual.swap) && same(&said.pids, &usual.pids) &&
			     same(&said.cpu_milli, &usual.cpu_milli) && same(&said.disk, &usual.disk);
	return 0;
}

static int describe(struct starting *x, struct err *e)
{
	static const struct engine_wishes none;
	struct sandbox *s = x->s;
	struct arena *a = x->g->arena;
	struct strs files = { NULL, 0 };
	char *manifest;

	TRY(x->en->command(a, &x->programs, s, x->o->wishes ? x->o->wishes : &none, &x->box.argv, &files, e));
	TRY(write_files(x, &files, e));
	TRY(sandbox_read(a, s, SANDBOX_MANIFEST, &manifest, &x->box.manifest_n, e));
	x->log = arena_fmt(a, "%s/" SANDBOX_LOG, s->dir);
	x->box.id = sandbox_container_id(a, s);
	x->box.manifest = manifest;
	x->box.what = arena_fmt(a, "%s/" SANDBOX_MANIFEST, sandbox_short_path(a, s->dir));
	x->box.name = s->name;
	x->box.dir = s->dir;
	x->box.rootfs = s->conf.image;
	x->box.uid = s->place.data_uid;
	x->box.gid = s->place.data_gid;
	x->box.log = x->log;
	x->box.published = sandbox_is_wildcard(sandbox_listens(s));
	add_mounts(x);
	return judge_limits(x, e);
}

/* Its last words are the best explanation there is. */
static int with_last_words(struct starting *x, const char *what, struct err *e)
{
	const char *dir = sandbox_short_path(x->g->arena, x->s->dir);
	const char *tail = log_file_tail(x->g->arena, x->log, x->o->log_at, LAST_LINES);
	struct text t = { .arena = x->g->arena };
	struct err ignored;

	if (*tail) {
		text_fmt(&t, "The last lines of %s:\n", sandbox_short_path(x->g->arena, x->log));
		text_foreign(&t, tail, strlen(tail));
		text_str(&t, "\n");
		(void)!file_complain(text_get(&t), t.n, &ignored);
	}
	if (box_out_of_memory(x->g, sandbox_container_id(x->g->arena, x->s)))
		what = arena_fmt(x->g->arena, "%s: its memory limit is too low (\"memory\" in %s/" SANDBOX_MANIFEST ")", what, dir);
	return fail(e, ESRCH, "%s: %s; its data are kept (%s)", x->s->name, what, dir);
}

/* Whoever reads it has given no limit just now: where it stands is the cure. */
static int tell_limits(const struct starting *x, struct err *e)
{
	static const char ours[] = "/capabilities/resources", oci[] = "/linux/resources";

	if (e->code == ENOMEM || strncmp(e->at, ours, sizeof ours - 1) == 0 || strncmp(e->at, oci, sizeof oci - 1) == 0)
		return fail_in(e, "%s", x->box.what);
	return -e->code;
}

static int wait_ready(struct starting *x, struct err *e)
{
	const char *secret = x->s->conf.old_password ? x->s->conf.old_password : x->template_.password;
	const char *hidden = x->s->conf.fresh && x->en->secret ? x->en->secret(x->g->arena, x->s) : NULL;
	struct err why;
	int r = engine_wait_ready(x->en, x->s, sandbox_reached(x->s), sandbox_port(x->s), x->o->pidfd, x->o->timeout_ms, &why);

	if (r == -ESRCH)
		return with_last_words(x, "the server ended before it was ready", e);
	if (r == -ETIMEDOUT)
		return with_last_words(x, arena_fmt(x->g->arena, "the server did not answer within %s (--timeout)",
						    manifest_duration_text(x->g->arena, x->o->timeout_ms)), e);
	if (r < 0) {
		*e = why;
		return r;
	}
	if (x->s->conf.fresh && x->en->baptise && x->en->baptise(x->g->arena, x->s, secret, hidden, &why) < 0)
		return with_last_words(x, arena_fmt(x->g->arena, "its first start could not be finished: %s", why.text), e);
	return 0;
}

/* "memory, pids": which limits the warnings are about; NULL: others too. */
static const char *limits_in(struct arena *a, const struct strs *warnings)
{
	static const char at[] = "/linux/resources/";
	struct text t = { .arena = a };
	size_t i;

	for (i = 0; i < warnings->n; i++) {
		const char *s = warnings->v[i];
		size_t n;

		if (strncmp(s, at, sizeof at - 1) != 0)
			return NULL;
		s += sizeof at - 1;
		n = strcspn(s, "/:");
		if (strstr(text_get(&t), arena_strn(a, s, n)))
			continue;
		text_fmt(&t, "%s%.*s", t.n ? ", " : "", (int)n, s);
	}
	return text_get(&t);
}

static int remember_warnings(struct starting *x, struct err *e)
{
	const struct strs *w = &x->warnings.texts;
	const char *limits = limits_in(x->g->arena, w);
	struct text t = { .arena = x->g->arena };
	size_t i;
	int r;

	if (!w->n) {
		r = sys_unlink(x->s->fd, SANDBOX_WARNINGS);
		return r < 0 && r != -ENOENT ? fail_sys(e, r, "%s/" SANDBOX_WARNINGS, x->s->dir) : 0;
	}
	for (i = 0; i < w->n; i++) {
		text_fmt(&t, "%s\n", w->v[i]);
		if (!limits && !x->o->quiet)
			log_warn("%s", w->v[i]);
	}
	if (limits && !x->o->quiet)
		log_warn("%s runs without limits for %s: this machine does not let us set them (sandbox inspect tells more)", x->s->name,
			 limits);
	return sandbox_write(x->s, SANDBOX_WARNINGS, text_get(&t), t.n, 0644, e);
}

static int finish(struct starting *x, struct err *e)
{
	TRY(wait_ready(x, e));
	x->o->ms = (sys_now_us() - x->began + 999) / 1000;
	TRY(remember_warnings(x, e));
	x->changed |= x->s->conf.fresh != NULL;
	x->s->conf.fresh = x->s->conf.old_password = NULL;
	return x->changed ? sandbox_save(x->s, e) : 0;
}

/* Where it is depends on who starts it: root and the user have different directories for such things. */
static void find_socket(struct starting *x)
{
	struct arena *a = x->g->arena;
	const char *name = replace(a, x->en->socket, "%s", x->s->conf.port ? x->s->conf.port : "0");
	const char *path = arena_fmt(a, "%s/%s", sandbox_socket_dir(a, x->s), name);

	x->changed |= !x->s->conf.socket || strcmp(path, x->s->conf.socket) != 0;
	x->s->conf.socket = path;
}

/* overlayfs refuses layers that it has mounted as "volatile" once: after the machine's own end they might lack what was never written to
 * the disk. So might the server's files, which it does not wait for either (templates/ENGINE/README.md); the end of a process costs
 * nothing. */
static int forget_volatile(const struct sandbox *s, struct err *e)
{
	AUTO_FD int work = sys_openat2(s->fd, ".work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (work == -ENOENT)
		return 0;
	if (work < 0)
		return fail_sys(e, work, "%.300s/.work", s->dir);
	return tree_empty(work, e);
}

/* overlayfs has made a directory of root's there where root mounts it: without sudo it would be in the way of the next mount. */
static void give_back_work(const struct sandbox *s)
{
	AUTO_FD int work = sys_openat2(s->fd, ".work/work", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (work >= 0)
		(void)!sys_chown(work, "", s->place.data_uid, s->place.data_gid, AT_EMPTY_PATH);
}

/* From one that does not run. */
static int bring_up(struct starting *x, struct err *e)
{
	struct sandbox *s = x->s;
	struct err ignored;
	bool killed, moved = !s->conf.name || strcmp(s->conf.name, s->name) != 0;
	int r;

	TRY(find_engine(x, e));
	TRY(sandbox_settle(x->g->arena, s, e));
	TRY(follow_name(x, e));
	TRY(take_port(x, e));
	if (moved || s->copied)
		TRY(sandbox_save(s, e)); /* the container's name is made of it */
	TRY(sandbox_make_socket_dir(x->g->arena, s, e));
	find_socket(x);
	TRY(open_template(x, e));
	TRY(describe(x, e));
	x->o->log_at = log_file_size(x->log);
	TRY(forget_volatile(s, e));
	if (box_start(x->g, &x->box, &x->o->pidfd, &x->pid, &x->warnings, e) < 0)
		return tell_limits(x, e);
	give_back_work(s);
	r = finish(x, e);
	if (r < 0) {
		(void)!box_stop(x->g, x->box.id, SIGKILL, 0, &killed, &ignored);
		fd_close(&x->o->pidfd);
	}
	return r;
}

/* One that runs: a start that was killed may have left it unfinished, or a stop ending. -ESRCH: it has ended. */
static int look_after(struct starting *x, int64_t pid, struct err *e)
{
	struct sandbox *s = x->s;
	struct err ended;

	TRY(find_engine(x, e));
	TRY(open_template(x, e));
	x->log = arena_fmt(x->g->arena, "%s/" SANDBOX_LOG, s->dir);
	x->o->log_at = log_file_size(x->log);
	x->o->pidfd = sys_pidfd_open((pid_t)pid);
	if (x->o->pidfd == -ESRCH ||
	    engine_wait_ready(x->en, s, sandbox_reached(s), sandbox_port(s), x->o->pidfd, x->o->timeout_ms, &ended) == -ESRCH) {
		fd_close(&x->o->pidfd);
		template_close(&x->template_);
		return -ESRCH;
	}
	x->o->already = s->conf.fresh == NULL;
	TRY(wait_ready(x, e));
	x->o->ms = (sys_now_us() - x->began + 999) / 1000;
	if (!s->conf.fresh)
		return 0;
	s->conf.fresh = s->conf.old_password = NULL;
	return sandbox_save(s, e);
}

static bool is_stopping(const struct sandbox *s)
{
	struct stat st;

	return sys_statat(s->fd, STOPPING, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is there of it, out of the way of a new one. */
static int clear_away(struct starting *x, const struct box_state *state, struct err *e)
{
	bool killed;

	if (state->status == BOX_NONE)
		return 0;
	if (state->status != BOX_DEAD && state->broker == 0)
		log_warn("%s: its network supervisor is gone, so it cannot be reached: it is restarted", x->s->name);
	if (state->status != BOX_DEAD && (state->broker == 0 || is_stopping(x->s)))
		return sandbox_stop(x->g, x->s, SANDBOX_STOP_MS, &killed, &killed, e);
	return box_stop(x->g, sandbox_container_id(x->g->arena, x->s), SIGKILL, 0, &killed, e);
}

static int start(struct starting *x, struct err *e)
{
	const char *id = sandbox_container_id(x->g->arena, x->s);
	struct box_state state;
	int r = -ESRCH;

	TRY(box_state(x->g, id, &state, e));
	if (state.status == BOX_PAUSED) /* by a snapshot that was killed */
		TRY(box_freeze(x->g, id, false, e));
	if ((state.status == BOX_RUNNING || state.status == BOX_PAUSED) && state.broker != 0 && !is_stopping(x->s))
		r = look_after(x, state.pid, e);
	if (r != -ESRCH)
		return r;
	TRY(clear_away(x, &state, e));
	(void)!sys_unlink(x->s->fd, STOPPING);
	return bring_up(x, e);
}

int sandbox_start(struct globals *g, struct sandbox *s, struct sandbox_start *o, struct err *e)
{
	struct starting x = { .g = g, .s = s, .o = o, .began = sys_now_us() };
	int r;

	o->already = false;
	o->pidfd = -1;
	template_init(&x.template_);
	r = start(&x, e);
	template_close(&x.template_);
	if (r == 0)
		r = sandbox_keep_until(g, s, e);
	return r;
}

int sandbox_stop(struct globals *g, const struct sandbox *s, uint64_t grace_ms, bool *ran, bool *killed, struct err *e)
{
	const struct engine *en = s->conf.server ? engine_named(s->conf.server) : NULL;
	const char *id = sandbox_container_id(g->arena, s);
	struct box_state state;
	struct err ignored;

	*ran = *killed = false;
	TRY(box_state(g, id, &state, e));
	if (state.status == BOX_NONE)
		return 0;
	*ran = state.status != BOX_DEAD;
	(void)!sandbox_write(s, STOPPING, "", 0, 0600, &ignored); /* a full disk prevents no stop */
	TRY(box_stop(g, id, en ? en->stop_signal : SIGTERM, grace_ms, killed, e));
	(void)!sys_unlink(s->fd, STOPPING);
	return 0;
}
