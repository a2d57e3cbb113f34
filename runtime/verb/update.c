/* update.c - `update`: new limits for a container that exists.
 * Must not touch what was not given. */
#include "apply/update.h"
#include "apply/probe.h"
#include "base/log.h"
#include "base/units.h"
#include "store/files.h"
#include "verb/lifecycle.h"
#include "verb/make.h"
#include <errno.h>
#include <string.h>

struct options {
	const char *resources, *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *rt_period, *rt_runtime, *cpus, *mems, *idle;
	const char *memory, *reservation, *swap, *pids, *l3, *bandwidth, *kernel, *kernel_tcp;
};
#define AT(field) offsetof(struct options, field)
static const struct opt opts[] = {
	{ "resources", 'r', OPT_VALUE, "FILE", "JSON of linux.resources; \"-\": standard input. All other options are ignored",
	  AT(resources) },
	{ "blkio-weight", 0, OPT_VALUE, "N", "block IO weight, 10 to 1000", AT(blkio_weight) },
	{ "cpu-period", 0, OPT_VALUE, "US", "CPU period, microseconds", AT(cpu_period) },
	{ "cpu-quota", 0, OPT_VALUE, "US", "CPU time in each period, microseconds; -1: no limit", AT(cpu_quota) },
	{ "cpu-burst", 0, OPT_VALUE, "US", "CPU time that may be saved up, microseconds", AT(cpu_burst) },
	{ "cpu-share", 0, OPT_VALUE, "N", "CPU shares, relative to other containers", AT(cpu_share) },
	{ "cpu-rt-period", 0, OPT_VALUE, "US", "realtime period, microseconds", AT(rt_period) },
	{ "cpu-rt-runtime", 0, OPT_VALUE, "US", "realtime in each period, microseconds", AT(rt_runtime) },
	{ "cpuset-cpus", 0, OPT_VALUE, "LIST", "CPUs to use, like 0-3,7", AT(cpus) },
	{ "cpuset-mems", 0, OPT_VALUE, "LIST", "memory nodes to use", AT(mems) },
	{ "cpu-idle", 0, OPT_VALUE, "0|1", "1: run only when nobody else wants to", AT(idle) },
	{ "memory", 0, OPT_VALUE, "BYTES", "memory limit; units k m g t; -1: no limit", AT(memory) },
	{ "memory-reservation", 0, OPT_VALUE, "BYTES", "memory reservation", AT(reservation) },
	{ "memory-swap", 0, OPT_VALUE, "BYTES", "memory and swap together; -1: no limit", AT(swap) },
	{ "pids-limit", 0, OPT_VALUE, "N", "how many processes; -1: no limit", AT(pids) },
	{ "l3-cache-schema", 0, OPT_VALUE, "SCHEMA", "Intel RDT: L3 cache schema", AT(l3) },
	{ "mem-bw-schema", 0, OPT_VALUE, "SCHEMA", "Intel RDT: memory bandwidth schema", AT(bandwidth) },
	{ "kernel-memory", 0, OPT_VALUE, "BYTES", NULL, AT(kernel) },
	{ "kernel-memory-tcp", 0, OPT_VALUE, "BYTES", NULL, AT(kernel_tcp) },
	{ NULL },
};

static int set_uint(const char *s, const char *what, struct opt_uint *out, struct err *e)
{
	if (!s)
		return 0;
	TRY(parse_number(s, UINT64_MAX, what, &out->v, e));
	out->set = true;
	return 0;
}

static int set_int(const char *s, const char *what, struct opt_int *out, struct err *e)
{
	uint64_t v;

	if (!s)
		return 0;
	TRY(parse_number(s[0] == '-' ? s + 1 : s, INT64_MAX, what, &v, e));
	*out = (struct opt_int){ true, s[0] == '-' ? -(int64_t)v : (int64_t)v };
	return 0;
}

static int set_bytes(const char *s, const char *what, struct opt_int *out, struct err *e)
{
	if (!s)
		return 0;
	TRY(parse_bytes(s, what, &out->v, e));
	out->set = true;
	return 0;
}

static int cpu_from(struct arena *a, const struct options *o, struct resources *r, struct err *e)
{
	struct cpu_limits *c = arena_alloc(a, sizeof *c);

	TRY(set_uint(o->cpu_share, "--cpu-share", &c->shares, e));
	TRY(set_uint(o->cpu_period, "--cpu-period", &c->period, e));
	TRY(set_int(o->cpu_quota, "--cpu-quota", &c->quota, e));
	TRY(set_uint(o->cpu_burst, "--cpu-burst", &c->burst, e));
	TRY(set_uint(o->rt_period, "--cpu-rt-period", &c->realtime_period, e));
	TRY(set_int(o->rt_runtime, "--cpu-rt-runtime", &c->realtime_runtime, e));
	TRY(set_int(o->idle, "--cpu-idle", &c->idle, e));
	c->cpus = o->cpus ? arena_str(a, o->cpus) : NULL;
	c->mems = o->mems ? arena_str(a, o->mems) : NULL;
	r->cpu = c;
	return 0;
}

static int from_options(struct arena *a, const struct options *o, struct resources *r, struct err *e)
{
	struct memory_limits *m = arena_alloc(a, sizeof *m);

	TRY(cpu_from(a, o, r, e));
	TRY(set_bytes(o->memory, "--memory", &m->limit, e));
	TRY(set_bytes(o->reservation, "--memory-reservation", &m->reservation, e));
	TRY(set_bytes(o->swap, "--memory-swap", &m->swap, e));
	r->memory = m;
	if (o->kernel || o->kernel_tcp)
		log_warn("kernel memory limits are ignored: the kernel no longer has them");
	if (o->pids) {
		r->pids = arena_alloc(a, sizeof *r->pids);
		TRY(set_int(o->pids, "--pids-limit", &r->pids->limit, e));
	}
	if (o->blkio_weight) {
		r->block_io = arena_alloc(a, sizeof *r->block_io);
		TRY(set_uint(o->blkio_weight, "--blkio-weight", &r->block_io->weight, e));
	}
	return 0;
}

static int read_resources(struct arena *a, const struct options *o, struct resources *r, struct err *e)
{
	const char *what;
	char *bytes;
	size_t n;

	*r = (struct resources){ 0 };
	if (!o->resources)
		return from_options(a, o, r, e);
	what = strcmp(o->resources, "-") ? o->resources : "standard input";
	TRY(file_read(a, o->resources, JSON_MAX_CONFIG, &bytes, &n, e));
	return resources_decode(a, bytes, n, what, r, e);
}

/* Intel RDT is no part of linux.resources: one more step, into the group that the container has. */
static int add_rdt(struct arena *a, const struct options *o, const struct record *r, struct plan *p, struct err *e)
{
	struct step *v = arena_array(a, p->steps.n + 1, sizeof *v);
	struct step rdt = { .op = STEP_RDT, .stage = STAGE_PREPARE, .at = "/linux/intelRdt" };

	if (!o->l3 && !o->bandwidth)
		return 0;
	if (!r->intel_clos)
		return fail(e, EINVAL, "Intel RDT schemas cannot be updated: the container was made without linux.intelRdt");
	rdt.rdt.clos_id = r->intel_clos;
	rdt.rdt.schemata.v = arena_array(a, 3, sizeof(char *));
	if (o->l3)
		rdt.rdt.schemata.v[rdt.rdt.schemata.n++] = arena_str(a, o->l3);
	if (o->bandwidth)
		rdt.rdt.schemata.v[rdt.rdt.schemata.n++] = arena_str(a, o->bandwidth);
	if (p->steps.n)
		memcpy(v, p->steps.v, p->steps.n * sizeof *v);
	v[p->steps.n] = rdt;
	p->steps.v = v;
	p->steps.n++;
	return 0;
}

static int update(struct globals *g, const struct options *o, const struct container *c, struct err *e)
{
	struct resources resources;
	struct host host;
	struct plan plan;

	if (c->status == STATUS_STOPPED || c->status == STATUS_CREATING)
		return fail(e, EINVAL, "cannot update a container in the %s state: container not running", status_name(c->status));
	TRY(read_resources(g->arena, o, &resources, e));
	TRY(probe_host(g->arena, c->record.bundle, c->id, &host, e));
	TRY(plan_update(g->arena, &resources, &host, &c->record.cgroup_paths, &plan, e));
	TRY(add_rdt(g->arena, o, &c->record, &plan, e));
	log_plan(g->arena, &plan);
	return apply_update(g->arena, &host, &plan, e);
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	struct opened o;
	int r;

	(void)argc;
	r = lifecycle_load(g, argv[0], false, &o, e);
	if (r == 0)
		r = update(g, opts_v, &o.c, e);
	lifecycle_close(&o);
	return r;
}

const struct verb verb_update = {
	.name = "update",
	.args = "CONTAINER",
	.summary = "change the limits of a container",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
