/* sandbox.h - one sandbox on disk: its directory, its configuration, its lock.
 *
 * ROOT/NAME (0700, the tree's owner): config/{sandbox.conf (0600), capabilities.json, server settings}, data, logs/server.log, rootfs,
 * snapshots, activate, activate.fish, bin/activate (a link), run-sandboxed.sh, .work (overlayfs), .gitignore.
 * No absolute path is stored that a moved tree would make wrong, but for the template's key. */
#ifndef WASIRUN_SANDBOX_SANDBOX_H
#define WASIRUN_SANDBOX_SANDBOX_H

#include "oci/value.h"
#include "sandbox/place.h"

/* sandbox.conf: KEY='value' lines that a shell can source. All strings are from the arena; NULL = the line is not there. */
struct sandbox_conf {
	const char *name;     /* SANDBOX_NAME */
	const char *id;       /* SANDBOX_ID: 8 hexadecimal digits, random */
	const char *engine;   /* SANDBOX_ENGINE: what was asked for: postgres, mysql, mariadb, redis */
	const char *server;   /* SANDBOX_SERVER: what serves it: an engine's name (mysql may be served by mariadb) */
	const char *version;  /* SANDBOX_VERSION: of the server, "15.18" */
	const char *backend;  /* SANDBOX_BACKEND: "native", or "dir": directories and variables only */
	const char *storage;  /* SANDBOX_STORAGE: "overlay", "reflink", "copy"; none for dir */
	const char *template_; /* SANDBOX_TEMPLATE: key of the template */
	const char *image;    /* SANDBOX_IMAGE: rootfs directory or OCI layout; NULL = the host's programs */
	const char *publish;  /* SANDBOX_PUBLISH: the address others reach it at; NULL = 127.0.0.1 */
	const char *inode;    /* SANDBOX_INODE: "dev:ino" of its directory: a copy of the tree gets an id of its own at its next start */
	const char *created, *expires; /* SANDBOX_CREATED, SANDBOX_EXPIRES: seconds since 1970; expires NULL = never */
	const char *fresh;    /* SANDBOX_FRESH: "1" until the first start has given the server its password and database name */
	const char *old_password; /* SANDBOX_OLD_PASSWORD: of the administrator in data that came with another one, until that start;
				     NULL: the template's */
	const char *host, *port, *database, *user, *password, *socket; /* DB_HOST ... DB_SOCKET (path of the socket file) */
};

struct sandbox {
	struct place place;
	const char *name;
	const char *dir;  /* absolute */
	int fd;           /* of dir; -1 = none */
	int lock;         /* an exclusive lock on dir (an open file description of its own), or -1 */
	bool copied;      /* the directory is not the one that SANDBOX_INODE names: a copy. conf.id and conf.inode are new ones already;
			     they last when conf is saved. Who starts it notes it as a user of its template */
	struct sandbox_conf conf; /* conf.name is what it was called when it was started: `start` sets it to name */
};

/* [A-Za-z0-9][A-Za-z0-9_.-]*, at most 64 bytes, and no engine's name. */
MUST int sandbox_check_name(const char *name, struct err *e);

/* Makes the tree with its directories (data and logs belong to place.data_uid) and takes the lock; conf is written by sandbox_save.
 * EEXIST: "sandbox dev exists already (postgres on port 5432): ...". Half-made ones of a killed create (no sandbox.conf, nobody holds
 * the lock) are replaced. On failure nothing is left. */
MUST int sandbox_claim(struct arena *a, const struct place *p, const char *name, struct sandbox *out, struct err *e);

/* Opens one. lock: take the exclusive lock (waits up to 60 s and says for whom). ENOENT names the nearest that there is, and the root. */
MUST int sandbox_open(struct arena *a, const struct place *p, const char *name, bool lock, struct sandbox *out, struct err *e);
/* As sandbox_open with the lock, for what a killed create or destroy left: a tree without a sandbox.conf, or with a damaged one (*damaged),
 * is no error, and conf is empty then. ENOENT: nothing there. EINVAL: a directory that is no sandbox's. */
MUST int sandbox_open_ruins(struct arena *a, const struct place *p, const char *name, struct sandbox *out, bool *damaged, struct err *e);
/* The same without the lock, to look at it: conf stays empty. */
MUST int sandbox_open_left(struct arena *a, const struct place *p, const char *name, struct sandbox *out, struct err *e);
/* A struct sandbox that holds nothing; closing it is harmless. */
void sandbox_init(struct sandbox *s);
void sandbox_close(struct sandbox *s);

/* Writes sandbox.conf (temporary file + rename). */
MUST int sandbox_save(const struct sandbox *s, struct err *e);

/* Writes a file of the tree at once (temporary + rename), owned by the tree's owner: "config/capabilities.json". */
MUST int sandbox_write(const struct sandbox *s, const char *path, const char *bytes, size_t n, uint32_t mode, struct err *e);
/* A symbolic link of the tree, in the same way: "bin/activate" to "../activate". */
MUST int sandbox_link(const struct sandbox *s, const char *path, const char *target, struct err *e);
MUST int sandbox_read(struct arena *a, const struct sandbox *s, const char *path, char **bytes, size_t *n, struct err *e);

/* The names of the sandboxes below the root, sorted, half-made ones too; a root that does not exist has none. */
MUST int sandbox_names(struct arena *a, const struct place *p, struct strs *out, struct err *e);

/* How many directories of the place belong to another user, who keeps us out of them; *uid: the first one's owner. */
size_t sandbox_kept_from_us(struct arena *a, const struct place *p, uint32_t *uid);
/* Deletes the tree (never follows a link, never leaves the file system); the lock is held. The last act of destroy. */
MUST int sandbox_remove(struct sandbox *s, struct err *e);

/* "sb-NAME-ID": the id of its container in the state root. Under sudo "sb+UID-NAME-ID": NAME and ID are what the owner of the tree wrote
 * there, and may not lead to another user's container. */
const char *sandbox_container_id(struct arena *a, const struct sandbox *s);
/* Is it one of these? */
bool sandbox_is_container_id(const char *id);
/* Its directory of sockets: place.sockets/ID. */
const char *sandbox_socket_dir(struct arena *a, const struct sandbox *s);
/* Makes it (0700, data_uid's) and the directory above it, which belongs to who runs us. */
MUST int sandbox_make_socket_dir(struct arena *a, const struct sandbox *s, struct err *e);
/* Deletes it with what is in it; harmless when there is none. */
MUST int sandbox_drop_socket_dir(struct arena *a, const struct sandbox *s, struct err *e);

/* 8 hexadecimal digits; n characters of [A-Za-z0-9] for passwords. */
MUST int sandbox_new_id(struct arena *a, const char **out, struct err *e);
MUST int sandbox_new_password(struct arena *a, const char **out, struct err *e);

#endif
