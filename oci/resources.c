/* resources.c - linux.resources, and update's --resources file: rows and checks.
 * Must not convert anything: what a number becomes in a cgroup file is plan/'s business. */
#include "oci/config_check.h"
#include "oci/prop_row.h"
#include <string.h>

#define NUMBER_MAX 4294967295 /* of a major or minor number */

static const struct prop device_rule_props[] = {
	{ ROW_BOOL(device_rule, allow, "allow"), .flags = PROP_REQUIRED | PROP_SECURITY, .doc = "Allow or deny.",
	  .example = "true" },
	{ ROW_STR(device_rule, type, "type"), .flags = PROP_SECURITY, .doc = "`a` (all), `c` or `b`; absent means all.",
	  .example = "\"b\"" },
	{ ROW_INT(device_rule, major, "major", -1, NUMBER_MAX), .flags = PROP_SECURITY, .doc = "Major number; absent or -1: any.",
	  .example = "7" },
	{ ROW_INT(device_rule, minor, "minor", -1, NUMBER_MAX), .flags = PROP_SECURITY, .doc = "Minor number; absent or -1: any.",
	  .example = "8" },
	{ ROW_STR(device_rule, access, "access"), .flags = PROP_SECURITY,
	  .doc = "Of `r` (read), `w` (write) and `m` (mknod); absent means all three.", .example = "\"r\"" },
	{ 0 },
};

static const struct prop memory_props[] = {
	{ ROW_INT(memory_limits, limit, "limit", -1, INT64_MAX), .flags = PROP_SECURITY,
	  .doc = "Bytes of memory; -1 means no limit.", .example = "33554432" },
	{ ROW_INT(memory_limits, reservation, "reservation", -1, INT64_MAX), .doc = "Bytes to shrink to under pressure.",
	  .example = "16777216" },
	{ ROW_INT(memory_limits, swap, "swap", -1, INT64_MAX), .doc = "Bytes of memory and swap together; -1 means no limit.",
	  .example = "134217728", .in = "{\"limit\": 67108864}" },
	{ ROW_INT(memory_limits, kernel, "kernel", -1, INT64_MAX), .flags = PROP_PARSED,
	  .doc = "Bytes of kernel memory: the kernel dropped this limit.", .example = "16777216" },
	{ ROW_INT(memory_limits, kernel_tcp, "kernelTCP", -1, INT64_MAX),
	  .doc = "Bytes of TCP buffers; cgroup version 1 only.", .example = "16777216" },
	{ ROW_UINT(memory_limits, swappiness, "swappiness", 100), .doc = "How readily memory is swapped; cgroup version 1 only.",
	  .example = "10" },
	{ ROW_OPT_BOOL(memory_limits, disable_oom_killer, "disableOOMKiller"),
	  .doc = "Let processes wait for memory instead of killing one; cgroup version 1 only.", .example = "true" },
	{ ROW_OPT_BOOL(memory_limits, use_hierarchy, "useHierarchy"), .flags = PROP_PARSED,
	  .doc = "Count the memory of child cgroups: the kernel always does by now.", .example = "true" },
	{ ROW_OPT_BOOL(memory_limits, check_before_update, "checkBeforeUpdate"),
	  .doc = "Refuse an update whose limit is below what is in use.", .example = "true" },
	{ 0 },
};

static const struct prop cpu_props[] = {
	{ ROW_UINT(cpu_limits, shares, "shares", 0), .doc = "Weight relative to other cgroups, 2 to 262144.", .example = "512" },
	{ ROW_INT(cpu_limits, quota, "quota", -1, INT64_MAX), .doc = "Microseconds of CPU time in each period; -1: no limit.",
	  .example = "20000" },
	{ ROW_UINT(cpu_limits, burst, "burst", 0), .doc = "Microseconds of unused quota that may be saved up.", .example = "10000" },
	{ ROW_UINT(cpu_limits, period, "period", 0), .doc = "Microseconds of a period.", .example = "50000" },
	{ ROW_INT(cpu_limits, realtime_runtime, "realtimeRuntime", -1, INT64_MAX),
	  .doc = "Microseconds of real-time scheduling in each real-time period; cgroup version 1 only.", .example = "950000" },
	{ ROW_UINT(cpu_limits, realtime_period, "realtimePeriod", 0),
	  .doc = "Microseconds of a real-time period; cgroup version 1 only.", .example = "1000000" },
	{ ROW_STR(cpu_limits, cpus, "cpus"), .max_bytes = 4095, .doc = "CPUs that may be used, such as 0-3,7.",
	  .example = "\"0\"" },
	{ ROW_STR(cpu_limits, mems, "mems"), .max_bytes = 4095, .doc = "Memory nodes that may be used.", .example = "\"0\"" },
	{ ROW_INT(cpu_limits, idle, "idle", 0, 1), .doc = "1: run only when nobody else wants the CPU.", .example = "1" },
	{ 0 },
};

static const struct prop pids_props[] = {
	{ ROW_INT(pids_limits, limit, "limit", -1, INT64_MAX), .flags = PROP_SECURITY,
	  .doc = "Number of tasks; -1 means no limit.", .example = "77" },
	{ 0 },
};

#define MAJOR(T) { ROW_INT(T, major, "major", 0, NUMBER_MAX), .flags = PROP_REQUIRED, .doc = "Major number.", .example = "7" }
#define MINOR(T) { ROW_INT(T, minor, "minor", 0, NUMBER_MAX), .flags = PROP_REQUIRED, .doc = "Minor number.", .example = "16" }
static const struct prop weight_device_props[] = {
	MAJOR(weight_device),
	MINOR(weight_device),
	{ ROW_UINT(weight_device, weight, "weight", 1000), .doc = "Weight for this device, 10 to 1000.", .example = "600" },
	{ ROW_UINT(weight_device, leaf_weight, "leafWeight", 1000),
	  .doc = "Weight against child cgroups for this device; cgroup version 1 only.", .example = "300" },
	{ 0 },
};
static const struct prop throttle_props[] = {
	MAJOR(throttle_device),
	MINOR(throttle_device),
	{ ROW_UINT(throttle_device, rate, "rate", 0), .flags = PROP_REQUIRED, .doc = "Bytes or operations a second.",
	  .example = "600" },
	{ 0 },
};
#define THROTTLE(field, name, doc_)                                                                                       \
	{ ROW_LIST(block_io_limits, field, name, throttle_props), .doc = doc_,                                            \
	  .example = "[{\"major\": 8, \"minor\": 0, \"rate\": 1048576}]" }
static const struct prop block_io_props[] = {
	{ ROW_UINT(block_io_limits, weight, "weight", 1000), .doc = "Weight relative to other cgroups, 10 to 1000; 0: unset.",
	  .example = "400" },
	{ ROW_UINT(block_io_limits, leaf_weight, "leafWeight", 1000),
	  .doc = "Weight against child cgroups, 10 to 1000; cgroup version 1 only.", .example = "200" },
	{ ROW_LIST(block_io_limits, weight_device, "weightDevice", weight_device_props), .doc = "Weights for single devices.",
	  .example = "[{\"major\": 8, \"minor\": 0, \"weight\": 500}]" },
	THROTTLE(throttle_read_bps, "throttleReadBpsDevice", "Bytes read a second, by device."),
	THROTTLE(throttle_write_bps, "throttleWriteBpsDevice", "Bytes written a second, by device."),
	THROTTLE(throttle_read_iops, "throttleReadIOPSDevice", "Reads a second, by device."),
	THROTTLE(throttle_write_iops, "throttleWriteIOPSDevice", "Writes a second, by device."),
	{ 0 },
};

static const struct prop hugepage_props[] = {
	{ ROW_STR(hugepage_limit, page_size, "pageSize"), .flags = PROP_REQUIRED, .max_bytes = 16,
	  .doc = "Size of the pages, such as 2MB or 1GB.", .example = "\"1GB\"" },
	{ ROW_UINT(hugepage_limit, limit, "limit", 0), .flags = PROP_REQUIRED, .doc = "Bytes of such pages.",
	  .example = "4194304" },
	{ 0 },
};

static const struct prop if_priority_props[] = {
	{ ROW_STR(if_priority, name, "name"), .flags = PROP_REQUIRED | PROP_NONEMPTY, .max_bytes = 15, .doc = "Interface.",
	  .example = "\"eth1\"" },
	{ ROW_UINT(if_priority, priority, "priority", UINT32_MAX), .flags = PROP_REQUIRED, .doc = "Priority of its packets.",
	  .example = "7" },
	{ 0 },
};
static const struct prop network_props[] = {
	{ ROW_UINT(network_limits, class_id, "classID", UINT32_MAX), .doc = "Class of packets (net_cls); cgroup version 1 only.",
	  .example = "1048577" },
	{ ROW_LIST(network_limits, priorities, "priorities", if_priority_props),
	  .doc = "Priorities by interface (net_prio); cgroup version 1 only.",
	  .example = "[{\"name\": \"lo\", \"priority\": 5}]" },
	{ 0 },
};

static const struct prop rdma_props[] = {
	{ ROW_UINT(rdma_limit, hca_handles, "hcaHandles", UINT32_MAX), .doc = "Handles to the device.", .example = "3" },
	{ ROW_UINT(rdma_limit, hca_objects, "hcaObjects", UINT32_MAX), .doc = "Objects of the device.", .example = "10000" },
	{ 0 },
};

const struct prop resources_props[] = {
	{ ROW_LIST(resources, devices, "devices", device_rule_props), .flags = PROP_SECURITY,
	  .doc = "Which devices may be used: the last rule that matches counts.",
	  .example = "[{\"allow\": false, \"access\": \"rwm\"}, "
		     "{\"allow\": true, \"type\": \"c\", \"major\": 10, \"minor\": 229, \"access\": \"rw\"}]" },
	{ ROW_OBJ(resources, memory, "memory", memory_props), .flags = PROP_SECURITY, .doc = "Memory limits.",
	  .example = "{\"limit\": 67108864}" },
	{ ROW_OBJ(resources, cpu, "cpu", cpu_props), .doc = "CPU limits.", .example = "{\"quota\": 50000, \"period\": 100000}" },
	{ ROW_OBJ(resources, pids, "pids", pids_props), .flags = PROP_SECURITY, .doc = "Limit on the number of tasks.",
	  .example = "{\"limit\": 100}" },
	{ ROW_OBJ(resources, block_io, "blockIO", block_io_props), .doc = "Block device limits.", .example = "{\"weight\": 100}" },
	{ ROW_LIST(resources, hugepage_limits, "hugepageLimits", hugepage_props), .doc = "Limits on huge pages.",
	  .example = "[{\"pageSize\": \"2MB\", \"limit\": 2097152}]" },
	{ ROW_OBJ(resources, network, "network", network_props), .doc = "Packet class and priorities.",
	  .example = "{\"classID\": 1048577}" },
	{ ROW_OBJMAP(resources, rdma, "rdma", rdma_props), .doc = "RDMA limits, by device.",
	  .example = "{\"mlx5_1\": {\"hcaHandles\": 2, \"hcaObjects\": 2000}}" },
	{ ROW_MAP(resources, unified, "unified"), .flags = PROP_SECURITY,
	  .doc = "Files of a version 2 cgroup and what to write to them.", .example = "{\"memory.high\": \"33554432\"}" },
	{ 0 },
};

static int device_rule_check(const struct device_rule *r, const char *at, size_t i, struct err *e)
{
	if (r->type && r->type[0] && (!strchr("acb", r->type[0]) || r->type[1]))
		return BAD(e, (e, "%s/devices/%zu/type", at, i), "expected a, b or c, got \"%.64s\"", r->type);
	if (r->access && r->access[strspn(r->access, "rwm")])
		return BAD(e, (e, "%s/devices/%zu/access", at, i), "expected letters of rwm, got \"%.64s\"", r->access);
	return 0;
}

/* "2MB": a number without leading zero, and a unit. */
static bool is_page_size(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && s[0] != '0' && s[n] && strchr("KMG", s[n]) && s[n + 1] == 'B' && !s[n + 2];
}

static int unified_check(const struct kvs *u, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < u->n; i++) {
		const char *k = u->v[i].key;

		if (strchr(k, '/') || strcmp(k, ".") == 0 || strcmp(k, "..") == 0)
			return BAD(e, (e, "%s/unified", at), "\"%.64s\" is not the name of a cgroup file", k);
	}
	return 0;
}

int resources_check(const struct resources *r, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < r->devices.n; i++)
		TRY(device_rule_check(&r->devices.v[i], at, i, e));
	for (i = 0; i < r->hugepage_limits.n; i++)
		if (!is_page_size(r->hugepage_limits.v[i].page_size))
			return BAD(e, (e, "%s/hugepageLimits/%zu/pageSize", at, i), "expected a size such as 2MB, got \"%.64s\"",
				   r->hugepage_limits.v[i].page_size);
	for (i = 0; i < r->rdma.n; i++)
		if (!r->rdma.v[i].hca_handles.set && !r->rdma.v[i].hca_objects.set)
			return BAD(e, (e, "%s/rdma/%.64s", at, r->rdma.v[i].key), "needs hcaHandles or hcaObjects");
	if (r->cpu && r->cpu->cpus && r->cpu->cpus[0] && !is_number_list(r->cpu->cpus))
		return BAD(e, (e, "%s/cpu/cpus", at), "expected a list of CPUs such as 0-3,7, got \"%.64s\"", r->cpu->cpus);
	if (r->cpu && r->cpu->mems && r->cpu->mems[0] && !is_number_list(r->cpu->mems))
		return BAD(e, (e, "%s/cpu/mems", at), "expected a list of nodes such as 0-3,7, got \"%.64s\"", r->cpu->mems);
	return unified_check(&r->unified, at, e);
}
