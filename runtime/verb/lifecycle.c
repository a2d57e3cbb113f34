/* lifecycle.c - opening a container with its whole status, and its hooks.
 * Must not print. */
#include "verb/lifecycle.h"
#include "apply/cgroup.h"
#include "base/fd.h"
#include "base/log.h"
#include "oci/features.h"
#include "plan/plan.h"
#include "verb/options.h"
#include <errno.h>
#include <regex.h>

void opened_init(struct opened *o)
{
	o->store = (struct store){ .fd = -1 };
	container_init(&o->c);
}

void lifecycle_close(struct opened *o)
{
	container_close(&o->c);
	fd_close(&o->store.fd);
}

const char *status_name(enum status s)
{
	return words_status.v[s].name;
}

void lifecycle_refine(struct container *c)
{
	if (c->status != STATUS_RUNNING)
		return;
	if (!c->record.complete)
		c->status = STATUS_CREATING;
	else if (cgroup_frozen(&c->record.cgroup_paths))
		c->status = STATUS_PAUSED;
	else if (apply_waiting_for_start(c->dir))
		c->status = STATUS_CREATED;
}

int lifecycle_load(struct globals *g, const char *id, bool exclusive, struct opened *o, struct err *e)
{
	opened_init(o);
	TRY(store_check_id(id, e));
	TRY(store_open(g->arena, g->root, false, &o->store, e));
	TRY(store_load(g->arena, &o->store, id, exclusive, &o->c, e));
	lifecycle_refine(&o->c);
	return 0;
}

void log_plan(struct arena *a, const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->warnings.n; i++)
		log_warn("%s", p->warnings.v[i]);
	for (i = 0; log_debugging() && i < p->steps.n; i++) {
		struct text t = { .arena = a };

		plan_print_step(&t, &p->steps.v[i]);
		log_debug("step: %s", text_get(&t));
	}
}

void lifecycle_state_text(struct arena *a, const struct record *r, struct state_text *out)
{
	struct text head = { .arena = a }, tail = { .arena = a };
	size_t i;

	text_str(&head, "{\"ociVersion\":\"" OCI_VERSION "\",\"id\":");
	text_json(&head, r->id);
	text_str(&head, ",\"status\":\"");
	text_str(&tail, ",\"bundle\":");
	text_json(&tail, r->bundle ? r->bundle : ""); /* a damaged record has none */
	text_str(&tail, ",\"annotations\":{");
	for (i = 0; i < r->annotations.n; i++) {
		text_str(&tail, i ? "," : "");
		text_json(&tail, r->annotations.v[i].key);
		text_str(&tail, ":");
		text_json(&tail, r->annotations.v[i].value);
	}
	text_str(&tail, "}}");
	out->head = text_get(&head);
	out->tail = text_get(&tail);
}

void lifecycle_hooks(struct arena *a, const hook_list *hooks, const char *stage, const char *status, struct hook_steps *out)
{
	size_t i;

	out->n = hooks->n;
	out->v = arena_array(a, hooks->n + 1, sizeof *out->v);
	for (i = 0; i < hooks->n; i++) {
		const struct hook *h = &hooks->v[i];

		out->v[i] = (struct step_hook){
			.stage = stage,
			.index = i,
			.path = h->path,
			.args = h->args,
			.env = h->env,
			.timeout = h->timeout.set ? h->timeout.v : 0,
			.status = status,
		};
		if (!h->args.n)
			strs_append(a, &out->v[i].args, h->path);
	}
}

int lifecycle_match(struct globals *g, const char *regex, struct strs *out, struct err *e)
{
	struct store s;
	struct strs all;
	regex_t re;
	size_t i;

	*out = (struct strs){ 0 };
	TRY(store_open(g->arena, g->root, false, &s, e));
	TRY(store_list(g->arena, &s, &all, e));
	fd_close(&s.fd);
	if (regcomp(&re, regex, REG_EXTENDED | REG_NOSUB))
		return fail(e, EINVAL, "\"%.80s\" is not an extended regular expression", regex);
	for (i = 0; i < all.n; i++)
		if (regexec(&re, all.v[i], 0, NULL, 0) == 0)
			*arena_push(g->arena, out) = all.v[i];
	regfree(&re);
	return 0;
}
