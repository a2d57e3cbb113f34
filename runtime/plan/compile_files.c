/* compile_files.c - the sandbox's file system: nothing but what is granted, a directory always before what is below it.
 * Must not look at a path: that it is there, and whose it is, are facts. */
#include "plan/compile_build.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The host's programs and libraries, and the files of /etc that most of them read: no keys, no passwords, nothing of anybody's. Each is a
 * mount, and costs time at every start. */
static const char *const host_ro[] = {
	"/bin", "/etc/alternatives", "/etc/group", "/etc/hosts", "/etc/ld.so.cache", "/etc/localtime", "/etc/nsswitch.conf",
	"/etc/os-release", "/etc/passwd", "/etc/pki/tls/certs", "/etc/protocols", "/etc/services", "/etc/ssl/certs",
	"/etc/ssl/openssl.cnf", "/gnu/store", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/sbin", "/usr",
};

/* A file has nothing below it, and some runtimes take "rro" to mean a directory. */
static const char *read_options(const struct path_fact *f)
{
	return f && !f->directory ? "rbind ro nosuid nodev" : "rbind rro nosuid nodev";
}

#define SECRETS "/run/secrets"

struct mount *compile_mount(struct compiling *k, const char *destination, const char *type, const char *source, const char *options)
{
	struct mount *m = arena_push(k->a, &k->out->mounts);

	m->destination = arena_str(k->a, destination);
	m->type = arena_str(k->a, type);
	m->source = arena_str(k->a, source);
	while (*options) {
		size_t n = strcspn(options, " ");

		compile_push(k->a, &m->options, arena_strn(k->a, options, n));
		options += n + (options[n] == ' ');
	}
	return m;
}

/* A program in a list cannot start without the one that loads its libraries. */
static const char *const loaders[] = {
	"/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-riscv64-lp64d.so.1", "/lib/ld-musl-aarch64.so.1", "/lib/ld-musl-x86_64.so.1",
	"/lib/ld64.so.1", "/lib64/ld-linux-x86-64.so.2", "/lib64/ld64.so.2",
};

static const char *directory_of(struct arena *a, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	return n ? arena_strn(a, path, n) : "/";
}

struct strs compile_paths(struct arena *a, const struct manifest *m)
{
	struct strs out = { NULL, 0 };
	size_t i;

	for (i = 0; i < sizeof host_ro / sizeof *host_ro && m->root == ROOT_HOST_RO; i++)
		compile_push(a, &out, host_ro[i]);
	for (i = 0; i < m->paths.n; i++)
		if (m->paths.v[i].access != ACCESS_DENY)
			compile_push(a, &out, m->paths.v[i].host);
	for (i = 0; i < m->listen.n + m->connect.n; i++) {
		const struct endpoint *p = i < m->listen.n ? &m->listen.v[i] : &m->connect.v[i - m->listen.n];

		if (p->kind == ENDPOINT_UNIX)
			compile_push(a, &out, directory_of(a, p->name));
	}
	for (i = 0; i < sizeof loaders / sizeof *loaders && !m->exec_any && m->root == ROOT_HOST_RO; i++)
		compile_push(a, &out, loaders[i]);
	return out;
}

/* One mount of the tree in the making. */
struct place {
	const char *inside, *source, *at;
	enum { PLACE_READ, PLACE_WRITE, PLACE_COW, PLACE_TMPFS, PLACE_HIDE, PLACE_LAYERS } kind;
	uint64_t size;
	const struct command_mount *given;
};
struct places {
	LIST(struct place);
};

static bool below(const char *path, const char *directory)
{
	size_t n = strcmp(directory, "/") == 0 ? 0 : strlen(directory);

	return strncmp(path, directory, n) == 0 && path[n] == '/';
}

/* Byte by byte with "/" before everything else: a directory comes right before what is below it. */
static int by_path(const void *a, const void *b)
{
	const char *x = ((const struct place *)a)->inside, *y = ((const struct place *)b)->inside;

	while (*x && *x == *y)
		x++, y++;
	if (*x == *y)
		return 0;
	if (!*x || !*y)
		return *x ? 1 : -1;
	return (*x == '/' ? 1 : (unsigned char)*x + 1) < (*y == '/' ? 1 : (unsigned char)*y + 1) ? -1 : 1;
}

static void add_place(struct compiling *k, struct places *l, struct place p)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i].inside, p.inside) == 0) {
			if (p.kind >= l->v[i].kind || l->v[i].at[0] == 0 || p.given)
				l->v[i] = p;
			return;
		}
	*arena_push(k->a, l) = p;
}

static int take_path(struct compiling *k, const struct path_grant *p, struct places *l, struct err *e)
{
	struct place out = { .inside = p->inside, .source = p->host, .at = p->at, .kind = PLACE_READ };

	if (p->access == ACCESS_DENY) {
		out.kind = PLACE_HIDE;
		add_place(k, l, out);
		return 0;
	}
	if (strcmp(p->inside, "/") == 0) {
		(void)!fail(e, EINVAL, "/ as a whole is no grant but a root: \"root\": \"dir:/\", or \"host-ro\" for "
			"programs and libraries");
		return fail_at(e, p->at);
	}
	if (!compile_fact(k->c, p->host)) {
		(void)!fail(e, ENOENT, "%s is not there: a path that is granted must exist", p->host);
		return fail_at(e, p->at);
	}
	if (p->access & ACCESS_WRITE)
		out.kind = PLACE_WRITE;
	else if (p->access & ACCESS_COW)
		out.kind = PLACE_COW;
	add_place(k, l, out);
	return 0;
}

/* The directory that holds the socket: to be connected to it need not be writable. */
static int take_sockets(struct compiling *k, const struct endpoint *v, size_t n, bool listen, struct places *l, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct place p = { .kind = listen ? PLACE_WRITE : PLACE_READ, .at = v[i].at };

		if (v[i].kind != ENDPOINT_UNIX)
			continue;
		p.inside = directory_of(k->a, v[i].inside);
		p.source = directory_of(k->a, v[i].name);
		if (!compile_fact(k->c, p.source)) {
			(void)!fail(e, ENOENT, "%s: the directory of the socket is not there", v[i].text);
			return fail_at(e, v[i].at);
		}
		add_place(k, l, p);
	}
	return 0;
}

static void take_given(struct compiling *k, struct places *l)
{
	size_t i;

	for (i = 0; i < k->c->mounts.n; i++) {
		const struct command_mount *m = &k->c->mounts.v[i];
		struct place p = { .inside = m->inside, .source = m->source, .at = "", .given = m };

		p.kind = m->lower ? PLACE_LAYERS : m->writable ? PLACE_WRITE : PLACE_READ;
		add_place(k, l, p);
	}
}

static int collect(struct compiling *k, struct places *l, struct err *e)
{
	const struct manifest *m = k->m;
	size_t i;

	for (i = 0; i < sizeof host_ro / sizeof *host_ro && m->root == ROOT_HOST_RO; i++)
		if (compile_fact(k->c, host_ro[i]))
			add_place(k, l, (struct place){ .inside = host_ro[i], .source = host_ro[i], .at = "" });
	for (i = 0; i < m->tmpfs.n; i++)
		add_place(k, l, (struct place){ .inside = m->tmpfs.v[i].path, .kind = PLACE_TMPFS, .size = m->tmpfs.v[i].size,
						.at = m->tmpfs.v[i].at });
	TRY(take_sockets(k, m->connect.v, m->connect.n, false, l, e));
	TRY(take_sockets(k, m->listen.v, m->listen.n, true, l, e));
	for (i = 0; i < m->paths.n; i++)
		TRY(take_path(k, &m->paths.v[i], l, e));
	take_given(k, l);
	if (l->n)
		qsort(l->v, l->n, sizeof *l->v, by_path);
	return 0;
}

/* Whose files they are outside is the program's inside; where the program is that user himself nothing need be said. */
static void idmap(struct compiling *k, const struct place *p, struct mount *m)
{
	const struct path_fact *f = p->at[0] ? compile_fact(k->c, p->source) : NULL; /* the host's own files stay the host's */

	if (!k->h->privileged || !f || !f->idmap || k->outer_uid == f->uid || k->c->uid)
		return;
	*arena_push(k->a, &m->uid_mappings) = (struct id_mapping){ { true, f->uid }, { true, k->outer_uid }, { true, 1 } };
	*arena_push(k->a, &m->gid_mappings) = (struct id_mapping){ { true, f->gid }, { true, k->outer_gid }, { true, 1 } };
	compile_push(k->a, &m->options, "idmap");
}

static int add_cow(struct compiling *k, const struct place *p, struct err *e)
{
	const char *below_ = k->c->bundle ? arena_fmt(k->a, "%s/cow%s", k->c->bundle, p->inside) : NULL;
	struct mount *m;

	if (strpbrk(p->source, ":,\\")) {
		(void)!fail(e, EINVAL, "%s: overlayfs takes no path with \":\", \",\" or \"\\\"", p->source);
		return fail_at(e, p->at);
	}
	if (!k->c->ephemeral && !below_) {
		(void)!fail(e, EINVAL, "cow %s needs a place for what is written: give --bundle", p->inside);
		return fail_at(e, p->at);
	}
	m = compile_mount(k, p->inside, "overlay", "overlay", k->m->exec_any ? "nosuid nodev" : "nosuid nodev noexec");
	compile_push(k->a, &m->options, arena_fmt(k->a, "lowerdir=%s", p->source));
	if (k->c->ephemeral) {
		compile_push(k->a, &m->options, "x-wasirun.upper=tmpfs");
	} else {
		compile_push(k->a, &m->options, arena_fmt(k->a, "upperdir=%s/upper", below_));
		compile_push(k->a, &m->options, arena_fmt(k->a, "workdir=%s/work", below_));
	}
	compile_push(k->a, &m->options, "userxattr");
	if (k->c->ephemeral)
		idmap(k, p, m);
	compile_push(k->a, &k->g->write, p->inside);
	return 0;
}

/* The layers are the host's: the runtime mounts them where it may, since init's user namespace may not reach them. */
static int add_layers(struct compiling *k, const struct place *p, struct err *e)
{
	const char *const layers[] = { p->given->lower, p->source, p->given->work };
	static const char *const names[] = { "lowerdir", "upperdir", "workdir" };
	struct mount *m = compile_mount(k, p->inside, "overlay", "overlay", k->m->exec_any ? "nosuid nodev" : "nosuid nodev noexec");
	size_t i;

	for (i = 0; i < 3; i++) {
		if (strpbrk(layers[i], ":,\\\"") || strlen(layers[i]) > 255)
			return fail(e, EINVAL, "%s: overlayfs takes no path with \":\", \",\", \"\\\" or a quote, "
					       "nor one of more than 255 bytes", layers[i]);
		compile_push(k->a, &m->options, arena_fmt(k->a, "%s=%s", names[i], layers[i]));
	}
	compile_push(k->a, &m->options, "userxattr");
	/* a file that is copied up is not waited for: else each one that a database opens costs it a disk's time */
	compile_push(k->a, &m->options, "volatile");
	compile_push(k->a, &m->options, "x-wasirun.upper=host");
	compile_push(k->a, &k->g->write, p->inside);
	return 0;
}

/* Hidden with something granted below: an empty directory; with nothing: a mask; where nothing is to be seen anyway: nothing. */
static void add_hide(struct compiling *k, const struct places *l, size_t at)
{
	const char *path = l->v[at].inside;
	bool seen = k->m->root == ROOT_DIR;
	size_t i;

	for (i = 0; i < at; i++)
		if (l->v[i].kind != PLACE_HIDE && below(path, l->v[i].inside))
			seen = true;
	if (!seen)
		return;
	for (i = at + 1; i < l->n; i++)
		if (l->v[i].kind != PLACE_HIDE && below(l->v[i].inside, path)) {
			compile_mount(k, path, "tmpfs", "tmpfs", "ro nosuid nodev noexec mode=0755 size=64K");
			return;
		}
	compile_push(k->a, &k->out->linux_->masked_paths, path);
}

/* A link of the host's into /usr, with nothing granted or hidden below it: the link is enough, and cheaper than a mount. */
static bool stays_link(struct compiling *k, const struct places *l, const struct place *p)
{
	const struct path_fact *f = compile_fact(k->c, p->source);
	size_t i;

	if (!k->c->ephemeral || p->at[0] || !f || !f->link)
		return false;
	if (strncmp(f->link + (f->link[0] == '/'), "usr/", 4) != 0 || strstr(f->link, ".."))
		return false;
	for (i = 0; i < l->n; i++)
		if (below(l->v[i].inside, p->inside))
			return false;
	return true;
}

static int add_places(struct compiling *k, const struct places *l, struct err *e)
{
	const char *noexec = k->m->exec_any ? "" : " noexec";
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct place *p = &l->v[i];

		switch (p->kind) {
		case PLACE_READ:
			if (stays_link(k, l, p)) {
				compile_mount(k, p->inside, "bind", p->source, "bind copy-symlink");
				break;
			}
			idmap(k, p, compile_mount(k, p->inside, "bind", p->source, read_options(compile_fact(k->c, p->source))));
			compile_push(k->a, &k->g->read, p->inside);
			break;
		case PLACE_WRITE:
			idmap(k, p, compile_mount(k, p->inside, "bind", p->source,
							  arena_fmt(k->a, "rbind rw nosuid nodev%s", noexec)));
			compile_push(k->a, &k->g->write, p->inside);
			break;
		case PLACE_TMPFS:
			compile_mount(k, p->inside, "tmpfs", "tmpfs",
				      arena_fmt(k->a, "nosuid nodev%s mode=1777 size=%" PRIu64, noexec, p->size));
			compile_push(k->a, &k->g->write, p->inside);
			break;
		case PLACE_COW: TRY(add_cow(k, p, e)); break;
		case PLACE_LAYERS: TRY(add_layers(k, p, e)); break;
		case PLACE_HIDE: add_hide(k, l, i); break;
		}
	}
	return 0;
}

/* Of the kernel's own file systems only these two: a /proc that shows its own processes, without what tells of the host's hardware, and a
 * /dev of one's own. */
static void add_kernel(struct compiling *k)
{
	static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kallsyms",
		"/proc/kcore", "/proc/keys",
					      "/proc/key-users", "/proc/kmsg", "/proc/kpagecount", "/proc/kpageflags",
						"/proc/latency_stats",
					      "/proc/modules", "/proc/partitions", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
					      "/proc/timer_stats", "/proc/vmallocinfo" };
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };
	static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
	bool strict = strcmp(k->m->syscalls_profile, "strict") == 0;
	struct linux_ *l = k->out->linux_;
	size_t i, d;

	compile_mount(k, "/proc", "proc", "proc", strict ? "nosuid noexec nodev subset=pid" : "nosuid noexec nodev hidepid=2");
	compile_mount(k, "/dev", "tmpfs", "tmpfs", "nosuid noexec strictatime mode=755 size=64K");
	compile_mount(k, "/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620");
	compile_mount(k, "/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=64M");
	compile_push(k->a, &k->g->write, "/dev/shm");
	for (i = 0; i < sizeof masked / sizeof *masked && !strict; i++)
		compile_push(k->a, &l->masked_paths, masked[i]);
	for (i = 0; i < sizeof readonly / sizeof *readonly && !strict; i++)
		compile_push(k->a, &l->readonly_paths, readonly[i]);
	for (i = 0; i < sizeof devices / sizeof *devices; i++) {
		for (d = 0; d < k->m->devices.n && strcmp(k->m->devices.v[d], devices[i]) != 0; d++)
			;
		if (d == k->m->devices.n)
			compile_push(k->a, &l->masked_paths, arena_fmt(k->a, "/dev/%s", devices[i]));
	}
}

static int add_secrets(struct compiling *k, struct err *e)
{
	if (!k->m->secrets.n)
		return 0;
	if (k->c->ephemeral) {
		compile_mount(k, SECRETS, "tmpfs", "tmpfs", "ro nosuid nodev noexec mode=0755 size=1M");
	} else if (k->c->bundle) {
		compile_mount(k, SECRETS, "bind", arena_fmt(k->a, "%s/secrets", k->c->bundle), "rbind rro nosuid nodev noexec");
	} else {
		(void)!fail(e, EINVAL, "secrets never stand in a configuration: give --bundle, whose directory holds them");
		return fail_at(e, "/secrets");
	}
	compile_push(k->a, &k->g->read, SECRETS);
	return 0;
}

static int add_root(struct compiling *k, struct err *e)
{
	struct root *r = k->out->root = arena_alloc(k->a, sizeof *r);

	r->readonly = true;
	r->path = arena_str(k->a, k->c->ephemeral ? "/" : "rootfs");
	k->g->tmpfs_root = k->c->ephemeral;
	switch (k->m->root) {
	case ROOT_DIR:
		r->path = arena_str(k->a, k->m->root_path);
		k->g->tmpfs_root = false;
		compile_push(k->a, &k->g->read, "/");
		break;
	case ROOT_OCI:
	case ROOT_TAR:
		(void)!fail(e, ENOTSUP, "oci: and tar: roots are unpacked by `guard` and `manifest oci --bundle`; else \"dir:PATH\"");
		return fail_at(e, "/capabilities/filesystem/root");
	default: break;
	}
	return 0;
}

int compile_files(struct compiling *k, struct err *e)
{
	struct places l = { .v = NULL };
	size_t i;

	TRY(add_root(k, e));
	add_kernel(k);
	TRY(collect(k, &l, e));
	TRY(add_places(k, &l, e));
	TRY(add_secrets(k, e));
	if (!k->m->exec_any) {
		for (i = 0; i < k->m->exec.n; i++)
			compile_push(k->a, &k->g->execute, k->m->exec.v[i].inside);
		for (i = 0; i < sizeof loaders / sizeof *loaders && k->m->root == ROOT_HOST_RO; i++)
			if (compile_fact(k->c, loaders[i]))
				compile_push(k->a, &k->g->execute, loaders[i]);
		if (!k->g->execute.v)
			k->g->execute.v = arena_array(k->a, 1, sizeof *k->g->execute.v);
	}
	return 0;
}
