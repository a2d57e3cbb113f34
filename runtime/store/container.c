/* container.c - one container's directory: claimed, opened, locked.
 * Must not decide what a status allows: verbs do. */
#include "store/record.h"
#include "store/store.h"
#include "sys/sys.h"
#include <string.h>
#include <sys/file.h>

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
#define LOCK_STEP_US 2000

void container_init(struct container *c)
{
	*c = (struct container){ .dir = -1, .lock = -1, .pidfd = -1, .status = STATUS_STOPPED };
}

void container_close(struct container *c)
{
	fd_close(&c->pidfd);
	fd_close(&c->dir);
	fd_close(&c->lock);
}

static int gone(const char *id, struct err *e)
{
	return fail(e, ENOENT, "container does not exist: %s", id);
}

static int open_dir(const struct store *s, const char *id, struct container *out, struct err *e)
{
	container_init(out);
	out->id = id;
	TRY(store_check_id(id, e));
	if (s->fd < 0)
		return gone(id, e);
	out->dir = sys_open(s->fd, id, DIR_FLAGS, 0);
	if (out->dir == -ENOENT)
		return gone(id, e);
	if (out->dir < 0)
		return fail_sys(e, out->dir, "%s/%s", s->root, id);
	return 0;
}

/* Is the directory that we hold still the one of that name? Another delete may have removed it while we waited. */
static bool still_there(const struct store *s, const struct container *c)
{
	struct stat held, named;

	return sys_fstat(c->lock, &held) == 0 && sys_statat(s->fd, c->id, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static int lock(const struct store *s, struct container *c, struct err *e)
{
	int64_t until = 0;
	int r;

	c->lock = sys_open(c->dir, ".", DIR_FLAGS, 0);
	if (c->lock < 0)
		return c->lock == -ENOENT ? gone(c->id, e) : fail_sys(e, c->lock, "%s/%s", s->root, c->id);
	while ((r = sys_flock(c->lock, LOCK_EX | LOCK_NB)) == -EWOULDBLOCK) {
		if (!until)
			until = sys_now_us() + (int64_t)STORE_LOCK_SECONDS * 1000000;
		if (sys_now_us() > until)
			return fail(e, EBUSY, "container %s: another command has been working on it for %d s", c->id, STORE_LOCK_SECONDS);
		sys_sleep_us(LOCK_STEP_US);
	}
	if (r < 0)
		return fail_sys(e, r, "cannot lock %s/%s", s->root, c->id);
	return still_there(s, c) ? 0 : gone(c->id, e);
}

static int claim(struct arena *a, const struct store *s, const struct record *first, const char *config, size_t n, struct container *out,
		 struct err *e)
{
	TRY(open_dir(s, first->id, out, e));
	TRY(lock(s, out, e));
	TRY(record_write(a, out, "config.json", config, n, e));
	return store_save(a, out, first, e);
}

static int taken(const struct store *s, const char *id, struct err *e)
{
	return fail(e, EEXIST, "container with id exists: %s already exists in %s", id, s->root);
}

int store_check_free(const struct store *s, const char *id, struct err *e)
{
	struct stat st;

	TRY(store_check_id(id, e));
	return s->fd >= 0 && sys_statat(s->fd, id, &st, AT_SYMLINK_NOFOLLOW) == 0 ? taken(s, id, e) : 0;
}

int store_claim(struct arena *a, const struct store *s, const struct record *first, const char *config, size_t config_n,
		struct container *out, struct err *e)
{
	int r;

	container_init(out);
	TRY(store_check_id(first->id, e));
	r = sys_mkdir(s->fd, first->id, 0700);
	if (r == -EEXIST)
		return taken(s, first->id, e);
	if (r < 0)
		return fail_sys(e, r, "cannot make %s/%s", s->root, first->id);
	r = claim(a, s, first, config, config_n, out, e);
	if (r < 0) {
		struct err ignored;

		(void)!store_remove(s, out, &ignored);
		container_close(out);
	}
	return r;
}

int store_load(struct arena *a, const struct store *s, const char *id, bool exclusive, struct container *out, struct err *e)
{
	int r;

	TRY(open_dir(s, id, out, e));
	if (exclusive)
		TRY(lock(s, out, e));
	r = record_read(a, out, e);
	if (r == -ENOENT) /* mkdir was the last thing that its create did, or is doing */
		return gone(id, e);
	if (r < 0)
		return r;
	return container_status(out, e);
}

int store_load_ruins(struct arena *a, const struct store *s, const char *id, struct container *out, bool *damaged, struct err *e)
{
	int r;

	TRY(open_dir(s, id, out, e));
	TRY(lock(s, out, e));
	r = record_read(a, out, e);
	if (r >= 0)
		r = container_status(out, e);
	if (r < 0)
		memset(&out->record, 0, sizeof out->record);
	*damaged = r < 0 && r != -ENOENT; /* no record yet, or no longer: there is nothing that it would name */
	return 0;
}
