/* identity.c - who the program is when it runs: groups, ids, capabilities, and the filter at its place among them (rule R14).
 * Must not ask the machine for users: a name was turned into numbers by the engine. */
#include "plan/build.h"
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>

#define DEFAULT_UMASK 0022 /* the specification would leave the caller's: every engine relies on this one */

static uint64_t mask(const struct ints *words)
{
	uint64_t m = 0;
	size_t i;

	for (i = 0; i < words->n; i++)
		m |= 1ull << words_capability.v[words->v[i]].value;
	return m;
}

/* A set that is larger than the one it must be part of: the kernel would refuse all five. It is cut, which only takes away. */
static uint64_t cut(struct build *b, uint64_t set, uint64_t limit, const char *name, const char *limit_name)
{
	if (set & ~limit)
		plan_warn(b, "%s/capabilities/%s: capabilities that are not in %s are left out", b->process_at, name, limit_name);
	return set & limit;
}

/* Without the object no capability is left (as runc and crun have it). */
static struct step_caps caps_of(struct build *b)
{
	const struct capabilities *c = b->p->capabilities;
	struct step_caps k = { .bounding = 0 };

	if (!c)
		return k;
	k.bounding = mask(&c->bounding);
	k.permitted = mask(&c->permitted);
	k.inheritable = mask(&c->inheritable);
	k.effective = cut(b, mask(&c->effective), k.permitted, "effective", "permitted");
	k.ambient = cut(b, mask(&c->ambient), k.permitted & k.inheritable, "ambient", "permitted and inheritable");
	return k;
}

static bool keeps_groups(const struct build *b)
{
	const char *asked = config_annotation(b->c, "run.oci.keep_original_groups");

	return asked && strcmp(asked, "1") == 0;
}

/* An id that the new user namespace does not have could only fail late, in init. */
static int check_mapped(struct build *b, const struct user *u, struct err *e)
{
	size_t i;

	if (!(b->made & CLONE_NEWUSER))
		return 0;
	if (!plan_id_mapped(&b->l->uid_mappings, u->uid))
		return plan_fail(e, EINVAL, plan_at(b, "%s/user/uid", b->process_at), "user %u is not in /linux/uidMappings", u->uid);
	if (!plan_id_mapped(&b->l->gid_mappings, u->gid))
		return plan_fail(e, EINVAL, plan_at(b, "%s/user/gid", b->process_at), "group %u is not in /linux/gidMappings", u->gid);
	for (i = 0; i < u->additional_gids.n && !b->deny_setgroups && !keeps_groups(b); i++)
		if (!plan_id_mapped(&b->l->gid_mappings, u->additional_gids.v[i]))
			return plan_fail(e, EINVAL, plan_at(b, "%s/user/additionalGids/%zu", b->process_at, i),
					 "group %u is not in /linux/gidMappings", u->additional_gids.v[i]);
	return 0;
}

static int add_ids(struct build *b, struct err *e)
{
	static const struct user root;
	const struct user *u = b->p->user ? b->p->user : &root;
	struct step_ids s = { .uid = u->uid, .gid = u->gid, .groups = u->additional_gids };

	TRY(check_mapped(b, u, e));
	s.keep_groups = keeps_groups(b) || b->deny_setgroups;
	if (b->deny_setgroups && u->additional_gids.n)
		plan_warn(b, "%s/user/additionalGids: ignored, in a user namespace with one group the kernel allows no others",
			  b->process_at);
	plan_add(b, STEP_IDS, STAGE_START, plan_at(b, "%s/user", b->process_at))->ids = s;
	return 0;
}

void plan_session(struct build *b)
{
	const struct user *u = b->p->user;
	bool asked = u && u->umask.set;

	plan_add(b, STEP_SESSION, STAGE_START, b->p->terminal ? plan_at(b, "%s/terminal", b->process_at) : "")->terminal = b->p->terminal;
	plan_add(b, STEP_UMASK, STAGE_START, asked ? plan_at(b, "%s/user/umask", b->process_at) : "")->umask =
		asked ? (mode_t)u->umask.v & 0777 : DEFAULT_UMASK;
}

static void add_cwd(struct build *b, bool first)
{
	plan_add(b, STEP_CWD, STAGE_START, plan_at(b, "%s/cwd", b->process_at))->cwd = (struct step_cwd){ b->p->cwd, first };
}

/* Without no_new_privs only a capable process may install a filter, so it goes in before the capabilities go. With it the filter is the
 * very last thing, so that it need not allow what we still do. */
int plan_identity(struct build *b, struct err *e)
{
	const char *at = b->p->capabilities ? plan_at(b, "%s/capabilities", b->process_at) : "";
	bool nnp = b->p->no_new_privileges || plan_brokered(b); /* its filter is loaded without a capability */
	struct step_caps caps = caps_of(b);

	if (!nnp)
		TRY(plan_seccomp(b, e));
	add_cwd(b, true);
	plan_add(b, STEP_BOUNDING, STAGE_START, at)->caps = caps;
	TRY(add_ids(b, e));
	plan_add(b, STEP_CAPABILITIES, STAGE_START, at)->caps = caps;
	if (nnp)
		plan_add(b, STEP_NO_NEW_PRIVS, STAGE_START, plan_at(b, "%s/noNewPrivileges", b->process_at));
	add_cwd(b, false);
	TRY(plan_landlock(b, e));
	TRY(plan_broker(b, e));
	if (nnp)
		TRY(plan_seccomp(b, e));
	plan_add(b, STEP_EXEC, STAGE_START, plan_at(b, "%s/args", b->process_at))->exec =
		(struct step_exec){ .args = b->p->args, .env = b->p->env, .cwd = b->p->cwd };
	return 0;
}
