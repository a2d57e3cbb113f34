/* image_store.h - OCI image layouts as files of anybody's, and the directory in which unpacked images are kept.
 *
 * IMAGES (beside the templates)/HEX/rootfs: HEX is the SHA-256 of the image's manifest. Who unpacks one works in IMAGES/.new-ID and
 * holds the lock of IMAGES, so that a name without a dot is complete, always, and one with a dot is nobody's once that lock is held.
 * The lock of a finished one is its directory's: shared by who makes a sandbox of it, exclusive for who removes it. */
#ifndef WASIRUN_SANDBOX_IMAGE_STORE_H
#define WASIRUN_SANDBOX_IMAGE_STORE_H

#include "sandbox/place.h"
#include <stddef.h>

#define IMAGE_HEX 64 /* digits of a SHA-256 */

/* A small file of a layout, whole: "index.json", "blobs/sha256/HEX". layout: its directory. Links are not followed, and nothing but a
 * regular file is read. ENOENT, ELOOP, EINVAL, EFBIG. */
MUST int image_read(struct arena *a, int layout, const char *path, size_t max, char **bytes, size_t *n, struct err *e);
/* Is hex the SHA-256 of the bytes? */
bool image_is_called(const char *bytes, size_t n, const char *hex);
/* Copies the blob HEX into the directory `to`, where it belongs to uid and gid and has the name HEX; checked on the way: what others write
 * to the layout afterwards changes nothing. One that is there already is left. EINVAL: it is not what its name says. */
MUST int image_blob(int layout, const char *hex, int to, uint32_t uid, uint32_t gid, struct err *e);

/* The same of any file, whose name is its SHA-256: image_file_hex tells it (IMAGE_HEX digits and a NUL). */
MUST int image_file_hex(const char *path, char hex[IMAGE_HEX + 1], struct err *e);
MUST int image_file_blob(const char *path, const char *hex, int to, uint32_t uid, uint32_t gid, struct err *e);

struct image_store {
	const char *dir; /* absolute */
	int fd;          /* holds the lock; -1 = none */
};
/* Where it is, fd -1. */
void image_store_find(struct arena *a, const struct place *p, struct image_store *out);
/* Opens and locks it. make: it is made when missing, and the lock is waited for; else -ENOENT and -EWOULDBLOCK come without words. */
MUST int image_store_open(const struct place *p, bool make, struct image_store *s, struct err *e);
/* Opens one of the unpacked and shares its lock: it cannot be removed until *fd is closed. ENOENT: it is not there. EPERM: it belongs to
 * somebody who may not decide what this user runs. */
MUST int image_use(const struct image_store *s, const struct place *p, const char *hex, int *fd, struct err *e);
/* Its exclusive lock (s is locked), for who removes it: -EWOULDBLOCK without words: somebody makes a sandbox of it now. */
MUST int image_claim(const struct image_store *s, const char *hex, int *fd, struct err *e);
/* Makes the directory .new-ID for an unpacking, and in it the empty rootfs, layer and blobs. */
MUST int image_begin(const struct image_store *s, const struct place *p, const char *name, struct err *e);
/* Removes its blobs and layer, and gives it its name. */
MUST int image_commit(const struct image_store *s, const char *name, const char *hex, struct err *e);
/* Removes one of either kind. EACCES, ENOTEMPTY and others: what is in it needs its owner's help. */
MUST int image_remove(const struct image_store *s, const char *name, struct err *e);
/* The names there are, half-made ones too. s is locked. */
struct strs;
MUST int image_list(struct arena *a, const struct image_store *s, struct strs *out, struct err *e);

#endif
