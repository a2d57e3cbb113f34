/* template.h - data directories that are made once and cloned ever after: place.templates/KEY/{data, template.conf}.
 * KEY: ENGINE-VERSION-HASH, the hash (SHA-256, 12 digits) over everything that data depend on. */
#ifndef WASIRUN_SANDBOX_TEMPLATE_H
#define WASIRUN_SANDBOX_TEMPLATE_H

#include "sandbox/engine.h"

struct template_ {
	const char *key, *dir; /* dir: absolute; a temporary one while it is built */
	/* who builds it sets them; password: of its administrator, in template.conf (0600) */
	const char *engine, *version, *password, *created;
	uint64_t bytes, files; /* of its data */
	int fd;                /* of dir/data; -1 = not there */
	int lock;              /* shared while a clone is made from it or exclusive while it is built; -1 = none */
};
/* One that holds nothing; closing it is harmless. */
void template_init(struct template_ *t);

/* [A-Za-z0-9][A-Za-z0-9._-]*: EINVAL for what no key can be. */
MUST int template_check_key(const char *key, struct err *e);
/* The key of what the wishes would give: engine, server binary (path, size, modification time), all that engine->build makes of the wishes
 * (with an empty password; user and database only where there are init files), and the contents of the init files. rootfs: NULL = the
 * programs are the host's; else the image's root, where p->server is looked for. */
MUST int template_key(struct arena *a, const struct engine *en, const struct engine_programs *p, const struct engine_wishes *w,
		      const char *rootfs, const char **key, struct err *e);
/* Opens it with a shared lock; ENOENT: it has not been built. EINVAL: it is damaged, and how to be rid of it. */
MUST int template_open(struct arena *a, const struct place *p, const char *key, struct template_ *out, struct err *e);
/* Begins one: an exclusive lock (two creates at once: the second waits, then finds it built: *built, and out as template_open gives it), an
 * empty data directory below a temporary name that belongs to place.data_uid. */
MUST int template_begin(struct arena *a, const struct place *p, const char *key, struct template_ *out, bool *built, struct err *e);
/* Makes it the template (synced, then renamed) and shares its lock, or throws it away. A commit that fails leaves it to be abandoned. */
MUST int template_commit(struct arena *a, const struct place *p, struct template_ *t, struct err *e);
void template_abandon(const struct place *p, struct template_ *t);
void template_close(struct template_ *t);
/* The keys there are, damaged ones too, sorted. */
MUST int template_list(struct arena *a, const struct place *p, struct strs *keys, struct err *e);
/* EBUSY names a sandbox whose data are an overlay of it (each such sandbox notes itself in KEY/users/ID, a file with its directory), or
 * whose directory is no longer where it was: moved, then its data would be lost; force: all the same. */
MUST int template_remove(struct arena *a, const struct place *p, const char *key, bool force, struct err *e);

struct template_user {
	const char *id, *dir;
	bool there; /* a sandbox of that id stands in dir */
};
typedef LIST(struct template_user) template_users;
/* Who notes itself there. */
MUST int template_user_list(struct arena *a, const struct place *p, const char *key, template_users *out, struct err *e);
/* Notes the sandbox as a user of the template (overlay), and forgets it at every template: its snapshots may be of older ones. */
MUST int template_use(const struct template_ *t, const struct sandbox *s, struct err *e);
void template_unuse(const struct sandbox *s);

#endif
