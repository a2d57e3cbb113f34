/* template_users.c - which sandboxes' data are a layer on a template: they cannot do without it.
 * Must not take a sandbox for gone because its directory is not where it was. */
#include "sandbox/conf.h"
#include "sandbox/template.h"
#include "sandbox/tree.h"
#include "store/record.h"
#include <errno.h>
#include <string.h>

#define MAX_ENTRY 8192

/* By handles: the store may be the caller's of sudo, who puts a link in the place of what was there. */
static int users_of(struct arena *a, const struct place *p, const char *key)
{
	AUTO_FD int templates = tree_open(AT_FDCWD, p->templates);

	if (templates < 0)
		return templates;
	return sys_openat2(templates, arena_fmt(a, "%s/users", key), O_RDONLY | O_DIRECTORY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static int write_entry(int users, const struct sandbox *s)
{
	int r = sys_unlink(users, s->conf.id);
	AUTO_FD int fd = r < 0 && r != -ENOENT ? r : sys_open(users, s->conf.id, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

	return fd < 0 ? fd : sys_write_all(fd, s->dir, strlen(s->dir));
}

int template_use(const struct template_ *t, const struct sandbox *s, struct err *e)
{
	AUTO_FD int users = -1;
	int r = sys_mkdir(t->lock, "users", 0700);

	if (r == 0 || r == -EEXIST)
		r = users = sys_open(t->lock, "users", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r >= 0)
		r = write_entry(users, s);
	return r < 0 ? fail_sys(e, r, "cannot note the sandbox at the template %s", t->key) : 0;
}

void template_unuse(const struct sandbox *s)
{
	struct arena scratch = { 0 };
	struct strs keys;
	struct err e;
	size_t i;

	if (!s->conf.id || strchr(s->conf.id, '/') || template_list(&scratch, &s->place, &keys, &e) < 0)
		return;
	for (i = 0; i < keys.n; i++) {
		AUTO_FD int users = users_of(&scratch, &s->place, keys.v[i]);

		if (users >= 0)
			(void)!sys_unlink(users, s->conf.id);
	}
	arena_drop(&scratch);
}

static bool stands_there(struct arena *a, const char *dir, const char *id)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	struct sandbox_conf conf;
	struct err e;

	return fd >= 0 && conf_load(a, fd, dir, &conf, &e) == 0 && conf.id && !strcmp(conf.id, id);
}

static int read_user(struct arena *a, int users, const char *id, struct template_user *out, struct err *e)
{
	AUTO_FD int fd = sys_open(users, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	char *dir;
	size_t n;

	if (fd < 0)
		return fail_sys(e, fd, "users/%.64s", id);
	TRY(read_regular(a, fd, MAX_ENTRY, "a template's user", &dir, &n, e));
	*out = (struct template_user){ arena_str(a, id), dir, stands_there(a, dir, id) };
	return 0;
}

int template_user_list(struct arena *a, const struct place *p, const char *key, template_users *out, struct err *e)
{
	AUTO_FD int users = users_of(a, p, key);
	struct tree_reader reader;
	const struct dirent64 *d;
	int r = users < 0 ? users : tree_read(&reader, users);

	*out = (template_users){ 0 };
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0) {
		struct template_user u;

		if (read_user(a, users, d->d_name, &u, e) == 0)
			*arena_push(a, out) = u;
		else if (e->code != ENOENT)
			return -e->code;
	}
	return r < 0 && r != -ENOENT ? fail_sys(e, r, "cannot list the users of the template %s", key) : 0;
}
