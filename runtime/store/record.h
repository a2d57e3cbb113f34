/* record.h - what the files of store/ share. Private to it. */
#ifndef WASIRUN_STORE_RECORD_H
#define WASIRUN_STORE_RECORD_H

#include "store/store.h"

/* Replaces the file name of the container's directory by n bytes: temporary file and rename. */
MUST int record_write(struct arena *a, const struct container *c, const char *name, const char *bytes, size_t n, struct err *e);

/* Reads state.json into c->record. -ENOENT: there is none. */
MUST int record_read(struct arena *a, struct container *c, struct err *e);

/* Fills c->status, pid and pidfd from the record and the machine. */
MUST int container_status(struct container *c, struct err *e);

/* Reads the whole of an open regular file, at most max bytes. */
MUST int read_regular(struct arena *a, int fd, size_t max, const char *what, char **bytes, size_t *n, struct err *e);

#define BOOT_ID_BYTES 40
MUST int read_boot_id(char out[BOOT_ID_BYTES], struct err *e);

#endif
