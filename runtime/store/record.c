/* record.c - state.json and the config copy: written whole or not at all.
 * Must not sync: a killed process is not a power cut, and /run does not survive one. */
#include "store/record.h"
#include "base/utc.h"
#include "sys/sys.h"
#include <string.h>
#include <time.h>

#define RECORD "state.json"

int record_write(struct arena *a, const struct container *c, const char *name, const char *bytes, size_t n, struct err *e)
{
	const char *new_ = arena_fmt(a, "%s.new", name);
	AUTO_FD int fd = sys_open(c->dir, new_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return fail_sys(e, fd, "container %s: cannot write %s", c->id, new_);
	r = sys_write_all(fd, bytes, n);
	if (r == 0)
		r = sys_rename(c->dir, new_, c->dir, name);
	if (r < 0) {
		(void)!sys_unlink(c->dir, new_);
		return fail_sys(e, r, "container %s: cannot write %s", c->id, name);
	}
	return 0;
}

int store_save(struct arena *a, struct container *c, const struct record *r, struct err *e)
{
	struct text t = { .arena = a };
	struct json_out w = { .t = &t, .first = true };

	record_encode(&w, r);
	TRY(record_write(a, c, RECORD, text_get(&t), t.n, e));
	c->record = *r;
	return 0;
}

int read_regular(struct arena *a, int fd, size_t max, const char *what, char **bytes, size_t *n, struct err *e)
{
	struct stat st;
	ssize_t got;
	int r = sys_fstat(fd, &st);

	if (r < 0)
		return fail_sys(e, r, "%s", what);
	if (!S_ISREG(st.st_mode))
		return fail(e, EINVAL, "%s is not a regular file", what);
	if ((size_t)st.st_size > max)
		return fail(e, E2BIG, "%s has %jd bytes, at most %zu are read", what, (intmax_t)st.st_size, max);
	*bytes = arena_alloc(arena_scratch(a), (size_t)st.st_size + 2);
	got = sys_read_all(fd, *bytes, (size_t)st.st_size + 2);
	if (got < 0)
		return fail_sys(e, (int)got, "%s", what);
	*n = (size_t)got;
	return 0;
}

/* O_NONBLOCK: somebody may have put a fifo in its place. */
static int read_file(struct arena *a, const struct container *c, const char *name, size_t max, char **bytes, size_t *n, struct err *e)
{
	AUTO_FD int fd = sys_open(c->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return fail_sys(e, fd, "container %s: %s", c->id, name);
	return read_regular(a, fd, max, arena_fmt(a, "container %s: %s", c->id, name), bytes, n, e);
}

int record_read(struct arena *a, struct container *c, struct err *e)
{
	char *bytes;
	size_t n;

	TRY(read_file(a, c, RECORD, JSON_MAX_STATE, &bytes, &n, e));
	if (record_decode(a, bytes, n, &c->record, e) < 0)
		return fail_in(e, "container %s has a damaged record (delete --force removes it)", c->id);
	if (!c->record.id || strcmp(c->record.id, c->id) != 0)
		return fail(e, EINVAL, "container %s has the record of another one (delete --force removes it)", c->id);
	return 0;
}

int store_config(struct arena *a, const struct container *c, struct config *out, struct err *e)
{
	char *bytes;
	size_t n;

	TRY(read_file(a, c, "config.json", JSON_MAX_CONFIG, &bytes, &n, e));
	return config_decode(a, bytes, n, "config.json", out, e);
}

int read_boot_id(char out[BOOT_ID_BYTES], struct err *e)
{
	ssize_t n = sys_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", out, BOOT_ID_BYTES);

	if (n < 0)
		return fail_sys(e, (int)n, "/proc/sys/kernel/random/boot_id");
	out[strcspn(out, "\n")] = 0;
	return 0;
}

int record_begin(struct arena *a, struct record *r, struct err *e)
{
	char boot[BOOT_ID_BYTES], stamp[UTC_BYTES];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	utc_format(now.tv_sec, stamp);
	TRY(read_boot_id(boot, e));
	r->version = arena_str(a, "1");
	r->created = arena_fmt(a, "%s.%09ldZ", stamp, now.tv_nsec);
	r->boot_id = arena_str(a, boot);
	r->owner = (struct opt_uint){ true, geteuid() };
	return 0;
}
