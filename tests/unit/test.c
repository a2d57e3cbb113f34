/* Runs the tests that registered themselves and prints TAP. It must not fork, catch signals or share state between tests:
 * under a sanitizer or a debugger a failure stays where it happened. */
#include "tests/unit/test.h"
#include <stdio.h>
#include <string.h>

static struct test *first, **last = &first;
static bool failed;
static const char *skipped;

void test_register(struct test *t)
{
	*last = t;
	last = &t->next;
}

bool test_failed(void)
{
	return failed;
}

void test_skip(const char *reason)
{
	skipped = reason;
}

/* A value may hold line feeds, and a TAP comment ends at one. */
static void print_quoted(const char *label, const char *s)
{
	printf("#   %s: ", label);
	if (!s) {
		printf("NULL\n");
		return;
	}
	putchar('"');
	for (; *s; s++) {
		if (*s == '\n')
			fputs("\\n\n#         ", stdout);
		else
			putchar(*s);
	}
	puts("\"");
}

bool test_check(bool ok, const char *file, int line, const char *what)
{
	if (!ok) {
		printf("# %s:%d: %s\n", file, line, what);
		failed = true;
	}
	return ok;
}

bool test_check_int(intmax_t have, intmax_t want, const char *file, int line, const char *what)
{
	if (!test_check(have == want, file, line, what))
		printf("#   have %jd, want %jd\n", have, want);
	return have == want;
}

bool test_check_str(const char *have, const char *want, const char *file, int line, const char *what)
{
	bool same = have && want ? strcmp(have, want) == 0 : have == want;

	if (!test_check(same, file, line, what)) {
		print_quoted("have", have);
		print_quoted("want", want);
	}
	return same;
}

bool test_check_has(const char *have, const char *part, const char *file, int line, const char *what)
{
	bool found = have && part && strstr(have, part);

	if (!test_check(found, file, line, what)) {
		print_quoted("have", have);
		print_quoted("want in it", part);
	}
	return found;
}

static bool selected(const struct test *t, int argc, char **argv)
{
	if (argc < 2)
		return true;
	for (int i = 1; i < argc; i++) {
		if (strstr(t->name, argv[i]))
			return true;
	}
	return false;
}

/* Arguments: parts of names; only tests that contain one of them run. */
int main(int argc, char **argv)
{
	unsigned n = 0, bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct test *t = first; t; t = t->next)
		n += selected(t, argc, argv);
	printf("1..%u\n", n);
	n = 0;
	for (struct test *t = first; t; t = t->next) {
		if (!selected(t, argc, argv))
			continue;
		failed = false;
		skipped = NULL;
		t->run();
		bad += failed;
		printf("%sok %u %s", failed ? "not " : "", ++n, t->name);
		if (skipped && !failed)
			printf(" # skip %s", skipped);
		putchar('\n');
	}
	return bad != 0 || n == 0;
}
