/* manifest.h - the capability manifest, version 1 (docs/manifest.md), as values.
 *
 * Decoding is two stages: rows give struct manifest_doc (what is written), normalising gives struct manifest (what is granted): the
 * short and the full form, units, endpoints, paths and variables all become one shape. Everything absent grants nothing. Pure. */
#ifndef WASIRUN_OCI_MANIFEST_H
#define WASIRUN_OCI_MANIFEST_H

#include "oci/prop.h"
#include "oci/value.h"

enum access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_COW = 4,
	ACCESS_DENY = 8,
};

/* One granted, or denied, path. Sorted by path; the most specific one wins, on a tie deny does. */
struct path_grant {
	const char *host;   /* absolute path on the host, links resolved by the caller (not here) */
	const char *inside; /* absolute path inside the sandbox */
	unsigned access;
	const char *at;     /* JSON pointer of the line that says so */
};

enum endpoint_kind { ENDPOINT_TCP, ENDPOINT_UDP, ENDPOINT_UNIX };
enum host_kind { HOST_ANY, HOST_V4, HOST_V6, HOST_NAME, HOST_WILDCARD_NAME };

struct port_range {
	uint16_t first, last;
};
struct endpoint {
	enum endpoint_kind kind;
	enum host_kind host;
	unsigned char address[16]; /* V4: the first 4 bytes */
	unsigned prefix;           /* CIDR bits; 32 or 128 for one address */
	const char *name;          /* NAME: "api.example.com", lower case; UNIX: the path */
	LIST(struct port_range) ports;
	const char *at, *text;     /* where it stands, and as it was written */
};

struct secret {
	const char *name;
	uint64_t generate;  /* characters; 0 = not generated */
	const char *value, *file; /* one of them, or NULL */
	bool env;           /* exported as a variable too */
};

struct tmpfs_grant {
	const char *path;
	uint64_t size;      /* bytes */
	const char *at;
};

enum fs_root { ROOT_EMPTY, ROOT_HOST_RO, ROOT_DIR, ROOT_OCI, ROOT_TAR };

struct manifest {
	const char *sandbox;    /* name, or NULL */
	LIST(struct endpoint) listen, connect;
	bool network_host;      /* "network": "host" */
	enum fs_root root;
	const char *root_path;  /* DIR, OCI, TAR */
	LIST(struct path_grant) paths;
	LIST(struct tmpfs_grant) tmpfs;
	struct opt_uint memory, swap, pids, disk, files, output; /* bytes or counts */
	struct opt_uint cpu_milli;  /* thousandths of a core */
	struct opt_uint timeout_ms;
	struct opt_uint uid, gid;
	const char *cwd;
	struct ints capabilities;   /* words_capability */
	bool exec_any;
	struct strs exec;           /* when not exec_any */
	bool namespaces_allowed;
	const char *syscalls_profile; /* "default" "database" "code" "strict" "unconfined" "file:PATH" */
	struct strs syscalls_allow, syscalls_deny;
	bool syscalls_kill;         /* action: kill instead of errno */
	const char *landlock;       /* "require" "auto" "off" */
	struct strs devices;
	struct kvs environment;
	struct strs environment_pass;
	LIST(struct secret) secrets;
	struct strs from_defaults;  /* JSON pointers of limits that stand only in a profile's defaults */
};
#endif
