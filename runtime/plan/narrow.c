/* narrow.c - an engine's configuration cut down to what a manifest allows.
 *
 * Only ever takes away: sets are intersected, limits lowered, mounts made read-only. What the user asked the engine for beyond the manifest
 * is an error with the line that would grant it; what engines do for every container is cut without a word. Must not add a right. */
#include "plan/compile_build.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct narrowing {
	struct arena *a;
	const struct manifest *m;
	const char *what;
	struct config *c;
};

/* What Docker and Podman give every container, asked or not. */
static const char *const usual_capabilities[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
	"CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
};

/* What engines mount into every container. */
static const char *const usual_mounts[] = {
	"/dev", "/dev/init", "/dev/mqueue", "/dev/pts", "/dev/shm", "/dev/termination-log", "/etc/hostname", "/etc/hosts",
		"/etc/resolv.conf",
	"/proc", "/run/.containerenv", "/run/notify", "/run/podman-init", "/run/secrets", "/sbin/docker-init", "/sys", "/sys/fs/cgroup",
	"/var/run/secrets/kubernetes.io/serviceaccount",
};

static bool has(const struct ints *l, int word)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i] == word)
			return true;
	return false;
}

static bool usual(const char *const *l, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(l[i], s) == 0)
			return true;
	return false;
}
#define USUAL(list, s) usual(list, sizeof(list) / sizeof *(list), s)

static int refuse(struct err *e, const char *at, const char *text)
{
	(void)!fail(e, EPERM, "%s", text);
	return fail_at(e, at);
}

static int cut_set(struct narrowing *k, struct ints *set, const char *name, struct err *e)
{
	struct ints kept = { .v = arena_array(k->a, set->n + 1, sizeof *kept.v) };
	size_t i;

	for (i = 0; i < set->n; i++) {
		const char *cap = words_capability.v[set->v[i]].name;

		if (has(&k->m->capabilities, set->v[i]))
			kept.v[kept.n++] = set->v[i];
		else if (!USUAL(usual_capabilities, cap))
			return refuse(e, arena_fmt(k->a, "/process/capabilities/%s/%zu", name, i),
				      arena_fmt(k->a, "%s does not grant it; \"process\": {\"capabilities\": [\"%s\"]} "
					"would", k->what, cap));
	}
	*set = kept;
	return 0;
}

static int cut_process(struct narrowing *k, struct err *e)
{
	struct process *p = k->c->process;

	if (!p)
		return 0;
	p->no_new_privileges = true;
	if (!p->capabilities)
		return 0;
	TRY(cut_set(k, &p->capabilities->bounding, "bounding", e));
	TRY(cut_set(k, &p->capabilities->effective, "effective", e));
	TRY(cut_set(k, &p->capabilities->permitted, "permitted", e));
	TRY(cut_set(k, &p->capabilities->inheritable, "inheritable", e));
	return cut_set(k, &p->capabilities->ambient, "ambient", e);
}

static bool is_bind(const struct mount *m)
{
	size_t i;

	if (m->type && strcmp(m->type, "bind") == 0)
		return true;
	for (i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], "bind") == 0 || strcmp(m->options.v[i], "rbind") == 0)
			return true;
	return false;
}

/* Later options win, so these come last. */
static void make_readonly(struct narrowing *k, struct mount *m)
{
	struct strs kept = { NULL, 0 };
	size_t i;

	for (i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], "rw") != 0 && strcmp(m->options.v[i], "rrw") != 0)
			compile_push(k->a, &kept, m->options.v[i]);
	compile_push(k->a, &kept, "ro");
	compile_push(k->a, &kept, "rro");
	m->options = kept;
}

static bool has_filesystem(const struct manifest *m)
{
	return m->root_given || m->paths.n || m->tmpfs.n;
}

static int cut_mount(struct narrowing *k, size_t i, struct grants *g, struct err *e)
{
	struct mount *m = &k->c->mounts.v[i];
	const struct path_grant *p;

	if (USUAL(usual_mounts, m->destination) || !is_bind(m)) {
		if (m->type && strcmp(m->type, "tmpfs") == 0)
			compile_push(k->a, &g->write, m->destination);
		return 0;
	}
	p = manifest_access(k->m, m->destination);
	if (!p || (p->access & ACCESS_DENY))
		return refuse(e, arena_fmt(k->a, "/mounts/%zu", i),
			      arena_fmt(k->a, "%s does not grant the bind mount %s; \"filesystem\": {\"read\": [\"%s\"]} would", k->what,
					m->destination, m->destination));
	if (p->access & ACCESS_WRITE)
		compile_push(k->a, &g->write, m->destination);
	else
		make_readonly(k, m);
	return 0;
}

/* Without a filesystem key the image is writable as the engine asks; with one, it is what the key says. */
static int cut_files(struct narrowing *k, struct grants *g, struct err *e)
{
	bool ruled = has_filesystem(k->m);
	const struct path_grant *root = manifest_access(k->m, "/");
	struct linux_ *l = k->c->linux_;
	struct strs masked = { NULL, 0 };
	size_t i;

	if (!ruled)
		return 0;
	for (i = 0; i < k->c->mounts.n; i++)
		TRY(cut_mount(k, i, g, e));
	for (i = 0; i < k->m->paths.n; i++)
		if (k->m->paths.v[i].access & ACCESS_WRITE)
			compile_push(k->a, &g->write, k->m->paths.v[i].inside);
	if (k->c->root && !(root && root->access & ACCESS_WRITE))
		g->landlock = arena_str(k->a, k->m->landlock);
	compile_push(k->a, &g->read, "/");
	for (i = 0; i < l->masked_paths.n; i++)
		compile_push(k->a, &masked, l->masked_paths.v[i]);
	for (i = 0; i < k->m->paths.n; i++)
		if (k->m->paths.v[i].access == ACCESS_DENY)
			compile_push(k->a, &masked, k->m->paths.v[i].inside);
	if (masked.n)
		l->masked_paths = masked;
	return 0;
}

static bool device_granted(const struct manifest *m, const char *path)
{
	size_t i;

	for (i = 0; i < m->devices.n; i++)
		if (strncmp(path, "/dev/", 5) == 0 && strcmp(path + 5, m->devices.v[i]) == 0)
			return true;
	return strcmp(path, "/dev/console") == 0;
}

/* The rules of a device that is not granted go with it. */
static int cut_devices(struct narrowing *k, struct err *e)
{
	struct linux_ *l = k->c->linux_;
	size_t i;

	for (i = 0; i < l->devices.n; i++)
		if (!device_granted(k->m, l->devices.v[i].path))
			return refuse(e, arena_fmt(k->a, "/linux/devices/%zu", i),
				      arena_fmt(k->a, "%s does not grant %s, and no manifest can: of the devices only null, "
					"zero, full, random, urandom "
						      "and tty are granted", k->what, l->devices.v[i].path));
	return 0;
}

static void lower(struct opt_int *limit, const struct opt_uint *most)
{
	if (most->set && (!limit->set || limit->v < 0 || (uint64_t)limit->v > most->v))
		*limit = (struct opt_int){ true, (int64_t)most->v };
}

static void cut_memory(struct narrowing *k, struct resources *r)
{
	const struct manifest *m = k->m;

	if (!m->memory.set)
		return;
	if (!r->memory)
		r->memory = arena_alloc(k->a, sizeof *r->memory);
	lower(&r->memory->limit, &m->memory);
	if (m->swap.set || r->memory->swap.set) {
		struct opt_uint both = { true, (uint64_t)r->memory->limit.v + (m->swap.set ? m->swap.v : INT64_MAX / 4) };

		lower(&r->memory->swap, &both);
	}
}

/* quota / period, compared without rounding. */
static void cut_cpu(struct narrowing *k, struct resources *r)
{
	uint64_t period = r->cpu && r->cpu->period.set ? r->cpu->period.v : 100000;
	struct opt_uint most = { k->m->cpu_milli.set, k->m->cpu_milli.v * period / 1000 };

	if (!most.set)
		return;
	if (!r->cpu)
		r->cpu = arena_alloc(k->a, sizeof *r->cpu);
	r->cpu->period = (struct opt_uint){ true, period };
	lower(&r->cpu->quota, &most);
}

static void cut_limits(struct narrowing *k)
{
	struct linux_ *l = k->c->linux_;
	const struct manifest *m = k->m;

	if (!m->memory.set && !m->cpu_milli.set && !m->pids.set)
		return;
	if (!l->resources)
		l->resources = arena_alloc(k->a, sizeof *l->resources);
	cut_memory(k, l->resources);
	cut_cpu(k, l->resources);
	if (!m->pids.set)
		return;
	if (!l->resources->pids)
		l->resources->pids = arena_alloc(k->a, sizeof *l->resources->pids);
	if (l->resources->pids->limit.v == 0)
		l->resources->pids->limit.set = false; /* Docker's word for no limit */
	lower(&l->resources->pids->limit, &m->pids);
}

static int no_network_grants(const struct manifest *m)
{
	return !m->network_host && !m->listen.n && !m->connect.n;
}

/* The namespace is the engine's. Without a grant there are no sockets but local ones. */
static int cut_calls(struct narrowing *k, const struct command *c, struct grants *g, struct err *e)
{
	struct text t = { .arena = k->a };
	struct json_out w = { .t = &t, .first = true };
	struct seccomp *s;

	if (!k->m->network_host && !no_network_grants(k->m))
		return refuse(e, "/annotations",
			      arena_fmt(k->a, "%s: addresses cannot be enforced under an engine yet; \"network\": \"host\" "
				"leaves the network to the engine",
					k->what));
	TRY(compile_seccomp(k->a, k->m, c, no_network_grants(k->m), &s, e));
	if (no_network_grants(k->m))
		g->no_tcp = true;
	if (!s)
		return 0;
	prop_encode(&w, seccomp_props, s);
	config_annotate_more(k->a, k->c, ANNOTATION_SECCOMP, text_get(&t));
	return 0;
}

int manifest_narrow(struct arena *a, const struct manifest *m, const char *what, const struct command *c, struct config
	*config, struct err *e)
{
	struct narrowing k = { .a = a, .m = m, .what = what, .c = config };
	struct grants g = { .landlock = NULL };

	if (!config->linux_)
		return refuse(e, "/linux", "a configuration without it cannot be cut down");
	TRY(cut_process(&k, e));
	TRY(cut_files(&k, &g, e));
	TRY(cut_devices(&k, e));
	cut_limits(&k);
	TRY(cut_calls(&k, c, &g, e));
	if (!g.landlock && g.no_tcp) { /* files are free: no word about them */
		g.landlock = arena_str(a, m->landlock);
		compile_push(a, &g.write, "/");
	}
	if (g.landlock)
		grants_write(a, &g, config);
	return 0;
}
