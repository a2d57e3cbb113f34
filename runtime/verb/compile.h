/* compile.h - a manifest and this machine to a configuration: what guard and `manifest oci` have in common. */
#ifndef WASIRUN_VERB_COMPILE_H
#define WASIRUN_VERB_COMPILE_H

#include "plan/compile.h"
#include "plan/step.h"
#include "verb/verb.h"

struct compiled {
	struct host host;
	struct command command;
	struct config config;
	struct grants grants;
	struct strs secret_env;        /* "NAME=value", for the program alone */
	LIST(struct step_file) secrets; /* below /run/secrets */
};

/* Finds out the facts that the compilation wants, and compiles. args: the program. bundle: absolute, or NULL. here: it runs
 * here and now, with a root of its own; otherwise the configuration is for any runtime, and says nothing about this process. */
MUST int compile_here(struct globals *g, struct manifest *m, char **args, const char *bundle, bool here, struct compiled
	*out, struct err *e);

/* The same for a program that outlives this command: as says who it is outside (uid, gid) and which mounts it has. Nothing of this
 * process goes into it but its environment, where environment_pass says so. */
MUST int compile_box(struct globals *g, struct manifest *m, char **args, const struct command *as, struct compiled *out, struct err *e);

/* Without a session an ordinary user has no directory of his own below /run: the state root is then one in /tmp, which is refused unless
 * it is his. Before the first container. */
void find_state_root(struct globals *g, uint32_t uid);

#endif
