/* place.c - where sandboxes live, and whose they are.
 * Must not make anything while it looks, nor believe what lies in a directory of somebody else's: a .env or a .sandboxes above the
 * current directory counts only when it belongs to the caller or to root. */
#include "sandbox/place.h"
#include "base/log.h"
#include "base/units.h"
#include "oci/value.h"
#include "sandbox/dotenv.h"
#include "store/files.h"
#include "store/record.h"
#include "sys/sys.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TREE ".sandboxes"
#define MAX_ENV ((size_t)1 << 20)

/* While it is found out. */
struct search {
	struct arena *a;
	struct place *p;
	const char *cwd;       /* NULL: there is none */
	const char *env_text, *env_dir;
};

/* A value and where it stands, for messages. */
struct said {
	const char *value, *where;
	bool from_file;
};

static bool number(const char *s, uint32_t *out)
{
	uint64_t v = 0;

	if (!s || !*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > UINT32_MAX / 10)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*out = (uint32_t)v;
	return v < UINT32_MAX;
}

/* Root of a container has no use for an id that is not mapped there. */
static bool id_exists(uint32_t id)
{
	char map[4096];
	char *line = map, *next;
	ssize_t n = sys_read_file(AT_FDCWD, "/proc/self/uid_map", map, sizeof map);

	for (; n > 0 && line && *line; line = next) {
		unsigned from, outside, count;

		next = strchr(line, '\n');
		if (next)
			next++;
		if (sscanf(line, "%u %u %u", &from, &outside, &count) == 3 && id >= from && id - from < count)
			return true;
	}
	return n <= 0;
}

static void whose(struct place *p)
{
	p->uid = geteuid();
	p->gid = getegid();
	if (p->uid == 0) {
		uint32_t uid, gid;

		if (number(getenv("SUDO_UID"), &uid) && number(getenv("SUDO_GID"), &gid) && uid != 0) {
			p->uid = uid;
			p->gid = gid;
		}
	}
	p->data_uid = p->uid;
	p->data_gid = p->gid;
	if (p->uid == 0 && id_exists(SANDBOX_ROOT_ID))
		p->data_uid = p->data_gid = SANDBOX_ROOT_ID;
}

static bool trusted(const struct place *p, const struct stat *st)
{
	return st->st_uid == p->uid || st->st_uid == 0;
}

/* "/a/b" -> "/a", "/a" -> "/", "/" -> NULL */
static const char *parent(struct arena *a, const char *dir)
{
	const char *slash = strrchr(dir, '/');

	if (!slash || !dir[1])
		return NULL;
	return slash == dir ? "/" : arena_strn(a, dir, (size_t)(slash - dir));
}

static const char *below(struct arena *a, const char *dir, const char *name)
{
	return arena_fmt(a, "%s/%s", strcmp(dir, "/") ? dir : "", name);
}

/* A link and what it leads to: somebody else's link could lead to what is ours, or root's and everybody's. */
static bool believed(const struct place *p, const char *path, const struct stat *st)
{
	struct stat link;

	if (sys_statat(AT_FDCWD, path, &link, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (trusted(p, st) && trusted(p, &link))
		return true;
	log_debug("%s belongs to uid %u: passed over", path, trusted(p, st) ? link.st_uid : st->st_uid);
	return false;
}

/* The nearest entry of that name upward, of that type, that we believe. NULL: none. */
static const char *upward(const struct search *s, const char *name, mode_t type)
{
	const char *dir;

	for (dir = s->cwd; dir; dir = parent(s->a, dir)) {
		const char *path = below(s->a, dir, name);
		struct stat st;

		if (sys_statat(AT_FDCWD, path, &st, 0) < 0 || (st.st_mode & S_IFMT) != type)
			continue;
		if (believed(s->p, path, &st))
			return path;
	}
	return NULL;
}

/* Reads it through one handle, so that what was looked at is what is read. A file that was found and cannot be read says nothing. */
static int read_env(struct search *s, const char *path, bool named, struct err *e)
{
	AUTO_FD int fd = sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	char *bytes;
	size_t n;

	if (fd < 0 && !named)
		return 0;
	if (fd < 0)
		return fail_sys(e, fd, "--env-file %s", path);
	if (!named && (sys_fstat(fd, &st) < 0 || !trusted(s->p, &st)))
		return 0;
	TRY(read_regular(s->a, fd, MAX_ENV, path, &bytes, &n, e));
	TRY(file_directory(s->a, path, &s->env_dir, e));
	s->env_text = bytes;
	s->p->env_file = below(s->a, s->env_dir, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	return 0;
}

/* All of it must be readable: a line that is none may be one of ours, misspelt. A file that was only found, and does not even
 * name anything of ours, is other people's and may look as it likes. */
static int check_env(struct search *s, bool named, struct err *e)
{
	struct strs ignored;

	if (!s->env_text)
		return 0;
	if (!named && !strstr(s->env_text, "WASI_") && !strstr(s->env_text, "ENVIRONMENT")) {
		s->env_text = NULL;
		return 0;
	}
	return dotenv_parse(s->a, s->env_text, s->p->env_file, &ignored, e);
}

/* The environment first, then the last assignment of the .env; an empty one says nothing. */
static struct said said(const struct search *s, const char *name)
{
	struct said r = { .value = getenv(name), .where = "the environment" };
	struct dotenv d = { .at = s->env_text, .file = s->p->env_file };
	struct err ignored;

	if (r.value && *r.value)
		return r;
	r.value = NULL;
	while (s->env_text && dotenv_next(s->a, &d, &ignored) > 0)
		if (!strcmp(d.key, name) && *d.value)
			r = (struct said){ d.value, arena_fmt(s->a, "%s:%u", d.file, d.where), true };
	return r;
}

static int read_switches(struct search *s, struct err *e)
{
	static const char *const yes[] = { "true", "1", "yes", "on", NULL }, *const no[] = { "false", "0", "no", "off", NULL };
	struct said x = said(s, "ENVIRONMENT");
	struct err why;
	int64_t bytes;
	int i;

	if (x.value && strcmp(x.value, "development") && strcmp(x.value, "staging") && strcmp(x.value, "production"))
		return fail(e, EINVAL, "%s: ENVIRONMENT=%.40s: it is one of development, staging, production", x.where, x.value);
	s->p->environment = x.value;
	x = said(s, "WASI_MEMORY_LIMIT");
	if (x.value && (parse_bytes(x.value, "WASI_MEMORY_LIMIT", &bytes, &why) < 0 || bytes <= 0))
		return fail(e, EINVAL, "%s: WASI_MEMORY_LIMIT=%.40s: a size such as 512M", x.where, x.value);
	s->p->memory = x.value;
	x = said(s, "WASI_USE_NAMESPACES");
	for (i = 0; x.value && no[i]; i++)
		if (!strcasecmp(x.value, no[i]))
			s->p->no_namespaces = true;
	for (i = 0; x.value && yes[i] && strcasecmp(x.value, yes[i]); i++)
		;
	if (x.value && !yes[i] && !s->p->no_namespaces)
		return fail(e, EINVAL, "%s: WASI_USE_NAMESPACES=%.40s: true or false", x.where, x.value);
	return 0;
}

/* Without "." and empty components, so that messages look as people would write it; ".." stays: what it means is the file system's. */
static const char *absolute(struct arena *a, const char *base, const char *path)
{
	struct text t = { .arena = a };
	const char *parts[2] = { *path == '/' ? "" : base, path };
	int i;

	for (i = 0; i < 2; i++) {
		const char *s = parts[i];

		while (*s) {
			size_t n = strcspn(s, "/");

			if (n && !(n == 1 && *s == '.')) {
				text_str(&t, "/");
				text_add(&t, s, n);
			}
			s += n + (s[n] == '/');
		}
	}
	return t.n ? text_get(&t) : "/";
}

/* $XDG_DATA_HOME/wasirun; NULL: there is no home. Under sudo the home is whose it was, or not: a directory of the user's id is certain. */
static const char *data_home(const struct search *s)
{
	const char *home = getenv("XDG_DATA_HOME");

	if (geteuid() == 0 && s->p->uid != 0)
		return arena_fmt(s->a, "/var/lib/wasirun/users/%u", s->p->uid);
	if (geteuid() == 0 && id_exists(SANDBOX_ROOT_ID))
		return "/var/lib/wasirun";
	if (home && *home == '/')
		return below(s->a, absolute(s->a, "", home), "wasirun");
	home = getenv("HOME");
	return home && *home == '/' ? below(s->a, absolute(s->a, "", home), ".local/share/wasirun") : NULL;
}

static int find_root(struct search *s, const char *dir, struct err *e)
{
	struct said x = said(s, "WASI_SANDBOX_DIR");
	const char *home;

	if (dir && !*dir)
		return fail(e, EINVAL, "--dir must not be empty");
	if (dir || (x.value && !x.from_file)) {
		if (!s->cwd && *(dir ? dir : x.value) != '/')
			return fail(e, ENOENT, "the current directory is gone: --dir must be absolute");
		s->p->root = absolute(s->a, s->cwd, dir ? dir : x.value);
		return 0;
	}
	if (x.value) {
		s->p->root = absolute(s->a, s->env_dir, x.value);
		return 0;
	}
	s->p->root = upward(s, TREE, S_IFDIR);
	if (s->p->root)
		return 0;
	if (s->cwd && sys_access(AT_FDCWD, s->cwd, W_OK | X_OK, AT_EACCESS) == 0) {
		s->p->root = below(s->a, s->cwd, TREE);
		return 0;
	}
	home = data_home(s);
	if (!home)
		return fail(e, ENOENT, "nowhere to keep sandboxes: the current directory is read-only and HOME is not set. Give --dir");
	s->p->root = arena_fmt(s->a, "%s/sandboxes", home);
	return 0;
}

static int find_stores(struct search *s, struct err *e)
{
	const char *templates = getenv("WASIRUN_TEMPLATES"), *run = getenv("XDG_RUNTIME_DIR"), *home = data_home(s);

	if (templates && *templates && *templates != '/')
		return fail(e, EINVAL, "WASIRUN_TEMPLATES=%s is not an absolute path", templates);
	if (templates && *templates) {
		const char *above;

		s->p->templates = absolute(s->a, "", templates);
		above = parent(s->a, s->p->templates);
		s->p->ports = below(s->a, above ? above : "/", "ports");
	} else if (home) {
		s->p->templates = arena_fmt(s->a, "%s/templates", home);
		s->p->ports = arena_fmt(s->a, "%s/ports", home);
	} else {
		return fail(e, ENOENT, "nowhere to keep templates: HOME is not set. Set it, or WASIRUN_TEMPLATES");
	}
	if (geteuid() == 0 && id_exists(SANDBOX_ROOT_ID))
		s->p->sockets = "/run/wasirun-s";
	else if (run && *run == '/')
		s->p->sockets = arena_fmt(s->a, "%s/wasirun-s", absolute(s->a, "", run));
	else
		s->p->sockets = arena_fmt(s->a, "/tmp/wasirun-s-%u", s->p->uid);
	return 0;
}

int place_find(struct arena *a, const char *dir, const char *env_file, struct place *out, struct err *e)
{
	struct search s = { .a = a, .p = out };
	const char *file = env_file;
	char cwd[PATH_MAX];

	*out = (struct place){ 0 };
	if (env_file && !*env_file)
		return fail(e, EINVAL, "--env-file must not be empty");
	if (sys_getcwd(cwd, sizeof cwd) > 0 && *cwd == '/')
		s.cwd = arena_str(a, cwd);
	whose(out);
	if (!file)
		file = upward(&s, ".env", S_IFREG);
	if (file)
		TRY(read_env(&s, file, env_file != NULL, e));
	TRY(check_env(&s, env_file != NULL, e));
	TRY(read_switches(&s, e));
	TRY(find_root(&s, dir, e));
	return find_stores(&s, e);
}

/* What is there already must be a directory that nobody else can change under our hands. */
static int check_made(int fd, const char *path, uint32_t uid, struct err *e)
{
	struct stat st;
	int r = sys_fstat(fd, &st);

	if (r < 0)
		return fail_sys(e, r, "%s", path);
	if (st.st_uid != uid && st.st_uid != 0 && st.st_uid != geteuid())
		return fail(e, EPERM, "%s belongs to uid %u, not to us (%u): choose another directory, or change its owner", path,
			    st.st_uid, uid);
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return fail(e, EPERM, "%s can be written by everybody (mode %04o): chmod o-w it", path, st.st_mode & 07777);
	return 0;
}

/* One directory of the path, made when it is missing. In the service of somebody else, root follows no link that is not root's:
 * it could lead anywhere. A missing one in between belongs to whom the one above it belongs. */
static int step(int dir, const char *name, const char *path, bool last, uint32_t mode, uint32_t uid, uint32_t gid, struct err *e)
{
	bool other = geteuid() == 0 && uid != 0;
	struct stat st;
	int fd = sys_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0), r;

	if (fd == -EACCES)
		fd = sys_open(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ELOOP || fd == -ENOTDIR) {
		if (other && sys_statat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) && st.st_uid != 0)
			return fail(e, ELOOP, "%s is reached through a symbolic link that is not root's (%s): give the directory itself",
				    path, name);
		fd = sys_open(dir, name, O_PATH | O_DIRECTORY, 0);
	}
	if (fd != -ENOENT)
		return fd < 0 ? fail_sys(e, fd, "%s", path) : fd;
	r = sys_mkdir(dir, name, last ? mode : 0755);
	if (r < 0 && r != -EEXIST)
		return fail_sys(e, r, "cannot make %s", path);
	fd = sys_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 || r == -EEXIST)
		return fd < 0 ? fail_sys(e, fd, "%s", path) : fd;
	r = sys_fchmod(fd, last ? mode : 0755); /* whatever the umask says */
	if (r == 0 && other && !last && (r = sys_fstat(dir, &st)) == 0)
		r = sys_chown(fd, "", st.st_uid, st.st_gid, AT_EMPTY_PATH);
	else if (r == 0 && (last || other) && (uid != geteuid() || gid != getegid()))
		r = sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
	if (r < 0) {
		(void)!sys_rmdir(dir, name);
		fd_close(&fd);
		return fail_sys(e, r, "cannot make %s", path);
	}
	return fd;
}

int place_open(const char *path, uint32_t mode, uint32_t uid, uint32_t gid, struct err *e)
{
	AUTO_FD int dir = sys_open(AT_FDCWD, *path == '/' ? "/" : ".", O_PATH | O_DIRECTORY, 0);
	const char *s = path + strspn(path, "/");
	int fd;

	if (dir < 0)
		return fail_sys(e, dir, "%s", path);
	while (*s) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(s, "/");
		int next;

		if (n > NAME_MAX)
			return fail(e, ENAMETOOLONG, "%s: a name of it is too long", path);
		memcpy(name, s, n);
		name[n] = 0;
		s += n;
		s += strspn(s, "/");
		next = step(dir, name, path, !*s, mode, uid, gid, e);
		if (next < 0)
			return next;
		fd_close(&dir);
		dir = next;
	}
	TRY(check_made(dir, path, uid, e));
	fd = sys_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? fail_sys(e, fd, "%s", path) : fd;
}

int place_make(const char *path, uint32_t mode, uint32_t uid, uint32_t gid, struct err *e)
{
	AUTO_FD int fd = place_open(path, mode, uid, gid, e);

	return fd < 0 ? fd : 0;
}
