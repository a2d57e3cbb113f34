/* environment.h - a sandbox as variables: for shells, .env files, programs and people. */
#ifndef WASIRUN_SANDBOX_ENVIRONMENT_H
#define WASIRUN_SANDBOX_ENVIRONMENT_H

#include "base/text.h"
#include "sandbox/engine.h"

/* DB_ENGINE DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_SOCKET DATABASE_URL SANDBOX_NAME SANDBOX_DIR SANDBOX_ENGINE SANDBOX_CAPS and the
 * engine's own, "NAME=value", in this order. prefix: instead of "DB_" ("DB_VM_": only HOST, PORT, NAME, USER, PASSWORD then), NULL = all. */
MUST int environment_of(struct arena *a, const struct sandbox *s, const char *prefix, struct strs *out, struct err *e);

enum env_format { ENV_SH, ENV_FISH, ENV_DOTENV, ENV_JSON, ENV_DOCKER };
MUST int env_format_named(const char *name, enum env_format *out, struct err *e);
/* As text that the shell, docker --env-file or a JSON parser reads back to exactly the same. */
MUST int environment_print(struct text *t, const struct strs *vars, enum env_format f, struct err *e);

/* The tree's scripts: activate (sh, bash, zsh), activate.fish, bin/activate, run-sandboxed.sh. activate finds its own directory, so that a moved
 * tree works, reads config/sandbox.conf when sourced, and deactivate restores what was there before. */
MUST int activate_write(struct arena *a, const struct sandbox *s, struct err *e);

#endif
