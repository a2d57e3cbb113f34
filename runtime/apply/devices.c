/* devices.c - device nodes and links in the container's /dev.
 *
 * A node is made on the handle of its directory and then known by its own handle: whatever links an image has put at
 * or below /dev, nothing is made, changed or removed outside the container's root (T02-T06 of the threat tests).
 * Where mknod is not possible, the host's node of the same path is bound, if it is that very device. Must not change
 * the mode or owner of a node that it did not make. */
#include "apply/mount.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"
#include <stdio.h>
#include <sys/sysmacros.h>

static dev_t number(const struct step_node *n)
{
	return S_ISFIFO(n->type) ? 0 : makedev((unsigned)n->major, (unsigned)n->minor);
}

static bool right(const struct step_node *n, const struct stat *st)
{
	return (st->st_mode & S_IFMT) == n->type && (S_ISFIFO(n->type) || st->st_rdev == number(n));
}

static char letter(mode_t type)
{
	return S_ISCHR(type) ? 'c' : S_ISBLK(type) ? 'b' : 'p';
}

/* The host's node may lie where init's user namespace cannot go. */
int op_node_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int tree;

	if (!s->node.bind || S_ISFIFO(s->node.type) || !r->host->privileged)
		return 0;
	tree = sys_open_tree(AT_FDCWD, s->node.path, OPEN_TREE_CLONE);
	if (tree < 0)
		return 0; /* init says what is missing, if it does not find it either */
	slot->fd = tree;
	return mount_propagation(tree, MS_PRIVATE, e);
}

/* Mode and owner of the node that we have just made, whatever umask or default ACL had to say. */
static int finish_node(struct run *r, const struct step_node *n, int dir, const char *name, struct err *e)
{
	AUTO_FD int fd = sys_open(dir, name, O_PATH | O_NOFOLLOW, 0);
	char link[32];
	struct stat st;
	int ret;

	ret = fd < 0 ? fd : sys_fstat(fd, &st);
	if (ret < 0)
		return fail_sys(e, ret, "the new node");
	if (!right(n, &st))
		return fail(e, EAGAIN, "the new node was replaced by something else");
	if (st.st_uid != n->uid || st.st_gid != n->gid) {
		ret = sys_chown(fd, "", n->uid, n->gid, AT_EMPTY_PATH);
		if (ret < 0)
			return fail_sys(e, ret, "owner %u:%u", n->uid, n->gid);
	}
	if ((st.st_mode & 07777) != (n->mode & 07777)) {
		snprintf(link, sizeof link, "self/fd/%d", fd);
		ret = sys_chmod(r->proc, link, n->mode & 07777);
		if (ret < 0)
			return fail_sys(e, ret, "mode %04o", n->mode & 07777);
	}
	return 0;
}

/* Something is there already. The name itself counts, and where that is a link (as /dev/ptmx is), what it leads to
 * inside the root. */
static int accept_existing(struct run *r, const struct step_node *n, int dir, const char *name, struct err *e)
{
	AUTO_FD int fd = -1;
	struct stat st;
	int ret = sys_statat(dir, name, &st, AT_SYMLINK_NOFOLLOW);

	if (ret == 0 && S_ISLNK(st.st_mode)) {
		fd = path_open(r->root, n->path, true, e);
		ret = fd < 0 ? fd : sys_fstat(fd, &st);
		/* a link of ours whose file system is not mounted: nobody can be misled by it */
		if (ret == -ENOENT && n->is_default)
			return 0;
	}
	if (ret < 0)
		return fail_sys(e, ret, "what is there already");
	if (right(n, &st))
		return 0;
	return fail(e, EEXIST, "something else is there already; %c %lld:%lld is asked for", letter(n->type), (long long)n->major,
		    (long long)n->minor);
}

/* A detached copy of the host's node. */
static int host_node(const struct step_node *n, struct slot *slot, struct err *e)
{
	int opened = sys_open_tree(AT_FDCWD, n->path, OPEN_TREE_CLONE);
	AUTO_FD int tree = opened >= 0 || slot->fd < 0 ? opened : take_fd(&slot->fd);
	struct stat st;

	if (tree < 0)
		return fail_sys(e, tree, "mknod is not permitted here, and the host's node cannot be bound");
	if (sys_fstat(tree, &st) < 0 || !right(n, &st))
		return fail(e, ENODEV, "mknod is not permitted here, and the host's %s is not %c %lld:%lld", n->path, letter(n->type),
			    (long long)n->major, (long long)n->minor);
	return take_fd(&tree);
}

static int bind_node(struct run *r, const struct step_node *n, struct slot *slot, int dir, const char *name, struct err *e)
{
	AUTO_FD int made = sys_open(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0);
	AUTO_FD int target = -1;
	AUTO_FD int tree = -1;

	if (made == -EEXIST && accept_existing(r, n, dir, name, e) == 0)
		return 0;
	if (made < 0)
		return made == -EEXIST ? made : fail_sys(e, made, "cannot make a file to bind the host's node on");
	tree = TRY(host_node(n, slot, e));
	target = sys_open(dir, name, O_PATH | O_NOFOLLOW, 0);
	if (target < 0)
		return fail_sys(e, target, "the file to bind the host's node on");
	return mount_attach(tree, target, e);
}

static int make_node(struct run *r, const struct step_node *n, struct slot *slot, struct err *e)
{
	const char *name = NULL;
	AUTO_FD int dir = path_parent(r->root, n->path, &name, e);
	mode_t old;
	int ret;

	if (dir < 0)
		return dir;
	if (n->bind && !S_ISFIFO(n->type))
		return bind_node(r, n, slot, dir, name, e);
	old = sys_umask(0);
	ret = sys_mknod(dir, name, n->type | (n->mode & 07777), number(n));
	sys_umask(old);
	if (ret == -EEXIST)
		return accept_existing(r, n, dir, name, e);
	if (ret == -EPERM && !S_ISFIFO(n->type))
		return bind_node(r, n, slot, dir, name, e);
	if (ret < 0)
		return fail_sys(e, ret, "mknod");
	return finish_node(r, n, dir, name, e);
}

int op_node(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = make_node(r, &s->node, slot, e);

	fd_close(&slot->fd);
	return ret < 0 ? fail_in(e, "device %.160s", s->node.path) : 0;
}

/* Our own links give way to what the image or a bind of the host's /dev has there. */
int op_symlink(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret = path_symlink(r->root, s->symlink.path, s->symlink.target, e);

	(void)slot;
	return ret == -EEXIST ? 0 : ret;
}
