/* scripts.c - puts the scripts of templates/scripts/ into a project.
 * Must not replace what somebody wrote there, unless that is asked for. */
#include "sandbox/scripts.h"
#include "base/fd.h"
#include "sandbox/builtin.h"
#include "sys/sys.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	mode_t mode;
} scripts[] = {
	{ "README.md", 0644 },     { "demo.sh", 0755 }, { "lightweight_venv.sh", 0755 },
	{ "virtualize.sh", 0755 }, { "wasm_style_sandbox.sh", 0755 },
};
#define SCRIPTS (sizeof scripts / sizeof *scripts)

static const char *text_of(struct arena *a, size_t i)
{
	const char *text = builtin_file(arena_fmt(a, "scripts/%s", scripts[i].name));

	return text ? text : "";
}

/* 1: a file of that name says the same; 0: there is none; -EEXIST: it says something else. */
static int compare(struct arena *a, int dir, size_t i)
{
	const char *want = text_of(a, i);
	size_t n = strlen(want);
	char *have = arena_alloc(arena_scratch(a), n + 2);
	AUTO_FD int fd = sys_open(dir, scripts[i].name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	ssize_t r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	r = sys_read_all(fd, have, n + 2);
	return r == (ssize_t)n && !memcmp(have, want, n) ? 1 : -EEXIST;
}

static int write_one(struct arena *a, const struct place *p, int dir, size_t i)
{
	const char *temporary = arena_fmt(a, ".%s.new", scripts[i].name), *text = text_of(a, i);
	int r = sys_unlink(dir, temporary);
	AUTO_FD int fd = r == 0 || r == -ENOENT ? sys_open(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600) : r;

	r = fd < 0 ? fd : sys_write_all(fd, text, strlen(text));
	if (r == 0 && (p->uid != geteuid() || p->gid != getegid()))
		r = sys_chown(fd, "", p->uid, p->gid, AT_EMPTY_PATH);
	if (r == 0)
		r = sys_fchmod(fd, scripts[i].mode);
	if (r == 0)
		r = sys_rename(dir, temporary, dir, scripts[i].name);
	if (r < 0 && fd >= 0)
		(void)!sys_unlink(dir, temporary);
	return r;
}

int scripts_install(struct arena *a, const struct place *p, const char *dir, bool force, struct strs *written, struct err *e)
{
	AUTO_FD int fd = -1;
	int state[SCRIPTS], r;
	size_t i;

	*written = (struct strs){ 0 };
	fd = place_open(dir, 0755, p->uid, p->gid, e);
	if (fd < 0)
		return fd;
	for (i = 0; i < SCRIPTS; i++) {
		state[i] = compare(a, fd, i);
		if (state[i] == -EEXIST && !force)
			return fail(e, EEXIST, "%s/%s is there, and it is not ours: --force replaces it", dir, scripts[i].name);
		if (state[i] < 0 && state[i] != -EEXIST)
			return fail_sys(e, state[i], "%s/%s", dir, scripts[i].name);
	}
	for (i = 0; i < SCRIPTS; i++) {
		if (state[i] == 1)
			continue;
		r = write_one(a, p, fd, i);
		if (r < 0)
			return fail_sys(e, r, "cannot write %s/%s", dir, scripts[i].name);
		*arena_push(a, written) = (char *)scripts[i].name;
	}
	return 0;
}
