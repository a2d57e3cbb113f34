/* sched.c - where and when the container's process runs: scheduler, I/O priority, CPUs, memory nodes.
 * The lists of numbers are parsed in prepare; the run column must not allocate. */
#include "apply/ops.h"
#include "base/idlist.h"
#include "base/log.h"
#include "oci/words.h"
#include "sys/sys.h"
#include <linux/mempolicy.h>
#include <stdbool.h>
#include <string.h>

#define MAX_CPUS 8192  /* the kernel's largest CONFIG_NR_CPUS on x86 */
#define MAX_NODES 1024 /* its largest CONFIG_NODES_SHIFT is 10 */

#define IOPRIO_CLASS_BITS 13      /* ioprio_set(2): class << 13 | priority */
#define IOPRIO_OF_THIS_PROCESS 1  /* IOPRIO_WHO_PROCESS: the process group is still the caller's, who is not to be slowed down */

/* sched_setattr(2), SCHED_ATTR_SIZE_VER0 */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct cpus {
	unsigned long initial[IDLIST_WORDS(MAX_CPUS)], final[IDLIST_WORDS(MAX_CPUS)];
	bool has_initial, has_final;
};

static bool cpus_limited(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (s->op == STEP_LIMIT && s->limit.file && !strcmp(s->limit.file, "cpuset.cpus"))
			return true;
	}
	return false;
}

int op_scheduler(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_scheduler *c = &s->scheduler;
	struct attr attr = {
		.size = sizeof attr, .policy = c->policy, .flags = c->flags, .nice = c->nice, .priority = (uint32_t)c->priority,
		.runtime = c->runtime, .deadline = c->deadline, .period = c->period,
	};
	const char *name = words_name(&words_sched_policy, c->policy);
	int ret = sys_sched_setattr(0, &attr, 0);

	(void)slot;
	if (!name)
		name = "?";
	if (ret == -EPERM && cpus_limited(r)) /* SCHED_DEADLINE wants to be admitted on all CPUs of its root domain */
		return fail_sys(e, ret, "process scheduler can't be used together with AllowedCPUs: %s with cpu.cpus set", name);
	if (ret == -EPERM)
		return fail_sys(e, ret, "cannot set the scheduler to %s (needs CAP_SYS_NICE, and a realtime budget in the cgroup)", name);
	return ret < 0 ? fail_sys(e, ret, "cannot set the scheduler to %s", name) : 0;
}

int op_io_priority(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int value = s->io_priority.class << IOPRIO_CLASS_BITS | s->io_priority.priority, ret;

	(void)r, (void)slot;
	if (s->io_priority.priority < 0 || s->io_priority.priority > 7) /* newer kernels read hints in higher bits */
		return fail(e, EINVAL, "I/O priority %d: priorities go from 0 to 7", s->io_priority.priority);
	ret = sys_ioprio_set(IOPRIO_OF_THIS_PROCESS, 0, value);
	if (ret == -EPERM)
		return fail_sys(e, ret, "cannot set the I/O priority (the realtime class needs CAP_SYS_ADMIN or CAP_SYS_NICE)");
	return ret < 0 ? fail_sys(e, ret, "cannot set the I/O priority to class %d, priority %d", s->io_priority.class,
				  s->io_priority.priority) : 0;
}

static int parse_cpus(const char *text, const char *what, unsigned long *mask, bool *has, struct err *e)
{
	int n;

	if (!text || !*text)
		return 0;
	n = idlist_parse(text, mask, MAX_CPUS);
	if (n == -ERANGE)
		return fail(e, EINVAL, "%s CPU affinity \"%s\": a CPU number is above %d", what, text, MAX_CPUS - 1);
	if (n <= 0)
		return fail(e, EINVAL, "%s CPU affinity \"%s\": expected a list like 0-3,7", what, text);
	*has = true;
	return 0;
}

/* The runtime itself goes to the initial CPUs: what it makes from now on inherits them until it is in its cgroup. */
int op_cpu_affinity_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct cpus *c = arena_alloc(r->arena, sizeof *c);
	int ret;

	TRY(parse_cpus(s->cpu_affinity.initial, "initial", c->initial, &c->has_initial, e));
	TRY(parse_cpus(s->cpu_affinity.final, "final", c->final, &c->has_final, e));
	slot->data = c;
	slot->n = sizeof *c;
	if (!c->has_initial)
		return 0;
	ret = sys_sched_setaffinity(0, sizeof c->initial, c->initial);
	return ret < 0 ? fail_sys(e, ret, "cannot run on the initial CPUs %s", s->cpu_affinity.initial) : 0;
}

/* Without a final list the process gets all that its cgroup allows: since 6.2 the kernel remembers an affinity that the caller had (an
 * engine started with taskset), which is none of the container's business. */
int op_cpu_affinity(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct cpus *c = slot->data;
	int ret;

	(void)r;
	if (c->has_final) {
		ret = sys_sched_setaffinity(0, sizeof c->final, c->final);
		if (ret < 0)
			return fail_sys(e, ret, "cannot run on the CPUs %s (are they in the container's cpuset?)", s->cpu_affinity.final);
		return 0;
	}
	memset(c->final, 0xff, sizeof c->final);
	ret = sys_sched_setaffinity(0, sizeof c->final, c->final);
	(void)ret; /* nobody asked for it: a refusal leaves what was there */
	return 0;
}

int op_memory_policy_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_memory_policy *p = &s->memory_policy;
	unsigned long *mask = arena_array(r->arena, IDLIST_WORDS(MAX_NODES), sizeof *mask);
	int mode = p->mode & ~MPOL_MODE_FLAGS, n = 0;

	if (p->nodes && *p->nodes) {
		n = idlist_parse(p->nodes, mask, MAX_NODES);
		if (n == -ERANGE)
			return fail(e, EINVAL, "invalid memory policy node: \"%s\" has a number above %d", p->nodes, MAX_NODES - 1);
		if (n < 0)
			return fail(e, EINVAL, "invalid memory policy node list \"%s\": expected a list like 0-3,7", p->nodes);
	}
	if ((mode == MPOL_DEFAULT || mode == MPOL_LOCAL) && n)
		return fail(e, EINVAL, "memory policy %s: mode requires 0 nodes but got %d",
			    mode == MPOL_DEFAULT ? "MPOL_DEFAULT" : "MPOL_LOCAL", n);
	slot->data = n ? mask : NULL;
	slot->n = n ? MAX_NODES : 0;
	return 0;
}

int op_memory_policy(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	/* set_mempolicy(2) takes one bit more than it reads */
	int ret = sys_set_mempolicy(s->memory_policy.mode, slot->data, slot->n ? slot->n + 1 : 0);

	(void)r;
	if (ret == -EINVAL)
		return fail_sys(e, ret, "cannot set the memory policy for nodes \"%s\" (are they in the container's cpuset?)",
				s->memory_policy.nodes ? s->memory_policy.nodes : "");
	if (ret == -ENOSYS)
		return fail_sys(e, ret, "cannot set the memory policy (a kernel without CONFIG_NUMA)");
	return ret < 0 ? fail_sys(e, ret, "cannot set the memory policy") : 0;
}
