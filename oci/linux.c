/* linux.c - the linux object of config.json: rows and checks.
 * Must not ask what the kernel offers: plan/ does. */
#include "oci/config_check.h"
#include "oci/prop_row.h"
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 4294967295
#define MAX_PATH_BYTES 4095
#define MAX_MAPPINGS 340 /* lines that the kernel takes in uid_map */

const struct prop id_mapping_props[] = {
	{ ROW_UINT(id_mapping, container_id, "containerID", MAX_ID), .flags = PROP_REQUIRED | PROP_SECURITY,
	  .doc = "First id inside.", .example = "1" },
	{ ROW_UINT(id_mapping, host_id, "hostID", MAX_ID), .flags = PROP_REQUIRED | PROP_SECURITY, .doc = "First id outside.",
	  .example = "200000" },
	{ ROW_UINT(id_mapping, size, "size", UINT32_MAX), .min = 1, .flags = PROP_REQUIRED | PROP_SECURITY,
	  .doc = "How many ids.", .example = "1000" },
	{ 0 },
};

static const struct prop namespace_props[] = {
	{ ROW_WORD(namespace, type, "type", words_namespace), .flags = PROP_REQUIRED, .doc = "Which namespace.",
	  .example = "\"cgroup\"" },
	{ ROW_STR(namespace, path, "path"), .flags = PROP_SECURITY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "A namespace to join, as an absolute path; absent means a new one.", .example = "\"/run/netns/blue\"" },
	{ 0 },
};

static const struct prop time_offset_props[] = {
	{ ROW_INT(time_offset, secs, "secs", 0, 0), .doc = "Seconds.", .example = "3600" },
	{ ROW_UINT(time_offset, nanosecs, "nanosecs", 999999999), .doc = "Nanoseconds.", .example = "500" },
	{ 0 },
};
static const struct prop time_offsets_props[] = {
	{ ROW_OBJ(time_offsets, monotonic, "monotonic", time_offset_props), .doc = "Offset of CLOCK_MONOTONIC.",
	  .example = "{\"secs\": 60}" },
	{ ROW_OBJ(time_offsets, boottime, "boottime", time_offset_props), .doc = "Offset of CLOCK_BOOTTIME.",
	  .example = "{\"secs\": 120}" },
	{ 0 },
};

static const struct prop device_props[] = {
	{ ROW_WORD(device, type, "type", words_device_type), .flags = PROP_REQUIRED,
	  .doc = "`c` or `u` (character), `b` (block), `p` (fifo).", .example = "\"b\"" },
	{ ROW_STR(device, path, "path"), .flags = PROP_REQUIRED | PROP_ABS, .max_bytes = MAX_PATH_BYTES,
	  .doc = "Where the node appears.", .example = "\"/dev/other\"" },
	{ ROW_INT(device, major, "major", 0, NUMBER_MAX), .doc = "Major number; required but for `p`.", .example = "11" },
	{ ROW_INT(device, minor, "minor", 0, NUMBER_MAX), .doc = "Minor number; required but for `p`.", .example = "12" },
	{ ROW_UINT(device, file_mode, "fileMode", 0177777), .flags = PROP_SECURITY,
	  .doc = "Permission bits, in decimal; bits of the file type are ignored.", .example = "384" },
	{ ROW_UINT(device, uid, "uid", MAX_ID), .doc = "Owner.", .example = "3" },
	{ ROW_UINT(device, gid, "gid", MAX_ID), .doc = "Group.", .example = "4" },
	{ 0 },
};

static const struct prop net_device_props[] = {
	{ ROW_STR(net_device, name, "name"), .doc = "Name inside; may end in %d. Absent means the same.", .example = "\"eth%d\"" },
	{ 0 },
};

static const struct prop intel_rdt_props[] = {
	{ ROW_STR(intel_rdt, clos_id, "closID"), .max_bytes = 255,
	  .doc = "Class of service; `/` is the default one, absent means one of the container's own.", .example = "\"guaranteed\"" },
	{ ROW_STRS(intel_rdt, schemata, "schemata"), .doc = "Lines for the schemata file.", .example = "[\"MB:0=20;1=70\"]" },
	{ ROW_STR(intel_rdt, l3_cache_schema, "l3CacheSchema"), .doc = "A line for the L3 cache.",
	  .example = "\"L3:0=7f0;1=1f\"" },
	{ ROW_STR(intel_rdt, mem_bw_schema, "memBwSchema"), .doc = "A line for the memory bandwidth; begins with MB:.",
	  .example = "\"MB:0=20;1=70\"" },
	{ ROW_OPT_BOOL(intel_rdt, enable_monitoring, "enableMonitoring"), .doc = "Give the container a monitoring group.",
	  .example = "true" },
	{ 0 },
};

static const struct prop memory_policy_props[] = {
	{ ROW_WORD(memory_policy, mode, "mode", words_mempolicy_mode), .flags = PROP_REQUIRED, .doc = "See set_mempolicy(2).",
	  .example = "\"MPOL_INTERLEAVE\"" },
	{ ROW_STR(memory_policy, nodes, "nodes"), .max_bytes = 4095, .doc = "Memory nodes, such as 0-3,7.", .example = "\"0-1\"" },
	{ ROW_WORDS(memory_policy, flags, "flags", words_mempolicy_flag), .doc = "Flags of set_mempolicy(2).",
	  .example = "[\"MPOL_F_STATIC_NODES\"]" },
	{ 0 },
};

static const struct prop personality_props[] = {
	{ ROW_WORD(personality, domain, "domain", words_personality), .flags = PROP_REQUIRED, .doc = "Execution domain.",
	  .example = "\"LINUX\"" },
	{ ROW_STRS(personality, flags, "flags"), .flags = PROP_PARSED, .doc = "The specification defines none yet.",
	  .example = "[]" },
	{ 0 },
};

#define MAPPINGS "[{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]"
#define IN_USERNS                                                                                                         \
	"{\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"user\"}], "                                                   \
	"\"uidMappings\": " MAPPINGS ", \"gidMappings\": " MAPPINGS "}"
#define IN_ALL "{\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"network\"}, {\"type\": \"ipc\"}, {\"type\": \"time\"}]}"
const struct prop linux_props[] = {
	{ ROW_LIST(linux_, namespaces, "namespaces", namespace_props), .flags = PROP_SECURITY,
	  .doc = "Namespaces to make or join, each type once; the others are the runtime's.",
	  .example = "[{\"type\": \"mount\"}, {\"type\": \"pid\"}]" },
	{ ROW_LIST(linux_, uid_mappings, "uidMappings", id_mapping_props), .flags = PROP_SECURITY,
	  .doc = "User ids of a new user namespace.", .example = MAPPINGS, .in = IN_USERNS },
	{ ROW_LIST(linux_, gid_mappings, "gidMappings", id_mapping_props), .flags = PROP_SECURITY,
	  .doc = "Group ids of a new user namespace.", .example = MAPPINGS, .in = IN_USERNS },
	{ ROW_OBJ(linux_, time_offsets, "timeOffsets", time_offsets_props), .doc = "Clock offsets of a new time namespace.",
	  .example = "{\"monotonic\": {\"secs\": 1}, \"boottime\": {\"secs\": 1}}", .in = IN_ALL },
	{ ROW_LIST(linux_, devices, "devices", device_props), .doc = "Device nodes to make, beside the default ones.",
	  .example = "[{\"type\": \"c\", \"path\": \"/dev/fuse\", \"major\": 10, \"minor\": 229}]" },
	{ ROW_OBJMAP(linux_, net_devices, "netDevices", net_device_props),
	  .doc = "Network devices to move into the container, by their name outside.",
	  .example = "{\"dummy0\": {\"name\": \"eth0\"}}", .in = IN_ALL },
	{ ROW_STR(linux_, cgroups_path, "cgroupsPath"), .flags = PROP_SECURITY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "The container's cgroup: absolute, relative to the runtime's place for them, or slice:prefix:name for systemd.",
	  .example = "\"/blue/app\"" },
	{ ROW_OBJ(linux_, resources, "resources", resources_props), .flags = PROP_SECURITY, .doc = "Limits of the cgroup.",
	  .example = "{\"pids\": {\"limit\": 64}}" },
	{ ROW_OBJ(linux_, intel_rdt, "intelRdt", intel_rdt_props), .doc = "Cache and memory bandwidth by resctrl.",
	  .example = "{\"schemata\": [\"L3:0=f\"]}" },
	{ ROW_OBJ(linux_, memory_policy, "memoryPolicy", memory_policy_props), .doc = "NUMA policy of the process.",
	  .example = "{\"mode\": \"MPOL_BIND\", \"nodes\": \"0\"}" },
	{ ROW_MAP(linux_, sysctl, "sysctl"), .flags = PROP_SECURITY, .doc = "Kernel parameters that belong to a namespace.",
	  .example = "{\"net.ipv4.ip_forward\": \"1\"}", .in = IN_ALL },
	{ ROW_OBJ(linux_, seccomp, "seccomp", seccomp_props), .flags = PROP_SECURITY, .doc = "System call filter.",
	  .example = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": "
		     "[{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_ERRNO\"}]}" },
	{ ROW_WORD(linux_, rootfs_propagation, "rootfsPropagation", words_propagation), .flags = PROP_SECURITY,
	  .doc = "Mount propagation of the root.", .example = "\"slave\"" },
	{ ROW_STRS(linux_, masked_paths, "maskedPaths"), .flags = PROP_ABS | PROP_SECURITY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "Paths that are hidden.", .example = "[\"/proc/kcore\"]" },
	{ ROW_STRS(linux_, readonly_paths, "readonlyPaths"), .flags = PROP_ABS | PROP_SECURITY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "Paths that cannot be written to.", .example = "[\"/proc/sys\"]" },
	{ ROW_STR(linux_, mount_label, "mountLabel"), .flags = PROP_SECURITY, .max_bytes = 4095,
	  .doc = "SELinux label of what is mounted; an error where SELinux is absent.",
	  .example = "\"system_u:object_r:container_file_t:s0\"" },
	{ ROW_OBJ(linux_, personality, "personality", personality_props), .doc = "See personality(2).",
	  .example = "{\"domain\": \"LINUX32\"}" },
	{ 0 },
};

static bool overlap(const struct opt_uint *a, uint64_t a_size, const struct opt_uint *b, uint64_t b_size)
{
	return a->v < b->v + b_size && b->v < a->v + a_size;
}

int mappings_check(const struct id_mapping *m, size_t n, const char *at, const char *name, struct err *e)
{
	size_t i, j;

	if (n > MAX_MAPPINGS)
		return BAD(e, (e, "%s/%s", at, name), "%zu ranges are more than the %d that the kernel takes", n, MAX_MAPPINGS);
	for (i = 0; i < n; i++) {
		if (m[i].container_id.v + m[i].size.v > MAX_ID + 1 || m[i].host_id.v + m[i].size.v > MAX_ID + 1)
			return BAD(e, (e, "%s/%s/%zu/size", at, name, i), "the range goes past %llu", (unsigned long long)MAX_ID);
		for (j = 0; j < i; j++)
			if (overlap(&m[i].container_id, m[i].size.v, &m[j].container_id, m[j].size.v) ||
			    overlap(&m[i].host_id, m[i].size.v, &m[j].host_id, m[j].size.v))
				return BAD(e, (e, "%s/%s/%zu", at, name, i), "the range overlaps that of entry %zu", j);
	}
	return 0;
}

static int namespaces_check(const struct linux_ *l, const char *at, struct err *e)
{
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < l->namespaces.n; i++) {
		const struct namespace *ns = &l->namespaces.v[i];

		if (seen & 1u << ns->type)
			return BAD(e, (e, "%s/namespaces/%zu/type", at, i), "namespace \"%s\" stands there twice",
				   words_namespace.v[ns->type].name);
		seen |= 1u << ns->type;
		if (ns->path && ns->path[0] && ns->path[0] != '/')
			return BAD(e, (e, "%s/namespaces/%zu/path", at, i), "expected an absolute path, got \"%.64s\"", ns->path);
	}
	return 0;
}

static int devices_check(const struct linux_ *l, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < l->devices.n; i++) {
		const struct device *d = &l->devices.v[i];

		if (strcmp(words_device_type.v[d->type].name, "p") == 0)
			continue;
		if (!d->major.set || !d->minor.set)
			return BAD(e, (e, "%s/devices/%zu/%s", at, i, d->major.set ? "minor" : "major"), "required, but missing");
	}
	return 0;
}

/* What the kernel's dev_valid_name() takes. */
static bool is_interface(const char *s)
{
	size_t n = strlen(s);

	return n >= 1 && n <= 15 && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && !s[strcspn(s, "/: \t\n\v\f\r")];
}

static int net_devices_check(const struct linux_ *l, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < l->net_devices.n; i++) {
		const struct net_device *d = &l->net_devices.v[i];
		const char *percent = d->name ? strchr(d->name, '%') : NULL;

		if (!is_interface(d->key) || strchr(d->key, '%'))
			return BAD(e, (e, "%s/netDevices", at), "\"%.64s\" is not the name of a network device", d->key);
		if (d->name && d->name[0] && !is_interface(d->name))
			return BAD(e, (e, "%s/netDevices/%s/name", at, d->key), "\"%.64s\" cannot name a network device", d->name);
		if (percent && (percent[1] != 'd' || strchr(percent + 1, '%')))
			return BAD(e, (e, "%s/netDevices/%s/name", at, d->key), "only one %%d is allowed, got \"%.64s\"", d->name);
	}
	return 0;
}

/* True when a component of the path is "..". */
static bool climbs(const char *path)
{
	for (; *path; path += strcspn(path, "/"), path += strspn(path, "/"))
		if (strncmp(path, "..", 2) == 0 && (!path[2] || path[2] == '/'))
			return true;
	return false;
}

static int sysctl_check(const struct kvs *s, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const char *k = s->v[i].key;

		if (k[0] == '/' || k[0] == '.' || strstr(k, "..") || strchr(k, '\n'))
			return BAD(e, (e, "%s/sysctl", at), "\"%.64s\" is not the name of a kernel parameter", k);
		if (strchr(s->v[i].value, '\n'))
			return BAD(e, (e, "%s/sysctl/%s", at, k), "a value is one line");
	}
	return 0;
}

static int intel_rdt_check(const struct intel_rdt *r, const char *at, struct err *e)
{
	size_t i;

	if (r->clos_id && (strcmp(r->clos_id, ".") == 0 || climbs(r->clos_id) || (strchr(r->clos_id, '/') && r->clos_id[1])))
		return BAD(e, (e, "%s/intelRdt/closID", at), "\"%.64s\" is not the name of a directory", r->clos_id);
	if (r->mem_bw_schema && (strncmp(r->mem_bw_schema, "MB:", 3) != 0 || strchr(r->mem_bw_schema, '\n')))
		return BAD(e, (e, "%s/intelRdt/memBwSchema", at), "expected one line that begins with MB:, got \"%.64s\"",
			   r->mem_bw_schema);
	if (r->l3_cache_schema && strchr(r->l3_cache_schema, '\n'))
		return BAD(e, (e, "%s/intelRdt/l3CacheSchema", at), "a schema is one line");
	for (i = 0; i < r->schemata.n; i++)
		if (strchr(r->schemata.v[i], '\n'))
			return BAD(e, (e, "%s/intelRdt/schemata/%zu", at, i), "a schema is one line");
	return 0;
}

static int memory_policy_check(const struct memory_policy *m, const char *at, struct err *e)
{
	const char *mode = words_mempolicy_mode.v[m->mode].name;
	bool nodes = m->nodes && m->nodes[0];

	if (nodes && !is_number_list(m->nodes))
		return BAD(e, (e, "%s/memoryPolicy/nodes", at), "expected a list of nodes such as 0-3,7, got \"%.64s\"", m->nodes);
	if (nodes && (strcmp(mode, "MPOL_DEFAULT") == 0 || strcmp(mode, "MPOL_LOCAL") == 0))
		return BAD(e, (e, "%s/memoryPolicy/nodes", at), "%s takes no nodes", mode);
	if (!nodes && (strcmp(mode, "MPOL_BIND") == 0 || strstr(mode, "INTERLEAVE") || strcmp(mode, "MPOL_PREFERRED_MANY") == 0))
		return BAD(e, (e, "%s/memoryPolicy/nodes", at), "%s needs nodes", mode);
	return 0;
}

int linux_check(const struct linux_ *l, const char *at, struct err *e)
{
	char in[64];

	TRY(namespaces_check(l, at, e));
	TRY(mappings_check(l->uid_mappings.v, l->uid_mappings.n, at, "uidMappings", e));
	TRY(mappings_check(l->gid_mappings.v, l->gid_mappings.n, at, "gidMappings", e));
	TRY(devices_check(l, at, e));
	TRY(net_devices_check(l, at, e));
	if (l->cgroups_path && climbs(l->cgroups_path))
		return BAD(e, (e, "%s/cgroupsPath", at), "\"..\" is not allowed in a cgroup's path");
	TRY(sysctl_check(&l->sysctl, at, e));
	if (l->intel_rdt)
		TRY(intel_rdt_check(l->intel_rdt, at, e));
	if (l->memory_policy)
		TRY(memory_policy_check(l->memory_policy, at, e));
	if (l->personality && l->personality->flags.n)
		return BAD(e, (e, "%s/personality/flags", at), "the specification defines no flags");
	if (l->resources) {
		snprintf(in, sizeof in, "%s/resources", at);
		TRY(resources_check(l->resources, in, e));
	}
	if (l->seccomp) {
		snprintf(in, sizeof in, "%s/seccomp", at);
		TRY(seccomp_check(l->seccomp, in, e));
	}
	return 0;
}
