/* bundle_new.c - a bundle being made: its directories, for whom they are, and the files that nobody else may read.
 * Must not overwrite a file, nor take over a directory that somebody else owns. */
#include "store/files.h"
#include "sys/sys.h"

/* A directory below dir, made as far as it is missing. */
static int directory(int dir, const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *e)
{
	int r = sys_mkdir(dir, path, mode);

	if (r == -EEXIST)
		return 0;
	if (r == 0)
		r = sys_chown(dir, path, uid, gid, AT_SYMLINK_NOFOLLOW);
	return r < 0 ? fail_sys(e, r, "cannot make %s in the bundle", path) : 0;
}

int bundle_make(struct arena *a, const char *path, const char **absolute, struct err *e)
{
	int r = sys_mkdir(AT_FDCWD, path, 0755);

	if (r < 0 && r != -EEXIST)
		return fail_sys(e, r, "cannot make the bundle %s", path);
	return file_directory(a, arena_fmt(a, "%s/config.json", path), absolute, e);
}

int bundle_directory(const char *bundle, const char *path, uid_t uid, gid_t gid, struct err *e)
{
	AUTO_FD int dir = sys_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	char part[4096];
	size_t i;

	if (dir < 0)
		return fail_sys(e, dir, "bundle %s", bundle);
	for (i = 0; path[i] && i < sizeof part - 1; i++) {
		part[i] = path[i];
		part[i + 1] = 0;
		if (path[i] != '/' && (path[i + 1] == '/' || !path[i + 1]))
			TRY(directory(dir, part, 0755, uid, gid, e));
	}
	return 0;
}

int bundle_secret(const char *bundle, const char *name, const char *bytes, size_t n, uid_t uid, gid_t gid, struct err *e)
{
	AUTO_FD int top = sys_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	int r;

	if (top < 0)
		return fail_sys(e, top, "bundle %s", bundle);
	AUTO_FD int dir = sys_open(top, "secrets", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dir < 0)
		return fail_sys(e, dir, "the bundle's secrets");
	AUTO_FD int fd = sys_open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0);
	if (fd < 0)
		return fail_sys(e, fd, "cannot make the secret %s", name);
	r = sys_write_all(fd, bytes, n);
	if (r == 0)
		r = sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
	if (r == 0)
		r = sys_fchmod(fd, 0400);
	return r < 0 ? fail_sys(e, r, "cannot write the secret %s", name) : 0;
}
