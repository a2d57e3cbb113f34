/* sandbox_create.h - the options with which a sandbox is made: create, up and with have them. */
#ifndef WASIRUN_VERB_SANDBOX_CREATE_H
#define WASIRUN_VERB_SANDBOX_CREATE_H

#include "verb/sandbox_flow.h"

struct create_options {
	struct sandbox_common common;
	const char *port, *publish, *memory, *cpu, *pids, *manifest, *image, *init, *user, *password, *password_file, *database, *ttl,
		*storage, *backend, *replace, *timeout, *start, *snapshot;
	struct strs set, env;
};
#define CREATE_AT(f) offsetof(struct create_options, f)
#define SANDBOX_CREATE_ROWS                                                                                                       \
	{ "port", 'p', OPT_VALUE, "N|auto", "the port (default: the engine's, or the next that is free)", CREATE_AT(port) },      \
	{ "publish", 0, OPT_VALUE, "ADDR", "where others reach it: 0.0.0.0 = everybody (default: 127.0.0.1)", CREATE_AT(publish) }, \
	{ "memory", 'm', OPT_VALUE, "SIZE", "at most this much memory: 512M", CREATE_AT(memory) },                                \
	{ "cpu", 0, OPT_VALUE, "CORES", "at most this much processor time: 0.5", CREATE_AT(cpu) },                                \
	{ "pids", 0, OPT_VALUE, "N", "at most this many processes", CREATE_AT(pids) },                                            \
	{ "manifest", 0, OPT_VALUE, "FILE", "what it may do, instead of the engine's own manifest", CREATE_AT(manifest) },        \
	{ "image", 0, OPT_VALUE, "DIR", "take the programs from there: the root of a file system or an OCI image layout",         \
	  CREATE_AT(image) },                                                                                                     \
	{ "init", 0, OPT_VALUE, "PATH", "run this .sql, .sql.gz or .sh, or those in this directory, when its template is built",  \
	  CREATE_AT(init) },                                                                                                      \
	{ "set", 0, OPT_MANY, "NAME=VALUE", "a setting of the server", CREATE_AT(set) },                                          \
	{ "env", 'e', OPT_MANY, "NAME[=VALUE]", "as the official images understand it: POSTGRES_PASSWORD=secret", CREATE_AT(env), true }, \
	{ "user", 'u', OPT_VALUE, "NAME", "the database's user", CREATE_AT(user) },                                               \
	{ "password", 0, OPT_VALUE, "WORD", "its password (default: a random one)", CREATE_AT(password), true },                  \
	{ "password-file", 0, OPT_VALUE, "FILE", "the first line of it; - = standard input", CREATE_AT(password_file) },          \
	{ "database", 'd', OPT_VALUE, "NAME", "the database (default: NAME_db)", CREATE_AT(database) },                           \
	{ "ttl", 0, OPT_VALUE, "TIME", "it is stopped and destroyed after this time: 2h", CREATE_AT(ttl) },                       \
	{ "storage", 0, OPT_VALUE, "KIND", "how data are cloned: reflink, overlay or copy (default: what is fastest here)",       \
	  CREATE_AT(storage) },                                                                                                   \
	{ "backend", 0, OPT_VALUE, "native|dir", "dir: a directory and variables, no server", CREATE_AT(backend) },               \
	{ "replace", 0, OPT_FLAG, NULL, "destroy the one of that name first, with its data", CREATE_AT(replace) },                \
	{ "timeout", 0, OPT_VALUE, "TIME", "how long its start may take (default: 60s)", CREATE_AT(timeout) }

MUST int sandbox_create_wish(const struct create_options *o, struct sandbox_wish *w, uint64_t *timeout_ms, struct err *e);

#endif
