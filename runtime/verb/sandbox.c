/* sandbox.c - `sandbox`: the group of commands about database sandboxes.
 * Must not hold anything but the table: each command is a file of its own, sandbox_NAME.c. */
#include "verb/sandbox.h"

/* A subcommand is added here when all that it calls exists. */
extern const struct verb verb_sandbox_create, verb_sandbox_start, verb_sandbox_stop, verb_sandbox_restart, verb_sandbox_run,
	verb_sandbox_up, verb_sandbox_with, verb_sandbox_exec, verb_sandbox_shell, verb_sandbox_client;
extern const struct verb verb_sandbox_list, verb_sandbox_inspect, verb_sandbox_status, verb_sandbox_logs, verb_sandbox_destroy,
	verb_sandbox_prune;
extern const struct verb verb_sandbox_env, verb_sandbox_activate, verb_sandbox_init;
extern const struct verb verb_sandbox_snapshot, verb_sandbox_restore, verb_sandbox_clone, verb_sandbox_reset, verb_sandbox_template;
const struct verb *const sandbox_verbs[] = {
	&verb_sandbox_create, &verb_sandbox_up, &verb_sandbox_start, &verb_sandbox_stop, &verb_sandbox_restart, &verb_sandbox_run,
	&verb_sandbox_with, &verb_sandbox_exec, &verb_sandbox_shell, &verb_sandbox_client,
	&verb_sandbox_list, &verb_sandbox_inspect, &verb_sandbox_status, &verb_sandbox_logs,
	&verb_sandbox_env, &verb_sandbox_activate,
	&verb_sandbox_snapshot, &verb_sandbox_restore, &verb_sandbox_clone, &verb_sandbox_reset, &verb_sandbox_template,
	&verb_sandbox_destroy, &verb_sandbox_prune, &verb_sandbox_init,
	NULL,
};

/* --json is for those that have it: asked of the group it would be dropped silently by the others. */
static const struct opt opts[] = { SANDBOX_ROWS, { NULL } };

const struct verb verb_sandbox = {
	.name = "sandbox",
	.args = "COMMAND [ARG...]",
	.summary = "databases in sandboxes: create, start, connect, snapshot, destroy",
	.details = "A sandbox is a directory with a real PostgreSQL, MySQL, MariaDB or Redis that sees nothing but it.\n"
		   "   `sandbox up postgres dev` makes one and starts it; `sandbox with postgres -- CMD` gives CMD one of its own.",
	.opts = opts,
	.opts_size = sizeof(struct sandbox_common),
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.makes_processes = true,
	.subs = sandbox_verbs,
};
