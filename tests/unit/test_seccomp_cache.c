/* The cache of compiled seccomp programs: what it gives back, what it does not take, and what it saves. */
#include "apply/seccomp.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(x) (SECCOMP_RET_ERRNO | (x))

static struct arena arena;

static void add_call(struct step_seccomp *s, uint32_t action, const char *name, struct seccomp_cmp *args, size_t n)
{
	struct seccomp_call *c = arena_push(&arena, &s->calls);

	c->action = action;
	*arena_push(&arena, &c->names) = arena_str(&arena, name);
	for (size_t i = 0; i < n; i++)
		*arena_push(&arena, &c->args) = args[i];
}

static void add_arch(struct step_seccomp *s, uint32_t token)
{
	*arena_push(&arena, &s->archs) = token;
}

static char cache_path[] = "/tmp/wasirun-test-cache-XXXXXX";

static int make_cache(void)
{
	strcpy(cache_path + sizeof cache_path - 7, "XXXXXX");
	if (!mkdtemp(cache_path))
		return -1;
	return open(cache_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void drop_cache(int *dir, const struct cache_key *key)
{
	if (key)
		unlinkat(*dir, key->name, 0);
	fd_close(dir);
	rmdir(cache_path);
}

/* Some hundred calls in three architectures, and rules with conditions: like those of the engines. */
static void engine_profile(struct step_seccomp *s)
{
	struct seccomp_cmp clone = { .index = 0, .op = SCMP_CMP_MASKED_EQ, .a = 0x7e020000 };
	struct seccomp_cmp persona = { .index = 0, .op = SCMP_CMP_EQ };
	unsigned nr, names = 0;

	memset(s, 0, sizeof *s);
	s->default_action = ERRNO(1);
	s->enosys_stub = true;
	add_arch(s, SCMP_ARCH_X86_64);
	add_arch(s, SCMP_ARCH_X86);
	add_arch(s, SCMP_ARCH_X32);
	for (nr = 0; nr < 450 && names < 360; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)nr);

		if (name && nr % 7 && strcmp(name, "clone") != 0 && strcmp(name, "personality") != 0) {
			add_call(s, ALLOW, name, NULL, 0);
			names++;
		}
		free(name);
	}
	add_call(s, ALLOW, "clone", &clone, 1);
	for (nr = 0; nr < 5; nr++) {
		persona.a = (uint64_t[]){ 0, 8, 0x20000, 0x20008, 0xffffffff }[nr];
		add_call(s, ALLOW, "personality", &persona, 1);
	}
	add_call(s, ERRNO(ENOSYS), "clone3", NULL, 0);
}

TEST(cache_gives_back_what_was_put)
{
	struct step_seccomp s;
	struct program p, q;
	struct cache_key key, other;
	struct err e = { 0 };
	int dir = make_cache();

	REQUIRE(dir >= 0);
	engine_profile(&s);
	REQUIRE(seccomp_compile(&arena, &s, &p, &e) == 0);
	seccomp_cache_key(&arena, &s, "x", &key);
	CHECK(!seccomp_cache_get(&arena, dir, &key, &q));
	seccomp_cache_put(dir, &key, &p);
	REQUIRE(seccomp_cache_get(&arena, dir, &key, &q));
	CHECK(p.n == q.n && memcmp(p.v, q.v, p.n * sizeof *p.v) == 0);
	CHECK(!seccomp_cache_get(&arena, -1, &key, &q));
	/* every part of a step makes another key */
	s.calls.v[0].action = ERRNO(2);
	seccomp_cache_key(&arena, &s, "x", &other);
	CHECK(strcmp(other.name, key.name) != 0);
	s.calls.v[0].action = ALLOW;
	seccomp_cache_key(&arena, &s, "y", &other);
	CHECK(strcmp(other.name, key.name) != 0);
	seccomp_cache_key(&arena, &s, "x", &other);
	CHECK_STR(other.name, key.name);
	/* two keys with one hash: the bytes decide */
	other.bytes = arena_strn(&arena, other.bytes, other.n);
	((char *)(uintptr_t)other.bytes)[other.n - 1] ^= 1;
	CHECK(!seccomp_cache_get(&arena, dir, &other, &q));
	drop_cache(&dir, &key);
	arena_drop(&arena);
}

TEST(cache_takes_nothing_that_is_torn_or_not_ours)
{
	struct step_seccomp s;
	struct program p, q;
	struct cache_key key;
	struct err e = { 0 };
	int dir = make_cache(), fd;
	off_t size, cut;

	REQUIRE(dir >= 0);
	engine_profile(&s);
	REQUIRE(seccomp_compile(&arena, &s, &p, &e) == 0);
	seccomp_cache_key(&arena, &s, "x", &key);
	seccomp_cache_put(dir, &key, &p);
	fd = openat(dir, key.name, O_RDWR | O_CLOEXEC);
	REQUIRE(fd >= 0);
	size = lseek(fd, 0, SEEK_END);
	fchmod(fd, 0644);
	CHECK(!seccomp_cache_get(&arena, dir, &key, &q));
	fchmod(fd, 0600);
	CHECK(seccomp_cache_get(&arena, dir, &key, &q));
	fchmod(dir, 0770);
	CHECK(!seccomp_cache_get(&arena, dir, &key, &q));
	fchmod(dir, 0700);
	CHECK(ftruncate(fd, size + 8) == 0);
	CHECK(!seccomp_cache_get(&arena, dir, &key, &q));
	for (cut = size - 1; cut >= 0; cut = cut > 64 ? cut / 2 : cut - 1) {
		CHECK(ftruncate(fd, cut) == 0);
		CHECK(!seccomp_cache_get(&arena, dir, &key, &q));
	}
	close(fd);
	unlinkat(dir, key.name, 0);
	CHECK(symlinkat("/etc/passwd", dir, key.name) == 0);
	CHECK(!seccomp_cache_get(&arena, dir, &key, &q));
	drop_cache(&dir, &key);
	arena_drop(&arena);
}

TEST(cache_stays_small)
{
	struct step_seccomp s = { .default_action = ERRNO(1) };
	struct program p;
	struct cache_key key;
	struct err e = { 0 };
	int dir = make_cache(), i, left = 0;
	char command[96];

	REQUIRE(dir >= 0);
	REQUIRE(seccomp_compile(&arena, &s, &p, &e) == 0);
	for (i = 0; i < 200; i++) {
		s.default_action = ERRNO((uint32_t)i);
		seccomp_cache_key(&arena, &s, "x", &key);
		seccomp_cache_put(dir, &key, &p);
	}
	CHECK(seccomp_cache_get(&arena, dir, &key, &p));
	for (i = 0; i < 200; i++) {
		s.default_action = ERRNO((uint32_t)i);
		seccomp_cache_key(&arena, &s, "x", &key);
		left += unlinkat(dir, key.name, 0) == 0;
	}
	CHECK(left > 0 && left <= 65);
	snprintf(command, sizeof command, "%s", cache_path);
	CHECK_INT(rmdir(command), 0); /* no temporary file stays behind */
	fd_close(&dir);
	arena_drop(&arena);
}

/* The figure that the cache is for. Generous: other work may run beside this. */
TEST(loading_a_program_from_the_cache_is_fast)
{
	struct step_seccomp s;
	struct program p;
	struct cache_key key;
	struct err e = { 0 };
	int dir = make_cache(), i;
	int64_t compiled = INT64_MAX, cached = INT64_MAX, t;

	REQUIRE(dir >= 0);
	engine_profile(&s);
	for (i = 0; i < 20; i++) {
		t = sys_now_us();
		REQUIRE(seccomp_compile(&arena, &s, &p, &e) == 0);
		t = sys_now_us() - t;
		compiled = t < compiled ? t : compiled;
	}
	seccomp_cache_key(&arena, &s, "x", &key);
	seccomp_cache_put(dir, &key, &p);
	for (i = 0; i < 20; i++) {
		t = sys_now_us();
		seccomp_cache_key(&arena, &s, "x", &key);
		CHECK(seccomp_cache_get(&arena, dir, &key, &p));
		t = sys_now_us() - t;
		cached = t < cached ? t : cached;
	}
	printf("# %zu instructions, compiled in %lld us, from the cache in %lld us\n", p.n, (long long)compiled, (long long)cached);
	CHECK(cached < 1000);
	drop_cache(&dir, &key);
	arena_drop(&arena);
}
