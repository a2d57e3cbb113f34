/* make.h - making a container: what create and run have in common. */
#ifndef WASIRUN_VERB_MAKE_H
#define WASIRUN_VERB_MAKE_H

#include "plan/plan.h"
#include "verb/lifecycle.h"
#include <stddef.h>

struct make_options {
	const char *bundle, *config, *console_socket, *pidfd_socket, *pid_file, *preserve_fds;
	const char *no_pivot, *no_new_keyring, *no_subreaper;
	const char *detach, *keep; /* run */
	const struct given *given; /* guard: instead of a bundle */
};

/* A container without a bundle. */
struct given {
	const struct config *config;
	struct strs env;           /* more variables of the program: they are not recorded */
	const struct step_file *files;
	size_t files_n;
	bool best_effort;          /* a limit that cannot be had is a warning */
	/* What the manifest grants of the host's network (grants_of(), plan/grants.h); NULL = nothing. Its `published` says whether a
	 * listener on a wildcard is reached at the wildcard (guard, --publish) or at the host's loopback only. */
	const struct net_grants *network;
	int network_report;        /* with network: gets a line for each refused call (apply/report.h); -1 = nobody reads them */
};

/* Their rows, for the tables of create and run. */
#define MAKE_AT(field) offsetof(struct make_options, field)
#define MAKE_ROWS                                                                                                            \
	{ "bundle", 'b', OPT_VALUE, "DIR", "the bundle's directory (default: the current one)", MAKE_AT(bundle) },           \
	{ "config", 'f', OPT_VALUE, "FILE", "read this instead of config.json of the bundle", MAKE_AT(config) },             \
	{ "console-socket", 0, OPT_VALUE, "PATH", "socket that is sent the master of the container's terminal",              \
	  MAKE_AT(console_socket) },                                                                                         \
	{ "pidfd-socket", 0, OPT_VALUE, "PATH", "socket that is sent a pidfd of init", MAKE_AT(pidfd_socket) },              \
	{ "pid-file", 0, OPT_VALUE, "FILE", "write the pid of init there", MAKE_AT(pid_file) },                              \
	{ "no-pivot", 0, OPT_FLAG, NULL, "do not use pivot_root (for a root on a ramdisk)", MAKE_AT(no_pivot) },             \
	{ "no-new-keyring", 0, OPT_FLAG, NULL, "keep the caller's session keyring", MAKE_AT(no_new_keyring) },               \
	{ "preserve-fds", 0, OPT_VALUE, "N", "pass N descriptors on, from 3 (after those of LISTEN_FDS)",                    \
	  MAKE_AT(preserve_fds) },                                                                                           \
	{ "no-subreaper", 0, OPT_FLAG, NULL, "do not adopt orphans of the container (foreground only)", MAKE_AT(no_subreaper) }

/* A container being made. */
struct making {
	struct opened o;
	struct config config;
	struct record record;
	struct host host;
	struct plan plan;
	struct run run;
	int listen_fds, preserve_fds;
	const char *notify; /* our NOTIFY_SOCKET, or NULL */
};

/* Reads, decodes, plans (nothing is changed up to here), claims the id and carries out the plan up to the waiting init, which is
 * recorded and told so. start_at_once: run. On failure nothing is left. */
MUST int make_container(struct globals *g, const struct make_options *o, const char *id, bool start_at_once, struct making *m,
			struct err *e);

/* How long and how loud a program may be. */
struct tap;
struct staying {
	struct tap *tap;         /* apply/foreground.h; NULL: it has our own streams */
	struct report *report;   /* apply/report.h; NULL: nobody tells what is refused */
	struct opt_uint timeout; /* milliseconds; then everything is killed */
	bool as_host;            /* signals end the program as they would on the host */
	bool timed_out;          /* that is what happened */
	bool out_of_memory;      /* out: one of its processes was killed because of the memory limit */
};
/* Starts the program, waits for its end while passing signals on, and deletes the container (unless o->keep). Returns its exit code. */
MUST int run_in_foreground(struct globals *g, const struct make_options *o, struct making *m, struct staying *s, struct err *e);

/* Undoes a container of make_container, its poststop hooks included: when starting it failed. */
void unmake_container(struct globals *g, struct making *m);

/* How many descriptors are passed on: LISTEN_FDS (when wanted) and --preserve-fds. All of them must be open. */
MUST int passed_fds(const struct globals *g, bool listen, const char *preserve, int *listen_n, int *preserve_n, struct err *e);

/* The rules of --console-socket, in runc's words. */
MUST int check_terminal(bool terminal, bool detach, const char *console_socket, struct err *e);

/* A strict decimal number, 0..max. what: for messages. */
MUST int parse_number(const char *s, uint64_t max, const char *what, uint64_t *out, struct err *e);

/* The process gets LISTEN_FDS=n and LISTEN_PID=1 (it is pid 1, or the pid namespace says otherwise: as runc and crun). */
void add_listen_env(struct arena *a, struct process *p, int n);

/* What --cgroup-manager and --systemd-cgroup say. */
const char *cgroup_manager(const struct globals *g);

#endif
