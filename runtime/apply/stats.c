/* stats.c - a container's statistics as the JSON that `runc events` prints: same names, same nesting, zeros left out where runc leaves
 * them out (its types say omitempty). Must not read cgroup files: stats_v1.c and stats_v2.c do. */
#include "apply/stats.h"
#include "apply/cgroup_dir.h"
#include "apply/stats_values.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

static void put(struct json_out *w, const char *key, uint64_t v)
{
	json_key(w, key);
	json_put_uint(w, v);
}

static void put_nonzero(struct json_out *w, const char *key, uint64_t v)
{
	if (v)
		put(w, key, v);
}

static void put_list(struct json_out *w, const char *key, const u64s *list)
{
	size_t i;

	if (!list->n)
		return;
	json_key(w, key);
	json_open(w, '[');
	for (i = 0; i < list->n; i++)
		json_put_uint(w, list->v[i]);
	json_close(w, ']');
}

static void put_psi_line(struct json_out *w, const char *key, const struct psi_line *l)
{
	if (!l->set)
		return;
	json_key(w, key);
	json_open(w, '{');
	json_key(w, "avg10");
	json_put_number(w, l->avg10);
	json_key(w, "avg60");
	json_put_number(w, l->avg60);
	json_key(w, "avg300");
	json_put_number(w, l->avg300);
	put(w, "total", l->total);
	json_close(w, '}');
}

static void put_psi(struct json_out *w, const struct psi *p)
{
	if (!p->some.set && !p->full.set)
		return;
	json_key(w, "psi");
	json_open(w, '{');
	put_psi_line(w, "some", &p->some);
	put_psi_line(w, "full", &p->full);
	json_close(w, '}');
}

static void put_cpu(struct json_out *w, const struct stats *s)
{
	json_key(w, "cpu");
	json_open(w, '{');
	json_key(w, "usage");
	json_open(w, '{');
	put_nonzero(w, "total", s->cpu.total);
	put_list(w, "percpu", &s->cpu.percpu);
	put_list(w, "percpu_kernel", &s->cpu.percpu_kernel);
	put_list(w, "percpu_user", &s->cpu.percpu_user);
	put(w, "kernel", s->cpu.kernel);
	put(w, "user", s->cpu.user);
	json_close(w, '}');
	json_key(w, "throttling");
	json_open(w, '{');
	put_nonzero(w, "periods", s->cpu.periods);
	put_nonzero(w, "throttledPeriods", s->cpu.throttled_periods);
	put_nonzero(w, "throttledTime", s->cpu.throttled_time);
	json_close(w, '}');
	put_psi(w, &s->cpu.psi);
	json_close(w, '}');
}

static void put_cpuset(struct json_out *w, const struct stats *s)
{
	json_key(w, "cpuset");
	json_open(w, '{');
	put_list(w, "cpus", &s->cpuset.cpus);
	put(w, "cpu_exclusive", s->cpuset.cpu_exclusive);
	put_list(w, "mems", &s->cpuset.mems);
	put(w, "mem_hardwall", s->cpuset.mem_hardwall);
	put(w, "mem_exclusive", s->cpuset.mem_exclusive);
	put(w, "memory_migrate", s->cpuset.memory_migrate);
	put(w, "memory_spread_page", s->cpuset.spread_page);
	put(w, "memory_spread_slab", s->cpuset.spread_slab);
	put(w, "memory_pressure", s->cpuset.pressure);
	put(w, "sched_load_balance", s->cpuset.load_balance);
	json_key(w, "sched_relax_domain_level");
	json_put_int(w, s->cpuset.relax_domain_level);
	json_close(w, '}');
}

static void put_memory_use(struct json_out *w, const char *key, const struct memory_use *m)
{
	json_key(w, key);
	json_open(w, '{');
	put(w, "limit", m->limit);
	put_nonzero(w, "usage", m->usage);
	put_nonzero(w, "max", m->max);
	put(w, "failcnt", m->failcnt);
	json_close(w, '}');
}

static void put_memory(struct json_out *w, const struct stats *s)
{
	size_t i;

	json_key(w, "memory");
	json_open(w, '{');
	put_nonzero(w, "cache", s->memory.cache);
	put_memory_use(w, "usage", &s->memory.usage);
	put_memory_use(w, "swap", &s->memory.swap);
	put_memory_use(w, "kernel", &s->memory.kernel);
	put_memory_use(w, "kernelTCP", &s->memory.kernel_tcp);
	if (s->memory.raw.n) {
		json_key(w, "raw");
		json_open(w, '{');
		for (i = 0; i < s->memory.raw.n; i++)
			put(w, s->memory.raw.v[i].key, s->memory.raw.v[i].value);
		json_close(w, '}');
	}
	put_psi(w, &s->memory.psi);
	json_close(w, '}');
}

static void put_pids(struct json_out *w, const struct stats *s)
{
	json_key(w, "pids");
	json_open(w, '{');
	put_nonzero(w, "current", s->pids.current);
	put_nonzero(w, "limit", s->pids.limit);
	json_close(w, '}');
}

static void put_blkio(struct json_out *w, const struct stats *s)
{
	static const char *const names[IO_TABLES] = {
		[IO_SERVICE_BYTES] = "ioServiceBytesRecursive", [IO_SERVICED] = "ioServicedRecursive",
		[IO_QUEUED] = "ioQueueRecursive",		[IO_SERVICE_TIME] = "ioServiceTimeRecursive",
		[IO_WAIT_TIME] = "ioWaitTimeRecursive",		[IO_MERGED] = "ioMergedRecursive",
		[IO_TIME] = "ioTimeRecursive",			[IO_SECTORS] = "sectorsRecursive",
	};
	size_t t, i;

	json_key(w, "blkio");
	json_open(w, '{');
	for (t = 0; t < IO_TABLES; t++) {
		const io_entries *list = &s->io.tables[t];

		if (!list->n)
			continue;
		json_key(w, names[t]);
		json_open(w, '[');
		for (i = 0; i < list->n; i++) {
			json_open(w, '{');
			put_nonzero(w, "major", list->v[i].major);
			put_nonzero(w, "minor", list->v[i].minor);
			if (list->v[i].op[0]) {
				json_key(w, "op");
				json_put_str(w, list->v[i].op);
			}
			put_nonzero(w, "value", list->v[i].value);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	put_psi(w, &s->io.psi);
	json_close(w, '}');
}

static void put_huge(struct json_out *w, const struct stats *s)
{
	size_t i;

	json_key(w, "hugetlb");
	json_open(w, '{');
	for (i = 0; i < s->huge.n; i++) {
		json_key(w, s->huge.v[i].size);
		json_open(w, '{');
		put_nonzero(w, "usage", s->huge.v[i].usage);
		put_nonzero(w, "max", s->huge.v[i].max);
		put(w, "failcnt", s->huge.v[i].failcnt);
		json_close(w, '}');
	}
	json_close(w, '}');
}

/* "  eth0: 1 2 3 ..." : bytes packets errs drop of what came in, then eight columns on the same of what went out. */
static void put_interface(struct json_out *w, const char *name, const char *numbers)
{
	static const char *const in[] = { "RxBytes", "RxPackets", "RxErrors", "RxDropped" };
	static const char *const out[] = { "TxBytes", "TxPackets", "TxErrors", "TxDropped" };
	uint64_t v[16] = { 0 };
	size_t i;

	for (i = 0; i < 16; i++)
		v[i] = cgroup_number(numbers, &numbers);
	json_open(w, '{');
	json_key(w, "Name");
	json_put_str(w, name);
	for (i = 0; i < 4; i++)
		put(w, in[i], v[i]);
	for (i = 0; i < 4; i++)
		put(w, out[i], v[8 + i]);
	json_close(w, '}');
}

/* The table that init's own network namespace shows, so what went in and out is the container's view. Without the loopback device. */
static void put_interfaces(struct json_out *w, struct arena *a, pid_t pid)
{
	char path[64], text[65536], *line, *save = NULL;
	bool any = false;

	json_key(w, "network_interfaces");
	snprintf(path, sizeof path, "/proc/%d/net/dev", pid);
	if (pid <= 0 || sys_read_file(AT_FDCWD, path, text, sizeof text) <= 0)
		text[0] = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *name = line + strspn(line, " "), *colon = strchr(name, ':');

		if (!colon || strchr(name, '|') || strncmp(name, "lo:", 3) == 0)
			continue;
		if (!any)
			json_open(w, '[');
		any = true;
		put_interface(w, arena_strn(a, name, (size_t)(colon - name)), colon + 1);
	}
	if (any)
		json_close(w, ']');
	else
		json_put_null(w); /* as Go writes a list without elements */
}

int stats_json(struct arena *a, const struct strs *dirs, const char *rdt_path, pid_t pid, struct text *t, struct err *e)
{
	struct stats *s = arena_alloc(a, sizeof *s);
	struct json_out w = { .t = t };
	const char *v2 = cgroup_v2_dir(dirs);

	if (v2 && dirs->n == 1)
		stats_read_v2(a, v2, s);
	else
		stats_read_v1(a, dirs, s);
	if (dirs->n && sys_access(AT_FDCWD, dirs->v[0], F_OK, 0) < 0)
		return fail(e, ENOENT, "the container's cgroup %s is gone", dirs->v[0]);
	json_open(&w, '{');
	put_cpu(&w, s);
	put_cpuset(&w, s);
	put_memory(&w, s);
	put_pids(&w, s);
	put_blkio(&w, s);
	put_huge(&w, s);
	json_key(&w, "intel_rdt");
	json_open(&w, '{');
	if (rdt_path)
		stats_put_rdt(&w, a, rdt_path);
	json_close(&w, '}');
	put_interfaces(&w, a, pid);
	json_close(&w, '}');
	return 0;
}
