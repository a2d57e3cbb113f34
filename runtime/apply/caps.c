/* caps.c - the five capability sets (rule R12). The only user of libcap.
 *
 * What the config does not list is dropped, and failing to drop is fatal. What cannot be gained is warned about in prepare, because init
 * cannot log, and left out. The result is read back from the kernel. libcap's values are allocated in prepare; in init only those of
 * its functions are called that fill or apply a value that exists. */
#include "apply/ops.h"
#include "base/log.h"
#include "oci/words.h"
#include "sys/sys.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/capability.h>

/* libcap's own memory, one of each in a process: the three sets of capset(2) to apply, and room for what the kernel says. */
static cap_t want, have;

static uint64_t bit(int cap)
{
	return 1ULL << cap;
}

static uint64_t flag_bits(cap_t c, cap_flag_t flag)
{
	uint64_t bits = 0;
	cap_flag_value_t v;
	int i;

	for (i = 0; i < 64; i++)
		if (cap_get_flag(c, i, flag, &v) == 0 && v == CAP_SET)
			bits |= bit(i);
	return bits;
}

static int set_flag_bits(cap_t c, cap_flag_t flag, uint64_t bits, struct err *e)
{
	cap_value_t i;

	for (i = 0; i < 64; i++)
		if (cap_set_flag(c, flag, 1, &i, bits & bit(i) ? CAP_SET : CAP_CLEAR) < 0 && bits & bit(i))
			return fail_sys(e, -errno, "capability %d", i);
	return 0;
}

/* Does the container run in a user namespace other than ours? There it has every capability to begin with. */
static bool other_user_namespace(const struct run *r)
{
	struct stat ours, theirs;
	char path[48];
	size_t i, k;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step_clone *c = &r->plan->steps.v[i].clone;

		if (r->plan->steps.v[i].op != STEP_CLONE)
			continue;
		if (c->flags & CLONE_NEWUSER)
			return true;
		for (k = 0; k < c->joins.n; k++)
			if (c->joins.v[k].flag == CLONE_NEWUSER)
				return true;
	}
	if (!r->container_pid || sys_statat(r->proc, "self/ns/user", &ours, 0) < 0)
		return false;
	snprintf(path, sizeof path, "%d/ns/user", r->container_pid);
	return sys_statat(r->proc, path, &theirs, 0) == 0 && (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
}

static uint64_t known(void)
{
	uint64_t bits = 0;
	int i;

	for (i = 0; i < cap_max_bits() && i < 64; i++)
		bits |= bit(i);
	return bits;
}

/* One line for all that cannot be had. */
static void warn_about(uint64_t missing, const char *set)
{
	char list[400];
	size_t n = 0;
	int i;

	if (!missing)
		return;
	for (i = 0; i < 64; i++) {
		const char *name = words_name(&words_capability, (uint64_t)i);
		int added;

		if (!(missing & bit(i)) || n + 32 >= sizeof list)
			continue;
		added = name ? snprintf(list + n, sizeof list - n, " %s", name) : snprintf(list + n, sizeof list - n, " %d", i);
		n += (size_t)added;
	}
	log_warn("capabilities not granted in the %s set, because the runtime does not have them:%s", set, list);
}

/* The bounding set bounds what can be asked for at all. */
static uint64_t grantable(const struct run *r)
{
	return other_user_namespace(r) ? known() : r->host->caps & known();
}

int op_bounding_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	uint64_t can = other_user_namespace(r) ? known() : r->host->bounding & known();

	(void)slot, (void)e;
	warn_about(s->caps.bounding & ~can, "bounding");
	return 0;
}

int op_bounding(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int i, has;

	(void)r, (void)slot;
	for (i = 0; i < 64; i++) {
		has = cap_get_bound(i);
		if (has < 0) /* beyond the kernel's last capability */
			break;
		if (!has || s->caps.bounding & bit(i))
			continue;
		if (cap_drop_bound(i) < 0 || cap_get_bound(i) != 0)
			return fail_sys(e, -errno, "cannot drop capability %d from the bounding set (needs CAP_SETPCAP)", i);
	}
	if (i == 0)
		return fail(e, ENOSYS, "cannot read the capability bounding set");
	return 0;
}

int op_capabilities_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_caps *w = &s->caps;
	uint64_t can = grantable(r);

	(void)slot;
	if (!want)
		want = cap_init();
	if (!have)
		have = cap_init();
	if (!want || !have)
		return fail(e, ENOMEM, "out of memory");
	/* the others are subsets of what is permitted, so naming that one is enough */
	warn_about(w->permitted & ~can, "permitted");
	warn_about(w->inheritable & ~can & ~w->permitted, "inheritable");
	return 0;
}

static int set_ambient(uint64_t bits, struct err *e)
{
	int i;

	if (cap_reset_ambient() < 0)
		return fail_sys(e, -errno, "cannot clear the ambient capabilities");
	for (i = 0; i < 64; i++) {
		if (!(bits & bit(i)))
			continue;
		/* EPERM: a securebit forbids it, which is a failure to gain */
		if (cap_set_ambient(i, CAP_SET) < 0 && errno != EPERM && errno != EINVAL)
			return fail_sys(e, -errno, "cannot make capability %d ambient", i);
	}
	for (i = 0; i < 64; i++) {
		int is = cap_get_ambient(i);

		if (is < 0) /* beyond the kernel's last capability */
			break;
		if (is && !(bits & bit(i)))
			return fail(e, EPERM, "capability %d is ambient, though nobody asked for it", i);
	}
	return i > 0 ? 0 : fail(e, ENOSYS, "cannot read the ambient capabilities");
}

/* capset(2): what is newly inheritable has to be permitted and in the bounding set. */
static uint64_t inheritable_of(uint64_t wanted, uint64_t permitted, uint64_t had)
{
	uint64_t bits = 0;
	int i;

	for (i = 0; i < 64; i++)
		if (wanted & bit(i) && (had & bit(i) || (permitted & bit(i) && cap_get_bound(i) > 0)))
			bits |= bit(i);
	return bits;
}

/* What is there now bounds what can be there afterwards: gaining fails silently here, prepare has warned. */
int op_capabilities(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	uint64_t had, permitted, effective, inheritable;

	(void)r, (void)slot;
	if (capgetp(0, have) < 0)
		return fail_sys(e, -errno, "capget");
	had = flag_bits(have, CAP_PERMITTED);
	permitted = s->caps.permitted & had;
	effective = s->caps.effective & permitted;
	inheritable = inheritable_of(s->caps.inheritable, had, flag_bits(have, CAP_INHERITABLE));
	TRY(set_flag_bits(want, CAP_PERMITTED, permitted, e));
	TRY(set_flag_bits(want, CAP_EFFECTIVE, effective, e));
	TRY(set_flag_bits(want, CAP_INHERITABLE, inheritable, e));
	if (cap_set_proc(want) < 0)
		return fail_sys(e, -errno, "capset(permitted %#" PRIx64 ", effective %#" PRIx64 ", inheritable %#" PRIx64 ")", permitted,
				effective, inheritable);
	if (capgetp(0, have) < 0)
		return fail_sys(e, -errno, "capget");
	if (flag_bits(have, CAP_PERMITTED) != permitted || flag_bits(have, CAP_EFFECTIVE) != effective ||
	    flag_bits(have, CAP_INHERITABLE) != inheritable)
		return fail(e, EPERM, "the kernel does not hold the capabilities that were set");
	if (!inheritable) /* what is ambient is inheritable, always (capabilities(7)) */
		return 0;
	return set_ambient(s->caps.ambient & permitted & inheritable, e);
}
