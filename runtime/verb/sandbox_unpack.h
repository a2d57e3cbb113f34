/* sandbox_unpack.h - what the files of images share. Private to them. */
#ifndef WASIRUN_VERB_SANDBOX_UNPACK_H
#define WASIRUN_VERB_SANDBOX_UNPACK_H

#include "sandbox/image_store.h"
#include "verb/sandbox_flow.h"

struct image_layout {
	const char *dir;    /* absolute; of an archive its path */
	int fd;             /* of dir; -1: it is an archive, its own only layer */
	const char *hex;    /* of the image's manifest */
	const char *path;   /* where its programs are, as its configuration says: "/usr/bin:/bin"; NULL */
	struct strs layers; /* the lowest first */
};
/* Unpacks it into the store (locked), after what killed commands left there has been removed. On failure nothing is left. */
MUST int sandbox_unpack(struct globals *g, const struct place *p, const struct image_layout *l, const struct image_store *s,
			struct err *e);

/* --- what prune does; the store is locked */

/* The names of what killed commands left. */
MUST int sandbox_image_leftovers(struct arena *a, const struct image_store *s, struct strs *out, struct err *e);
/* Removes one of them (its sandbox, if it still works there, is ended), or an image; what resists is removed in a sandbox, as its owner. */
MUST int sandbox_image_drop(struct globals *g, const struct place *p, const struct image_store *s, const char *name, struct err *e);

#endif
