/* sandbox_status.c - `sandbox status` and `sandbox logs`: how one is.
 * Must not change anything. */
#include "base/fd.h"
#include "sandbox/follow.h"
#include "store/files.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The exit codes of an init script's status (Linux Standard Base, "Init Script Actions"). */
#define STATUS_RUNS 0
#define STATUS_STOPS 3
#define STATUS_UNKNOWN 4

/* Asking changes nothing, so that it may be guessed who is meant: the activated one, or the only one there is. */
static int which(struct globals *g, const struct place *p, const char **name, struct err *e)
{
	const char *active = getenv("SANDBOX_NAME");
	struct strs names;

	TRY(sandbox_names(g->arena, p, &names, e));
	if (active && *active)
		*name = active;
	else if (names.n == 1)
		*name = names.v[0];
	else
		return fail(e, EINVAL, names.n ? "status NAME: there are %zu sandboxes in %s; `wasirun sandbox list` shows them" :
			    "status NAME: there are %zu sandboxes in %s", names.n, p->root);
	return 0;
}

static int status(struct globals *g, const void *opts, int argc, char **argv, struct err *e)
{
	const struct sandbox_common *o = opts;
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };
	const char *name = argc ? argv[0] : NULL;
	struct place p;
	struct view v;
	int code;

	TRY(sandbox_place(g, o, &p, e));
	if (!argc)
		TRY(which(g, &p, &name, e));
	TRY(view_open(g, &p, name, &v, e));
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
	.args = "[NAME]",
	.summary = "say in a line how a sandbox is",
	.details = "Without NAME: the activated one, or the only one there is. Exit code 0: it runs; 3: it does not;\n"
		   "   4: there is no such sandbox, or it is damaged.",
	.opts = status_opts,
	.opts_size = sizeof(struct sandbox_common),
	.max_args = 1,
	.run = status,
	.failure = STATUS_UNKNOWN,
};

struct logs_options {
	struct sandbox_common common;
	const char *follow, *lines, *tail;
};

static int logs(struct globals *g, const void *opts, int argc, char **argv, struct err *e)
{
	const struct logs_options *o = opts;
	const char *wanted = o->lines ? o->lines : o->tail;
	int64_t lines = -1;
	struct place p;
	struct view v;
	int r;

	(void)argc;
	if (o->lines && o->tail && strcmp(o->lines, o->tail) != 0)
		return fail(e, EINVAL, "--lines %.40s or --tail %.40s: which of them?", o->lines, o->tail);
	if (wanted && strcmp(wanted, "all") != 0) {
		lines = view_number(wanted);
		if (lines < 0)
			return fail(e, EINVAL, "--%s %.40s: a number, or all", o->lines ? "lines" : "tail", wanted);
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
	{ "tail", 0, OPT_VALUE, "N", "the same as --lines", offsetof(struct logs_options, tail) },
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
