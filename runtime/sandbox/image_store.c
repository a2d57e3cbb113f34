/* image_store.c - blobs of image layouts, and the images that were unpacked.
 * Must not believe a digest that it has not computed, nor follow a link of a layout or of the store. */
#include "sandbox/image_store.h"
#include "oci/value.h"
#include "sandbox/sha256.h"
#include "sandbox/tree.h"
#include "store/files.h"
#include "store/record.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* --- layouts */

static int open_file(int layout, const char *path)
{
	AUTO_FD int fd = sys_openat2(layout, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	struct stat st;
	int r = fd < 0 ? fd : sys_fstat(fd, &st);

	if (r < 0)
		return r;
	return S_ISREG(st.st_mode) ? take_fd(&fd) : -EINVAL;
}

int image_read(struct arena *a, int layout, const char *path, size_t max, char **bytes, size_t *n, struct err *e)
{
	AUTO_FD int fd = open_file(layout, path);

	if (fd == -ENOENT)
		return fail(e, ENOENT, "the image has no %s", path);
	if (fd == -EINVAL || fd == -ELOOP)
		return fail(e, EINVAL, "the image's %s is no regular file", path);
	if (fd < 0)
		return fail_sys(e, fd, "the image's %s", path);
	return read_regular(a, fd, max, path, bytes, n, e);
}

static bool is_sum(struct sha256 *s, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char is[SHA256_BYTES];
	size_t i;

	sha256_end(s, is);
	for (i = 0; i < SHA256_BYTES; i++)
		if (hex[2 * i] != digits[is[i] >> 4] || hex[2 * i + 1] != digits[is[i] & 15])
			return false;
	return true;
}

bool image_is_called(const char *bytes, size_t n, const char *hex)
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, bytes, n);
	return is_sum(&s, hex);
}

static int copy_checked(int from, int to, const char *hex, struct err *e)
{
	static char buffer[128 << 10];
	struct sha256 s;
	ssize_t n;

	sha256_begin(&s);
	while ((n = sys_read(from, buffer, sizeof buffer)) > 0) {
		int r = sys_write_all(to, buffer, (size_t)n);

		if (r < 0)
			return fail_sys(e, r, "cannot copy the image's blob %.12s", hex);
		sha256_add(&s, buffer, (size_t)n);
	}
	if (n < 0)
		return fail_sys(e, (int)n, "cannot read the image's blob %.12s", hex);
	if (is_sum(&s, hex))
		return 0;
	return fail(e, EINVAL, "the image's blobs/sha256/%s is damaged: its contents are not what its name says", hex);
}

static int copy_blob(int from, const char *path, const char *hex, int to, uint32_t uid, uint32_t gid, struct err *e)
{
	int r;

	if (from == -EINVAL || from == -ELOOP)
		return fail(e, EINVAL, "the image's %s is no regular file", path);
	if (from < 0)
		return fail_sys(e, from, "the image's %s", path);
	AUTO_FD int fd = sys_open(to, hex, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0400);
	if (fd == -EEXIST)
		return 0;
	r = fd < 0 ? fd : 0;
	if (r == 0 && (uid != geteuid() || gid != getegid()))
		r = sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
	if (r < 0)
		return fail_sys(e, r, "cannot copy the image's blob %.12s", hex);
	return copy_checked(from, fd, hex, e);
}

int image_blob(int layout, const char *hex, int to, uint32_t uid, uint32_t gid, struct err *e)
{
	char path[sizeof "blobs/sha256/" + IMAGE_HEX];

	snprintf(path, sizeof path, "blobs/sha256/%s", hex);
	AUTO_FD int from = open_file(layout, path);
	return copy_blob(from, path, hex, to, uid, gid, e);
}

/* --- archives */

static int open_archive(const char *path)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int r = fd < 0 ? fd : sys_fstat(fd, &st);

	if (r < 0)
		return r;
	return S_ISREG(st.st_mode) ? take_fd(&fd) : -EINVAL;
}

int image_file_hex(const char *path, char hex[IMAGE_HEX + 1], struct err *e)
{
	static char buffer[128 << 10];
	AUTO_FD int fd = open_archive(path);
	unsigned char sum[SHA256_BYTES];
	struct sha256 s;
	ssize_t n;
	size_t i;

	if (fd == -EINVAL)
		return fail(e, EINVAL, "%s is no regular file: an archive made by tar is wanted", path);
	if (fd < 0)
		return fail_sys(e, fd, "%s", path);
	sha256_begin(&s);
	while ((n = sys_read(fd, buffer, sizeof buffer)) > 0)
		sha256_add(&s, buffer, (size_t)n);
	if (n < 0)
		return fail_sys(e, (int)n, "cannot read %s", path);
	sha256_end(&s, sum);
	for (i = 0; i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

int image_file_blob(const char *path, const char *hex, int to, uint32_t uid, uint32_t gid, struct err *e)
{
	AUTO_FD int from = open_archive(path);

	return copy_blob(from, path, hex, to, uid, gid, e);
}

/* --- the store */

void image_store_find(struct arena *a, const struct place *p, struct image_store *out)
{
	const char *slash = strrchr(p->ports, '/');

	*out = (struct image_store){ .dir = arena_fmt(a, "%.*s/images", (int)(slash - p->ports), p->ports), .fd = -1 };
}

static bool may_decide(const struct place *p, uid_t uid)
{
	return uid == 0 || uid == geteuid() || uid == p->uid;
}

int image_store_open(const struct place *p, bool make, struct image_store *s, struct err *e)
{
	static const char wait[] = "waiting for another command that works on images ...\n";
	AUTO_FD int fd = -1;
	struct stat st;
	int r;

	if (make)
		TRY(place_make(s->dir, 0700, p->uid, p->gid, e));
	fd = tree_open(AT_FDCWD, s->dir);
	if (fd == -ENOENT && !make)
		return fd;
	r = fd < 0 ? fd : sys_fstat(fd, &st);
	if (r == 0 && !may_decide(p, st.st_uid))
		return fail(e, EPERM, "%s belongs to another user", s->dir);
	if (r == 0)
		r = sys_flock(fd, LOCK_EX | LOCK_NB);
	if (r == -EWOULDBLOCK && !make)
		return r;
	if (r == -EWOULDBLOCK) {
		(void)!file_complain(wait, sizeof wait - 1, e);
		r = sys_flock(fd, LOCK_EX);
	}
	if (r < 0)
		return fail_sys(e, r, "cannot lock the images %s", s->dir);
	s->fd = take_fd(&fd);
	return 0;
}

/* Locks it, and sees that it still is what the name stands for. */
static int lock_image(int fd, const char *path, int how)
{
	struct stat held, named;
	int r = sys_flock(fd, how);

	if (r == 0)
		r = sys_fstat(fd, &held);
	if (r == 0)
		r = sys_statat(AT_FDCWD, path, &named, AT_SYMLINK_NOFOLLOW);
	return r == 0 && (held.st_ino != named.st_ino || held.st_dev != named.st_dev) ? -ENOENT : r;
}

int image_use(const struct image_store *s, const struct place *p, const char *hex, int *out, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int r;

	snprintf(path, sizeof path, "%s/%s", s->dir, hex);
	AUTO_FD int fd = tree_open(AT_FDCWD, path);
	r = fd < 0 ? fd : lock_image(fd, path, LOCK_SH);
	if (r == 0)
		r = sys_fstat(fd, &st);
	if (r == -ENOENT)
		return fail(e, ENOENT, "the image %s is not unpacked", path);
	if (r < 0)
		return fail_sys(e, r, "the image %s", path);
	if (!may_decide(p, st.st_uid))
		return fail(e, EPERM, "the image %s was unpacked by another user", path);
	*out = take_fd(&fd);
	return 0;
}

int image_claim(const struct image_store *s, const char *hex, int *out, struct err *e)
{
	AUTO_FD int fd = tree_open(s->fd, hex);
	int r = fd < 0 ? fd : sys_flock(fd, LOCK_EX | LOCK_NB);

	if (r == -EWOULDBLOCK)
		return r;
	if (r < 0)
		return fail_sys(e, r, "the image %s/%s", s->dir, hex);
	*out = take_fd(&fd);
	return 0;
}

/* --- unpacking */

int image_begin(const struct image_store *s, const struct place *p, const char *name, struct err *e)
{
	static const char *const inner[] = { "rootfs", "layer", "blobs" };
	AUTO_FD int fd = tree_make(s->fd, name, 0700, p->uid, p->gid);
	int r = fd < 0 ? fd : 0;
	size_t i;

	for (i = 0; i < sizeof inner / sizeof *inner && r == 0; i++) {
		AUTO_FD int made = tree_make(fd, inner[i], 0755, p->data_uid, p->data_gid);

		r = made < 0 ? made : 0;
	}
	return r < 0 ? fail_sys(e, r, "cannot make %s/%s", s->dir, name) : 0;
}

int image_commit(const struct image_store *s, const char *name, const char *hex, struct err *e)
{
	AUTO_FD int fd = tree_open(s->fd, name);
	int r;

	if (fd < 0)
		return fail_sys(e, fd, "%s/%s", s->dir, name);
	TRY(tree_remove(fd, "blobs", e));
	TRY(tree_remove(fd, "layer", e));
	r = sys_rename(s->fd, name, s->fd, hex);
	return r < 0 ? fail_sys(e, r, "cannot make %s/%s", s->dir, hex) : 0;
}

/* Under another name first: one that is half gone must not be taken for an image. */
int image_remove(const struct image_store *s, const char *name, struct err *e)
{
	char hidden[sizeof ".new-" + NAME_MAX];
	int r = 0;

	snprintf(hidden, sizeof hidden, "%s%.*s", *name == '.' ? "" : ".new-", NAME_MAX - 8, name);
	if (*name != '.')
		r = sys_rename(s->fd, name, s->fd, hidden);
	if (r < 0)
		return fail_sys(e, r, "cannot remove %s/%s", s->dir, name);
	return tree_remove(s->fd, hidden, e);
}

int image_list(struct arena *a, const struct image_store *s, struct strs *out, struct err *e)
{
	struct tree_reader reader;
	const struct dirent64 *d;
	int r = tree_read(&reader, s->fd);

	*out = (struct strs){ 0 };
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0)
		if (strncmp(d->d_name, ".new-", 5) == 0 || strspn(d->d_name, "0123456789abcdef") == IMAGE_HEX)
			*arena_push(a, out) = arena_str(a, d->d_name);
	return r < 0 ? fail_sys(e, r, "cannot list %s", s->dir) : 0;
}
