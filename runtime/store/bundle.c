/* bundle.c - a bundle's config.json as bytes.
 * Must not look into it, nor at the rest of the bundle. */
#include "store/files.h"
#include "store/record.h"
#include "sys/sys.h"

int bundle_read(struct arena *a, const char *bundle, const char *file, const char **bundle_abs, char **bytes, size_t *n, struct err *e)
{
	AUTO_FD int dir = sys_open(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0);
	AUTO_FD int fd = -1;

	if (dir < 0)
		return fail_sys(e, dir, "bundle %s", bundle);
	TRY(dir_absolute(a, dir, arena_fmt(a, "bundle %s", bundle), bundle_abs, e));
	fd = sys_open(file ? AT_FDCWD : dir, file ? file : "config.json", O_RDONLY | O_NONBLOCK, 0);
	if (fd == -ENOENT && !file)
		return fail(e, ENOENT, "no config.json in bundle %s: `wasirun spec` writes one there, --bundle names another directory",
			    *bundle_abs);
	if (fd < 0)
		return fail_sys(e, fd, "%s", file ? file : arena_fmt(a, "%s/config.json", bundle));
	return read_regular(a, fd, JSON_MAX_CONFIG, file ? file : arena_fmt(a, "%s/config.json", *bundle_abs), bytes, n, e);
}
