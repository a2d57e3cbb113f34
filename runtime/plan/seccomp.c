/* seccomp.c - the filter as the configuration words it: names stay names, actions become the kernel's numbers.
 * Must not know system call numbers: apply/ compiles, and passes over names that its library does not know. */
#include "plan/build.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U
#endif
#define FLAG_SPEC_ALLOW 4u
#define MAX_ERRNO 4095
#define MAX_ARGS 6

static const char at_root[] = "/linux/seccomp";

/* The action's number with its data. ret: errnoRet, for the actions that take one. */
static int action(int word, const struct opt_uint *ret, const char *at, uint32_t *out, struct err *e)
{
	const struct word *w = &words_seccomp_action.v[word];
	bool takes = w->kind == 1;
	uint64_t data = ret->set ? ret->v : EPERM;

	if (!takes && ret->set)
		return plan_fail(e, EINVAL, at, "%s returns no error number", w->name);
	if (takes && data > (w->value == SECCOMP_RET_ERRNO ? MAX_ERRNO : SECCOMP_RET_DATA))
		return plan_fail(e, EINVAL, at, "%llu is too large for an error number", (unsigned long long)data);
	*out = (uint32_t)w->value | (takes ? (uint32_t)data : 0);
	return 0;
}

static int add_args(struct build *b, const struct seccomp_rule *r, const char *at, struct seccomp_call *out, struct err *e)
{
	size_t i;

	for (i = 0; i < r->args.n; i++) {
		const struct seccomp_arg *a = &r->args.v[i];

		if (a->index.v >= MAX_ARGS)
			return plan_fail(e, EINVAL, plan_at(b, "%s/args/%zu/index", at, i), "a system call has arguments 0 to 5");
		*arena_push(b->a, &out->args) = (struct seccomp_cmp){ .index = (unsigned)a->index.v,
								       .op = (unsigned)words_seccomp_op.v[a->op].value,
								       .a = a->value.v,
								       .b = a->value_two.v };
	}
	return 0;
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
		struct seccomp_call call = { .names = r->names };

		TRY(action(r->action, &r->errno_ret, plan_at(b, "%s/errnoRet", at), &call.action, e));
		TRY(add_args(b, r, at, &call, e));
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
	if (is_set(c->listener_metadata) && !is_set(c->listener_path))
		return plan_fail(e, EINVAL, plan_at(b, "%s/listenerMetadata", at_root), "metadata without listenerPath has nobody to go to");
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

int plan_seccomp(struct build *b, struct err *e)
{
	const struct seccomp *c = b->l->seccomp;
	struct step_seccomp s = { .flags = 0 };
	bool notify = false;
	size_t i;

	if (!c)
		return 0;
	TRY(action(c->default_action, &c->default_errno_ret, plan_at(b, "%s/defaultErrnoRet", at_root), &s.default_action, e));
	if (s.default_action == SECCOMP_RET_USER_NOTIF)
		return plan_fail(e, EINVAL, plan_at(b, "%s/defaultAction", at_root), "SCMP_ACT_NOTIFY cannot be used as default action");
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
