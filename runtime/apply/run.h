/* run.h - the context in which the steps of a plan are carried out. */
#ifndef WASIRUN_APPLY_RUN_H
#define WASIRUN_APPLY_RUN_H

#include "base/arena.h"
#include "base/err.h"
#include "plan/host.h"
#include "plan/step.h"
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* What the prepare column made for one step: handed to run, in init too (fds survive the clone; init closes all others). */
struct slot {
	int fd, fd2;  /* -1 = none */
	void *data;   /* from the arena; readable in init (its memory is a copy of ours) */
	size_t n;
	bool done;    /* its run column has succeeded: undo has something to undo */
};

/* The state of the container as hooks get it on stdin, cut in two where status and pid go. */
struct state_text {
	const char *head; /* {"ociVersion":"1.3.0","id":"x","status":" */
	const char *tail; /* ,"bundle":"/b","annotations":{}}  ; between: STATUS","pid":N */
};

struct run {
	struct arena *arena;
	const struct host *host;
	const struct plan *plan;
	struct slot *slots; /* one per step */
	struct state_text state;

	/* given by the verb */
	int state_dir;       /* fd of the container's state directory; -1 for exec */
	int console_socket;  /* connected, or -1 */
	int pidfd_socket;    /* connected, or -1 */
	int cache_dir;       /* directory for compiled seccomp programs, or -1 */
	int listen_fds, preserve_fds; /* counts of fds from 3 on that the program gets */
	bool start_at_once;  /* run and exec: no start socket, init starts when told over the wire */
	int broker_dir;      /* exec: the state directory of a container that has a network supervisor (apply/broker.h); else -1 */
	int network_report;  /* gets a line for each refused network call; -1 = nobody reads them */
	pid_t container_pid; /* exec: init of the container; else 0 */
	int container_pidfd;
	const struct strs *container_cgroup; /* exec: its cgroup directories, as recorded; else NULL */
	const struct strs *exec_cgroup; /* exec --cgroup: below them; NULL = there */

	/* opened before clone, kept by init until it execs */
	int proc;            /* a verified procfs of the runtime's own mount namespace */
	int dev_null;        /* the host's /dev/null (R5) */

	/* in the runtime, after clone */
	pid_t pid;
	int pidfd;
	uint64_t pid_start;  /* start time in ticks since boot */
	int wire;
	int tty;             /* pty master, when the runtime itself is the console's other end; else -1 */

	/* in init */
	int start;           /* who sent START: the wire, or an accepted connection of the start socket */
	int root;            /* O_PATH fd of the container's root mount; after pivot, of "/" */
	int start_listener;  /* the start socket */
	int host_pid;        /* init's pid as the runtime sees it */
	int cgroup_ns;       /* the cgroup namespace that init still has to enter, as an fd for setns; -1 = none. Not init's to close */
	bool in_cwd;         /* the program's working directory has been entered */
	char program[PATH_MAX]; /* what FIND_PROGRAM found in PATH; "" = nothing */
	bool wants_home;        /* the environment has none: FIND_PROGRAM looks for it */
	char home[PATH_MAX];    /* "HOME=DIR" */
};

/* A struct run with no fd open. The verb sets the fields above "opened before clone" and calls one of the functions below. */
void run_init(struct run *r, struct arena *a, const struct host *h, const struct plan *p);

/* --- the executor (apply/parent.c, apply/init.c) */

/* Carries out PREPARE .. CONTAINER. On success init waits (r->pid, pidfd, pid_start, wire are set). On failure everything
 * that was made is undone and the error is init's own where it died. */
MUST int apply_create(struct run *r, struct err *e);

/* Tells init that create has committed: from here on it no longer ends when the runtime does. */
MUST int apply_commit(struct run *r, struct err *e);

/* Lets init run the program: over the wire (start_at_once) or the start socket in state_dir. Returns when the program runs; an error
 * is why it does not ("exec /bin/app: no such file or directory", died before exec: OOM or signal). wire: -1 = connect. */
MUST int apply_start(int state_dir, int wire, struct err *e);

/* POSTSTART steps of the plan (hooks), with pid in their state. */
MUST int apply_poststart(struct run *r, struct err *e);

/* exec: PREPARE .. START of a plan_exec plan. On success the program runs; r->pid and pidfd are set. */
MUST int apply_exec(struct run *r, struct err *e);

/* Undoes what this run made, newest first; errors are ignored (what could not be undone is in the record). */
void apply_undo(struct run *r);

/* Is somebody listening on the start socket of state_dir? 1 = init waits for start ("created"), 0 = no. */
int apply_waiting_for_start(int state_dir);

/* Runs the hooks of one list outside of a plan (poststop), errors are for the caller to warn about. pid 0 = left out. */
MUST int apply_hooks(struct arena *a, const struct state_text *state, const struct step_hook *hooks, size_t n, pid_t pid, struct err *e);

#endif
