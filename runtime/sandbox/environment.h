/* environment.h - a sandbox as variables: for shells, .env files, programs and people. */
#ifndef WASIRUN_SANDBOX_ENVIRONMENT_H
#define WASIRUN_SANDBOX_ENVIRONMENT_H

#include "base/text.h"
#include "sandbox/engine.h"

/* DB_ENGINE DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_SOCKET DATABASE_URL SANDBOX_NAME SANDBOX_DIR SANDBOX_ENGINE SANDBOX_CAPS
 * and the engine's own, "NAME=value", in this order; what its configuration does not say is left out. prefix: instead of "DB_" ("DB_VM_":
 * only HOST, PORT, NAME, USER, PASSWORD then), NULL = all. EINVAL: a prefix that no variable can have. */
MUST int environment_of(struct arena *a, const struct sandbox *s, const char *prefix, struct strs *out, struct err *e);

/* scheme://user:password@host:port/database, each part percent-encoded (RFC 3986, all but the unreserved characters). */
const char *environment_url(struct arena *a, const struct sandbox *s);

enum env_format { ENV_SH, ENV_FISH, ENV_DOTENV, ENV_JSON, ENV_DOCKER };
/* EINVAL lists them. */
MUST int env_format_named(const char *name, enum env_format *out, struct err *e);
/* As text that the shell, docker --env-file or a JSON parser reads back to exactly the same. Nothing is printed when it cannot be: EINVAL
 * for a line break in ENV_DOCKER, and for bytes that are not UTF-8 in ENV_DOCKER and ENV_JSON. ENV_DOTENV is for `source` and our own
 * reader. */
MUST int environment_print(struct text *t, const struct strs *vars, enum env_format f, struct err *e);

/* The command that reads a file of commands in ENV_SH or ENV_FISH: . '/path/activate' */
void environment_source(struct text *t, const char *file, enum env_format f);

/* The tree's scripts: activate (sh, bash, zsh), activate.fish, bin/activate, run-sandboxed.sh. activate finds its own directory, so that a
 * moved tree works, reads config/sandbox.conf when sourced, and deactivate restores what was there before. */
MUST int activate_write(struct arena *a, const struct sandbox *s, struct err *e);

#endif
