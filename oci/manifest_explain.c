/* manifest_explain.c - what a process under a manifest can do, and what holds it to that, as facts.
 * Must not lay anything out (manifest_print.c does) nor ask this machine: what depends on the kernel is said so. */
#include "oci/manifest_doc.h"
#include <string.h>

#define ALONE "network namespace with loopback only"

/* A list that is being filled. */
struct facts {
	struct arena *arena;
	const struct manifest *m;
	struct manifest_section *section;
};

static void add(struct facts *f, const char *what, const char *note, const char *by, const char *at)
{
	*arena_push(f->arena, &f->section->facts) = (struct manifest_fact){ what, note, by, at };
}

static void begin(struct facts *f, struct manifest_sections *out, const char *name, const char *title, const char *none,
		  const char *none_by)
{
	f->section = arena_push(f->arena, out);
	*f->section = (struct manifest_section){ .name = name, .title = title, .none = none, .none_by = none_by };
}

/* The words for the second line of the file system. */
static const char *with_landlock(struct facts *f, const char *first)
{
	if (!strcmp(f->m->landlock, "off"))
		return first;
	return arena_fmt(f->arena, "%s; Landlock%s", first, !strcmp(f->m->landlock, "auto") ? " where the kernel has it" : "");
}

static const char *on_host(struct facts *f, const struct path_grant *p)
{
	return strcmp(p->host, p->inside) ? arena_fmt(f->arena, "on the host %s", p->host) : NULL;
}

static void root(struct facts *f)
{
	static const char *const words[] = {
		[ROOT_DIR] = "the root file system in the directory %s",
		[ROOT_OCI] = "the root file system of the OCI image in %s",
		[ROOT_TAR] = "the root file system of the archive %s",
	};
	const struct manifest *m = f->m;

	if (m->root == ROOT_HOST_RO)
		add(f, "the host's programs and libraries, and the files of /etc that they need", NULL,
		    with_landlock(f, "mount namespace with a read-only view of the host"), NULL);
	else if (m->root != ROOT_EMPTY)
		add(f, arena_fmt(f->arena, words[m->root], m->root_path), NULL, "mount namespace with that root, read-only", NULL);
}

static void readable(struct facts *f)
{
	size_t i;

	root(f);
	for (i = 0; i < f->m->paths.n; i++) {
		const struct path_grant *p = &f->m->paths.v[i];

		if (p->access == ACCESS_READ)
			add(f, p->inside, on_host(f, p), with_landlock(f, "mount namespace, read-only mount"), p->at);
	}
	add(f, "/proc, of its own processes", NULL, "pid namespace", NULL);
	for (i = 0; i < f->m->secrets.n; i++)
		add(f, arena_fmt(f->arena, "/run/secrets/%s", f->m->secrets.v[i].name), f->m->secrets.v[i].env ? "and as a variable" : NULL,
		    "a file in memory that only its user can read", arena_fmt(f->arena, "/secrets/%s", f->m->secrets.v[i].name));
}

static void writable(struct facts *f)
{
	struct arena *a = f->arena;
	size_t i;

	for (i = 0; i < f->m->paths.n; i++) {
		const struct path_grant *p = &f->m->paths.v[i];

		if (p->access & ACCESS_WRITE)
			add(f, p->inside, on_host(f, p), with_landlock(f, "mount namespace, writable mount"), p->at);
	}
	for (i = 0; i < f->m->paths.n; i++) {
		const struct path_grant *p = &f->m->paths.v[i];

		if (p->access & ACCESS_COW)
			add(f, p->inside, on_host(f, p), "overlay: writes stay in the sandbox, the host's files do not change", p->at);
	}
	for (i = 0; i < f->m->tmpfs.n; i++)
		add(f, f->m->tmpfs.v[i].path, arena_fmt(a, "at most %s", manifest_size_text(a, f->m->tmpfs.v[i].size)),
		    "memory of its own, gone afterwards", f->m->tmpfs.v[i].at);
}

static void hidden(struct facts *f)
{
	size_t i;

	for (i = 0; i < f->m->paths.n; i++)
		if (f->m->paths.v[i].access == ACCESS_DENY)
			add(f, f->m->paths.v[i].inside, NULL, "an empty mount over it", f->m->paths.v[i].at);
}

static void executable(struct facts *f)
{
	size_t i;

	if (f->m->exec_any)
		add(f, "whatever it can read", NULL, "mount namespace: nothing else is there", NULL);
	for (i = 0; !f->m->exec_any && i < f->m->exec.n; i++)
		add(f, f->m->exec.v[i].inside, on_host(f, &f->m->exec.v[i]),
		    with_landlock(f, "what is writable is mounted noexec"), f->m->exec.v[i].at);
}

static void endpoints(struct facts *f, const struct endpoint *v, size_t n, bool listen)
{
	size_t i;

	if (f->m->network_host)
		add(f, listen ? "any address and port of the host" : "whatever the host can reach", NULL,
		    "nothing: it is the host's own network", "/capabilities/network");
	for (i = 0; i < n; i++)
		add(f, v[i].text, NULL,
		    v[i].kind == ENDPOINT_UNIX ? "mount namespace: the socket's directory is there, others are not" :
		    listen ? ALONE "; the supervisor binds this socket for it" :
			     ALONE "; the supervisor connects this socket for it",
		    v[i].at);
}

static const char *defaulted(struct facts *f, const char *name)
{
	const char *at = arena_fmt(f->arena, "/capabilities/resources/%s", name);
	size_t i;

	for (i = 0; i < f->m->from_defaults.n; i++)
		if (!strcmp(f->m->from_defaults.v[i], at))
			return "a profile's default";
	return NULL;
}

static const char *enforcer(const struct facts *f, const char *name, const char *by)
{
	size_t i;

	if (strcmp(name, "swap") == 0)
		name = "memory";
	for (i = 0; i < f->m->not_enforced.n; i++)
		if (!strcmp(f->m->not_enforced.v[i], name))
			return "nothing: NOT ENFORCED, this machine does not let the sandbox's user";
	return by;
}

static const char *size_or_no(struct arena *a, uint64_t bytes)
{
	return bytes ? arena_fmt(a, "%s of", manifest_size_text(a, bytes)) : "no";
}

static void limits(struct facts *f)
{
	const struct manifest *m = f->m;
	struct arena *a = f->arena;
	const struct {
		const char *name, *what, *by;
		const struct opt_uint *v;
		const char *(*text)(struct arena *, uint64_t);
	} rows[] = {
		{ "memory", "%s of memory", "cgroup memory limit", &m->memory, manifest_size_text },
		{ "swap", "%s swap", "cgroup swap limit", &m->swap, size_or_no },
		{ "cpu", "%s cores", "cgroup processor quota", &m->cpu_milli, manifest_cpu_text },
		{ "disk", "%s of disk", "a file system of that size", &m->disk, manifest_size_text },
		{ "timeout", "%s of time", "the supervisor: then everything is killed", &m->timeout_ms, manifest_duration_text },
		{ "output", "%s output", "the supervisor: the rest is dropped", &m->output, size_or_no },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].v->set)
			add(f, arena_fmt(a, rows[i].what, rows[i].text(a, rows[i].v->v)), defaulted(f, rows[i].name),
			    enforcer(f, rows[i].name, rows[i].by),
			    arena_fmt(a, "/capabilities/resources/%s", rows[i].name));
		else if (i == 0 || i == 2)
			add(f, i ? "all processors" : "all the memory there is", "no limit", "nothing", NULL);
	if (m->pids.set)
		add(f, arena_fmt(a, "%ju processes and threads", (uintmax_t)m->pids.v), defaulted(f, "pids"),
		    enforcer(f, "pids", "cgroup pids limit"), "/capabilities/resources/pids");
	if (m->files.set)
		add(f, arena_fmt(a, "%ju open files each", (uintmax_t)m->files.v), defaulted(f, "files"), "RLIMIT_NOFILE",
		    "/capabilities/resources/files");
}

static void joined(struct text *t, const struct strs *s, const char *before)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		text_fmt(t, "%s%s", i ? ", " : before, s->v[i]);
}

static void rights(struct facts *f)
{
	const struct manifest *m = f->m;
	struct text t = { .arena = f->arena }, d = t, v = t;
	size_t i;

	if (!strcmp(m->syscalls_profile, "unconfined"))
		add(f, "every system call", NULL, "nothing", "/capabilities/syscalls/profile");
	else {
		text_fmt(&t, "the system calls of %s%s", m->syscalls_profile, strncmp(m->syscalls_profile, "file:", 5) ? " (profile)" : "");
		joined(&t, &m->syscalls_allow, " and of ");
		joined(&t, &m->syscalls_deny, ", without ");
		add(f, text_get(&t), m->syscalls_kill ? "any other ends it" : "any other fails", "seccomp filter",
		    "/capabilities/syscalls/profile");
	}
	t = (struct text){ .arena = f->arena };
	for (i = 0; i < m->capabilities.n; i++)
		text_fmt(&t, "%s%s", i ? ", " : "", words_capability.v[m->capabilities.v[i]].name);
	add(f, m->capabilities.n ? text_get(&t) : "no Linux capability", NULL, "capability sets; no new privileges from any program",
	    m->capabilities.n ? "/capabilities/process/capabilities" : NULL);
	if (m->namespaces_allowed)
		add(f, "namespaces of its own", NULL, "nothing", "/capabilities/process/namespaces");
	joined(&d, &m->devices, "the devices ");
	add(f, m->devices.n ? text_get(&d) : "no device", NULL, "a /dev of its own; cgroup device rules", NULL);
	for (i = 0; i < m->environment.n; i++)
		text_fmt(&v, "%s%s", i ? ", " : "the variables ", m->environment.v[i].key);
	joined(&v, &m->environment_pass, v.n ? "; from the caller " : "the caller's variables ");
	add(f, v.n ? text_get(&v) : "no variable", "and PATH, HOME, TERM, LANG", "an environment made anew", NULL);
	if (m->uid.set)
		add(f, arena_fmt(f->arena, "user %ju and group %ju", (uintmax_t)m->uid.v, (uintmax_t)m->gid.v), NULL, "user namespace",
		    "/capabilities/process/user");
}

void manifest_explain(struct arena *a, const struct manifest *m, struct manifest_sections *out)
{
	struct facts f = { .arena = a, .m = m };

	out->v = NULL;
	out->n = 0;
	begin(&f, out, "read", "Read", "nothing", NULL);
	readable(&f);
	begin(&f, out, "write", "Write", "nothing", with_landlock(&f, "mount namespace, everything read-only"));
	writable(&f);
	begin(&f, out, "hidden", "Not see, below what it can", "nothing in particular", NULL);
	hidden(&f);
	begin(&f, out, "execute", "Execute", "nothing", with_landlock(&f, "what is writable is mounted noexec"));
	executable(&f);
	begin(&f, out, "reach", "Reach", "nobody, not even the host's own loopback", ALONE);
	endpoints(&f, m->connect.v, m->connect.n, false);
	begin(&f, out, "listen", "Listen on", "nothing that is seen from outside", ALONE);
	endpoints(&f, m->listen.v, m->listen.n, true);
	begin(&f, out, "use", "Use", "nothing", NULL);
	limits(&f);
	rights(&f);
}
