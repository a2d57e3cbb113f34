/* root.c - the root file system: attached first, entered after everything else is mounted in it.
 * Must not mount anything else (mounts.c). */
#include "plan/build.h"
#include "plan/compile.h"
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

static uint64_t propagation(const struct build *b)
{
	int word = b->l->rootfs_propagation;

	return word == WORD_ABSENT ? 0 : words_propagation.v[word].value;
}

/* What needs a mount namespace that is new and ours. */
static int without_mount_namespace(struct build *b, struct err *e)
{
	static const char why[] = "this needs a mount namespace of the container's own: add {\"type\": \"mount\"} to /linux/namespaces";

	if (b->c->mounts.n)
		return plan_fail(e, EINVAL, "/mounts", "%s", why);
	if (b->c->root && b->c->root->readonly)
		return plan_fail(e, EINVAL, "/root/readonly", "%s", why);
	if (propagation(b))
		return plan_fail(e, EINVAL, "/linux/rootfsPropagation", "%s", why);
	return 0;
}

/* Before anything is mounted: nothing that we do may reach the host, so its mounts become masters at most. "shared" is the one wish
 * that says otherwise: a volume whose mounts the host shall see needs its peers. Unbindable comes at the end: until then we bind. */
static void add_propagation(struct build *b)
{
	uint64_t p = propagation(b), first = MS_SLAVE | MS_REC;

	if (p & MS_SHARED)
		first = p;
	else if (p & (MS_PRIVATE | MS_UNBINDABLE))
		first = MS_PRIVATE | MS_REC;
	plan_add(b, STEP_PROPAGATION, STAGE_INSIDE, p ? "/linux/rootfsPropagation" : "")->propagation = first;
}

int plan_root(struct build *b, struct err *e)
{
	bool own = (b->made & CLONE_NEWNS) != 0;
	struct step_root r = { .clone = own, .label = b->l->mount_label };
	struct grants g;

	if (!b->c->root || !is_set(b->c->root->path))
		return plan_fail(e, EINVAL, "/root", "a container needs a root file system");
	r.path = b->c->root->path[0] == '/' ? b->c->root->path : arena_fmt(b->a, "%s/%s", b->h->bundle, b->c->root->path);
	if (!own)
		TRY(without_mount_namespace(b, e));
	if (b->joined & CLONE_NEWNS)
		return 0; /* its root is the root */
	TRY(grants_read(b->a, b->c, &g, e));
	r.empty = own && g.tmpfs_root;
	if (own)
		add_propagation(b);
	if (propagation(b) & MS_SLAVE)
		r.propagation = MS_SLAVE;
	r.private_parent = own && (propagation(b) & MS_SHARED);
	plan_add(b, STEP_ROOT, STAGE_INSIDE, "/root/path")->root = r;
	return 0;
}

int plan_pivot(struct build *b, struct err *e)
{
	bool own = (b->made & CLONE_NEWNS) != 0;
	enum pivot_kind kind;

	if (b->joined & CLONE_NEWNS)
		return 0;
	if (own && b->o->no_pivot && (propagation(b) & MS_PRIVATE))
		return plan_fail(e, EINVAL, "/linux/rootfsPropagation",
				 "private is not safe with --no-pivot: the host's mounts would stay below ours");
	kind = !own ? PIVOT_CHROOT : b->o->no_pivot ? PIVOT_MOVE : PIVOT_ROOT;
	plan_add(b, STEP_PIVOT, STAGE_CONTAINER, "/root/path")->pivot = kind;
	return 0;
}

void plan_root_flags(struct build *b)
{
	struct step_root_flags f = { .propagation = propagation(b) };

	if (b->joined & CLONE_NEWNS)
		return;
	f.readonly = b->c->root->readonly;
	if (f.readonly || f.propagation)
		plan_add(b, STEP_ROOT_FLAGS, STAGE_CONTAINER, f.readonly ? "/root/readonly" : "/linux/rootfsPropagation")->root_flags = f;
}
