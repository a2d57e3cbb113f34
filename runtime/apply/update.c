/* update.c - carries out a plan that makes no process.
 * Must not undo: the container ran with these limits before, and half of them may be what lets it live. */
#include "apply/update.h"
#include "apply/executor.h"

int apply_update(struct run *r, struct err *e)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (ops[s->op].prepare && ops[s->op].prepare(r, s, &r->slots[i], e) < 0)
			return fail_at(e, s->at);
		TRY(run_step(r, i, false, e));
	}
	return 0;
}
