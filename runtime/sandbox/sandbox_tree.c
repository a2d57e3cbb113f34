/* sandbox_tree.c - the trees of a root: which there are, and the end of one.
 * Must not follow a link, leave the file system, or delete anything but a tree whose lock the caller holds. */
#include "sandbox/conf.h"
#include "sandbox/tree.h"
#include "sys/sys.h"
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands in an open directory, sorted, without "." and "..". */
static int entries(struct arena *a, int dir, struct strs *out)
{
	union {
		struct dirent64 d;
		char bytes[8192];
	} buf;
	ssize_t n, at;
	int r = sys_rewind(dir);

	*out = (struct strs){ 0 };
	if (r < 0)
		return r;
	while ((n = sys_getdents(dir, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);

			at += d->d_reclen;
			if (strcmp(d->d_name, ".") && strcmp(d->d_name, ".."))
				*arena_push(a, out) = arena_str(a, d->d_name);
		}
	}
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return (int)n;
}

/* Has it been a sandbox once? One that is being made counts from its first file on. */
static bool is_tree(int root, const char *name)
{
	AUTO_FD int dir = sys_open(root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	struct stat st;

	return dir >= 0 && (sys_statat(dir, SANDBOX_CONF, &st, AT_SYMLINK_NOFOLLOW) == 0 || tree_is_marked(dir));
}

bool tree_is_left(int dir)
{
	struct arena scratch = { 0 };
	AUTO_FD int fd = sys_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	struct strs names;
	bool left = tree_is_marked(dir);

	if (!left && fd >= 0 && entries(&scratch, fd, &names) == 0)
		left = names.n == 0 || (names.n == 1 && !strcmp(names.v[0], "." SANDBOX_MARK ".new"));
	arena_drop(&scratch);
	return left;
}

int sandbox_names(struct arena *a, const struct place *p, struct strs *out, struct err *e)
{
	AUTO_FD int root = sys_open(AT_FDCWD, p->root, O_RDONLY | O_DIRECTORY, 0);
	struct strs all;
	size_t i;
	int r;

	*out = (struct strs){ 0 };
	if (root == -ENOENT)
		return 0;
	r = root < 0 ? root : entries(a, root, &all);
	if (r < 0)
		return fail_sys(e, r, "cannot list %s", p->root);
	for (i = 0; i < all.n; i++)
		if (sandbox_could_be_named(all.v[i]) && is_tree(root, all.v[i]))
			*arena_push(a, out) = all.v[i];
	return 0;
}

size_t sandbox_kept_from_us(struct arena *a, const struct place *p, uint32_t *uid)
{
	AUTO_FD int root = sys_open(AT_FDCWD, p->root, O_RDONLY | O_DIRECTORY, 0);
	struct strs all;
	size_t i, n = 0;

	if (root < 0 || entries(a, root, &all) < 0)
		return 0;
	for (i = 0; i < all.n; i++) {
		struct stat st;

		if (!sandbox_could_be_named(all.v[i]) || sys_statat(root, all.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode) || sys_access(root, all.v[i], X_OK, AT_EACCESS) != -EACCES)
			continue;
		if (!n++)
			*uid = st.st_uid;
	}
	return n;
}

/* One entry of dir with all that is below it. */
static int remove_entry(int dir, const char *name, dev_t dev, struct err *e)
{
	AUTO_FD int sub = -1;
	struct stat st;
	int r = sys_unlink(dir, name);

	if (r == 0 || r == -ENOENT)
		return 0;
	if (r != -EISDIR && r != -EPERM)
		return fail_sys(e, r, "cannot delete %s", name);
	sub = tree_open_below(dir, name);
	r = sub < 0 ? sub : sys_fstat(sub, &st);
	if (r < 0 && r != -EXDEV)
		return r == -ENOENT ? 0 : fail_sys(e, r, "cannot delete %s", name);
	if (r == -EXDEV || st.st_dev != dev)
		return fail(e, EXDEV, "cannot delete %s: another file system is mounted there, unmount it first", name);
	TRY(tree_empty(sub, e));
	r = sys_rmdir(dir, name);
	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot delete %s", name) : 0;
}

/* sandbox.conf goes first: from then on it is no sandbox any more, whatever becomes of us, and another destroy, create or prune ends the
 * work. The mark that allows them to goes last. */
static int remove_all(struct arena *a, int dir, dev_t dev, struct err *e)
{
	struct strs names;
	size_t i;
	int r = sys_unlink(dir, SANDBOX_CONF);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return fail_sys(e, r, "cannot delete " SANDBOX_CONF);
	r = entries(a, dir, &names);
	if (r < 0)
		return fail_sys(e, r, "cannot list it");
	for (i = 0; i < names.n; i++)
		if (strcmp(names.v[i], SANDBOX_MARK))
			TRY(remove_entry(dir, names.v[i], dev, e));
	r = sys_unlink(dir, SANDBOX_MARK);
	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot delete " SANDBOX_MARK) : 0;
}

int sandbox_remove(struct sandbox *s, struct err *e)
{
	struct arena scratch = { 0 };
	struct stat held, named;
	AUTO_FD int above = sys_open(s->fd, "..", O_PATH | O_DIRECTORY, 0);
	int r = above < 0 ? above : sys_fstat(s->fd, &held);

	if (s->lock < 0)
		return fail(e, EINVAL, "%s is not locked", s->dir);
	if (r == 0)
		r = sys_statat(above, s->name, &named, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return fail_sys(e, r, "cannot delete %s", s->dir);
	if (held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		return fail(e, ESTALE, "cannot delete %s: another directory stands in its place", s->dir);
	r = remove_all(&scratch, s->fd, held.st_dev, e);
	arena_drop(&scratch);
	if (r < 0)
		return fail_in(e, "%s", s->dir);
	r = sys_rmdir(above, s->name);
	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot delete %s", s->dir) : 0;
}

const char *sandbox_socket_dir(struct arena *a, const struct sandbox *s)
{
	return arena_fmt(a, "%s/%s", s->place.sockets, s->conf.id);
}

int sandbox_make_socket_dir(struct arena *a, const struct sandbox *s, struct err *e)
{
	TRY(place_make(s->place.sockets, 0711, geteuid(), getegid(), e));
	return place_make(sandbox_socket_dir(a, s), 0700, s->place.data_uid, s->place.data_gid, e);
}

int sandbox_drop_socket_dir(struct arena *a, const struct sandbox *s, struct err *e)
{
	AUTO_FD int dir = sys_open(AT_FDCWD, s->place.sockets, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct stat st, its;

	(void)a;
	if (!s->conf.id || dir == -ENOENT)
		return 0;
	if (dir < 0 || sys_fstat(dir, &st) < 0)
		return fail_sys(e, dir, "%s", s->place.sockets);
	/* under sudo the id is what the owner of the tree wrote: it may be another sandbox's */
	if (s->place.uid != geteuid() && sys_statat(dir, s->conf.id, &its, AT_SYMLINK_NOFOLLOW) == 0 && its.st_uid != s->place.data_uid)
		return 0;
	if (remove_entry(dir, s->conf.id, st.st_dev, e) < 0)
		return fail_in(e, "%s", s->place.sockets);
	return 0;
}
