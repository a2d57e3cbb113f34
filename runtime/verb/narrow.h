/* narrow.h - manifests that cut down what an engine asks for. */
#ifndef WASIRUN_VERB_NARROW_H
#define WASIRUN_VERB_NARROW_H

#include "oci/config.h"
#include "verb/verb.h"

/* The manifest of the annotation org.wasirun.manifest and the one that the administrator names in /etc/wasirun/config.json. Where there
 * is one, *bytes and *n become the configuration that is left. */
MUST int narrow_config(struct globals *g, struct config *c, char **bytes, size_t *n, struct err *e);

#endif
