/* checkpoint.c - `checkpoint` and `restore`: their options are known (engines probe for them), the rest is not there yet.
 * Must not pretend: both say so and fail. */
#include "oci/value.h"
#include "verb/verb.h"
#include "store/store.h"
#include <errno.h>
#include <stddef.h>

struct options {
	const char *text; /* none of them is looked at */
	struct strs many;
};
#define FLAG(name, doc) { name, 0, OPT_FLAG, NULL, doc, offsetof(struct options, text) }
#define VALUE(name, arg, doc) { name, 0, OPT_VALUE, arg, doc, offsetof(struct options, text) }
#define MANY(name, arg, doc) { name, 0, OPT_MANY, arg, doc, offsetof(struct options, many) }

#define COMMON_ROWS                                                                   \
	VALUE("image-path", "DIR", "directory of the image files"),                   \
	VALUE("work-path", "DIR", "directory of logs and work files"),                \
	VALUE("parent-path", "DIR", "directory of the previous pre-dump"),            \
	FLAG("tcp-established", "keep open TCP connections"),                         \
	FLAG("tcp-skip-in-flight", "leave out connections that are being made"),      \
	FLAG("tcp-close", "close TCP connections"),                                   \
	FLAG("link-remap", "allow unlinked files"),                                   \
	FLAG("ext-unix-sk", "allow external unix sockets"),                           \
	FLAG("shell-job", "allow a job of a shell"),                                  \
	FLAG("file-locks", "keep file locks"),                                        \
	FLAG("lazy-pages", "transfer memory when it is used"),                        \
	FLAG("auto-dedup", "remove memory pages that are there twice"),               \
	VALUE("manage-cgroups-mode", "soft|full|strict|ignore", "what to do with cgroups"), \
	VALUE("network-lock", "METHOD", "how to lock the network"),                   \
	MANY("empty-ns", "NAMESPACE", "make it, but do not restore what was in it")

static const struct opt checkpoint_opts[] = {
	COMMON_ROWS,
	FLAG("leave-running", "let the container go on"),
	FLAG("pre-dump", "only the memory, and let the container go on"),
	VALUE("status-fd", "FD", "descriptor to tell progress to"),
	VALUE("page-server", "ADDRESS:PORT", "send memory pages there"),
	{ NULL },
};

static const struct opt restore_opts[] = {
	COMMON_ROWS,
	VALUE("console-socket", "PATH", "socket that is sent the master of the terminal"),
	{ "bundle", 'b', OPT_VALUE, "DIR", "the bundle's directory", offsetof(struct options, text) },
	{ "detach", 'd', OPT_FLAG, NULL, "return when the program runs", offsetof(struct options, text) },
	VALUE("pid-file", "FILE", "write the pid of init there"),
	FLAG("no-subreaper", "do not adopt orphans of the container"),
	FLAG("no-pivot", "do not use pivot_root"),
	VALUE("lsm-profile", "TYPE:PROFILE", "LSM profile of the processes"),
	VALUE("lsm-mount-context", "CONTEXT", "LSM context of the mounts"),
	{ NULL },
};

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	(void)g, (void)opts_v, (void)argc;
	TRY(store_check_id(argv[0], e));
	return fail(e, EOPNOTSUPP, "checkpoint and restore are not supported yet");
}

const struct verb verb_checkpoint = {
	.name = "checkpoint",
	.args = "CONTAINER",
	.summary = "save a running container (not supported yet)",
	.opts = checkpoint_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};

const struct verb verb_restore = {
	.name = "restore",
	.args = "CONTAINER",
	.summary = "restore a container from a checkpoint (not supported yet)",
	.opts = restore_opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
