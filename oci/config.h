/* config.h - config.json (runtime-spec 1.3, config.md and config-linux.md) as values.
 *
 * Field names are the specification's. A pointer is NULL when the object is absent, a list is empty, an opt_* says so itself.
 * Words (int) are indices into the table named beside them. Nothing here knows the kernel. */
#ifndef WASIRUN_OCI_CONFIG_H
#define WASIRUN_OCI_CONFIG_H

#include "oci/prop.h"
#include "oci/value.h"

struct id_mapping {
	struct opt_uint container_id, host_id, size;
};
typedef LIST(struct id_mapping) id_mappings;

struct mount {
	char *destination, *source, *type;
	struct strs options;
	id_mappings uid_mappings, gid_mappings;
};

struct root {
	char *path;
	bool readonly;
};

struct console_size {
	struct opt_uint height, width;
};

struct user {
	uint32_t uid, gid; /* 0..2^32-2 */
	struct opt_uint umask;
	struct u32s additional_gids;
	char *username;
};

struct capabilities { /* indices into words_capability; unknown names are warned about and left out */
	struct ints bounding, effective, inheritable, permitted, ambient;
};

struct rlimit_entry { /* not "rlimit": that is the C library's */
	int type; /* words_rlimit */
	struct opt_uint soft, hard;
};

struct scheduler {
	int policy; /* words_sched_policy */
	struct opt_int nice, priority;
	struct ints flags; /* words_sched_flag */
	struct opt_uint runtime, deadline, period;
};

struct io_priority {
	int class; /* words_io_class */
	struct opt_int priority;
};

struct cpu_affinity {
	char *initial, *final;
};

struct process {
	bool terminal, no_new_privileges;
	struct console_size *console_size;
	char *cwd;
	struct strs env, args;
	struct user *user; /* absent = uid 0, gid 0 */
	struct capabilities *capabilities;
	LIST(struct rlimit_entry) rlimits;
	char *apparmor_profile, *selinux_label;
	struct opt_int oom_score_adj;
	struct scheduler *scheduler;
	struct io_priority *io_priority;
	struct cpu_affinity *exec_cpu_affinity;
};

struct hook {
	char *path;
	struct strs args, env;
	struct opt_int timeout; /* seconds, > 0 */
};
typedef LIST(struct hook) hook_list;

struct hooks {
	hook_list prestart, create_runtime, create_container, start_container, poststart, poststop;
};

struct namespace {
	int type;   /* words_namespace */
	char *path; /* NULL = a new one */
};

struct device {
	int type; /* words_device_type */
	char *path;
	struct opt_int major, minor;
	struct opt_uint file_mode, uid, gid;
};

struct net_device {
	char *key;  /* name outside */
	char *name; /* name inside, NULL = the same; may be "eth%d" */
};

/* resources */
struct device_rule {
	bool allow;
	char *type; /* "a" "c" "b" or NULL = a */
	struct opt_int major, minor; /* absent or -1 = any */
	char *access; /* of "rwm", NULL = all */
};
struct memory_limits {
	struct opt_int limit, reservation, swap, kernel, kernel_tcp;
	struct opt_uint swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};
struct cpu_limits {
	struct opt_uint shares, period, burst, realtime_period;
	struct opt_int quota, realtime_runtime, idle;
	char *cpus, *mems;
};
struct pids_limits {
	struct opt_int limit;
};
struct weight_device {
	struct opt_int major, minor;
	struct opt_uint weight, leaf_weight;
};
struct throttle_device {
	struct opt_int major, minor;
	struct opt_uint rate;
};
typedef LIST(struct throttle_device) throttle_list;
struct block_io_limits {
	struct opt_uint weight, leaf_weight;
	LIST(struct weight_device) weight_device;
	throttle_list throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops;
};
struct hugepage_limit {
	char *page_size;
	struct opt_uint limit;
};
struct if_priority {
	char *name;
	struct opt_uint priority;
};
struct network_limits {
	struct opt_uint class_id;
	LIST(struct if_priority) priorities;
};
struct rdma_limit {
	char *key; /* device */
	struct opt_uint hca_handles, hca_objects;
};
struct resources {
	LIST(struct device_rule) devices;
	struct memory_limits *memory;
	struct cpu_limits *cpu;
	struct pids_limits *pids;
	struct block_io_limits *block_io;
	LIST(struct hugepage_limit) hugepage_limits;
	struct network_limits *network;
	LIST(struct rdma_limit) rdma;
	struct kvs unified;
};

struct seccomp_arg {
	struct opt_uint index, value, value_two;
	int op; /* words_seccomp_op */
};
struct seccomp_rule {
	struct strs names;
	int action; /* words_seccomp_action */
	struct opt_uint errno_ret;
	LIST(struct seccomp_arg) args;
};
struct seccomp {
	int default_action; /* words_seccomp_action */
	struct opt_uint default_errno_ret;
	struct ints architectures; /* words_seccomp_arch */
	struct ints flags;         /* words_seccomp_flag; absent (v == NULL) means SPEC_ALLOW, an empty list none */
	char *listener_path, *listener_metadata;
	LIST(struct seccomp_rule) syscalls;
};

struct intel_rdt {
	char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strs schemata;
	struct opt_bool enable_monitoring;
};
struct memory_policy {
	int mode; /* words_mempolicy_mode */
	char *nodes;
	struct ints flags; /* words_mempolicy_flag */
};
struct personality {
	int domain; /* words_personality */
	struct strs flags;
};
struct time_offset {
	struct opt_int secs;
	struct opt_uint nanosecs;
};
struct time_offsets {
	struct time_offset *monotonic, *boottime;
};

struct linux_ {
	LIST(struct namespace) namespaces;
	id_mappings uid_mappings, gid_mappings;
	struct time_offsets *time_offsets;
	LIST(struct device) devices;
	LIST(struct net_device) net_devices;
	char *cgroups_path;
	struct resources *resources;
	struct intel_rdt *intel_rdt;
	struct memory_policy *memory_policy;
	struct kvs sysctl;
	struct seccomp *seccomp;
	int rootfs_propagation; /* words_propagation */
	struct strs masked_paths, readonly_paths;
	char *mount_label;
	struct personality *personality;
};

struct config {
	char *oci_version;
	struct root *root;
	LIST(struct mount) mounts;
	struct process *process;
	char *hostname, *domainname;
	struct hooks *hooks;
	struct kvs annotations;
	struct linux_ *linux_; /* "linux" is a macro in gnu11 */
};

/* The rows, for prop_walk and friends. */
extern const struct prop config_props[], process_props[], resources_props[], linux_props[], seccomp_props[];

/* Decodes and validates what one document alone can tell (types, ranges, words, required properties, duplicate rlimit and
 * namespace types, ociVersion 1.x, absolute paths, args not empty when process is there).
 * bytes: n bytes of config.json. what: its name for messages. */
MUST int config_decode(struct arena *a, const char *bytes, size_t n, const char *what, struct config *out, struct err *e);

/* exec --process FILE: replaces the whole process object. */
MUST int process_decode(struct arena *a, const char *bytes, size_t n, const char *what, struct process *out, struct err *e);

/* update --resources FILE. Docker and containerd send objects with null members here: null = absent. */
MUST int resources_decode(struct arena *a, const char *bytes, size_t n, const char *what, struct resources *out, struct err *e);

void config_encode(struct json_out *w, const struct config *c);

/* The config.json that `wasirun spec` writes. rootless: uid and gid are those of the caller, mapped to 0; no resources.
 * cgroup_namespace: with one of its own; runc's has one where cgroups are version 2 only, and scripts that edit its output add it
 * elsewhere (twice would be an error). */
void config_default(struct arena *a, bool rootless, bool cgroup_namespace, uint32_t uid, uint32_t gid, struct config *out);

/* The value of an annotation, or NULL. */
const char *config_annotation(const struct config *c, const char *key);

/* The namespace entry of that name ("pid"), or NULL. */
const struct namespace *config_namespace(const struct config *c, const char *type);

#endif
