/* root.c - the state root: where it is, that it is safe, and what is in it.
 * Must not follow links below it, nor reach anything by a path once it is open (rule R20). */
#include "store/store.h"
#include "sys/sys.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_NAME "wasirun"

/* In a user namespace that is not the initial one, uid 0 is somebody's ordinary user. */
static bool in_user_namespace(void)
{
	char map[64];
	unsigned inside, outside, count;

	if (sys_read_file(AT_FDCWD, "/proc/self/uid_map", map, sizeof map) < 0)
		return false;
	return sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || inside != 0 || outside != 0 || count != UINT32_MAX;
}

int store_default_root(struct arena *a, const char **out, struct err *e)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *user = getenv("USER");
	uid_t uid = geteuid();
	/* Rootless engines run us as uid 0 of their own user namespace and tell us the directory; USER=root says a real root meant it. */
	bool ordinary = uid != 0 || (dir && *dir && (!user || strcmp(user, "root") != 0) && in_user_namespace());

	if (!ordinary)
		*out = "/run/" ROOT_NAME;
	else if (dir && dir[0] == '/')
		*out = arena_fmt(a, "%s/" ROOT_NAME, dir);
	else if (dir && *dir)
		return fail(e, EINVAL, "XDG_RUNTIME_DIR=%s is not an absolute path: set it to one, or give --root DIR", dir);
	else
		*out = arena_fmt(a, "/run/user/%u/" ROOT_NAME, uid);
	return 0;
}

/* mkdir -p; the last directory is private and sticky, so that tmpwatch-like sweepers leave it alone. */
static int make(struct arena *a, const char *root, struct err *e)
{
	char *path = arena_str(a, root), *slash;
	int r;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		r = sys_mkdir(AT_FDCWD, path, 0711);
		if (r < 0 && r != -EEXIST && r != -EROFS && r != -EACCES)
			return fail_sys(e, r, "cannot make %s", path);
		*slash = '/';
	}
	r = sys_mkdir(AT_FDCWD, root, 01700);
	return r < 0 && r != -EEXIST ? fail_sys(e, r, "cannot make the state root %s", root) : 0;
}

static int check(const struct store *s, struct err *e)
{
	struct stat st;
	int r = sys_fstat(s->fd, &st);

	if (r < 0)
		return fail_sys(e, r, "%s", s->root);
	if (st.st_uid != geteuid())
		return fail(e, EPERM, "state root %s belongs to uid %u, not to us (%u): choose another with --root", s->root, st.st_uid,
			    geteuid());
	if (st.st_mode & 022)
		return fail(e, EPERM, "state root %s can be written by others (mode %04o): chmod go-w it, or choose another with --root",
			    s->root, st.st_mode & 07777);
	return 0;
}

int store_open(struct arena *a, const char *root, bool create, struct store *out, struct err *e)
{
	size_t n = strlen(root);
	char *path;

	out->fd = -1;
	if (!n)
		return fail(e, EINVAL, "--root must not be empty");
	path = arena_str(a, root);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = 0;
	out->root = path;
	if (!strcmp(path, "/"))
		return fail(e, EINVAL, "the state root must not be \"/\"");
	out->fd = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (out->fd == -ENOENT && create) {
		TRY(make(a, path, e));
		out->fd = sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	}
	if (out->fd == -ENOENT && !create) {
		out->fd = -1;
		return 0;
	}
	if (out->fd == -ELOOP || out->fd == -ENOTDIR)
		return fail(e, ENOTDIR, "state root %s is not a directory (a symbolic link is not followed)", path);
	if (out->fd < 0)
		return fail_sys(e, out->fd, "state root %s", path);
	return check(out, e);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int store_list(struct arena *a, const struct store *s, struct strs *out, struct err *e)
{
	union {
		struct dirent64 d;
		char bytes[8192];
	} buf;
	struct err ignored;
	ssize_t n, at;

	*out = (struct strs){ 0 };
	if (s->fd < 0)
		return 0;
	while ((n = sys_getdents(s->fd, &buf, sizeof buf)) > 0) {
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf.bytes + at);

			at += d->d_reclen;
			if (store_check_id(d->d_name, &ignored) == 0 && (d->d_type == DT_DIR || d->d_type == DT_UNKNOWN))
				*arena_push(a, out) = arena_str(a, d->d_name);
		}
	}
	if (n < 0)
		return fail_sys(e, (int)n, "cannot list %s", s->root);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return 0;
}

int store_side_dir(const struct store *s, const char *name)
{
	int r;

	if (s->fd < 0)
		return -1;
	r = sys_open(s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (r == -ENOENT && sys_mkdir(s->fd, name, 0700) == 0)
		r = sys_open(s->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return r < 0 ? -1 : r;
}
