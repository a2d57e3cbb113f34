/* image.c - the directories of an unpacked image.
 * Must not follow a link out of it: an image is anybody's. */
#include "apply/image.h"
#include "sys/sys.h"
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool ours(const char *name)
{
	static const char *const names[] = { ".", "..", "dev", "proc", "sys", "run", "tmp", "sandboxes" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void add(struct arena *a, struct strs *list, char *s)
{
	*arena_push(a, list) = s;
	*arena_push(a, list) = NULL;
	list->n--;
}

/* The path that a handle has. */
static int path_of(struct arena *a, int fd, char **out, struct err *e)
{
	char name[32], path[PATH_MAX];
	ssize_t n;

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	n = sys_readlink(AT_FDCWD, name, path, sizeof path);
	if (n < 0)
		return fail_sys(e, (int)n, "%s", name);
	*out = arena_str(a, path);
	return 0;
}

static int one(struct arena *a, int root, const char *rootfs, const char *name, struct strs *inside, struct strs *source, struct err *e)
{
	AUTO_FD int fd = sys_openat2(root, name, O_PATH | O_DIRECTORY, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	char *path = NULL;

	if (fd == -ENOTDIR || fd == -ENOENT || fd == -ELOOP) /* a file, or a link to nothing */
		return 0;
	if (fd < 0)
		return fail_sys(e, fd, "%s/%s", rootfs, name);
	TRY(path_of(a, fd, &path, e));
	add(a, inside, arena_fmt(a, "/%s", name));
	add(a, source, path);
	return 0;
}

int image_directories(struct arena *a, const char *rootfs, struct strs *inside, struct strs *source, struct err *e)
{
	AUTO_FD int root = sys_open(AT_FDCWD, rootfs, O_RDONLY | O_DIRECTORY, 0);
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n, at;

	*inside = *source = (struct strs){ NULL, 0 };
	if (root < 0)
		return fail_sys(e, root, "the image %s", rootfs);
	while ((n = sys_getdents(root, buf, sizeof buf)) > 0)
		for (at = 0; at < n;) {
			const struct dirent64 *d = (const void *)(buf + at);

			if (!ours(d->d_name))
				TRY(one(a, root, rootfs, d->d_name, inside, source, e));
			at += d->d_reclen;
		}
	if (n < 0)
		return fail_sys(e, (int)n, "the image %s", rootfs);
	return inside->n ? 0 : fail(e, ENOENT, "the image %s holds no directories", rootfs);
}
