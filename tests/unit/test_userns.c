/* Id maps of a new user namespace and clocks of a new time namespace. */
#include "apply/ops.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct arena arena;
static struct host host;
static struct run run = { .arena = &arena, .host = &host, .proc = -1, .dev_null = -1 };
static struct step step;
static struct slot slot;
static struct err err;

static bool ready(void)
{
	memset(&err, 0, sizeof err);
	if (run.proc < 0) {
		run.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		run.dev_null = open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return run.proc >= 0 && run.dev_null >= 0;
}

static void map(struct id_range *uids, struct id_range *gids)
{
	step = (struct step){ .op = STEP_ID_MAP, .stage = STAGE_OUTSIDE };
	step.id_map.uids.v = uids;
	step.id_map.uids.n = uids != NULL;
	step.id_map.gids.v = gids;
	step.id_map.gids.n = gids != NULL;
}

/* A process in a user namespace of its own that becomes its root once told to. *go: what to write to. */
static pid_t in_user_namespace(int *go)
{
	int fds[2], ready_fds[2];
	char byte;
	pid_t pid;

	if (pipe(fds) < 0 || pipe(ready_fds) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct step root = { .op = STEP_BECOME_ROOT };

		alarm(20);
		close(fds[1]);
		close(ready_fds[0]);
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(CHILD_SKIPPED);
		(void)!write(ready_fds[1], "r", 1);
		if (read(fds[0], &byte, 1) != 1)
			_exit(0);
		ENSURE(op_become_root(&run, &root, &slot, &err) == 0);
		ENSURE(getuid() == 0 && getgid() == 0);
		_exit(0);
	}
	close(fds[0]);
	close(ready_fds[1]);
	if (read(ready_fds[0], &byte, 1) != 1) { /* it could not make one */
		close(fds[1]);
		*go = -1;
	} else {
		*go = fds[1];
	}
	close(ready_fds[0]);
	return pid;
}

static int finish(pid_t pid, int go, bool mapped)
{
	int status = -1;

	if (mapped && go >= 0)
		(void)!write(go, "g", 1);
	if (go >= 0)
		close(go);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(id_maps_are_written)
{
	struct id_range uids = { 0, 1000, 10 }, gids = { 0, 2000, 5 };
	char file[48], text[128];
	int go;

	REQUIRE(ready());
	run.pid = in_user_namespace(&go);
	if (go < 0 || geteuid() != 0) {
		finish(run.pid, go, false);
		SKIP("root and user namespaces");
	}
	map(&uids, &gids);
	CHECK_INT(op_id_map(&run, &step, &slot, &err), 0);
	snprintf(file, sizeof file, "/proc/%d/uid_map", run.pid);
	CHECK(sys_read_file(AT_FDCWD, file, text, sizeof text) > 0);
	CHECK_HAS(text, "0       1000         10");
	snprintf(file, sizeof file, "/proc/%d/gid_map", run.pid);
	CHECK(sys_read_file(AT_FDCWD, file, text, sizeof text) > 0);
	CHECK_HAS(text, "0       2000          5");
	CHECK_INT(finish(run.pid, go, true), 0);
	arena_drop(&arena);
}

TEST(id_maps_of_ones_own_id_deny_setgroups)
{
	struct id_range uid = { 0, getuid(), 1 }, gid = { 0, getgid(), 1 };
	char file[48], text[128];
	int go;

	REQUIRE(ready());
	run.pid = in_user_namespace(&go);
	if (go < 0) {
		finish(run.pid, go, false);
		SKIP("user namespaces");
	}
	map(&uid, &gid);
	step.id_map.deny_setgroups = true;
	CHECK_INT(op_id_map(&run, &step, &slot, &err), 0);
	snprintf(file, sizeof file, "/proc/%d/setgroups", run.pid);
	CHECK(sys_read_file(AT_FDCWD, file, text, sizeof text) > 0);
	CHECK_STR(text, "deny\n");
	CHECK_INT(finish(run.pid, go, true), 0);
	arena_drop(&arena);
}

TEST(id_maps_that_make_no_sense_are_errors)
{
	struct id_range uids[] = { { 0, 1000, 10 }, { 5, 3000, 10 } }, gids = { 0, 2000, 5 };
	int go;

	REQUIRE(ready());
	map(NULL, &gids);
	CHECK_INT(op_id_map(&run, &step, &slot, &err), -EINVAL);
	CHECK_HAS(err.text, "uidMappings");
	run.pid = in_user_namespace(&go);
	if (go < 0 || geteuid() != 0) {
		finish(run.pid, go, false);
		SKIP("root and user namespaces");
	}
	map(uids, &gids);
	step.id_map.uids.n = 2; /* they overlap */
	CHECK_INT(op_id_map(&run, &step, &slot, &err), -EINVAL);
	CHECK_HAS(err.text, "linux.uidMappings");
	finish(run.pid, go, false);
	arena_drop(&arena);
}

TEST(helpers_that_refuse_are_quoted)
{
	struct id_range uids = { 0, 4000000000, 10 }, gids = { 0, 4000000000, 10 };
	int go, r;

	REQUIRE(ready());
	host.uid = geteuid();
	run.pid = in_user_namespace(&go);
	if (go < 0) {
		finish(run.pid, go, false);
		SKIP("user namespaces");
	}
	map(&uids, &gids);
	step.id_map.helpers = true;
	r = op_id_map(&run, &step, &slot, &err);
	if (r == -ENOENT) {
		CHECK_HAS(err.text, "package uidmap");
	} else if (geteuid() != 0) {
		CHECK_INT(r, -EPERM);
		CHECK_HAS(err.text, "/etc/subgid");
	}
	finish(run.pid, go, false);
	arena_drop(&arena);
}

static void in_time_namespace(void)
{
	struct timespec before, after, boot;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &before);
	step = (struct step){ .op = STEP_TIME_OFFSETS };
	step.time_offsets.monotonic.set = step.time_offsets.boottime.set = true;
	step.time_offsets.monotonic.secs = 100000;
	step.time_offsets.boottime.secs = 500000;
	r = op_time_offsets(&run, &step, &slot, &err);
	if (r == -EPERM || r == -EINVAL)
		_exit(CHILD_SKIPPED);
	if (r < 0)
		dprintf(1, "# %s\n", err.text);
	ENSURE(r == 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	ENSURE(after.tv_sec - before.tv_sec >= 100000 && after.tv_sec - before.tv_sec < 100010);
	ENSURE(boot.tv_sec - before.tv_sec >= 500000);
}

static void clock_below_zero(void)
{
	step = (struct step){ .op = STEP_TIME_OFFSETS };
	step.time_offsets.monotonic.set = true;
	step.time_offsets.monotonic.secs = INT64_MIN / 2;
	ENSURE(op_time_offsets(&run, &step, &slot, &err) == -ERANGE);
	ENSURE(strstr(err.text, "linux.timeOffsets"));
}

TEST(clocks_are_set)
{
	int r;

	REQUIRE(ready());
	r = in_child(in_time_namespace);
	if (r == CHILD_SKIPPED)
		SKIP("root and a kernel with time namespaces");
	CHECK_INT(r, 0);
	CHECK_INT(in_child(clock_below_zero), 0);
}
