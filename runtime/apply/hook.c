/* hook.c - runs the hooks of the config (config.md "POSIX-platform Hooks"), in the runtime or in init.
 * The state goes to standard input; arguments and environment are exactly what the config says. Must not allocate in init. */
#include "apply/ops.h"
#include "apply/spawn.h"
#include "sys/sys.h"
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Does it run in init? */
static bool in_init(enum stage stage)
{
	return stage == STAGE_INSIDE || stage == STAGE_CONTAINER || stage == STAGE_START;
}

static int describe(const struct step_hook *h, const struct spawned *out, struct err *e)
{
	char ending[80];

	if (out->timed_out)
		fail(e, ETIMEDOUT, "%s ran past its timeout of %" PRId64 " s and was killed", h->path, h->timeout);
	else
		fail(e, ECHILD, "%s (%s)", spawn_ending(out, ending, sizeof ending), h->path);
	if (out->said_n) {
		struct err why = *e;

		fail(e, why.code, "%s, stderr: %s", why.text, out->said);
	}
	return -e->code;
}

/* pid 0: none to tell. */
static int run_hook(const struct step_hook *h, const struct state_text *state, pid_t pid, int null, struct err *e)
{
	char number[24] = "";
	struct spawn s = {
		.path = h->path, .argv = h->args.v, .envp = h->env.v, .null = null, .timeout = h->timeout,
		.in = { state->head, h->status, "\"", number, state->tail },
	};
	struct spawned out;
	int r;

	if (pid)
		snprintf(number, sizeof number, ",\"pid\":%d", pid);
	r = spawn_wait(&s, &out, e);
	if (r >= 0 && (out.timed_out || !WIFEXITED(out.status) || WEXITSTATUS(out.status) != 0))
		r = describe(h, &out, e);
	if (r < 0)
		return fail_in(e, "error running %s hook #%zu", h->stage, h->index);
	return 0;
}

int op_hook_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)slot;
	if (!s->hook.path || s->hook.path[0] != '/')
		return fail(e, EINVAL, "error running %s hook #%zu: its path \"%s\" is not absolute", s->hook.stage, s->hook.index,
			    s->hook.path ? s->hook.path : "");
	if (!r->state.head || !r->state.tail)
		return fail(e, EINVAL, "internal error: no state for hooks");
	return 0;
}

int op_hook(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct step_hook h = s->hook;

	(void)slot;
	h.env.v = program_env(r, h.env.v);
	return run_hook(&h, &r->state, in_init(s->stage) ? getpid() : r->pid, r->dev_null, e);
}

int apply_hooks(struct arena *a, const struct state_text *state, const struct step_hook *hooks, size_t n, pid_t pid, struct err *e)
{
	size_t i;
	int null;

	(void)a;
	if (!n)
		return 0;
	null = sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	if (null < 0)
		return fail_sys(e, null, "/dev/null");
	AUTO_FD int fd = null;
	for (i = 0; i < n; i++)
		TRY(run_hook(&hooks[i], state, pid, fd, e));
	return 0;
}
