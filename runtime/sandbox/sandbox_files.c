/* sandbox_files.c - the files of a sandbox's tree: replaced whole, read through its handle; and what is random about it.
 * Must not sync (a killed process is no power cut), nor follow a link that lies in the tree. */
#include "sandbox/conf.h"
#include "store/record.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

#define MAX_FILE ((size_t)4 << 20)
#define PASSWORD_BYTES 24
#define INSIDE (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS)

/* The directory that path's last name stands in; *name: that name. */
static int open_parent(const struct sandbox *s, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char dir[256];

	*name = slash ? slash + 1 : path;
	if (!slash)
		return sys_openat2(s->fd, ".", O_PATH | O_DIRECTORY, 0, INSIDE);
	if ((size_t)(slash - path) >= sizeof dir)
		return -ENAMETOOLONG;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = 0;
	return sys_openat2(s->fd, dir, O_PATH | O_DIRECTORY, 0, INSIDE);
}

int sandbox_write(const struct sandbox *s, const char *path, const char *bytes, size_t n, uint32_t mode, struct err *e)
{
	const char *name;
	char new_[272];
	AUTO_FD int dir = open_parent(s, path, &name);
	AUTO_FD int fd = -1;
	int r = dir < 0 ? dir : 0;

	if (r == 0 && snprintf(new_, sizeof new_, ".%s.new", name) >= (int)sizeof new_)
		r = -ENAMETOOLONG;
	if (r == 0) {
		r = sys_unlink(dir, new_); /* a killed writer's; one file, one writer: the tree is locked */
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		r = fd = sys_open(dir, new_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (r >= 0)
		r = sys_write_all(fd, bytes, n);
	if (r == 0 && (s->place.uid != geteuid() || s->place.gid != getegid()))
		r = sys_chown(fd, "", s->place.uid, s->place.gid, AT_EMPTY_PATH);
	if (r == 0 && mode != 0600)
		r = sys_fchmod(fd, mode);
	if (r == 0)
		r = sys_rename(dir, new_, dir, name);
	if (r < 0 && fd >= 0)
		(void)!sys_unlink(dir, new_);
	return r < 0 ? fail_sys(e, r, "cannot write %s/%s", s->dir, path) : 0;
}

/* Only what we have made: the directory may be the owner's, who puts another file there. */
static int give_link(int dir, const char *name, uint32_t uid, uint32_t gid)
{
	AUTO_FD int fd = sys_open(dir, name, O_PATH | O_NOFOLLOW, 0);
	struct stat st;
	int r = fd < 0 ? fd : sys_fstat(fd, &st);

	if (r == 0 && !(S_ISLNK(st.st_mode) && st.st_uid == geteuid()))
		r = -EPERM;
	return r < 0 ? r : sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
}

int sandbox_link(const struct sandbox *s, const char *path, const char *target, struct err *e)
{
	const char *name;
	char new_[272];
	AUTO_FD int dir = open_parent(s, path, &name);
	int r = dir < 0 ? dir : 0;

	if (r == 0 && snprintf(new_, sizeof new_, ".%s.new", name) >= (int)sizeof new_)
		r = -ENAMETOOLONG;
	if (r == 0) {
		r = sys_unlink(dir, new_);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		r = sys_symlink(target, dir, new_);
	if (r == 0 && (s->place.uid != geteuid() || s->place.gid != getegid()))
		r = give_link(dir, new_, s->place.uid, s->place.gid);
	if (r == 0)
		r = sys_rename(dir, new_, dir, name);
	return r < 0 ? fail_sys(e, r, "cannot make the link %s/%s", s->dir, path) : 0;
}

int sandbox_read(struct arena *a, const struct sandbox *s, const char *path, char **bytes, size_t *n, struct err *e)
{
	AUTO_FD int fd = sys_openat2(s->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, INSIDE);
	const char *what = arena_fmt(a, "%s/%s", s->dir, path);

	if (fd < 0)
		return fail_sys(e, fd, "%s", what);
	return read_regular(a, fd, MAX_FILE, what, bytes, n, e);
}

int sandbox_save(const struct sandbox *s, struct err *e)
{
	struct arena scratch = { 0 };
	struct text t = { .arena = &scratch };
	int r;

	conf_encode(&t, &s->conf);
	r = sandbox_write(s, SANDBOX_CONF, text_get(&t), t.n, 0600, e);
	arena_drop(&scratch);
	return r;
}

const char *sandbox_container_id(struct arena *a, const struct sandbox *s)
{
	const char *name = s->conf.name ? s->conf.name : s->name;

	if (s->place.uid == geteuid())
		return arena_fmt(a, "sb-%s-%s", name, s->conf.id);
	return arena_fmt(a, "sb+%u-%s-%s", s->place.uid, name, s->conf.id);
}

bool sandbox_is_container_id(const char *id)
{
	return strncmp(id, "sb-", 3) == 0 || strncmp(id, "sb+", 3) == 0;
}

int sandbox_new_id(struct arena *a, const char **out, struct err *e)
{
	uint32_t v;
	int r = sys_random(&v, sizeof v);

	if (r < 0)
		return fail_sys(e, r, "no random bytes");
	*out = arena_fmt(a, "%08x", v);
	return 0;
}

int sandbox_new_password(struct arena *a, const char **out, struct err *e)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	char *password = arena_alloc(a, PASSWORD_BYTES + 1);
	size_t n = 0;

	while (n < PASSWORD_BYTES) {
		unsigned char byte;
		int r = sys_random(&byte, 1);

		if (r < 0)
			return fail_sys(e, r, "no random bytes");
		if (byte < 4 * 62) /* the others would make some letters likelier */
			password[n++] = letters[byte % 62];
	}
	*out = password;
	return 0;
}
