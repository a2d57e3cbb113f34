/* path.c - paths inside the container's root, as handles (rule R2).
 *
 * Whoever made the root file system may have put a link anywhere in it and may be changing it now: so what exists is
 * resolved by the kernel with openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), and what is missing is made one
 * component at a time on the handle of its parent. Must not open for writing, truncate, follow a link outside the
 * root, or allocate: it runs in init. */
#include "apply/path.h"
#include "sys/sys.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

/* As the kernel's own limit. */
#define MAX_LINKS 40

/* How often a component may vanish between our making and our opening it before we say so. */
#define MAX_RACES 16

/* The way through a path of which something is missing. */
struct walk {
	int root;
	const char *path;      /* as given, for messages */
	bool directory, follow_last, no_links;
	int dir;               /* handle of what `done` names, or -1 for the root itself */
	char done[PATH_MAX];   /* where we are: no links, no dots, no slash at either end; "" = the root */
	char rest[PATH_MAX];   /* what is still to be resolved */
	unsigned links;
};

static int at(const struct walk *w)
{
	return w->dir >= 0 ? w->dir : w->root;
}

static int bad_path(struct err *e, int r, const char *path)
{
	if (r == -ELOOP)
		return fail_sys(e, r, "%.160s (a chain of links, or a link of /proc, which is never followed)", path);
	return fail_sys(e, r, "%.160s", path); /* the cause must fit behind it */
}

int path_open(int root, const char *path, bool follow_last, struct err *e)
{
	int fd = sys_openat2(root, path[0] ? path : ".", O_PATH | (follow_last ? 0 : O_NOFOLLOW), 0, IN_ROOT);

	if (fd < 0 && fd != -ENOENT)
		return bad_path(e, fd, path);
	return fd;
}

/* Takes the first component off rest into name. Returns whether it was the last. */
static bool next(struct walk *w, char name[NAME_MAX + 2])
{
	char *p = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(p, "/");

	snprintf(name, NAME_MAX + 2, "%.*s", (int)n, p);
	p += n;
	p += strspn(p, "/");
	while (p[0] == '.' && (p[1] == '/' || !p[1]))
		p += 1 + strspn(p + 1, "/");
	memmove(w->rest, p, strlen(p) + 1);
	return !w->rest[0];
}

static void leave(struct walk *w)
{
	fd_close(&w->dir);
}

/* ".." is resolved by going to the parent's name again from the root: a handle's ".." could be moved out of it. */
static int go_up(struct walk *w, struct err *e)
{
	char *slash = strrchr(w->done, '/');
	int fd;

	if (slash)
		*slash = 0;
	else
		w->done[0] = 0;
	leave(w);
	if (!w->done[0])
		return 0;
	fd = sys_openat2(w->root, w->done, O_PATH | O_DIRECTORY, 0, IN_ROOT | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return bad_path(e, fd, w->path);
	w->dir = fd;
	return 0;
}

static int go_down(struct walk *w, int *fd, const char *name, struct err *e)
{
	size_t n = strlen(w->done), room = sizeof w->done - n;

	if ((size_t)snprintf(w->done + n, room, "%s%s", n ? "/" : "", name) >= room)
		return bad_path(e, -ENAMETOOLONG, w->path);
	leave(w);
	w->dir = take_fd(fd);
	return 0;
}

/* Puts the link's text in front of what is still to be resolved. */
static int follow(struct walk *w, int link, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = sys_readlink(link, "", text, sizeof text);
	size_t rest = strlen(w->rest);

	if (w->no_links)
		return fail(e, ELOOP, "%.160s must be mounted on ordinary directory, but part of that path is a symbolic link", w->path);
	if (n < 0)
		return bad_path(e, (int)n, w->path);
	if (++w->links > MAX_LINKS)
		return bad_path(e, -ELOOP, w->path);
	if ((size_t)n + rest + 2 > sizeof w->rest)
		return bad_path(e, -ENAMETOOLONG, w->path);
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, text, (size_t)n);
	w->rest[n] = rest ? '/' : 0;
	if (text[0] == '/') {
		leave(w);
		w->done[0] = 0;
	}
	return 0;
}

/* Makes name in the directory where we are. Somebody else's having made it meanwhile is as good. */
static int create(struct walk *w, const char *name, bool directory)
{
	mode_t old = sys_umask(0); /* whatever the caller's umask was, the mode is ours */
	AUTO_FD int fd = -1;
	int r;

	if (directory)
		r = sys_mkdir(at(w), name, 0755);
	else
		r = fd = sys_open(at(w), name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
	sys_umask(old);
	return r < 0 && r != -EEXIST ? r : 0;
}

/* The handle of name in the directory where we are, made if it is missing. */
static int obtain(struct walk *w, const char *name, bool directory, struct err *e)
{
	int tries, fd, r;

	for (tries = 0; tries < MAX_RACES; tries++) {
		fd = sys_openat2(at(w), name, O_PATH | O_NOFOLLOW, 0, IN_ROOT);
		if (fd != -ENOENT)
			return fd < 0 ? bad_path(e, fd, w->path) : fd;
		r = create(w, name, directory);
		if (r < 0)
			return fail_sys(e, r, "cannot make %.160s in the container's root file system", w->path);
	}
	return fail_sys(e, -EAGAIN, "%.160s vanishes as often as it is made", w->path);
}

/* One component. *out becomes the handle when it was the last one. */
static int walk_one(struct walk *w, int *out, struct err *e)
{
	char name[NAME_MAX + 2];
	bool last = next(w, name);
	struct stat st;
	int r;

	if (!name[0] || strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0)
		return go_up(w, e);
	AUTO_FD int fd = obtain(w, name, !last || w->directory, e);
	if (fd < 0)
		return fd;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return bad_path(e, r, w->path);
	if (S_ISLNK(st.st_mode) && (!last || w->follow_last))
		return follow(w, fd, e);
	if (last) {
		*out = take_fd(&fd);
		return 0;
	}
	return S_ISDIR(st.st_mode) ? go_down(w, &fd, name, e) : bad_path(e, -ENOTDIR, w->path);
}

static int walk(struct walk *w, struct err *e)
{
	int r = 0, fd = -1;

	if ((size_t)snprintf(w->rest, sizeof w->rest, "%s", w->path) >= sizeof w->rest)
		return bad_path(e, -ENAMETOOLONG, w->path);
	while (r == 0 && fd < 0 && w->rest[0])
		r = walk_one(w, &fd, e);
	if (r == 0 && fd < 0) {
		/* the path ended with "..", or is the root */
		fd = w->dir >= 0 ? take_fd(&w->dir) : sys_openat2(w->root, ".", O_PATH, 0, IN_ROOT);
		if (fd < 0)
			r = bad_path(e, fd, w->path);
	}
	leave(w);
	return r < 0 ? r : fd;
}

int path_make(int root, const char *path, bool directory, bool follow_last, struct err *e)
{
	struct walk w = { .root = root, .path = path, .directory = directory, .follow_last = follow_last, .dir = -1 };
	int fd = path_open(root, path, follow_last, e);

	return fd == -ENOENT ? walk(&w, e) : fd;
}

int path_parent(int root, const char *path, const char **name, struct err *e)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	char dir[PATH_MAX];

	if (!path[strspn(path, "/")]) {
		*name = ".";
		return path_open(root, "/", true, e);
	}
	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		return fail(e, EINVAL, "%.160s does not end with the name of a file", path);
	if ((size_t)(last - path) >= sizeof dir)
		return bad_path(e, -ENAMETOOLONG, path);
	memcpy(dir, path, (size_t)(last - path));
	dir[last - path] = 0;
	*name = last;
	return path_make(root, dir, true, true, e);
}

int path_make_real_dir(int root, const char *path, struct err *e)
{
	struct walk w = { .root = root, .path = path, .directory = true, .follow_last = true, .no_links = true, .dir = -1 };
	int fd = sys_openat2(root, path[0] ? path : ".", O_PATH | O_DIRECTORY, 0, IN_ROOT | RESOLVE_NO_SYMLINKS);

	if (fd == -ENOENT)
		return walk(&w, e);
	if (fd == -ELOOP || fd == -ENOTDIR)
		return fail_sys(e, fd, "%.160s must be mounted on ordinary directory", path);
	return fd < 0 ? bad_path(e, fd, path) : fd;
}

int path_symlink(int root, const char *path, const char *text, struct err *e)
{
	const char *name = NULL;
	AUTO_FD int dir = path_parent(root, path, &name, e);
	char there[PATH_MAX];
	int r;

	if (dir < 0)
		return dir;
	r = sys_symlink(text, dir, name);
	if (r == -EEXIST && sys_readlink(dir, name, there, sizeof there) >= 0 && strcmp(there, text) == 0)
		return 0;
	return r < 0 ? fail_sys(e, r, "the link %.160s", path) : 0;
}
