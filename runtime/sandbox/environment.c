/* environment.c - what programs are told of a sandbox, and the notations it is told in.
 * Must not ask the sandbox: all of it stands in its configuration. */
#include "sandbox/environment.h"
#include "oci/utf8.h"
#include <errno.h>
#include <string.h>

static void add(struct arena *a, struct strs *out, const char *prefix, const char *name, const char *value)
{
	if (value)
		*arena_push(a, out) = arena_fmt(a, "%s%s=%s", prefix, name, value);
}

/* arena_push leaves no NULL at the end, which an argv or envp needs. */
static void terminate(struct arena *a, struct strs *out)
{
	*arena_push(a, out) = NULL;
	out->n--;
}

static bool unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-._~", c);
}

static void percent(struct text *t, const char *s)
{
	for (; *s; s++) {
		if (unreserved(*s))
			text_add(t, s, 1);
		else
			text_fmt(t, "%%%02X", (unsigned char)*s);
	}
}

const char *environment_url(struct arena *a, const struct sandbox *s)
{
	const struct engine *en = engine_named(s->conf.engine);
	struct text t = { .arena = a };

	text_fmt(&t, "%s://", en ? en->scheme : s->conf.engine);
	if (s->conf.user) {
		percent(&t, s->conf.user);
		if (s->conf.password) {
			text_str(&t, ":");
			percent(&t, s->conf.password);
		}
		text_str(&t, "@");
	}
	if (s->conf.host)
		text_fmt(&t, strchr(s->conf.host, ':') ? "[%s]" : "%s", s->conf.host);
	text_fmt(&t, ":%s", s->conf.port ? s->conf.port : "");
	if (s->conf.database) {
		text_str(&t, "/");
		percent(&t, s->conf.database);
	}
	return text_get(&t);
}

static int check_prefix(const char *prefix, struct err *e)
{
	const char *c;

	for (c = prefix; *c; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || *c == '_' || (c > prefix && *c >= '0' && *c <= '9')))
			return fail(e, EINVAL, "\"%.40s\" begins no variable's name: letters, digits and _, such as DB_VM_", prefix);
	return 0;
}

/* The engine's own, but for those that have no value: an empty PGPASSWORD says as much as none. */
static void own_variables(struct arena *a, const struct engine *en, const struct sandbox *s, struct strs *out)
{
	struct strs all = { 0 };
	size_t i;

	en->variables(a, s, &all);
	for (i = 0; i < all.n; i++)
		if (strchr(all.v[i], '=')[1])
			*arena_push(a, out) = all.v[i];
}

int environment_of(struct arena *a, const struct sandbox *s, const char *prefix, struct strs *out, struct err *e)
{
	const struct sandbox_conf *c = &s->conf;
	const struct engine *en = c->engine ? engine_named(c->engine) : NULL;
	const char *p = prefix ? prefix : "DB_";

	*out = (struct strs){ 0 };
	TRY(check_prefix(p, e));
	if (!en)
		return fail(e, EINVAL, "sandbox %s: \"%.40s\" is no engine that wasirun knows", s->name, c->engine ? c->engine : "");
	if (!prefix)
		add(a, out, p, "ENGINE", c->engine);
	add(a, out, p, "HOST", c->host);
	add(a, out, p, "PORT", c->port);
	add(a, out, p, "NAME", c->database);
	add(a, out, p, "USER", c->user);
	add(a, out, p, "PASSWORD", c->password);
	if (!prefix) {
		add(a, out, p, "SOCKET", c->socket);
		add(a, out, "", "DATABASE_URL", environment_url(a, s));
		add(a, out, "", "SANDBOX_NAME", s->name);
		add(a, out, "", "SANDBOX_DIR", s->dir);
		add(a, out, "", "SANDBOX_ENGINE", c->engine);
		add(a, out, "", "SANDBOX_CAPS", arena_fmt(a, "%s/config/capabilities.json", s->dir));
		own_variables(a, en, s, out);
	}
	terminate(a, out);
	return 0;
}

static const struct {
	const char *name;
	enum env_format format;
} formats[] = {
	{ "sh", ENV_SH },     { "bash", ENV_SH },   { "zsh", ENV_SH },       { "fish", ENV_FISH }, { "dotenv", ENV_DOTENV },
	{ "env", ENV_DOTENV }, { "json", ENV_JSON }, { "docker", ENV_DOCKER },
};

int env_format_named(const char *name, enum env_format *out, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(formats[i].name, name)) {
			*out = formats[i].format;
			return 0;
		}
	return fail(e, EINVAL, "invalid format \"%.40s\": sh, fish, dotenv, json or docker", name);
}

/* s in quotes, each of the characters of `special` written as `escape` followed by it. */
static void quoted(struct text *t, const char *s, const char *quote, const char *special, const char *escape)
{
	text_str(t, quote);
	for (; *s; s++) {
		if (strchr(special, *s))
			text_str(t, escape);
		text_add(t, s, 1);
	}
	text_str(t, quote);
}

/* No dialect of .env is all there is: what stands bare or in '...' is read alike by all of them; the rest is written for `source`. */
static void dotenv_value(struct text *t, const char *s)
{
	const char *c;

	for (c = s; *c && *c != '~' && (unreserved(*c) || strchr("/:@%+,", *c)); c++)
		;
	if (!*c && *s)
		text_str(t, s);
	else if (!strpbrk(s, "'\\"))
		quoted(t, s, "'", "", "");
	else
		quoted(t, s, "\"", "\\\"$`", "\\");
}

static void sh_value(struct text *t, const char *s)
{
	text_str(t, "'");
	for (; *s; s++) {
		if (*s == '\'')
			text_str(t, "'\\''");
		else
			text_add(t, s, 1);
	}
	text_str(t, "'");
}

static void fish_value(struct text *t, const char *s)
{
	quoted(t, s, "'", "'\\", "\\");
}

void environment_source(struct text *t, const char *file, enum env_format f)
{
	text_str(t, f == ENV_FISH ? "source " : ". ");
	if (f == ENV_FISH)
		fish_value(t, file);
	else
		sh_value(t, file);
	text_str(t, "\n");
}

static bool is_utf8(struct arena *a, const char *s)
{
	char *copy = arena_str(a, s), *c;
	size_t at;

	for (c = copy; *c; c++)
		if (*c == '\\') /* here they begin no JSON escape */
			*c = '/';
	return !utf8_check_json(copy, strlen(copy), &at);
}

static int check_value(struct arena *a, const char *name, const char *value, enum env_format f, struct err *e)
{
	if (f == ENV_DOCKER && strpbrk(value, "\r\n"))
		return fail(e, EINVAL, "%s holds a line break, which a Docker env file cannot say; --format json can", name);
	if ((f == ENV_DOCKER || f == ENV_JSON) && !is_utf8(a, value))
		return fail(e, EINVAL, "%s is not UTF-8, as %s must be; --format sh can say it", name,
			    f == ENV_JSON ? "JSON" : "a Docker env file");
	return 0;
}

static void print_one(struct text *t, const char *name, const char *value, enum env_format f, bool first)
{
	switch (f) {
	case ENV_SH:
		text_fmt(t, "export %s=", name);
		sh_value(t, value);
		break;
	case ENV_FISH:
		text_fmt(t, "set -gx %s ", name);
		fish_value(t, value);
		break;
	case ENV_DOTENV:
		text_fmt(t, "%s=", name);
		dotenv_value(t, value);
		break;
	case ENV_JSON:
		text_str(t, first ? "  " : ",\n  ");
		text_json(t, name);
		text_str(t, ": ");
		text_json(t, value);
		return;
	case ENV_DOCKER:
		text_fmt(t, "%s=%s", name, value);
		break;
	}
	text_str(t, "\n");
}

int environment_print(struct text *t, const struct strs *vars, enum env_format f, struct err *e)
{
	size_t i;

	for (i = 0; i < vars->n; i++) {
		const char *eq = strchr(vars->v[i], '=');

		if (!eq || eq == vars->v[i])
			return fail(e, EINVAL, "\"%.40s\" is no NAME=value", vars->v[i]);
		TRY(check_value(t->arena, arena_strn(t->arena, vars->v[i], (size_t)(eq - vars->v[i])), eq + 1, f, e));
	}
	if (f == ENV_JSON)
		text_str(t, "{\n");
	for (i = 0; i < vars->n; i++) {
		const char *eq = strchr(vars->v[i], '=');

		print_one(t, arena_strn(t->arena, vars->v[i], (size_t)(eq - vars->v[i])), eq + 1, f, i == 0);
	}
	if (f == ENV_JSON)
		text_str(t, "\n}\n");
	return 0;
}
