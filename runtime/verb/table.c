/* table.c - the commands in the order of --help, and the global options.
 * Must not hold anything but the tables. */
#include "verb/help.h"
#include <stddef.h>

extern const struct verb verb_create, verb_start, verb_state, verb_kill, verb_delete, verb_run, verb_exec, verb_list, verb_ps, verb_pause,
	verb_resume, verb_update, verb_events, verb_spec, verb_features, verb_plan, verb_checkpoint, verb_restore, verb_help, verb_version,
	verb_introspect, verb_manifest, verb_guard, verb_sandbox;

const struct verb *const verbs[] = {
	&verb_create,     &verb_start,   &verb_run,  &verb_exec,    &verb_kill,    &verb_delete, &verb_state,   &verb_list,
	&verb_ps,         &verb_pause,   &verb_resume, &verb_update, &verb_events,  &verb_guard,    &verb_sandbox,
	&verb_manifest,   &verb_plan,    &verb_spec, &verb_features,
	&verb_checkpoint, &verb_restore, &verb_help, &verb_version, &verb_introspect, NULL,
};

const struct opt global_opts[] = {
	{ "root", 0, OPT_VALUE, "DIR", "the state root (default: /run/wasirun, or $XDG_RUNTIME_DIR/wasirun)",
	  offsetof(struct globals, root) },
	{ "log", 0, OPT_VALUE, "[file:]FILE|journald:ID|syslog:ID", "where messages go (default: standard error)",
	  offsetof(struct globals, log) },
	{ "log-format", 0, OPT_VALUE, "text|json", "format of a log file (default: text)", offsetof(struct globals, log_format) },
	{ "log-level", 0, OPT_VALUE, "error|warning|debug", "what is logged", offsetof(struct globals, log_level) },
	{ "debug", 0, OPT_FLAG, NULL, "log everything", offsetof(struct globals, debug) },
	{ "cgroup-manager", 0, OPT_VALUE, "cgroupfs|systemd|disabled", "who makes the cgroups (default: cgroupfs)",
	  offsetof(struct globals, cgroup_manager) },
	{ "systemd-cgroup", 0, OPT_FLAG, NULL, "the same as --cgroup-manager systemd", offsetof(struct globals, systemd_cgroup) },
	{ "rootless", 0, OPT_VALUE, "true|false|auto", "accepted; what is possible is found out", offsetof(struct globals, rootless) },
	{ "version", 'v', OPT_FLAG, NULL, "print the version", offsetof(struct globals, version) },
	{ "V", 'V', OPT_FLAG, NULL, NULL, offsetof(struct globals, version) },
	{ "criu", 0, OPT_VALUE, "FILE", NULL, offsetof(struct globals, obsolete) },
	{ NULL },
};
