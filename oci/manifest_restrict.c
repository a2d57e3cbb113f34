/* manifest_restrict.c - a manifest without what a policy does not grant.
 * Must never add anything, whatever the policy says. */
#include "oci/manifest_doc.h"
#include <stdlib.h>
#include <string.h>

typedef LIST(struct endpoint) endpoints;
typedef LIST(struct path_grant) grants;

/* --- network */

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct endpoint *)a)->text, ((const struct endpoint *)b)->text);
}

static void share_all(struct arena *a, const struct endpoint *x, size_t xn, const struct endpoint *y, size_t yn, bool listen,
		      endpoints *out)
{
	struct endpoint shared;
	size_t i, k, n = 0;

	for (i = 0; i < xn; i++)
		for (k = 0; k < yn; k++)
			if (endpoint_share(a, &x[i], &y[k], listen, &shared))
				*arena_push(a, out) = shared;
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_text);
	for (i = 0; i < out->n; i++)
		if (!n || strcmp(out->v[n - 1].text, out->v[i].text) != 0)
			out->v[n++] = out->v[i];
	out->n = n;
}

static void network(struct arena *a, struct manifest *m, const struct manifest *p)
{
	endpoints listen = { 0 }, connect = { 0 };

	if (!(p->says & SAYS_NETWORK) || p->network_host)
		return;
	if (m->network_host) { /* everything: what the policy grants is what is shared */
		m->network_host = false;
		share_all(a, p->listen.v, p->listen.n, p->listen.v, p->listen.n, true, &listen);
		share_all(a, p->connect.v, p->connect.n, p->connect.v, p->connect.n, false, &connect);
	} else {
		share_all(a, m->listen.v, m->listen.n, p->listen.v, p->listen.n, true, &listen);
		share_all(a, m->connect.v, m->connect.n, p->connect.v, p->connect.n, false, &connect);
	}
	m->listen.v = listen.v;
	m->listen.n = listen.n;
	m->connect.v = connect.v;
	m->connect.n = connect.n;
}

/* --- files */

/* What comes behind the directory in a path, "" for itself, "/..." below; NULL: it is not in it. */
static const char *below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[1] ? path : "";
	return strncmp(dir, path, n) || (path[n] && path[n] != '/') ? NULL : path + n;
}

/* As manifest_access, for a path of the host. */
static const struct path_grant *access_of(const struct path_grant *v, size_t n, const char *host)
{
	const struct path_grant *found = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (below(v[i].host, host) && (!found || strlen(v[i].host) > strlen(found->host)))
			found = &v[i];
	return found;
}

/* A cow view writes nowhere that counts: reading is all it needs. */
static unsigned both(unsigned wanted, const struct path_grant *policy)
{
	unsigned may = policy ? policy->access : 0;

	if ((wanted | may) & ACCESS_DENY)
		return ACCESS_DENY;
	if (!(may & ACCESS_READ))
		return 0;
	return (wanted & ~(unsigned)ACCESS_WRITE) | (wanted & may & ACCESS_WRITE);
}

static int by_inside(const void *a, const void *b)
{
	return path_order(((const struct path_grant *)a)->inside, ((const struct path_grant *)b)->inside);
}

/* What the policy says of places below a path that the manifest grants. */
static void policy_below(struct arena *a, const struct manifest *m, const struct path_grant *limit, grants *out)
{
	const struct path_grant *g = access_of(m->paths.v, m->paths.n, limit->host);
	struct path_grant p = *limit;
	const char *rest;

	if (!g || (g->access & ACCESS_DENY) || !strcmp(g->host, limit->host))
		return;
	rest = below(g->host, limit->host);
	p.inside = arena_fmt(a, "%s%s", strcmp(g->inside, "/") ? g->inside : "", rest);
	p.access = both(g->access, limit);
	p.at = g->at;
	*arena_push(a, out) = p;
}

/* One path inside that came out twice: what both leave. */
static void join(grants *l)
{
	size_t i, n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_inside);
	for (i = 0; i < l->n; i++) {
		struct path_grant *last = n ? &l->v[n - 1] : NULL;

		if (last && !strcmp(last->inside, l->v[i].inside))
			last->access = (last->access | l->v[i].access) & ACCESS_DENY ? ACCESS_DENY : last->access & l->v[i].access;
		else
			l->v[n++] = l->v[i];
	}
	l->n = n;
}

/* What a root shows is granted by no path: a directory, an image or an archive must be one that the policy lets be read, and what it denies
 * is hidden. */
static void root(struct arena *a, struct manifest *m, const struct manifest *p, grants *out)
{
	bool path = m->root == ROOT_DIR || m->root == ROOT_OCI || m->root == ROOT_TAR;
	const struct path_grant *may = path ? access_of(p->paths.v, p->paths.n, m->root_path) : NULL;
	size_t i;

	if (path && (!may || !(may->access & ACCESS_READ) || (may->access & ACCESS_DENY))) {
		m->root = ROOT_EMPTY;
		m->root_path = NULL;
	}
	if (m->root != ROOT_DIR && m->root != ROOT_HOST_RO)
		return;
	for (i = 0; i < p->paths.n; i++) {
		struct path_grant hidden = p->paths.v[i];

		if (!(hidden.access & ACCESS_DENY) || access_of(m->paths.v, m->paths.n, hidden.host))
			continue;
		hidden.inside = m->root == ROOT_DIR ? below(m->root_path, hidden.host) : hidden.host;
		if (hidden.inside && *hidden.inside)
			*arena_push(a, out) = hidden;
	}
}

static void files(struct arena *a, struct manifest *m, const struct manifest *p)
{
	grants out = { 0 };
	size_t i;

	if (!(p->says & SAYS_FILESYSTEM))
		return;
	root(a, m, p, &out);
	for (i = 0; i < m->paths.n; i++) {
		struct path_grant g = m->paths.v[i];

		g.access = both(g.access, access_of(p->paths.v, p->paths.n, g.host));
		if (g.access)
			*arena_push(a, &out) = g;
	}
	for (i = 0; i < p->paths.n; i++)
		policy_below(a, m, &p->paths.v[i], &out);
	join(&out);
	m->paths.v = out.v;
	m->paths.n = out.n;
}

static void programs(struct arena *a, struct manifest *m, const struct manifest *p)
{
	grants out = { 0 };
	size_t i, k;

	if (!(p->says & SAYS_EXEC) || p->exec_any)
		return;
	for (i = 0; !m->exec_any && i < m->exec.n; i++)
		if (access_of(p->exec.v, p->exec.n, m->exec.v[i].host))
			*arena_push(a, &out) = m->exec.v[i];
	for (k = 0; k < p->exec.n; k++)
		if (m->exec_any || (access_of(m->exec.v, m->exec.n, p->exec.v[k].host) && !access_of(out.v, out.n, p->exec.v[k].host)))
			*arena_push(a, &out) = p->exec.v[k];
	if (out.n)
		qsort(out.v, out.n, sizeof *out.v, by_inside);
	m->exec_any = false;
	m->exec.v = out.v;
	m->exec.n = out.n;
}

/* --- the rest */

static void lower(struct opt_uint *v, const struct opt_uint *limit)
{
	if (limit->set && (!v->set || v->v > limit->v))
		*v = *limit;
}

static void keep_strs(struct strs *s, const struct strs *allowed)
{
	size_t i, k, n = 0;

	for (i = 0; i < s->n; i++) {
		for (k = 0; k < allowed->n && strcmp(s->v[i], allowed->v[k]) != 0; k++)
			;
		if (k < allowed->n)
			s->v[n++] = s->v[i];
	}
	s->n = n;
}

static void capabilities(struct manifest *m, const struct manifest *p)
{
	size_t i, k, n = 0;

	for (i = 0; i < m->capabilities.n; i++) {
		for (k = 0; k < p->capabilities.n && p->capabilities.v[k] != m->capabilities.v[i]; k++)
			;
		if (k < p->capabilities.n)
			m->capabilities.v[n++] = m->capabilities.v[i];
	}
	m->capabilities.n = n;
}

/* How narrow a profile is known to be; files and the two in the middle cannot be compared with each other. */
static int narrowness(const char *profile)
{
	return !strcmp(profile, "strict") ? 3 : !strcmp(profile, "default") ? 1 : !strcmp(profile, "unconfined") ? 0 : 2;
}

static void syscalls(struct arena *a, struct manifest *m, const struct manifest *p)
{
	int mine = narrowness(m->syscalls_profile), theirs = narrowness(p->syscalls_profile);
	bool files_ = !strncmp(m->syscalls_profile, "file:", 5) || !strncmp(p->syscalls_profile, "file:", 5);
	size_t i;

	if (strcmp(m->syscalls_profile, p->syscalls_profile) != 0) {
		if (mine && theirs && (mine == theirs || files_))
			m->syscalls_profile = "strict";
		else if (theirs > mine)
			m->syscalls_profile = p->syscalls_profile;
	}
	if (theirs)
		keep_strs(&m->syscalls_allow, &p->syscalls_allow);
	for (i = 0; i < p->syscalls_deny.n; i++)
		strs_add_once(a, &m->syscalls_deny, p->syscalls_deny.v[i]);
	m->syscalls_kill |= p->syscalls_kill;
}

void manifest_restrict(struct arena *a, struct manifest *m, const struct manifest *p)
{
	network(a, m, p);
	files(a, m, p);
	programs(a, m, p);
	lower(&m->memory, &p->memory);
	lower(&m->swap, &p->swap);
	lower(&m->pids, &p->pids);
	lower(&m->disk, &p->disk);
	lower(&m->files, &p->files);
	lower(&m->output, &p->output);
	lower(&m->cpu_milli, &p->cpu_milli);
	lower(&m->timeout_ms, &p->timeout_ms);
	if (p->says & SAYS_CAPABILITIES)
		capabilities(m, p);
	if ((p->says & SAYS_NAMESPACES) && !p->namespaces_allowed)
		m->namespaces_allowed = false;
	if ((p->says & SAYS_LANDLOCK) && strcmp(p->landlock, "off") && strcmp(m->landlock, "require"))
		m->landlock = p->landlock;
	if (p->says & SAYS_SYSCALLS)
		syscalls(a, m, p);
	if (p->says & SAYS_DEVICES)
		keep_strs(&m->devices, &p->devices);
	if (p->says & SAYS_PASS)
		keep_strs(&m->environment_pass, &p->environment_pass);
}
