/* data.h - a sandbox's data directory: filled from a template, mounted, and replaced by other data without a moment in which there are
 * none. */
#ifndef WASIRUN_SANDBOX_DATA_H
#define WASIRUN_SANDBOX_DATA_H

#include "sandbox/storage.h"
#include "sandbox/template.h"

/* Fills the empty data directory of s from the template. wanted: "reflink", "overlay", "copy", or NULL or "auto" = as storage_choose says.
 * Sets conf.storage and conf.template_ (who calls saves them); an overlay's data stay empty, and it is noted as a user of the template.
 * On an error the directory is empty again. */
MUST int sandbox_clone_data(struct arena *a, struct sandbox *s, const struct template_ *t, const char *wanted, struct err *e);

/* Puts a copy of the directory `from` in place of the data of a stopped sandbox whose lock is held, and conf `after` (may be &s->conf) in
 * place of its sandbox.conf: both or, whenever we are killed, in the end neither. from -1: nothing, the upper layer of a fresh overlay.
 * durable: on the disk before the old data are deleted. On an error nothing is changed. */
MUST int sandbox_replace_data(struct arena *a, struct sandbox *s, int from, bool reflink, const struct sandbox_conf *after, bool durable,
			      struct err *e);

/* Ends what a killed replacement began, or takes it back. The lock is held. Before a start, and before anything that changes data. */
MUST int sandbox_settle(struct arena *a, struct sandbox *s, struct err *e);

/* What stands in a directory of the tree ("config"), sorted. */
MUST int sandbox_entries(struct arena *a, const struct sandbox *s, const char *dir, struct strs *out, struct err *e);
/* The data directory itself, for reading. */
MUST int sandbox_open_data(const struct sandbox *s, struct err *e);

#endif
