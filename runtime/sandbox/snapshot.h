/* snapshot.h - copies of a sandbox's data that stay with it: SANDBOX/snapshots/NAME/{data, snapshot.conf}. snapshot.conf is the
 * sandbox.conf of that moment: what data were then a layer on, and which password they have. */
#ifndef WASIRUN_SANDBOX_SNAPSHOT_H
#define WASIRUN_SANDBOX_SNAPSHOT_H

#include "sandbox/data.h"

/* What a copy of a directory will be. */
struct copy_cost {
	bool reflink;          /* blocks are shared: no space, hardly any time */
	struct tree_size size; /* of what is copied */
	uint64_t left;         /* bytes that are free where it goes */
};
/* from, to: open directories. ENOSPC: it does not fit (nothing was done). */
MUST int copy_cost(int from, int to, struct copy_cost *out, struct err *e);

/* How to hold the server while its data are copied: freeze(ctx, true) and, always after a success of that, freeze(ctx, false). */
struct freezer {
	MUST int (*freeze)(void *ctx, bool on, struct err *e);
	void *ctx;
	int64_t us; /* out: how long it was held */
};
/* tree_copy of a directory that a running server writes to: what it wrote is synced first where blocks are shared, then it is held, and
 * let go whatever happens but SIGKILL: signals that would end us wait. f NULL: nobody writes. */
MUST int copy_frozen(int from, int to, const struct copy_cost *c, const struct sandbox *s, struct freezer *f, struct err *e);

/* [A-Za-z0-9][A-Za-z0-9_.-]*, at most 64 bytes. */
MUST int snapshot_check_name(const char *name, struct err *e);
/* "20261121-114500", with "-2" behind it when there is one. */
MUST int snapshot_new_name(struct arena *a, const struct sandbox *s, const char **out, struct err *e);

struct snapshot {
	const char *name;
	struct sandbox_conf conf; /* created: when it was taken */
	int data;                 /* its data directory, or -1 */
};
/* Takes one; s is locked and settled. EEXIST. What cannot be finished is removed. cost: of data to snapshots; f: as copy_frozen. */
MUST int snapshot_take(struct arena *a, const struct sandbox *s, const char *name, const struct copy_cost *cost, struct freezer *f,
		       struct err *e);
/* The directory of all of them, made when missing, for copy_cost. */
MUST int snapshot_dir(const struct sandbox *s, struct err *e);
/* ENOENT names those there are. The caller closes out->data. */
MUST int snapshot_open(struct arena *a, const struct sandbox *s, const char *name, struct snapshot *out, struct err *e);
/* Their names, oldest first. */
MUST int snapshot_list(struct arena *a, const struct sandbox *s, struct strs *out, struct err *e);
MUST int snapshot_delete(struct arena *a, const struct sandbox *s, const char *name, struct err *e);

#endif
