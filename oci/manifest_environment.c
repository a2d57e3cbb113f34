/* manifest_environment.c - variables and secrets.
 * Must not read a secret: it is handed over when the sandbox starts, and never stands in a message. */
#include "oci/manifest_doc.h"
#include <string.h>

#define NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

static const char *key_pointer(struct reader *r, const char *object, const char *key)
{
	struct text t = { .arena = r->g->arena };

	text_fmt(&t, "/%s/", object);
	for (; *key; key++)
		text_fmt(&t, *key == '~' ? "~0" : *key == '/' ? "~1" : "%c", *key);
	return text_get(&t);
}

static bool is_variable(const char *s, size_t n)
{
	return n && !(*s >= '0' && *s <= '9') && strspn(s, NAME) >= n;
}

static void set_variable(struct reader *r, const struct kv *v)
{
	struct kvs *out = &r->g->out->environment;
	size_t i;

	for (i = 0; i < out->n; i++)
		if (!strcmp(out->v[i].key, v->key)) {
			out->v[i].value = v->value;
			return;
		}
	*arena_push(r->g->arena, out) = *v;
}

static void take_pass(struct reader *r, const struct strs *s)
{
	size_t i, n;

	for (i = 0; i < s->n; i++) {
		if (!s->v[i])
			continue;
		n = strlen(s->v[i]);
		if (!is_variable(s->v[i], n && s->v[i][n - 1] == '*' ? n - 1 : n))
			complain(r, arena_fmt(r->g->arena, "/environment_pass/%zu", i),
				 "expected the name of a variable, or the beginning of names and a \"*\", such as \"LC_*\"");
		else
			strs_add_once(r->g->arena, &r->g->out->environment_pass, s->v[i]);
	}
}

static bool is_name(const char *s)
{
	size_t n = strlen(s);

	return n >= 1 && n <= 64 && strspn(s, NAME ".-") == n && strspn(s, "_.-") == 0;
}

static void take_secret(struct reader *r, const struct secret_doc *d)
{
	const char *at = key_pointer(r, "secrets", d->key);
	struct manifest *m = r->g->out;
	struct path_grant p = { 0 };
	struct secret s = { .name = d->key, .generate = d->generate.v, .value = d->value, .env = d->env };
	size_t i;

	if (!is_name(d->key))
		complain(r, at,
			 "expected the name of a file: at most 64 letters, digits, \"_\", \".\" and \"-\", a letter or a digit first");
	if (d->env && !is_variable(d->key, strlen(d->key)))
		complain(r, at, "a secret that is exported needs the name of a variable");
	if (d->generate.set + !!d->value + !!d->file > 1)
		complain(r, at, "expected one of generate, value and file, not several");
	if (d->file && !read_path(r, d->file, arena_fmt(r->g->arena, "%s/file", at), &p))
		return;
	s.file = p.host;
	for (i = 0; i < m->secrets.n && strcmp(m->secrets.v[i].name, s.name) != 0; i++)
		;
	if (i == m->secrets.n)
		(void)arena_push(r->g->arena, &m->secrets);
	m->secrets.v[i] = s;
}

void take_environment(struct reader *r)
{
	const struct manifest_doc *d = &r->doc;
	size_t i;

	for (i = 0; i < d->environment.n; i++) {
		const struct kv *v = &d->environment.v[i];

		if (!is_variable(v->key, strlen(v->key)))
			complain(r, key_pointer(r, "environment", v->key),
				 "expected the name of a variable: letters, digits and \"_\", no digit first");
		set_variable(r, v);
	}
	take_pass(r, &d->environment_pass);
	for (i = 0; i < d->secrets.n; i++)
		if (d->secrets.v[i].key)
			take_secret(r, &d->secrets.v[i]);
}
