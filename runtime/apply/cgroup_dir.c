/* cgroup_dir.c - the files of one cgroup directory.
 * Must not know what the files mean: cgroup_v1.c and cgroup_v2.c do. */
#include "apply/cgroup_dir.h"
#include "sys/sys.h"
#include <linux/magic.h>
#include <string.h>

int cgroup_path(char *buf, const char *dir, const char *file)
{
	size_t d = strlen(dir), f = strlen(file);

	if (d + 1 + f + 1 > PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(buf, dir, d);
	buf[d] = '/';
	memcpy(buf + d + 1, file, f + 1);
	return 0;
}

bool cgroup_parent(char *buf, const char *dir)
{
	const char *slash = strrchr(dir, '/');
	size_t n = slash ? (size_t)(slash - dir) : 0;

	if (!n || n >= PATH_MAX)
		return false;
	memcpy(buf, dir, n);
	buf[n] = 0;
	return true;
}

int cgroup_open(const char *dir, const char *file, int flags)
{
	char path[PATH_MAX];

	TRY(cgroup_path(path, dir, file));
	return sys_open(AT_FDCWD, path, flags | O_NOCTTY, 0);
}

ssize_t cgroup_read(const char *dir, const char *file, char *buf, size_t n)
{
	char path[PATH_MAX];
	ssize_t r;

	TRY(cgroup_path(path, dir, file));
	r = sys_read_file(AT_FDCWD, path, buf, n);
	if (r > 0 && buf[r - 1] == '\n')
		buf[--r] = 0;
	return r;
}

int cgroup_write(const char *dir, const char *file, const char *value)
{
	char path[PATH_MAX];

	TRY(cgroup_path(path, dir, file));
	return sys_write_file(AT_FDCWD, path, value);
}

bool cgroup_has(const char *dir, const char *file)
{
	char path[PATH_MAX];

	return cgroup_path(path, dir, file) == 0 && sys_access(AT_FDCWD, path, F_OK, 0) == 0;
}

bool cgroup_is_v2(const char *dir)
{
	struct statfs fs;

	return sys_statfs(dir, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

uint64_t cgroup_number(const char *s, const char **end)
{
	uint64_t v = 0;

	for (s += strspn(s, " \t"); *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			v = UINT64_MAX;
	if (end)
		*end = s;
	return v;
}

uint64_t cgroup_key(const char *text, const char *key, bool *found)
{
	size_t n = strlen(key);
	const char *p = text;

	while (p) {
		if (strncmp(p, key, n) == 0 && p[n] == ' ') {
			if (found)
				*found = true;
			return cgroup_number(p + n, NULL);
		}
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (found)
		*found = false;
	return 0;
}

bool cgroup_word(const char *list, const char *word, size_t n)
{
	const char *p = list;

	while (*p) {
		size_t len = strcspn(p, " ,\n");

		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
		p += strspn(p, " ,\n");
	}
	return false;
}

/* The number of the first component of path that names the controller, from 1; 0 when none does. */
static unsigned component_naming(const char *path, const char *controller)
{
	unsigned at = 0;
	size_t n = strlen(controller);

	while (*path == '/') {
		char name[NAME_MAX + 1];
		size_t len = strcspn(++path, "/");

		at++;
		if (len <= NAME_MAX) {
			memcpy(name, path, len);
			name[len] = 0;
			if (cgroup_word(name, controller, n))
				return at;
		}
		path += len;
	}
	return 0;
}

const char *cgroup_v1_dir(const struct strs *dirs, const char *controller)
{
	const char *best = NULL;
	unsigned best_at = 0;
	size_t i;

	/* the mount point stands before what a cgroup path may call "memory", so the earliest component wins */
	for (i = 0; i < dirs->n; i++) {
		unsigned at = component_naming(dirs->v[i], controller);

		if (at && (!best || at < best_at)) {
			best = dirs->v[i];
			best_at = at;
		}
	}
	return best;
}

const char *cgroup_v2_dir(const struct strs *dirs)
{
	return dirs->n && cgroup_is_v2(dirs->v[dirs->n - 1]) ? dirs->v[dirs->n - 1] : NULL;
}

struct cgroup_wait cgroup_wait(int timeout_ms)
{
	return (struct cgroup_wait){ .until = sys_now_us() + (int64_t)timeout_ms * 1000, .next = 50 };
}

bool cgroup_wait_more(struct cgroup_wait *w)
{
	if (sys_now_us() >= w->until)
		return false;
	sys_sleep_us(w->next);
	w->next = w->next >= 5000 ? 10000 : w->next * 2;
	return true;
}
