/* place.h - where sandboxes live, and what the caller's surroundings say about them: --dir, WASI_SANDBOX_DIR, .env, sudo. */
#ifndef WASIRUN_SANDBOX_PLACE_H
#define WASIRUN_SANDBOX_PLACE_H

#include "base/arena.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Where a sandbox of plain root (no sudo) keeps its data, these are the ids it belongs to: the server must not be the host's root, and what
 * it writes must be nobody else's. Above what other tools hand out. */
#define SANDBOX_ROOT_ID 0x6fff0000u

struct place {
	const char *root;      /* absolute: the directory whose children are sandboxes. Need not exist */
	const char *templates; /* absolute: $WASIRUN_TEMPLATES, else wasirun/templates below $XDG_DATA_HOME (~/.local/share); root:
				  /var/lib/wasirun/templates, under sudo /var/lib/wasirun/users/UID/templates */
	const char *ports;     /* absolute: the leases (port.h), beside the templates, in "ports" */
	const char *sockets;   /* absolute and short: root: /run/wasirun-s; others: $XDG_RUNTIME_DIR/wasirun-s, else /tmp/wasirun-s-UID */
	uint32_t uid, gid;     /* to whom the tree belongs: the caller, or who called sudo */
	uint32_t data_uid, data_gid; /* to whom data, logs and sockets belong: the same, but SANDBOX_ROOT_ID for plain root */
	/* from the environment, else from .env of the current directory or of those above it (the nearest); NULL = not said */
	const char *env_file;  /* the .env that was read, absolute */
	const char *memory;    /* WASI_MEMORY_LIMIT */
	const char *environment; /* ENVIRONMENT */
	bool no_namespaces;    /* WASI_USE_NAMESPACES=false */
};

/* dir: --dir or NULL; env_file: --env-file or NULL. Root in this order: dir, WASI_SANDBOX_DIR (environment, then .env; relative to
 * the .env's directory), the nearest .sandboxes upward from the current directory, .sandboxes of the current one when that can be
 * written to, $XDG_DATA_HOME/wasirun/sandboxes (root: /var/lib/wasirun/sandboxes; under sudo that of users/UID). What belongs neither to
 * the caller nor to root is passed over. Makes nothing. Errors: EINVAL for an ENVIRONMENT that is none of development, staging,
 * production, and for what .env says wrongly (file and line). */
MUST int place_find(struct arena *a, const char *dir, const char *env_file, struct place *out, struct err *e);

/* Makes one of its directories with those above it that are missing; they belong to uid, gid. */
MUST int place_make(const char *path, uint32_t mode, uint32_t uid, uint32_t gid, struct err *e);
/* The same, and the directory's handle for reading: by its name it may be another one a moment later. */
MUST int place_open(const char *path, uint32_t mode, uint32_t uid, uint32_t gid, struct err *e);

/* Reads a .env: KEY=VALUE, export KEY=VALUE, quotes, comments; no expansion, nothing is executed. "NAME=value" each. */
struct strs;
MUST int dotenv_parse(struct arena *a, const char *bytes, const char *file, struct strs *out, struct err *e);

#endif
