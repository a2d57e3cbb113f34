/* build.h - what the files of plan/ share while they lower one configuration to steps. Private to plan/. */
#ifndef WASIRUN_PLAN_BUILD_H
#define WASIRUN_PLAN_BUILD_H

#include "plan/plan.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/* The plan in the making. */
struct build {
	struct arena *a;
	const struct config *c;
	const struct linux_ *l;	 /* never NULL */
	const struct process *p; /* the one that this plan starts; never NULL */
	const struct host *h;
	const struct plan_options *o;
	struct plan *out;
	bool exec;		 /* p joins a container that exists */
	const char *process_at;	 /* JSON pointer of p: "/process", for exec "" */
	uint64_t made, joined;	 /* CLONE_NEW* of namespaces that are new and of those that exist */
	struct strs dirs;	 /* the cgroup's directories */
	bool cgroup_asked;	 /* limits or a cgroupsPath */
	struct strs late_mounts; /* place, target, place, target ...: what becomes read-only at the end */
	bool deny_setgroups;	 /* the new user namespace can have no supplementary groups */
};

/* Adds a step. The result is good until the next one is added. at: a JSON pointer that lives as long as the arena. */
struct step *plan_add(struct build *b, enum op op, enum stage stage, const char *at) __attribute__((returns_nonnull));

/* A JSON pointer in the arena. */
const char *plan_at(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3), returns_nonnull));

/* key as one part of a JSON pointer: "~" and "/" escaped (RFC 6901). */
const char *plan_at_key(struct build *b, const char *key) __attribute__((returns_nonnull));

/* Something was asked that cannot be had, and the specification lets it pass. */
void plan_warn(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends s; v[n] stays NULL, so that v can be an argv. */
void plan_push(struct arena *a, struct strs *list, const char *s);

/* A path made plain: "//", "/." and a final "/" are gone, and it begins with "/". NULL where a part is "..". */
char *plan_clean_path(struct arena *a, const char *path);

/* Fails with the place set. */
MUST int plan_fail(struct err *e, int code, const char *at, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Is one of these namespaces the container's own, be it new or joined? */
static inline bool has_ns(const struct build *b, uint64_t flag)
{
	return ((b->made | b->joined) & flag) != 0;
}

static inline bool is_set(const char *s)
{
	return s && *s;
}

/* namespaces.c */
MUST int plan_namespaces(struct build *b, struct err *e); /* fills made and joined; adds nothing */
void plan_clone(struct build *b);
MUST int plan_id_map(struct build *b, struct err *e);
MUST int plan_time(struct build *b, struct err *e);
id_ranges plan_ids_from(struct build *b, const id_mappings *maps);
bool plan_setgroups_denied(struct build *b); /* in the new user namespace of the configuration */
bool plan_no_root(struct build *b); /* the user namespace has one id, which is not 0 */
bool plan_id_mapped(const id_mappings *maps, uint32_t inside);

/* network.c */
MUST int plan_network(struct build *b, struct err *e);
bool plan_brokered(const struct build *b); /* network grants were given that only the broker can give */
bool plan_resolves(const struct build *b); /* some of them hold names */
extern const char *const plan_name_paths[3]; /* files by which names are resolved, inside */
void plan_name_files(struct build *b);
MUST int plan_broker(struct build *b, struct err *e);

/* cgroup.c, limits.c */
MUST int plan_cgroup(struct build *b, struct err *e);
MUST int plan_cgroup_paths(struct build *b, struct strs *out, struct err *e);
void plan_cgroup_join(struct build *b);

/* limits.c, cgroup_v1.c, cgroup_v2.c, device_rules.c */
struct limits {
	struct build *b;
	const struct resources *r;
	const struct strs *dirs;
	const char *prefix; /* JSON pointer of r */
	bool update;	    /* of a running container: other values may be in force */
	bool relative;	    /* v2: our own cgroup's parent holds it, so host.v2_controllers tells what there is */
};
MUST int plan_limits(struct limits *x, struct err *e);
MUST int plan_limits_v1(struct limits *x, struct err *e);
MUST int plan_limits_v2(struct limits *x, struct err *e);
MUST int plan_device_rules(struct limits *x, struct err *e);
/* One write. The fields that are not given here may be set on the result until the next call. *out may be NULL. at: below prefix. */
MUST int plan_limit(struct limits *x, const char *controller, const char *file, const char *value, const char *at, struct step_limit **out,
		    struct err *e);
/* The cgroup's directory in the hierarchy that has the controller, or NULL. */
const char *plan_controller_dir(const struct limits *x, const char *controller);
const char *plan_num(struct limits *x, int64_t v);
const char *plan_unum(struct limits *x, uint64_t v);

/* mounts.c, mount_options.c, root.c, cgroup_mount.c */
MUST int plan_mounts(struct build *b, struct err *e);
void plan_late_mounts(struct build *b);
MUST int plan_mount_options(struct build *b, const struct mount *m, const char *at, struct step_mount *out, struct err *e);
MUST int plan_cgroup_mount(struct build *b, const struct mount *m, const char *target, const char *at, struct err *e);
MUST int plan_root(struct build *b, struct err *e);
MUST int plan_pivot(struct build *b, struct err *e);
void plan_root_flags(struct build *b);
bool plan_mounts_at(const struct build *b, const char *target, const struct mount **last);

/* devices.c */
MUST int plan_devices(struct build *b, struct err *e);
MUST int plan_console(struct build *b, struct err *e);

/* identity.c */
MUST int plan_identity(struct build *b, struct err *e); /* BOUNDING .. NO_NEW_PRIVS, with seccomp where it belongs, CWD, EXEC */
void plan_session(struct build *b);

/* confine.c */
MUST int plan_paths(struct build *b, struct err *e); /* maskedPaths, readonlyPaths */
MUST int plan_sysctls(struct build *b, struct err *e);
MUST int plan_names(struct build *b, struct err *e);
MUST int plan_lsm(struct build *b, struct err *e);
MUST int plan_label_check(struct build *b, struct err *e);

/* settings.c */
MUST int plan_settings(struct build *b, struct err *e); /* scheduler, ioPriority, memoryPolicy, personality, CPUs */
void plan_rlimits(struct build *b, enum stage now);
void plan_oom_score(struct build *b, enum stage now);
MUST int plan_rdt(struct build *b, enum stage now, struct err *e);

/* seccomp.c */
MUST int plan_seccomp(struct build *b, struct err *e);

/* landlock.c */
MUST int plan_landlock(struct build *b, struct err *e);

/* hooks.c */
void plan_hooks(struct build *b, enum stage stage);

#endif
