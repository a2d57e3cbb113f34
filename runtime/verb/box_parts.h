/* box_parts.h - what the files of box share. Private to them. */
#ifndef WASIRUN_VERB_BOX_PARTS_H
#define WASIRUN_VERB_BOX_PARTS_H

#include "plan/compile.h"
#include "verb/box.h"

#define BOX_NETWORK_LOG "network.log"
#define BOX_ANNOTATION_NETWORK "org.wasirun.box.network-log" /* its path */

/* An image's directories in the place of the host's programs: mounts of *as, and no root of m's own. No link leads out of it. */
MUST int box_image(struct globals *g, const char *rootfs, struct manifest *m, struct command *as, struct err *e);

#endif
