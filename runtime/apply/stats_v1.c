/* stats_v1.c - which version 1 file holds which statistic. */
#include "apply/cgroup_dir.h"
#include "apply/stats_values.h"
#include <stdio.h>
#include <string.h>

/* cpuacct.stat counts in USER_HZ, which is 100 on every architecture. */
#define NS_PER_TICK 10000000u

/* Blank-separated numbers. */
static void numbers(struct arena *a, const char *text, u64s *out)
{
	for (text += strspn(text, " \n"); *text >= '0' && *text <= '9'; text += strspn(text, " "))
		*arena_push(a, out) = cgroup_number(text, &text);
}

/* "cpu user system", then a line for each processor. */
static void per_mode(struct arena *a, const char *text, struct stats *s)
{
	const char *line = strchr(text, '\n');

	for (; line; line = strchr(line + 1, '\n')) {
		u64s row = { NULL, 0 };

		numbers(a, line + 1, &row);
		if (row.n < 3)
			break;
		*arena_push(a, &s->cpu.percpu_user) = row.v[1];
		*arena_push(a, &s->cpu.percpu_kernel) = row.v[2];
	}
}

static void cpu(struct arena *a, const struct strs *dirs, struct stats *s)
{
	const char *acct = cgroup_v1_dir(dirs, "cpuacct"), *cpu = cgroup_v1_dir(dirs, "cpu");
	char buf[65536];

	if (acct && stats_number(acct, "cpuacct.usage", &s->cpu.total)) {
		if (cgroup_read(acct, "cpuacct.stat", buf, sizeof buf) > 0) {
			s->cpu.user = cgroup_key(buf, "user", NULL) * NS_PER_TICK;
			s->cpu.kernel = cgroup_key(buf, "system", NULL) * NS_PER_TICK;
		}
		if (cgroup_read(acct, "cpuacct.usage_percpu", buf, sizeof buf) > 0)
			numbers(a, buf, &s->cpu.percpu);
		if (cgroup_read(acct, "cpuacct.usage_all", buf, sizeof buf) > 0)
			per_mode(a, buf, s);
	}
	if (cpu && cgroup_read(cpu, "cpu.stat", buf, sizeof buf) > 0) {
		s->cpu.periods = cgroup_key(buf, "nr_periods", NULL);
		s->cpu.throttled_periods = cgroup_key(buf, "nr_throttled", NULL);
		s->cpu.throttled_time = cgroup_key(buf, "throttled_time", NULL);
	}
}

static void cpuset(struct arena *a, const char *dir, struct stats *s)
{
	const struct {
		const char *file;
		uint64_t *value;
	} flags[] = {
		{ "cpuset.cpu_exclusive", &s->cpuset.cpu_exclusive },	{ "cpuset.mem_hardwall", &s->cpuset.mem_hardwall },
		{ "cpuset.mem_exclusive", &s->cpuset.mem_exclusive },	{ "cpuset.memory_migrate", &s->cpuset.memory_migrate },
		{ "cpuset.memory_spread_page", &s->cpuset.spread_page }, { "cpuset.memory_spread_slab", &s->cpuset.spread_slab },
		{ "cpuset.memory_pressure", &s->cpuset.pressure },	{ "cpuset.sched_load_balance", &s->cpuset.load_balance },
	};
	char buf[32];
	size_t i;

	if (!dir)
		return;
	stats_ranges(a, dir, "cpuset.cpus", &s->cpuset.cpus);
	stats_ranges(a, dir, "cpuset.mems", &s->cpuset.mems);
	for (i = 0; i < sizeof flags / sizeof *flags; i++)
		(void)stats_number(dir, flags[i].file, flags[i].value);
	if (cgroup_read(dir, "cpuset.sched_relax_domain_level", buf, sizeof buf) > 0)
		s->cpuset.relax_domain_level = buf[0] == '-' ? -(int64_t)cgroup_number(buf + 1, NULL) : (int64_t)cgroup_number(buf, NULL);
}

static void memory_use(const char *dir, const char *kind, struct memory_use *m)
{
	char file[64];

	snprintf(file, sizeof file, "memory.%susage_in_bytes", kind);
	if (!stats_number(dir, file, &m->usage))
		return;
	snprintf(file, sizeof file, "memory.%smax_usage_in_bytes", kind);
	(void)stats_number(dir, file, &m->max);
	snprintf(file, sizeof file, "memory.%sfailcnt", kind);
	(void)stats_number(dir, file, &m->failcnt);
	snprintf(file, sizeof file, "memory.%slimit_in_bytes", kind);
	(void)stats_number(dir, file, &m->limit);
}

static void memory(struct arena *a, const char *dir, struct stats *s)
{
	if (!dir)
		return;
	s->memory.cache = stats_pairs(a, dir, "memory.stat", "cache", s);
	memory_use(dir, "", &s->memory.usage);
	memory_use(dir, "memsw.", &s->memory.swap);
	memory_use(dir, "kmem.", &s->memory.kernel);
	memory_use(dir, "kmem.tcp.", &s->memory.kernel_tcp);
}

/* Which scheduler counts depends on the kernel and the device: the first of the files that is there and not empty. */
static void block_io(struct arena *a, const char *dir, struct stats *s)
{
	static const struct {
		enum io_table table;
		const char *files[4];
	} sources[] = {
		{ IO_SERVICE_BYTES, { "blkio.bfq.io_service_bytes_recursive", "blkio.io_service_bytes_recursive",
				      "blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes" } },
		{ IO_SERVICED, { "blkio.bfq.io_serviced_recursive", "blkio.io_serviced_recursive", "blkio.throttle.io_serviced_recursive",
				 "blkio.throttle.io_serviced" } },
		{ IO_QUEUED, { "blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive" } },
		{ IO_SERVICE_TIME, { "blkio.bfq.io_service_time_recursive", "blkio.io_service_time_recursive" } },
		{ IO_WAIT_TIME, { "blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive" } },
		{ IO_MERGED, { "blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive" } },
		{ IO_TIME, { "blkio.bfq.time_recursive", "blkio.time_recursive" } },
		{ IO_SECTORS, { "blkio.bfq.sectors_recursive", "blkio.sectors_recursive" } },
	};
	char buf[32768];
	size_t i, k;

	for (i = 0; dir && i < sizeof sources / sizeof *sources; i++) {
		io_entries *out = &s->io.tables[sources[i].table];

		for (k = 0; k < 4 && sources[i].files[k] && !out->n; k++)
			if (cgroup_read(dir, sources[i].files[k], buf, sizeof buf) > 0)
				stats_parse_blkio(a, buf, out);
	}
}

static void pids(const char *dir, struct stats *s)
{
	if (!dir)
		return;
	(void)stats_number(dir, "pids.current", &s->pids.current);
	if (stats_number(dir, "pids.max", &s->pids.limit) && s->pids.limit == UINT64_MAX)
		s->pids.limit = 0; /* none, as runc says it */
}

static void huge(struct arena *a, const char *dir, struct stats *s)
{
	struct strs sizes = { NULL, 0 };
	size_t i;

	if (dir)
		stats_huge_sizes(a, &sizes);
	for (i = 0; i < sizes.n; i++) {
		const char *rsvd = cgroup_has(dir, arena_fmt(a, "hugetlb.%s.rsvd.usage_in_bytes", sizes.v[i])) ? "rsvd." : "";
		struct huge_use h = { .size = sizes.v[i] };

		if (!stats_number(dir, arena_fmt(a, "hugetlb.%s.%susage_in_bytes", h.size, rsvd), &h.usage))
			continue;
		(void)stats_number(dir, arena_fmt(a, "hugetlb.%s.%smax_usage_in_bytes", h.size, rsvd), &h.max);
		(void)stats_number(dir, arena_fmt(a, "hugetlb.%s.%sfailcnt", h.size, rsvd), &h.failcnt);
		*arena_push(a, &s->huge) = h;
	}
}

void stats_read_v1(struct arena *a, const struct strs *dirs, struct stats *s)
{
	cpu(a, dirs, s);
	cpuset(a, cgroup_v1_dir(dirs, "cpuset"), s);
	memory(a, cgroup_v1_dir(dirs, "memory"), s);
	pids(cgroup_v1_dir(dirs, "pids"), s);
	block_io(a, cgroup_v1_dir(dirs, "blkio"), s);
	huge(a, cgroup_v1_dir(dirs, "hugetlb"), s);
}
