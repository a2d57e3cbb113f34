/* cgroup.c - the interface of cgroup.h: what the verbs do with a container's cgroup, whatever its version.
 *
 * On a hybrid machine the container has a directory in each version 1 hierarchy and one in the unified hierarchy. The version 1
 * freezer is the one that engines look at, so it is the one used; killing goes through the unified cgroup.kill, which cannot be
 * outrun by forks. Must not make directories (cgroup_make.c) or write limits (cgroup_limit.c). */
#include "apply/cgroup_dir.h"
#include "sys/sys.h"
#include <stdlib.h>
#include <string.h>

/* How long the freezer may take when it only is a means to signal everybody. */
#define SIGNAL_FREEZE_MS 500

/* The directory whose processes stand for the container's: any would do, they are in all of them. */
static const char *pids_dir(const struct strs *dirs)
{
	static const char *const preferred[] = { "freezer", "devices", "pids" };
	size_t i;

	for (i = 0; i < sizeof preferred / sizeof *preferred; i++) {
		const char *dir = cgroup_v1_dir(dirs, preferred[i]);

		if (dir)
			return dir;
	}
	return dirs->n ? dirs->v[dirs->n - 1] : NULL;
}

struct collect {
	struct arena *a;
	struct pids *out;
};

static int collect_one(pid_t pid, void *ctx)
{
	struct collect *c = ctx;

	if (pid > 0)
		*arena_push(c->a, c->out) = pid;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int cgroup_pids(struct arena *a, const struct strs *dirs, struct pids *out, struct err *e)
{
	struct collect c = { a, out };
	const char *dir = pids_dir(dirs);
	size_t i, n = 0;
	int r;

	*out = (struct pids){ NULL, 0 };
	if (!dir)
		return 0;
	r = cgroup_each_pid(dir, collect_one, &c);
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return fail_sys(e, r, "cannot list the processes of %s", dir);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_number);
	for (i = 0; i < out->n; i++)
		if (!n || out->v[n - 1] != out->v[i])
			out->v[n++] = out->v[i];
	out->n = n;
	return 0;
}

int cgroup_freeze(const struct strs *dirs, bool freeze, int timeout_ms, struct err *e)
{
	const char *v1 = cgroup_v1_dir(dirs, "freezer"), *v2;

	if (v1 && cgroup_has(v1, "freezer.state"))
		return cgroup_v1_freeze(v1, freeze, timeout_ms, e);
	v2 = cgroup_v2_dir(dirs);
	if (v2)
		return cgroup_v2_freeze(v2, freeze, timeout_ms, e);
	return fail(e, EOPNOTSUPP, "freezer not supported: the container has no cgroup with a freezer");
}

int cgroup_frozen(const struct strs *dirs)
{
	const char *v1 = cgroup_v1_dir(dirs, "freezer");

	if (v1)
		return cgroup_v1_frozen(v1);
	return dirs->n ? cgroup_v2_frozen(dirs->v[dirs->n - 1]) : 0;
}

int cgroup_populated(const char *dir)
{
	size_t n;

	if (!cgroup_has(dir, "")) /* as a rule: one look-up of what does not exist, and they are dear in cgroupfs */
		return 0;
	if (cgroup_has(dir, "cgroup.events"))
		return cgroup_v2_populated(dir);
	return cgroup_count(dir, &n) == 0 && n > 0;
}

static int signal_one(pid_t pid, void *ctx)
{
	/* gone already is fine; 0 is a process outside of our pid namespace: no call of ours reaches it */
	if (pid > 0 && pid != getpid())
		(void)!sys_kill(pid, *(int *)ctx);
	return 0;
}

/* A frozen process cannot end, so its number cannot come to mean another one between reading and signalling. */
static int signal_all(const struct strs *dirs, const char *dir, int sig, struct err *e)
{
	struct err ignored;
	bool was = cgroup_frozen(dirs), froze = !was && cgroup_freeze(dirs, true, SIGNAL_FREEZE_MS, &ignored) == 0;
	int r = cgroup_each_pid(dir, signal_one, &sig);

	/* version 1: a frozen process does not die before it is thawed, even if somebody has paused it on purpose */
	if (froze || (was && sig == SIGKILL))
		(void)!cgroup_freeze(dirs, false, SIGNAL_FREEZE_MS, &ignored);
	/* nested too deep to see all: those who kill look again, and have other means */
	if (r < 0 && r != -ENOENT && r != -ENODEV && (r != -ELOOP || sig != SIGKILL))
		return fail_sys(e, r, "cannot signal the processes of %s", dir);
	return 0;
}

static int anybody_in(const char *dir, struct err *e)
{
	size_t n;
	int r;

	if (cgroup_has(dir, "cgroup.events"))
		return cgroup_v2_populated(dir);
	r = cgroup_count(dir, &n);
	if (r == -ELOOP) { /* somebody has nested cgroups to be in nobody's reach: without the empty ones there is less to walk */
		(void)!cgroup_rmdir(dir);
		r = cgroup_count(dir, &n);
	}
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0)
		return fail_sys(e, r, "cannot list the processes of %s", dir);
	return n > 0;
}

static int kill_everybody(const struct strs *dirs, const char *dir, int timeout_ms, struct err *e)
{
	struct cgroup_wait w = cgroup_wait(timeout_ms);
	const char *v2 = cgroup_v2_dir(dirs), *freezer = cgroup_v1_dir(dirs, "freezer");
	bool by_kernel = v2 && cgroup_write(v2, "cgroup.kill", "1") == 0;

	if (by_kernel && freezer && cgroup_v1_frozen(freezer))
		(void)!cgroup_write(freezer, "freezer.state", "THAWED");
	/* where the kernel did it, most are gone at once; whoever never was in the unified cgroup is left for signals */
	if (by_kernel) {
		struct cgroup_wait first = cgroup_wait(timeout_ms < 20 ? timeout_ms : 20);

		while (TRY(anybody_in(dir, e)))
			if (!cgroup_wait_more(&first))
				break;
	}
	while (TRY(anybody_in(dir, e))) {
		if (v2)
			(void)!cgroup_write(v2, "cgroup.kill", "1");
		TRY(signal_all(dirs, dir, SIGKILL, e));
		if (!cgroup_wait_more(&w))
			return fail(e, ETIMEDOUT, "processes in %s are still alive %d ms after SIGKILL", dir, timeout_ms);
	}
	return 0;
}

int cgroup_kill(const struct strs *dirs, int sig, int timeout_ms, struct err *e)
{
	const char *dir = pids_dir(dirs);

	if (!dir)
		return 0;
	if (sig == SIGKILL)
		return kill_everybody(dirs, dir, timeout_ms, e);
	return signal_all(dirs, dir, sig, e);
}

/* rmdir is refused as long as a process of the cgroup has not been reaped by the kernel. [Measured on 6.18: after waitpid() of the
 * last one the first attempt succeeds, in 15 to 50 microseconds per hierarchy; so there is no waiting before it, only after EBUSY.] */
int cgroup_remove(const struct strs *dirs, int timeout_ms, struct err *e)
{
	struct cgroup_wait w = cgroup_wait(timeout_ms);
	size_t i;

	for (i = 0; i < dirs->n; i++) {
		int r;

		while ((r = cgroup_rmdir(dirs->v[i])) == -EBUSY || r == -ENOTEMPTY)
			if (!cgroup_wait_more(&w))
				break;
		if (r == -EBUSY)
			return fail(e, EBUSY, "cannot remove the cgroup %s: there still are processes in it", dirs->v[i]);
		if (r < 0)
			return fail_sys(e, r, "cannot remove the cgroup %s", dirs->v[i]);
	}
	return 0;
}

void cgroup_remove_parents(const struct strs *made)
{
	size_t i;

	for (i = 0; i < made->n; i++)
		(void)!sys_rmdir(AT_FDCWD, made->v[i]);
}

int cgroup_missing_parents(struct arena *a, const struct strs *dirs, struct strs *out, struct err *e)
{
	size_t i;

	*out = (struct strs){ NULL, 0 };
	for (i = 0; i < dirs->n; i++) {
		const char *dir = dirs->v[i];
		char path[PATH_MAX];

		if (strlen(dir) >= sizeof path)
			return fail(e, ENAMETOOLONG, "the cgroup path %.64s... is too long", dir);
		while (cgroup_parent(path, dir) && sys_access(AT_FDCWD, path, F_OK, 0) == -ENOENT) {
			char *copy = arena_str(a, path);

			*arena_push(a, out) = copy;
			dir = copy;
		}
	}
	return 0;
}

uint64_t cgroup_oom_kills(const struct strs *dirs)
{
	const char *v1 = cgroup_v1_dir(dirs, "memory");
	char buf[1024];

	if (v1 && cgroup_read(v1, "memory.oom_control", buf, sizeof buf) > 0)
		return cgroup_key(buf, "oom_kill", NULL);
	if (!v1 && dirs->n && cgroup_read(dirs->v[dirs->n - 1], "memory.events", buf, sizeof buf) > 0)
		return cgroup_key(buf, "oom_kill", NULL);
	return 0;
}

/* One --cgroup: [controller,controller:]path */
struct sub {
	const char *controllers;
	size_t n; /* of them, in bytes; 0 = all */
	const char *path;
};

static int parse_sub(const char *text, struct sub *out, struct err *e)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/'), *p;

	out->controllers = text;
	out->n = colon && (!slash || colon < slash) ? (size_t)(colon - text) : 0;
	out->path = text + (out->n ? out->n + 1 : 0);
	out->path += strspn(out->path, "/");
	for (p = out->path; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && p[0] == '.' && p[1] == '.')
			return fail(e, EINVAL, "bad sub cgroup path: %.200s leaves the container's cgroup", text);
		p += len;
	}
	return 0;
}

/* Is dir the hierarchy of one of the controllers in list[0..n)? */
static bool chosen(const struct strs *dirs, const char *dir, const char *list, size_t n)
{
	char name[NAME_MAX + 1];
	size_t at = 0, len;

	for (; at < n; at += len + 1) {
		len = strcspn(list + at, ",:");
		if (len > NAME_MAX)
			return false;
		memcpy(name, list + at, len);
		name[len] = 0;
		if (cgroup_v1_dir(dirs, name) == dir)
			return true;
	}
	return n == 0;
}

static int check_controllers(const struct strs *dirs, const struct sub *s, struct err *e)
{
	size_t at = 0, len, i;

	for (; at < s->n; at += len + 1) {
		len = strcspn(s->controllers + at, ",:");
		for (i = 0; i < dirs->n && !chosen(dirs, dirs->v[i], s->controllers + at, len); i++)
			;
		if (!len || i == dirs->n)
			return fail(e, EINVAL, "unknown controller %.*s: the container has no cgroup of its own for it", (int)len,
				    s->controllers + at);
	}
	return 0;
}

/* The path below dir that was asked for; *asked: whether any was. The last one that names its hierarchy, or all, counts. */
static int find_sub(const struct strs *dirs, const char *dir, const struct strs *subs, const char **below, bool *asked, struct err *e)
{
	size_t i;

	*below = "";
	*asked = false;
	for (i = 0; subs && i < subs->n; i++) {
		struct sub s;

		TRY(parse_sub(subs->v[i], &s, e));
		TRY(check_controllers(dirs, &s, e));
		if (chosen(dirs, dir, s.controllers, s.n)) {
			*below = s.path;
			*asked = true;
		}
	}
	return 0;
}

static int enter_v2(const struct strs *dirs, const char *dir, const char *path, bool asked, bool deeper, pid_t pid, int *fd, struct err *e)
{
	/* on a hybrid machine the version 1 path given need not exist here */
	if (deeper && dirs->n > 1 && sys_access(AT_FDCWD, path, F_OK, 0) < 0)
		return cgroup_v2_open(dir, pid, fd, e);
	if (cgroup_v2_open(path, asked ? 0 : pid, fd, e) < 0)
		return asked ? fail_in(e, "error adding pid %d to cgroups", getpid()) : -e->code;
	return 0;
}

int cgroup_enter(const struct strs *dirs, const struct strs *subs, pid_t pid, int *fd, struct err *e)
{
	const char *v2 = cgroup_v2_dir(dirs), *below;
	size_t i;
	bool asked;

	*fd = -1;
	for (i = 0; i < dirs->n; i++) {
		const char *dir = dirs->v[i];
		char path[PATH_MAX];
		int r;

		TRY(find_sub(dirs, dir, subs, &below, &asked, e));
		r = cgroup_path(path, dir, below);
		if (r < 0)
			return fail_sys(e, r, "the cgroup %s", dir);
		if (!*below)
			path[strlen(path) - 1] = 0;
		if (dir == v2) {
			TRY(enter_v2(dirs, dir, path, asked, *below, pid, fd, e));
			continue;
		}
		r = cgroup_v1_join(AT_FDCWD, path);
		/* an ordinary user's container may have been made without the directories that its record names */
		if (r < 0 && !*below && geteuid() != 0 && (r == -ENOENT || r == -EACCES || r == -EPERM))
			continue;
		if (r < 0)
			return fail_sys(e, r, "error adding pid %d to cgroups: %s", getpid(), path);
	}
	return 0;
}
