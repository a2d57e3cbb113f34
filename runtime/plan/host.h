/* host.h - what the plan may know of the machine. Filled by apply/probe.c; golden tests make their own.
 *
 * Facts of the rootfs do not belong here: whether a path exists or is a directory is decided when a step runs. */
#ifndef WASIRUN_PLAN_HOST_H
#define WASIRUN_PLAN_HOST_H

#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>

enum cgroup_mode {
	CGROUP_NONE,   /* nothing usable at /sys/fs/cgroup */
	CGROUP_V2,     /* unified */
	CGROUP_V1,     /* version 1 hierarchies only */
	CGROUP_HYBRID, /* version 1 hierarchies and a version 2 one (usually without controllers) beside them */
};

/* One mounted hierarchy. */
struct hierarchy {
	char *controllers; /* "cpu,cpuacct", "name=systemd", "" for version 2; comma separated */
	char *dir;         /* "/sys/fs/cgroup/cpu,cpuacct" */
	char *own;         /* our own cgroup in it, "/" or "/a/b" */
};

/* A file of the host that somebody asked about. */
struct path_fact {
	const char *path;
	bool directory, idmap; /* idmap: its file system lets its mounts be idmapped */
	uint32_t uid, gid;     /* its owner */
	const char *link;      /* what it says where the path itself is a link below "/": "usr/bin"; else NULL. The rest is its target's */
};
typedef LIST(struct path_fact) path_facts;

struct host {
	uint32_t uid, gid;        /* effective ids of the caller */
	bool privileged;          /* CAP_SYS_ADMIN here: may mount, may make cgroups */
	bool in_userns;           /* we already are in a user namespace that is not the initial one */
	uint64_t caps;            /* our permitted set: 1 << CAP_* */
	uint64_t bounding;        /* what can be granted at most */
	enum cgroup_mode cgroup;
	LIST(struct hierarchy) hierarchies; /* V2: one; HYBRID: the version 2 one last */
	struct strs v2_controllers; /* controllers that our parent cgroup offers (V2 only) */
	bool systemd;             /* /run/systemd/system is there */
	bool apparmor, selinux, rdt;
	int landlock_abi;         /* 0 = none */
	bool idmap_mounts, cgroup_kill; /* cgroup.kill: 5.14 */
	const char *bundle;       /* absolute path of the bundle */
	const char *id;           /* of the container */
};

#endif
