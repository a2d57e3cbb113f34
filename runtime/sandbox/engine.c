/* engine.c - the engines by name, their manifests, and the names that databases get. What one of them needs stands in engine_NAME.c.
 * Must not touch a sandbox. */
#include "sandbox/engine.h"
#include "oci/json.h"
#include "sandbox/builtin.h"
#include "sandbox/engine_impl.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

const struct engine *const engines[] = { &engine_postgres, &engine_mysql, &engine_mariadb, &engine_redis, NULL };

const struct engine *engine_named(const char *name)
{
	static const struct {
		const char *name;
		const struct engine *engine;
	} also[] = {
		{ "postgresql", &engine_postgres }, { "pg", &engine_postgres }, { "maria", &engine_mariadb },
	};
	size_t i;

	for (i = 0; engines[i]; i++)
		if (strcasecmp(name, engines[i]->name) == 0)
			return engines[i];
	for (i = 0; i < sizeof also / sizeof *also; i++)
		if (strcasecmp(name, also[i].name) == 0)
			return also[i].engine;
	return NULL;
}

int engine_resolve(struct arena *a, const struct engine *asked, const char *rootfs, const struct engine **server,
		   struct engine_programs *out, struct err *e)
{
	struct err why;
	int r;

	*server = asked;
	r = asked->find(a, rootfs, out, e);
	if (r != -ENOENT || asked != &engine_mysql)
		return r;
	if (engine_mariadb.find(a, rootfs, out, &why) < 0)
		return r; /* what was asked for is what is missed */
	*server = &engine_mariadb;
	out->note = arena_fmt(a, "mysql is served by MariaDB%s%s: there is no mysqld of MySQL %s", out->version ? " " : "",
			      out->version ? out->version : "", rootfs ? "in the image" : "on this machine");
	return 0;
}

/* The text with @WORD@ replaced by what stands at WORD's place in the list of words and values. */
static const char *fill(struct arena *a, const char *text, const char *const (*words)[2], size_t n)
{
	struct text t = { .arena = a };
	size_t i;

	while (*text) {
		size_t plain = strcspn(text, "@"), word;

		text_add(&t, text, plain);
		text += plain;
		if (!*text)
			break;
		word = strcspn(text + 1, "@");
		for (i = 0; i < n; i++)
			if (strlen(words[i][0]) == word && strncmp(text + 1, words[i][0], word) == 0)
				break;
		if (i == n) {
			text_add(&t, text++, 1);
			continue;
		}
		text_str(&t, words[i][1]);
		text += word + 2;
	}
	return text_get(&t);
}

static const char *json(struct arena *a, const char *s)
{
	struct text t = { .arena = a };

	text_json(&t, s);
	return text_get(&t);
}

int engine_manifest(struct arena *a, const struct engine *en, const struct sandbox *s, const char *memory, char **out, size_t *n,
		    struct err *e)
{
	const char *text = builtin_file(arena_fmt(a, "%s/capabilities.json", en->name));
	char port[8];
	size_t i;
	const char *const words[][2] = {
		{ "NAME", json(a, s->name) },
		{ "PORT", s->conf.port ? s->conf.port : arena_fmt(a, "%u", en->port) },
		{ "DATA", json(a, engine_inside(a, s, "data")) },
		{ "CONFIG", json(a, engine_inside(a, s, "config")) },
		{ "LOGS", json(a, engine_inside(a, s, "logs")) },
		{ "MEMORY", json(a, memory ? memory : en->memory) },
		{ "DATABASE", json(a, s->conf.database ? s->conf.database : "") },
	};

	for (i = 0; words[1][1][i]; i++)
		if (i == sizeof port || words[1][1][i] < '0' || words[1][1][i] > '9')
			return fail(e, EINVAL, "%s is no port", words[1][1]);
	*out = arena_str(a, fill(a, text, words, sizeof words / sizeof *words));
	*n = strlen(*out);
	return 0;
}

/* No limits: it happens once, before anybody's eyes, and what slows it down is waited for. */
static const char build_manifest[] =
	"{\n"
	"  \"sandbox\": \"" SANDBOX_TEMPLATE "\",\n"
	"  \"version\": \"1.0\",\n"
	"  \"capabilities\": {\n"
	"    \"network\": {\"listen\": [], \"connect\": []},\n"
	"    \"filesystem\": {\n"
	"      \"root\": \"host-ro\",\n"
	"      \"write\": [\"/sandboxes/" SANDBOX_TEMPLATE "/data\"],\n"
	"      \"tmpfs\": {\"/tmp\": \"1G\"}\n"
	"    },\n"
	"    \"process\": {\"user\": \"65534:65534\", \"cwd\": \"/tmp\", \"namespaces\": \"deny\"},\n"
	"    \"syscalls\": {\"profile\": \"default\"}\n"
	"  },\n"
	"  \"environment\": {\"HOME\": \"/tmp\"}\n"
	"}\n";

int engine_build_manifest(struct arena *a, const struct engine *en, char **out, size_t *n, struct err *e)
{
	(void)en;
	(void)e;
	*out = arena_str(a, build_manifest);
	*n = sizeof build_manifest - 1;
	return 0;
}

void engine_default_names(struct arena *a, const struct engine *en, const char *sandbox, struct sandbox_conf *c)
{
	char *name, *p;

	c->user = en->user;
	if (en == &engine_redis) {
		c->database = "0";
		return;
	}
	/* PostgreSQL's names have 63 bytes, a sandbox's up to 64 */
	name = arena_fmt(a, "%.60s_db", sandbox);
	for (p = name; *p; p++)
		if (*p == '-' || *p == '.')
			*p = '_';
	c->database = name;
}

void engine_names(struct arena *a, const struct engine *en, const char *sandbox, struct engine_wishes *w, struct sandbox_conf *c)
{
	engine_default_names(a, en, sandbox, c);
	/* MySQL has no way to rename what the init files made */
	if (w->init_dir && !w->database && (en == &engine_mysql || en == &engine_mariadb))
		w->database = "app";
	if (w->user)
		c->user = w->user;
	if (w->database)
		c->database = w->database;
}
