/* sandbox_make.c - from what somebody wants to a sandbox on disk, its data a clone of a template.
 * Must not start anything but a template's build, and must leave nothing when it fails. */
#include "base/log.h"
#include "base/units.h"
#include "sandbox/data.h"
#include "sandbox/environment.h"
#include "sandbox/port.h"
#include "store/files.h"
#include "sys/sys.h"
#include "verb/box.h"
#include "verb/make.h"
#include "verb/options.h"
#include "verb/sandbox_build.h"
#include "verb/sandbox_flow.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_PASSWORD 4096

struct wanted {
	struct globals *g;
	const struct place *place;
	struct sandbox_wish *w;
	struct sandbox *s;
	const struct engine *asked, *en;
	struct engine_programs programs;
	struct template_ template_;
	const char *memory;
	bool server; /* backend native */
};

int sandbox_allowed(const struct place *p, struct err *e)
{
	if (!p->environment || strcmp(p->environment, "production") != 0)
		return 0;
	return fail(e, EPERM,
		    "ENVIRONMENT=production%s%s%s: sandboxes are for development and tests; connect to the production database itself, "
		    "or set ENVIRONMENT=development for this command", p->env_file ? " (or " : "", p->env_file ? p->env_file : "",
		    p->env_file ? ")" : "");
}

/* --- wishes */

static int absolute(struct arena *a, const char *path, const char **out, struct err *e)
{
	const char *dir, *name = strrchr(path, '/');
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path = arena_strn(a, path, --n);
	if (file_is_directory(path))
		return file_directory(a, arena_fmt(a, "%s/.", path), out, e);
	if (sys_access(AT_FDCWD, path, R_OK, 0) < 0)
		return fail(e, ENOENT, "%s is not there, or cannot be read", path);
	TRY(file_directory(a, path, &dir, e));
	name = strrchr(path, '/');
	*out = arena_fmt(a, "%s/%s", strcmp(dir, "/") ? dir : "", name ? name + 1 : path);
	return 0;
}

static int password_of(struct wanted *x, struct err *e)
{
	const char *file = x->w->password_file;
	char *bytes;
	size_t n;

	if (x->w->password && file)
		return fail(e, EINVAL, "--password and --password-file contradict each other");
	if (x->w->password)
		x->w->wishes.password = x->w->password;
	if (!file)
		return 0;
	TRY(file_read(x->g->arena, file, MAX_PASSWORD, &bytes, &n, e));
	bytes[strcspn(bytes, "\r\n")] = 0;
	if (!*bytes)
		return fail(e, EINVAL, "%s holds no password", file);
	x->w->wishes.password = bytes;
	return 0;
}

/* -e NAME takes ours, as with docker. */
static void contract_env(struct wanted *x, struct strs *out)
{
	size_t i;

	for (i = 0; i < x->w->env.n; i++) {
		const char *s = x->w->env.v[i], *ours = strchr(s, '=') ? NULL : getenv(s);

		if (strchr(s, '='))
			strs_append(x->g->arena, out, s);
		else if (ours)
			strs_append(x->g->arena, out, arena_fmt(x->g->arena, "%s=%s", s, ours));
	}
}

static int read_wishes(struct wanted *x, struct err *e)
{
	struct sandbox_wish *w = x->w;
	struct strs env = { NULL, 0 };

	contract_env(x, &env);
	TRY(engine_contract(x->g->arena, x->asked, &env, &w->wishes, e));
	TRY(password_of(x, e));
	if (w->user)
		w->wishes.user = w->user;
	if (w->database)
		w->wishes.database = w->database;
	if (w->init)
		TRY(absolute(x->g->arena, w->init, &w->wishes.init_dir, e));
	w->wishes.settings = w->set;
	x->memory = w->memory ? w->memory : x->place->memory;
	return 0;
}

static int check_memory(struct wanted *x, uint64_t limit, const char *what, struct err *e)
{
	if (!x->server || limit >= x->en->least_memory)
		return 0;
	return fail(e, EINVAL, "%s %s: %s does not start with less than %s; its usual limit is %s", what,
		    manifest_size_text(x->g->arena, limit), x->en->title, manifest_size_text(x->g->arena, x->en->least_memory),
		    x->en->memory);
}

/* Before anything is made, or replaced. What is no size at all, the manifest's decoder refuses. */
static int check_wished_memory(struct wanted *x, struct err *e)
{
	struct err ignored;
	int64_t n;

	if (!x->memory || parse_bytes(x->memory, "", &n, &ignored) < 0 || n <= 0)
		return 0;
	return check_memory(x, (uint64_t)n, x->w->memory ? "--memory" : "WASI_MEMORY_LIMIT", e);
}

static int find_backend(struct wanted *x, struct err *e)
{
	const char *b = x->w->backend;

	x->server = b ? strcmp(b, "native") == 0 : !x->place->no_namespaces;
	if (b && strcmp(b, "docker") == 0)
		return fail(e, EINVAL, "--backend docker: that is what virtualize.sh does (docker run --runtime=wasirun)");
	if (b && strcmp(b, "native") != 0 && strcmp(b, "dir") != 0)
		return fail(e, EINVAL, "--backend %s: native (a server in a sandbox) or dir (a directory and variables)", b);
	return 0;
}

static int find_engine(struct wanted *x, struct err *e)
{
	x->asked = engine_named(x->w->engine);
	if (!x->asked)
		return fail(e, EINVAL, "\"%s\" is no engine: postgres, mysql, mariadb, redis", x->w->engine);
	x->en = x->asked;
	TRY(find_backend(x, e));
	TRY(read_wishes(x, e));
	if (!x->server)
		return 0;
	if (x->w->image) {
		TRY(absolute(x->g->arena, x->w->image, &x->w->image, e));
		TRY(sandbox_image(x->g, x->place, x->w->image, &x->w->image, e));
	}
	TRY(engine_resolve(x->g->arena, x->asked, x->w->image, &x->en, &x->programs, e));
	if (x->programs.note && x->w->visible)
		log_warn("%s", x->programs.note);
	return check_wished_memory(x, e);
}

/* --- configuration */

static int expiry(struct wanted *x, struct err *e)
{
	int64_t ms;

	if (!x->w->ttl)
		return 0;
	TRY(parse_duration(x->w->ttl, "--ttl", &ms, e));
	x->s->conf.expires = arena_fmt(x->g->arena, "%lld", (long long)time(NULL) + (ms + 999) / 1000);
	return 0;
}

static int lease(struct wanted *x, struct err *e)
{
	const char *port = x->w->port;
	uint64_t want = 0;
	uint16_t got;

	if (port && strcmp(port, "auto") != 0) {
		TRY(parse_number(port, UINT16_MAX, "port", &want, e));
		if (!want)
			return fail(e, EINVAL, "port 0: give a number from 1 to 65535, or auto");
	}
	/* nobody listens for a directory: it may describe a server that is there already */
	got = want ? (uint16_t)want : x->asked->port;
	if (x->server)
		TRY(port_lease(x->g->arena, x->s, (uint16_t)want, x->asked->port, sandbox_listens(x->s), &got, e));
	x->s->conf.port = arena_fmt(x->g->arena, "%u", got);
	return 0;
}

static int fill_conf(struct wanted *x, struct err *e)
{
	struct sandbox_conf *c = &x->s->conf;
	struct sandbox_wish *w = x->w;

	c->engine = x->asked->name;
	c->server = x->en->name;
	c->version = x->programs.version;
	c->backend = x->server ? "native" : "dir";
	c->image = w->image;
	c->publish = w->publish;
	c->created = arena_fmt(x->g->arena, "%lld", (long long)time(NULL));
	c->host = sandbox_reached(x->s);
	c->password = w->wishes.password;
	engine_names(x->g->arena, x->en, x->s->name, &w->wishes, c);
	if (!c->password)
		TRY(sandbox_new_password(x->g->arena, &c->password, e));
	TRY(expiry(x, e));
	return lease(x, e);
}

/* The value of a key of the manifest that we wrote ourselves. */
static int change_value(struct arena *a, char **text, const char *key, const char *value, struct err *e)
{
	const char *word = arena_fmt(a, "\"%s\": ", key), *at = strstr(*text, word);
	size_t n;

	if (!at)
		return fail(e, EINVAL, "the template's manifest has no %s", key);
	at += strlen(word);
	n = strcspn(at, ",\n");
	*text = arena_fmt(a, "%.*s%s%s", (int)(at - *text), *text, value, at + n);
	return 0;
}

static int own_manifest(struct wanted *x, char **text, struct err *e)
{
	struct arena *a = x->g->arena;
	const char *address = x->s->conf.publish, *port = x->s->conf.port;
	struct text quoted = { .arena = a };
	char *at, *from;
	uint64_t v;
	size_t n;

	TRY(engine_manifest(a, x->en, x->s, x->memory, text, &n, e));
	if (x->w->cpu) {
		text_json(&quoted, x->w->cpu);
		TRY(change_value(a, text, "cpu", text_get(&quoted), e));
	}
	if (x->w->pids) {
		TRY(parse_number(x->w->pids, INT32_MAX, "--pids", &v, e));
		TRY(change_value(a, text, "pids", x->w->pids, e));
	}
	from = arena_fmt(a, "\"0.0.0.0:%s\"", port);
	at = strstr(*text, from);
	if (address && at)
		*text = arena_fmt(a, strchr(address, ':') ? "%.*s\"[%s]:%s\"%s" : "%.*s\"%s:%s\"%s", (int)(at - *text), *text, address,
				  port, at + strlen(from));
	return 0;
}

static int write_manifest(struct wanted *x, struct err *e)
{
	struct box b = { .name = x->s->name, .dir = x->s->dir, .uid = x->place->data_uid, .what = x->w->manifest };
	struct manifest checked;
	char *text;
	size_t n;

	if (x->w->manifest && (x->memory || x->w->cpu || x->w->pids))
		return fail(e, EINVAL, "--manifest says what the limits are: leave --memory, --cpu and --pids out (and WASI_MEMORY_LIMIT)");
	if (x->w->manifest)
		TRY(file_read(x->g->arena, x->w->manifest, JSON_MAX_MANIFEST, &text, &n, e));
	else
		TRY(own_manifest(x, &text, e));
	b.manifest = text;
	b.manifest_n = strlen(text);
	if (!b.what)
		b.what = "the manifest";
	TRY(box_decode(x->g, &b, &checked, e));
	if (checked.memory.set)
		TRY(check_memory(x, checked.memory.v, arena_fmt(x->g->arena, "%s: a memory limit of", b.what), e));
	return sandbox_write(x->s, SANDBOX_MANIFEST, text, b.manifest_n, 0644, e);
}

static int write_settings(struct wanted *x, struct err *e)
{
	struct strs argv = { NULL, 0 }, files = { NULL, 0 };
	size_t i;

	x->s->conf.fresh = "1";
	TRY(x->en->command(x->g->arena, &x->programs, x->s, &x->w->wishes, &argv, &files, e));
	for (i = 0; i + 1 < files.n; i += 2)
		TRY(sandbox_write(x->s, arena_fmt(x->g->arena, "config/%s", files.v[i]), files.v[i + 1], strlen(files.v[i + 1]), 0644, e));
	return 0;
}

/* --- data */

static int clone_data(struct wanted *x, struct err *e)
{
	const char *storage = x->w->storage;

	/* an overlay waits for no disk */
	if (!storage && engine_wants_durability(x->en, &x->w->wishes))
		storage = "copy";
	TRY(sandbox_clone_data(x->g->arena, x->s, &x->template_, storage, e));
	if (x->template_.version && *x->template_.version)
		x->s->conf.version = x->template_.version;
	return 0;
}

static int fill(struct wanted *x, struct err *e)
{
	TRY(fill_conf(x, e));
	if (x->server) {
		TRY(sandbox_template_need(x->g, x->place, x->en, &x->programs, &x->w->wishes, x->w->image, &x->template_, e));
		TRY(clone_data(x, e));
		TRY(write_settings(x, e));
	}
	TRY(write_manifest(x, e));
	TRY(activate_write(x->g->arena, x->s, e));
	return sandbox_save(x->s, e);
}

static void undo(struct sandbox *s)
{
	struct err ignored;

	template_unuse(s);
	if (sandbox_port(s))
		port_release(s, sandbox_port(s));
	(void)!sandbox_remove(s, &ignored);
	sandbox_close(s);
}

static int drop_old(struct wanted *x, struct err *e)
{
	int r = sandbox_destroy(x->g, x->place, x->w->name, false, NULL, e);

	return r == -ENOENT ? 0 : r;
}

int sandbox_make(struct globals *g, const struct place *p, struct sandbox_wish *w, struct sandbox *out, struct err *e)
{
	struct wanted x = { .g = g, .place = p, .w = w, .s = out };
	int r;

	sandbox_init(out);
	template_init(&x.template_);
	TRY(sandbox_allowed(p, e));
	TRY(sandbox_check_name(w->name, e));
	TRY(find_engine(&x, e));
	if (w->replace)
		TRY(drop_old(&x, e));
	TRY(sandbox_claim(g->arena, p, w->name, out, e));
	r = fill(&x, e);
	if (r < 0)
		undo(out);
	template_close(&x.template_);
	return r;
}
