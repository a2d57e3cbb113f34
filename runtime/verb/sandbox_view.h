/* sandbox_view.h - a sandbox as list, status, inspect and prune see it, and the words they share. */
#ifndef WASIRUN_VERB_SANDBOX_VIEW_H
#define WASIRUN_VERB_SANDBOX_VIEW_H

#include "base/text.h"
#include "oci/json.h"
#include "verb/box.h"
#include "verb/sandbox.h"

struct view {
	struct sandbox s;    /* not locked; conf is empty unless whole */
	bool whole;          /* its sandbox.conf could be read */
	const char *problem; /* why not */
	/* "running", "paused", "stopped", "died" (the server ended by itself), "dir" (has no server); "unfinished" (its create or destroy
	 * was killed), "busy" (another command creates it), "damaged" */
	const char *state;
	bool up;             /* running or paused */
	bool elsewhere;      /* in the name of another user: pid and broker are not known */
	int64_t pid;         /* of the server, 0 = none */
	int broker;          /* as box_state */
};
/* ENOENT: no such sandbox, in sandbox_open's words. Anything else about it is in the view. Closed with view_close. */
MUST int view_open(struct globals *g, const struct place *p, const char *name, struct view *out, struct err *e);
void view_close(struct view *v);

/* "dev: running, PostgreSQL 15.18 on 127.0.0.1:5432, pid 123, for 5 min", a line. */
void view_line(struct arena *a, struct text *t, const struct view *v);

/* "24.1M", as ls -h; "3 min", "2 h", "5 days"; what is missing is "-". */
const char *view_size(struct arena *a, uint64_t bytes);
const char *view_span(struct arena *a, int64_t seconds);
/* A number of sandbox.conf; -1: it is not there, or none. */
int64_t view_number(const char *s);
int64_t view_now(void);
/* Bytes on disk of all of it. */
uint64_t view_disk(const struct view *v);

/* "name", "dir", "state" and the rest that every reading command tells; into an open object. The password is not among them. */
void view_json(struct arena *a, struct json_out *w, const struct view *v);
/* "key": "value", or null. */
void view_json_str(struct json_out *w, const char *key, const char *value);

/* --- sandbox_destroy.c */
/* Ends and deletes it, whatever is left of it. freed: its bytes on disk before, or NULL. force: a server that cannot be stopped is no
 * hindrance. */
MUST int sandbox_destroy(struct globals *g, const struct place *p, const char *name, bool force, uint64_t *freed, struct err *e);

#endif
