/* box.h - programs in sandboxes of a manifest, for those who know what they want: what sandboxes are started with, and templates built. */
#ifndef WASIRUN_VERB_BOX_H
#define WASIRUN_VERB_BOX_H

#include "oci/manifest.h"
#include "verb/verb.h"

/* One more mount than the manifest says. */
struct box_mount {
	const char *inside, *source; /* source: a directory of the host */
	bool writable;
	const char *lower, *work;    /* overlayfs: source is its upper directory; NULL = a bind */
};
struct box {
	const char *id;          /* of the container in the state root */
	const char *manifest;    /* the document's text, and what it is called in errors */
	size_t manifest_n;
	const char *what;
	const char *name, *dir;  /* ${SANDBOX}, ${SANDBOX_DIR} */
	struct strs argv, env;   /* env: more variables than the manifest's */
	LIST(struct box_mount) mounts;
	const char *rootfs;      /* --image: the root, instead of the host's programs; NULL */
	uint32_t uid, gid;       /* of the host, whom the program is outside (place.data_uid); inside it is 1000:1000 */
	const char *log;         /* file that gets standard output and error (appended); NULL = our own streams */
	bool published;          /* listeners on a wildcard are reached at the wildcard; false: at the host's loopback */
	bool best_effort;        /* limits that cannot be had are one warning each, not errors */
};
struct box_warnings {
	struct strs texts;       /* what could not be enforced: `inspect` repeats them */
};

/* The manifest as it is meant there; every error of the document goes to standard error. Of b only name, dir, uid and manifest count. */
MUST int box_decode(struct globals *g, const struct box *b, struct manifest *out, struct err *e);

/* Runs it to its end as guard does; *code its exit code. */
MUST int box_run(struct globals *g, const struct box *b, int *code, struct err *e);
/* Starts it and comes back when it runs: no process of ours stays but the broker's supervisor. *pidfd of its init: the caller closes it. */
MUST int box_start(struct globals *g, const struct box *b, int *pidfd, int64_t *pid, struct box_warnings *w, struct err *e);

enum box_status { BOX_NONE, BOX_RUNNING, BOX_PAUSED, BOX_DEAD };
struct box_state {
	enum box_status status;
	int64_t pid;
	int broker;              /* 1 alive, 0 gone, -1 none was needed */
};
MUST int box_state(struct globals *g, const char *id, struct box_state *out, struct err *e);
/* Was one of its programs killed for lack of memory, within its limit? Known as long as the container is there. */
bool box_out_of_memory(struct globals *g, const char *id);
/* "PREFIX-xxxxxxxx": the id of the box that works on this one directory, whoever starts it. */
const char *box_id_of(struct arena *a, const char *prefix, const char *dir);
/* A clean end: sig to init, SIGKILL after grace_ms (*killed); then the container is deleted. BOX_NONE is no error. */
MUST int box_stop(struct globals *g, const char *id, int sig, uint64_t grace_ms, bool *killed, struct err *e);
/* All of its processes stand still (cgroup freezer, else SIGSTOP to each in its pid namespace until none runs), and go on. */
MUST int box_freeze(struct globals *g, const char *id, bool freeze, struct err *e);
/* A program more in a running one; our own streams and terminal; *code its exit code. On failure -ESRCH: it does not run; *code, where it
 * is not 0: the program is not there (127), or cannot be run (126). */
MUST int box_exec(struct globals *g, const char *id, const struct strs *argv, const struct strs *env, int *code, struct err *e);

#endif
