/* seccomp_cache.c - compiled seccomp programs, kept below the state root: compiling takes milliseconds, reading one back does not.
 *
 * A file is named by a hash of everything the program depends on and holds these bytes, too, which are compared: a collision, a torn file
 * or one that somebody else put there is a miss. Must never turn a failure into an error, and must not trust a directory or file that
 * is not ours alone. */
#include "apply/seccomp.h"
#include "base/text.h"
#include "sys/sys.h"
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Goes into the key: raise it whenever seccomp.c or seccomp_stub.c would make another program of the same step. */
#define COMPILER "wasirun seccomp 1"
#define MAGIC "wasibpf\n"
/* Profiles differ by engine and by capabilities granted, not by container: when there are more, something makes them up. */
#define MAX_FILES 64

struct header {
	char magic[8];
	uint32_t key_n, program_n; /* bytes, instructions */
};

static void put(struct text *t, const void *v, size_t n)
{
	text_add(t, v, n);
}

static void put_n(struct text *t, uint64_t v)
{
	put(t, &v, sizeof v);
}

/* With its NUL, so that no two lists of names look alike. */
static void put_str(struct text *t, const char *s)
{
	put(t, s, strlen(s) + 1);
}

static uint64_t hash(const char *s, size_t n)
{
	uint64_t h = n, word; /* eight bytes at a time; it only has to spread file names */

	for (; n; s += n < 8 ? n : 8, n -= n < 8 ? n : 8) {
		word = 0;
		memcpy(&word, s, n < 8 ? n : 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h;
}

void seccomp_cache_key(struct arena *a, const struct step_seccomp *s, const char *library, struct cache_key *out)
{
	struct text t = { .arena = a };
	size_t i, k;

	put_str(&t, COMPILER);
	put_str(&t, library);
	put_n(&t, s->default_action);
	put_n(&t, s->enosys_stub);
	put_n(&t, s->archs.n);
	for (i = 0; i < s->archs.n; i++)
		put_n(&t, s->archs.v[i]);
	put_n(&t, s->calls.n);
	for (i = 0; i < s->calls.n; i++) {
		const struct seccomp_call *c = &s->calls.v[i];

		put_n(&t, c->action);
		put_n(&t, c->names.n);
		for (k = 0; k < c->names.n; k++)
			put_str(&t, c->names.v[k]);
		put_n(&t, c->args.n);
		for (k = 0; k < c->args.n; k++) {
			put_n(&t, (uint64_t)c->args.v[k].index << 32 | c->args.v[k].op);
			put_n(&t, c->args.v[k].a);
			put_n(&t, c->args.v[k].b);
		}
	}
	out->bytes = text_get(&t);
	out->n = t.n;
	snprintf(out->name, sizeof out->name, "%016" PRIx64, hash(out->bytes, out->n));
}

/* Ours, and nobody else may write there. */
static bool trusted(int fd, mode_t type)
{
	struct stat st;

	return sys_fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() && !(st.st_mode & 077);
}

static bool read_exactly(int fd, void *buf, size_t n)
{
	return sys_read(fd, buf, n) == (ssize_t)n;
}

bool seccomp_cache_get(struct arena *a, int dir, const struct cache_key *key, struct program *out)
{
	struct header h;
	struct stat st;
	size_t bytes;
	char *key_bytes;

	if (dir < 0 || !trusted(dir, S_IFDIR))
		return false;
	AUTO_FD int fd = sys_open(dir, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0 || !trusted(fd, S_IFREG) || sys_fstat(fd, &st) < 0 || !read_exactly(fd, &h, sizeof h))
		return false;
	if (memcmp(h.magic, MAGIC, sizeof h.magic) != 0 || h.key_n != key->n || !h.program_n || h.program_n > SECCOMP_MAX_PROGRAM)
		return false;
	bytes = h.program_n * sizeof *out->v;
	if (st.st_size < 0 || (uint64_t)st.st_size != sizeof h + key->n + bytes)
		return false;
	key_bytes = arena_alloc(a, key->n);
	if (!read_exactly(fd, key_bytes, key->n) || memcmp(key_bytes, key->bytes, key->n) != 0)
		return false;
	out->v = arena_alloc(a, bytes);
	out->n = h.program_n;
	return read_exactly(fd, out->v, bytes);
}

/* Empties a cache that has grown out of bounds. */
static void keep_small(int dir)
{
	char buf[8192];
	ssize_t n, at;
	unsigned files = 0;
	bool empty = false;

	AUTO_FD int list = sys_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	if (list < 0)
		return;
	for (;;) {
		n = sys_getdents(list, buf, sizeof buf);
		if (n <= 0) {
			if (n < 0 || empty || files < MAX_FILES || sys_rewind(list) < 0)
				return;
			empty = true;
			continue;
		}
		for (at = 0; at < n; at += ((struct dirent64 *)(void *)(buf + at))->d_reclen) {
			const struct dirent64 *d = (struct dirent64 *)(void *)(buf + at);

			if (d->d_name[0] == '.' && strncmp(d->d_name, ".tmp", 4) != 0)
				continue;
			files++;
			if (empty)
				(void)!sys_unlink(dir, d->d_name);
		}
	}
}

static bool write_file(int fd, const struct cache_key *key, const struct program *p)
{
	struct header h = { .key_n = (uint32_t)key->n, .program_n = (uint32_t)p->n };

	memcpy(h.magic, MAGIC, sizeof h.magic);
	return sys_write_all(fd, &h, sizeof h) >= 0 && sys_write_all(fd, key->bytes, key->n) >= 0 &&
	       sys_write_all(fd, p->v, p->n * sizeof *p->v) >= 0;
}

void seccomp_cache_put(int dir, const struct cache_key *key, const struct program *p)
{
	char temp[48];

	if (dir < 0 || !trusted(dir, S_IFDIR) || p->n > SECCOMP_MAX_PROGRAM)
		return;
	keep_small(dir);
	/* two runtimes of different pid namespaces may take the same name: the loser goes without */
	snprintf(temp, sizeof temp, ".tmp%d", getpid());
	AUTO_FD int fd = sys_open(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (!write_file(fd, key, p) || sys_rename(dir, temp, dir, key->name) < 0)
		(void)!sys_unlink(dir, temp);
}
