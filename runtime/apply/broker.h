/* broker.h - network grants as sockets: what a sandbox may bind, connect to and listen on is made by a supervisor in the host's network
 * namespace and put in place of the caller's descriptor (docs/manifest.md, "The network").
 *
 * The sandbox has a user and a network namespace of its own with loopback only; that is the enforcement, the broker only ever gives.
 * STEP_BROKER
 * (START stage, after NO_NEW_PRIVS and LANDLOCK, before SECCOMP) does all of it:
 *   prepare  makes the supervisor: a process of its own session that nobody waits for, in the runtime's cgroup, and keeps it until the last
 *            process under the filter is gone;
 *   run      in init: makes the inner half (which does what stays inside the sandbox), loads the filter and hands its listener over.
 * A plan without grants has no such step: the empty namespace needs nobody. A sandbox whose grants hold names (grants_has_names) needs
 * "nameserver 127.0.0.1" as its /etc/resolv.conf and "hosts: files dns" in its nsswitch.conf; the supervisor answers there. Landlock
 * rules for TCP ports must leave alone what happens inside: no handled_net together with STEP_BROKER. */
#ifndef WASIRUN_APPLY_BROKER_H
#define WASIRUN_APPLY_BROKER_H

#include "base/err.h"
#include "plan/grants.h"

/* Makes the supervisor. g: only read before this returns in the caller; the supervisor has its own copy of the memory. report: an fd that
 * gets a line for each refusal (with the grant that would allow it), or -1; the caller keeps its own. door: of broker_door, or -1; taken
 * over in any case. *sock: what broker_enter needs, close-on-exec; when it is closed without broker_enter, the supervisor ends. */
MUST int broker_start(const struct net_grants *g, int report, int door, int *sock, struct err *e);

/* In init, with the credentials and namespaces of the sandbox and no-new-privs: from its return on, bind, connect and listen are the
 * supervisor's. No allocation. sock is left open (close-on-exec). */
MUST int broker_enter(int sock, struct err *e);

/* --- the door: a socket in the container's state directory (0700), by which exec brings the listener of its process to the supervisor */

/* Makes it. Returns the listening socket. */
MUST int broker_door(int state_dir, struct err *e);

/* Has the container of this state directory a supervisor? 1: yes. 0: it had one, which is gone: what runs keeps its connections, and
 * nothing new can be bound or connected. -1: none was needed. */
int broker_alive(int state_dir);

/* A connection for broker_join. -1: the supervisor is gone. */
int broker_knock(int state_dir);

/* In init of exec: as broker_enter, into the supervision that there is. sock: of broker_knock; -1: bind, connect and listen answer
 * ENOSYS from here on, as everywhere in a container whose supervisor is gone. */
MUST int broker_join(int sock, struct err *e);

#endif
