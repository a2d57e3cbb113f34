/* sandbox_copy.h - data of a sandbox that may be running, to be copied: what snapshot, restore, clone and reset have in common. */
#ifndef WASIRUN_VERB_SANDBOX_COPY_H
#define WASIRUN_VERB_SANDBOX_COPY_H

#include "sandbox/snapshot.h"
#include "verb/sandbox_flow.h"

struct copying {
	struct globals *g;
	struct sandbox *s;
	struct copy_cost cost;
	bool held;               /* it runs: it is held while it is copied; pass &freezer */
	struct freezer freezer;
	bool stopped;            /* by us */
	int64_t began;           /* microseconds */
	struct sandbox_start start; /* of copying_end */
};
/* Looks at s (locked): is it running? What will a copy of `from` to `to` cost? A running one is stopped when `stop`; else held, when
 * blocks are shared or little is copied; else EBUSY. verb: "snapshot", for that message. More than a little to copy is told first. */
MUST int copying_begin(struct globals *g, struct sandbox *s, int from, int to, bool stop, const char *verb, struct copying *out,
		       struct err *e);
/* The same for data that are going to be replaced: a running one is EBUSY unless stop. */
MUST int replacing_begin(struct globals *g, struct sandbox *s, int from, int to, bool stop, const char *verb, struct copying *out,
			 struct err *e);
/* The same for data that nobody writes to: a snapshot's. s: where they go. */
MUST int still_begin(struct globals *g, struct sandbox *s, int from, int to, struct copying *out, struct err *e);
/* Starts again what was stopped. r: how the work between went; its error wins. Returns r, or the start's error. */
MUST int copying_end(struct copying *c, int r, struct err *e);
/* "12 ms, 28.1M shared" or "45 ms, 28.1M copied, the server stood still for 40 ms". */
const char *copying_text(const struct copying *c);

#endif
