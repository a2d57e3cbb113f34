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
	int dir;          /* its directory */
	struct record record;
	enum status status;
	int64_t pid;      /* 0 when stopped */
	int pidfd;        /* -1 when stopped */
};

/* Claims the id: mkdir is the lock against a second create (EEXIST: "container with id exists: ..."). Writes the first record and
 * the config copy. */
MUST int store_claim(struct arena *a, const struct store *s, const struct record *first, const char *config, size_t config_n,
		     struct container *out, struct err *e);

/* Opens and locks (flock: shared for readers, exclusive for changes, waits at most 60 s), loads the record and finds out the status
 * (pid + start time + boot id; somebody listening on the start socket = created; frozen = paused).
 * ENOENT: "container does not exist" in the words engines look for. */
MUST int store_load(struct arena *a, const struct store *s, const char *id, bool exclusive, struct container *out, struct err *e);

/* As store_load, but never refuses: for delete --force of what a killed create left, or whose record is damaged. What cannot be
 * read stays empty in out->record. */
MUST int store_load_ruins(struct arena *a, const struct store *s, const char *id, struct container *out, struct err *e);

/* Rewrites the record. */
MUST int store_save(struct container *c, const struct record *r, struct err *e);

/* Removes the container's directory (never crosses devices, never follows links); last act of delete. */
MUST int store_remove(const struct store *s, struct container *c, struct err *e);

/* The ids in the root, sorted. */
MUST int store_list(struct arena *a, const struct store *s, struct strs *out, struct err *e);

/* The copy of config.json that create made. */
MUST int store_config(struct arena *a, const struct container *c, struct config *out, struct err *e);

/* bundle/config.json (or file): a regular file, at most JSON_MAX_CONFIG bytes. *bundle_abs: the bundle's absolute path. */
MUST int bundle_read(struct arena *a, const char *bundle, const char *file, const char **bundle_abs, char **bytes, size_t *n, struct err *e);

#endif
