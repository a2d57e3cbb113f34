/* Real hooks (security.md F16): what they are given, how they fail, and that nothing they do holds us up. The scripts lie in a directory of
 * their own and are run by the machine's shell. */
#include "apply/ops.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena arena;
static char dir[64], path[96];
static struct step_hook hook;
static struct err err;
static char said[8192];

static const struct state_text state = { "{\"id\":\"x\",\"status\":\"", ",\"bundle\":\"/b\"}" };

static void write_script(const char *text, mode_t mode)
{
	int fd;

	strcpy(dir, "/tmp/wasirun-test-hook-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof path, "%s/hook", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	dprintf(fd, "#!/bin/sh\n%s\n", text);
	fchmod(fd, mode);
	close(fd);
}

static void prepare(const char *text)
{
	memset(&hook, 0, sizeof hook);
	memset(&err, 0, sizeof err);
	write_script(text, 0700);
	hook = (struct step_hook){ .stage = "createRuntime", .index = 3, .path = path, .status = "creating" };
}

/* What the script wrote to ./out, "" if nothing. */
static const char *output(void)
{
	char file[128];
	ssize_t n;

	snprintf(file, sizeof file, "%s/out", dir);
	n = sys_read_file(AT_FDCWD, file, said, sizeof said);
	if (n < 0)
		said[0] = 0;
	unlink(file);
	return said;
}

static void clean(void)
{
	unlink(path);
	(void)!output();
	rmdir(dir);
}

static int go(const char *text)
{
	prepare(text);
	return apply_hooks(&arena, &state, &hook, 1, 42, &err);
}

static void *one(struct strs *s, char *a, char *b)
{
	s->v = arena_array(&arena, 3, sizeof *s->v);
	s->v[0] = a;
	s->v[1] = b;
	s->n = b ? 2 : 1;
	return s;
}

TEST(hook_gets_the_state)
{
	char text[128];

	prepare("");
	clean();
	CHECK_INT(go("cat > $(dirname $0)/out"), 0);
	CHECK_STR(output(), "{\"id\":\"x\",\"status\":\"creating\",\"pid\":42,\"bundle\":\"/b\"}");
	CHECK_INT(apply_hooks(&arena, &state, &hook, 1, 0, &err), 0);
	snprintf(text, sizeof text, "%s", output());
	CHECK_STR(text, "{\"id\":\"x\",\"status\":\"creating\",\"bundle\":\"/b\"}");
	clean();
}

TEST(hook_gets_its_arguments_and_environment_only)
{
	setenv("WASIRUN_TEST_LEAK", "1", 1);
	prepare("printf '%s|' \"$@\" > $(dirname $0)/out; /usr/bin/env >> $(dirname $0)/out");
	one(&hook.args, path, (char *)"two words");
	one(&hook.env, (char *)"A=b c", (char *)"PATH=/usr/bin:/bin");
	CHECK_INT(apply_hooks(&arena, &state, &hook, 1, 42, &err), 0);
	CHECK_HAS(output(), "two words|");
	CHECK_HAS(said, "A=b c\n");
	CHECK(!strstr(said, "WASIRUN_TEST_LEAK"));
	clean();
}

TEST(hook_has_no_descriptor_of_ours)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY), kept = fcntl(fd, F_DUPFD, 200); /* not close-on-exec */

	CHECK_INT(go("ls -l /proc/self/fd > $(dirname $0)/out"), 0);
	(void)!output();
	CHECK(!strstr(said, " 200 -> "));
	CHECK(!strstr(said, "-> /\n"));
	CHECK_HAS(said, " 1 -> ");
	close(fd);
	close(kept);
	clean();
}

TEST(hook_has_default_signals)
{
	struct {
		void (*handler)(int);
		unsigned long rest[4];
	} ignore = { .handler = SIG_IGN };
	sigset_t all, old;

	signal(SIGUSR1, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	CHECK_INT(syscall(SYS_rt_sigaction, 32, &ignore, NULL, _NSIG / 8), 0); /* one that libc hides */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	CHECK_INT(go("grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status > $(dirname $0)/out"), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_HAS(output(), "SigBlk:\t0000000000000000");
	CHECK_HAS(said, "SigIgn:\t0000000000000000");
	signal(SIGUSR1, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	CHECK_INT(sys_signal_default(32), 0);
	clean();
}

TEST(hook_failure_names_hook_status_and_stderr)
{
	CHECK(go("echo one >&2; echo 'two \033[1m' >&2; exit 3") < 0);
	CHECK_HAS(err.text, "error running createRuntime hook #3: exit status 3 (");
	CHECK_HAS(err.text, path);
	CHECK_HAS(err.text, ", stderr: one two ?[1m");
	clean();
	CHECK(go("kill -SEGV $$") < 0);
	CHECK_HAS(err.text, "error running createRuntime hook #3: signal: segmentation fault (");
	clean();
}

TEST(hook_that_cannot_be_run)
{
	prepare("");
	chmod(path, 0600);
	CHECK(apply_hooks(&arena, &state, &hook, 1, 42, &err) == -EACCES);
	CHECK_HAS(err.text, "error running createRuntime hook #3: exec /");
	clean();
	hook.path = "/nowhere/at/all";
	CHECK(apply_hooks(&arena, &state, &hook, 1, 42, &err) == -ENOENT);
	CHECK_HAS(err.text, "error running createRuntime hook #3: exec /nowhere/at/all: ");
}

TEST(hook_with_a_relative_path_is_refused_before_anything_is_made)
{
	struct run r = { .arena = &arena, .state = state };
	struct step s = { .op = STEP_HOOK, .stage = STAGE_HOOKS, .hook = { .stage = "prestart", .path = "bin/x" } };
	struct slot slot = { .fd = -1, .fd2 = -1 };

	CHECK(op_hook_prepare(&r, &s, &slot, &err) == -EINVAL);
	CHECK_HAS(err.text, "not absolute");
}

TEST(hook_is_killed_with_its_group_when_time_is_up)
{
	int64_t before = sys_now_us(), after;
	pid_t pid;

	prepare("trap '' TERM INT HUP; sleep 60 & echo $! > $(dirname $0)/out; while :; do sleep 60; done");
	hook.timeout = 1;
	CHECK(apply_hooks(&arena, &state, &hook, 1, 42, &err) == -ETIMEDOUT);
	after = sys_now_us();
	CHECK(after - before >= 1000000 && after - before < 5000000);
	CHECK_HAS(err.text, "error running createRuntime hook #3: ");
	CHECK_HAS(err.text, "ran past its timeout of 1 s");
	pid = atoi(output());
	REQUIRE(pid > 1);
	sys_sleep_us(50000);
	/* gone, or a zombie whose new parent has not looked yet */
	if (kill(pid, 0) == 0) {
		char stat[64], file[32], *p;

		snprintf(file, sizeof file, "/proc/%d/stat", pid);
		CHECK(sys_read_file(AT_FDCWD, file, said, sizeof said) > 0);
		p = strrchr(said, ')');
		snprintf(stat, sizeof stat, "%.3s", p ? p : "");
		CHECK_STR(stat, ") Z");
	}
	clean();
}

TEST(hook_that_leaves_a_child_with_our_pipe_is_not_waited_for)
{
	int64_t before = sys_now_us();

	CHECK_INT(go("sleep 3 & exit 0"), 0);
	CHECK(sys_now_us() - before < 2000000);
	clean();
	before = sys_now_us();
	CHECK(go("(while :; do echo flood; done) >&2 & echo $! > $(dirname $0)/out; exit 4") < 0);
	CHECK(sys_now_us() - before < 2000000);
	CHECK_HAS(err.text, "exit status 4");
	if (atoi(output()) > 1)
		kill(atoi(said), SIGKILL);
	clean();
}

TEST(hook_may_say_as_much_as_it_likes)
{
	CHECK(go("head -c 20000000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 5") < 0);
	CHECK_HAS(err.text, "exit status 5");
	CHECK_HAS(err.text, "xxxxthe end");
	CHECK(strlen(err.text) < sizeof err.text);
	clean();
	CHECK_INT(go("head -c 20000000 /dev/zero"), 0); /* its output is nobody's */
	clean();
}

TEST(hook_may_not_read_its_input)
{
	struct state_text big = { arena_alloc(&arena, 300001), "" };

	memset((char *)(uintptr_t)big.head, 'x', 300000);
	signal(SIGPIPE, SIG_DFL);
	prepare("exec <&-; exit 0");
	CHECK_INT(apply_hooks(&arena, &big, &hook, 1, 42, &err), 0);
	clean();
	prepare("sleep 0.2; exit 0"); /* never looks */
	CHECK_INT(apply_hooks(&arena, &big, &hook, 1, 42, &err), 0);
	clean();
	prepare("wc -c > $(dirname $0)/out");
	CHECK_INT(apply_hooks(&arena, &big, &hook, 1, 42, &err), 0);
	CHECK_INT(atoi(output()), 300000 + (int)strlen("creating\",\"pid\":42"));
	clean();
	arena_drop(&arena);
}

/* Engines have started runtimes with SIGCHLD ignored, and then there is nothing to wait for. */
TEST(hook_ends_for_us_even_when_sigchld_is_ignored)
{
	struct sigaction now;

	signal(SIGCHLD, SIG_IGN);
	CHECK(go("exit 6") < 0);
	CHECK_HAS(err.text, "exit status 6");
	CHECK(sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	clean();
}

TEST(hooks_run_in_order_until_one_fails)
{
	struct step_hook list[3];

	prepare("echo $1 >> $(dirname $0)/out; exit $2");
	list[0] = list[1] = list[2] = hook;
	for (size_t i = 0; i < 3; i++) {
		list[i].index = i;
		list[i].args.v = arena_array(&arena, 4, sizeof(char *));
		list[i].args.v[0] = path;
		list[i].args.v[1] = arena_fmt(&arena, "%zu", i);
		list[i].args.v[2] = arena_str(&arena, i == 1 ? "1" : "0");
	}
	CHECK(apply_hooks(&arena, &state, list, 3, 42, &err) < 0);
	CHECK_HAS(err.text, "hook #1");
	CHECK_STR(output(), "0\n1\n");
	clean();
	arena_drop(&arena);
}

TEST(hooks_leave_no_descriptor_behind)
{
	int before = dup(0), after;

	close(before);
	CHECK_INT(go("exit 0"), 0);
	clean();
	CHECK(go("exit 1") < 0);
	clean();
	hook.path = "/nowhere";
	CHECK(apply_hooks(&arena, &state, &hook, 1, 42, &err) < 0);
	after = dup(0);
	close(after);
	CHECK_INT(after, before);
}
