/* look.h - what can be seen of a sandbox from outside: its namespaces, its memory, its sockets. Nothing here changes anything but
 * sockets_drop. */
#ifndef WASIRUN_SANDBOX_LOOK_H
#define WASIRUN_SANDBOX_LOOK_H

#include "sandbox/sandbox.h"
#include <sys/types.h>

struct look_namespace {
	const char *name; /* "pid", as in /proc/PID/ns */
	uint64_t inode;
	bool own;         /* another one than ours */
};
typedef LIST(struct look_namespace) look_namespaces;
/* Those of a process, sorted by name, without the "_for_children" ones. ESRCH: it is gone. EACCES: it is not ours to look at. */
MUST int look_at_namespaces(struct arena *a, pid_t pid, look_namespaces *out, struct err *e);

struct look_memory {
	uint64_t server;   /* bytes (proportional set size) of all processes in the pid namespace of the server, but for ours */
	uint64_t overhead; /* of what wasirun keeps running for it: the network's supervisor and its half inside */
	unsigned processes; /* the server's */
	bool known;        /* false: /proc does not let us see it */
	bool overhead_known; /* ours hide from everybody but root */
};
void look_at_memory(struct arena *a, const struct sandbox *s, pid_t pid, struct look_memory *out);

/* The first process that has a descriptor whose link in /proc reads like that ("socket:[123]", a path): its number as text, or NULL. Reads
 * the descriptors of every process that we may look at. */
const char *look_for_holder(struct arena *a, const char *target);

/* Does something answer at the socket that the sandbox was last started with, though it is not in our directory of sockets? Then it runs
 * in the name of another user: under sudo, or without. */
bool look_elsewhere(const struct sandbox *s);

/* Was the directory of a sandbox deleted under its server? Its path is gone, and so is what the server itself sees of it (a tree that was
 * moved is still there). pid: of the server, 0 = it does not run: then the path decides. */
bool look_gone(const char *dir, pid_t pid);

/* Seconds since a process began; -1: it is gone. */
int64_t look_age(struct arena *a, pid_t pid);

struct socket_dir {
	const char *id;
	int64_t age;  /* seconds since something in it changed */
	bool answers; /* somebody listens at a socket of it: another user's or state root's server, perhaps */
};
typedef LIST(struct socket_dir) socket_dirs;
/* The sandboxes' directories of sockets below place.sockets, by id. */
MUST int sockets_list(struct arena *a, const struct place *p, socket_dirs *out, struct err *e);
MUST int sockets_drop(struct arena *a, const struct place *p, const char *id, struct err *e);

#endif
