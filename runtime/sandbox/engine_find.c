/* engine_find.c - where a server's programs are, on this machine or in an image's root directory, and what version they are, without
 * running them. Must not know an engine. */
#include "base/fd.h"
#include "sandbox/engine_impl.h"
#include "sys/sys.h"
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Below root, links included: an image's link to /usr/bin is one of its own /usr/bin. */
static int open_in(const struct search *s, const char *path, int flags)
{
	if (s->fd < 0)
		return sys_open(AT_FDCWD, path, flags, 0);
	return sys_openat2(s->fd, path, (uint64_t)(flags | O_CLOEXEC), 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

/* What the kernel calls it. */
static const char *name_of(struct arena *a, int fd)
{
	char link[64] = "/proc/self/fd/", path[4096];
	size_t n = strlen(link);
	unsigned at = 1;

	while (fd / (int)at >= 10)
		at *= 10;
	for (; at; at /= 10)
		link[n++] = (char)('0' + fd / (int)at % 10);
	link[n] = 0;
	return sys_readlink(AT_FDCWD, link, path, sizeof path) < 0 ? NULL : arena_str(a, path);
}

int search_open(struct arena *a, const char *rootfs, struct search *s, struct err *e)
{
	*s = (struct search){ .a = a, .rootfs = rootfs, .fd = -1, .prefix = "" };
	if (!rootfs)
		return 0;
	s->fd = sys_open(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY, 0);
	if (s->fd < 0)
		return fail_sys(e, s->fd, "the image's root directory %s (was it pruned? create --image unpacks it again)", rootfs);
	s->prefix = name_of(a, s->fd);
	if (!s->prefix) {
		search_close(s);
		return fail(e, EIO, "the image's root directory %s has no name: is /proc mounted?", rootfs);
	}
	if (strcmp(s->prefix, "/") == 0)
		s->prefix = "";
	return 0;
}

void search_close(struct search *s)
{
	fd_close(&s->fd);
}

const char *search_program(struct search *s, const char *dir, const char *name, bool real)
{
	const char *path = arena_fmt(s->a, "%s/%s", dir, name), *resolved, *slash;
	struct stat st;
	size_t n = strlen(s->prefix);

	AUTO_FD int fd = open_in(s, path, O_PATH);
	if (fd < 0 || sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return NULL;
	if (real) {
		resolved = name_of(s->a, fd);
		return resolved && strncmp(resolved, s->prefix, n) == 0 && resolved[n] == '/' ? resolved + n : NULL;
	}
	/* the directory's links only: some programs do what their name says */
	AUTO_FD int d = open_in(s, dir, O_PATH | O_DIRECTORY);
	resolved = d < 0 ? NULL : name_of(s->a, d);
	if (!resolved || strncmp(resolved, s->prefix, n) != 0 || resolved[n] != '/')
		return NULL;
	slash = strcmp(resolved + n, "/") == 0 ? "" : resolved + n;
	return arena_fmt(s->a, "%s/%s", slash, name);
}

/* What the image's configuration says, as its unpacking noted it. Anybody's: its directories are looked for below the image's root. */
static const char *path_of_image(struct search *s)
{
	AUTO_FD int fd = sys_openat2(s->fd, IMAGE_PATH, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0,
				     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	char path[4096];
	struct stat st;
	ssize_t n = fd < 0 || sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ? 0 : sys_pread(fd, path, sizeof path, 0);

	return n > 0 ? arena_strn(s->a, path, (size_t)n) : NULL;
}

/* Directories of $PATH that a sandbox sees, too; of an image all that its own one names. */
static const char *in_path(struct search *s, const char *name, bool real)
{
	const char *at = s->rootfs ? path_of_image(s) : getenv("PATH"), *found = NULL;

	while (!found && at && *at) {
		size_t n = strcspn(at, ":");
		const char *dir = arena_strn(s->a, at, n);

		if ((s->rootfs && *dir == '/') ||
		    strncmp(dir, "/usr/", 5) == 0 || strncmp(dir, "/nix/", 5) == 0 || strncmp(dir, "/gnu/", 5) == 0)
			found = search_program(s, dir, name, real);
		at += n + (at[n] == ':');
	}
	return found;
}

const char *search_all(struct search *s, const char *const *dirs, const char *name, bool real)
{
	const char *found = NULL;

	for (; *dirs && !found; dirs++)
		found = search_program(s, *dirs, name, real);
	return found ? found : in_path(s, name, real);
}

/* "15" or "9.6", as a number to compare; 0 = it is none. */
static unsigned number_of(const char *name)
{
	unsigned major = 0, minor = 0;
	size_t i = 0;

	while (i < 4 && isdigit((unsigned char)name[i]))
		major = major * 10 + (unsigned)(name[i++] - '0');
	if (i && name[i] == '.' && isdigit((unsigned char)name[i + 1]) && !name[i + 2])
		minor = (unsigned)(name[i + 1] - '0'), i += 2;
	return i && !name[i] ? major * 10 + minor : 0;
}

const char *search_highest(struct search *s, const char *dir, const char *holds)
{
	const char *best = NULL, *slash = strrchr(holds, '/');
	unsigned best_number = 0;
	char buf[4096];
	ssize_t n;

	AUTO_FD int fd = open_in(s, dir, O_RDONLY | O_DIRECTORY);
	while (fd >= 0 && (n = sys_getdents(fd, buf, sizeof buf)) > 0) {
		struct dirent64 *d;
		ssize_t at;

		for (at = 0; at < n; at += d->d_reclen) {
			const char *sub;

			d = (struct dirent64 *)(void *)(buf + at);
			if (number_of(d->d_name) <= best_number)
				continue;
			sub = arena_fmt(s->a, "%s/%s/%.*s", dir, d->d_name, (int)(slash - holds), holds);
			if (!search_program(s, sub, slash + 1, true))
				continue;
			best = sub;
			best_number = number_of(d->d_name);
		}
	}
	return best;
}

/* The bounds of .rodata. 0 = this is nothing that we can read. */
static uint64_t constants(int fd, uint64_t *from)
{
	Elf64_Ehdr h;
	Elf64_Shdr section;
	char names[1024];
	size_t names_n, i;
	uint64_t at;

	if (sys_pread(fd, &h, sizeof h, 0) != sizeof h || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_ident[EI_CLASS] != ELFCLASS64 ||
	    h.e_shentsize != sizeof section || h.e_shstrndx >= h.e_shnum || h.e_shoff > INT64_MAX / 2)
		return 0;
	at = h.e_shoff + (uint64_t)h.e_shstrndx * sizeof section;
	if (sys_pread(fd, &section, sizeof section, at) != sizeof section || section.sh_offset > INT64_MAX / 2)
		return 0;
	names_n = section.sh_size < sizeof names - 1 ? (size_t)section.sh_size : sizeof names - 1;
	if (sys_pread(fd, names, names_n, section.sh_offset) != (ssize_t)names_n)
		return 0;
	names[names_n] = 0;
	for (i = 0; i < h.e_shnum; i++) {
		if (sys_pread(fd, &section, sizeof section, h.e_shoff + i * sizeof section) != sizeof section)
			return 0;
		if (section.sh_name < names_n && strcmp(names + section.sh_name, ".rodata") == 0 && section.sh_offset < INT64_MAX / 2) {
			*from = section.sh_offset;
			return section.sh_size < ((uint64_t)64 << 20) ? section.sh_size : (uint64_t)64 << 20;
		}
	}
	return 0;
}

#define PIECE ((size_t)64 << 10)
#define OVERLAP 256

/* Shows look() the constants piece by piece, each beginning with the last bytes of the one before it, until it finds something. */
static const char *each_piece(struct search *s, const char *program,
			      const char *(*look)(struct search *, const char *, size_t, const void *), const void *arg)
{
	AUTO_FD int fd = open_in(s, program, O_RDONLY);
	uint64_t from = 0, n = fd < 0 ? 0 : constants(fd, &from), at = 0;
	char *buf = arena_alloc(arena_scratch(s->a), PIECE + OVERLAP);
	const char *found = NULL;
	size_t kept = 0;

	while (at < n && !found) {
		size_t want = n - at < PIECE ? (size_t)(n - at) : PIECE;
		ssize_t got = sys_pread(fd, buf + kept, want, from + at);

		if (got <= 0)
			break;
		at += (uint64_t)got;
		found = look(s, buf, kept + (size_t)got, arg);
		got += (ssize_t)kept;
		kept = got > OVERLAP ? OVERLAP : (size_t)got;
		memmove(buf, buf + got - kept, kept);
	}
	return found;
}

struct version_at {
	const char *before, *after;
};

/* How many bytes at p are "15.18" or "7.0.15": numbers and at least one point. 0 = they are not. */
static size_t version_length(const char *p, size_t n)
{
	size_t i = 0, points = 0;

	while (i < n && i < 32 && (isdigit((unsigned char)p[i]) || (i && p[i] == '.' && isdigit((unsigned char)p[i - 1]))))
		points += p[i++] == '.';
	return points && i < n && p[i - 1] != '.' ? i : 0;
}

static bool follows(const char *p, size_t n, const char *after)
{
	size_t k = after ? strlen(after) : 0;

	if (!after)
		return n && (*p == 0 || *p == '-');
	return n >= k && memcmp(p, after, k) == 0;
}

/* The first byte of the numbers that end at `end`. */
static const char *number_before(const char *from, const char *end)
{
	while (end > from && (isdigit((unsigned char)end[-1]) || end[-1] == '.'))
		end--;
	return end;
}

/* Constants are megabytes, and each command that starts a server looks through them: memmem does it for rare words at the speed of memory,
 * so it is `after` that is looked for where nothing comes before the number but a NUL, the end of the string before it. */
static const char *look_version(struct search *s, const char *bytes, size_t n, const void *arg)
{
	const struct version_at *v = arg;
	const char *word = v->before ? v->before : v->after ? v->after : "", *at = bytes, *end = bytes + n;
	size_t k = *word ? strlen(word) : 1, length;

	for (; (at = memmem(at, (size_t)(end - at), word, k)); at += k) {
		const char *p = v->before || !v->after ? at + k : number_before(bytes, at);

		if (p == bytes || (!v->before && p[-1] != 0))
			continue;
		length = version_length(p, (size_t)(end - p));
		if (length && follows(p + length, (size_t)(end - p) - length, v->after))
			return arena_strn(s->a, p, length);
	}
	return NULL;
}

const char *search_version(struct search *s, const char *program, const char *before, const char *after)
{
	struct version_at v = { before, after };

	return each_piece(s, program, look_version, &v);
}

static const char *look_text(struct search *s, const char *bytes, size_t n, const void *arg)
{
	(void)s;
	return memmem(bytes, n, arg, strlen(arg)) ? "" : NULL;
}

bool search_holds(struct search *s, const char *program, const char *text)
{
	return each_piece(s, program, look_text, text) != NULL;
}
