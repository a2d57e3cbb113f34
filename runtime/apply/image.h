/* image.h - the directories of an unpacked image, to be bound one by one. */
#ifndef WASIRUN_APPLY_IMAGE_H
#define WASIRUN_APPLY_IMAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/value.h"

/* The directories at the top of rootfs, links among them followed within it: in inside their names there ("/bin"), in source where they
 * are ("/images/x/usr/bin"). Left out: dev, proc, sys, run, tmp, which every sandbox has of its own. */
MUST int image_directories(struct arena *a, const char *rootfs, struct strs *inside, struct strs *source, struct err *e);

#endif
