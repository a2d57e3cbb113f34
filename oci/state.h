/* state.h - what `state`, `list` and hooks are told (runtime.md "State"), and the record that store/ keeps. */
#ifndef WASIRUN_OCI_STATE_H
#define WASIRUN_OCI_STATE_H

#include "oci/prop.h"
#include "oci/value.h"

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED }; /* = indices of words_status */

/* The record of a container, state.json. Written before what it names is made (write-ahead), rewritten as things come true. */
struct record {
	char *version;    /* of the record: "1" */
	char *id, *bundle, *rootfs;
	char *created;    /* RFC 3339 with nanoseconds, UTC */
	char *boot_id;
	struct opt_uint owner;    /* uid */
	struct opt_int pid;       /* init's, in the runtime's pid namespace; absent until it exists */
	struct opt_uint pid_start; /* its start time in clock ticks since boot (/proc/PID/stat field 22) */
	bool complete;    /* create has committed */
	bool terminal, has_poststart, has_poststop, pid_namespace, user_namespace;
	char *cgroup_manager;     /* "cgroupfs", "systemd", "disabled" */
	struct strs cgroup_paths; /* absolute directories, recorded before mkdir; what delete removes */
	struct strs cgroup_made;  /* of these, parents that create made too, outermost last */
	char *rdt_path;           /* resctrl directory that we made, or NULL */
	char *intel_clos;
	struct kvs annotations;
	char *notify_socket;
};
extern const struct prop record_props[];

MUST int record_decode(struct arena *a, const char *bytes, size_t n, struct record *out, struct err *e);
void record_encode(struct json_out *w, const struct record *r);

/* The state object of the specification, as engines parse it: ociVersion, id, pid (0 when stopped, left out while there is none),
 * status, bundle, rootfs, created, annotations, owner. full: with rootfs, created and owner, which hooks are not sent. */
void state_encode(struct json_out *w, const struct record *r, enum status status, int64_t pid, bool full);

#endif
