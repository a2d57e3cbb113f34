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

/* One granted, or denied, path. In the order of `inside`, a directory before what is below it, each path once: what the documents say of
 * one path is added up here, and on a tie deny wins (access is ACCESS_DENY alone then). What is writable is readable too: a mount
 * knows no other way. manifest_access() finds the most specific one. */
struct path_grant {
	const char *host;   /* absolute path on the host, links resolved by the caller (not here) */
	const char *inside; /* absolute path inside the sandbox: another one only for /sandboxes/NAME/... */
	unsigned access;
	const char *at;     /* JSON pointer of the line that says so; "profile:web#/..." or "FILE#/..." when an include says it */
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
	const char *name;          /* NAME: "api.example.com", lower case; WILDCARD_NAME: without "*."; UNIX: the path on the host */
	const char *inside;        /* UNIX: the path inside the sandbox */
	LIST(struct port_range) ports;
	const char *at, *text;     /* where it stands, and the canonical way to write it: "tcp://10.0.0.0/8:80,8000-8099" */
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

/* What a document says anything about; for policies, which take away only there. */
enum manifest_says {
	SAYS_NETWORK = 1,
	SAYS_FILESYSTEM = 2, /* read, write, cow or deny */
	SAYS_CAPABILITIES = 4,
	SAYS_EXEC = 8,
	SAYS_NAMESPACES = 16,
	SAYS_LANDLOCK = 32,
	SAYS_SYSCALLS = 64,
	SAYS_DEVICES = 128,
	SAYS_PASS = 256,
};

/* Lists are sorted and hold everything once, so that one meaning has one shape. */
struct manifest {
	const char *sandbox;    /* name, or NULL */
	unsigned says;          /* enum manifest_says */
	LIST(struct endpoint) listen, connect;
	bool network_host;      /* "network": "host" */
	enum fs_root root;      /* EMPTY when nobody says (root_given) */
	bool root_given;
	const char *root_path;  /* DIR, OCI, TAR: absolute */
	LIST(struct path_grant) paths;
	LIST(struct tmpfs_grant) tmpfs;
	struct opt_uint memory, swap, pids, disk, files, output; /* bytes or counts */
	struct opt_uint cpu_milli;  /* thousandths of a core */
	struct opt_uint timeout_ms;
	struct opt_uint uid, gid;   /* both or neither */
	const char *cwd;            /* inside; NULL = "/" */
	struct ints capabilities;   /* words_capability */
	bool exec_any;
	LIST(struct path_grant) exec; /* when not exec_any; host and inside only */
	bool namespaces_allowed;
	const char *syscalls_profile; /* "default" "database" "code" "strict" "unconfined" "file:/PATH"; never NULL */
	struct strs syscalls_allow, syscalls_deny;
	bool syscalls_kill;         /* action: kill instead of errno */
	const char *landlock;       /* "require" "auto" "off"; never NULL */
	struct strs devices;        /* of null zero full random urandom tty; all six when nobody says, so v is never NULL */
	struct kvs environment;     /* sorted by name */
	struct strs environment_pass; /* "LANG", "LC_*" */
	LIST(struct secret) secrets;
	struct strs not_enforced;   /* of manifest_explain only: limits that somebody found not to hold here: "memory", "cpu", "pids" */
	struct strs from_defaults;  /* JSON pointers of limits that stand only in a profile's defaults: "/capabilities/resources/memory" */
};

/* One thing that is wrong with a document. */
struct manifest_error {
	unsigned document;     /* number of the file, in the order they were read */
	const char *file;
	unsigned line, column; /* from 1; 0 = the document as a whole */
	const char *at;        /* JSON pointer, "" = the document */
	const char *text;      /* what is wrong and what is allowed */
};
struct manifest_errors {
	LIST(struct manifest_error);
};

/* What a manifest may refer to but does not hold. */
struct manifest_context {
	const char *sandbox;     /* ${SANDBOX}: a name given on the command line; NULL = the document's own */
	const char *sandbox_dir; /* ${SANDBOX_DIR}, absolute; NULL = below sandboxes, by its name */
	const char *sandboxes;   /* the directory that holds the sandboxes, absolute, or NULL */
	const char *no_tree;     /* why there is none, and what to do about it; NULL = that depends on the document */
	const char *pwd, *home;  /* absolute, or NULL */
	struct opt_uint uid;
	const char *dir;         /* the directory of the document, absolute, for "./" and include; NULL = it came from a pipe */
	bool found;              /* nobody named it, it lay in the current directory: nothing in it may loosen */
	/* Reads a file that `include` names by its absolute path; NULL = files cannot be included. */
	int (*load)(void *ctx, struct arena *a, const char *path, char **bytes, size_t *n, struct err *e);
	void *load_ctx;
};

/* Decodes a document and what it includes. what: its name in messages. *errs: everything that is wrong (the first syntax error ends the
 * reading of a file), in the order of the files and, in each, of the lines. Returns 0, or -EINVAL (-E2BIG: over a limit) with
 * *e holding the first of errs and how many more there are. *out is complete only on success. */
MUST int manifest_decode(struct arena *a, const char *bytes, size_t n, const char *what, const struct manifest_context *ctx,
			 struct manifest *out, struct manifest_errors *errs, struct err *e);

/* The most specific grant that covers a path of the sandbox, or NULL: nothing was said about it. */
const struct path_grant *manifest_access(const struct manifest *m, const char *inside);

/* Takes away from *m what the policy does not grant, in what the policy speaks of (a policy without "network" leaves the network alone;
 * one with an empty "network" takes all of it). Nothing is ever added: what is left of two ranges is what they share, of two limits the
 * lower, of two paths what both allow, compared as paths of the host. Of two profiles of system calls the narrower; where neither is,
 * "strict". */
void manifest_restrict(struct arena *a, struct manifest *m, const struct manifest *policy);

/* The manifest as the full form: one meaning, one text. What it writes decodes to the same manifest; but a secret's value is
 * left out: it must be supplied again. */
void manifest_encode(struct json_out *w, const struct manifest *m);

/* Sizes, cores and durations in the shortest form the language reads: "256M", "1.5", "500ms". */
const char *manifest_size_text(struct arena *a, uint64_t bytes);
const char *manifest_cpu_text(struct arena *a, uint64_t milli);
const char *manifest_duration_text(struct arena *a, uint64_t ms);

/* What the process can do, and what holds it to that. */
struct manifest_fact {
	const char *what;  /* "/srv/data", "tcp://10.0.0.0/8:443", "256M of memory" */
	const char *note;  /* "./data on the host", or NULL */
	const char *by;    /* what enforces it */
	const char *at;    /* the line that grants it, or NULL */
};
struct manifest_section {
	const char *name;  /* read write hidden execute reach listen use */
	const char *title; /* for people */
	const char *none, *none_by; /* the words when there are no facts, and what enforces that (or NULL) */
	LIST(struct manifest_fact) facts;
};
struct manifest_sections {
	LIST(struct manifest_section);
};
void manifest_explain(struct arena *a, const struct manifest *m, struct manifest_sections *out);
/* As words, at most 80 columns. title: the file's name. */
void manifest_print(struct text *t, const struct manifest *m, const char *title);
/* The same for programs. */
void manifest_print_json(struct json_out *w, const struct manifest *m);

/* What changed from one manifest to another. */
enum manifest_turn { TURN_OTHER, TURN_MORE, TURN_LESS }; /* the second one grants more, or less */
struct manifest_change {
	const char *key;            /* "network.connect", "resources.memory" */
	const char *before, *after; /* NULL: it was not there, is not there */
	enum manifest_turn turn;
};
struct manifest_changes {
	LIST(struct manifest_change);
};
void manifest_diff(struct arena *a, const struct manifest *before, const struct manifest *after, struct manifest_changes *out);

/* The language's JSON Schema (2020-12), from the rows of the decoder. */
void manifest_schema(struct json_out *w);

/* The rows of a whole document, for documents and fuzzers that are made from them. */
extern const struct prop manifest_props[];

/* Documents compiled in from templates/: profiles (templates/profiles) that `include` names, and examples (templates/manifests). */
struct manifest_builtin {
	const char *name, *text;
};
extern const struct manifest_builtin manifest_profiles[], manifest_examples[]; /* sorted, ended by name NULL */
const struct manifest_builtin *manifest_builtin_find(const struct manifest_builtin *list, const char *name);
#endif
