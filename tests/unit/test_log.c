/* test_log.c - where messages go, and that a JSON file holds what engines can parse. */
#include "base/log.h"
#include "base/utf8.h"
#include "oci/json.h"
#include "test.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64];
static struct err err;
static struct arena arena;

static const char *fresh(void)
{
	int fd;

	strcpy(path, "/tmp/wasirun-log-XXXXXX");
	fd = mkstemp(path);
	if (CHECK(fd >= 0))
		close(fd);
	return path;
}

static char *content(void)
{
	static char s[16384];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(s, 1, sizeof s - 1, f) : 0;

	s[n] = 0;
	if (f)
		fclose(f);
	return s;
}

static size_t lines(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

static void back_to_stderr(void)
{
	CHECK_INT(log_open(NULL, false, LOG_LEVEL_ERROR, &err), 0);
	unlink(path);
}

/* log_error also writes to stderr, which must not disturb the test's own output. */
static void error(const char *at, const char *text)
{
	struct err e = { .code = EINVAL };
	int keep = dup(2), null = open("/dev/null", O_WRONLY);

	snprintf(e.at, sizeof e.at, "%s", at);
	snprintf(e.text, sizeof e.text, "%s", text);
	dup2(null, 2);
	log_error(&e);
	dup2(keep, 2);
	close(keep);
	close(null);
}

TEST(log_json_file_holds_one_object)
{
	struct json *v;
	char *s;

	CHECK_INT(log_open(fresh(), true, LOG_LEVEL_DEFAULT, &err), 0);
	log_warn("nothing of this");
	log_debug("nor this");
	CHECK(!log_debugging());
	error("/process/user", "a \"quote\", a \\ and \x01\n\xff\xc3\xa9\xed\xa0\x80");
	s = content();
	REQUIRE(json_parse(&arena, s, strlen(s), 65536, "log", &v, &err) == 0);
	CHECK_INT(lines(s), 1);
	CHECK_STR(json_get(v, "level")->text, "error");
	CHECK_STR(json_get(v, "msg")->text, "/process/user: a \"quote\", a \\ and \x01\n\xef\xbf\xbd\xc3\xa9"
					    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	CHECK_INT(strlen(json_get(v, "time")->text), strlen("2026-01-02T03:04:05Z"));
	CHECK_INT(json_get(v, "time")->text[19], 'Z');
	back_to_stderr();
}

TEST(log_json_file_with_debug)
{
	char *s;

	CHECK_INT(log_open(fresh(), true, LOG_LEVEL_DEBUG, &err), 0);
	CHECK(log_debugging());
	log_warn("a %d", 1);
	log_debug("b");
	s = content();
	CHECK_INT(lines(s), 2);
	CHECK_HAS(s, "{\"level\":\"warning\",\"msg\":\"a 1\",\"time\":\"");
	CHECK_HAS(s, "{\"level\":\"debug\",\"msg\":\"b\",\"time\":\"");
	back_to_stderr();
}

TEST(log_levels)
{
	CHECK_INT(log_open(fresh(), true, LOG_LEVEL_WARNING, &err), 0);
	log_warn("a");
	log_debug("b");
	CHECK_INT(lines(content()), 1);
	back_to_stderr();
	CHECK_INT(log_open(fresh(), false, LOG_LEVEL_ERROR, &err), 0);
	log_warn("a");
	CHECK_STR(content(), "");
	back_to_stderr();
}

TEST(log_text_file_appends_and_escapes)
{
	char target[80];
	FILE *f;

	f = fopen(fresh(), "w");
	REQUIRE(f);
	fputs("before\n", f);
	fclose(f);
	snprintf(target, sizeof target, "file:%s", path);
	CHECK_INT(log_open(target, false, LOG_LEVEL_DEFAULT, &err), 0);
	log_warn("x\033[31my\nz");
	error("", "plain");
	CHECK_HAS(content(), "before\n");
	CHECK_HAS(content(), "Z level=warning msg=\"x\\u001b[31my\\u000az\"\n");
	CHECK_HAS(content(), "Z level=error msg=\"plain\"\n");
	back_to_stderr();
}

TEST(log_long_messages_are_cut_not_broken)
{
	char text[4000];
	struct json *v;
	char *s;

	memset(text, '\x02', sizeof text);
	text[sizeof text - 1] = 0;
	CHECK_INT(log_open(fresh(), true, LOG_LEVEL_DEBUG, &err), 0);
	log_warn("%s", text);
	s = content();
	CHECK_INT(lines(s), 1);
	CHECK_INT(json_parse(&arena, s, strlen(s), 65536, "log", &v, &err), 0);
	memset(text, '\xe2', sizeof text - 1);
	log_warn("%s", text);
	CHECK_INT(lines(content()), 2);
	back_to_stderr();
}

TEST(log_that_cannot_be_opened)
{
	CHECK_INT(log_open("/nowhere/at/all", false, LOG_LEVEL_DEFAULT, &err), -ENOENT);
	CHECK_HAS(err.text, "log: open /nowhere/at/all: ");
	CHECK_INT(log_open("/", false, LOG_LEVEL_DEFAULT, &err), -EISDIR);
	CHECK_INT(log_open(NULL, false, LOG_LEVEL_ERROR, &err), 0);
}

TEST(log_file_is_closed_on_exec)
{
	char link[64], seen[128];
	bool found = false;
	int fd;

	CHECK_INT(log_open(fresh(), false, LOG_LEVEL_DEFAULT, &err), 0);
	for (fd = 3; fd < 64; fd++) {
		ssize_t n;

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n = readlink(link, seen, sizeof seen - 1);
		if (n < 0)
			continue;
		seen[n] = 0;
		if (strcmp(seen, path) != 0)
			continue;
		found = true;
		CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		CHECK(fcntl(fd, F_GETFL) & O_APPEND);
	}
	CHECK(found);
	back_to_stderr();
}

TEST(log_control_characters_of_both_sets_are_escaped)
{
	struct err e = { .code = EINVAL };
	int keep = dup(2), fd;

	fresh();
	fd = open(path, O_WRONLY | O_APPEND);
	CHECK(keep >= 0 && fd >= 0 && dup2(fd, 2) == 2);
	/* CSI as ESC [, as U+009B, as the bare byte; then text that is none of it */
	snprintf(e.text, sizeof e.text, "a\x1b[2Jb\xc2\x9b" "2Jc\x9b" "2Jd\xc3\xa9\xc2\xa0");
	log_error(&e);
	dup2(keep, 2);
	close(keep);
	close(fd);
	CHECK_STR(content(), "wasirun: a\\x1b[2Jb\\xc2\\x9b2Jc\\x9b2Jd\xc3\xa9\xc2\xa0\n");
	unlink(path);
	fresh();
	CHECK_INT(log_open(path, true, LOG_LEVEL_WARNING, &err), 0);
	log_warn("b\xc2\x9b" "2J");
	CHECK(strstr(content(), "b\\u009b2J") != NULL);
	back_to_stderr();
}

TEST(text_foreign_is_nothing_that_a_terminal_obeys)
{
	static const char said[] = "line\tone\n\x1b[2Jtwo\r\xc3\xa9\xc2\x9b" "31m \xff\xe2\x82 \0end\x7f";
	struct arena a = { 0 };
	struct text t = { .arena = &a };

	text_foreign(&t, said, sizeof said - 1);
	CHECK_STR(text_get(&t), "line\tone\n\\x1b[2Jtwo\\x0d\xc3\xa9\\xc2\\x9b31m \\xff\\xe2\\x82 \\x00end\\x7f");
	arena_drop(&a);
}
