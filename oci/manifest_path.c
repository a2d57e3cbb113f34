/* manifest_path.c - paths: variables, "./", "~/", the sandbox's own tree, and which of two grants counts.
 * Must not look at the disk: links are resolved by who starts the sandbox. */
#include "oci/manifest_doc.h"
#include <stdlib.h>
#include <string.h>

#define TREE "/sandboxes/"

int path_order(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	if (*a == *b)
		return 0;
	/* the end comes first, then "/", then the rest */
	return (!*a ? 0 : *a == '/' ? 1 : (unsigned char)*a + 1) < (!*b ? 0 : *b == '/' ? 1 : (unsigned char)*b + 1) ? -1 : 1;
}

static bool is(const char *name, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(name, word, n) == 0;
}

/* The value of a variable, NULL when it has none here. *known: there is such a variable. */
static const char *variable(struct reader *r, const char *name, size_t n, bool *known)
{
	const struct manifest_context *c = r->g->ctx;

	*known = true;
	if (is(name, n, "SANDBOX"))
		return r->g->sandbox;
	if (is(name, n, "SANDBOX_DIR"))
		return r->g->sandbox_dir;
	if (is(name, n, "PWD"))
		return c->pwd;
	if (is(name, n, "HOME"))
		return c->home;
	if (is(name, n, "UID"))
		return c->uid.set ? arena_fmt(r->g->arena, "%ju", (uintmax_t)c->uid.v) : NULL;
	*known = false;
	return NULL;
}

static bool replace_variables(struct reader *r, const char *s, const char *at, struct text *t)
{
	const char *dollar, *end, *value;
	bool known;

	while ((dollar = strstr(s, "${"))) {
		text_add(t, s, (size_t)(dollar - s));
		end = strchr(dollar, '}');
		if (!end) {
			complain(r, at, "\"${\" without a \"}\"");
			return false;
		}
		value = variable(r, dollar + 2, (size_t)(end - dollar) - 2, &known);
		if (!value) {
			complain(r, at, "%.*s is not defined%s; known here: SANDBOX, SANDBOX_DIR, PWD, HOME, UID",
				 (int)(end - dollar) + 1 < 64 ? (int)(end - dollar) + 1 : 64, dollar, known ? " here" : "");
			return false;
		}
		text_str(t, value);
		s = end + 1;
	}
	text_str(t, s);
	return true;
}

/* In place: no "//", no "/./", no "/" at the end. NULL: all is well; else what is wrong. */
static const char *shorten(char *path)
{
	const char *from = path;
	char *to = path;

	while (*from) {
		size_t n;

		from += strspn(from, "/");
		n = strcspn(from, "/");
		if (n == 2 && !memcmp(from, "..", 2))
			return "\"..\" is not allowed in a path: what is granted must stand there";
		if (n && !(n == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	if (to == path)
		*to++ = '/';
	*to = 0;
	return NULL;
}

static bool clean(struct reader *r, char *path, const char *at)
{
	const char *p, *wrong = NULL;

	for (p = path; *p && !wrong; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			wrong = "a control character in a path";
		else if (*p == '*' || *p == '?')
			wrong = "paths are exact: there are no wildcards; a directory grants all that is below it";
	}
	if (!wrong && *path != '/')
		wrong = "expected an absolute path, or one that begins with ./, ~/, ${SANDBOX_DIR}, ${PWD} or ${HOME}";
	if (!wrong && strlen(path) > 4095)
		wrong = "a path of more than 4095 bytes";
	if (!wrong)
		wrong = shorten(path);
	if (wrong)
		complain(r, at, "%s", wrong);
	return !wrong;
}

const char *expand_path(struct reader *r, const char *s, const char *at)
{
	struct text t = { .arena = r->g->arena };

	if (!s || !*s) {
		complain(r, at, "expected a path, got the empty string");
		return NULL;
	}
	if (*s == '.' && (s[1] == '/' || !s[1])) {
		if (!r->dir) {
			complain(r, at, "a path that begins with ./ is relative to the manifest's file, and this one came from no file");
			return NULL;
		}
		text_fmt(&t, "%s/", r->dir);
		s++;
	} else if (*s == '~' && (s[1] == '/' || !s[1])) {
		if (!r->g->ctx->home) {
			complain(r, at, "~ means ${HOME}, which is not defined here");
			return NULL;
		}
		text_fmt(&t, "%s/", r->g->ctx->home);
		s++;
	}
	if (!replace_variables(r, s, at, &t) || !clean(r, t.s, at))
		return NULL;
	return t.s;
}

/* The part of a path behind /sandboxes/NAME, "" or "/..."; NULL when it is none of ours: *other is the name it has then. */
static const char *in_tree(struct reader *r, const char *path, const char **other)
{
	const char *name, *own = r->doc.sandbox;
	size_t n;

	*other = NULL;
	if (strncmp(path, TREE, strlen(TREE)) != 0)
		return NULL;
	name = path + strlen(TREE);
	n = strcspn(name, "/");
	if ((r->g->sandbox && is(name, n, r->g->sandbox)) || (own && is(name, n, own)))
		return name + n;
	*other = arena_strn(r->g->arena, name, n);
	return NULL;
}

bool read_path(struct reader *r, const char *s, const char *at, struct path_grant *out)
{
	const char *path = expand_path(r, s, at), *rest, *other;
	char *host;

	*out = (struct path_grant){ .at = standing(r, at) };
	if (!path)
		return false;
	out->host = out->inside = path;
	rest = in_tree(r, path, &other);
	if ((other || rest) && r->g->ctx->no_tree) {
		complain(r, at, "%.64s is in a sandbox's tree: %s", path, r->g->ctx->no_tree);
		return false;
	}
	if (other) {
		if (r->g->sandbox)
			complain(r, at, "/sandboxes/%.64s is another sandbox's; this one is \"%.64s\"", other, r->g->sandbox);
		else
			complain(r, at, "/sandboxes/%.64s is a sandbox's tree, and this manifest names no sandbox", other);
		return false;
	}
	if (!rest)
		return true;
	if (!r->g->sandbox_dir) {
		complain(r, at, "/sandboxes/%.64s means ${SANDBOX_DIR}, which is not defined here", r->g->sandbox ? r->g->sandbox : "NAME");
		return false;
	}
	host = arena_fmt(r->g->arena, "%s%s", r->g->sandbox_dir, rest);
	out->host = host;
	return clean(r, host, at);
}

/* --- what was gathered, put in order */

static int by_path(const void *a, const void *b)
{
	const struct path_grant *p = a, *q = b;
	int order = path_order(p->inside, q->inside);

	if (order == 0)
		order = (int)q->access - (int)p->access; /* the strongest gives its place to all */
	return order ? order : strcmp(p->at, q->at);
}

static const char *in_this_document(const char *at)
{
	return strchr(at, '#') ? "" : at;
}

static void settle_access(struct reader *r, struct path_grant *p)
{
	if ((p->access & ACCESS_COW) && (p->access & ACCESS_WRITE) && !(p->access & ACCESS_DENY))
		complain(r, in_this_document(p->at), "%.200s stands in write and in cow: its writes go to one place only", p->inside);
	if (p->access & ACCESS_DENY)
		p->access = ACCESS_DENY;
	else
		p->access |= ACCESS_READ;
}

/* What an author grants takes the place of a profile's empty directory; two grants of an author contradict each other. */
static void check_tmpfs(struct reader *r)
{
	struct manifest *m = r->g->out;
	size_t i = 0, k, n = 0;

	for (k = 0; k < m->tmpfs.n; k++) {
		const struct tmpfs_grant *t = &m->tmpfs.v[k];

		while (i < m->paths.n && path_order(m->paths.v[i].inside, t->path) < 0)
			i++;
		if (i == m->paths.n || strcmp(m->paths.v[i].inside, t->path) != 0)
			m->tmpfs.v[n++] = *t;
		else if (strncmp(t->at, "profile:", 8) != 0)
			complain(r, in_this_document(t->at), "%.200s is granted as a path of the host too (%.80s)", t->path,
				 m->paths.v[i].at);
	}
	m->tmpfs.n = n;
}

void paths_settle(struct reader *r)
{
	struct manifest *m = r->g->out;
	size_t i, n = 0;

	if (m->paths.n)
		qsort(m->paths.v, m->paths.n, sizeof *m->paths.v, by_path);
	for (i = 0; i < m->paths.n; i++) {
		struct path_grant *p = &m->paths.v[i];

		if (n && !strcmp(m->paths.v[n - 1].inside, p->inside))
			m->paths.v[n - 1].access |= p->access;
		else
			m->paths.v[n++] = *p;
	}
	m->paths.n = n;
	for (i = 0; i < n; i++)
		settle_access(r, &m->paths.v[i]);
	check_tmpfs(r);
}

const struct path_grant *manifest_access(const struct manifest *m, const char *inside)
{
	const struct path_grant *found = NULL;
	size_t i, n;

	for (i = 0; i < m->paths.n; i++) { /* a longer path that covers it comes later */
		n = strlen(m->paths.v[i].inside);
		if (n == 1 || (!strncmp(m->paths.v[i].inside, inside, n) && (!inside[n] || inside[n] == '/')))
			found = &m->paths.v[i];
	}
	return found;
}
