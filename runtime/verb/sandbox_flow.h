/* sandbox_flow.h - what several commands of `sandbox` do with one: make it, start it, stop it, say how to connect. */
#ifndef WASIRUN_VERB_SANDBOX_FLOW_H
#define WASIRUN_VERB_SANDBOX_FLOW_H

#include "apply/keeper.h"
#include "base/text.h"
#include "sandbox/engine.h"
#include "verb/sandbox.h"

#define SANDBOX_START_MS 60000 /* until it has to answer */
#define SANDBOX_STOP_MS 30000  /* until it is killed */
#define SANDBOX_LOG "logs/server.log"
#define SANDBOX_MANIFEST "config/capabilities.json"
#define SANDBOX_WARNINGS "config/warnings" /* what could not be enforced at the last start, a line each; no such file: nothing */

/* --- sandbox_start.c */
struct sandbox_start {
	uint64_t timeout_ms;
	const struct engine_wishes *wishes; /* of create; NULL */
	bool quiet;       /* warnings are not printed */
	/* out */
	bool already;     /* it ran before */
	int64_t ms;       /* until it answered */
	int pidfd;        /* of the server, the caller closes it; -1 */
	uint64_t log_at;  /* size of its log before */
};
/* Starts it and waits until it answers. s is locked. A server that ends, or does not answer in time: its last lines are in the error, its
 * container is gone, its data stay. */
MUST int sandbox_start(struct globals *g, struct sandbox *s, struct sandbox_start *o, struct err *e);
/* Ends it; *ran: it did run; *killed: it would not end. s is locked. */
MUST int sandbox_stop(struct globals *g, const struct sandbox *s, uint64_t grace_ms, bool *ran, bool *killed, struct err *e);

/* --- sandbox_tell.c */

/* "0.0.0.0" or "::" */
bool sandbox_is_wildcard(const char *address);
/* "127.0.0.1" or what it is published at; where it is reached from here; its port as a number; when it expires, in seconds
 * since 1970, INT64_MAX when never. */
const char *sandbox_listens(const struct sandbox *s);
const char *sandbox_reached(const struct sandbox *s);
/* "127.0.0.1:5432", "[::1]:5432"; NULLs: of what is usual, "-" */
const char *sandbox_address(struct arena *a, const char *host, const char *port);
uint16_t sandbox_port(const struct sandbox *s);
int64_t sandbox_expires(const struct sandbox *s);
/* "PostgreSQL 15.18", or "directory" for one without a server. */
const char *sandbox_title(struct arena *a, const struct sandbox *s);
/* dir as it is shorter to write from here: ".sandboxes/dev". */
const char *sandbox_short_path(struct arena *a, const char *path);
/* The one line (or, with json, its environment) that says how to connect. */
MUST int sandbox_tell(struct globals *g, const struct sandbox *s, const struct sandbox_start *o, bool json, struct err *e);

/* --- sandbox_make.c */
struct sandbox_wish {
	const char *engine, *name, *port; /* port: a number, "auto" or NULL: the engine's, else the next free one */
	const char *publish, *memory, *cpu, *pids, *manifest, *image, *init, *user, *password, *password_file, *database, *ttl, *storage,
		*backend, *snapshot;
	struct strs set, env;
	bool replace;
	bool visible;                  /* a template that has to be built is told */
	struct engine_wishes wishes;   /* out: for the first start */
};
/* Makes one; *out is locked and open. */
MUST int sandbox_make(struct globals *g, const struct place *p, struct sandbox_wish *w, struct sandbox *out, struct err *e);
/* --- sandbox_image.c */
/* The root of the file system that --image (absolute) is; of an OCI image layout, after unpacking it where that has not been done. */
MUST int sandbox_image(struct globals *g, const struct place *p, const char *path, const char **rootfs, struct err *e);
/* A manifest's root oci:PATH or tar:PATH becomes dir:PATH of what it is unpacked to; others stay. It cannot be pruned while we live. */
struct manifest;
MUST int sandbox_image_root(struct globals *g, struct manifest *m, struct err *e);

/* --- sandbox_clone.c */
/* As `sandbox clone` does; *out is locked and open. what: "NAME" or "NAME@SNAP". */
MUST int sandbox_clone(struct globals *g, const struct place *p, const char *what, const char *name, const char *port, struct sandbox *out,
		       struct err *e);

/* --- sandbox_make.c */
/* ENVIRONMENT=production makes and starts nothing. */
MUST int sandbox_allowed(const struct place *p, struct err *e);

/* --- sandbox_keeper.c */
/* One that stops and destroys the sandbox `name` of the place when we end without keeper_release, or at `until` (seconds since 1970, 0 =
 * never). id: NULL = whatever has that name then. */
MUST int sandbox_keeper(struct globals *g, const struct place *p, const char *name, int64_t until, struct keeper *k, struct err *e);
/* One for a sandbox that expires, unless it has one. Harmless for others. */
MUST int sandbox_keep_until(struct globals *g, const struct sandbox *s, struct err *e);

#endif
