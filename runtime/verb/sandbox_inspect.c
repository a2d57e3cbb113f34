/* sandbox_inspect.c - `sandbox inspect`: all that is known of one.
 * Must not tell its password unless it is asked for it, and must not change anything. */
#include "base/fd.h"
#include "base/log.h"
#include "base/utc.h"
#include "sandbox/environment.h"
#include "sandbox/look.h"
#include "store/files.h"
#include "verb/options.h"
#include "verb/sandbox_flow.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

struct options {
	struct sandbox_common common;
	const char *password;
};
static const struct opt opts[] = {
	SANDBOX_READING_ROWS,
	{ "password", 0, OPT_FLAG, NULL, "the password too", offsetof(struct options, password) },
	{ NULL },
};

/* What is found out beyond the view. */
struct facts {
	struct arena *a;
	const struct view *v;
	bool password;
	look_namespaces namespaces; /* n = 0: it does not run, or cannot be seen */
	const char *enter;          /* the command that enters them */
	struct look_memory memory;
	struct strs warnings;
	bool decoded;
	struct manifest manifest;
};

static void find_warnings(struct facts *f)
{
	struct err none;
	char *bytes, *line, *end;
	size_t n;

	if (sandbox_read(f->a, &f->v->s, SANDBOX_WARNINGS, &bytes, &n, &none) < 0)
		return;
	for (line = bytes; *line; line = end + (*end == '\n')) {
		end = strchrnul(line, '\n');
		if (end > line)
			*arena_push(f->a, &f->warnings) = arena_strn(f->a, line, (size_t)(end - line));
	}
}

/* What the last start could not have of "/linux/resources", the manifest's words do not claim. */
static void mark_limits(struct facts *f)
{
	static const char at[] = "/linux/resources", *const names[] = { "memory", "cpu", "pids" };
	size_t i, k;

	for (i = 0; i < f->warnings.n; i++) {
		const char *s = f->warnings.v[i];
		size_t n;

		if (strncmp(s, at, sizeof at - 1) != 0)
			continue;
		s += sizeof at - 1;
		n = *s == '/' ? strcspn(++s, "/:") : 0; /* 0: none of them */
		for (k = 0; k < sizeof names / sizeof *names; k++)
			if (!n || (strlen(names[k]) == n && strncmp(names[k], s, n) == 0))
				strs_append(f->a, &f->manifest.not_enforced, names[k]);
	}
}

static void find_manifest(struct globals *g, struct facts *f)
{
	const struct sandbox *s = &f->v->s;
	struct box b = { .name = s->name, .dir = s->dir, .uid = s->place.data_uid };
	struct err why;
	char *bytes;

	b.what = arena_fmt(f->a, "%s/" SANDBOX_MANIFEST, s->dir);
	if (sandbox_read(f->a, s, SANDBOX_MANIFEST, &bytes, &b.manifest_n, &why) < 0) {
		if (why.code != ENOENT)
			log_warn("%s", why.text);
		return;
	}
	b.manifest = bytes;
	f->decoded = box_decode(g, &b, &f->manifest, &why) >= 0;
	if (f->decoded)
		mark_limits(f);
	else
		log_warn("%s", why.text);
}

static void find_processes(struct facts *f)
{
	pid_t pid = (pid_t)f->v->pid;
	struct err why;

	if (pid <= 0)
		return;
	if (look_at_namespaces(f->a, pid, &f->namespaces, &why) < 0)
		log_warn("%s", why.text);
	/* one id exists in there, so that nsenter must leave ours as they are */
	f->enter = arena_fmt(f->a, "%snsenter --target %d --all --preserve-credentials", geteuid() ? "" : "sudo ", pid);
	look_at_memory(f->a, &f->v->s, pid, &f->memory);
}

static void print_json(struct json_out *w, const struct facts *f)
{
	size_t i;

	json_open(w, '{');
	view_json(f->a, w, f->v);
	if (f->password && f->v->whole) {
		view_json_str(w, "password", f->v->s.conf.password);
		view_json_str(w, "url", environment_url(f->a, &f->v->s));
	}
	json_key(w, "namespaces");
	json_open(w, '{');
	for (i = 0; i < f->namespaces.n; i++) {
		json_key(w, f->namespaces.v[i].name);
		json_open(w, '{');
		json_key(w, "inode");
		json_put_uint(w, f->namespaces.v[i].inode);
		json_key(w, "own");
		json_put_bool(w, f->namespaces.v[i].own);
		json_close(w, '}');
	}
	json_close(w, '}');
	view_json_str(w, "enter", f->enter);
	json_key(w, "memory");
	if (f->memory.known) {
		json_open(w, '{');
		json_key(w, "server");
		json_put_uint(w, f->memory.server);
		json_key(w, "overhead");
		if (f->memory.overhead_known)
			json_put_uint(w, f->memory.overhead);
		else
			json_put_null(w);
		json_key(w, "processes");
		json_put_uint(w, f->memory.processes);
		json_close(w, '}');
	} else {
		json_put_null(w);
	}
	json_key(w, "not_enforced");
	json_open(w, '[');
	for (i = 0; i < f->warnings.n; i++)
		json_put_str(w, f->warnings.v[i]);
	json_close(w, ']');
	json_key(w, "manifest");
	if (f->decoded)
		manifest_print_json(w, &f->manifest);
	else
		json_put_null(w);
	json_close(w, '}');
}

static void line(struct text *t, const char *what, const char *value)
{
	if (value)
		text_fmt(t, "  %-11s %s\n", what, value);
}

static const char *moment(struct arena *a, const char *seconds, bool ahead)
{
	int64_t t = view_number(seconds), now = view_now();
	char stamp[UTC_BYTES];

	if (t < 0)
		return ahead ? "never" : NULL;
	utc_format(t, stamp);
	if (ahead)
		return arena_fmt(a, t > now ? "%sZ (in %s)" : "%sZ (%s ago: `wasirun sandbox prune` deletes it)", stamp,
				 view_span(a, t > now ? t - now : now - t));
	return arena_fmt(a, "%sZ (%s ago)", stamp, view_span(a, now - t));
}

static void print_conf(struct text *t, const struct facts *f)
{
	const struct sandbox_conf *c = &f->v->s.conf;
	struct arena *a = f->a;

	line(t, "directory", f->v->s.dir);
	line(t, "id", c->id);
	if (c->database)
		line(t, "database", arena_fmt(a, "%s, user %s", c->database, c->user ? c->user : "-"));
	if (c->password)
		line(t, "password", f->password ? c->password : "not shown (--password)");
	if (f->password)
		line(t, "url", environment_url(a, &f->v->s));
	if (c->port)
		line(t, "address", sandbox_address(a, c->host, c->port));
	line(t, "socket", c->socket);
	line(t, "published", c->publish);
	line(t, "image", c->image);
	line(t, "storage", arena_fmt(a, "%s on disk%s%s%s%s", view_size(a, view_disk(f->v)), c->storage ? ", " : "",
				     c->storage ? c->storage : "", c->template_ ? " of the template " : "",
				     c->template_ ? c->template_ : ""));
	line(t, "created", moment(a, c->created, false));
	line(t, "expires", moment(a, c->expires, true));
	if (f->memory.known)
		line(t, "memory", arena_fmt(a, "%s in %u process%s, and %s of wasirun's beside them", view_size(a, f->memory.server),
					    f->memory.processes, f->memory.processes == 1 ? "" : "es",
					    f->memory.overhead_known ? view_size(a, f->memory.overhead) : "what only root sees"));
}

static void print_text(struct text *t, const struct facts *f)
{
	size_t i;

	view_line(f->a, t, f->v);
	if (!f->v->whole)
		return;
	print_conf(t, f);
	if (f->namespaces.n) {
		text_str(t, "\nNamespaces of its server\n");
		for (i = 0; i < f->namespaces.n; i++)
			line(t, f->namespaces.v[i].name, arena_fmt(f->a, "%ju%s", (uintmax_t)f->namespaces.v[i].inode,
								   f->namespaces.v[i].own ? "" : "  (shared with this process)"));
		line(t, "enter them", f->enter);
	}
	if (f->warnings.n)
		text_str(t, "\nAsked for, but not to be had on this machine\n");
	for (i = 0; i < f->warnings.n; i++)
		text_fmt(t, "  %s\n", f->warnings.v[i]);
	if (f->decoded) {
		text_str(t, "\n");
		manifest_print(t, &f->manifest, arena_fmt(f->a, "%s/" SANDBOX_MANIFEST, f->v->s.dir));
	}
}

static int inspect(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct view v;
	struct facts f = { .a = g->arena, .v = &v, .password = o->password != NULL };
	struct place p;

	(void)argc;
	TRY(sandbox_place(g, &o->common, &p, e));
	TRY(view_open(g, &p, argv[0], &v, e));
	if (v.whole) {
		find_warnings(&f);
		find_manifest(g, &f);
		find_processes(&f);
	}
	if (o->common.json) {
		print_json(&w, &f);
		text_str(&t, "\n");
	} else {
		print_text(&t, &f);
	}
	view_close(&v);
	return file_print_foreign(text_get(&t), t.n, e);
}

const struct verb verb_sandbox_inspect = {
	.name = "inspect",
	.args = "NAME",
	.summary = "tell all about a sandbox: how to reach it, what it may do, what it costs",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = inspect,
};
