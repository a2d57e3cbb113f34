/* sandbox_view.c - a sandbox as those commands see it that change nothing.
 * Must not take its lock: who looks never waits for who works. */
#include "sys/sys.h"
#include "verb/sandbox_flow.h"
#include "verb/sandbox_view.h"
#include "base/fd.h"
#include "base/utc.h"
#include "sandbox/conf.h"
#include "sandbox/engine.h"
#include "sandbox/look.h"
#include "sandbox/storage.h"
#include <string.h>
#include <time.h>

static int box(struct globals *g, struct view *v, struct err *e)
{
	static const char *const names[] = { [BOX_NONE] = "stopped", [BOX_RUNNING] = "running", [BOX_PAUSED] = "paused",
					     [BOX_DEAD] = "died" };
	struct box_state b;

	if (!strcmp(v->s.conf.backend, "dir")) {
		v->state = "dir";
		return 0;
	}
	TRY(box_state(g, sandbox_container_id(g->arena, &v->s), &b, e));
	v->state = names[b.status];
	v->up = b.status == BOX_RUNNING || b.status == BOX_PAUSED;
	v->pid = v->up ? b.pid : 0;
	v->broker = b.broker;
	if (!v->up && look_elsewhere(&v->s)) {
		v->state = "running";
		v->up = v->elsewhere = true;
	}
	return 0;
}

int view_open(struct globals *g, const struct place *p, const char *name, struct view *out, struct err *e)
{
	struct err why;
	int r;

	*out = (struct view){ .broker = -1 };
	r = sandbox_open(g->arena, p, name, false, &out->s, &why);
	if (r == 0) {
		out->whole = true;
		r = box(g, out, &why);
		if (r < 0)
			out->state = "damaged"; /* what is known of its container */
	} else {
		struct err ignored;

		r = sandbox_open_left(g->arena, p, name, &out->s, &ignored);
		if (r < 0) {
			*e = why;
			return -e->code;
		}
		if (why.code != ENOENT)
			out->state = "damaged";
		else if (tree_is_locked(out->s.fd) || sys_access(out->s.fd, SANDBOX_CONF, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			out->state = "busy"; /* or it was until a moment ago, and is whole now: prune must not take it for a killed one's */
		else
			out->state = "unfinished";
		r = -why.code;
	}
	if (r < 0)
		out->problem = arena_str(g->arena, why.text);
	return 0;
}

void view_close(struct view *v)
{
	sandbox_close(&v->s);
}

const char *view_size(struct arena *a, uint64_t bytes)
{
	static const char units[] = "BKMGT";
	double v = (double)bytes;
	int i = 0;

	for (; v >= 1000 && i < 4; i++)
		v /= 1024;
	if (!i)
		return arena_fmt(a, "%.0fB", v);
	return arena_fmt(a, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[i]);
}

const char *view_span(struct arena *a, int64_t seconds)
{
	if (seconds < 0)
		seconds = 0;
	if (seconds < 120)
		return arena_fmt(a, "%jd s", (intmax_t)seconds);
	if (seconds < 120 * 60)
		return arena_fmt(a, "%jd min", (intmax_t)seconds / 60);
	if (seconds < 48 * 3600)
		return arena_fmt(a, "%jd h", (intmax_t)seconds / 3600);
	return arena_fmt(a, "%jd days", (intmax_t)seconds / 86400);
}

int64_t view_number(const char *s)
{
	int64_t v = 0;

	if (!s || !*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > INT64_MAX / 10 - 1)
			return -1;
		v = v * 10 + (*s - '0');
	}
	return v;
}

int64_t view_now(void)
{
	return time(NULL);
}

uint64_t view_disk(const struct view *v)
{
	struct tree_size size;
	struct err ignored;

	return tree_measure(v->s.fd, &size, &ignored) < 0 ? 0 : size.bytes;
}

void view_json_str(struct json_out *w, const char *key, const char *value)
{
	json_key(w, key);
	if (value)
		json_put_str(w, value);
	else
		json_put_null(w);
}

static void put_number(struct json_out *w, const char *key, int64_t value)
{
	json_key(w, key);
	if (value >= 0)
		json_put_int(w, value);
	else
		json_put_null(w);
}

static void put_time(struct arena *a, struct json_out *w, const char *key, const char *seconds)
{
	int64_t t = view_number(seconds);
	char stamp[UTC_BYTES];

	if (t >= 0)
		utc_format(t, stamp);
	view_json_str(w, key, t < 0 ? NULL : arena_fmt(a, "%sZ", stamp));
}

void view_json(struct arena *a, struct json_out *w, const struct view *v)
{
	const struct sandbox_conf *c = &v->s.conf;

	view_json_str(w, "name", v->s.name);
	view_json_str(w, "dir", v->s.dir);
	view_json_str(w, "state", v->state);
	if (v->problem)
		view_json_str(w, "problem", v->problem);
	if (!v->whole)
		return;
	json_key(w, "running");
	json_put_bool(w, v->up);
	put_number(w, "pid", v->pid > 0 ? v->pid : -1);
	view_json_str(w, "engine", c->engine);
	view_json_str(w, "server", c->server);
	view_json_str(w, "version", c->version);
	view_json_str(w, "backend", c->backend);
	view_json_str(w, "host", c->host);
	put_number(w, "port", view_number(c->port));
	view_json_str(w, "socket", c->socket);
	view_json_str(w, "database", c->database);
	view_json_str(w, "user", c->user);
	view_json_str(w, "publish", c->publish);
	view_json_str(w, "storage", c->storage);
	view_json_str(w, "template", c->template_);
	view_json_str(w, "image", c->image);
	json_key(w, "bytes");
	json_put_uint(w, view_disk(v));
	put_time(a, w, "created", c->created);
	put_time(a, w, "expires", c->expires);
}

static const char *title(const struct sandbox_conf *c)
{
	const struct engine *en = engine_named(c->server ? c->server : c->engine);

	return en ? en->title : c->engine;
}

void view_line(struct arena *a, struct text *t, const struct view *v)
{
	const struct sandbox_conf *c = &v->s.conf;

	text_fmt(t, "%s: ", v->s.name);
	if (!v->whole) {
		text_fmt(t, "%s: %s\n", v->state, v->problem);
		return;
	}
	if (!strcmp(v->state, "dir")) {
		text_fmt(t, "a directory with variables for %s, without a server\n", title(c));
		return;
	}
	text_fmt(t, "%s, %s%s%s", v->state, title(c), c->version ? " " : "", c->version ? c->version : "");
	if (v->up && c->port)
		text_fmt(t, " on %s", sandbox_address(a, c->host, c->port));
	if (v->pid > 0)
		text_fmt(t, ", pid %jd, for %s", (intmax_t)v->pid, view_span(a, look_age(a, (pid_t)v->pid)));
	if (v->elsewhere)
		text_str(t, ", started by another user (sudo?)");
	if (v->up && v->broker == 0)
		text_fmt(t, "; its network's supervisor is gone: `wasirun sandbox restart %s`", v->s.name);
	if (!strcmp(v->state, "died"))
		text_fmt(t, "; `wasirun sandbox logs -n 20 %s` shows its last words", v->s.name);
	text_str(t, "\n");
}
