/* snapshot.c - copies of a sandbox's data that stay with it.
 * Must not be seen before it is complete: it is made under a name with a dot, and renamed. */
#include "sandbox/snapshot.h"
#include "base/text.h"
#include "base/utc.h"
#include "sandbox/conf.h"
#include "sandbox/tree.h"
#include "store/record.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALL "snapshots"
#define CONF "snapshot.conf"
#define MAX_CONF ((size_t)1 << 20)

/* --- copying */

int copy_cost(int from, int to, struct copy_cost *out, struct err *e)
{
	struct statfs fs;
	int r;

	*out = (struct copy_cost){ .reflink = storage_reflinks(from, to) };
	TRY(tree_measure(from, &out->size, e));
	r = sys_fstatfs(to, &fs);
	if (r < 0)
		return fail_sys(e, r, "cannot tell how much is free");
	out->left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize;
	if (!out->reflink && out->left < out->size.bytes)
		return fail(e, ENOSPC, "the copy needs %ju MiB and %ju MiB are free: %ju MiB are missing; nothing was changed",
			    (uintmax_t)out->size.bytes >> 20, (uintmax_t)out->left >> 20,
			    (uintmax_t)((out->size.bytes - out->left) >> 20) + 1);
	return 0;
}

/* A server that stays frozen because somebody pressed ^C would be worse than no snapshot. */
static int hold_signals(sigset_t *was)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGPIPE);
	sigaddset(&set, SIGTSTP);
	return sys_sigprocmask(SIG_BLOCK, &set, was);
}

/* Every file keeps its owner: one of root's that got there must not become the server's, whose user could then read it. */
static int copy(int from, int to, const struct copy_cost *c, struct err *e)
{
	return tree_copy(from, to, c->reflink, -1, -1, e);
}

static int copy_held(int from, int to, const struct copy_cost *c, const struct sandbox *s, struct freezer *f, struct err *e)
{
	int64_t at = sys_now_us();
	struct err thaw;
	int r, back;

	r = f->freeze(f->ctx, true, e);
	if (r < 0)
		return r;
	r = copy(from, to, c, e);
	back = f->freeze(f->ctx, false, &thaw);
	f->us = sys_now_us() - at;
	if (back < 0 && r == 0) {
		*e = thaw;
		r = fail_in(e, "the server of %s still stands still (`wasirun sandbox restart %s`)", s->name, s->name);
	}
	return r;
}

int copy_frozen(int from, int to, const struct copy_cost *c, const struct sandbox *s, struct freezer *f, struct err *e)
{
	struct err ignored;
	sigset_t was;
	int r;

	if (!f)
		return copy(from, to, c, e);
	r = c->reflink ? sys_syncfs(from) : 0; /* sharing a block writes it first: better before the server is held */
	if (r == 0)
		r = hold_signals(&was);
	if (r < 0)
		return fail_sys(e, r, "cannot copy the data of %s", s->name);
	r = copy_held(from, to, c, s, f, e);
	if (r < 0)
		(void)!tree_empty(to, &ignored);
	(void)!sys_sigprocmask(SIG_SETMASK, &was, NULL);
	return r;
}

/* --- names */

int snapshot_check_name(const char *name, struct err *e)
{
	if (sandbox_could_be_named(name))
		return 0;
	return fail(e, EINVAL, "\"%.80s\" cannot name a snapshot: letters, digits and _ . - after one of the first two, at most %d", name,
		    SANDBOX_NAME_BYTES);
}

static bool taken(struct arena *a, const struct sandbox *s, const char *name)
{
	struct stat st;

	return sys_statat(s->fd, arena_fmt(a, ALL "/%s", name), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int snapshot_new_name(struct arena *a, const struct sandbox *s, const char **out, struct err *e)
{
	char utc[UTC_BYTES], *base;
	unsigned n;

	utc_format(time(NULL), utc); /* 2026-11-21T11:45:00 */
	base = arena_fmt(a, "%.4s%.2s%.2s-%.2s%.2s%.2s", utc, utc + 5, utc + 8, utc + 11, utc + 14, utc + 17);
	*out = base;
	for (n = 2; taken(a, s, *out); n++) {
		if (n > 1000)
			return fail(e, EEXIST, "too many snapshots of this second");
		*out = arena_fmt(a, "%s-%u", base, n);
	}
	return 0;
}

int snapshot_dir(const struct sandbox *s, struct err *e)
{
	int r = tree_make(s->fd, ALL, 0700, s->place.uid, s->place.gid);

	if (r == -EEXIST)
		r = tree_open(s->fd, ALL);
	return r < 0 ? fail_sys(e, r, "%s/" ALL, s->dir) : r;
}

/* --- taking */

static int remove_one(int all, const char *name, struct err *e)
{
	AUTO_FD int dir = tree_open(all, name);
	int r;

	if (dir == -ENOENT)
		return 0;
	if (dir < 0)
		return fail_sys(e, dir, "the snapshot %s", name);
	TRY(tree_empty(dir, e));
	r = sys_rmdir(all, name);
	return r < 0 ? fail_sys(e, r, "the snapshot %s", name) : 0;
}

static int write_conf(const struct sandbox *s, int dir, struct err *e)
{
	AUTO_FD int fd = sys_open(dir, CONF, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	struct arena scratch = { 0 };
	struct text t = { .arena = &scratch };
	struct sandbox_conf c = s->conf;
	int r = fd < 0 ? fd : 0;

	c.created = arena_fmt(&scratch, "%jd", (intmax_t)time(NULL));
	conf_encode(&t, &c);
	if (r == 0)
		r = sys_write_all(fd, text_get(&t), t.n);
	if (r == 0)
		r = sys_chown(fd, "", s->place.uid, s->place.gid, AT_EMPTY_PATH);
	arena_drop(&scratch);
	return r < 0 ? fail_sys(e, r, "cannot write the snapshot's " CONF) : 0;
}

static int fill(const struct sandbox *s, int all, const char *new_, const struct copy_cost *cost, struct freezer *f, struct err *e)
{
	AUTO_FD int from = TRY(sandbox_open_data(s, e));
	AUTO_FD int dir = tree_make(all, new_, 0700, s->place.uid, s->place.gid);
	AUTO_FD int data = dir < 0 ? dir : tree_make(dir, "data", 0700, s->place.data_uid, s->place.data_gid);

	if (data < 0)
		return fail_sys(e, data, "cannot make %s/" ALL "/%s", s->dir, new_);
	TRY(copy_frozen(from, data, cost, s, f, e));
	return write_conf(s, dir, e);
}

int snapshot_take(struct arena *a, const struct sandbox *s, const char *name, const struct copy_cost *cost, struct freezer *f,
		  struct err *e)
{
	AUTO_FD int all = TRY(snapshot_dir(s, e));
	const char *new_ = arena_fmt(a, ".%s.new", name);
	struct err ignored;
	int r;

	TRY(snapshot_check_name(name, e));
	if (taken(a, s, name))
		return fail(e, EEXIST, "%s has a snapshot %s already: `wasirun sandbox snapshot %s --delete %s`, or give it another name",
			    s->name, name, s->name, name);
	TRY(remove_one(all, new_, e)); /* a killed one's */
	r = fill(s, all, new_, cost, f, e);
	if (r == 0) {
		r = sys_rename(all, new_, all, name);
		if (r < 0)
			r = fail_sys(e, r, "cannot name the snapshot %s", name);
	}
	if (r < 0)
		(void)!remove_one(all, new_, &ignored);
	return r;
}

/* --- those there are */

static int read_conf(struct arena *a, int dir, const char *name, struct sandbox_conf *out, struct err *e)
{
	AUTO_FD int fd = sys_open(dir, CONF, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	const char *what = arena_fmt(a, ALL "/%s/" CONF, name);
	char *bytes;
	size_t n;

	if (fd < 0)
		return fail_sys(e, fd, "%s", what);
	TRY(read_regular(a, fd, MAX_CONF, what, &bytes, &n, e));
	return conf_decode(a, bytes, what, out, e);
}

struct dated {
	char *name;
	int64_t created;       /* seconds, as its snapshot.conf says */
	struct timespec named; /* when the last was put into its directory: tells those of one second apart */
};

static int in_order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_age(const void *a_, const void *b_)
{
	const struct dated *a = a_, *b = b_;

	int r = in_order(a->created, b->created);

	r = r ? r : in_order(a->named.tv_sec, b->named.tv_sec);
	r = r ? r : in_order(a->named.tv_nsec, b->named.tv_nsec);
	return r ? r : strcmp(a->name, b->name);
}

int snapshot_list(struct arena *a, const struct sandbox *s, struct strs *out, struct err *e)
{
	AUTO_FD int all = tree_open(s->fd, ALL);
	LIST(struct dated) found = { 0 };
	struct tree_reader reader;
	const struct dirent64 *d;
	size_t i;
	int r = all < 0 ? all : tree_read(&reader, all);

	*out = (struct strs){ 0 };
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0) {
		AUTO_FD int dir = sandbox_could_be_named(d->d_name) ? tree_open(all, d->d_name) : -1;
		struct sandbox_conf c = { 0 };
		struct err damaged;
		struct stat st;

		if (dir < 0 || sys_fstat(dir, &st) < 0)
			continue;
		(void)!read_conf(a, dir, d->d_name, &c, &damaged);
		*arena_push(a, &found) =
			(struct dated){ arena_str(a, d->d_name), c.created ? strtoll(c.created, NULL, 10) : 0, st.st_mtim };
	}
	if (r < 0 && r != -ENOENT)
		return fail_sys(e, r, "cannot list the snapshots of %s", s->name);
	if (found.n)
		qsort(found.v, found.n, sizeof *found.v, by_age);
	for (i = 0; i < found.n; i++)
		*arena_push(a, out) = found.v[i].name;
	return 0;
}

static int missing(struct arena *a, const struct sandbox *s, const char *name, struct err *e)
{
	struct text t = { .arena = a };
	struct strs names;
	size_t i;

	TRY(snapshot_list(a, s, &names, e));
	for (i = 0; i < names.n && i < 8; i++)
		text_fmt(&t, "%s%s", i ? ", " : "", names.v[names.n - 1 - i]);
	if (names.n)
		return fail(e, ENOENT, "%s has no snapshot %s; it has %s%s", s->name, name, text_get(&t), names.n > 8 ? ", ..." : "");
	return fail(e, ENOENT, "%s has no snapshot %s, and no other: `wasirun sandbox snapshot %s` takes one", s->name, name, s->name);
}

int snapshot_open(struct arena *a, const struct sandbox *s, const char *name, struct snapshot *out, struct err *e)
{
	AUTO_FD int all = tree_open(s->fd, ALL);
	AUTO_FD int dir = -1;

	*out = (struct snapshot){ .name = name, .data = -1 };
	TRY(snapshot_check_name(name, e));
	dir = all < 0 ? all : tree_open(all, name);
	if (dir == -ENOENT)
		return missing(a, s, name, e);
	if (dir < 0)
		return fail_sys(e, dir, "the snapshot %s", name);
	if (read_conf(a, dir, name, &out->conf, e) < 0)
		return fail_in(e, "the snapshot %s is damaged", name);
	out->data = tree_open(dir, "data");
	return out->data < 0 ? fail_sys(e, out->data, "the snapshot %s is damaged: data", name) : 0;
}

int snapshot_delete(struct arena *a, const struct sandbox *s, const char *name, struct err *e)
{
	AUTO_FD int all = tree_open(s->fd, ALL);
	const char *gone = arena_fmt(a, ".%s.gone", name);
	int r;

	TRY(snapshot_check_name(name, e));
	r = all < 0 ? all : 0;
	if (r == 0) {
		TRY(remove_one(all, gone, e));
		r = sys_rename(all, name, all, gone);
	}
	if (r == -ENOENT)
		return missing(a, s, name, e);
	return r < 0 ? fail_sys(e, r, "the snapshot %s", name) : remove_one(all, gone, e);
}
