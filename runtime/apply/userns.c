/* userns.c - the ids of a new user namespace, its root, and the clocks of a new time namespace.
 *
 * The maps are written by the runtime while init waits: through the verified procfs, or by newuidmap and newgidmap when we may not
 * (rule R17). Must not fall back to a smaller map than was asked for. */
#include "apply/ops.h"
#include "apply/proc.h"
#include "apply/spawn.h"
#include "base/text.h"
#include "sys/sys.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Setuid programs of the system: never looked for in the caller's PATH. */
static const char *const helper_dirs[] = { "/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin" };

static const struct map_kind {
	const char *file, *helper, *subids, *mappings;
} kind_uid = { "uid_map", "newuidmap", "/etc/subuid", "uidMappings" }, kind_gid = { "gid_map", "newgidmap", "/etc/subgid", "gidMappings" };

static int write_map(struct run *r, const struct map_kind *k, const id_ranges *map, struct err *e)
{
	struct text t = { .arena = r->arena };
	char path[48];
	size_t i;
	int ret;

	for (i = 0; i < map->n; i++)
		text_fmt(&t, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", map->v[i].inside, map->v[i].outside, map->v[i].count);
	snprintf(path, sizeof path, "%d/%s", r->pid, k->file);
	ret = proc_write(r->proc, path, text_get(&t));
	if (ret == -EPERM)
		return fail_sys(e, ret, "cannot write %s (more than one's own id needs CAP_SETUID or CAP_SETGID over all of it)", k->file);
	if (ret == -EINVAL)
		return fail_sys(e, ret, "the kernel does not take linux.%s: ranges that overlap, are empty, or more than 340", k->mappings);
	return ret < 0 ? fail_sys(e, ret, "cannot write %s", k->file) : 0;
}

static const char *find_helper(struct arena *a, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof helper_dirs / sizeof *helper_dirs; i++) {
		const char *path = arena_fmt(a, "%s/%s", helper_dirs[i], name);

		if (sys_access(AT_FDCWD, path, 1 /* X_OK */, AT_EACCESS) == 0)
			return path;
	}
	return NULL;
}

static int run_helper(struct run *r, const struct map_kind *k, const id_ranges *map, struct err *e)
{
	struct spawn s = { .path = find_helper(r->arena, k->helper), .null = r->dev_null, .timeout = 30 };
	char **argv = arena_array(r->arena, 3 * map->n + 3, sizeof *argv), ending[64];
	struct spawned out;
	size_t i, n = 0;

	if (!s.path)
		return fail(e, ENOENT, "%s is not installed; without root, linux.%s with more than one's own id needs it (package uidmap)",
			    k->helper, k->mappings);
	argv[n++] = arena_str(r->arena, k->helper);
	argv[n++] = arena_fmt(r->arena, "%d", r->pid);
	for (i = 0; i < map->n; i++) {
		argv[n++] = arena_fmt(r->arena, "%" PRIu32, map->v[i].inside);
		argv[n++] = arena_fmt(r->arena, "%" PRIu32, map->v[i].outside);
		argv[n++] = arena_fmt(r->arena, "%" PRIu32, map->v[i].count);
	}
	s.argv = argv;
	TRY(spawn_wait(&s, &out, e));
	if (out.timed_out)
		return fail(e, ETIMEDOUT, "%s did not end within %d s", s.path, 30);
	if (!WIFEXITED(out.status) || WEXITSTATUS(out.status) != 0)
		return fail(e, EPERM, "%s refuses linux.%s (does %s allow these ids to uid %u?): %s%s%s", s.path, k->mappings, k->subids,
			    r->host->uid, spawn_ending(&out, ending, sizeof ending), out.said_n ? ", stderr: " : "", out.said);
	return 0;
}

/* user_namespaces(7): an unprivileged gid_map is only taken once setgroups is denied, because dropping a group could open what a group
 * closes. */
int op_id_map(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_id_map *m = &s->id_map;
	char path[48];
	int ret;

	(void)slot;
	if (!m->uids.n || !m->gids.n)
		return fail(e, EINVAL, "a user namespace without %s: no id would exist in it", m->uids.n ? "gidMappings" : "uidMappings");
	if (m->deny_setgroups) {
		snprintf(path, sizeof path, "%d/setgroups", r->pid);
		ret = proc_write(r->proc, path, "deny");
		if (ret < 0)
			return fail_sys(e, ret, "cannot deny setgroups in the user namespace");
	}
	TRY(m->helpers ? run_helper(r, &kind_gid, &m->gids, e) : write_map(r, &kind_gid, &m->gids, e));
	return m->helpers ? run_helper(r, &kind_uid, &m->uids, e) : write_map(r, &kind_uid, &m->uids, e);
}

int op_become_root(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = sys_setresgid(0, 0, 0);

	(void)r, (void)s, (void)slot;
	if (ret < 0)
		return fail_sys(e, ret, "cannot become gid 0 of the user namespace (linux.gidMappings must map 0)");
	ret = sys_setresuid(0, 0, 0);
	return ret < 0 ? fail_sys(e, ret, "cannot become uid 0 of the user namespace (linux.uidMappings must map 0)") : 0;
}

static int put_offset(char *buf, size_t n, const char *clock, int64_t secs, uint32_t nanosecs)
{
	return snprintf(buf, n, "%s %" PRId64 " %" PRIu32 "\n", clock, secs, nanosecs);
}

/* time_namespaces(7): the offsets are written before any process is in the namespace, so it is not made by clone: init makes it for its
 * children and then enters it itself. */
int op_time_offsets(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_time_offsets *t = &s->time_offsets;
	char value[128];
	size_t n = 0;
	int ret = sys_unshare(CLONE_NEWTIME);

	(void)slot;
	if (ret == -EINVAL)
		return fail_sys(e, ret, "cannot make a time namespace (a kernel without CONFIG_TIME_NS)");
	if (ret < 0)
		return fail_sys(e, ret, "cannot make a time namespace");
	if (t->monotonic.set)
		n += (size_t)put_offset(value, sizeof value, "monotonic", t->monotonic.secs, t->monotonic.nanosecs);
	if (t->boottime.set)
		n += (size_t)put_offset(value + n, sizeof value - n, "boottime", t->boottime.secs, t->boottime.nanosecs);
	if (n) {
		ret = proc_write(r->proc, "self/timens_offsets", value);
		if (ret == -ERANGE)
			return fail_sys(e, ret, "linux.timeOffsets: a clock may not become negative, nor reach half of its range");
		if (ret < 0)
			return fail_sys(e, ret, "linux.timeOffsets");
	}
	AUTO_FD int ns = sys_open(r->proc, "self/ns/time_for_children", O_RDONLY, 0);
	if (ns < 0)
		return fail_sys(e, ns, "cannot open the new time namespace");
	ret = sys_setns(ns, CLONE_NEWTIME);
	return ret < 0 ? fail_sys(e, ret, "cannot enter the new time namespace") : 0;
}
