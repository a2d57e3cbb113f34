/* test_rows.c - every property that is applied changes the plan: a row whose value nobody reads does not go unseen.
 *
 * The machine is imagined and has everything, once with each version of cgroups; the plans compared are those of create and of
 * exec. Linked without what touches the kernel. */
#include "plan/plan.h"
#include "sample.h"
#include "test.h"

static struct arena arena;

static const struct host *machine(enum cgroup_mode mode)
{
	static const char *const controllers[] = { "cpu",  "cpuset",  "memory",	 "devices",  "blkio",
						   "pids", "hugetlb", "net_cls", "net_prio", "rdma" };
	static const char *const v2[] = { "cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma" };
	struct host *h = arena_alloc(&arena, sizeof *h);
	size_t i;

	*h = (struct host){ .privileged = true, .caps = ~0ull, .bounding = ~0ull, .cgroup = mode, .bundle = "/bundle", .id = "c1" };
	h->apparmor = h->selinux = h->rdt = h->idmap_mounts = h->cgroup_kill = true;
	if (mode == CGROUP_V2)
		*arena_push(&arena, &h->hierarchies) = (struct hierarchy){ (char *)"", (char *)"/sys/fs/cgroup", (char *)"/" };
	for (i = 0; mode == CGROUP_V1 && i < sizeof controllers / sizeof *controllers; i++)
		*arena_push(&arena, &h->hierarchies) =
			(struct hierarchy){ (char *)controllers[i], arena_fmt(&arena, "/sys/fs/cgroup/%s", controllers[i]), (char *)"/" };
	for (i = 0; i < sizeof v2 / sizeof *v2; i++)
		*arena_push(&arena, &h->v2_controllers) = (char *)v2[i];
	return h;
}

/* Appends the plan, or why there is none. True = there is one. */
static bool append(struct text *t, const struct config *c, enum cgroup_mode mode, bool exec)
{
	static const struct plan_options none;
	struct plan p;
	struct err e;

	if (!c->process)
		return false;
	if ((exec ? plan_exec(&arena, c, c->process, machine(mode), &none, &p, &e) : plan_create(&arena, c, machine(mode), &none, &p, &e)) <
	    0) {
		text_fmt(t, "no plan: %s: %s\n", e.at, e.text);
		return false;
	}
	plan_print(t, &p);
	return true;
}

/* The plans of a document, one after the other; *ok: how many there are. */
static const char *plans(const char *doc, unsigned *ok)
{
	struct text t = { .arena = &arena };
	struct config c;
	struct err e;

	*ok = 0;
	if (config_decode(&arena, doc, strlen(doc), "sample", &c, &e) < 0)
		return arena_fmt(&arena, "%s: %s", e.at, e.text);
	*ok += append(&t, &c, CGROUP_V2, false);
	*ok += append(&t, &c, CGROUP_V1, false);
	*ok += append(&t, &c, CGROUP_V2, true);
	return text_get(&t);
}

/* Properties that are applied elsewhere than in a plan. */
static bool outside_of_plans(const char *pattern)
{
	return strcmp(pattern, "/ociVersion") == 0     /* the decoder refuses other versions */
	       || strcmp(pattern, "/annotations") == 0 /* hooks and `state` get them; only some mean something */
	       || strncmp(pattern, "/hooks/poststop", strlen("/hooks/poststop")) == 0; /* `delete` runs them */
}

static void check_row(const struct prop *p, const char *pattern, void *ctx)
{
	const char *with, *without;
	unsigned ok, ok_without;
	struct sample s;

	if (p->flags & PROP_PARSED || outside_of_plans(pattern))
		return;
	++*(size_t *)ctx;
	arena_drop(&arena);
	s = sample_of(&arena, pattern);
	with = plans(s.with, &ok);
	without = plans(s.without, &ok_without);
	if (ok == 0 && strncmp(pattern + strcspn(pattern, "N"), "N/containerID", 13) == 0 && strstr(with, "id 0 of the container"))
		return; /* its example leaves id 0 without a user, and the plan says so */
	if (!CHECK(ok > 0))
		printf("# %s gives no plan: %s", pattern, with);
	else if (!CHECK(strcmp(with, without) != 0))
		printf("# %s changes no plan\n# %s\n", pattern, s.with);
}

TEST(every_applied_property_changes_a_plan)
{
	size_t n = 0;

	prop_walk(config_props, "", check_row, &n);
	CHECK(n >= 170);
}

/* The same input, the same plan: nothing of the machine, of an address or of an earlier run gets into it. */
TEST(plans_are_repeatable)
{
	struct arena first = { .chunks = NULL };
	unsigned ok;
	char *once;

	once = arena_str(&first, plans(SAMPLE_BASE, &ok));
	CHECK_INT(ok, 3);
	arena_drop(&arena);
	CHECK_STR(plans(SAMPLE_BASE, &ok), once);
	arena_drop(&first);
}
