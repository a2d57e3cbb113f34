/* sandbox.c - one sandbox on disk: claimed, opened, locked, removed.
 * Must not touch a directory that it did not make: what has neither a sandbox.conf nor our mark is somebody's work. */
#include "sandbox/sandbox.h"
#include "base/log.h"
#include "base/nearest.h"
#include "sandbox/conf.h"
#include "sandbox/engine.h"
#include "sandbox/tree.h"
#include "store/files.h"
#include "sys/sys.h"
#include <string.h>
#include <sys/file.h>
#include <time.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
#define LOCK_STEP_US 2000
#define LOCK_SECONDS 60

void sandbox_init(struct sandbox *s)
{
	*s = (struct sandbox){ .fd = -1, .lock = -1 };
}

void sandbox_close(struct sandbox *s)
{
	fd_close(&s->fd);
	fd_close(&s->lock);
}

bool sandbox_could_be_named(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	return *name && !strchr("_.-", *name) && strspn(name, letters) == strlen(name) && strlen(name) <= SANDBOX_NAME_BYTES;
}

int sandbox_check_name(const char *name, struct err *e)
{
	if (!sandbox_could_be_named(name))
		return fail(e, EINVAL, "\"%.80s\" cannot be a sandbox's name: a letter or digit, then letters, digits, \"_\", \".\" "
			    "and \"-\", %d at most", name, SANDBOX_NAME_BYTES);
	if (engine_named(name))
		return fail(e, EINVAL, "\"%s\" is an engine's name, so it cannot be a sandbox's: %s-dev could", name, name);
	return 0;
}

/* Waits, and after half a second says so. root: of all sandboxes, else of one. */
static int take_lock(struct arena *a, int fd, const char *what, struct err *e)
{
	int64_t from = 0;
	bool told = false;
	int r;

	while ((r = sys_flock(fd, LOCK_EX | LOCK_NB)) == -EWOULDBLOCK) {
		int64_t now = sys_now_us();

		if (!from)
			from = now;
		if (!told && now - from > 500000) {
			log_warn("%s: waiting for another command (pid %s) that works on it", what, tree_lock_holder(a, fd));
			told = true;
		}
		if (now - from > (int64_t)LOCK_SECONDS * 1000000)
			return fail(e, EBUSY, "%s: another command (pid %s) has been working on it for %d s", what, tree_lock_holder(a, fd),
				    LOCK_SECONDS);
		sys_sleep_us(LOCK_STEP_US);
	}
	return r < 0 ? fail_sys(e, r, "cannot lock %s", what) : 0;
}

static bool same_file(const struct stat *x, const struct stat *y)
{
	return x->st_ino == y->st_ino && x->st_dev == y->st_dev;
}

static const char *inode_of(struct arena *a, int fd)
{
	struct stat st;

	return sys_fstat(fd, &st) < 0 ? "" : arena_fmt(a, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
}

static int no_such(struct arena *a, const struct place *p, const char *name, struct err *e)
{
	const char *best = NULL;
	struct strs names;
	struct err ignored;
	unsigned limit = 3;
	size_t i;

	if (sandbox_names(a, p, &names, &ignored) < 0 || !names.n)
		return fail(e, ENOENT, "no sandbox %s: there is none in %s", name, p->root);
	for (i = 0; i < names.n; i++)
		if (name_distance(name, names.v[i], limit - 1) < limit) {
			limit = name_distance(name, names.v[i], limit - 1);
			best = names.v[i];
		}
	if (best)
		return fail(e, ENOENT, "no sandbox %s in %s: did you mean %s?", name, p->root, best);
	return fail(e, ENOENT, "no sandbox %s in %s: `wasirun sandbox list` shows what is there", name, p->root);
}

/* In a directory that everybody can write to, what stands there may be somebody else's: what it says to run, we would run. */
static int check_owner(const struct sandbox *s, struct err *e)
{
	struct stat st;
	int r = sys_fstat(s->fd, &st);

	if (r < 0)
		return fail_sys(e, r, "%s", s->dir);
	if (st.st_uid == s->place.uid || st.st_uid == geteuid() || st.st_uid == 0)
		return 0;
	return fail(e, EPERM, "%s belongs to another user (uid %u), who could make us run anything: only that user can use it", s->dir,
		    st.st_uid);
}

/* The directory of that name below root (an fd), and its own name for itself. */
static int open_dir(struct arena *a, int root, const struct place *p, const char *name, struct sandbox *out, struct err *e)
{
	sandbox_init(out);
	out->place = *p;
	out->name = arena_str(a, name);
	out->fd = sys_open(root, name, DIR_FLAGS, 0);
	if (out->fd == -ENOENT)
		return -ENOENT;
	if (out->fd == -ELOOP || out->fd == -ENOTDIR)
		return fail(e, ENOTDIR, "%s/%s is not a directory (a symbolic link is not followed)", p->root, name);
	if (out->fd == -EACCES)
		return fail(e, EACCES, "%s/%s cannot be opened: it belongs to another user", p->root, name);
	if (out->fd < 0)
		return fail_sys(e, out->fd, "%s/%s", p->root, name);
	TRY(dir_absolute(a, out->fd, name, &out->dir, e));
	return check_owner(out, e);
}

/* -ESTALE (without words): it was removed, or replaced, while we waited. */
static int lock_dir(struct arena *a, int root, struct sandbox *s, struct err *e)
{
	struct stat held, named;

	s->lock = sys_open(s->fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (s->lock < 0)
		return s->lock == -ENOENT ? -ESTALE : fail_sys(e, s->lock, "%s", s->dir);
	TRY(take_lock(a, s->lock, arena_fmt(a, "sandbox %s", s->name), e));
	if (sys_fstat(s->lock, &held) < 0 || sys_statat(root, s->name, &named, AT_SYMLINK_NOFOLLOW) < 0 || !same_file(&held, &named))
		return -ESTALE;
	return 0;
}

/* A copy of a tree has the id of the one that it was copied from: it must not answer for that one. */
static int look_for_copy(struct arena *a, struct sandbox *s, struct err *e)
{
	const char *inode = inode_of(a, s->fd);

	if (s->conf.inode && !strcmp(s->conf.inode, inode))
		return 0;
	s->copied = true;
	s->conf.inode = inode;
	return sandbox_new_id(a, &s->conf.id, e);
}

static int load(struct arena *a, struct sandbox *s, struct err *e)
{
	int r = conf_load(a, s->fd, s->dir, &s->conf, e);

	if (r == -ENOENT && tree_is_locked(s->fd) && s->lock < 0)
		return fail(e, ENOENT, "sandbox %s is being created by another command (pid %s)", s->name, tree_lock_holder(a, s->fd));
	if (r == -ENOENT && tree_is_left(s->fd))
		return fail(e, ENOENT, "sandbox %s was never finished: create it again, or `wasirun sandbox destroy %s`", s->name, s->name);
	if (r == -ENOENT)
		return fail(e, ENOENT, "%s is no sandbox: it has no " SANDBOX_CONF, s->dir);
	if (r < 0)
		return r;
	return look_for_copy(a, s, e);
}

/* As far as the directory is concerned. */
static int open_locked(struct arena *a, const struct place *p, const char *name, bool lock, struct sandbox *out, struct err *e)
{
	AUTO_FD int root = -1;
	int r;

	sandbox_init(out);
	TRY(sandbox_check_name(name, e));
	root = sys_open(AT_FDCWD, p->root, O_RDONLY | O_DIRECTORY, 0);
	if (root < 0 && root != -ENOENT)
		return fail_sys(e, root, "%s", p->root);
	r = root < 0 ? -ENOENT : open_dir(a, root, p, name, out, e);
	if (r == 0 && lock)
		r = lock_dir(a, root, out, e);
	if (r == -ENOENT || r == -ESTALE)
		return no_such(a, p, name, e);
	return r;
}

int sandbox_open(struct arena *a, const struct place *p, const char *name, bool lock, struct sandbox *out, struct err *e)
{
	int r = open_locked(a, p, name, lock, out, e);

	if (r == 0)
		r = load(a, out, e);
	if (r < 0)
		sandbox_close(out);
	return r;
}

int sandbox_open_ruins(struct arena *a, const struct place *p, const char *name, struct sandbox *out, bool *damaged, struct err *e)
{
	int r = open_locked(a, p, name, true, out, e);

	*damaged = false;
	if (r == 0) {
		r = load(a, out, e);
		if (r < 0 && (r != -ENOENT || tree_is_left(out->fd))) {
			out->conf = (struct sandbox_conf){ 0 };
			*damaged = true;
			r = 0;
		} else if (r == -ENOENT) {
			r = fail(e, EINVAL, "%s is no sandbox: nothing of it is deleted", out->dir);
		}
	}
	if (r < 0)
		sandbox_close(out);
	return r;
}

int sandbox_open_left(struct arena *a, const struct place *p, const char *name, struct sandbox *out, struct err *e)
{
	struct stat st;
	int r = open_locked(a, p, name, false, out, e);

	if (r == 0 && sys_statat(out->fd, SANDBOX_CONF, &st, AT_SYMLINK_NOFOLLOW) < 0 && !tree_is_left(out->fd))
		r = fail(e, ENOENT, "%s is no sandbox: it has no " SANDBOX_CONF, out->dir);
	if (r < 0)
		sandbox_close(out);
	return r;
}

static int make_dir(const struct sandbox *s, const char *name, mode_t mode, uint32_t uid, uint32_t gid, struct err *e)
{
	AUTO_FD int fd = tree_make(s->fd, name, mode, uid, gid);

	return fd < 0 ? fail_sys(e, fd, "cannot make %s/%s", s->dir, name) : 0;
}

static int furnish(struct arena *a, struct sandbox *s, struct err *e)
{
	static const struct {
		const char *name;
		mode_t mode;
		bool data;
	} dirs[] = {
		{ "config", 0755, false }, { "data", 0700, true },       { "logs", 0700, true }, { "rootfs", 0755, false },
		{ "bin", 0755, false },    { "snapshots", 0700, false }, { ".work", 0700, true },
	};
	const struct place *p = &s->place;
	size_t i;
	int r = 0;

	TRY(sandbox_write(s, SANDBOX_MARK, SANDBOX_MARK_TEXT, strlen(SANDBOX_MARK_TEXT), 0644, e));
	for (i = 0; i < sizeof dirs / sizeof *dirs; i++)
		TRY(make_dir(s, dirs[i].name, dirs[i].mode, dirs[i].data ? p->data_uid : p->uid, dirs[i].data ? p->data_gid : p->gid, e));
	/* last: from here on it is the owner's to change */
	if (p->uid != geteuid() || p->gid != getegid())
		r = sys_chown(s->fd, "", p->uid, p->gid, AT_EMPTY_PATH);
	if (r < 0)
		return fail_sys(e, r, "%s", s->dir);
	s->conf.name = s->name;
	s->conf.inode = inode_of(a, s->fd);
	s->conf.created = arena_fmt(a, "%jd", (intmax_t)time(NULL));
	return sandbox_new_id(a, &s->conf.id, e);
}

static int taken(struct arena *a, struct sandbox *s, struct err *e)
{
	struct err why;
	int r = load(a, s, &why);

	if (r == 0 && s->conf.port)
		return fail(e, EEXIST, "sandbox %s exists already (%s on port %s): `wasirun sandbox start %s` starts it", s->name,
			    s->conf.engine, s->conf.port, s->name);
	if (r == 0)
		return fail(e, EEXIST, "sandbox %s exists already (%s)", s->name, s->conf.engine);
	return fail(e, EEXIST, "%s/%s exists already: %s", s->place.root, s->name, why.text);
}

/* The directory is there. 0: it was what a killed create left, and is gone now; else the error. The root is locked: no other create is at
 * this point; a destroy may be, and has the tree's lock then. */
static int replace(struct arena *a, int root, const struct place *p, const char *name, struct err *e)
{
	struct sandbox old;
	struct stat st;
	int r = open_dir(a, root, p, name, &old, e);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	/* the lock first: who made it may have finished between the two */
	if (tree_is_locked(old.fd) || sys_statat(old.fd, SANDBOX_CONF, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		r = taken(a, &old, e);
	} else if (!tree_is_left(old.fd)) {
		r = fail(e, EEXIST, "%s is there already, and is no sandbox: choose another name, or another --dir", old.dir);
	} else {
		r = lock_dir(a, root, &old, e);
		if (r == 0)
			r = sandbox_remove(&old, e);
		if (r == -ESTALE)
			r = 0;
	}
	sandbox_close(&old);
	return r;
}

static int claim(struct arena *a, int root, const struct place *p, const char *name, struct sandbox *out, struct err *e)
{
	int r, tries;

	for (tries = 0; tries < 100; tries++) {
		r = sys_mkdir(root, name, 0700);
		if (r == -EEXIST) {
			TRY(replace(a, root, p, name, e));
			continue;
		}
		if (r < 0)
			return fail_sys(e, r, "cannot make %s/%s", p->root, name);
		r = open_dir(a, root, p, name, out, e);
		if (r == 0)
			r = lock_dir(a, root, out, e);
		if (r != -ENOENT && r != -ESTALE) /* a destroy was quicker than our lock */
			break;
		sandbox_close(out);
	}
	if (tries == 100)
		return fail(e, EBUSY, "%s/%s is made and removed by others all the time", p->root, name);
	return r < 0 ? r : furnish(a, out, e);
}

int sandbox_claim(struct arena *a, const struct place *p, const char *name, struct sandbox *out, struct err *e)
{
	AUTO_FD int root = -1;
	int r;

	sandbox_init(out);
	TRY(sandbox_check_name(name, e));
	root = place_open(p->root, 0755, p->uid, p->gid, e);
	if (root < 0)
		return root;
	TRY(take_lock(a, root, p->root, e)); /* so that a directory without a lock is nobody's */
	r = claim(a, root, p, name, out, e);
	if (r < 0) {
		struct err ignored;

		if (out->lock >= 0)
			(void)!sandbox_remove(out, &ignored);
		sandbox_close(out);
	}
	return r;
}
