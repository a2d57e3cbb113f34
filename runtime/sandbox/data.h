/* data.h - a sandbox's data directory: filled from a template, mounted, and replaced by other data without a moment in which there are none. */
#ifndef WASIRUN_SANDBOX_DATA_H
#define WASIRUN_SANDBOX_DATA_H

#include "sandbox/storage.h"
#include "sandbox/template.h"

/* Fills the empty data directory of s from the template. wanted: "reflink", "overlay", "copy", or NULL or "auto" = as storage_choose says.
 * Sets conf.storage and conf.template_ (who calls saves them); an overlay's data stay empty, and it is noted as a user of the template.
 * On an error the directory is empty again. */
MUST int sandbox_clone_data(struct arena *a, struct sandbox *s, const struct template_ *t, const char *wanted, struct err *e);

/* How a server gets its data: source is a directory for a bind mount when lower is NULL, else the upper layer of an overlay on lower. */
struct data_mount {
	const char *source, *lower, *work;
};
/* Before a start, with the lock: finishes or takes back what a killed replacement left, and looks whether the template of an overlay is whole.
 * ENOENT, EINVAL: it is not, and then the data are worth nothing. */
MUST int sandbox_data_mount(struct arena *a, struct sandbox *s, struct data_mount *out, struct err *e);

/* Puts a copy of the directory `from` in place of the data of a stopped sandbox whose lock is held, and conf `after` (may be &s->conf) in
 * place of its sandbox.conf: both or, whenever we are killed, in the end neither. from -1: nothing, the upper layer of a fresh overlay.
 * durable: on the disk before the old data are deleted. On an error nothing is changed. */
MUST int sandbox_replace_data(struct arena *a, struct sandbox *s, int from, bool reflink, const struct sandbox_conf *after, bool durable,
			      struct err *e);

/* Is the lock held: ends what a killed replacement began. Every verb that changes data calls it first. */
MUST int sandbox_settle(struct arena *a, struct sandbox *s, struct err *e);

/* The data directory itself, for reading. */
MUST int sandbox_open_data(const struct sandbox *s, struct err *e);

#endif
