/* plan.c - `plan`: what create would do, without doing it.
 * Must not change anything nor need any privilege. */
#include "plan/plan.h"
#include "apply/probe.h"
#include "store/files.h"
#include "verb/make.h"
#include <errno.h>
#include <string.h>

struct options {
	const char *config, *id, *json, *no_pivot, *no_new_keyring;
	const char *bundle;
};
static const struct opt opts[] = {
	{ "bundle", 'b', OPT_VALUE, "DIR", "the bundle's directory (default: the current one)", offsetof(struct options, bundle) },
	{ "config", 'f', OPT_VALUE, "FILE", "read this instead of config.json of the bundle", offsetof(struct options, config) },
	{ "id", 0, OPT_VALUE, "CONTAINER", "the id to plan with (default: the bundle's name)", offsetof(struct options, id) },
	{ "json", 0, OPT_FLAG, NULL, "as JSON: an array of steps", offsetof(struct options, json) },
	{ "no-pivot", 0, OPT_FLAG, NULL, "as for create", offsetof(struct options, no_pivot) },
	{ "no-new-keyring", 0, OPT_FLAG, NULL, "as for create", offsetof(struct options, no_new_keyring) },
	{ NULL },
};

static const char *const stages[] = {
	[STAGE_PREPARE] = "prepare",     [STAGE_CLONE] = "clone",         [STAGE_OUTSIDE] = "outside", [STAGE_INSIDE] = "inside",
	[STAGE_HOOKS] = "hooks",         [STAGE_CONTAINER] = "container", [STAGE_START] = "start",     [STAGE_POSTSTART] = "poststart",
};

static void print_json(struct text *t, const struct plan *p)
{
	struct json_out w = { .t = t, .indent = 2, .first = true };
	size_t i;

	json_open(&w, '[');
	for (i = 0; i < p->steps.n; i++) {
		struct text line = { .arena = t->arena };

		plan_print_step(&line, &p->steps.v[i]);
		json_open(&w, '{');
		json_key(&w, "stage");
		json_put_str(&w, stages[p->steps.v[i].stage]);
		json_key(&w, "op");
		json_put_str(&w, plan_op_name(p->steps.v[i].op));
		json_key(&w, "at");
		json_put_str(&w, p->steps.v[i].at ? p->steps.v[i].at : "");
		json_key(&w, "step");
		json_put_str(&w, text_get(&line));
		json_close(&w, '}');
	}
	json_close(&w, ']');
	text_str(t, "\n");
}

/* Any id will do to look at a plan. */
static const char *default_id(const char *bundle)
{
	const char *name = strrchr(bundle, '/') + 1;
	struct err ignored;

	return store_check_id(name, &ignored) == 0 ? name : "container";
}

static int run(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct plan_options po = { .cgroup_manager = cgroup_manager(g), .no_pivot = o->no_pivot, .no_new_keyring = o->no_new_keyring };
	struct text t = { .arena = g->arena };
	const char *bundle, *id = o->id;
	struct config config;
	struct host host;
	struct plan plan;
	char *bytes;
	size_t n;

	if (id)
		TRY(store_check_id(id, e));
	TRY(bundle_read(g->arena, argc ? argv[0] : o->bundle ? o->bundle : ".", o->config, &bundle, &bytes, &n, e));
	TRY(config_decode(g->arena, bytes, n, o->config ? o->config : "config.json", &config, e));
	TRY(probe_host(g->arena, bundle, id ? id : default_id(bundle), &host, e));
	TRY(plan_create(g->arena, &config, &host, &po, &plan, e));
	if (o->json)
		print_json(&t, &plan);
	else
		plan_print(&t, &plan);
	return file_print(text_get(&t), t.n, e);
}

const struct verb verb_plan = {
	.name = "plan",
	.args = "[BUNDLE]",
	.summary = "print what create would do, step by step, without doing it",
	.details = "Each line is a step, with the property that it comes from.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.max_args = 1,
	.run = run,
};
