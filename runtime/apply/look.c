/* look.c - what there is at some paths of the host.
 * Must not open anything for reading, and must not change anything. */
#include "apply/look.h"
#include "sys/sys.h"
#include <limits.h>
#include <string.h>

/* Whose mounts can be idmapped, as of kernel 6.3 for the last two; what is missing here is written to as its owner only. */
static bool takes_idmap(long type)
{
	static const long types[] = { 0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0xe0f5e1e2, 0x4d44, 0x2011bab0 }, tmpfs = 0x01021994;
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (type == types[i])
			return true;
	return type == tmpfs && sys_kernel_version() >= 6003;
}

/* /bin and its like may be links into /usr. */
static const char *link_below_root(struct arena *a, const char *path)
{
	char text[PATH_MAX];
	ssize_t n = strrchr(path, '/') == path ? sys_readlink(AT_FDCWD, path, text, sizeof text) : -1;

	return n > 0 ? arena_str(a, text) : NULL;
}

void look_at(struct arena *a, const struct strs *paths, path_facts *out)
{
	size_t i;

	for (i = 0; i < paths->n; i++) {
		AUTO_FD int fd = sys_open(AT_FDCWD, paths->v[i], O_PATH, 0);
		struct statfs fs;
		struct stat st;

		if (fd < 0 || sys_fstat(fd, &st) < 0)
			continue;
		*arena_push(a, out) = (struct path_fact){ .path = paths->v[i], .directory = S_ISDIR(st.st_mode), .uid =
			st.st_uid, .gid = st.st_gid,
							  .idmap = sys_fstatfs(fd, &fs) == 0 && takes_idmap((long)fs.f_type),
							  .link = link_below_root(a, paths->v[i]) };
	}
}
