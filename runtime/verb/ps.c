/* ps.c - `ps`: the processes of a container, as the host sees them.
 * Must not read /proc for a table of its own: the host's ps knows what its options mean. */
#include "apply/capture.h"
#include "apply/cgroup.h"
#include "store/files.h"
#include "verb/make.h"
#include "verb/options.h"
#include <errno.h>
#include <string.h>

#define MAX_OUTPUT ((size_t)64 << 20)

struct options {
	const char *format;
};
static const struct opt opts[] = {
	{ "format", 'f', OPT_VALUE, "table|json", "table: through the host's ps; json: an array of pids",
	  offsetof(struct options, format) },
	{ NULL },
};

static int print_json(struct globals *g, const struct pids *pids, struct err *e)
{
	struct text t = { .arena = g->arena };
	size_t i;

	if (!pids->n)
		return file_print("null", 4, e);
	for (i = 0; i < pids->n; i++)
		text_fmt(&t, "%s%d", i ? "," : "[", pids->v[i]);
	text_str(&t, "]");
	return file_print(text_get(&t), t.n, e);
}

static bool is_in(const struct pids *pids, int64_t pid)
{
	size_t i;

	for (i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

/* The index of the word "PID" in the head line, or -1. */
static int pid_column(const char *line)
{
	int i;

	for (i = 0;; i++) {
		size_t n;

		line += strspn(line, " \t");
		n = strcspn(line, " \t\n");
		if (!n)
			return -1;
		if (n == 3 && !memcmp(line, "PID", 3))
			return i;
		line += n;
	}
}

/* The number in that column, -1 when there is none. */
static int64_t field(struct arena *a, const char *line, int column)
{
	struct err ignored;
	uint64_t pid;

	while (column-- > 0) {
		line += strspn(line, " \t");
		line += strcspn(line, " \t\n");
	}
	line += strspn(line, " \t");
	if (parse_number(arena_strn(a, line, strcspn(line, " \t\n")), INT32_MAX, "PID", &pid, &ignored) < 0)
		return -1;
	return (int64_t)pid;
}

static int print_table(struct globals *g, const struct pids *pids, char **args, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct strs argv = { 0 };
	char *out, *line, *end;
	int column = -1;
	size_t n;

	strs_append(g->arena, &argv, "ps");
	if (!*args)
		strs_append(g->arena, &argv, "-ef");
	for (; *args; args++)
		strs_append(g->arena, &argv, *args);
	TRY(capture(g->arena, argv.v, MAX_OUTPUT, &out, &n, e));
	for (line = out; *line; line = end) {
		end = strchrnul(line, '\n');
		end += *end == '\n';
		if (line == out) {
			column = pid_column(line);
			if (column < 0)
				return fail(e, EINVAL, "what ps prints has no PID column: choose other options");
			text_add(&t, line, (size_t)(end - line));
		} else if (is_in(pids, field(g->arena, line, column))) {
			text_add(&t, line, (size_t)(end - line));
		}
	}
	return file_print(text_get(&t), t.n, e);
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	const char *format = o->format ? o->format : "table";
	struct pids pids = { 0 };
	struct opened x;
	int r;

	(void)argc;
	TRY(store_check_id(argv[0], e));
	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		return fail(e, EINVAL, "invalid format option \"%.40s\": table or json", format);
	r = lifecycle_load(g, argv[0], false, &x, e);
	if (r == 0)
		r = cgroup_pids(g->arena, &x.c.record.cgroup_paths, &pids, e);
	if (r == 0 && x.c.pidfd >= 0 && !pids.n) /* init at least would be there */
		r = fail(e, EOPNOTSUPP, "container %s runs without a cgroup: its processes are not known", argv[0]);
	lifecycle_close(&x);
	if (r < 0)
		return r;
	return !strcmp(format, "json") ? print_json(g, &pids, e) : print_table(g, &pids, argv + 1, e);
}

const struct verb verb_ps = {
	.name = "ps",
	.args = "CONTAINER [PS OPTION...]",
	.summary = "list the processes of a container",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.stop_at_first = true,
	.run = run,
};
