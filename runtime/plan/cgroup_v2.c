/* cgroup_v2.c - limits, which the specification words in terms of version 1, converted to the files of version 2.
 * The conversions are those that runc and crun agree on, so that a container weighs the same under each of them. */
#include "plan/build.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* "" stands for "not asked", as 0 does for these values. */
static const char *bytes(struct limits *x, int64_t v)
{
	return v == -1 ? "max" : v == 0 ? "" : plan_num(x, v);
}

/* The specification's swap is memory and swap together; version 2 wants swap alone. */
static int swap_max(struct limits *x, const struct memory_limits *m, const char **out, struct err *e)
{
	int64_t limit = m->limit.v, both = m->swap.v;

	if (limit == -1 && both == 0)
		*out = "max";
	else if (both == -1 || both == 0)
		*out = bytes(x, both);
	else if (limit == -1)
		*out = plan_num(x, both);
	else if (limit == 0)
		return plan_fail(e, EINVAL, plan_at(x->b, "%s/memory/swap", x->prefix),
				 "unable to set swap limit without memory limit: swap counts both together");
	else
		*out = plan_num(x, both - limit);
	return 0;
}

static int memory(struct limits *x, const struct memory_limits *m, struct err *e)
{
	const char *swap = "", *max = bytes(x, m->limit.v), *low = bytes(x, m->reservation.v);
	struct step_limit *s;

	TRY(swap_max(x, m, &swap, e));
	if (*swap) {
		TRY(plan_limit(x, "memory", "memory.swap.max", swap, m->swap.v ? "/memory/swap" : "/memory/limit", &s, e));
		/* without swap accounting there is nothing to lift and nothing to forbid */
		s->optional = strcmp(swap, "max") == 0 || strcmp(swap, "0") == 0;
		if (m->check_before_update.v && m->swap.v > 0) {
			s->not_below = "memory.current";
			s->against = plan_num(x, m->swap.v);
		}
	}
	if (*max) {
		TRY(plan_limit(x, "memory", "memory.max", max, "/memory/limit", &s, e));
		if (m->check_before_update.v && m->limit.v > 0)
			s->not_below = "memory.current";
	}
	if (*low)
		TRY(plan_limit(x, "memory", "memory.low", low, "/memory/reservation", NULL, e));
	if (m->kernel_tcp.set)
		plan_warn(x->b, "%s/memory/kernelTCP: ignored, cgroup version 2 counts it as memory", x->prefix);
	if (m->swappiness.set)
		plan_warn(x->b, "%s/memory/swappiness: ignored, cgroup version 2 has none", x->prefix);
	if (m->disable_oom_killer.v)
		plan_warn(x->b, "%s/memory/disableOOMKiller: ignored, cgroup version 2 has none", x->prefix);
	return 0;
}

/* log2 and 2^x by hand: libm would cost every command the loading of one more library. Good to about 1e-14. */
static double log_2(double v)
{
	double whole = 0, part = 0, bit = 0.5;
	int i;

	for (; v >= 2; v /= 2)
		whole++;
	for (i = 0; i < 50; i++, bit /= 2) { /* squaring doubles the logarithm: its next binary digit comes to the front */
		v *= v;
		if (v >= 2) {
			v /= 2;
			part += bit;
		}
	}
	return whole + part;
}

static double exp_2(double x)
{
	double sum = 1, term = 1, scale = 1;
	int i;

	for (; x >= 1; x--)
		scale *= 2;
	for (i = 1; i < 25; i++) {
		term *= x * 0.69314718055994530942 / i; /* ln 2 */
		sum += term;
	}
	return scale * sum;
}

/* 2..262144 with default 1024 to 1..10000 with default 100: 10^((l^2 + 125 l) / 612 - 7/34), l = log2(shares), meets all three. */
static uint64_t weight_of_shares(uint64_t shares)
{
	double l, w;
	uint64_t whole;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log_2((double)shares);
	w = exp_2((l * l + 125 * l - 126) / 612 * 3.32192809488736234787); /* log2 10 */
	whole = (uint64_t)(w + 1e-9);
	return w - (double)whole > 1e-9 ? whole + 1 : whole; /* rounded up, but 100.00000000000001 is 100 */
}

static int cpu_max(struct limits *x, const struct cpu_limits *c, struct err *e)
{
	const char *quota = c->quota.v > 0 ? plan_num(x, c->quota.v) : "max";
	struct step_limit *s;

	if (c->quota.v && !c->period.v)
		return plan_limit(x, "cpu", "cpu.max", quota, "/cpu/quota", NULL, e); /* one number: the period stays */
	if (!c->quota.v && !c->period.v)
		return 0;
	if (c->quota.v || !x->update)
		return plan_limit(x, "cpu", "cpu.max", arena_fmt(x->b->a, "%s %" PRIu64, quota, c->period.v),
				  c->quota.v ? "/cpu/quota" : "/cpu/period", NULL, e);
	/* a running container keeps its quota */
	TRY(plan_limit(x, "cpu", "cpu.max", plan_unum(x, c->period.v), "/cpu/period", &s, e));
	s->keep_first = true;
	return 0;
}

static int cpu(struct limits *x, const struct cpu_limits *c, struct err *e)
{
	struct step_limit *s;

	if (c->idle.set)
		TRY(plan_limit(x, "cpu", "cpu.idle", plan_num(x, c->idle.v), "/cpu/idle", NULL, e));
	if (c->shares.v)
		TRY(plan_limit(x, "cpu", "cpu.weight", plan_unum(x, weight_of_shares(c->shares.v)), "/cpu/shares", NULL, e));
	if (c->burst.set && c->quota.v && x->update) { /* the old quota may refuse the new burst, and the old burst the new quota */
		TRY(plan_limit(x, "cpu", "cpu.max.burst", plan_unum(x, c->burst.v), "/cpu/burst", &s, e));
		s->tentative = true;
	}
	TRY(cpu_max(x, c, e));
	if (c->burst.set)
		TRY(plan_limit(x, "cpu", "cpu.max.burst", plan_unum(x, c->burst.v), "/cpu/burst", NULL, e));
	if (c->realtime_period.v || c->realtime_runtime.v)
		plan_warn(x->b, "%s/cpu/realtimePeriod, realtimeRuntime: ignored, cgroup version 2 has none", x->prefix);
	return 0;
}

/* 10..1000 to 1..10000. */
static uint64_t io_weight(uint64_t v)
{
	return v <= 10 ? 1 : 1 + (v - 10) * 9999 / 990;
}

/* BFQ takes the value as it is; without it, io.weight (the io.cost controller) takes a converted one. dev: "8:0 " or "". */
static int weight(struct limits *x, const char *dev, uint64_t v, const char *at, struct err *e)
{
	struct arena *a = x->b->a;
	struct step_limit *s;

	TRY(plan_limit(x, "io", "io.bfq.weight", arena_fmt(a, "%s%" PRIu64, dev, v), at, &s, e));
	s->or_file = "io.weight";
	s->or_value = arena_fmt(a, "%s%" PRIu64, dev, io_weight(v));
	return 0;
}

/* 0 was "no limit" in version 1. */
static int throttle(struct limits *x, const throttle_list *list, const char *key, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct throttle_device *d = &list->v[i];

		TRY(plan_limit(x, "io", "io.max",
			       arena_fmt(x->b->a, "%" PRId64 ":%" PRId64 " %s=%s", d->major.v, d->minor.v, key,
					 d->rate.v ? plan_unum(x, d->rate.v) : "max"),
			       plan_at(x->b, "/blockIO/%s/%zu", name, i), NULL, e));
	}
	return 0;
}

static int block_io(struct limits *x, const struct block_io_limits *io, struct err *e)
{
	bool leaf = io->leaf_weight.v != 0;
	size_t i;

	if (io->weight.v)
		TRY(weight(x, "", io->weight.v, "/blockIO/weight", e));
	for (i = 0; i < io->weight_device.n; i++) {
		const struct weight_device *d = &io->weight_device.v[i];

		leaf |= d->leaf_weight.v != 0;
		if (d->weight.v)
			TRY(weight(x, arena_fmt(x->b->a, "%" PRId64 ":%" PRId64 " ", d->major.v, d->minor.v), d->weight.v,
				   plan_at(x->b, "/blockIO/weightDevice/%zu", i), e));
	}
	if (leaf)
		plan_warn(x->b, "%s/blockIO/leafWeight: ignored, cgroup version 2 has none", x->prefix);
	TRY(throttle(x, &io->throttle_read_bps, "rbps", "throttleReadBpsDevice", e));
	TRY(throttle(x, &io->throttle_write_bps, "wbps", "throttleWriteBpsDevice", e));
	TRY(throttle(x, &io->throttle_read_iops, "riops", "throttleReadIOPSDevice", e));
	return throttle(x, &io->throttle_write_iops, "wiops", "throttleWriteIOPSDevice", e);
}

/* One write a line: the kernel takes one line at a time in files such as io.max. */
static int unified(struct limits *x, const struct kv *u, struct err *e)
{
	const char *at = plan_at(x->b, "/unified/%s", plan_at_key(x->b, u->key)), *place = plan_at(x->b, "%s%s", x->prefix, at);
	const char *dot = strchr(u->key, '.'), *line = u->value, *controller;

	if (!dot || dot == u->key)
		return plan_fail(e, EINVAL, place, "the key must be the name of a file of the cgroup, such as \"memory.high\"");
	controller = arena_strn(x->b->a, u->key, (size_t)(dot - u->key));
	do {
		size_t n = strcspn(line, "\n");

		if (n || !line[n])
			TRY(plan_limit(x, controller, u->key, arena_strn(x->b->a, line, n), at, NULL, e));
		line += n + (line[n] == '\n');
	} while (*line);
	return 0;
}

int plan_limits_v2(struct limits *x, struct err *e)
{
	const struct resources *r = x->r;
	size_t i;

	if (r->memory)
		TRY(memory(x, r->memory, e));
	if (r->cpu)
		TRY(cpu(x, r->cpu, e));
	if (r->block_io)
		TRY(block_io(x, r->block_io, e));
	if (r->network && (r->network->class_id.v || r->network->priorities.n))
		plan_warn(x->b, "%s/network: ignored, cgroup version 2 has no net_cls and net_prio", x->prefix);
	for (i = 0; i < r->unified.n; i++)
		TRY(unified(x, &r->unified.v[i], e));
	return 0;
}
