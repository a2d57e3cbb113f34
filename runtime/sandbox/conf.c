/* conf.c - sandbox.conf: lines that a shell can source.
 * Must not decide what a value means, only that it comes back as it was written. */
#include "sandbox/conf.h"
#include "store/record.h"
#include "sys/sys.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sysmacros.h>

#define MAX_CONF ((size_t)64 << 10)

#define ROW(name, field) { name, offsetof(struct sandbox_conf, field) }
static const struct row {
	const char *name;
	size_t offset;
} rows[] = {
	ROW("SANDBOX_NAME", name),       ROW("SANDBOX_ID", id),
	ROW("SANDBOX_ENGINE", engine),   ROW("SANDBOX_SERVER", server),
	ROW("SANDBOX_VERSION", version), ROW("SANDBOX_BACKEND", backend),
	ROW("SANDBOX_STORAGE", storage), ROW("SANDBOX_TEMPLATE", template_),
	ROW("SANDBOX_IMAGE", image),     ROW("SANDBOX_PUBLISH", publish),
	ROW("SANDBOX_INODE", inode),     ROW("SANDBOX_CREATED", created),
	ROW("SANDBOX_EXPIRES", expires), ROW("SANDBOX_FRESH", fresh),
	ROW("SANDBOX_OLD_PASSWORD", old_password),
	ROW("DB_HOST", host),            ROW("DB_PORT", port),
	ROW("DB_NAME", database),        ROW("DB_USER", user),
	ROW("DB_PASSWORD", password),    ROW("DB_SOCKET", socket),
};
#define ROWS (sizeof rows / sizeof *rows)

static const char **field(struct sandbox_conf *c, const struct row *r)
{
	return (const char **)((char *)c + r->offset);
}

void conf_encode(struct text *t, const struct sandbox_conf *c)
{
	struct sandbox_conf copy = *c;
	size_t i;

	text_str(t, "# what wasirun knows of this sandbox; a shell can source it\n");
	for (i = 0; i < ROWS; i++) {
		const char *s = *field(&copy, &rows[i]);

		if (!s)
			continue;
		text_fmt(t, "%s='", rows[i].name);
		for (; *s; s++) {
			if (*s == '\'')
				text_str(t, "'\\''");
			else
				text_add(t, s, 1);
		}
		text_str(t, "'\n");
	}
}

/* One word of the shell: 'a', "b", \c and bare characters, joined. Returns what stands behind it, NULL when a quote is never closed. */
static const char *word(const char *s, struct text *out)
{
	while (*s && *s != '\n' && *s != ' ' && *s != '\t' && *s != '\r') {
		char quote = *s == '\'' || *s == '"' ? *s++ : 0;

		if (!quote && *s == '\\' && s[1])
			s++;
		if (!quote) {
			text_add(out, s++, 1);
			continue;
		}
		for (; *s != quote; s++) {
			if (!*s)
				return NULL;
			if (quote == '"' && *s == '\\' && s[1] && strchr("\\\"$`", s[1]))
				s++;
			text_add(out, s, 1);
		}
		s++;
	}
	return s;
}

int conf_decode(struct arena *a, const char *bytes, const char *file, struct sandbox_conf *out, struct err *e)
{
	const char *s = bytes;
	unsigned line = 1;

	*out = (struct sandbox_conf){ 0 };
	for (; *s; line++) {
		struct text value = { .arena = a };
		size_t n, i;
		const char *end;

		s += strspn(s, " \t\r");
		n = strcspn(s, "=\n \t");
		end = s + n;
		if (*s != '#' && *s != '\n' && *s) {
			if (*end != '=')
				return fail(e, EINVAL, "%s:%u: not NAME='value'", file, line);
			end = word(end + 1, &value);
			if (!end)
				return fail(e, EINVAL, "%s:%u: a quote is never closed", file, line);
			for (i = 0; i < ROWS; i++)
				if (strlen(rows[i].name) == n && !memcmp(rows[i].name, s, n))
					*field(out, &rows[i]) = text_get(&value);
		}
		for (; s < end; s++)
			line += *s == '\n';
		s += strcspn(s, "\n");
		s += *s == '\n';
	}
	return 0;
}

/* An id becomes part of paths and of a container's id. */
static bool good_id(const char *id)
{
	return id && strlen(id) == 8 && strspn(id, "0123456789abcdef") == 8;
}

int conf_load(struct arena *a, int dir, const char *what, struct sandbox_conf *out, struct err *e)
{
	AUTO_FD int fd = sys_openat2(dir, SANDBOX_CONF, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	const char *file = arena_fmt(a, "%s/" SANDBOX_CONF, what);
	char *bytes;
	size_t n;

	if (fd < 0)
		return fail_sys(e, fd, "%s", file);
	TRY(read_regular(a, fd, MAX_CONF, file, &bytes, &n, e));
	TRY(conf_decode(a, bytes, file, out, e));
	if (!good_id(out->id))
		return fail(e, EINVAL, "%s: SANDBOX_ID is not 8 hexadecimal digits", file);
	if (!out->engine || !out->backend)
		return fail(e, EINVAL, "%s: %s is missing", file, out->engine ? "SANDBOX_BACKEND" : "SANDBOX_ENGINE");
	return 0;
}

bool tree_is_marked(int dir)
{
	AUTO_FD int fd = sys_open(dir, SANDBOX_MARK, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, 0);
	char have[sizeof SANDBOX_MARK_TEXT];
	size_t first = strcspn(SANDBOX_MARK_TEXT, "\n");

	return fd >= 0 && sys_read(fd, have, sizeof have) >= (ssize_t)first && !memcmp(have, SANDBOX_MARK_TEXT, first);
}

bool tree_is_locked(int dir)
{
	AUTO_FD int fd = sys_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);

	return fd >= 0 && sys_flock(fd, LOCK_EX | LOCK_NB) == -EWOULDBLOCK;
}

/* proc_locks(5): "1: FLOCK  ADVISORY  WRITE 708 08:01:13180 0 EOF" */
const char *tree_lock_holder(struct arena *a, int dir)
{
	size_t room = (size_t)256 << 10;
	char *buf = arena_alloc(arena_scratch(a), room), *line, *next;
	struct stat st;
	unsigned major_, minor_;
	unsigned long ino;
	int pid;

	if (sys_fstat(dir, &st) < 0 || sys_read_file(AT_FDCWD, "/proc/locks", buf, room) < 0)
		return "";
	for (line = buf; *line; line = next) {
		next = strchrnul(line, '\n');
		next += *next == '\n';
		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major_, &minor_, &ino) == 4 && ino == st.st_ino &&
		    makedev(major_, minor_) == st.st_dev)
			return arena_fmt(a, "%d", pid);
	}
	return "";
}
