/* test_id.c - container ids: the grammar, and that every verb asks it before it does anything. */
#include "store/store.h"
#include "tests/unit/test.h"
#include "verb/verb.h"
#include <errno.h>
#include <string.h>

static const char *const hostile[] = { "",       ".",      "..",   "../x", "a/b",  "/",    "-x/",   "a\nb", "a b", "%s/",
				       "\xc3\xa9", "x:y",  "a\\b", "~",    "a*",   "$(x)", "a\x7f", "\x01", "@seccomp" };

TEST(id_good)
{
	static const char *const good[] = { "a", "A9", "0", "a_b+c.d-e", "...", ".a", "-", "a..b" };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		CHECK_INT(store_check_id(good[i], &e), 0);
}

TEST(id_hostile)
{
	struct err e;
	size_t i;

	CHECK_INT(store_check_id(NULL, &e), -EINVAL);
	for (i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		CHECK_INT(store_check_id(hostile[i], &e), -EINVAL);
		CHECK_HAS(e.text, "container id");
	}
}

TEST(id_length)
{
	char id[1026];
	struct err e;

	memset(id, 'a', sizeof id);
	id[1025] = 0;
	CHECK_INT(store_check_id(id, &e), -EINVAL);
	CHECK_HAS(e.text, "1025 characters");
	id[1024] = 0;
	CHECK_INT(store_check_id(id, &e), 0);
}

/* A state root whose name cannot even be opened: who looks at it before the id says something else. */
TEST(id_is_checked_first_by_every_verb)
{
	struct arena a = { 0 };
	struct globals g = { .arena = &a, .root = "/dev/null/none", .self = "wasirun" };
	const struct verb *const *v;
	size_t i, verbs_seen = 0;

	for (v = verbs; *v; v++) {
		if (!(*v)->args || strncmp((*v)->args, "CONTAINER", 9) != 0)
			continue;
		verbs_seen++;
		for (i = 0; i < sizeof hostile / sizeof *hostile; i++) {
			char id[32], *argv[] = { id, NULL };
			struct err e = { 0 };

			strcpy(id, hostile[i]);
			CHECK_INT((*v)->run(&g, arena_alloc(&a, (*v)->opts_size + 1), 1, argv, &e), -EINVAL);
			if (!CHECK_HAS(e.text, "container id"))
				CHECK_STR((*v)->name, "a verb that checks the id");
		}
	}
	CHECK_INT(verbs_seen, 14);
	arena_drop(&a);
}
