/* compile_ids.c - the user namespace: whose files the program may use, on both sides of the border.
 *
 * The host's root is never mapped, not even without capabilities: the files of /proc/sys look at the id alone. An ordinary user has one
 * id to give. root has a range of ids that nobody else uses, and who called sudo is mapped to himself. */
#include "plan/compile_build.h"
#include <errno.h>

#define RANGE 65536u

static void add_range(struct arena *a, id_mappings *l, uint32_t inside, uint32_t outside, uint32_t n)
{
	if (n)
		*arena_push(a, l) = (struct id_mapping){ { true, inside }, { true, outside }, { true, n } };
}

/* The range with one id of it replaced by one of the host's. */
static void map(struct arena *a, id_mappings *l, uint32_t base, uint32_t inside, uint32_t outside)
{
	uint32_t first = inside < RANGE ? inside : RANGE;

	add_range(a, l, 0, base, first);
	add_range(a, l, inside, outside, 1);
	if (inside < RANGE)
		add_range(a, l, inside + 1, base + inside + 1, RANGE - 1 - inside);
}

/* Files of a file system that cannot be idmapped can only be written by their owner himself. */
static int owner_of_writable(struct compiling *k, uint32_t *uid, uint32_t *gid, struct err *e)
{
	size_t i;

	for (i = 0; i < k->m->paths.n; i++) {
		const struct path_grant *p = &k->m->paths.v[i];
		const struct path_fact *f = p->access & ACCESS_WRITE ? compile_fact(k->c, p->host) : NULL;

		if (!f || f->idmap)
			continue;
		if (f->uid == 0) {
			(void)!fail(e, EPERM,
				    "%s belongs to root, and its file system cannot show it as the sandbox's: chown it to an "
					"ordinary user, or "
				    "run as that user", p->host);
			return fail_at(e, p->at);
		}
		if (*uid && *uid != f->uid) {
			(void)!fail(e, EPERM, "%s belongs to user %u, another writable path to user %u, and its file system "
				"cannot be idmapped",
				    p->host, f->uid, *uid);
			return fail_at(e, p->at);
		}
		*uid = f->uid;
		*gid = f->gid;
	}
	return 0;
}

static int as_root(struct compiling *k, struct err *e)
{
	struct linux_ *l = k->out->linux_;
	uint32_t uid = k->c->uid, gid = k->c->gid;

	k->uid = k->m->uid.set ? (uint32_t)k->m->uid.v : uid;
	k->gid = k->m->gid.set ? (uint32_t)k->m->gid.v : gid;
	if (!uid)
		TRY(owner_of_writable(k, &uid, &gid, e));
	k->outer_uid = uid ? uid : k->uid < RANGE ? k->c->ids_base + k->uid : k->c->ids_base + RANGE;
	k->outer_gid = uid ? gid : k->gid < RANGE ? k->c->ids_base + k->gid : k->c->ids_base + RANGE;
	map(k->a, &l->uid_mappings, k->c->ids_base, k->uid, k->outer_uid);
	map(k->a, &l->gid_mappings, k->c->ids_base, k->gid, k->outer_gid);
	return 0;
}

/* Inside he is who he is outside, where we run it ourselves; other runtimes want their one id to be 0. */
static int as_user(struct compiling *k, struct err *e)
{
	struct linux_ *l = k->out->linux_;
	const struct manifest *m = k->m;

	k->uid = m->uid.set ? (uint32_t)m->uid.v : k->c->ephemeral ? k->h->uid : 0;
	k->gid = m->gid.set ? (uint32_t)m->gid.v : k->c->ephemeral ? k->h->gid : 0;
	if (!k->c->ephemeral && (k->uid || k->gid)) {
		(void)!fail(e, EPERM, "an ordinary user has one id to map, and other runtimes need it to be 0 inside: leave user out");
		return fail_at(e, "/capabilities/process/user");
	}
	k->outer_uid = k->h->uid;
	k->outer_gid = k->h->gid;
	add_range(k->a, &l->uid_mappings, k->uid, k->outer_uid, 1);
	add_range(k->a, &l->gid_mappings, k->gid, k->outer_gid, 1);
	return 0;
}

int compile_ids(struct compiling *k, struct err *e)
{
	return k->h->privileged ? as_root(k, e) : as_user(k, e);
}
