/* limits.c - resources to writes of cgroup files: what versions 1 and 2 have in common, and `update`.
 * Must not know the order within a controller, nor a conversion: cgroup_v1.c and cgroup_v2.c do. */
#include "plan/build.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

const char *plan_num(struct limits *x, int64_t v)
{
	return arena_fmt(x->b->a, "%" PRId64, v);
}

const char *plan_unum(struct limits *x, uint64_t v)
{
	return arena_fmt(x->b->a, "%" PRIu64, v);
}

/* Is word one of the comma-separated words of list? */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += *list == ',') {
		size_t k = strcspn(list, ",");

		if (k == n && strncmp(list, word, n) == 0)
			return true;
		list += k;
	}
	return false;
}

/* The container's directory below a hierarchy's mount point, whichever of dirs that is. */
static const char *below(const struct strs *dirs, const char *mountpoint)
{
	size_t i, n = strlen(mountpoint);

	for (i = 0; i < dirs->n; i++)
		if (strncmp(dirs->v[i], mountpoint, n) == 0 && dirs->v[i][n] == '/')
			return dirs->v[i];
	return NULL;
}

const char *plan_controller_dir(const struct limits *x, const char *controller)
{
	const struct host *h = x->b->h;
	size_t i;

	if (!x->dirs->n)
		return NULL;
	if (h->cgroup == CGROUP_V2)
		return x->dirs->v[x->dirs->n - 1];
	for (i = 0; i < h->hierarchies.n; i++)
		if (listed(h->hierarchies.v[i].controllers, controller))
			return below(x->dirs, h->hierarchies.v[i].dir);
	return NULL;
}

/* On version 2 our own cgroup's parent tells which controllers can be had below it. Elsewhere the write itself will tell. */
static bool offered(const struct limits *x, const char *controller)
{
	const struct host *h = x->b->h;
	size_t i;

	if (h->cgroup != CGROUP_V2 || x->update || !x->relative || strcmp(controller, "cgroup") == 0)
		return true;
	for (i = 0; i < h->v2_controllers.n; i++)
		if (strcmp(h->v2_controllers.v[i], controller) == 0)
			return true;
	return false;
}

int plan_limit(struct limits *x, const char *controller, const char *file, const char *value, const char *at, struct step_limit **out,
	       struct err *e)
{
	const char *dir = plan_controller_dir(x, controller), *place = plan_at(x->b, "%s%s", x->prefix, at);
	struct step *s;

	if (!dir)
		return plan_fail(e, ENOTSUP, place, "this limit needs the %s controller, which is not mounted here", controller);
	if (!offered(x, controller))
		return plan_fail(e, ENOTSUP, place,
				 "this limit needs the %s controller, which our cgroup does not have: it must be delegated to us "
				 "(for a user session: Delegate=%s in the unit user@.service)",
				 controller, controller);
	s = plan_add(x->b, STEP_LIMIT, STAGE_PREPARE, place);
	s->limit = (struct step_limit){ .dir = dir, .controller = controller, .file = file, .value = value };
	if (out)
		*out = &s->limit;
	return 0;
}

/* What both versions forbid. 0 means "not asked" for these values, as it does for runc. */
static int check_memory(const struct limits *x, struct err *e)
{
	const struct memory_limits *m = x->r->memory;
	struct build *b = x->b;

	if (!m)
		return 0;
	if (m->kernel.set)
		plan_warn(b, "%s/memory/kernel: ignored, Linux has given up limits of kernel memory", x->prefix);
	if (m->use_hierarchy.set)
		plan_warn(b, "%s/memory/useHierarchy: ignored, Linux always counts memory hierarchically", x->prefix);
	if (m->swap.v > 0 && m->limit.v > 0 && m->swap.v < m->limit.v)
		return plan_fail(e, EINVAL, plan_at(b, "%s/memory/swap", x->prefix),
				 "memory and swap together (%" PRId64 ") cannot be less than memory alone (%" PRId64 ")", m->swap.v,
				 m->limit.v);
	return 0;
}

static bool name_ok(const char *s)
{
	return *s && !strpbrk(s, " \t\r\n/") && strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

/* These stand between blanks in a file: nothing else may hide in them (rule R28). */
static int check_names(const struct limits *x, struct err *e)
{
	const struct resources *r = x->r;
	size_t i;

	for (i = 0; i < r->rdma.n; i++)
		if (!name_ok(r->rdma.v[i].key))
			return plan_fail(e, EINVAL, plan_at(x->b, "%s/rdma", x->prefix), "\"%s\" is not the name of a device",
					 r->rdma.v[i].key);
	for (i = 0; r->network && i < r->network->priorities.n; i++)
		if (!name_ok(r->network->priorities.v[i].name))
			return plan_fail(e, EINVAL, plan_at(x->b, "%s/network/priorities/%zu/name", x->prefix, i),
					 "this is not the name of a network interface");
	return 0;
}

static int limit_rdma(struct limits *x, struct err *e)
{
	size_t i;

	for (i = 0; i < x->r->rdma.n; i++) {
		const struct rdma_limit *l = &x->r->rdma.v[i];
		struct text t = { .arena = x->b->a };

		text_str(&t, l->key);
		if (l->hca_handles.set)
			text_fmt(&t, " hca_handle=%" PRIu64, l->hca_handles.v);
		if (l->hca_objects.set)
			text_fmt(&t, " hca_object=%" PRIu64, l->hca_objects.v);
		TRY(plan_limit(x, "rdma", "rdma.max", arena_str(x->b->a, text_get(&t)),
			       plan_at(x->b, "/rdma/%s", plan_at_key(x->b, l->key)), NULL, e));
	}
	return 0;
}

/* 0 is no useful limit and systemd refuses it, so it becomes 1, as in runc. */
static int limit_pids(struct limits *x, struct err *e)
{
	const struct pids_limits *p = x->r->pids;

	if (!p || !p->limit.set)
		return 0;
	return plan_limit(x, "pids", "pids.max",
			  p->limit.v < 0    ? "max"
			  : p->limit.v == 0 ? "1"
					    : plan_num(x, p->limit.v),
			  "/pids/limit", NULL, e);
}

static int limit_cpuset(struct limits *x, struct err *e)
{
	const struct cpu_limits *c = x->r->cpu;

	if (c && is_set(c->cpus))
		TRY(plan_limit(x, "cpuset", "cpuset.cpus", c->cpus, "/cpu/cpus", NULL, e));
	if (c && is_set(c->mems))
		TRY(plan_limit(x, "cpuset", "cpuset.mems", c->mems, "/cpu/mems", NULL, e));
	return 0;
}

static int limit_hugepages(struct limits *x, struct err *e)
{
	const char *end = x->b->h->cgroup == CGROUP_V2 ? "max" : "limit_in_bytes";
	struct arena *a = x->b->a;
	size_t i;

	for (i = 0; i < x->r->hugepage_limits.n; i++) {
		const struct hugepage_limit *l = &x->r->hugepage_limits.v[i];
		const char *value = plan_unum(x, l->limit.v), *at = plan_at(x->b, "/hugepageLimits/%zu", i);
		struct step_limit *s;

		TRY(plan_limit(x, "hugetlb", arena_fmt(a, "hugetlb.%s.%s", l->page_size, end), value, at, NULL, e));
		TRY(plan_limit(x, "hugetlb", arena_fmt(a, "hugetlb.%s.rsvd.%s", l->page_size, end), value, at, &s, e));
		s->optional = true; /* since Linux 5.7 */
	}
	return 0;
}

int plan_limits(struct limits *x, struct err *e)
{
	bool v2 = x->b->h->cgroup == CGROUP_V2;

	TRY(check_memory(x, e));
	TRY(check_names(x, e));
	TRY(limit_cpuset(x, e));
	TRY(v2 ? plan_limits_v2(x, e) : plan_limits_v1(x, e));
	TRY(limit_pids(x, e));
	TRY(limit_hugepages(x, e));
	return limit_rdma(x, e);
}
