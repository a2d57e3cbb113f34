/* broker_names.h - the resolver inside the sandbox: granted names, and nothing else. Private to the broker. */
#ifndef WASIRUN_APPLY_BROKER_NAMES_H
#define WASIRUN_APPLY_BROKER_NAMES_H

#include "plan/grants.h"
#include <poll.h>

struct names;

/* Binds udp and tcp (sockets of the sandbox's namespace, taken over) to 127.0.0.1:53 and reads the host's name servers. *out: from
 * memory of the supervisor. */
MUST int names_open(int udp, int tcp, struct names **out);

/* May `a` be connected to because a granted name has that address at present? */
bool names_allow(struct names *n, const struct net_grants *g, const struct net_address *a);

/* What to wait for, and what has come. p: room for NAMES_POLL. Returns how many were written. */
#define NAMES_POLL 24
size_t names_poll(struct names *n, struct pollfd *p);
/* When a question has waited long enough (microseconds of sys_now_us), 0 = none waits. */
int64_t names_until(const struct names *n);
void names_ready(struct names *n, const struct net_grants *g, const struct pollfd *p, size_t count);

#endif
