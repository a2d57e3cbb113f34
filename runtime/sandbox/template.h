/* template.h - data directories that are made once and cloned ever after: place.templates/KEY/{data, template.conf}.
 * KEY: ENGINE-VERSION-HASH, the hash (SHA-256, 12 digits) over everything that data depend on. */
#ifndef WASIRUN_SANDBOX_TEMPLATE_H
#define WASIRUN_SANDBOX_TEMPLATE_H

#include "sandbox/engine.h"

struct template_ {
	const char *key, *dir; /* dir: absolute */
	const char *engine, *version, *password, *created; /* password: of its administrator, in template.conf (0600) */
	uint64_t bytes;        /* of its data */
	int fd;                /* of dir/data; -1 = not there */
	int lock;              /* shared while a clone is made from it or exclusive while it is built; -1 = none */
};

/* The key of what the wishes would give: engine, server binary (path, size, modification time), settings, contract, contents of the init files,
 * and the version of our own recipe. */
MUST int template_key(struct arena *a, const struct engine *en, const struct engine_programs *p, const struct engine_wishes *w,
		      const char **key, struct err *e);
/* Opens it with a shared lock; ENOENT: it has not been built. EINVAL: it is damaged, and how to be rid of it. */
MUST int template_open(struct arena *a, const struct place *p, const char *key, struct template_ *out, struct err *e);
/* Begins one: an exclusive lock (two creates at once: the second waits, then finds it built: *built), an empty data directory below a temporary
 * name that belongs to place.data_uid. */
MUST int template_begin(struct arena *a, const struct place *p, const char *key, struct template_ *out, bool *built, struct err *e);
/* Makes it the template (rename), or throws it away. */
MUST int template_commit(struct arena *a, const struct place *p, struct template_ *t, struct err *e);
void template_abandon(const struct place *p, struct template_ *t);
void template_close(struct template_ *t);
MUST int template_list(struct arena *a, const struct place *p, struct strs *keys, struct err *e);
/* EBUSY names a sandbox whose data are an overlay of it (each such sandbox notes itself in KEY/users/ID, a file with its directory). */
MUST int template_remove(struct arena *a, const struct place *p, const char *key, struct err *e);
/* Notes the sandbox as a user of the template (overlay), and forgets it. */
MUST int template_use(const struct template_ *t, const struct sandbox *s, struct err *e);
void template_unuse(const struct sandbox *s);

#endif
