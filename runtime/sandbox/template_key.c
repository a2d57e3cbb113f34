/* template_key.c - what a template's data depend on, as its name.
 * Must not hash a password, nor anything that differs from one create to the next. */
#include "base/text.h"
#include "sandbox/sha256.h"
#include "sandbox/template.h"
#include "sandbox/tree.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Raised when what is kept of a template beside its data changes. */
#define FORMAT "1"
#define KEY_DIGITS 12
#define INIT_DEPTH 16

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int hash_file(struct sha256 *h, int fd, const char *name, const struct stat *st, struct err *e)
{
	static char buffer[64 << 10];
	ssize_t n;

	sha256_text(h, name);
	sha256_text(h, st->st_mode & 0111 ? "runs" : "read"); /* a script that may be executed is, another one is sourced */
	while ((n = sys_read(fd, buffer, sizeof buffer)) > 0)
		sha256_add(h, buffer, (size_t)n);
	sha256_add(h, &st->st_size, sizeof st->st_size);
	return n < 0 ? fail_sys(e, (int)n, "%.300s", name) : 0;
}

static int hash_init(struct arena *a, struct sha256 *h, int dir, const char *name, unsigned depth, struct err *e);

static int hash_directory(struct arena *a, struct sha256 *h, int fd, const char *name, unsigned depth, struct err *e)
{
	struct tree_reader reader;
	const struct dirent64 *d;
	struct strs names = { 0 };
	size_t i;
	int r = tree_read(&reader, fd);

	while (r >= 0 && (r = tree_next(&reader, &d)) > 0)
		*arena_push(a, &names) = arena_str(a, d->d_name);
	if (r < 0)
		return fail_sys(e, r, "init files: %.300s", name);
	sha256_text(h, name);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (i = 0; i < names.n; i++)
		TRY(hash_init(a, h, fd, names.v[i], depth + 1, e));
	sha256_text(h, NULL); /* where it ends */
	return 0;
}

/* Links are followed, as the build will: configuration management puts files there as links. */
static int hash_init(struct arena *a, struct sha256 *h, int dir, const char *name, unsigned depth, struct err *e)
{
	AUTO_FD int fd = sys_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	int r = fd < 0 ? fd : sys_fstat(fd, &st);

	if (r < 0)
		return fail_sys(e, r, "init files: %.300s", name);
	if (depth > INIT_DEPTH)
		return fail(e, ELOOP, "init files: %.300s lies too deep", name);
	if (S_ISDIR(st.st_mode))
		return hash_directory(a, h, fd, name, depth, e);
	return S_ISREG(st.st_mode) ? hash_file(h, fd, name, &st, e) : 0;
}

static void hash_list(struct sha256 *h, const struct strs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		sha256_text(h, l->v[i]);
	sha256_text(h, NULL);
}

/* Another build of the same version may write other data: its file tells. */
static void hash_server(struct arena *a, struct sha256 *h, const struct engine_programs *p, const char *rootfs)
{
	const char *path = p->server ? p->server : "";
	struct stat st;
	int64_t facts[3];

	sha256_text(h, path);
	if (rootfs && strncmp(path, rootfs, strlen(rootfs)) != 0)
		path = arena_fmt(a, "%s%s", rootfs, path);
	if (sys_statat(AT_FDCWD, path, &st, 0) < 0)
		return;
	facts[0] = st.st_size;
	facts[1] = st.st_mtim.tv_sec;
	facts[2] = st.st_mtim.tv_nsec;
	sha256_add(h, facts, sizeof facts);
}

/* What a file name should not hold becomes "_". */
static const char *tame(struct arena *a, const char *s)
{
	char *out = arena_str(a, s), *c;

	for (c = out; *c; c++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.", *c))
			*c = '_';
	return out;
}

int template_key(struct arena *a, const struct engine *en, const struct engine_programs *p, const struct engine_wishes *w,
		 const char *rootfs, const char **key, struct err *e)
{
	unsigned char sum[SHA256_BYTES];
	char digits[KEY_DIGITS + 1];
	struct strs argv = { 0 }, env = { 0 };
	struct sha256 h;
	size_t i;

	TRY(en->build(a, p, w, "", &argv, &env, e));
	sha256_begin(&h);
	sha256_text(&h, FORMAT);
	sha256_text(&h, en->name);
	sha256_text(&h, p->version);
	hash_server(a, &h, p, rootfs);
	hash_list(&h, &argv);
	hash_list(&h, &env);
	if (w->init_dir) {
		sha256_text(&h, w->user);
		sha256_text(&h, w->database);
		TRY(hash_init(a, &h, AT_FDCWD, w->init_dir, 0, e));
	}
	sha256_end(&h, sum);
	for (i = 0; i < KEY_DIGITS / 2; i++)
		snprintf(digits + 2 * i, 3, "%02x", sum[i]);
	*key = arena_fmt(a, "%s-%s-%s", en->name, p->version ? tame(a, p->version) : "unknown", digits);
	return 0;
}
