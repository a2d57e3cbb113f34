/* store.h - what lies on disk: the state root, one directory per container, its record, lock and start socket.
 *
 * Layout: ROOT (0700, sticky) / ID (0700) / { state.json, config.json, start (socket while init waits), notify... }.
 * Files are replaced by temporary file + rename, without fsync. The state root is opened once, its owner and mode checked, then
 * everything is openat() below it (R20). Ids are checked by every verb before any system call. */
#ifndef WASIRUN_STORE_STORE_H
#define WASIRUN_STORE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/config.h"
#include "oci/state.h"
#include <stdbool.h>

/* [A-Za-z0-9_+.-], 1..1024 bytes, not "." or "..". */
MUST int store_check_id(const char *id, struct err *e);

/* The default state root: /run/wasirun, or $XDG_RUNTIME_DIR/wasirun for ordinary users. */
MUST int store_default_root(struct arena *a, const char **out, struct err *e);

struct store {
	const char *root; /* path, for messages */
	int fd;           /* -1: the root does not exist (which is no error for list, and "does not exist" for the rest) */
};
/* create: make it when missing. Refuses "/", a root that others can write, or that somebody else owns. */
MUST int store_open(struct arena *a, const char *root, bool create, struct store *out, struct err *e);

/* One container, opened. */
struct container {
	const char *id;
	int dir;          /* its directory, -1 = none */
	int lock;         /* the same directory opened once more and locked (exclusive), or -1. An open file description of its own:
	                     a copy of dir that init holds for a moment is no lock */
	struct record record;
	enum status status;
	int64_t pid;      /* 0 when stopped */
	int pidfd;        /* -1 when stopped */
};

/* A container that holds nothing. */
void container_init(struct container *c);
/* Closes what it holds; the lock goes with it. */
void container_close(struct container *c);

/* Claims the id: mkdir is the lock against a second create (EEXIST: "container with id exists: ..."). Writes the config copy and the
 * first record, and holds the lock (out->lock) from before the first of them can be seen. */
MUST int store_claim(struct arena *a, const struct store *s, const struct record *first, const char *config, size_t config_n,
		     struct container *out, struct err *e);

/* The error of store_claim when the id is taken, 0 when it is not. */
MUST int store_check_free(const struct store *s, const char *id, struct err *e);

/* Opens it, loads the record and finds out what the process says: creating, running or stopped (pid, start time, boot id). Whether a
 * running one still waits for start or is frozen is for the caller to ask of apply/ (lifecycle.h does): store knows no cgroups.
 *
 * Readers take no lock: files are only ever replaced whole, a hook may ask for the state of its own container while create holds
 * the lock, and kill must reach a container whose start hangs. exclusive (start, delete): waits at most STORE_LOCK_SECONDS for it
 * and leaves it in out->lock.
 * ENOENT: "container does not exist" in the words engines look for. */
#define STORE_LOCK_SECONDS 60
MUST int store_load(struct arena *a, const struct store *s, const char *id, bool exclusive, struct container *out, struct err *e);

/* As store_load with the lock, but a record that is missing or damaged is no error: for delete --force of what a killed create
 * left.
 * What cannot be read stays empty in out->record; *damaged says so. ENOENT when there is no such container. */
MUST int store_load_ruins(struct arena *a, const struct store *s, const char *id, struct container *out, bool *damaged,
			  struct err *e);

/* Rewrites the record. */
MUST int store_save(struct arena *a, struct container *c, const struct record *r, struct err *e);

/* Removes the container's directory (never crosses devices, never follows links); last act of delete. */
MUST int store_remove(const struct store *s, struct container *c, struct err *e);

/* The ids in the root, sorted. */
MUST int store_list(struct arena *a, const struct store *s, struct strs *out, struct err *e);

/* A directory of ROOT that is no container ("@name": no id can be called that), made when missing. -1 when it cannot be had. */
int store_side_dir(const struct store *s, const char *name);

/* Fills what a first record needs to know of here and now: version, created, boot_id, owner. */
MUST int record_begin(struct arena *a, struct record *r, struct err *e);

/* The copy of config.json that create made. */
MUST int store_config(struct arena *a, const struct container *c, struct config *out, struct err *e);

/* bundle/config.json (or file): a regular file, at most JSON_MAX_CONFIG bytes. *bundle_abs: the bundle's absolute path. */
MUST int bundle_read(struct arena *a, const char *bundle, const char *file, const char **bundle_abs, char **bytes, size_t *n,
		     struct err *e);

#endif
