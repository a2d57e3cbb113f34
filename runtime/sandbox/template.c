/* template.c - the templates on disk: opened, made, listed, removed.
 *
 * TEMPLATES/KEY/{data, template.conf, users/}; who builds one works in TEMPLATES/.KEY.new and holds TEMPLATES/.KEY.lock, so that a name
 * without a dot is complete, always. The lock of a finished one is its directory's: shared by those who clone it, exclusive for who removes
 * it.
 * Must not offer a template that is not whole: what stood at the top of its data is noted, and looked for each time. */
#include "sandbox/template.h"
#include "base/text.h"
#include "sandbox/tree.h"
#include "store/files.h"
#include "store/record.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CONF "template.conf"
#define MAX_CONF 65536
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

void template_init(struct template_ *t)
{
	*t = (struct template_){ .fd = -1, .lock = -1 };
}

void template_close(struct template_ *t)
{
	fd_close(&t->fd);
	fd_close(&t->lock);
}

int template_check_key(const char *key, struct err *e)
{
	if (!*key || strlen(key) > 128 || key[strspn(key, LETTERS ".-_")] || !strchr(LETTERS, *key))
		return fail(e, EINVAL, "\"%.80s\" is no template's key: `wasirun sandbox template list` shows them", key);
	return 0;
}

/* --- template.conf */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What stands in a directory, sorted. */
static int names_of(struct arena *a, int dir, struct strs *out)
{
	struct tree_reader reader;
	const struct dirent64 *d;
	int r = tree_read(&reader, dir);

	*out = (struct strs){ 0 };
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0)
		*arena_push(a, out) = arena_str(a, d->d_name);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return r;
}

/* The files and directories that every clone must find: "PG_VERSION base global ...". */
static int top_of(struct arena *a, int data, const char **out, struct err *e)
{
	struct text t = { .arena = a };
	struct strs names;
	size_t i;
	int r = names_of(a, data, &names);

	if (r < 0)
		return fail_sys(e, r, "cannot list the template's data");
	for (i = 0; i < names.n; i++)
		if (!names.v[i][strspn(names.v[i], LETTERS ".-_")])
			text_fmt(&t, "%s%s", t.n ? " " : "", names.v[i]);
	*out = text_get(&t);
	return 0;
}

static int write_conf(struct arena *a, const struct place *p, const struct template_ *t, int dir, struct err *e)
{
	struct text w = { .arena = a };
	AUTO_FD int fd = -1;
	const char *top = NULL;
	int r;

	TRY(top_of(a, t->fd, &top, e));
	if (!top || !*top)
		return fail(e, EINVAL, "the build of the template %s left no data", t->key);
	text_fmt(&w, "TEMPLATE_KEY='%s'\nTEMPLATE_ENGINE='%s'\nTEMPLATE_VERSION='%s'\nTEMPLATE_CREATED='%s'\n", t->key, t->engine,
		 t->version ? t->version : "", t->created);
	text_fmt(&w, "TEMPLATE_BYTES='%ju'\nTEMPLATE_FILES='%ju'\nTEMPLATE_PASSWORD='%s'\nTEMPLATE_TOP='%s'\n", (uintmax_t)t->bytes,
		 (uintmax_t)t->files, t->password, top);
	r = fd = sys_open(dir, CONF, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (r >= 0)
		r = sys_write_all(fd, text_get(&w), w.n);
	if (r == 0)
		r = sys_chown(fd, "", p->uid, p->gid, AT_EMPTY_PATH);
	return r < 0 ? fail_sys(e, r, "cannot write %s/" CONF, t->dir) : 0;
}

static uint64_t number(const char *s)
{
	return strtoull(s, NULL, 10);
}

static void take_line(struct template_ *t, const char **top, const char *line)
{
	const struct {
		const char *name, **to;
	} rows[] = {
		{ "TEMPLATE_ENGINE=", &t->engine },   { "TEMPLATE_VERSION=", &t->version },   { "TEMPLATE_CREATED=", &t->created },
		{ "TEMPLATE_PASSWORD=", &t->password }, { "TEMPLATE_TOP=", top },
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strncmp(line, rows[i].name, strlen(rows[i].name)))
			*rows[i].to = line + strlen(rows[i].name);
	if (!strncmp(line, "TEMPLATE_BYTES=", 15))
		t->bytes = number(line + 15);
	if (!strncmp(line, "TEMPLATE_FILES=", 15))
		t->files = number(line + 15);
}

static int read_conf(struct arena *a, int dir, struct template_ *t, const char **top, struct err *e)
{
	AUTO_FD int fd = sys_open(dir, CONF, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	struct strs lines = { 0 };
	char *bytes;
	size_t n, i;

	if (fd < 0)
		return fail_sys(e, fd, CONF);
	TRY(read_regular(a, fd, MAX_CONF, CONF, &bytes, &n, e));
	TRY(dotenv_parse(a, bytes, CONF, &lines, e));
	for (i = 0; i < lines.n; i++)
		take_line(t, top, lines.v[i]);
	if (!t->engine || !t->password || !t->created || !*top || !**top)
		return fail(e, EINVAL, CONF " is not complete");
	return 0;
}

/* --- opening */

/* Everything that was there when it was built still is. */
static int check_top(struct arena *a, int data, const char *top, struct err *e)
{
	char *name, *rest = arena_str(a, top);
	struct stat st;

	while ((name = strsep(&rest, " ")))
		if (sys_statat(data, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return fail(e, EINVAL, "data/%.80s is missing", name);
	return 0;
}

/* Where several users can write (a shared store), what stands under our key may be somebody else's idea of a database. */
static int check_owner(const struct place *p, int dir, struct err *e)
{
	struct stat st;
	int r = sys_fstat(dir, &st);

	if (r < 0)
		return fail_sys(e, r, "template");
	if (st.st_uid == p->uid || st.st_uid == geteuid() || st.st_uid == 0)
		return 0;
	return fail(e, EPERM, "it belongs to another user, uid %u", st.st_uid);
}

static int check_whole(struct arena *a, const struct place *p, struct template_ *t, struct err *e)
{
	const char *top = NULL;

	TRY(check_owner(p, t->lock, e));
	TRY(read_conf(a, t->lock, t, &top, e));
	t->fd = tree_open(t->lock, "data");
	if (t->fd < 0)
		return fail_sys(e, t->fd, "data");
	return check_top(a, t->fd, top, e);
}

static int not_there(const char *key, struct err *e)
{
	return fail(e, ENOENT, "there is no template %s", key);
}

/* Locks an open directory and sees that it still is what the name stands for. */
static int lock_named(int fd, const char *path, int how)
{
	struct stat held, named;
	int r = sys_flock(fd, how);

	if (r == 0)
		r = sys_fstat(fd, &held);
	if (r == 0)
		r = sys_statat(AT_FDCWD, path, &named, AT_SYMLINK_NOFOLLOW);
	if (r == 0 && (held.st_ino != named.st_ino || held.st_dev != named.st_dev))
		r = -ENOENT;
	return r;
}

int template_open(struct arena *a, const struct place *p, const char *key, struct template_ *out, struct err *e)
{
	int r;

	template_init(out);
	TRY(template_check_key(key, e));
	out->key = arena_str(a, key);
	out->dir = arena_fmt(a, "%s/%s", p->templates, key);
	out->lock = tree_open(AT_FDCWD, out->dir);
	r = out->lock < 0 ? out->lock : lock_named(out->lock, out->dir, LOCK_SH);
	if (r == 0) {
		r = check_whole(a, p, out, e);
		if (r < 0)
			r = fail(e, EINVAL,
				 "the template %s is damaged (%.120s): `wasirun sandbox template rm %s`, the next create builds it anew",
				 key, arena_str(a, e->text), key);
	} else {
		r = r == -ENOENT ? not_there(key, e) : fail_sys(e, r, "template %s", key);
	}
	if (r < 0)
		template_close(out);
	return r;
}

/* --- building */

/* The lock of all who would build or remove it. The file goes with the template: by the time we hold it the name may be another one's. */
static int lock_key(struct arena *a, const struct place *p, const char *key, bool tell, struct err *e)
{
	const char *path = arena_fmt(a, "%s/.%s.lock", p->templates, key);
	static const char wait[] = "waiting for another command that works on the same template ...\n";

	for (;;) {
		AUTO_FD int fd = sys_open(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
		int r = fd < 0 ? fd : lock_named(fd, path, LOCK_EX | LOCK_NB);

		if (r == -EWOULDBLOCK) {
			if (tell)
				(void)!file_complain(wait, sizeof wait - 1, e);
			tell = false;
			r = lock_named(fd, path, LOCK_EX);
		}
		if (r == 0)
			return take_fd(&fd);
		if (r != -ENOENT && r != -EINTR)
			return fail_sys(e, r, "cannot lock the template %s", key);
	}
}

static const char *last_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int make_new(const struct place *p, struct template_ *t, struct err *e)
{
	AUTO_FD int templates = tree_open(AT_FDCWD, p->templates);
	AUTO_FD int dir = -1;

	if (templates < 0)
		return fail_sys(e, templates, "%s", p->templates);
	TRY(tree_remove(templates, last_of(t->dir), e)); /* a killed build's */
	dir = tree_make(templates, last_of(t->dir), 0711, p->uid, p->gid);
	t->fd = dir < 0 ? dir : tree_make(dir, "data", 0700, p->data_uid, p->data_gid);
	return t->fd < 0 ? fail_sys(e, t->fd, "cannot make %s", t->dir) : 0;
}

int template_begin(struct arena *a, const struct place *p, const char *key, struct template_ *out, bool *built, struct err *e)
{
	struct stat st;
	int lock, r;

	template_init(out);
	*built = false;
	TRY(template_check_key(key, e));
	/* the server's own user must get through to its data, and need not see what else there is */
	TRY(place_make(p->templates, 0711, p->uid, p->gid, e));
	lock = TRY(lock_key(a, p, key, true, e));
	if (sys_statat(AT_FDCWD, arena_fmt(a, "%s/%s", p->templates, key), &st, AT_SYMLINK_NOFOLLOW) == 0) {
		*built = true;
		r = template_open(a, p, key, out, e);
		(void)!sys_unlink(AT_FDCWD, arena_fmt(a, "%s/.%s.lock", p->templates, key));
		fd_close(&lock);
		return r;
	}
	out->key = arena_str(a, key);
	out->dir = arena_fmt(a, "%s/.%s.new", p->templates, key);
	out->lock = lock;
	r = make_new(p, out, e);
	if (r < 0)
		template_abandon(p, out);
	return r;
}

int template_commit(struct arena *a, const struct place *p, struct template_ *t, struct err *e)
{
	const char *final = arena_fmt(a, "%s/%s", p->templates, t->key);
	AUTO_FD int dir = tree_open(AT_FDCWD, t->dir);
	struct tree_size size;
	int r;

	if (dir < 0)
		return fail_sys(e, dir, "%s", t->dir);
	TRY(tree_measure(t->fd, &size, e));
	t->bytes = size.bytes;
	t->files = size.files;
	TRY(write_conf(a, p, t, dir, e));
	/* this once: a template is for years, and a power cut must not leave a name with half of it */
	r = sys_syncfs(dir);
	if (r == 0)
		r = sys_rename(AT_FDCWD, t->dir, AT_FDCWD, final);
	if (r < 0)
		return fail_sys(e, r, "cannot finish the template %s", t->key);
	t->dir = final;
	r = sys_flock(dir, LOCK_SH); /* nobody else: who would remove it needs the lock that we hold */
	if (r < 0)
		return fail_sys(e, r, "cannot lock the template %s", t->key);
	(void)!sys_unlink(AT_FDCWD, arena_fmt(a, "%s/.%s.lock", p->templates, t->key));
	fd_close(&t->lock);
	t->lock = take_fd(&dir);
	return 0;
}

void template_abandon(const struct place *p, struct template_ *t)
{
	AUTO_FD int templates = tree_open(AT_FDCWD, p->templates);
	struct err ignored;
	char lock[160];

	fd_close(&t->fd);
	if (templates >= 0 && t->dir)
		(void)!tree_remove(templates, last_of(t->dir), &ignored);
	if (templates >= 0 && t->key) {
		snprintf(lock, sizeof lock, ".%s.lock", t->key);
		(void)!sys_unlink(templates, lock);
	}
	template_close(t);
}

/* --- all of them */

int template_list(struct arena *a, const struct place *p, struct strs *keys, struct err *e)
{
	AUTO_FD int dir = tree_open(AT_FDCWD, p->templates);
	struct strs all;
	struct err no;
	size_t i;
	int r;

	*keys = (struct strs){ 0 };
	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : names_of(a, dir, &all);
	if (r < 0)
		return fail_sys(e, r, "cannot list %s", p->templates);
	for (i = 0; i < all.n; i++)
		if (template_check_key(all.v[i], &no) == 0)
			*arena_push(a, keys) = all.v[i];
	return 0;
}

static int check_unused(struct arena *a, const struct place *p, const char *key, struct err *e)
{
	template_users users;
	size_t i;

	TRY(template_user_list(a, p, key, &users, e));
	for (i = 0; i < users.n; i++)
		if (users.v[i].there)
			return fail(e, EBUSY, "the data of the sandbox %.200s are a layer on the template %s: destroy it first, or --force",
				    users.v[i].dir, key);
	if (users.n)
		return fail(e, EBUSY,
			    "the data of a sandbox that stood in %.200s are a layer on the template %s: if it was deleted and not moved, "
			    "--force",
			    users.v[0].dir, key);
	return 0;
}

/* Out of the way first: from then on nobody finds it, and a killed removal leaves a name that the next one clears. */
static int remove_locked(struct arena *a, const struct place *p, const char *key, struct err *e)
{
	AUTO_FD int templates = tree_open(AT_FDCWD, p->templates);
	const char *gone = arena_fmt(a, ".%s.gone", key);
	AUTO_FD int dir = tree_open(templates, key);
	int r;

	TRY(tree_remove(templates, gone, e));
	r = dir < 0 ? dir : sys_flock(dir, LOCK_EX | LOCK_NB);
	if (r == -ENOENT)
		return not_there(key, e);
	if (r == -EWOULDBLOCK)
		return fail(e, EBUSY, "the template %s is being cloned; try again", key);
	if (r == 0)
		r = sys_rename(templates, key, templates, gone);
	if (r < 0)
		return fail_sys(e, r, "cannot remove the template %s", key);
	TRY(tree_remove(templates, gone, e));
	(void)!sys_unlink(templates, arena_fmt(a, ".%s.lock", key));
	return 0;
}

int template_remove(struct arena *a, const struct place *p, const char *key, bool force, struct err *e)
{
	AUTO_FD int lock = -1;
	struct stat st;

	TRY(template_check_key(key, e));
	if (sys_statat(AT_FDCWD, arena_fmt(a, "%s/%s", p->templates, key), &st, AT_SYMLINK_NOFOLLOW) == -ENOENT)
		return not_there(key, e);
	lock = TRY(lock_key(a, p, key, false, e));
	if (!force)
		TRY(check_unused(a, p, key, e));
	return remove_locked(a, p, key, e);
}
