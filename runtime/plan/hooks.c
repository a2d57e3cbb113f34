/* hooks.c - the hooks of the configuration, each in the stage and process that runtime.md gives it.
 * Must not run poststop hooks: they belong to `delete`. */
#include "plan/build.h"

static void add_list(struct build *b, const hook_list *list, const char *name, enum stage stage, const char *status, const struct strs *env)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct hook *h = &list->v[i];
		struct step_hook s = { .stage = name, .index = i, .path = h->path, .args = h->args, .env = h->env, .status = status };

		if (!s.args.n)
			plan_push(b->a, &s.args, h->path);
		if (!h->env.v && env)
			s.env = *env;
		s.timeout = h->timeout.set ? h->timeout.v : 0;
		plan_add(b, STEP_HOOK, stage, plan_at(b, "/hooks/%s/%zu", name, i))->hook = s;
	}
}

void plan_hooks(struct build *b, enum stage stage)
{
	const struct hooks *h = b->c->hooks;

	if (!h)
		return;
	if (stage == STAGE_HOOKS) {
		add_list(b, &h->prestart, "prestart", stage, "creating", NULL);
		add_list(b, &h->create_runtime, "createRuntime", stage, "creating", NULL);
	} else if (stage == STAGE_CONTAINER) {
		add_list(b, &h->create_container, "createContainer", stage, "creating", NULL);
	} else if (stage == STAGE_START) {
		/* without an environment of its own a hook in the container gets the program's: no document says so, but engines
		 * have relied on it with runc */
		add_list(b, &h->start_container, "startContainer", stage, "created", &b->p->env);
	} else if (stage == STAGE_POSTSTART) {
		add_list(b, &h->poststart, "poststart", stage, "running", NULL);
	}
}
