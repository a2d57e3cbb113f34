/* sandbox_tell.c - what is said of a sandbox: where it is reached, and how to connect.
 * Must not look at more than its configuration. */
#include "sandbox/environment.h"
#include "store/files.h"
#include "verb/sandbox_flow.h"
#include "verb/sandbox_view.h"
#include <string.h>

const char *sandbox_listens(const struct sandbox *s)
{
	return s->conf.publish ? s->conf.publish : "127.0.0.1";
}

bool sandbox_is_wildcard(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

const char *sandbox_reached(const struct sandbox *s)
{
	const char *address = sandbox_listens(s);

	return !sandbox_is_wildcard(address) ? address : address[0] == ':' ? "::1" : "127.0.0.1";
}

const char *sandbox_address(struct arena *a, const char *host, const char *port)
{
	if (!host)
		host = "127.0.0.1";
	return arena_fmt(a, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port ? port : "-");
}

uint16_t sandbox_port(const struct sandbox *s)
{
	int64_t port = view_number(s->conf.port);

	return port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
}

int64_t sandbox_expires(const struct sandbox *s)
{
	int64_t at = view_number(s->conf.expires);

	return at < 0 ? INT64_MAX : at;
}

const char *sandbox_title(struct arena *a, const struct sandbox *s)
{
	const struct engine *en = s->conf.server ? engine_named(s->conf.server) : s->conf.engine ? engine_named(s->conf.engine) : NULL;

	if (!en)
		return s->conf.engine ? s->conf.engine : "sandbox";
	return s->conf.version ? arena_fmt(a, "%s %s", en->title, s->conf.version) : en->title;
}

const char *sandbox_short_path(struct arena *a, const char *path)
{
	const char *here;
	struct err ignored;
	size_t n;

	if (file_directory(a, ".", &here, &ignored) < 0)
		return path;
	n = strlen(here);
	return strncmp(path, here, n) == 0 && path[n] == '/' ? path + n + 1 : path;
}

int sandbox_tell(struct globals *g, const struct sandbox *s, const struct sandbox_start *o, bool json, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct strs vars = { NULL, 0 };

	if (json) {
		TRY(environment_of(g->arena, s, NULL, &vars, e));
		TRY(environment_print(&t, &vars, ENV_JSON, e));
		return file_print(text_get(&t), t.n, e);
	}
	text_fmt(&t, "%s: ", s->name);
	if (s->conf.backend && strcmp(s->conf.backend, "dir") == 0)
		text_fmt(&t, "directory and variables for %s on port %s, no server", s->conf.engine, s->conf.port);
	else
		text_fmt(&t, "%s on %s", sandbox_title(g->arena, s), sandbox_address(g->arena, sandbox_listens(s), s->conf.port));
	if (o && o->already)
		text_str(&t, ", running already");
	else if (o)
		text_fmt(&t, ", ready in %lld ms", (long long)o->ms);
	text_fmt(&t, "; source %s/activate\n", sandbox_short_path(g->arena, s->dir));
	return file_print(text_get(&t), t.n, e);
}
