/* identity.c - whom the program runs as: exactly the groups, the gid and the uid of the config (rule R21), and no_new_privs.
 *
 * Must not let an id of all ones pass: for the kernel it means "leave unchanged", and what would be left is root. Capabilities are kept
 * over the change of uid, so that STEP_CAPABILITIES decides which remain. */
#include "apply/ops.h"
#include "sys/sys.h"
#include <sys/prctl.h>

static int check_id(uint32_t id, const char *what, struct err *e)
{
	if (id == UINT32_MAX)
		return fail(e, EINVAL, "%s %u: ids go from 0 to 4294967294", what, id);
	return 0;
}

static int check_ids(const struct step_ids *ids, struct err *e)
{
	size_t i;

	TRY(check_id(ids->uid, "uid", e));
	TRY(check_id(ids->gid, "gid", e));
	for (i = 0; i < ids->groups.n; i++)
		TRY(check_id(ids->groups.v[i], "additional gid", e));
	return 0;
}

/* A filter that is already loaded may answer our questions with an error, which proves nothing; an answer that differs does. */
static int read_back(const struct step_ids *ids, struct err *e)
{
	uid_t u[3] = { UINT32_MAX, UINT32_MAX, UINT32_MAX };
	gid_t g[3] = { UINT32_MAX, UINT32_MAX, UINT32_MAX };
	int i;

	if (sys_getresuid(&u[0], &u[1], &u[2]) < 0 || sys_getresgid(&g[0], &g[1], &g[2]) < 0)
		return 0;
	for (i = 0; i < 3; i++)
		if (u[i] != ids->uid || g[i] != ids->gid)
			return fail(e, EPERM, "asked for uid %u and gid %u, got %u and %u", ids->uid, ids->gid, u[1], g[1]);
	return 0;
}

int op_ids(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_ids *ids = &s->ids;
	int ret;

	(void)r, (void)slot;
	TRY(check_ids(ids, e));
	ret = sys_prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (ret < 0)
		return fail_sys(e, ret, "prctl(PR_SET_KEEPCAPS)");
	/* groups first: afterwards we may no longer be allowed to */
	if (!ids->keep_groups) {
		ret = sys_setgroups(ids->groups.n, ids->groups.v);
		if (ret == -EINVAL)
			return fail_sys(e, ret, "cannot set %zu additional groups (is each mapped in linux.gidMappings?)", ids->groups.n);
		if (ret < 0)
			return fail_sys(e, ret, "cannot set %zu additional groups", ids->groups.n);
	}
	ret = sys_setresgid(ids->gid, ids->gid, ids->gid);
	if (ret == -EINVAL)
		return fail_sys(e, ret, "cannot become gid %u (is it mapped in linux.gidMappings?)", ids->gid);
	if (ret < 0)
		return fail_sys(e, ret, "cannot become gid %u", ids->gid);
	ret = sys_setresuid(ids->uid, ids->uid, ids->uid);
	if (ret == -EINVAL)
		return fail_sys(e, ret, "cannot become uid %u (is it mapped in linux.uidMappings?)", ids->uid);
	if (ret < 0)
		return fail_sys(e, ret, "cannot become uid %u", ids->uid);
	return read_back(ids, e);
}

int op_no_new_privs(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = sys_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	(void)r, (void)s, (void)slot;
	if (ret < 0)
		return fail_sys(e, ret, "prctl(PR_SET_NO_NEW_PRIVS)");
	if (sys_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return fail(e, EPERM, "no_new_privs was set, but the kernel does not say so");
	return 0;
}
