/* cgroup_v1.c - limits as the controllers of version 1 take them, in the order in which they accept them.
 * Must not be used where the unified hierarchy is mounted alone. */
#include "plan/build.h"
#include <errno.h>
#include <inttypes.h>

#define CPU_SHARES_MIN 2
#define CPU_SHARES_MAX 262144

/* memory.memsw must never be below memory.limit, whichever is written first. A new cgroup has no limit: the smaller value goes first. In
 * a running one the old values decide, which are not known here: memsw is tried first, and written again after the limit. */
static int memory_and_swap(struct limits *x, const struct memory_limits *m, struct err *e)
{
	static const char memsw[] = "memory.memsw.limit_in_bytes", limit[] = "memory.limit_in_bytes";
	bool both = m->limit.v != 0 && m->swap.v != 0, unlimited = m->limit.v == -1 && m->swap.v == 0;
	struct step_limit *s;

	if (unlimited || (both && m->swap.v == -1)) {
		TRY(plan_limit(x, "memory", memsw, "-1", unlimited ? "/memory/limit" : "/memory/swap", &s, e));
		s->optional = true; /* no swap accounting: nothing to lift */
	} else if (both && x->update) {
		TRY(plan_limit(x, "memory", memsw, plan_num(x, m->swap.v), "/memory/swap", &s, e));
		s->tentative = true;
	}
	if (m->limit.v != 0) {
		TRY(plan_limit(x, "memory", limit, plan_num(x, m->limit.v), "/memory/limit", &s, e));
		if (m->check_before_update.v && m->limit.v > 0)
			s->not_below = "memory.usage_in_bytes";
	}
	if (m->swap.v != 0 && !(both && m->swap.v == -1)) {
		TRY(plan_limit(x, "memory", memsw, plan_num(x, m->swap.v), "/memory/swap", &s, e));
		s->optional = m->swap.v == -1;
	}
	return 0;
}

static int memory(struct limits *x, const struct memory_limits *m, struct err *e)
{
	TRY(memory_and_swap(x, m, e));
	if (m->reservation.v != 0)
		TRY(plan_limit(x, "memory", "memory.soft_limit_in_bytes", plan_num(x, m->reservation.v), "/memory/reservation", NULL, e));
	if (m->disable_oom_killer.v)
		TRY(plan_limit(x, "memory", "memory.oom_control", "1", "/memory/disableOOMKiller", NULL, e));
	if (m->kernel_tcp.v != 0)
		TRY(plan_limit(x, "memory", "memory.kmem.tcp.limit_in_bytes", plan_num(x, m->kernel_tcp.v), "/memory/kernelTCP", NULL, e));
	if (m->swappiness.set)
		TRY(plan_limit(x, "memory", "memory.swappiness", plan_unum(x, m->swappiness.v), "/memory/swappiness", NULL, e));
	return 0;
}

/* Writes one of two values that the kernel checks against each other: refused now, it is accepted after the other one. */
static int dependent(struct limits *x, const char *file, const char *value, const char *at, bool again, struct err *e)
{
	struct step_limit *s;

	TRY(plan_limit(x, "cpu", file, value, at, &s, e));
	s->tentative = again;
	return 0;
}

static int cpu_bandwidth(struct limits *x, const struct cpu_limits *c, struct err *e)
{
	bool quota = c->quota.v != 0, period = c->period.v != 0;
	const char *p = plan_unum(x, c->period.v), *burst = plan_unum(x, c->burst.v);
	/* only in a running container is there an old quota that could refuse the new period or burst */
	bool again = quota && x->update;

	if (period)
		TRY(dependent(x, "cpu.cfs_period_us", p, "/cpu/period", again, e));
	if (c->burst.set && again)
		TRY(dependent(x, "cpu.cfs_burst_us", burst, "/cpu/burst", true, e));
	if (quota)
		TRY(plan_limit(x, "cpu", "cpu.cfs_quota_us", plan_num(x, c->quota.v), "/cpu/quota", NULL, e));
	if (period && again)
		TRY(dependent(x, "cpu.cfs_period_us", p, "/cpu/period", false, e));
	if (c->burst.set) {
		struct step_limit *s;

		TRY(plan_limit(x, "cpu", "cpu.cfs_burst_us", burst, "/cpu/burst", &s, e));
		s->optional = true; /* since Linux 5.14 */
	}
	return 0;
}

static int cpu_realtime(struct limits *x, const struct cpu_limits *c, struct err *e)
{
	const char *period = plan_unum(x, c->realtime_period.v);
	bool both = c->realtime_period.v != 0 && c->realtime_runtime.v != 0;

	if (c->realtime_period.v != 0)
		TRY(dependent(x, "cpu.rt_period_us", period, "/cpu/realtimePeriod", both && x->update, e));
	if (c->realtime_runtime.v != 0)
		TRY(plan_limit(x, "cpu", "cpu.rt_runtime_us", plan_num(x, c->realtime_runtime.v), "/cpu/realtimeRuntime", NULL, e));
	if (both && x->update)
		TRY(dependent(x, "cpu.rt_period_us", period, "/cpu/realtimePeriod", false, e));
	return 0;
}

static int cpu(struct limits *x, const struct cpu_limits *c, struct err *e)
{
	uint64_t shares = c->shares.v;

	/* the kernel would take the nearest value without a word */
	if (shares && (shares < CPU_SHARES_MIN || shares > CPU_SHARES_MAX))
		return plan_fail(e, EINVAL, plan_at(x->b, "%s/cpu/shares", x->prefix), "the %s allowed cpu-shares is %d",
				 shares < CPU_SHARES_MIN ? "minimum" : "maximum",
				 shares < CPU_SHARES_MIN ? CPU_SHARES_MIN : CPU_SHARES_MAX);
	if (shares)
		TRY(plan_limit(x, "cpu", "cpu.shares", plan_unum(x, shares), "/cpu/shares", NULL, e));
	TRY(cpu_bandwidth(x, c, e));
	if (c->idle.set)
		TRY(plan_limit(x, "cpu", "cpu.idle", plan_num(x, c->idle.v), "/cpu/idle", NULL, e));
	return cpu_realtime(x, c, e);
}

/* The elevator decides under which name the weight goes: CFQ's until Linux 5.0, BFQ's since. */
static int weight(struct limits *x, const char *cfq, const char *bfq, const char *value, const char *at, struct err *e)
{
	struct step_limit *s;

	TRY(plan_limit(x, "blkio", cfq, value, at, &s, e));
	s->or_file = bfq;
	s->or_value = value;
	return 0;
}

static int weight_devices(struct limits *x, const struct block_io_limits *io, struct err *e)
{
	struct arena *a = x->b->a;
	size_t i;

	for (i = 0; i < io->weight_device.n; i++) {
		const struct weight_device *d = &io->weight_device.v[i];
		const char *at = plan_at(x->b, "/blockIO/weightDevice/%zu", i);
		const char *dev = arena_fmt(a, "%" PRId64 ":%" PRId64, d->major.v, d->minor.v);

		if (d->weight.v)
			TRY(weight(x, "blkio.weight_device", "blkio.bfq.weight_device", arena_fmt(a, "%s %" PRIu64, dev, d->weight.v), at,
				   e));
		if (d->leaf_weight.v)
			TRY(plan_limit(x, "blkio", "blkio.leaf_weight_device", arena_fmt(a, "%s %" PRIu64, dev, d->leaf_weight.v), at, NULL,
				       e));
	}
	return 0;
}

static int throttle(struct limits *x, const throttle_list *list, const char *file, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		TRY(plan_limit(
			x, "blkio", file,
			arena_fmt(x->b->a, "%" PRId64 ":%" PRId64 " %" PRIu64, list->v[i].major.v, list->v[i].minor.v, list->v[i].rate.v),
			plan_at(x->b, "/blockIO/%s/%zu", name, i), NULL, e));
	return 0;
}

static int block_io(struct limits *x, const struct block_io_limits *io, struct err *e)
{
	if (io->weight.v)
		TRY(weight(x, "blkio.weight", "blkio.bfq.weight", plan_unum(x, io->weight.v), "/blockIO/weight", e));
	if (io->leaf_weight.v)
		TRY(plan_limit(x, "blkio", "blkio.leaf_weight", plan_unum(x, io->leaf_weight.v), "/blockIO/leafWeight", NULL, e));
	TRY(weight_devices(x, io, e));
	TRY(throttle(x, &io->throttle_read_bps, "blkio.throttle.read_bps_device", "throttleReadBpsDevice", e));
	TRY(throttle(x, &io->throttle_write_bps, "blkio.throttle.write_bps_device", "throttleWriteBpsDevice", e));
	TRY(throttle(x, &io->throttle_read_iops, "blkio.throttle.read_iops_device", "throttleReadIOPSDevice", e));
	return throttle(x, &io->throttle_write_iops, "blkio.throttle.write_iops_device", "throttleWriteIOPSDevice", e);
}

static int network(struct limits *x, const struct network_limits *n, struct err *e)
{
	size_t i;

	if (n->class_id.v)
		TRY(plan_limit(x, "net_cls", "net_cls.classid", plan_unum(x, n->class_id.v), "/network/classID", NULL, e));
	for (i = 0; i < n->priorities.n; i++)
		TRY(plan_limit(x, "net_prio", "net_prio.ifpriomap",
			       arena_fmt(x->b->a, "%s %" PRIu64, n->priorities.v[i].name, n->priorities.v[i].priority.v),
			       plan_at(x->b, "/network/priorities/%zu", i), NULL, e));
	return 0;
}

int plan_limits_v1(struct limits *x, struct err *e)
{
	const struct resources *r = x->r;

	if (r->unified.n)
		return plan_fail(e, ENOTSUP, plan_at(x->b, "%s/unified", x->prefix),
				 "invalid configuration: unified needs cgroup version 2, which this machine does not use");
	if (r->memory)
		TRY(memory(x, r->memory, e));
	if (r->cpu)
		TRY(cpu(x, r->cpu, e));
	if (r->block_io)
		TRY(block_io(x, r->block_io, e));
	return r->network ? network(x, r->network, e) : 0;
}
