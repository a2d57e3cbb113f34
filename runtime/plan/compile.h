/* compile.h - the capability manifest to OCI configuration, and what OCI has no words for. Pure: same input, same bytes. */
#ifndef WASIRUN_PLAN_COMPILE_H
#define WASIRUN_PLAN_COMPILE_H

#include "oci/config.h"
#include "oci/manifest.h"
#include "plan/host.h"

/* A place that the sandbox has whatever its manifest says: where a server's data are. */
struct command_mount {
	const char *inside, *source;
	bool writable;
	const char *lower, *work; /* overlayfs: source is its upper directory; NULL = a bind */
};

/* What the manifest does not say: the program, who calls, and what there is on this machine. */
struct command {
	struct strs args;
	struct strs environment;       /* of the caller, "NAME=value": environment_pass takes from it, TERM and LANG too */
	const char *cwd;               /* of the caller; the program's where the manifest says nothing and grants it. NULL = "/" */
	const char *home;              /* of the caller, or NULL */
	bool terminal;
	uint32_t uid, gid;             /* the user for whom this is done: the caller, or who called sudo */
	uint32_t ids_base;             /* privileged: first of the 65536 ids of the host that are the sandbox's */
	bool ephemeral;                /* the root is a tmpfs that init makes; false: the directory rootfs of the bundle, id 0 mapped */
	const char *bundle;            /* absolute; NULL = none: what needs a place on disk is an error */
	const char *seccomp;           /* contents of the file of syscalls.profile "file:PATH" */
	size_t seccomp_n;
	LIST(struct command_mount) mounts; /* instead of what the manifest says of the same place */
	path_facts facts;              /* of those of compile_paths that exist, in any order */
};

/* What a configuration cannot say. Travels in the annotation org.wasirun.grants. */
struct grants {
	char *landlock;          /* "require", "auto", "off"; NULL = off */
	struct strs read, write; /* paths inside; what is writable is readable */
	struct strs execute;     /* v == NULL: whatever is readable */
	struct strs listen, connect; /* endpoints in canonical words: "tcp://127.0.0.1:5432" */
	struct opt_uint timeout; /* milliseconds */
	struct opt_uint output;  /* bytes of both streams together */
	bool no_tcp;             /* no TCP bind and connect at all: the network namespace may be somebody else's */
	bool tmpfs_root;         /* root.path is not looked at: the root is an empty tmpfs */
};
#define ANNOTATION_GRANTS "org.wasirun.grants"
#define ANNOTATION_SECCOMP "org.wasirun.seccomp"   /* one more seccomp object, loaded after linux.seccomp */
#define ANNOTATION_MANIFEST "org.wasirun.manifest" /* path of a manifest that cuts the configuration down */

/* Reads the annotation; *out is empty where there is none. */
MUST int grants_read(struct arena *a, const struct config *c, struct grants *out, struct err *e);
MUST int grants_parse(struct arena *a, const char *text, struct grants *out, struct err *e);
/* Beside those that are there: each is enforced. */
void grants_write(struct arena *a, const struct grants *g, struct config *c);

/* Is key name, or name with a number behind it? */
bool annotation_is(const char *key, const char *name);
/* One more annotation of that name: "name", "name.2" ... */
void config_annotate_more(struct arena *a, struct config *c, const char *name, const char *value);

/* The paths of the host that the compilation needs to know about. */
struct strs compile_paths(struct arena *a, const struct manifest *m);

/* Errors name the line of the manifest (e->at). */
MUST int manifest_compile(struct arena *a, const struct manifest *m, const struct host *h, const struct command *c, struct config *out,
			  struct grants *grants, struct err *e);

/* Puts key=value into the annotations, replacing one that is there. */
void config_annotate(struct arena *a, struct config *c, const char *key, const char *value);

/* Cuts a configuration that an engine made down to what the manifest allows (narrow.c). what: the manifest's name, for messages.
 * Never adds a right. Errors name the property, and hold the line that would grant it. */
MUST int manifest_narrow(struct arena *a, const struct manifest *m, const char *what, const struct command *c, struct config *config,
			 struct err *e);

/* narrow.c, compile_process.c share: the profile that the manifest names, as an OCI object; NULL in *out: unconfined. */
MUST int compile_seccomp(struct arena *a, const struct manifest *m, const struct command *c, bool no_network, struct seccomp **out,
			 struct err *e);

#endif
