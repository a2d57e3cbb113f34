/* settings.c - one kernel setting per operation: scores, limits, keyring, sysctls, names, personality, umask.
 * Must not allocate: except for limits and scores of a container that is still outside, all of it runs in init. */
#include "apply/ops.h"
#include "apply/proc.h"
#include "oci/words.h"
#include "sys/sys.h"
#include <inttypes.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_USER_SEARCH 0x00080000UL
#define KEY_OTHER_SEARCH 0x00000008UL

/* proc(5): lowering the score below its last value needs CAP_SYS_RESOURCE. */
int op_oom_score(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	char path[48], value[16];
	int ret;

	(void)slot;
	if (s->stage == STAGE_OUTSIDE)
		snprintf(path, sizeof path, "%d/oom_score_adj", r->pid);
	else
		snprintf(path, sizeof path, "self/oom_score_adj");
	snprintf(value, sizeof value, "%d", s->oom_score);
	ret = proc_write(r->proc, path, value);
	if (ret == -EACCES || ret == -EPERM)
		return fail_sys(e, ret, "cannot set oom_score_adj to %d (lowering it needs CAP_SYS_RESOURCE)", s->oom_score);
	if (ret == -EINVAL)
		return fail(e, EINVAL, "cannot set oom_score_adj to %d: it goes from -1000 to 1000", s->oom_score);
	return ret < 0 ? fail_sys(e, ret, "cannot set oom_score_adj to %d", s->oom_score) : 0;
}

/* setrlimit(2): EPERM means a hard limit above ours without CAP_SYS_RESOURCE, or NOFILE above fs.nr_open. */
/* What init may not do for itself: its hard limit, no lower than it was. */
static int raise_from_outside(pid_t pid, const struct step_rlimit *l)
{
	struct rlimit limit;
	int ret = sys_prlimit(pid, l->type, NULL, &limit);

	if (ret < 0 || limit.rlim_max >= l->hard)
		return ret;
	limit.rlim_max = l->hard;
	return sys_prlimit(pid, l->type, &limit, NULL);
}

int op_rlimit(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	struct rlimit limit = { .rlim_cur = s->rlimit.soft, .rlim_max = s->rlimit.hard };
	const char *name = words_name(&words_rlimit, (uint64_t)s->rlimit.type);
	bool outside = s->stage == STAGE_OUTSIDE;
	int ret = outside ? raise_from_outside(r->pid, &s->rlimit) : sys_prlimit(0, s->rlimit.type, &limit, NULL);

	(void)slot;
	if (ret >= 0)
		return 0;
	if (!name)
		name = "resource limit";
	if (ret == -EINVAL)
		return fail(e, EINVAL, "cannot set %s: its soft limit %" PRIu64 " is above its hard limit %" PRIu64, name, s->rlimit.soft,
			    s->rlimit.hard);
	if (ret == -EPERM)
		return fail_sys(e, ret,
				"cannot set %s to soft %" PRIu64 ", hard %" PRIu64 " (raising a hard limit needs CAP_SYS_RESOURCE%s)",
				name, s->rlimit.soft, s->rlimit.hard,
				s->rlimit.type == RLIMIT_NOFILE ? " and stays below fs.nr_open" : "");
	return fail_sys(e, ret, "cannot set %s", name);
}

static bool user_namespace(const struct run *r)
{
	size_t i, k;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (s->op != STEP_CLONE)
			continue;
		if (s->clone.flags & CLONE_NEWUSER)
			return true;
		for (k = 0; k < s->clone.joins.n; k++)
			if (s->clone.joins.v[k].flag == CLONE_NEWUSER)
				return true;
	}
	return false;
}

/* What exec needs to join the same keyring by its name: search permission for its owner or, since a keyring made in a user namespace
 * belongs to an id of the outside, for others. The description is "type;uid;gid;perm;name" (keyctl_describe(3)). */
static int allow_search(const struct run *r, int ring, struct err *e)
{
	char description[512], *p = description;
	unsigned long perm;
	int field;
	long n = sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)ring, (unsigned long)description, sizeof description - 1);

	if (n < 0)
		return fail_sys(e, (int)n, "cannot read the permissions of the new session keyring");
	description[(size_t)n < sizeof description ? (size_t)n : sizeof description - 1] = 0;
	for (field = 0; field < 3; field++) {
		p = strchr(p, ';');
		if (!p)
			return fail(e, EIO, "the kernel's description of the new session keyring is not understood");
		p++;
	}
	perm = strtoul(p, NULL, 16) | (user_namespace(r) ? KEY_OTHER_SEARCH : KEY_USER_SEARCH);
	n = sys_keyctl(KEYCTL_SETPERM, (unsigned long)ring, perm, 0);
	return n < 0 ? fail_sys(e, (int)n, "cannot set the permissions of the new session keyring") : 0;
}

int op_keyring(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ring = sys_keyctl_join(s->keyring);

	(void)slot;
	if (ring == -ENOSYS) /* a kernel without keyrings has none to leak */
		return 0;
	if (ring == -EDQUOT)
		return fail_sys(e, ring, "cannot make the session keyring %s (raise the sysctls kernel.keys.maxkeys and maxbytes, or use "
					 "--no-new-keyring)", s->keyring);
	if (ring < 0)
		return fail_sys(e, ring, "cannot make the session keyring %s (--no-new-keyring does without)", s->keyring);
	return allow_search(r, ring, e);
}

/* sysctl(8): the first separator of a key tells which of "." and "/" separates; the other one belongs to a name ("eth0.1").
 * Fills path with "sys/...". */
static int sysctl_path(const char *key, char *path, size_t n, struct err *e)
{
	size_t len = strlen(key), i;
	const char *sep = strpbrk(key, "./");
	bool dots = sep && *sep == '.';
	char *p = path + 4;

	if (!len || len + 5 > n)
		return fail(e, EINVAL, "sysctl %s: not a name", key);
	memcpy(path, "sys/", 4);
	for (i = 0; i <= len; i++)
		p[i] = key[i] == '.' && dots ? '/' : key[i] == '/' && dots ? '.' : key[i];
	for (p = path; *p;) {
		size_t part = strcspn(p, "/");

		if (!part || (p[0] == '.' && (part == 1 || (part == 2 && p[1] == '.'))))
			return fail(e, EINVAL, "sysctl %s: not a name", key);
		p += part;
		if (*p == '/' && !*++p)
			return fail(e, EINVAL, "sysctl %s: not a name", key);
	}
	return 0;
}

int op_sysctl(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	char path[512];
	int ret;

	(void)slot;
	TRY(sysctl_path(s->sysctl.key, path, sizeof path, e));
	ret = proc_write(r->proc, path, s->sysctl.value);
	if (ret == -ENOENT)
		return fail_sys(e, ret, "sysctl %s: this kernel or this namespace has no such setting", s->sysctl.key);
	return ret < 0 ? fail_sys(e, ret, "sysctl %s = %s", s->sysctl.key, s->sysctl.value) : 0;
}

int op_hostname(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = sys_sethostname(s->name, strlen(s->name));

	(void)r, (void)slot;
	return ret < 0 ? fail_sys(e, ret, "cannot set the host name %s", s->name) : 0;
}

int op_domainname(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = sys_setdomainname(s->name, strlen(s->name));

	(void)r, (void)slot;
	return ret < 0 ? fail_sys(e, ret, "cannot set the domain name %s", s->name) : 0;
}

int op_personality(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = sys_personality(s->personality);

	(void)r, (void)slot;
	return ret < 0 ? fail_sys(e, ret, "cannot set the personality %#lx", s->personality) : 0;
}

int op_umask(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)r, (void)slot, (void)e;
	(void)sys_umask(s->umask & 0777);
	return 0;
}
