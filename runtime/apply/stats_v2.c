/* stats_v2.c - which version 2 file holds which statistic, in the terms of version 1 that runc's format speaks. */
#include "apply/cgroup_dir.h"
#include "apply/stats_values.h"

static void pressure(const char *dir, const char *file, struct psi *out)
{
	char buf[512];

	if (cgroup_read(dir, file, buf, sizeof buf) > 0)
		stats_parse_psi(buf, out);
}

static void cpu(const char *dir, struct stats *s)
{
	char buf[4096];

	if (cgroup_read(dir, "cpu.stat", buf, sizeof buf) > 0) {
		s->cpu.total = cgroup_key(buf, "usage_usec", NULL) * 1000;
		s->cpu.user = cgroup_key(buf, "user_usec", NULL) * 1000;
		s->cpu.kernel = cgroup_key(buf, "system_usec", NULL) * 1000;
		s->cpu.periods = cgroup_key(buf, "nr_periods", NULL);
		s->cpu.throttled_periods = cgroup_key(buf, "nr_throttled", NULL);
		s->cpu.throttled_time = cgroup_key(buf, "throttled_usec", NULL) * 1000;
	}
	pressure(dir, "cpu.pressure", &s->cpu.psi);
}

static void memory(struct arena *a, const char *dir, struct stats *s)
{
	struct memory_use *m = &s->memory.usage, *swap = &s->memory.swap;

	s->memory.cache = stats_pairs(a, dir, "memory.stat", "file", s);
	(void)stats_number(dir, "memory.current", &m->usage);
	(void)stats_number(dir, "memory.max", &m->limit);
	(void)stats_number(dir, "memory.peak", &m->max);
	/* version 1 counts memory and swap together; the peaks of the two need not have been at the same time */
	if (stats_number(dir, "memory.swap.current", &swap->usage)) {
		swap->usage += m->usage;
		if (stats_number(dir, "memory.swap.max", &swap->limit) && swap->limit != UINT64_MAX)
			swap->limit = m->limit == UINT64_MAX ? UINT64_MAX : swap->limit + m->limit;
	}
	pressure(dir, "memory.pressure", &s->memory.psi);
}

static void io(struct arena *a, const char *dir, struct stats *s)
{
	char buf[32768];

	if (cgroup_read(dir, "io.stat", buf, sizeof buf) > 0)
		stats_parse_io_stat(a, buf, s);
	pressure(dir, "io.pressure", &s->io.psi);
}

static void huge(struct arena *a, const char *dir, struct stats *s)
{
	struct strs sizes = { NULL, 0 };
	char buf[256];
	size_t i;

	if (cgroup_has(dir, "hugetlb.2MB.current") || cgroup_has(dir, "hugetlb.1GB.current"))
		stats_huge_sizes(a, &sizes);
	for (i = 0; i < sizes.n; i++) {
		struct huge_use h = { .size = sizes.v[i] };

		if (!stats_number(dir, arena_fmt(a, "hugetlb.%s.rsvd.current", h.size), &h.usage) &&
		    !stats_number(dir, arena_fmt(a, "hugetlb.%s.current", h.size), &h.usage))
			continue;
		if (cgroup_read(dir, arena_fmt(a, "hugetlb.%s.events", h.size), buf, sizeof buf) > 0)
			h.failcnt = cgroup_key(buf, "max", NULL);
		*arena_push(a, &s->huge) = h;
	}
}

void stats_read_v2(struct arena *a, const char *dir, struct stats *s)
{
	cpu(dir, s);
	memory(a, dir, s);
	(void)stats_number(dir, "pids.current", &s->pids.current);
	if (stats_number(dir, "pids.max", &s->pids.limit) && s->pids.limit == UINT64_MAX)
		s->pids.limit = 0; /* none, as runc says it */
	io(a, dir, s);
	huge(a, dir, s);
}
