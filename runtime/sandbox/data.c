/* data.c - the data directory of a sandbox.
 *
 * A replacement stands complete in .data.new before the two names are exchanged in one step; what sandbox.conf is to say then lies in
 * config/next.conf with the inode of the new directory. Whoever comes next sees by the inode which data are there, and ends the work.
 * Must not delete data before others are in their place, nor follow a link: the tree is the user's, its data are a server's. */
#include "sandbox/data.h"
#include "base/text.h"
#include "sandbox/conf.h"
#include "sandbox/tree.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "data"
#define NEW ".data.new"
#define OLD ".data.old"
#define WORK ".work"
#define NEXT "config/next.conf"
#define NEXT_MARK "# data: "

int sandbox_open_data(const struct sandbox *s, struct err *e)
{
	int fd = tree_open(s->fd, DATA);

	return fd < 0 ? fail_sys(e, fd, "%s/" DATA, s->dir) : fd;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int sandbox_entries(struct arena *a, const struct sandbox *s, const char *dir, struct strs *out, struct err *e)
{
	AUTO_FD int fd = tree_open(s->fd, dir);
	struct tree_reader reader;
	const struct dirent64 *d;
	int r = fd < 0 ? fd : tree_read(&reader, fd);

	*out = (struct strs){ 0 };
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0)
		*arena_push(a, out) = arena_str(a, d->d_name);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return r < 0 ? fail_sys(e, r, "%s/%s", s->dir, dir) : 0;
}

/* --- filling it */

/* What overlayfs could not be told. */
static bool plain_path(const char *path)
{
	return !strpbrk(path, ":,\\\"") && strlen(path) < 240;
}

/* Does the kernel have overlayfs? It is a module that the first who asks loads, if he may. */
static bool kernel_overlays(void)
{
	AUTO_FD int fs = sys_fsopen("overlay");
	char list[4096];

	return fs >= 0 || (sys_read_file(AT_FDCWD, "/proc/filesystems", list, sizeof list) > 0 && strstr(list, "\toverlay\n"));
}

/* A layer that belongs to somebody else could not be written to by the server. */
static bool overlay_ok(const struct sandbox *s, const struct template_ *t)
{
	struct stat st;

	return kernel_overlays() && plain_path(s->dir) && plain_path(t->dir) && sys_fstat(t->fd, &st) == 0 &&
	       st.st_uid == s->place.data_uid;
}

static int choose(const struct sandbox *s, const struct template_ *t, int data, const char *wanted, enum storage *out, struct err *e)
{
	if (!wanted || !strcmp(wanted, "auto")) {
		/* storage_choose without measuring: a template knows its size */
		*out = storage_reflinks(t->fd, data)						  ? STORAGE_REFLINK
		       : t->bytes < STORAGE_OVERLAY_MAX && overlay_ok(s, t) && storage_overlays(data) ? STORAGE_OVERLAY
													  : STORAGE_COPY;
		return 0;
	}
	TRY(storage_named(wanted, out, e));
	if (*out == STORAGE_REFLINK && !storage_reflinks(t->fd, data))
		return fail(e, ENOTSUP,
			    "--storage reflink: %.200s and the templates (%.100s) share no blocks; XFS and Btrfs can, on one file system",
			    s->dir, s->place.templates);
	if (*out == STORAGE_OVERLAY && !(overlay_ok(s, t) && storage_overlays(data)))
		return fail(e, ENOTSUP, "--storage overlay: no overlay can be mounted on %.200s; --storage copy works everywhere", s->dir);
	return 0;
}

/* One that several users share is nobody's secret: its files become the sandbox's. */
static int copy_template(const struct sandbox *s, const struct template_ *t, int data, bool reflink, struct err *e)
{
	struct stat st;
	int r = sys_fstat(t->fd, &st);

	if (r < 0)
		return fail_sys(e, r, "%s/data", t->dir);
	if (st.st_uid == s->place.data_uid && st.st_gid == s->place.data_gid)
		return tree_copy(t->fd, data, reflink, -1, -1, e);
	return tree_copy(t->fd, data, reflink, s->place.data_uid, s->place.data_gid, e);
}

int sandbox_clone_data(struct arena *a, struct sandbox *s, const struct template_ *t, const char *wanted, struct err *e)
{
	AUTO_FD int data = TRY(sandbox_open_data(s, e));
	enum storage how;

	(void)a;
	TRY(choose(s, t, data, wanted, &how, e));
	if (how == STORAGE_OVERLAY)
		TRY(template_use(t, s, e));
	else
		TRY(copy_template(s, t, data, how == STORAGE_REFLINK, e));
	s->conf.storage = storage_name(how);
	s->conf.template_ = t->key;
	return 0;
}

/* --- a killed replacement */

static int remove_dir(const struct sandbox *s, const char *name, struct err *e)
{
	AUTO_FD int dir = tree_open(s->fd, name);
	int r;

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return fail_sys(e, dir, "%s/%s", s->dir, name);
	TRY(tree_empty(dir, e));
	r = sys_rmdir(s->fd, name);
	return r < 0 ? fail_sys(e, r, "cannot remove %s/%s", s->dir, name) : 0;
}

static bool there(const struct sandbox *s, const char *name)
{
	struct stat st;

	return sys_statat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int drop_next(const struct sandbox *s, struct err *e)
{
	int r = sys_unlink(s->fd, NEXT);

	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot remove %s/" NEXT, s->dir) : 0;
}

/* Were the data exchanged already? Then what was to be said of them is said now. */
static int finish_next(struct arena *a, struct sandbox *s, struct err *e)
{
	struct sandbox_conf next;
	struct stat st;
	char *bytes;
	size_t n;
	int r;

	if (!there(s, NEXT))
		return 0;
	TRY(sandbox_read(a, s, NEXT, &bytes, &n, e));
	r = sys_statat(s->fd, DATA, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return fail_sys(e, r, "%s/" DATA, s->dir);
	if (!strncmp(bytes, NEXT_MARK, sizeof NEXT_MARK - 1) && strtoull(bytes + sizeof NEXT_MARK - 1, NULL, 10) == st.st_ino) {
		TRY(conf_decode(a, bytes, NEXT, &next, e));
		s->conf = next;
		TRY(sandbox_save(s, e));
	}
	return drop_next(s, e);
}

int sandbox_settle(struct arena *a, struct sandbox *s, struct err *e)
{
	int r = 0;

	if (there(s, OLD) && !there(s, DATA))
		r = sys_rename(s->fd, OLD, s->fd, DATA); /* killed between two renames */
	if (r < 0)
		return fail_sys(e, r, "cannot put back %s/" DATA, s->dir);
	TRY(finish_next(a, s, e));
	TRY(remove_dir(s, NEW, e));
	return remove_dir(s, OLD, e);
}

/* --- a replacement */

static int write_next(const struct sandbox *s, int data, const struct sandbox_conf *after, struct err *e)
{
	struct arena scratch = { 0 };
	struct text t = { .arena = &scratch };
	struct stat st;
	int r = sys_fstat(data, &st);

	if (r < 0)
		return fail_sys(e, r, "%s/" NEW, s->dir);
	text_fmt(&t, NEXT_MARK "%ju\n", (uintmax_t)st.st_ino);
	conf_encode(&t, after);
	r = sandbox_write(s, NEXT, text_get(&t), t.n, 0600, e);
	arena_drop(&scratch);
	return r;
}

/* Where the file system cannot exchange names there is a moment between two renames: sandbox_settle knows it. */
static int put_in_place(const struct sandbox *s, struct err *e)
{
	int r = sys_exchange(s->fd, NEW, s->fd, DATA);

	if (r == -EINVAL || r == -ENOSYS) {
		r = sys_rename(s->fd, DATA, s->fd, OLD);
		if (r == 0)
			r = sys_rename(s->fd, NEW, s->fd, DATA);
		if (r < 0 && there(s, OLD) && !there(s, DATA))
			(void)!sys_rename(s->fd, OLD, s->fd, DATA);
	}
	return r < 0 ? fail_sys(e, r, "cannot replace %s/" DATA, s->dir) : 0;
}

static int stage(const struct sandbox *s, int from, bool reflink, const struct sandbox_conf *after, bool durable, struct err *e)
{
	AUTO_FD int fd = tree_make(s->fd, NEW, 0700, s->place.data_uid, s->place.data_gid);
	int r;

	if (fd < 0)
		return fail_sys(e, fd, "cannot make %s/" NEW, s->dir);
	if (from >= 0)
		TRY(tree_copy(from, fd, reflink, -1, -1, e)); /* owners as they are: see snapshot.c */
	r = durable ? sys_syncfs(fd) : 0;
	if (r < 0)
		return fail_sys(e, r, "cannot write %s/" NEW, s->dir);
	return write_next(s, fd, after, e);
}

int sandbox_replace_data(struct arena *a, struct sandbox *s, int from, bool reflink, const struct sandbox_conf *after, bool durable,
			 struct err *e)
{
	struct sandbox_conf keep = *after; /* `after` may be what settling changes */
	AUTO_FD int work = -1;
	struct err ignored;
	int r;

	TRY(sandbox_settle(a, s, e));
	r = stage(s, from, reflink, &keep, durable, e);
	if (r == 0)
		r = put_in_place(s, e);
	if (r < 0) {
		(void)!drop_next(s, &ignored);
		(void)!remove_dir(s, NEW, &ignored);
		return r;
	}
	TRY(sandbox_settle(a, s, e)); /* from here on there is one way only: forward */
	work = tree_open(s->fd, WORK);
	return work < 0 ? 0 : tree_empty(work, e); /* it knows the old upper layer */
}
