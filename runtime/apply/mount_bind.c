/* mount_bind.c - binds: a detached copy of what is at the source, with the attributes of the step.
 *
 * Init opens the source itself, after the mounts before it, so that a source may lie in what they made, and the
 * kernel's locks on mounts that a user namespace has inherited hold. Where init's user namespace cannot reach the
 * source, or cannot map ids, it uses what the runtime has cloned from the host's mount namespace before init existed.
 * Must not attach anything, and must not look at a source by path after its handle is there. */
#include "apply/mount.h"
#include "sys/sys.h"
#include <limits.h>
#include <string.h>

#define AT_NOTHING 0U

static unsigned tree_flags(const struct step_mount *m)
{
	return OPEN_TREE_CLONE | (m->rbind ? (unsigned)AT_RECURSIVE : AT_NOTHING) |
	       (m->src_nofollow ? (unsigned)AT_SYMLINK_NOFOLLOW : AT_NOTHING);
}

/* copy-symlink: the text of the source, if it is a link. */
static int read_link(struct run *r, const struct step_mount *m, struct slot *slot)
{
	char text[PATH_MAX];
	ssize_t n;

	if (!m->copy_symlink)
		return 0;
	n = sys_readlink(AT_FDCWD, m->source, text, sizeof text);
	if (n > 0)
		slot->data = arena_strn(r->arena, text, (size_t)n);
	return slot->data != NULL;
}

/* Below the container's root the steps before this one may have mounted what is meant, and the host does not see
 * that. */
static bool is_inside(const struct run *r, const char *source)
{
	size_t i, n;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (s->op != STEP_ROOT)
			continue;
		n = strlen(s->root.path);
		return strncmp(source, s->root.path, n) == 0 && (source[n] == '/' || !source[n]);
	}
	return false;
}

int mount_bind_prepare(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e)
{
	int tree;

	if (read_link(r, m, slot))
		return 0;
	if (m->idmap)
		slot->fd2 = TRY(idmap_userns(r, m, e));
	if (!m->bind || !m->open_in_parent || !r->host->privileged || is_inside(r, m->source))
		return 0;
	/* a failure is not one yet: the source may come into being inside, or be reachable for init */
	tree = sys_open_tree(AT_FDCWD, m->source, tree_flags(m));
	if (tree < 0)
		return 0;
	slot->fd = tree;
	/* as in a mount namespace that belongs to another user namespace: events come in, none go out */
	TRY(mount_propagation(tree, MS_SLAVE | MS_REC, e));
	if (m->idmap)
		TRY(idmap_apply(tree, slot->fd2, m->idmap_rec, e));
	return 0;
}

int mount_clone(int handle, bool recursive, struct err *e)
{
	int tree = sys_open_tree(handle, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | (recursive ? (unsigned)AT_RECURSIVE : AT_NOTHING));

	return tree < 0 ? fail_sys(e, tree, "open_tree") : tree;
}

static int source_failed(const struct step_mount *m, int r, struct err *e)
{
	if (r == -EINVAL && !m->rbind)
		return fail_sys(e, r, "source %.160s (in a user namespace, a directory with other mounts below it needs rbind)", m->source);
	return fail_sys(e, r, "source %.160s", m->source);
}

int mount_bind(struct run *r, const struct step_mount *m, struct slot *slot, struct err *e)
{
	bool prepared = m->idmap && slot->fd >= 0;
	int opened = prepared ? -1 : sys_open_tree(AT_FDCWD, m->source, tree_flags(m));

	(void)r;
	if (!prepared && opened < 0) {
		if (slot->fd < 0)
			return source_failed(m, opened, e);
		prepared = true;
	}
	AUTO_FD int tree = prepared ? take_fd(&slot->fd) : opened;
	fd_close(&slot->fd);
	if (m->idmap && !prepared)
		TRY(idmap_apply(tree, slot->fd2, m->idmap_rec, e));
	TRY(mount_attr_bind(tree, &m->attr, prepared, e));
	TRY(mount_attr_tree(tree, &m->attr_rec, e));
	return take_fd(&tree);
}
