/* sandbox.h - what the commands of `sandbox` have in common: their options, and how they find a sandbox. */
#ifndef WASIRUN_VERB_SANDBOX_H
#define WASIRUN_VERB_SANDBOX_H

#include "sandbox/sandbox.h"
#include "store/files.h"
#include "verb/verb.h"
#include <stddef.h>

/* The first member of every subcommand's options struct: `sandbox --dir D list` is `sandbox list --dir D`. A subcommand without options of
 * its own uses this struct itself. */
struct sandbox_common {
	const char *dir, *env_file, *json;
};

/* Rows of every subcommand's table; SANDBOX_READING_ROWS of those that can answer as JSON. */
#define SANDBOX_ROWS                                                                                                         \
	{ "dir", 0, OPT_VALUE, "DIR", "where sandboxes live (default: WASI_SANDBOX_DIR, the nearest .sandboxes upward)",     \
	  offsetof(struct sandbox_common, dir) },                                                                            \
	{ "env-file", 0, OPT_VALUE, "FILE", "the .env that is read (default: the nearest upward)",                           \
	  offsetof(struct sandbox_common, env_file) }
#define SANDBOX_READING_ROWS \
	SANDBOX_ROWS, { "json", 0, OPT_FLAG, NULL, "answer as JSON", offsetof(struct sandbox_common, json) }

/* The subcommands in the order of `sandbox help`, ended by NULL. */
extern const struct verb *const sandbox_verbs[];

/* Where they are, as the options and the surroundings say. From then on files are read for whom they belong to. */
MUST static inline int sandbox_place(struct globals *g, const struct sandbox_common *o, struct place *out, struct err *e)
{
	TRY(place_find(g->arena, o->dir, o->env_file, out, e));
	file_read_for(out->uid, out->gid);
	return 0;
}

/* The one of that name; lock as sandbox_open. The caller closes it. */
MUST static inline int sandbox_need(struct globals *g, const struct sandbox_common *o, const char *name, bool lock, struct sandbox *out,
				    struct err *e)
{
	struct place p;

	sandbox_init(out);
	TRY(sandbox_place(g, o, &p, e));
	return sandbox_open(g->arena, &p, name, lock, out, e);
}

#endif
