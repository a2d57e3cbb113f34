/* sandbox_build.h - the template that a sandbox is cloned from, built when there is none. */
#ifndef WASIRUN_VERB_SANDBOX_BUILD_H
#define WASIRUN_VERB_SANDBOX_BUILD_H

#include "sandbox/template.h"
#include "verb/verb.h"

/* Opens the template that the wishes ask for, with its shared lock, or builds it: one line on standard error says so, and what the build
 * said last when it fails. rootfs: the image's root that the programs are of; NULL = the host's. The caller closes it. */
MUST int sandbox_template_need(struct globals *g, const struct place *p, const struct engine *en, const struct engine_programs *programs,
			       const struct engine_wishes *w, const char *rootfs, struct template_ *out, struct err *e);

#endif
