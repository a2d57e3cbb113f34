/* port.h - which port is whose: leases in a directory, each a file named by its port that holds the sandbox's directory. */
#ifndef WASIRUN_SANDBOX_PORT_H
#define WASIRUN_SANDBOX_PORT_H

#include "sandbox/sandbox.h"

/* Leases a port to the sandbox, under a lock of the directory. want: the port, or 0 = any: first `usual` (the engine's), then upward.
 * fixed: want or an error; otherwise any that is free from `usual` on. A lease whose sandbox is gone, or says another port, is taken over.
 * EADDRINUSE names the owner: a sandbox ("port 5432 belongs to sandbox dev (/path); --port auto finds a free one") or a process of the
 * machine, where it can be told. address: where it will be listened, "127.0.0.1" or as --publish says: a bind there is tried. */
MUST int port_lease(struct arena *a, const struct sandbox *s, uint16_t want, uint16_t usual, const char *address, uint16_t *out,
		    struct err *e);
/* Frees it; harmless when it is not ours. */
void port_release(const struct sandbox *s, uint16_t port);
/* At start: is somebody else listening there? The error names who. */
MUST int port_check_free(struct arena *a, const struct sandbox *s, uint16_t port, const char *address, struct err *e);

/* Who listens at that port of the machine, as far as we may see it: "postgres (pid 123)", or NULL. */
const char *port_listener(struct arena *a, uint16_t port);

struct port_lease {
	uint16_t port;
	const char *dir; /* of the sandbox */
	bool dead;       /* it is gone, or says another port */
};
typedef LIST(struct port_lease) port_leases;
/* All leases, by port. */
MUST int port_list(struct arena *a, const struct place *p, port_leases *out, struct err *e);
/* Removes one that is dead (looked at again under the lock). */
MUST int port_bury(struct arena *a, const struct place *p, uint16_t port, struct err *e);

#endif
