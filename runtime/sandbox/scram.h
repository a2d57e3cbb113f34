/* scram.h - what PostgreSQL keeps of a password (RFC 5803, SCRAM-SHA-256 of RFC 7677), made here instead of by the server: while it
 * still starts a process for us, another processor has the time. */
#ifndef WASIRUN_SANDBOX_SCRAM_H
#define WASIRUN_SANDBOX_SCRAM_H

#include "base/arena.h"
#include <stdbool.h>

#define SCRAM_SALT 16
#define SCRAM_ROUNDS 4096 /* what PostgreSQL itself takes; some clients accept no less */

/* "SCRAM-SHA-256$4096:SALT$STORED:SERVER". NULL for a password that RFC 4013 might write otherwise: anything but printable ASCII; the
 * server has the tables for that. */
const char *scram_secret(struct arena *a, const char *password, const unsigned char salt[SCRAM_SALT]);

#endif
