/* print.c - a plan for a person's eye: `wasirun plan`, --debug and the golden tests.
 * Must stay stable: scripts and tests compare it. What a step says of itself is in print_steps.c. */
#include "plan/print.h"
#include "plan/plan.h"

static const struct {
	const char *stage, *process;
} stages[] = {
	[STAGE_PREPARE] = { "prepare", "the runtime" },
	[STAGE_CLONE] = { "clone", "the runtime" },
	[STAGE_OUTSIDE] = { "outside", "the runtime, while init waits" },
	[STAGE_INSIDE] = { "inside", "init, before pivot_root" },
	[STAGE_HOOKS] = { "hooks", "the runtime, while init waits" },
	[STAGE_CONTAINER] = { "container", "init; then it waits for start" },
	[STAGE_START] = { "start", "init, which becomes the program" },
	[STAGE_POSTSTART] = { "poststart", "the runtime, while the program runs" },
};

void plan_print_step(struct text *t, const struct step *s)
{
	text_str(t, plan_op_name(s->op));
	plan_show(t, s);
	if (s->soft)
		text_str(t, " (may fail)");
	if (s->at[0]) {
		text_str(t, "  [");
		text_visible(t, s->at);
		text_str(t, "]");
	}
}

void plan_print(struct text *t, const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->steps.n; i++) {
		const struct step *s = &p->steps.v[i];

		if (i == 0 || s->stage != p->steps.v[i - 1].stage)
			text_fmt(t, "%s (%s)\n", stages[s->stage].stage, stages[s->stage].process);
		text_str(t, "  ");
		plan_print_step(t, s);
		text_str(t, "\n");
	}
	for (i = 0; i < p->warnings.n; i++) {
		text_str(t, "warning: ");
		text_visible(t, p->warnings.v[i]);
		text_str(t, "\n");
	}
}
