/* config_default.c - the config.json that `wasirun spec` writes. Engines' test suites edit what `runc spec` writes, so the content is
 * the same. Must not ask the machine. */
#include "oci/config_check.h"
#include "oci/features.h"

#define WORDS(a, ...) words_of((a), (const char *const[]){ __VA_ARGS__, NULL })

static struct strs words_of(struct arena *a, const char *const *list)
{
	struct strs s = { 0 };
	size_t n;

	for (n = 0; list[n]; n++)
		;
	s.v = arena_array(a, n + 1, sizeof *s.v);
	for (; s.n < n; s.n++)
		s.v[s.n] = arena_str(a, list[s.n]);
	return s;
}

static struct ints capability_set(struct arena *a)
{
	static const char *const names[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" };
	struct ints set = { 0 };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		*arena_push(a, &set) = words_find(&words_capability, names[i]);
	return set;
}

static struct process *default_process(struct arena *a)
{
	struct process *p = arena_alloc(a, sizeof *p);
	struct rlimit_entry *r = arena_push(a, &p->rlimits);

	p->terminal = true;
	p->no_new_privileges = true;
	p->user = arena_alloc(a, sizeof *p->user);
	p->args = WORDS(a, "sh");
	p->env = WORDS(a, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm");
	p->cwd = arena_str(a, "/");
	p->capabilities = arena_alloc(a, sizeof *p->capabilities);
	p->capabilities->bounding = capability_set(a);
	p->capabilities->effective = capability_set(a);
	p->capabilities->permitted = capability_set(a);
	r->type = words_find(&words_rlimit, "RLIMIT_NOFILE");
	r->soft = r->hard = (struct opt_uint){ true, 1024 };
	return p;
}

static void add_mount(struct arena *a, struct config *c, const char *destination, const char *type, const char *source,
		      struct strs options)
{
	struct mount *m = arena_push(a, &c->mounts);

	m->destination = arena_str(a, destination);
	m->type = arena_str(a, type);
	m->source = arena_str(a, source);
	m->options = options;
}

/* A single id cannot own a device node of group 5, and the caller's network namespace cannot have a sysfs of ours. */
static void default_mounts(struct arena *a, bool rootless, struct config *c)
{
	add_mount(a, c, "/proc", "proc", "proc", (struct strs){ 0 });
	add_mount(a, c, "/dev", "tmpfs", "tmpfs", WORDS(a, "nosuid", "strictatime", "mode=755", "size=65536k"));
	add_mount(a, c, "/dev/pts", "devpts", "devpts",
		  rootless ? WORDS(a, "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620")
			   : WORDS(a, "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
	add_mount(a, c, "/dev/shm", "tmpfs", "shm", WORDS(a, "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
	add_mount(a, c, "/dev/mqueue", "mqueue", "mqueue", WORDS(a, "nosuid", "noexec", "nodev"));
	if (rootless)
		add_mount(a, c, "/sys", "none", "/sys", WORDS(a, "rbind", "nosuid", "noexec", "nodev", "ro"));
	else
		add_mount(a, c, "/sys", "sysfs", "sysfs", WORDS(a, "nosuid", "noexec", "nodev", "ro"));
	add_mount(a, c, "/sys/fs/cgroup", "cgroup", "cgroup", WORDS(a, "nosuid", "noexec", "nodev", "relatime", "ro"));
}

static void add_namespace(struct arena *a, struct linux_ *l, const char *type)
{
	arena_push(a, &l->namespaces)->type = words_find(&words_namespace, type);
}

static id_mappings one_id(struct arena *a, uint32_t id)
{
	id_mappings m = { 0 };
	struct id_mapping *one = arena_push(a, &m);

	one->container_id = (struct opt_uint){ true, 0 };
	one->host_id = (struct opt_uint){ true, id };
	one->size = (struct opt_uint){ true, 1 };
	return m;
}

static struct linux_ *default_linux(struct arena *a, bool rootless, bool cgroup_namespace, uint32_t uid, uint32_t gid)
{
	struct linux_ *l = arena_alloc(a, sizeof *l);

	l->rootfs_propagation = WORD_ABSENT;
	add_namespace(a, l, "pid");
	if (!rootless)
		add_namespace(a, l, "network");
	add_namespace(a, l, "ipc");
	add_namespace(a, l, "uts");
	add_namespace(a, l, "mount");
	if (cgroup_namespace)
		add_namespace(a, l, "cgroup");
	if (rootless) {
		add_namespace(a, l, "user");
		l->uid_mappings = one_id(a, uid);
		l->gid_mappings = one_id(a, gid);
	} else {
		l->resources = arena_alloc(a, sizeof *l->resources);
		arena_push(a, &l->resources->devices)->access = arena_str(a, "rwm");
	}
	l->masked_paths = WORDS(a, "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
				"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
				"/sys/devices/virtual/powercap");
	l->readonly_paths = WORDS(a, "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");
	return l;
}

void config_default(struct arena *a, bool rootless, bool cgroup_namespace, uint32_t uid, uint32_t gid, struct config *out)
{
	*out = (struct config){ 0 };
	out->oci_version = arena_str(a, OCI_VERSION);
	out->root = arena_alloc(a, sizeof *out->root);
	out->root->path = arena_str(a, "rootfs");
	out->root->readonly = true;
	out->process = default_process(a);
	out->hostname = arena_str(a, "wasirun");
	default_mounts(a, rootless, out);
	out->linux_ = default_linux(a, rootless, cgroup_namespace, uid, gid);
}
