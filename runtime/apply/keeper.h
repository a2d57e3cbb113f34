/* keeper.h - a process that outlives us for one purpose: to clean up when we are gone, or when a time has come. */
#ifndef WASIRUN_APPLY_KEEPER_H
#define WASIRUN_APPLY_KEEPER_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct keeper {
	int caller; /* in us: closing it says that we are gone; in the keeper: the other end. -1 = none */
};

/* Forks it: a session of its own, nobody's child, no descriptor but what it needs, "/" as its directory, none of our signals ignored or
 * blocked. Returns 1 in the keeper, which must not return to its caller's caller but call keeper_end(), and 0 in us. */
MUST int keeper_fork(struct keeper *k, struct err *e);
/* In us: there is nothing to clean up, the keeper ends. Harmless on caller -1. */
void keeper_release(struct keeper *k);
/* In us: the keeper no longer looks after us, only at the time. */
void keeper_leave(struct keeper *k);

enum keeper_event {
	KEEPER_RELEASED,
	KEEPER_CALLER_GONE,
	KEEPER_TIME,    /* until has come */
	KEEPER_CHANGED, /* something in the directory `watch` was removed or replaced */
};
/* In the keeper: waits. until: seconds since 1970, 0 = none. watch: absolute, or NULL. */
enum keeper_event keeper_wait(struct keeper *k, int64_t until, const char *watch);
/* Takes the lock of a file, made when missing: there is one keeper. False: another has it. It is kept until the process ends. */
bool keeper_alone(const char *lock_file);
_Noreturn void keeper_end(const char *lock_file);

#endif
