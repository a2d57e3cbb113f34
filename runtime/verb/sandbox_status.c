/* sandbox_status.c - `sandbox status` and `sandbox logs`: how one is.
 * Must not change anything. */
#include "base/fd.h"
#include "sandbox/follow.h"
#include "store/files.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The exit codes of an init script's status (Linux Standard Base, "Init Script Actions"). */
#define STATUS_RUNS 0
#define STATUS_STOPS 3
#define STATUS_UNKNOWN 4

static int status(struct globals *g, const void *opts, int argc, char **argv, struct err *e)
{
	const struct sandbox_common *o = opts;
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	struct place p;
	struct view v;
	int code;

	(void)argc;
	TRY(sandbox_place(g, o, &p, e));
	TRY(view_open(g, &p, argv[0], &v, e));
	code = v.up || !strcmp(v.state, "dir") ? STATUS_RUNS : v.whole ? STATUS_STOPS : STATUS_UNKNOWN;
	if (o->json) {
		json_open(&w, '{');
		view_json(g->arena, &w, &v);
		json_close(&w, '}');
		text_str(&t, "\n");
	} else {
		view_line(g->arena, &t, &v);
	}
	view_close(&v);
	TRY(file_print_foreign(text_get(&t), t.n, e));
	return code;
}

static const struct opt status_opts[] = { SANDBOX_READING_ROWS, { NULL } };
const struct verb verb_sandbox_status = {
	.name = "status",
	.args = "NAME",
	.summary = "say in a line how a sandbox is",
	.details = "Exit code 0: it runs; 3: it does not; 4: there is no such sandbox, or it is damaged.",
	.opts = status_opts,
	.opts_size = sizeof(struct sandbox_common),
	.min_args = 1,
	.max_args = 1,
	.run = status,
	.failure = STATUS_UNKNOWN,
};

struct logs_options {
	struct sandbox_common common;
	const char *follow, *lines;
};

static int logs(struct globals *g, const void *opts, int argc, char **argv, struct err *e)
{
	const struct logs_options *o = opts;
	int64_t lines = -1;
	struct place p;
	struct view v;
	int r;

	(void)argc;
	if (o->lines && strcmp(o->lines, "all") != 0) {
		lines = view_number(o->lines);
		if (lines < 0)
			return fail(e, EINVAL, "--lines %.40s: a number, or all", o->lines);
	}
	TRY(sandbox_place(g, &o->common, &p, e));
	TRY(view_open(g, &p, argv[0], &v, e));
	r = follow_log(&v.s, lines, o->follow != NULL, -1, e);
	view_close(&v);
	return r;
}

static const struct opt logs_opts[] = {
	SANDBOX_ROWS,
	{ "follow", 'f', OPT_FLAG, NULL, "go on with what is added, until ^C", offsetof(struct logs_options, follow) },
	{ "lines", 'n', OPT_VALUE, "N", "only the last N lines (default: all)", offsetof(struct logs_options, lines) },
	{ NULL },
};
const struct verb verb_sandbox_logs = {
	.name = "logs",
	.args = "NAME",
	.summary = "print what a sandbox's server said",
	.opts = logs_opts,
	.opts_size = sizeof(struct logs_options),
	.min_args = 1,
	.max_args = 1,
	.run = logs,
};
