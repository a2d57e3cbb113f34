/* step.h - the machine language of wasirun: what a plan is made of. One of the two headers that plan/ and apply/ share.
 *
 * A plan is a list of steps in the order in which they run. Each step names its operation, the stage in which it runs (which
 * tells the process, too) and the property it came from, so that every failure can name it. Steps hold intent, never facts about
 * the rootfs. Everything is in the command's arena; strings may point into the decoded config. */
#ifndef WASIRUN_PLAN_STEP_H
#define WASIRUN_PLAN_STEP_H

#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* When and where. Stages run in this order; within a stage, steps run in list order. */
enum stage {
	STAGE_PREPARE,   /* the runtime, before init exists: cgroup, limits, connections */
	STAGE_CLONE,     /* the one STEP_CLONE */
	STAGE_OUTSIDE,   /* the runtime, once init exists and waits: id maps, network devices. No such step: init does not wait */
	STAGE_INSIDE,    /* init: mounts and devices, before pivot_root */
	STAGE_HOOKS,     /* the runtime, while init waits before pivot_root: prestart, createRuntime hooks, network devices */
	STAGE_CONTAINER, /* init: createContainer hooks, pivot_root and what follows; then create is complete and init waits for start */
	STAGE_START,     /* init, once started: startContainer hooks, identity, confinement, exec */
	STAGE_POSTSTART, /* the runtime, once the program runs: poststart hooks */
};

enum op {
	/* PREPARE */
	STEP_CGROUP,       /* make the cgroup (all directories of it) */
	STEP_LIMIT,        /* write one cgroup file */
	STEP_DEVICE_RULES, /* attach the device program (v2) or write devices.allow/deny (v1) */
	STEP_RDT,          /* resctrl group */
	/* CLONE */
	STEP_CLONE,
	/* OUTSIDE */
	STEP_ID_MAP,
	STEP_NET_DEVICE,
	/* INSIDE and CONTAINER */
	STEP_CGROUP_JOIN,  /* v1: write "0" to the tasks files (v2 was done by clone), then the new cgroup namespace */
	STEP_BECOME_ROOT,  /* setresuid(0), setresgid(0) in the new user namespace */
	STEP_LOOPBACK,     /* "lo" of the new network namespace up */
	STEP_TIME_OFFSETS,
	STEP_OOM_SCORE,
	STEP_RLIMIT,
	STEP_KEYRING,
	STEP_PROPAGATION,  /* of "/" before anything is mounted */
	STEP_ROOT,         /* clone the rootfs as a mount of its own and attach it */
	STEP_MOUNT,        /* any file system or bind */
	STEP_CGROUP_MOUNT, /* type "cgroup": its shape depends on the machine */
	STEP_NODE,         /* a device node, or a bind of the host's where mknod is not allowed */
	STEP_SYMLINK,
	STEP_FILE,         /* a file with contents, such as a secret */
	STEP_CONSOLE,      /* pty, its master to the console socket or the runtime, /dev/console */
	STEP_HOOK,
	STEP_PIVOT,        /* pivot_root, move or chroot */
	STEP_ROOT_FLAGS,   /* rootfs read-only, and its final propagation */
	STEP_SYSCTL,
	STEP_HOSTNAME,
	STEP_DOMAINNAME,
	STEP_READONLY,     /* one of readonlyPaths */
	STEP_MASK,         /* one of maskedPaths */
	STEP_SCHEDULER,
	STEP_IO_PRIORITY,
	STEP_CPU_AFFINITY,
	STEP_MEMORY_POLICY,
	STEP_PERSONALITY,
	STEP_LSM_LABEL,    /* AppArmor or SELinux label for the exec to come */
	STEP_FIND_PROGRAM, /* args[0] in PATH inside the container: the early error of `create` */
	/* START */
	STEP_SESSION,      /* setsid, controlling terminal */
	STEP_UMASK,
	STEP_BOUNDING,     /* drop from the bounding set */
	STEP_IDS,          /* groups, gid, uid, with capabilities kept */
	STEP_CAPABILITIES, /* the remaining four sets, read back */
	STEP_NO_NEW_PRIVS,
	STEP_LANDLOCK,
	STEP_BROKER,       /* network grants: the supervisor outside, the filter whose calls it answers */
	STEP_SECCOMP,
	STEP_CWD,
	STEP_EXEC,
	STEP_COUNT
};

/* One id range, as written to uid_map. */
struct id_range {
	uint32_t inside, outside, count;
};
typedef LIST(struct id_range) id_ranges;

struct join {
	uint64_t flag;    /* CLONE_NEW* */
	const char *path; /* a namespace file; or NULL with STEP_CLONE.pidfd_of set */
};

struct step_cgroup {
	struct strs dirs;   /* absolute directories to make; those of version 1 first, the version 2 one last if there is one */
	bool manage;        /* false: --cgroup-manager=disabled, nothing is made */
	bool must;          /* limits or a path were asked for: no permission is an error. Otherwise the container runs without one */
	bool v2;            /* the last directory is version 2 */
	bool refuse_populated; /* an existing directory that holds processes is an error (runc) */
	struct strs enable; /* v2: controllers to switch on in the parents' cgroup.subtree_control */
	bool chown;         /* delegate to the container's root: cgroup namespace and writable cgroup mount in a user namespace */
	uint32_t uid, gid;
};
struct step_cgroup_join {
	struct strs dirs; /* of version 1, in the order of step_cgroup.dirs without the version 2 one; empty on v2 */
	bool unshare_ns;  /* a new cgroup namespace: only once we are inside, so CLONE_NEWCGROUP never is in step_clone.flags */
};
struct step_limit {
	const char *dir;        /* absolute directory of the cgroup in that hierarchy; NULL: the controller is not there */
	const char *controller; /* for the message when it is missing */
	const char *file, *value;
	const char *or_file, *or_value; /* what to write where `file` does not exist; NULL = nothing */
	bool optional;          /* a missing file is not an error (rsvd hugetlb, swap accounting when nothing is forbidden) */
	bool tentative;         /* any failure is not an error: a later step writes it again, when what it depends on has changed */
	bool keep_first;        /* the first word that the file holds is put before value ("max" + " 50000") */
	const char *not_below;  /* a file with a number: when it is over value, nothing is written and the step fails; or NULL */
	const char *against;    /* what that number is compared with instead of value (memory and swap together); or NULL */
};
struct rule {           /* one device rule; the last that matches wins */
	bool allow;
	char type;          /* 'a' 'b' 'c' */
	int64_t major, minor; /* -1 = any */
	unsigned access;    /* 1 read, 2 write, 4 mknod */
};
struct step_device_rules {
	const char *dir; /* v1: of the devices hierarchy; v2: the cgroup */
	bool v2;
	LIST(struct rule) rules; /* begins with "deny a *:* rwm" */
};
struct step_rdt { /* twice: in PREPARE the group is made, in OUTSIDE init is put into it; exec has the second only */
	const char *clos_id;  /* "/" = the root group */
	struct strs schemata; /* lines */
	size_t agree;         /* how many of them, from the first on, a named group that exists already must have */
	bool named;           /* the configuration gave the name: the group outlives the container */
	bool create, monitoring;
};
struct step_clone {
	uint64_t flags;          /* CLONE_NEW* of the new namespaces */
	LIST(struct join) joins; /* entered first, by a process in between, in this order as far as permissions allow */
	bool into_cgroup;        /* step_cgroup.v2, hybrid too: CLONE_INTO_CGROUP on the cgroup's last directory */
	bool join_container;     /* exec: join all namespaces of the container's init that differ from ours */
};
struct step_id_map {
	id_ranges uids, gids;
	bool helpers;        /* newuidmap/newgidmap (we are not privileged and the map is more than our own id) */
	bool deny_setgroups;
};
struct step_net_device {
	const char *name, *new_name; /* new_name NULL = keep */
};
struct step_time_offsets {
	struct { bool set; int64_t secs; uint32_t nanosecs; } monotonic, boottime;
};
/* START: init takes on both, when it needs no descriptors any more. OUTSIDE: the runtime raises the hard limit as far as it is lower, which
 * init in its user namespace may not. */
struct step_rlimit {
	int type;
	uint64_t soft, hard;
};
struct step_root {
	const char *path;  /* absolute, on the host */
	bool clone;        /* as a mount of its own; false without a mount namespace (PIVOT_CHROOT) */
	uint64_t propagation; /* MS_* of the clone until ROOT_FLAGS; 0 = MS_PRIVATE. Never shared */
	bool private_parent;  /* the host's mounts stayed shared: the one that it is attached to may not pass it on */
	const char *label; /* mount label or NULL */
	bool empty;        /* a new tmpfs instead of path */
};
struct mount_attr_bits {
	uint64_t set, clear; /* MOUNT_ATTR_* */
};
struct step_mount {
	const char *target;  /* as in the config */
	const char *source;  /* bind: absolute host path; else the fsconfig source */
	const char *fstype;  /* NULL for a bind */
	bool bind, rbind;
	bool remount;        /* change the flags of what is already mounted at target */
	struct mount_attr_bits attr, attr_rec; /* on the mount; on its whole tree */
	uint64_t super_set, super_clear;       /* MS_* of the super block */
	uint64_t propagation; /* MS_* | MS_REC, in the order private..: the last asked; 0 = none */
	struct strs data;     /* "key" or "key=value" for fsconfig */
	bool tmpcopyup, copy_symlink, src_nofollow, dest_nofollow;
	bool idmap, idmap_rec;
	id_ranges uids, gids; /* of the idmap; empty with idmap set = the container's own map */
	const char *label;    /* for file systems that take it, or NULL */
	const char *label_key; /* its option: "context" unless another was asked for */
	bool proc_like;       /* proc or sysfs: the target must be a real directory, no links (CVE-2019-19921) */
	bool own_upper;       /* overlay: what is written goes to a tmpfs of its own */
	bool fallback_bind;   /* sysfs in a user namespace that does not own the network: bind the host's */
	int open_in_parent;   /* bind: the source is opened by the runtime (privileged), because init's user namespace may not reach it */
};
struct cgroup_part {
	const char *name;        /* subdirectory of the mount */
	const char *controllers; /* mount option */
	const char *dir;         /* the host directory to bind where there is no cgroup namespace */
};
struct step_cgroup_mount {
	const char *target;
	bool cgroup_ns;      /* a cgroup namespace: mount afresh; else bind our own directory of each hierarchy */
	struct mount_attr_bits attr;
	bool v2;
	LIST(struct cgroup_part) parts; /* v1 and hybrid; v2: one */
	struct strs links;   /* "cpu=cpu,cpuacct": symlinks beside them */
	const char *label;
};
struct step_node {
	const char *path;
	mode_t type; /* S_IFCHR S_IFBLK S_IFIFO */
	int64_t major, minor;
	mode_t mode;
	uint32_t uid, gid;
	bool bind; /* mknod is not possible (user namespace): bind the host's node of the same path */
	bool is_default; /* one of ours: leave what is there if it is the right device */
};
struct step_symlink {
	const char *target, *path;
};
struct step_file {
	const char *path, *bytes;
	size_t n;
	mode_t mode;
	uint32_t uid, gid;
	bool over; /* as a mount on what is there, which stays as it is, or on a new empty file */
};
struct step_console {
	uint16_t rows, columns;    /* 0 = unset */
	uint32_t uid;              /* owner of the terminal */
	const char *mount_label;
	bool bind_dev_console;     /* not for exec */
};
struct step_hook {
	const char *stage;  /* "createRuntime" */
	size_t index;       /* within its list, for messages */
	const char *path;
	struct strs args, env;
	int64_t timeout;    /* seconds; 0 = none */
	const char *status; /* for the state on stdin */
};
enum pivot_kind { PIVOT_ROOT, PIVOT_MOVE, PIVOT_CHROOT };
struct step_root_flags {
	bool readonly;
	uint64_t propagation; /* MS_*, 0 = leave */
};
struct step_pair {
	const char *key, *value; /* SYSCTL: key is a path below /proc/sys, "net/ipv4/ip_forward" */
};
struct step_scheduler {
	uint32_t policy;
	int32_t nice, priority;
	uint64_t flags, runtime, deadline, period;
};
struct step_io_priority {
	int class, priority;
};
struct step_cpu_affinity {
	/* "0-3,7". The runtime takes on initial when the step is prepared, before clone, and init inherits it; NULL = leave. Init, in its
	 * cgroup, takes on final when the step runs; NULL = all CPUs that the cgroup has */
	const char *initial, *final;
};
struct step_memory_policy {
	int mode; /* MPOL_* | MPOL_F_* */
	const char *nodes;
};
struct step_lsm_label {
	const char *apparmor, *selinux;
};
struct step_ids {
	uint32_t uid, gid;
	struct u32s groups;
	bool keep_groups; /* run.oci.keep_original_groups=1, or setgroups is denied in this user namespace */
};
struct step_caps {
	uint64_t bounding, effective, inheritable, permitted, ambient; /* 1 << CAP_* */
};
struct landlock_path {
	const char *path;
	uint64_t access; /* LANDLOCK_ACCESS_FS_* */
};
struct landlock_port {
	uint16_t port;
	uint64_t access; /* LANDLOCK_ACCESS_NET_* */
};
struct step_landlock {
	int abi; /* what to use, at most the kernel's */
	uint64_t handled_fs, handled_net, scoped;
	LIST(struct landlock_path) paths;
	LIST(struct landlock_port) ports;
};
struct net_grants; /* plan/grants.h */
struct seccomp; /* oci/config.h; apply/seccomp.c sees it through the next struct only */
struct seccomp_cmp {
	unsigned index, op;
	uint64_t a, b;
};
struct seccomp_call {
	struct strs names;
	uint32_t action; /* SECCOMP_RET_* with its data */
	LIST(struct seccomp_cmp) args;
};
struct step_seccomp {
	uint32_t default_action;
	LIST(uint32_t) archs; /* SCMP_ARCH_* */
	unsigned flags;       /* SECCOMP_FILTER_FLAG_* */
	LIST(struct seccomp_call) calls;
	const char *listener_path, *listener_metadata;
	bool enosys_stub;     /* newer calls than the profile knows answer ENOSYS */
};
/* Twice, as engines rely on it: with root's rights first, since the directory may be closed to the user, and once the user's, since a
 * FUSE file system may be closed to root. */
struct step_cwd {
	const char *path;
	bool first; /* no permission is no error yet */
};
struct step_exec {
	struct strs args, env;
	const char *cwd;      /* for STEP_FIND_PROGRAM and relative args[0] */
	bool make_cwd;        /* FIND_PROGRAM of create: a missing working directory is made */
};

struct step {
	enum op op;
	enum stage stage;
	const char *at; /* JSON pointer, "" where nothing was asked (defaults of ours) */
	bool soft;      /* a failure is a warning */
	union {
		struct step_cgroup cgroup;
		struct step_cgroup_join cgroup_join;
		struct step_limit limit;
		struct step_device_rules device_rules;
		struct step_rdt rdt;
		struct step_clone clone;
		struct step_id_map id_map;
		struct step_net_device net_device;
		struct step_time_offsets time_offsets;
		int oom_score;
		struct step_rlimit rlimit;
		const char *keyring;  /* its name */
		uint64_t propagation; /* MS_* | MS_REC */
		struct step_root root;
		struct step_mount mount;
		struct step_cgroup_mount cgroup_mount;
		struct step_node node;
		struct step_symlink symlink;
		struct step_file file;
		struct step_console console;
		struct step_hook hook;
		enum pivot_kind pivot;
		struct step_root_flags root_flags;
		struct step_pair sysctl;
		const char *name; /* HOSTNAME, DOMAINNAME, READONLY and MASK (a path) */
		struct step_cwd cwd;
		struct step_scheduler scheduler;
		struct step_io_priority io_priority;
		struct step_cpu_affinity cpu_affinity;
		struct step_memory_policy memory_policy;
		unsigned long personality;
		struct step_lsm_label lsm;
		bool terminal;    /* SESSION */
		mode_t umask;
		struct step_ids ids;
		struct step_caps caps; /* BOUNDING and CAPABILITIES */
		struct step_landlock landlock;
		const struct net_grants *broker;
		struct step_seccomp seccomp;
		struct step_exec exec; /* FIND_PROGRAM and EXEC */
	};
};

struct plan {
	LIST(struct step) steps;
	LIST(const char *) warnings; /* things asked for that this machine cannot give and the specification lets pass */
};

#endif
