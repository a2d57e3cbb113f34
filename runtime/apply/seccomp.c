/* seccomp.c - from the profile's rules to a BPF program in the kernel (security.md section 3). The only user of libseccomp.
 *
 * Compiling is done in the runtime, before clone: init only makes the one system call that loads the program. Must not weaken a profile in
 * silence: what libseccomp refuses is an error; only names that it does not know are passed over, because such calls cannot be made by
 * their name here and are then decided by the default action, or answered by the stub. */
#include "apply/seccomp.h"
#include "apply/ops.h"
#include "base/log.h"
#include "sys/sys.h"
#include <inttypes.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

/* libseccomp up to 2.6.0 writes past its buffers when a program gets too large: stay far from that. Docker's profile has 420 names. */
#define MAX_NAMES 2000
#define MAX_ARGS (6 * MAX_NAMES)
/* A binary tree pays off from some dozens of calls on; with no rule at all libseccomp 2.5.4 builds a wrong one. */
#define TREE_FROM 33

#define FLAGS_KNOWN (SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW | FLAG_WAIT_KILLABLE)
#define FLAG_WAIT_KILLABLE (1U << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 5.19 */

#define ACTION(x) ((x) & SECCOMP_RET_ACTION_FULL)

struct loadable {
	struct sock_fprog program;
	unsigned flags;
	struct notify *notify;
};

static const struct {
	uint32_t token, audit; /* of libseccomp, of the kernel where it is another one */
} odd_archs[] = {
	{ SCMP_ARCH_X32, AUDIT_ARCH_X86_64 },
};

const char *seccomp_library_version(char buf[24])
{
	const struct scmp_version *v = seccomp_version();

	snprintf(buf, 24, "%u.%u.%u", v->major, v->minor, v->micro);
	return buf;
}

/* With a NULL program a known flag is answered with EFAULT, an unknown one with EINVAL. */
bool seccomp_flag_supported(unsigned flag)
{
	unsigned with = flag == FLAG_WAIT_KILLABLE ? flag | SECCOMP_FILTER_FLAG_NEW_LISTENER : flag;

	return sys_seccomp(SECCOMP_SET_MODE_FILTER, with, NULL) == -EFAULT;
}

bool seccomp_notifies(const struct step_seccomp *s)
{
	size_t i;

	for (i = 0; i < s->calls.n; i++)
		if (ACTION(s->calls.v[i].action) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

static int check_size(const struct step_seccomp *s, struct err *e)
{
	size_t names = 0, args = 0, i;

	for (i = 0; i < s->calls.n; i++) {
		names += s->calls.v[i].names.n;
		args += s->calls.v[i].names.n * s->calls.v[i].args.n;
	}
	if (names > MAX_NAMES)
		return fail(e, E2BIG, "the seccomp profile has %zu system call names, at most %d are taken", names, MAX_NAMES);
	if (args > MAX_ARGS)
		return fail(e, E2BIG, "the seccomp profile has %zu argument conditions, at most %d are taken", args, MAX_ARGS);
	return 0;
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
	if (seccomp_notifies(s) && (!s->listener_path || !*s->listener_path))
		return fail(e, EINVAL, "SCMP_ACT_NOTIFY needs listenerPath");
	return 0;
}

static int add_archs(scmp_filter_ctx ctx, const struct step_seccomp *s, struct err *e)
{
	char version[24];
	size_t i;
	int r;

	for (i = 0; i < s->archs.n; i++) {
		r = seccomp_arch_add(ctx, s->archs.v[i]);
		if (r < 0 && r != -EEXIST)
			return fail_sys(e, r, "seccomp architecture %#x (libseccomp %s, on this machine)", s->archs.v[i],
					seccomp_library_version(version));
	}
	return 0;
}

static int rule_failed(struct err *e, int r, const char *name)
{
	return fail_sys(e, r, "seccomp rule for %s", name);
}

/* Conditions on different arguments must all hold. Several on the same argument are alternatives, a rule each: what runc made of such
 * profiles when libseccomp could not combine them, and what profiles were written for. */
static int add_rule(scmp_filter_ctx ctx, const struct seccomp_call *c, int nr, const char *name, struct err *e)
{
	struct scmp_arg_cmp cmp[6];
	unsigned seen[6] = { 0 };
	bool alternatives = false;
	size_t i;
	int r;

	for (i = 0; i < c->args.n; i++) {
		if (c->args.v[i].index > 5)
			return fail(e, EINVAL, "seccomp rule for %s: argument %u, a system call has 0 to 5", name, c->args.v[i].index);
		alternatives |= seen[c->args.v[i].index]++ > 0;
	}
	for (i = 0; i < c->args.n; i++) {
		const struct seccomp_cmp *x = &c->args.v[i];
		struct scmp_arg_cmp one = { .arg = x->index, .op = (enum scmp_compare)x->op, .datum_a = x->a, .datum_b = x->b };

		if (alternatives) {
			r = seccomp_rule_add_array(ctx, c->action, nr, 1, &one);
			if (r < 0 && r != -EEXIST)
				return rule_failed(e, r, name);
		} else {
			cmp[i] = one;
		}
	}
	if (alternatives)
		return 0;
	r = seccomp_rule_add_array(ctx, c->action, nr, (unsigned)c->args.n, cmp);
	return r < 0 && r != -EEXIST ? rule_failed(e, r, name) : 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct step_seccomp *s, struct err *e)
{
	size_t i, k;

	for (i = 0; i < s->calls.n; i++) {
		const struct seccomp_call *c = &s->calls.v[i];

		if (c->action == s->default_action)
			continue; /* libseccomp refuses what changes nothing */
		for (k = 0; k < c->names.n; k++) {
			int nr = seccomp_syscall_resolve_name(c->names.v[k]);

			if (nr == __NR_SCMP_ERROR)
				log_debug("unknown seccomp syscall \"%s\" ignored", c->names.v[k]);
			else
				TRY_AT(add_rule(ctx, c, nr, c->names.v[k], e), e, "/linux/seccomp/syscalls/%zu", i);
		}
	}
	return 0;
}

static size_t count_names(const struct step_seccomp *s)
{
	size_t names = 0, i;

	for (i = 0; i < s->calls.n; i++)
		names += s->calls.v[i].names.n;
	return names;
}

static uint32_t audit_arch(uint32_t token)
{
	size_t i;

	for (i = 0; i < sizeof odd_archs / sizeof *odd_archs; i++)
		if (odd_archs[i].token == token)
			return odd_archs[i].audit;
	return token;
}

/* The highest number of a named call; 0 = none. */
static uint32_t last_call(const struct step_seccomp *s, uint32_t token)
{
	uint32_t last = 0;
	size_t i, k;

	for (i = 0; i < s->calls.n; i++) {
		for (k = 0; k < s->calls.v[i].names.n; k++) {
			int nr = seccomp_syscall_resolve_name_arch(token, s->calls.v[i].names.v[k]);

			if (nr > 0 && (uint32_t)nr > last) /* below 0: this architecture has no such call */
				last = (uint32_t)nr;
		}
	}
	return last;
}

static void add_stub_arch(struct stub_arch *list, size_t *n, const struct step_seccomp *s, uint32_t token)
{
	uint32_t arch = audit_arch(token);
	size_t i;

	for (i = 0; i < *n && list[i].arch != arch; i++)
		;
	if (i == *n) {
		list[(*n)++] = (struct stub_arch){
			.arch = arch,
			.x86_64 = arch == AUDIT_ARCH_X86_64,
			.zero_is_enosys = arch == AUDIT_ARCH_S390 || arch == AUDIT_ARCH_S390X,
		};
	}
	if (token == SCMP_ARCH_X32)
		list[i].x32_last = last_call(s, token);
	else if (!list[i].last)
		list[i].last = last_call(s, token);
}

static size_t make_stub(const struct step_seccomp *s, struct sock_filter out[STUB_MAX])
{
	struct stub_arch archs[24];
	size_t n = 0, i;

	if (!s->enosys_stub)
		return 0;
	add_stub_arch(archs, &n, s, seccomp_arch_native());
	for (i = 0; i < s->archs.n && n < sizeof archs / sizeof *archs; i++)
		add_stub_arch(archs, &n, s, s->archs.v[i] == SCMP_ARCH_NATIVE ? seccomp_arch_native() : s->archs.v[i]);
	return seccomp_stub(archs, n, out);
}

/* libseccomp 2.5 exports to a descriptor only. */
static int export_program(scmp_filter_ctx ctx, struct arena *a, const struct sock_filter *stub, size_t stub_n, struct program *out,
			  struct err *e)
{
	struct stat st;
	size_t n;
	ssize_t got;
	int r = sys_memfd("seccomp", 1 /* MFD_CLOEXEC */);

	if (r < 0)
		return fail_sys(e, r, "memfd_create");
	AUTO_FD int fd = r;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return fail_sys(e, r, "libseccomp cannot make a program of this profile");
	r = sys_fstat(fd, &st);
	if (r < 0)
		return fail_sys(e, r, "fstat");
	n = (size_t)st.st_size / sizeof *out->v;
	if (!n || (size_t)st.st_size % sizeof *out->v)
		return fail(e, EIO, "libseccomp wrote %zu bytes, which is not a program", (size_t)st.st_size);
	if (n + stub_n > SECCOMP_MAX_PROGRAM)
		return fail(e, E2BIG, "the seccomp profile makes a program of %zu instructions, the kernel takes %d", n + stub_n,
			    SECCOMP_MAX_PROGRAM);
	out->v = arena_array(a, n + stub_n, sizeof *out->v);
	out->n = n + stub_n;
	memcpy(out->v, stub, stub_n * sizeof *stub);
	r = sys_rewind(fd);
	got = r < 0 ? r : sys_read(fd, out->v + stub_n, n * sizeof *out->v);
	if (got != (ssize_t)(n * sizeof *out->v))
		return fail_sys(e, got < 0 ? (int)got : -EIO, "cannot read the compiled seccomp program");
	return 0;
}

static int compile(scmp_filter_ctx ctx, struct arena *a, const struct step_seccomp *s, struct program *out, struct err *e)
{
	struct sock_filter stub[STUB_MAX];

	TRY(add_archs(ctx, s, e));
	if (count_names(s) >= TREE_FROM && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		log_debug("libseccomp cannot sort the seccomp program into a tree");
	TRY(add_rules(ctx, s, e));
	return export_program(ctx, a, stub, make_stub(s, stub), out, e);
}

int seccomp_compile(struct arena *a, const struct step_seccomp *s, struct program *out, struct err *e)
{
	scmp_filter_ctx ctx;
	int r;

	TRY(check_size(s, e));
	ctx = seccomp_init(s->default_action);
	if (!ctx)
		return fail(e, EINVAL, "libseccomp does not take the default action %#x", s->default_action);
	r = compile(ctx, a, s, out, e);
	seccomp_release(ctx);
	return r;
}

static int get_program(struct run *r, const struct step_seccomp *s, struct program *p, struct err *e)
{
	struct cache_key key;
	char version[24];

	if (r->cache_dir < 0)
		return seccomp_compile(r->arena, s, p, e);
	seccomp_cache_key(r->arena, s, arena_fmt(r->arena, "%s %#x", seccomp_library_version(version), seccomp_arch_native()), &key);
	if (seccomp_cache_get(r->arena, r->cache_dir, &key, p))
		return 0;
	TRY(seccomp_compile(r->arena, s, p, e));
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
	bool notifies = seccomp_notifies(&s->seccomp);
	struct program p;

	if (s->seccomp.flags & ~FLAGS_KNOWN)
		return fail(e, EINVAL, "unknown seccomp flags %#x", s->seccomp.flags & ~(unsigned)FLAGS_KNOWN);
	TRY(check_notify(&s->seccomp, e));
	TRY(get_program(r, &s->seccomp, &p, e));
	l->program = (struct sock_fprog){ .len = (unsigned short)p.n, .filter = p.v };
	l->flags = kernel_flags(s->seccomp.flags, notifies);
	log_debug("seccomp filter flags: %u", l->flags);
	if (notifies)
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
