/* ops.h - what each operation does, in three columns.
 *
 * prepare: in the runtime, before clone. Opens, compiles, allocates; may do everything init must not. Leaves fds and data in slot.
 * run:     in the process of the step's stage. In init: no allocation, no stdio, no locale, no NSS; only sys_*, fail* and memory
 *          that prepare made.
 * undo:    in the runtime, when create fails after run succeeded, for what outlives us (cgroup, network device, resctrl).
 * Every function returns 0 or a negative errno with *e filled; the executor adds the step's JSON pointer. */
#ifndef WASIRUN_APPLY_OPS_H
#define WASIRUN_APPLY_OPS_H

#include "apply/run.h"

typedef int op_fn(struct run *r, const struct step *s, struct slot *slot, struct err *e);

struct op_row {
	op_fn *prepare, *run;
	void (*undo)(struct run *r, const struct step *s, struct slot *slot);
	bool late; /* prepare needs what the PREPARE stage makes: it runs after it */
};
extern const struct op_row ops[STEP_COUNT];

/* apply/cgroup.c, cgroup_v1.c, cgroup_v2.c, device_program.c, rdt.c */
op_fn op_cgroup, op_limit, op_device_rules, op_rdt, op_cgroup_join, op_cgroup_join_prepare;
void op_cgroup_undo(struct run *r, const struct step *s, struct slot *slot);
void op_rdt_undo(struct run *r, const struct step *s, struct slot *slot);

/* apply/clone.c, userns.c, loopback.c, net_device.c */
op_fn op_id_map, op_become_root, op_loopback, op_time_offsets, op_net_device;
void op_net_device_undo(struct run *r, const struct step *s, struct slot *slot);

/* apply/root.c */
op_fn op_propagation, op_root_prepare, op_root, op_pivot_prepare, op_pivot, op_root_flags;

/* apply/mount.c (with mount_fs.c, mount_bind.c, mount_attr.c, idmap.c, copyup.c), mount_cgroup.c, mask.c */
op_fn op_mount_prepare, op_mount, op_cgroup_mount, op_readonly, op_mask_prepare, op_mask;

/* apply/devices.c, console.c */
op_fn op_node_prepare, op_node, op_symlink, op_console, op_session;

/* apply/file.c */
op_fn op_file;

/* apply/hook.c */
op_fn op_hook_prepare, op_hook;

/* apply/settings.c, sched.c, lsm.c */
op_fn op_oom_score, op_rlimit, op_keyring, op_sysctl, op_hostname, op_domainname, op_scheduler, op_io_priority, op_cpu_affinity_prepare,
	op_cpu_affinity, op_memory_policy_prepare, op_memory_policy, op_personality, op_lsm_label, op_umask;

/* apply/program.c */
op_fn op_find_program, op_cwd, op_exec_prepare, op_exec;

/* The program's environment as op_exec_prepare made it, when env is the program's; env itself when it is another. For startContainer
 * hooks, which have the program's unless they bring their own. */
char **program_env(const struct run *r, char **env);

/* apply/caps.c, identity.c, seccomp.c, landlock.c */
op_fn op_bounding_prepare, op_bounding, op_ids, op_capabilities_prepare, op_capabilities, op_no_new_privs, op_landlock_prepare,
	op_landlock, op_seccomp_prepare, op_seccomp;

/* apply/broker.c */
op_fn op_broker_prepare, op_broker;

#endif
