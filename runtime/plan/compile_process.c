/* compile_process.c - the program: who it is, its environment, its limits, its system calls.
 * Must not put a secret into the configuration: that is kept on disk. */
#include "oci/json.h"
#include "plan/compile_build.h"
#include "plan/profiles.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define CPU_PERIOD 100000 /* microseconds */

static void set_env(struct arena *a, struct kvs *env, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < env->n; i++)
		if (strcmp(env->v[i].key, key) == 0) {
			env->v[i].value = (char *)value;
			return;
		}
	*arena_push(a, env) = (struct kv){ (char *)key, (char *)value };
}

static const char *callers(const struct command *c, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < c->environment.n; i++)
		if (strncmp(c->environment.v[i], name, n) == 0 && c->environment.v[i][n] == '=')
			return c->environment.v[i] + n + 1;
	return NULL;
}

/* A name, or its beginning with "*" behind it. */
static bool matches(const char *pattern, const char *name, size_t n)
{
	size_t k = strlen(pattern);

	if (k && pattern[k - 1] == '*')
		return n >= k - 1 && strncmp(name, pattern, k - 1) == 0;
	return n == k && strncmp(name, pattern, n) == 0;
}

static void pass_env(struct compiling *k, struct kvs *env)
{
	size_t i, p;

	for (i = 0; i < k->c->environment.n; i++) {
		const char *s = k->c->environment.v[i];
		size_t n = strcspn(s, "=");

		for (p = 0; p < k->m->environment_pass.n && s[n]; p++)
			if (matches(k->m->environment_pass.v[p], s, n))
				set_env(k->a, env, arena_strn(k->a, s, n), s + n + 1);
	}
}

static bool granted(const struct manifest *m, const char *path)
{
	const struct path_grant *p = path ? manifest_access(m, path) : NULL;

	return p && !(p->access & ACCESS_DENY);
}

static void add_env(struct compiling *k, struct process *p)
{
	const char *term = callers(k->c, "TERM"), *lang = callers(k->c, "LANG");
	struct kvs env = { NULL, 0 };
	size_t i;

	set_env(k->a, &env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	set_env(k->a, &env, "HOME", granted(k->m, k->c->home) ? k->c->home : "/");
	set_env(k->a, &env, "TERM", term ? term : "dumb");
	set_env(k->a, &env, "LANG", lang ? lang : "C.UTF-8");
	pass_env(k, &env);
	for (i = 0; i < k->m->environment.n; i++)
		set_env(k->a, &env, k->m->environment.v[i].key, k->m->environment.v[i].value);
	for (i = 0; i < env.n; i++)
		compile_push(k->a, &p->env, arena_fmt(k->a, "%s=%s", env.v[i].key, env.v[i].value));
}

static const char *cwd_of(struct compiling *k)
{
	if (k->m->cwd)
		return k->m->cwd;
	return granted(k->m, k->c->cwd) ? k->c->cwd : "/";
}

int compile_seccomp(struct arena *a, const struct manifest *m, const struct command *c, bool no_network, struct seccomp **out,
		    struct err *e)
{
	struct profile_ask ask = { .name = m->syscalls_profile, .allow = m->syscalls_allow, .deny = m->syscalls_deny,
				   .kill = m->syscalls_kill, .namespaces = m->namespaces_allowed, .no_network = no_network,
				   .no_memfd = !m->exec_any };
	struct json *v;
	int r;

	*out = NULL;
	if (strcmp(m->syscalls_profile, "unconfined") == 0)
		return 0;
	if (strncmp(m->syscalls_profile, "file:", 5) != 0) {
		*out = profile_seccomp(a, &ask);
		return *out ? 0 : fail(e, EINVAL, "there is no profile \"%s\"", m->syscalls_profile);
	}
	if (!c->seccomp)
		return fail(e, ENOENT, "%s has not been read", m->syscalls_profile);
	*out = arena_alloc(a, sizeof **out);
	r = json_parse(a, c->seccomp, c->seccomp_n, JSON_MAX_CONFIG, m->syscalls_profile + 5, &v, e);
	if (r == 0)
		r = prop_decode(a, seccomp_props, v, PROP_UNKNOWN_ERROR, "", *out, e);
	if (r < 0) {
		e->at[0] = 0;
		return fail_at(e, "/capabilities/syscalls/profile");
	}
	return 0;
}

static struct ints copy_ints(struct arena *a, const struct ints *from)
{
	struct ints out = { NULL, 0 };
	size_t i;

	for (i = 0; i < from->n; i++)
		*arena_push(a, &out) = from->v[i];
	return out;
}

int compile_process(struct compiling *k, struct err *e)
{
	struct process *p = k->out->process = arena_alloc(k->a, sizeof *p);
	struct capabilities *c = p->capabilities = arena_alloc(k->a, sizeof *c);

	p->terminal = k->c->terminal;
	p->no_new_privileges = true;
	p->cwd = arena_str(k->a, cwd_of(k));
	p->args = k->c->args;
	p->user = arena_alloc(k->a, sizeof *p->user);
	p->user->uid = k->uid;
	p->user->gid = k->gid;
	c->bounding = copy_ints(k->a, &k->m->capabilities);
	c->effective = c->inheritable = c->permitted = c->ambient = c->bounding;
	add_env(k, p);
	if (k->m->files.set) {
		struct rlimit_entry *r = arena_push(k->a, &p->rlimits);

		r->type = words_find(&words_rlimit, "RLIMIT_NOFILE");
		r->soft = r->hard = k->m->files;
	}
	return compile_seccomp(k->a, k->m, k->c, false, &k->out->linux_->seccomp, e);
}

static void add_device_rules(struct compiling *k, struct resources *r)
{
	static const struct {
		int major, minor;
	} ours[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 2 }, { 136, -1 } };
	struct device_rule *d = arena_push(k->a, &r->devices);
	size_t i;

	d->access = arena_str(k->a, "rwm");
	for (i = 0; i < sizeof ours / sizeof *ours; i++) {
		d = arena_push(k->a, &r->devices);
		*d = (struct device_rule){ .allow = true, .type = arena_str(k->a, "c"), .major = { true, ours[i].major },
					   .access = arena_str(k->a, "rwm") };
		if (ours[i].minor >= 0)
			d->minor = (struct opt_int){ true, ours[i].minor };
	}
}

/* Without a limit there is no cgroup to make: devices are kept away by the mounts' nodev and the user namespace. */
void compile_resources(struct compiling *k)
{
	const struct manifest *m = k->m;
	struct resources *r = arena_alloc(k->a, sizeof *r);

	if (m->memory.set || m->swap.set) {
		r->memory = arena_alloc(k->a, sizeof *r->memory);
		if (m->memory.set)
			r->memory->limit = (struct opt_int){ true, (int64_t)m->memory.v };
		if (m->memory.set && m->swap.set)
			r->memory->swap = (struct opt_int){ true, (int64_t)(m->memory.v + m->swap.v) };
	}
	if (m->memory.set && k->h->cgroup == CGROUP_V2)
		*arena_push(k->a, &r->unified) = (struct kv){ arena_str(k->a, "memory.oom.group"), arena_str(k->a, "1") };
	if (m->cpu_milli.set) {
		r->cpu = arena_alloc(k->a, sizeof *r->cpu);
		r->cpu->period = (struct opt_uint){ true, CPU_PERIOD };
		r->cpu->quota = (struct opt_int){ true, (int64_t)m->cpu_milli.v * (CPU_PERIOD / 1000) };
	}
	if (m->pids.set) {
		r->pids = arena_alloc(k->a, sizeof *r->pids);
		r->pids->limit = (struct opt_int){ true, (int64_t)m->pids.v };
	}
	if (k->h->privileged && !k->c->ephemeral)
		add_device_rules(k, r);
	if (r->memory || r->cpu || r->pids || r->devices.n)
		k->out->linux_->resources = r;
}
