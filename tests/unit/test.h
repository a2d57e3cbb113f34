/* test.h - the unit tests' frame: TEST(name) { ... } registers itself, main() in test.c runs all and prints TAP 13.
 *
 * A failed check is printed as a comment and the test goes on, so that one run shows all of them; REQUIRE ends the
 * test, for what the rest of it would crash on. Nothing forks: a test that crashes ends the program, and
 * the tests that the plan line promised count as failed. */
#ifndef WASIRUN_TESTS_TEST_H
#define WASIRUN_TESTS_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_register(struct test *t);

/* Has a check of the running test failed? For a test that forks: its child ends with this as its status. */
bool test_failed(void);

/* Each prints the failure and marks the running test as failed; they return whether the check held.
 * Strings may be NULL; NULL equals only NULL. */
bool test_check(bool ok, const char *file, int line, const char *what);
bool test_check_int(intmax_t have, intmax_t want, const char *file, int line, const char *what);
bool test_check_str(const char *have, const char *want, const char *file, int line, const char *what);
bool test_check_has(const char *have, const char *part, const char *file, int line, const char *what);

/* Marks the running test as skipped. The reason is printed and counted, so it must name what the machine lacks. */
void test_skip(const char *reason);

#define TEST(id)                                                                                \
	static void test_##id(void);                                                            \
	static __attribute__((constructor)) void test_register_##id(void)                       \
	{                                                                                       \
		static struct test t = { .name = #id, .run = test_##id };                       \
		test_register(&t);                                                              \
	}                                                                                       \
	static void test_##id(void)

#define CHECK(cond) test_check((cond), __FILE__, __LINE__, #cond)
#define CHECK_INT(have, want) test_check_int((have), (want), __FILE__, __LINE__, #have)
#define CHECK_STR(have, want) test_check_str((have), (want), __FILE__, __LINE__, #have)
/* The string have contains part. */
#define CHECK_HAS(have, part) test_check_has((have), (part), __FILE__, __LINE__, #have)

#define REQUIRE(cond)                                                    \
	do {                                                             \
		if (!test_check((cond), __FILE__, __LINE__, #cond))      \
			return;                                          \
	} while (0)

#define SKIP(reason)                \
	do {                        \
		test_skip(reason);  \
		return;             \
	} while (0)

#endif
