/* seccomp.c - the filter as the configuration words it: names stay names, actions become the kernel's numbers.
 * Must not know system call numbers: apply/ compiles, and passes over names that its library does not know. */
#include "oci/json.h"
#include "plan/build.h"
#include "plan/compile.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U
#endif
#define FLAG_SPEC_ALLOW 4u

static const char at_root[] = "/linux/seccomp";

/* The action's number with its data. ret: errnoRet, for the actions that take one (EPERM when absent). */
static uint32_t action(int word, const struct opt_uint *ret)
{
	const struct word *w = &words_seccomp_action.v[word];

	return (uint32_t)w->value | (w->kind == 1 ? (uint32_t)(ret->set ? ret->v : EPERM) : 0);
}

static void add_args(struct build *b, const struct seccomp_rule *r, struct seccomp_call *out)
{
	size_t i;

	for (i = 0; i < r->args.n; i++) {
		const struct seccomp_arg *a = &r->args.v[i];

		*arena_push(b->a, &out->args) = (struct seccomp_cmp){
			.index = (unsigned)a->index.v, .op = (unsigned)words_seccomp_op.v[a->op].value, .a = a->value.v, .b = a->value_two.v
		};
	}
}

/* The listener is handed over with write and sendmsg: a process that has to ask for leave for these would wait for itself. */
static int check_notify(struct build *b, const struct seccomp_rule *r, const char *at, struct err *e)
{
	size_t i;

	for (i = 0; i < r->names.n; i++)
		if (strcmp(r->names.v[i], "write") == 0 || strcmp(r->names.v[i], "sendmsg") == 0)
			return plan_fail(e, EINVAL, plan_at(b, "%s/names/%zu", at, i), "SCMP_ACT_NOTIFY cannot be used for the %s syscall",
					 r->names.v[i]);
	return 0;
}

static int add_rules(struct build *b, const struct seccomp *c, struct step_seccomp *s, bool *notify, struct err *e)
{
	size_t i;

	for (i = 0; i < c->syscalls.n; i++) {
		const struct seccomp_rule *r = &c->syscalls.v[i];
		const char *at = plan_at(b, "%s/syscalls/%zu", at_root, i);
		struct seccomp_call call = { .names = r->names, .action = action(r->action, &r->errno_ret) };

		add_args(b, r, &call);
		if (call.action == SECCOMP_RET_USER_NOTIF) {
			*notify = true;
			TRY(check_notify(b, r, at, e));
		}
		*arena_push(b->a, &s->calls) = call;
	}
	return 0;
}

static int listener(struct build *b, const struct seccomp *c, bool notify, struct step_seccomp *s, struct err *e)
{
	if (!notify)
		return 0; /* the specification: then the path is ignored */
	if (!is_set(c->listener_path))
		return plan_fail(e, EINVAL, plan_at(b, "%s/listenerPath", at_root), "SCMP_ACT_NOTIFY needs a listener");
	s->listener_path = c->listener_path;
	s->listener_metadata = c->listener_metadata;
	return 0;
}

/* A call that is newer than the profile is answered "no such call", for which libraries have a way around; the default action would be
 * taken for a refusal. Not where the default lets calls pass, or says the same already. */
static bool needs_stub(uint32_t action_)
{
	uint32_t kind = action_ & SECCOMP_RET_ACTION_FULL;

	if (kind == SECCOMP_RET_ALLOW || kind == SECCOMP_RET_LOG || kind == SECCOMP_RET_TRACE)
		return false;
	return action_ != (SECCOMP_RET_ERRNO | ENOSYS);
}

static int add_filter(struct build *b, const struct seccomp *c, struct err *e)
{
	struct step_seccomp s = { .flags = 0 };
	bool notify = false;
	size_t i;

	s.default_action = action(c->default_action, &c->default_errno_ret);
	for (i = 0; i < c->architectures.n; i++)
		*arena_push(b->a, &s.archs) = (uint32_t)words_seccomp_arch.v[c->architectures.v[i]].value;
	if (!c->flags.v)
		s.flags = FLAG_SPEC_ALLOW;
	for (i = 0; i < c->flags.n; i++)
		s.flags |= (unsigned)words_seccomp_flag.v[c->flags.v[i]].value;
	TRY(add_rules(b, c, &s, &notify, e));
	TRY(listener(b, c, notify, &s, e));
	s.enosys_stub = needs_stub(s.default_action);
	plan_add(b, STEP_SECCOMP, STAGE_START, at_root)->seccomp = s;
	return 0;
}

/* A second filter can only take away from what the first one leaves. */
static int add_annotated(struct build *b, const struct kv *annotation, struct err *e)
{
	struct seccomp *c = arena_alloc(b->a, sizeof *c);
	struct json *v;
	int r;

	r = json_parse(b->a, annotation->value, strlen(annotation->value), JSON_MAX_CONFIG, annotation->key, &v, e);
	if (r == 0)
		r = prop_decode(b->a, seccomp_props, v, PROP_UNKNOWN_ERROR, "", c, e);
	if (r == 0)
		r = add_filter(b, c, e);
	if (r == 0)
		return 0;
	e->at[0] = 0;
	return fail_at(e, plan_at(b, "/annotations/%s", plan_at_key(b, annotation->key)));
}

int plan_seccomp(struct build *b, struct err *e)
{
	size_t i;

	if (b->l->seccomp)
		TRY(add_filter(b, b->l->seccomp, e));
	for (i = 0; i < b->c->annotations.n; i++)
		if (annotation_is(b->c->annotations.v[i].key, ANNOTATION_SECCOMP))
			TRY(add_annotated(b, &b->c->annotations.v[i], e));
	return 0;
}
