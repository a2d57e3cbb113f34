/* engine.h - what wasirun knows of a database server: its programs, how a template of its data is made, how it is started, asked whether it
 * is ready, and connected to. One row per engine; the rest is data in templates/NAME/ (compiled in). */
#ifndef WASIRUN_SANDBOX_ENGINE_H
#define WASIRUN_SANDBOX_ENGINE_H

#include "oci/value.h"
#include "sandbox/sandbox.h"

/* Paths inside every database sandbox (the manifest's /sandboxes/NAME alias): data at /sandboxes/NAME/data, logs, config; sockets: */
#define SANDBOX_SOCKETS "/run/sandbox"
/* A template is built in a sandbox of this name: its data at /sandboxes/template/data. What --init names is mounted read-only at
 * SANDBOX_INIT (a directory), or at SANDBOX_INIT/ITS-NAME (a single file), by whoever runs the build. */
#define SANDBOX_TEMPLATE "template"
#define SANDBOX_INIT "/run/init"

/* The programs of an engine on this machine (or in an image). */
struct engine_programs {
	const char *server;  /* absolute, as seen inside; links resolved, but for a name that the program goes by (redis-server) */
	const char *dir;     /* directory of the tools (initdb, psql ...) */
	const char *client;  /* for people: psql, mariadb, redis-cli; NULL = not installed */
	const char *version; /* "15.18": as the server's file or directory tells; may be NULL until a template is built */
	const char *rootfs;  /* of the image that holds them; NULL = the host's */
	const char *note;    /* "mysql is served by MariaDB 10.11 ..." or NULL */
};

/* What the caller wants of the database: the official images' contract (POSTGRES_*, MYSQL_*, MARIADB_*, *_FILE), init directory,
 * settings. */
struct engine_wishes {
	const char *user, *password, *database; /* NULL = default. A password never becomes part of a template's key */
	const char *root_password;              /* mysql: of root, where user is another */
	const char *init_dir;                   /* --init: directory or single file, absolute; NULL */
	struct strs settings;                   /* --set NAME=VALUE of the server */
	struct strs env;                        /* what else of the contract was given: "POSTGRES_INITDB_ARGS=..." */
};

struct engine {
	const char *name;       /* "postgres" */
	const char *title;      /* "PostgreSQL" */
	uint16_t port;
	const char *user;       /* the default one */
	const char *package;    /* "postgresql": Debian's, for "not installed" */
	const char *socket;     /* file in SANDBOX_SOCKETS; %s = port: ".s.PGSQL.%s", "mysqld.sock", "redis.sock" */
	const char *scheme;     /* "postgresql", "mysql", "redis" */
	const char *memory;     /* default limit: "256M" */
	uint64_t least_memory;  /* bytes: with a limit below that it cannot be started */
	int stop_signal;        /* a clean and fast end */
	bool (*is)(const char *version); /* may be NULL */

	/* Finds its programs (rootfs: NULL = the host's; else absolute directory of an image). ENOENT: "postgres is not installed: apt
	 * install ..." */
	MUST int (*find)(struct arena *a, const char *rootfs, struct engine_programs *out, struct err *e);
	/* What makes a template: arguments of a program that runs in a sandbox of engine_build_manifest with /sandboxes/template/data
	 * writable and empty; its environment. It leaves a complete, cleanly stopped data directory. password: of the template's
	 * administrator. Made with an empty password, arguments and environment hold all that data depend on, but for the server's
	 * binary and the contents of the init files: that is what template_key hashes (user and database count only when there are init
	 * files). */
	MUST int (*build)(struct arena *a, const struct engine_programs *p, const struct engine_wishes *w, const char *password,
			  struct strs *argv, struct strs *env, struct err *e);
	/* The server's command line for a sandbox, paths as seen inside. Also returns files to be written into config/ first (server
	 * settings): names and contents in turns. Settings that are there already are not among them: at create they get the wishes, at
	 * later starts (wishes empty) they are left as they are. What holds the password is, as long as conf.fresh is set. */
	MUST int (*command)(struct arena *a, const struct engine_programs *p, const struct sandbox *s, const struct engine_wishes *w,
			    struct strs *argv, struct strs *files, struct err *e);
	/* Once, after the first start of a clone: gives it the sandbox's password, user and database. template_password: see build.
	 * Over the socket. secret: what the next has made, or NULL. NULL: command did all of it. */
	MUST int (*baptise)(struct arena *a, const struct sandbox *s, const char *template_password, const char *secret, struct err *e);
	/* The sandbox's password as its server keeps it: work for the time that the server takes to start. NULL: there is no such form
	 * of it. May be NULL itself. */
	const char *(*secret)(struct arena *a, const struct sandbox *s);
	/* One try to talk to it at a connected socket: 1 = ready, 0 = not yet, negative errno: it never will be (e says why). */
	MUST int (*ask)(int fd, const struct sandbox *s, struct err *e);
	/* A look from outside that costs the server nothing: false = it surely is not ready yet, and need not be asked. May be NULL. */
	bool (*might_be_ready)(const struct sandbox *s);
	/* Before the data of a running one are copied: writes what is in memory only, and comes back when it is written. NULL: what a
	 * client was told is done is in its files already. */
	MUST int (*flush)(struct arena *a, const struct sandbox *s, struct err *e);
	/* Variables of its own for clients, "PGHOST=...", in order. */
	void (*variables)(struct arena *a, const struct sandbox *s, struct strs *out);
};

/* NULL when there is none of that name ("postgresql", "pg" and "maria" are understood). */
const struct engine *engine_named(const char *name);
/* All, for help and for telling engine and name apart on command lines; ended by NULL. */
extern const struct engine *const engines[];
/* mysql: itself where there is a real mysqld (not MariaDB's link), else mariadb with programs->note set; others: themselves. */
MUST int engine_resolve(struct arena *a, const struct engine *asked, const char *rootfs, const struct engine **server,
			struct engine_programs *out, struct err *e);

/* Waits until it answers on its published address (address:port), asking every few ms; the socket counts as well for a server that was
 * not given a port. One whose socket (conf.socket) nobody answers yet is not asked at its port: servers open the port first, so
 * somebody else must have it. pidfd: of the server: its end ends the waiting (-ESRCH). */
MUST int engine_wait_ready(const struct engine *en, const struct sandbox *s, const char *address, uint16_t port, int pidfd,
			   uint64_t timeout_ms, struct err *e);

/* The manifest of the sandbox in which a template is built: no network, only its data directory is writable, the user is 65534 ("nobody":
 * initdb wants one that /etc/passwd knows). Its files belong to the one id that box maps, as in any other sandbox. */
MUST int engine_build_manifest(struct arena *a, const struct engine *en, char **out, size_t *n, struct err *e);

/* The sandbox's manifest (capabilities.json) in the seeds' full form: from templates/ENGINE/capabilities.json with NAME, PORT, memory
 * and names filled in. memory: NULL = the template's. */
MUST int engine_manifest(struct arena *a, const struct engine *en, const struct sandbox *s, const char *memory, char **out, size_t *n,
			 struct err *e);

/* Do the settings ask for data that survive a power cut (fsync=on, innodb_flush_method, appendfsync=always)? Then they need a place of
 * their own: an overlay is mounted so that nothing waits for the disk. */
bool engine_wants_durability(const struct engine *en, const struct engine_wishes *w);

/* Reads the official images' variables from list ("NAME=value"), with _FILE forms (both = an error), into *w. */
MUST int engine_contract(struct arena *a, const struct engine *en, const struct strs *env, struct engine_wishes *w, struct err *e);

/* The default names: database "NAME_db" ("-" and "." become "_"), user as the engine's. Redis: database "0", user "default". */
void engine_default_names(struct arena *a, const struct engine *en, const char *sandbox, struct sandbox_conf *c);
/* user and database of a sandbox to be: the wishes', else the default ones. Where MySQL or MariaDB has init files and nobody names a
 * database, it is "app", in the wishes as well: it stands in the template, and cannot be renamed. PostgreSQL's can: there the wishes
 * stay without one, so that sandboxes of all names share a template. create: before the template is needed. */
void engine_names(struct arena *a, const struct engine *en, const char *sandbox, struct engine_wishes *w, struct sandbox_conf *c);

#endif
