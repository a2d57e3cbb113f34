/* seccomp.c - the profile's program in the kernel (security.md section 3).
 *
 * It is compiled in the runtime, before clone, or comes from the cache: init only makes the system call that loads it. Must not go on
 * without it in any case. */
#include "apply/seccomp.h"
#include "apply/ops.h"
#include "base/log.h"
#include "sys/sys.h"
#include <string.h>

#define FLAGS_KNOWN (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | FLAG_WAIT_KILLABLE)
#define FLAG_WAIT_KILLABLE (1U << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 5.19 */

#define ACTION(x) ((x) & SECCOMP_RET_ACTION_FULL)

struct loadable {
	struct sock_fprog program;
	unsigned flags;
	struct notify *notify;
};

/* With a NULL program a known flag is answered with EFAULT, an unknown one with EINVAL. */
bool seccomp_flag_supported(unsigned flag)
{
	unsigned with = flag == FLAG_WAIT_KILLABLE ? flag | SECCOMP_FILTER_FLAG_NEW_LISTENER : flag;

	return sys_seccomp(SECCOMP_SET_MODE_FILTER, with, NULL) == -EFAULT;
}

static bool notifies(const struct step_seccomp *s)
{
	size_t i;

	for (i = 0; i < s->calls.n; i++)
		if (ACTION(s->calls.v[i].action) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static int check_notify(const struct step_seccomp *s, struct err *e)
{
	size_t i, k;

	if (ACTION(s->default_action) == SECCOMP_RET_USER_NOTIF)
		return fail(e, EINVAL, "SCMP_ACT_NOTIFY cannot be used as default action");
	for (i = 0; i < s->calls.n; i++)
		for (k = 0; k < s->calls.v[i].names.n; k++)
			if (ACTION(s->calls.v[i].action) == SECCOMP_RET_USER_NOTIF && !strcmp(s->calls.v[i].names.v[k], "write"))
				return fail(e, EINVAL, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	if (notifies(s) && (!s->listener_path || !*s->listener_path))
		return fail(e, EINVAL, "SCMP_ACT_NOTIFY needs listenerPath");
	return 0;
}

/* The compiler needs much more room than its result. */
static int compile(struct run *r, const struct step_seccomp *s, struct program *p, struct err *e)
{
	struct program big;

	TRY(seccomp_compile(arena_scratch(r->arena), s, &big, e));
	p->v = arena_array(r->arena, big.n, sizeof *p->v);
	p->n = big.n;
	memcpy(p->v, big.v, big.n * sizeof *p->v);
	return 0;
}

static int get_program(struct run *r, const struct step_seccomp *s, struct program *p, struct err *e)
{
	struct cache_key key;
	char version[24];

	if (r->cache_dir < 0)
		return compile(r, s, p, e);
	seccomp_cache_key(arena_scratch(r->arena), s, arena_fmt(r->arena, "%s %#x", seccomp_library_version(version), seccomp_machine()),
			  &key);
	if (seccomp_cache_get(r->arena, r->cache_dir, &key, p))
		return 0;
	TRY(compile(r, s, p, e));
	seccomp_cache_put(r->cache_dir, &key, p);
	return 0;
}

/* init has one thread, so TSYNC has nothing to do; together with a listener the kernel would refuse it. The last flag only means
 * something to a listener, and the kernel refuses it without one. */
static unsigned kernel_flags(unsigned flags, bool listener)
{
	flags &= ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC;
	return listener ? flags | SECCOMP_FILTER_FLAG_NEW_LISTENER : flags & ~FLAG_WAIT_KILLABLE;
}

int op_seccomp_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct loadable *l = arena_alloc(r->arena, sizeof *l);
	bool listener = notifies(&s->seccomp);
	struct program p;

	if (s->seccomp.flags & ~FLAGS_KNOWN)
		return fail(e, EINVAL, "unknown seccomp flags %#x", s->seccomp.flags & ~(unsigned)FLAGS_KNOWN);
	TRY(check_notify(&s->seccomp, e));
	TRY(get_program(r, &s->seccomp, &p, e));
	l->program = (struct sock_fprog){ .len = (unsigned short)p.n, .filter = p.v };
	l->flags = kernel_flags(s->seccomp.flags, listener);
	log_debug("seccomp filter flags: %u", l->flags);
	if (listener)
		TRY(seccomp_notify_prepare(r, &s->seccomp, &slot->fd, &l->notify, e));
	slot->data = l;
	slot->n = sizeof *l;
	return 0;
}

static int load_failed(struct err *e, int r, unsigned flags)
{
	if (r == -EACCES)
		return fail_sys(e, r, "cannot load the seccomp filter (it needs process.noNewPrivileges or CAP_SYS_ADMIN)");
	if (r == -EINVAL)
		return fail_sys(e, r, "cannot load the seccomp filter (does this kernel know the flags %#x?)", flags);
	if (r == -EBUSY)
		return fail_sys(e, r, "cannot load the seccomp filter: one above it has a listener already");
	return fail_sys(e, r, "cannot load the seccomp filter");
}

/* A filter around us could answer seccomp(2) with a false success. The kernel itself says that it does not know this action. After
 * loading nothing can be asked any more: the program may forbid every question. */
static int check_that_kernel_answers(struct err *e)
{
	uint32_t no_such_action = 0x12340000;
	int r = sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &no_such_action);

	if (r == 0)
		return fail(e, EPERM, "seccomp(2) does not reach the kernel: a filter around us answers it");
	return 0;
}

int op_seccomp(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct loadable *l = slot->data;
	int ret;

	(void)s;
	TRY(check_that_kernel_answers(e));
	if (l->notify)
		TRY(seccomp_notify_begin(r, l->notify, slot->fd, e));
	ret = sys_seccomp(SECCOMP_SET_MODE_FILTER, l->flags, &l->program);
	if (l->notify) {
		int sent = seccomp_notify_end(l->notify, ret, e);

		if (ret >= 0)
			return sent;
	}
	return ret < 0 ? load_failed(e, ret, l->flags) : 0;
}
