/* manifest.h - reading manifests for commands: where variables come from, includes, and how errors are shown. */
#ifndef WASIRUN_VERB_MANIFEST_H
#define WASIRUN_VERB_MANIFEST_H

#include "base/text.h"
#include "oci/manifest.h"
#include "verb/verb.h"

/* The options of `manifest`; each subcommand uses some. */
struct manifest_options {
	const char *json, *sandbox, *sandbox_dir, *found, *file, *bundle;
	struct strs restrict_; /* policies */
};

/* What a document's variables mean here: ${PWD} and the directory of the file are found out, ${HOME} is the environment's. The sandboxes
 * lie below $WASI_SANDBOX_DIR or, without it, .sandboxes of the current directory. path: the document, "-" = standard input. */
MUST int manifest_context_here(struct globals *g, const char *path, const struct manifest_options *o, struct manifest_context *out,
			       struct err *e);

/* Reads and decodes a document. Errors of the document: -EINVAL or -E2BIG with errs->n > 0; others: errs->n is 0. */
MUST int manifest_load(struct globals *g, const char *path, const struct manifest_options *o, struct manifest *out,
		       struct manifest_errors *errs, struct err *e);

/* As manifest_load; the errors of a document go to standard error, a line each, and *e sums them up (its text is empty of places, so that
 * main's one line adds something). For commands that need a manifest to go on. */
MUST int manifest_need(struct globals *g, const char *path, const struct manifest_options *o, struct manifest *out, struct err *e);

/* Takes away from *m what the policies in these files do not grant (manifest_restrict). The sandbox is that of the manifest, so that
 * ${SANDBOX_DIR} means the same in both. manifest_need does it for o->restrict_. */
MUST int manifest_restrict_by(struct globals *g, const struct strs *files, const struct manifest_options *o, struct manifest *m,
			      struct err *e);

/* For what is going to run here: takes away what the policies of the administrator (/etc/wasirun/policy.d/NAME.json, by name) and then
 * those of `files` (NULL = none) do not grant, and warns about each grant that is gone. */
MUST int manifest_policies(struct globals *g, const struct strs *files, struct manifest *m, struct err *e);

/* "FILE:LINE:COL: /pointer: text", a line each. */
void manifest_print_errors(struct text *t, const struct manifest_errors *errs);

/* One subcommand. run returns the exit code or a negative errno. */
struct manifest_command {
	const char *name, *args, *doc;
	int min_args, max_args; /* behind its name; -1 = any */
	int (*run)(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e);
};
/* manifest_oci.c */
MUST int manifest_oci(struct globals *g, const struct manifest_options *o, int argc, char **argv, struct err *e);

#endif
