/* manifest_diff.c - what changed from one manifest to another, and whether that is more or less.
 * Must not compare what is written but what is granted: two spellings of one thing are no change. */
#include "oci/manifest_doc.h"
#include <stdlib.h>
#include <string.h>

/* One granted thing. Two of the same key and name are the same thing before and after. */
struct item {
	const char *key, *name, *value;
	uint64_t rank, absent; /* more is more; what it counts when it is not there */
	bool (*covers)(const struct manifest *m, const struct item *it); /* had, or has, the other manifest this anyway? */
	unsigned access;       /* of a path */
};
struct items {
	struct arena *arena;
	LIST(struct item);
	const struct manifest *m;
};

#define NO_LIMIT UINT64_MAX
#define NEITHER (UINT64_MAX - 1) /* neither more nor less */
#define ANYTHING (UINT64_MAX - 2) /* more than nothing; of two of them nobody can tell */

static void add(struct items *l, const char *key, const char *name, const char *value, uint64_t rank, uint64_t absent)
{
	*arena_push(l->arena, l) = (struct item){ key, name, value, rank, absent, NULL, 0 };
}

/* Being there is more. */
static void add_grant(struct items *l, const char *key, const char *value)
{
	add(l, key, value, value, 1, 0);
}

static void add_strs(struct items *l, const char *key, const struct strs *s, uint64_t rank)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		add(l, key, s->v[i], s->v[i], rank, 1 - rank);
}

static bool host_network(const struct manifest *m, const struct item *it)
{
	(void)it;
	return m->network_host;
}

static bool any_exec(const struct manifest *m, const struct item *it)
{
	(void)it;
	return m->exec_any;
}

static bool path_covered(const struct manifest *m, const struct item *it)
{
	const struct path_grant *p = manifest_access(m, it->name);

	return p && (p->access & it->access) == it->access;
}

static void add_endpoints(struct items *l, const char *key, const struct endpoint *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		add_grant(l, key, v[i].text);
		l->v[l->n - 1].covers = host_network;
	}
}

static void network(struct items *l)
{

	add(l, "network", "", l->m->network_host ? "host" : "isolated", l->m->network_host, 0);
	add_endpoints(l, "network.listen", l->m->listen.v, l->m->listen.n);
	add_endpoints(l, "network.connect", l->m->connect.v, l->m->connect.n);
}

static void filesystem(struct items *l)
{
	const struct manifest *m = l->m;
	size_t i;

	add(l, "filesystem.root", "", arena_fmt(l->arena, "%s%s", fs_root_names[m->root], m->root_path ? m->root_path : ""),
	    m->root == ROOT_EMPTY ? 0 : ANYTHING, 0);
	for (i = 0; i < m->paths.n; i++) {
		const struct path_grant *p = &m->paths.v[i];

		if (p->access == ACCESS_DENY) {
			add(l, "filesystem.deny", p->inside, p->inside, 0, 1);
			continue;
		}
		add_grant(l, p->access & ACCESS_WRITE ? "filesystem.write" : p->access & ACCESS_COW ? "filesystem.cow" : "filesystem.read",
			  p->inside);
		l->v[l->n - 1].covers = path_covered;
		l->v[l->n - 1].access = p->access;
	}
	for (i = 0; i < m->tmpfs.n; i++)
		add(l, "filesystem.tmpfs", m->tmpfs.v[i].path,
		    arena_fmt(l->arena, "%s %s", m->tmpfs.v[i].path, manifest_size_text(l->arena, m->tmpfs.v[i].size)), m->tmpfs.v[i].size,
		    0);
}

static const char *number_text(struct arena *a, uint64_t n)
{
	return arena_fmt(a, "%ju", (uintmax_t)n);
}

static void resources(struct items *l)
{
	const struct manifest *m = l->m;
	const struct {
		const char *key;
		const struct opt_uint *v;
		const char *(*text)(struct arena *, uint64_t);
	} rows[] = {
		{ "resources.memory", &m->memory, manifest_size_text },    { "resources.swap", &m->swap, manifest_size_text },
		{ "resources.cpu", &m->cpu_milli, manifest_cpu_text },     { "resources.pids", &m->pids, number_text },
		{ "resources.disk", &m->disk, manifest_size_text },        { "resources.files", &m->files, number_text },
		{ "resources.timeout", &m->timeout_ms, manifest_duration_text }, { "resources.output", &m->output, manifest_size_text },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].v->set)
			add(l, rows[i].key, "", rows[i].text(l->arena, rows[i].v->v), rows[i].v->v, NO_LIMIT);
}

static void process(struct items *l)
{
	const struct manifest *m = l->m;
	size_t i;

	if (m->uid.set)
		add(l, "process.user", "", arena_fmt(l->arena, "%ju:%ju", (uintmax_t)m->uid.v, (uintmax_t)m->gid.v), NEITHER, NEITHER);
	add(l, "process.cwd", "", m->cwd ? m->cwd : "/", NEITHER, NEITHER);
	for (i = 0; i < m->capabilities.n; i++)
		add_grant(l, "process.capabilities", words_capability.v[m->capabilities.v[i]].name);
	if (m->exec_any)
		add_grant(l, "process.exec", "any");
	for (i = 0; !m->exec_any && i < m->exec.n; i++) {
		add_grant(l, "process.exec", m->exec.v[i].inside);
		l->v[l->n - 1].covers = any_exec;
	}
	add(l, "process.namespaces", "", m->namespaces_allowed ? "allow" : "deny", m->namespaces_allowed, 0);
	add(l, "process.lsm.landlock", "", m->landlock, !strcmp(m->landlock, "off") ? 2 : !strcmp(m->landlock, "auto"), 1);
	add(l, "syscalls.profile", "", m->syscalls_profile, !strcmp(m->syscalls_profile, "unconfined") ? NO_LIMIT : NEITHER, NEITHER);
	add_strs(l, "syscalls.allow", &m->syscalls_allow, 1);
	add_strs(l, "syscalls.deny", &m->syscalls_deny, 0);
	add(l, "syscalls.action", "", m->syscalls_kill ? "kill" : "errno", !m->syscalls_kill, 1);
	add_strs(l, "devices", &m->devices, 1);
}

static void environment(struct items *l)
{
	const struct manifest *m = l->m;
	size_t i;

	if (m->sandbox)
		add(l, "sandbox", "", m->sandbox, NEITHER, NEITHER);
	for (i = 0; i < m->environment.n; i++)
		add(l, "environment", m->environment.v[i].key,
		    arena_fmt(l->arena, "%s=%s", m->environment.v[i].key, m->environment.v[i].value), NEITHER, NEITHER);
	add_strs(l, "environment_pass", &m->environment_pass, 1);
	for (i = 0; i < m->secrets.n; i++) {
		const struct secret *s = &m->secrets.v[i];
		struct text t = { .arena = l->arena };

		text_fmt(&t, "%s", s->name);
		if (s->generate)
			text_fmt(&t, " generate %ju", (uintmax_t)s->generate);
		if (s->file)
			text_fmt(&t, " file %s", s->file);
		if (s->env)
			text_str(&t, " env");
		add(l, "secrets", s->name, text_get(&t), NEITHER, NEITHER);
	}
}

static int order(const void *a, const void *b)
{
	const struct item *p = a, *q = b;
	int r = strcmp(p->key, q->key);

	return r ? r : strcmp(p->name, q->name);
}

static void flatten(struct arena *a, const struct manifest *m, struct items *l)
{
	*l = (struct items){ .arena = a, .m = m };
	network(l);
	filesystem(l);
	resources(l);
	process(l);
	environment(l);
	qsort(l->v, l->n, sizeof *l->v, order);
}

/* One of the two is NULL when it is not there. */
static void change(struct arena *a, const struct items *x, const struct item *before, const struct items *y, const struct item *after,
		   struct manifest_changes *out)
{
	uint64_t old = before ? before->rank : after->absent, new_ = after ? after->rank : before->absent;
	struct manifest_change *c;

	if (before && after && !strcmp(before->value, after->value))
		return;
	c = arena_push(a, out);
	c->key = before ? before->key : after->key;
	c->before = before ? before->value : NULL;
	c->after = after ? after->value : NULL;
	if ((!before && after->covers && after->covers(x->m, after)) || (!after && before->covers && before->covers(y->m, before)))
		c->turn = TURN_OTHER;
	else if (old == NEITHER && new_ == NEITHER)
		c->turn = TURN_OTHER;
	else if (old == NO_LIMIT || new_ == NO_LIMIT)
		c->turn = new_ == NO_LIMIT ? TURN_MORE : TURN_LESS;
	else
		c->turn = new_ > old ? TURN_MORE : new_ < old ? TURN_LESS : TURN_OTHER;
}

void manifest_diff(struct arena *a, const struct manifest *before, const struct manifest *after, struct manifest_changes *out)
{
	struct items x, y;
	size_t i, k;

	out->v = NULL;
	out->n = 0;
	flatten(a, before, &x);
	flatten(a, after, &y);
	for (i = k = 0; i < x.n || k < y.n;) {
		int r = i == x.n ? 1 : k == y.n ? -1 : order(&x.v[i], &y.v[k]);

		change(a, &x, r <= 0 ? &x.v[i] : NULL, &y, r >= 0 ? &y.v[k] : NULL, out);
		i += r <= 0;
		k += r >= 0;
	}
}
