/* settings.c - what one process sets about itself: limits, scheduling, memory placement, personality; and the resctrl group.
 * Must not decide who the process is (identity.c). */
#include "plan/build.h"
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>

enum { FIFO = 1, RR = 2 }; /* SCHED_* */

/* A process in a user namespace of its own has no say in the initial one: the runtime, which may have, acts from outside. The files of
 * plan/ add steps stage by stage, so the functions that use this are called once for each stage that it could be. */
static bool from_outside(const struct build *b)
{
	return has_ns(b, CLONE_NEWUSER) && b->h->privileged;
}

void plan_rlimits(struct build *b, enum stage now)
{
	size_t i;

	if (now == STAGE_OUTSIDE && !from_outside(b))
		return;
	for (i = 0; i < b->p->rlimits.n; i++) {
		const struct rlimit_entry *l = &b->p->rlimits.v[i];
		struct step_rlimit s = { (int)words_rlimit.v[l->type].value, l->soft.v, l->hard.v };

		plan_add(b, STEP_RLIMIT, now, plan_at(b, "%s/rlimits/%zu", b->process_at, i))->rlimit = s;
	}
}

void plan_oom_score(struct build *b, enum stage now)
{
	struct step *s;

	if (!b->p->oom_score_adj.set || (now == STAGE_OUTSIDE) != from_outside(b))
		return;
	s = plan_add(b, STEP_OOM_SCORE, now, plan_at(b, "%s/oomScoreAdj", b->process_at));
	s->oom_score = (int)b->p->oom_score_adj.v;
	/* an ordinary user may not make a process less likely to be killed, and engines ask for it without knowing */
	s->soft = !b->h->privileged || b->h->in_userns;
}

static int add_scheduler(struct build *b, const struct scheduler *c, struct err *e)
{
	const char *at = plan_at(b, "%s/scheduler", b->process_at);
	struct step_scheduler s = { .policy = (uint32_t)words_sched_policy.v[c->policy].value };
	size_t i;

	if ((s.policy == FIFO || s.policy == RR) && (c->priority.v < 1 || c->priority.v > 99))
		return plan_fail(e, EINVAL, plan_at(b, "%s/priority", at), "the priority of a real-time policy is 1 to 99");
	s.nice = (int32_t)c->nice.v;
	s.priority = (int32_t)c->priority.v;
	s.runtime = c->runtime.v;
	s.deadline = c->deadline.v;
	s.period = c->period.v;
	for (i = 0; i < c->flags.n; i++)
		s.flags |= words_sched_flag.v[c->flags.v[i]].value;
	plan_add(b, STEP_SCHEDULER, STAGE_CONTAINER, at)->scheduler = s;
	return 0;
}

static void add_io_priority(struct build *b, const struct io_priority *c)
{
	struct step_io_priority s = { .class = (int)words_io_class.v[c->class].value, .priority = (int)c->priority.v };

	plan_add(b, STEP_IO_PRIORITY, STAGE_CONTAINER, plan_at(b, "%s/ioPriority", b->process_at))->io_priority = s;
}

/* execCPUAffinity is for exec alone. The first process gets all CPUs of a cpuset that was asked for, whatever set the engine itself is
 * bound to; without a cpuset an affinity from outside stays. */
static void add_cpus(struct build *b)
{
	const struct cpu_affinity *c = b->p->exec_cpu_affinity;
	bool cpuset = b->l->resources && b->l->resources->cpu && is_set(b->l->resources->cpu->cpus);
	struct step_cpu_affinity s = { NULL, NULL };

	if (b->exec && c) {
		s.initial = is_set(c->initial) ? c->initial : NULL;
		s.final = is_set(c->final) ? c->final : NULL;
	} else if (!b->exec && !cpuset) {
		return;
	}
	plan_add(b, STEP_CPU_AFFINITY, STAGE_CONTAINER, b->exec ? (c ? "/execCPUAffinity" : "") : "/linux/resources/cpu/cpus")
		->cpu_affinity = s;
}

static void add_memory_policy(struct build *b, const struct memory_policy *c)
{
	struct step_memory_policy s = { .mode = (int)words_mempolicy_mode.v[c->mode].value, .nodes = c->nodes ? c->nodes : "" };
	size_t i;

	for (i = 0; i < c->flags.n; i++)
		s.mode |= (int)words_mempolicy_flag.v[c->flags.v[i]].value;
	plan_add(b, STEP_MEMORY_POLICY, STAGE_CONTAINER, "/linux/memoryPolicy")->memory_policy = s;
}

int plan_settings(struct build *b, struct err *e)
{
	add_cpus(b); /* first: a process with a deadline must be free to run on all of its CPUs */
	if (b->p->scheduler)
		TRY(add_scheduler(b, b->p->scheduler, e));
	if (b->p->io_priority)
		add_io_priority(b, b->p->io_priority);
	if (b->l->memory_policy)
		add_memory_policy(b, b->l->memory_policy);
	if (b->l->personality)
		plan_add(b, STEP_PERSONALITY, STAGE_CONTAINER, "/linux/personality")->personality =
			(unsigned long)words_personality.v[b->l->personality->domain].value;
	return 0;
}

/* The group is made before init is, and init put into it once it is there; exec only joins. */
int plan_rdt(struct build *b, enum stage now, struct err *e)
{
	const struct intel_rdt *r = b->l->intel_rdt;
	struct step_rdt s = { .clos_id = NULL };
	size_t i;

	if (!r)
		return 0;
	if (!b->h->rdt)
		return plan_fail(e, ENOTSUP, "/linux/intelRdt",
				 "intelRdt is specified in config, but Intel RDT is not enabled: mount -t resctrl resctrl /sys/fs/resctrl");
	s.clos_id = is_set(r->clos_id) ? r->clos_id : b->h->id;
	if (is_set(r->l3_cache_schema))
		plan_push(b->a, &s.schemata, r->l3_cache_schema);
	if (is_set(r->mem_bw_schema))
		plan_push(b->a, &s.schemata, r->mem_bw_schema);
	s.agree = s.schemata.n;
	for (i = 0; i < r->schemata.n; i++)
		plan_push(b->a, &s.schemata, r->schemata.v[i]);
	/* a named group without settings of its own is somebody else's and must be there */
	s.create = !is_set(r->clos_id) || s.schemata.n;
	s.monitoring = r->enable_monitoring.v;
	s.named = is_set(r->clos_id);
	plan_add(b, STEP_RDT, now, "/linux/intelRdt")->rdt = s;
	return 0;
}
