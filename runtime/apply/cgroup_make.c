/* cgroup_make.c - STEP_CGROUP and STEP_CGROUP_JOIN: the container's directories come to be, and its init goes into them.
 *
 * What it costs (6.18, two CPUs, nine version 1 hierarchies and the unified one; microseconds, machine idle before / busy): mkdir of
 * all ten 675 / 275, copying the cpuset 90 / 55, joining all ten 250 / 200 (the unified one by CLONE_INTO_CGROUP, which is nearly free
 * beside clone itself; writing cgroup.procs would be 11,000), rmdir of all ten 240 / 200. A third of the idle mkdir is the cpuset
 * hierarchy: the first cpuset below the root switches code paths in the kernel on. All hierarchies are joined nevertheless: a
 * container that stayed in its parent's cgroup of one of them would show, and could be given, its parent's resources there.
 *
 * Must not decide which directories or controllers: the plan does. */
#include "apply/cgroup_dir.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <string.h>

/* What op_cgroup leaves in its slot: fd is the root directory for joins; data is this. */
struct made {
	struct strs ready; /* directories of the plan that are there */
	struct strs made;  /* directories that we made, parents too, in the order of making */
};

static const struct hierarchy *hierarchy_of(const struct host *h, const char *dir)
{
	size_t i, best = 0;
	const struct hierarchy *found = NULL;

	for (i = 0; i < h->hierarchies.n; i++) {
		const struct hierarchy *c = &h->hierarchies.v[i];
		size_t n = strlen(c->dir);

		if (n > best && strncmp(dir, c->dir, n) == 0 && (dir[n] == '/' || !dir[n])) {
			best = n;
			found = c;
		}
	}
	return found;
}

static bool is_cpuset(const struct hierarchy *h)
{
	return h && h->controllers && cgroup_word(h->controllers, "cpuset", 6);
}

/* mkdir with its parents. Returns 1 when dir is new, 0 when it was there. */
static int make_path(struct arena *a, const char *dir, const struct hierarchy *h, struct made *m, unsigned depth, struct err *e)
{
	char parent[PATH_MAX];
	int tries, r = 0;

	/* somebody else may remove the parent between our making it and our using it */
	for (tries = 0; tries < 16; tries++) {
		r = sys_mkdir(AT_FDCWD, dir, 0755);
		if (r != -ENOENT)
			break;
		if (strlen(dir) >= sizeof parent || depth > 64)
			return fail(e, ENAMETOOLONG, "the cgroup path %.64s... is too long", dir);
		if (!cgroup_parent(parent, dir) || (h && strlen(parent) < strlen(h->dir)))
			break;
		TRY(make_path(a, parent, h, m, depth + 1, e));
	}
	if (r == -EEXIST)
		return 0;
	if (r < 0)
		return fail_sys(e, r, "cannot make the cgroup %s", dir);
	*arena_push(a, &m->made) = arena_str(a, dir);
	if (is_cpuset(h))
		TRY(cgroup_v1_inherit_cpuset(dir, h->dir, e));
	return 1;
}

/* The words are runc's: engines and their users know them. */
static int check_existing(const struct step_cgroup *c, const char *dir, bool v2, struct err *e)
{
	size_t n;
	int r;

	if (c->refuse_populated) {
		if (v2 && !cgroup_v2_populated(dir))
			n = 0;
		else if ((r = cgroup_count(dir, &n)) < 0)
			return fail_sys(e, r, "cannot list the processes of %s", dir);
		if (n)
			return fail(e, EBUSY, "container's cgroup is not empty: %zu process(es) found in %s", n, dir);
	}
	if (v2 ? cgroup_v2_frozen(dir) : cgroup_v1_frozen(dir))
		return fail(e, EBUSY, "container's cgroup unexpectedly frozen: %s (thaw it, or give another cgroupsPath)", dir);
	return 0;
}

/* Does a limit of the plan need a controller that only works on whole processes? */
static bool domain_limits(const struct plan *p)
{
	static const char *const domain[] = { "memory", "io", "hugetlb", "rdma", "misc", "dmem" };
	size_t i, k;

	for (i = 0; i < p->steps.n; i++)
		for (k = 0; k < sizeof domain / sizeof *domain && p->steps.v[i].op == STEP_LIMIT; k++)
			if (p->steps.v[i].limit.controller && strcmp(p->steps.v[i].limit.controller, domain[k]) == 0)
				return true;
	return false;
}

static int make_v2(struct run *r, const struct step_cgroup *c, const char *dir, struct made *m, struct err *e)
{
	const struct hierarchy *h = hierarchy_of(r->host, dir);
	bool complete;
	int ret = make_path(r->arena, dir, h, m, 0, e);

	if (ret < 0)
		return ret;
	if (ret == 0)
		TRY(check_existing(c, dir, true, e));
	if (h && c->enable.n) {
		TRY(cgroup_v2_enable(dir, h->dir, &c->enable, &complete, e));
		if (!complete)
			TRY(cgroup_v2_settle_type(dir, domain_limits(r->plan), e));
	}
	return c->chown ? cgroup_v2_delegate(dir, c->uid, c->gid, e) : 0;
}

static int make_v1(struct run *r, const struct step_cgroup *c, const char *dir, struct made *m, struct err *e)
{
	int ret = make_path(r->arena, dir, hierarchy_of(r->host, dir), m, 0, e);

	if (ret < 0)
		return ret;
	return ret == 0 ? check_existing(c, dir, false, e) : 0;
}

static void unmake(const struct made *m)
{
	size_t i;

	for (i = m->made.n; i-- > 0;) {
		struct cgroup_wait w = cgroup_wait(1000);

		/* only what we made, and only if nobody else has moved in */
		while (sys_rmdir(AT_FDCWD, m->made.v[i]) == -EBUSY && cgroup_wait_more(&w))
			;
	}
}

/* Whose fault it is, for an ordinary user: which limit needs a controller, and how one comes by its permission. */
static void name_wanted(struct run *r, struct err *e)
{
	const struct step *limit = NULL;
	size_t i;

	for (i = 0; i < r->plan->steps.n && !limit; i++)
		if (r->plan->steps.v[i].op == STEP_LIMIT)
			limit = &r->plan->steps.v[i];
	fail_in(e, "unable to apply cgroup configuration: rootless needs no limits + no cgrouppath when no permission is granted for "
		   "cgroups");
	if (!limit)
		return;
	fail_in(e, "the %s controller is not delegated to this user (systemd: Delegate=yes)", limit->limit.controller);
	fail_at(e, limit->at);
}

static bool not_permitted(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

int op_cgroup(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_cgroup *c = &s->cgroup;
	struct made *m = arena_alloc(r->arena, sizeof *m);
	size_t i;

	slot->data = m;
	if (!c->manage)
		return 0;
	for (i = 0; i < c->dirs.n; i++) {
		const char *dir = c->dirs.v[i];
		int ret = c->v2 && i + 1 == c->dirs.n ? make_v2(r, c, dir, m, e) : make_v1(r, c, dir, m, e);

		if (ret == 0) {
			*arena_push(r->arena, &m->ready) = c->dirs.v[i];
			continue;
		}
		if (not_permitted(ret) && !c->must)
			continue; /* nothing was asked for that needs it */
		if (not_permitted(ret) && !r->host->privileged)
			name_wanted(r, e);
		unmake(m);
		return ret;
	}
	return 0;
}

void op_cgroup_undo(struct run *r, const struct step *s, struct slot *slot)
{
	(void)r;
	(void)s;
	if (slot->data)
		unmake(slot->data);
}

/* The directories that STEP_CGROUP found or made; NULL when the plan has no such step (exec). */
static const struct strs *ready_dirs(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == STEP_CGROUP && r->slots[i].data)
			return &((const struct made *)r->slots[i].data)->ready;
	return NULL;
}

/* One handle on the runtime's root instead of one per hierarchy: init opens the tasks files below it itself, whatever its own mount
 * namespace is by then, and nine descriptors less have to be kept, passed over and closed. */
int op_cgroup_join_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)r;
	if (!s->cgroup_join.dirs.n)
		return 0;
	slot->fd = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
	return slot->fd < 0 ? fail_sys(e, slot->fd, "/") : 0;
}

bool cgroup_is_ready(const struct run *r, const char *dir)
{
	const struct strs *ready = ready_dirs(r);
	size_t i;

	for (i = 0; ready && i < ready->n; i++)
		if (strcmp(ready->v[i], dir) == 0)
			return true;
	return !ready;
}

int op_cgroup_join(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_cgroup_join *j = &s->cgroup_join;
	size_t i;
	int ret;

	for (i = 0; i < j->dirs.n; i++) {
		if (!cgroup_is_ready(r, j->dirs.v[i]))
			continue;
		ret = cgroup_v1_join(slot->fd, j->dirs.v[i]);
		if (ret < 0)
			return fail_sys(e, ret, "cannot join the cgroup %s", j->dirs.v[i]);
	}
	fd_close(&slot->fd); /* no way back to the host's files from here on */
	if (!j->unshare_ns)
		return 0;
	ret = sys_unshare(CLONE_NEWCGROUP);
	return ret < 0 ? fail_sys(e, ret, "cannot make a cgroup namespace") : 0;
}
