/* manifest_doc.h - a manifest as it is written, and what the files of its decoder tell each other.
 *
 * Rows give struct manifest_doc; struct reader carries one document on its way to struct manifest. Whoever finds something wrong says so
 * with complain() and goes on: the reader wants to hear of all of it at once. */
#ifndef WASIRUN_OCI_MANIFEST_DOC_H
#define WASIRUN_OCI_MANIFEST_DOC_H

#include "oci/manifest.h"

struct network_doc {
	int mode;
	struct strs listen, connect;
};
struct filesystem_doc {
	char *root;
	struct strs read, write, cow, deny;
	const struct json *tmpfs;
};
struct resources_doc {
	const struct json *memory, *swap, *cpu, *disk, *timeout, *output;
	struct opt_uint pids, files;
};
struct lsm_doc {
	int landlock;
};
struct process_doc {
	const struct json *user, *exec;
	char *cwd;
	struct ints capabilities;
	int namespaces;
	struct lsm_doc *lsm;
};
struct syscalls_doc {
	char *profile;
	struct strs allow, deny;
	int action;
};
/* The full form holds it below "capabilities", the short one at the top. */
struct grants_doc {
	struct network_doc *network;
	struct filesystem_doc *filesystem;
	struct resources_doc *resources;
	struct process_doc *process;
	struct syscalls_doc *syscalls;
	struct ints devices;
};
struct secret_doc {
	char *key;
	struct opt_uint generate;
	char *value, *file;
	bool env;
};
struct manifest_doc {
	char *schema, *sandbox, *version;
	struct strs include;
	struct grants_doc *capabilities;
	struct network_doc *network;
	struct filesystem_doc *filesystem;
	struct resources_doc *resources;
	struct process_doc *process;
	struct syscalls_doc *syscalls;
	struct ints devices;
	struct kvs environment;
	struct strs environment_pass;
	LIST(struct secret_doc) secrets;
};

extern const struct words words_network_mode, words_namespaces_rule, words_landlock, words_syscalls_action, words_manifest_device;

/* How "root" begins, by enum fs_root; what ends in a colon is followed by a path. */
extern const char *const fs_root_names[5];

/* What all documents of one manifest share. */
struct gathering {
	struct arena *arena;
	const struct manifest_context *ctx;
	struct manifest *out;
	struct manifest_errors *errs;
	const char *sandbox;     /* its name, once known */
	const char *sandbox_dir; /* or NULL */
	unsigned documents;      /* read so far */
	bool devices_given;      /* a document has the list, if an empty one */
	unsigned by_author;      /* enum scalar bits: values that profiles may not replace */
};

/* What has one value: that of the including document wins, and an author's always over a profile's. */
enum scalar {
	SCALAR_NETWORK = 1,
	SCALAR_ROOT = 2,
	SCALAR_USER = 4,
	SCALAR_CWD = 8,
	SCALAR_EXEC = 16,
	SCALAR_NAMESPACES = 32,
	SCALAR_LANDLOCK = 64,
	SCALAR_SYSCALLS = 128,
	SCALAR_ACTION = 256,
	SCALAR_LIMITS = 512, /* the first of eight */
};

/* One document. */
struct reader {
	struct gathering *g;
	const char *what;   /* its name in messages */
	unsigned number;    /* of the document, for the order of errors */
	const char *prefix; /* of pointers: "", or "profile:web#" for what is included */
	const char *dir;    /* for "./", or NULL */
	bool profile;       /* compiled in: its limits are defaults, and it may say what it likes */
	bool found;         /* may not loosen */
	const char *bytes;
	size_t n;
	const struct json *tree;
	struct manifest_doc doc;
	const char *base;   /* "/capabilities", or "" in the short form */
	const struct reader *up; /* the document that includes this one */
};

/* Notes that something is wrong. at: the pointer in the document. */
void complain(struct reader *r, const char *at, const char *fmt, ...) PRINTF(3, 4);

/* A formatted pointer below the base. */
const char *pointer(struct reader *r, const char *fmt, ...) PRINTF(2, 3);

/* Where a thing stands, for `at` fields: the pointer with the document's prefix. */
const char *standing(struct reader *r, const char *at);

/* --- units (manifest_units.c). False: not understood; nothing has been said yet. */
bool read_size(const struct json *v, uint64_t *out);
bool read_cpu(const struct json *v, uint64_t *milli);
bool read_duration(const struct json *v, uint64_t *ms);

/* --- paths (manifest_path.c). False: complained. */
bool read_path(struct reader *r, const char *s, const char *at, struct path_grant *out);
/* Sorts g->out->paths and adds up what names the same path; complains about what contradicts itself. */
void paths_settle(struct reader *r);
/* The path with ${...} replaced, "./" and "~/" too, in its shortest spelling; NULL: complained. */
const char *expand_path(struct reader *r, const char *s, const char *at);
/* -1, 0, 1: a directory comes right before what is below it. */
int path_order(const char *a, const char *b);

/* --- endpoints (manifest_endpoint.c). False: complained. */
bool read_endpoint(struct reader *r, const char *s, const char *at, bool listen, struct endpoint *out);

/* The canonical way to write it. */
const char *endpoint_text(struct arena *a, const struct endpoint *p);
/* What two endpoints share; false: nothing. listen: 0.0.0.0 and [::] are wildcards. */
bool endpoint_share(struct arena *a, const struct endpoint *x, const struct endpoint *y, bool listen, struct endpoint *out);

/* --- sections (manifest_normal.c): what the document says, into g->out. */
void take_document(struct reader *r);

/* --- manifest_environment.c: variables and secrets. */
void take_environment(struct reader *r);

/* --- manifest_limits.c */
void take_resources(struct reader *r, const struct resources_doc *d);

/* --- manifest_trust.c: complains about what loosens in a document that nobody named. */
void check_trust(struct reader *r);

/* May this document set that value? */
bool may_set(struct reader *r, unsigned bit);

/* A string list with one more string, unless it is there. */
void strs_add_once(struct arena *a, struct strs *l, const char *s);

#endif
