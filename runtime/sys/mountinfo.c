/* mountinfo.c - the mount table through libmount, which is opened only when somebody asks.
 *
 * Must be called before anything of a container exists: after that no library may be opened any more (it could come from the container).
 * The only file that knows libmount. */
#include "sys/mountinfo.h"
#include <dlfcn.h>
#include <errno.h>
#include <libmount/libmount.h>
#include <stddef.h>

#define LIBRARY "libmount.so.1"

struct api {
	__typeof__(mnt_new_table_from_file) *new_table;
	__typeof__(mnt_unref_table) *unref_table;
	__typeof__(mnt_new_iter) *new_iter;
	__typeof__(mnt_free_iter) *free_iter;
	__typeof__(mnt_table_next_fs) *next;
	__typeof__(mnt_fs_get_fstype) *fstype;
	__typeof__(mnt_fs_get_root) *root;
	__typeof__(mnt_fs_get_target) *target;
	__typeof__(mnt_fs_get_fs_options) *options;
};

static int open_api(struct api *api, struct err *e)
{
	static const char *const names[] = {
		"mnt_new_table_from_file", "mnt_unref_table",	"mnt_new_iter",	   "mnt_free_iter",	     "mnt_table_next_fs",
		"mnt_fs_get_fstype",	   "mnt_fs_get_root", "mnt_fs_get_target", "mnt_fs_get_fs_options",
	};
	void **slots = (void **)api;
	void *lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	_Static_assert(sizeof names / sizeof *names * sizeof(void *) == sizeof *api, "a name for each function");
	if (!lib)
		return fail(e, ENOENT, "cannot read the mount table: %s is not installed", LIBRARY);
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		slots[i] = dlsym(lib, names[i]);
		if (!slots[i])
			return fail(e, ENOENT, "cannot read the mount table: %s has no %s", LIBRARY, names[i]);
	}
	return 0; /* stays open: the process is short-lived */
}

int mountinfo_each(mount_entry_fn *fn, void *ctx, struct err *e)
{
	struct libmnt_fs *fs = NULL;
	struct libmnt_iter *iter;
	struct libmnt_table *table;
	struct api api;
	int r = 0;

	TRY(open_api(&api, e));
	table = api.new_table("/proc/self/mountinfo");
	iter = api.new_iter(MNT_ITER_FORWARD);
	if (!table || !iter)
		r = fail(e, EIO, "cannot read the mount table /proc/self/mountinfo");
	while (r == 0 && api.next(table, iter, &fs) == 0) {
		struct mount_entry m = { api.fstype(fs), api.root(fs), api.target(fs), api.options(fs) };

		if (m.fstype && m.root && m.target && m.options)
			r = fn(&m, ctx);
	}
	if (iter)
		api.free_iter(iter);
	if (table)
		api.unref_table(table);
	return r < 0 ? r : 0;
}
