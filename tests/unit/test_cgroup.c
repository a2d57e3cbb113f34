/* Cgroups on the machine's own hierarchies: made, joined, frozen, killed, removed. Needs root and leaves nothing behind. */
#include "apply/cgroup_dir.h"
#include "tests/unit/lab.h"

static void fork_twice(void)
{
	if (fork() == 0 || fork() == 0)
		signal(SIGTERM, SIG_IGN);
}

/* Forks may still be under way when the parent has told that it is inside. */
static size_t wait_for_pids(struct lab *l, size_t n)
{
	struct pids pids = { 0 };
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (cgroup_pids(&l->arena, l->dirs, &pids, &l->e) < 0 || pids.n >= n)
			break;
		sys_sleep_us(1000);
	}
	return pids.n;
}

TEST(cgroup_is_made_joined_killed_and_removed)
{
	MADE(l);
	struct pids pids;
	pid_t pid = spawn(&l, fork_twice);
	size_t i;

	REQUIRE(pid > 0);
	CHECK(wait_for_pids(&l, 4) >= 3);
	for (i = 0; i < l.dirs->n; i++)
		CHECK_INT(cgroup_populated(l.dirs->v[i]), 1);
	CHECK_INT(cgroup_remove(l.dirs, 0, &l.e), -EBUSY);
	CHECK_HAS(l.e.text, "there still are processes");
	CHECK_INT(cgroup_kill(l.dirs, SIGKILL, 5000, &l.e), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	REQUIRE(cgroup_pids(&l.arena, l.dirs, &pids, &l.e) == 0);
	CHECK_INT(pids.n, 0);
	CHECK_INT(cgroup_remove(l.dirs, 2000, &l.e), 0);
	for (i = 0; i < l.dirs->n; i++)
		CHECK_INT(access(l.dirs->v[i], F_OK), -1);
	/* what is not there is no error, and holds nobody */
	CHECK_INT(cgroup_remove(l.dirs, 0, &l.e), 0);
	CHECK_INT(cgroup_kill(l.dirs, SIGKILL, 0, &l.e), 0);
	CHECK_INT(cgroup_frozen(l.dirs), 0);
	CHECK_INT(cgroup_populated(l.dirs->v[0]), 0);
	CHECK_INT(cgroup_oom_kills(l.dirs), 0);
}

TEST(cgroup_undo_removes_what_was_made_with_its_parents)
{
	LAB(l);
	struct strs missing;
	size_t i;

	for (i = 0; i < l.dirs->n; i++)
		l.dirs->v[i] = arena_fmt(&l.arena, "%s/a/b", l.dirs->v[i]);
	REQUIRE(cgroup_missing_parents(&l.arena, l.dirs, &missing, &l.e) == 0);
	CHECK_INT(missing.n, 2 * l.dirs->n);
	if (lab_make(&l) < 0)
		SKIP("the hierarchies are not writable");
	CHECK_INT(access(l.dirs->v[0], F_OK), 0);
	op_cgroup_undo(&l.run, &l.steps[0], &l.slots[0]);
	CHECK_INT(access(missing.v[1], F_OK), -1);
	REQUIRE(cgroup_missing_parents(&l.arena, l.dirs, &missing, &l.e) == 0);
	CHECK_INT(missing.n, 2 * l.dirs->n);
}

TEST(cgroup_freezes_and_thaws)
{
	MADE(l);
	pid_t pid = spawn(&l, NULL);

	REQUIRE(pid > 0);
	CHECK_INT(cgroup_frozen(l.dirs), 0);
	CHECK_INT(cgroup_freeze(l.dirs, true, 5000, &l.e), 0);
	CHECK_INT(cgroup_frozen(l.dirs), 1);
	/* in version 2 a signal that ends a process ends it even when it is frozen; in version 1 it waits for the thaw */
	CHECK_INT(cgroup_kill(l.dirs, SIGTERM, 1000, &l.e), 0);
	CHECK_INT(cgroup_frozen(l.dirs), 1);
	if (l.host.cgroup != CGROUP_V2)
		CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
	CHECK_INT(cgroup_freeze(l.dirs, false, 5000, &l.e), 0);
	CHECK_INT(cgroup_frozen(l.dirs), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

TEST(cgroup_kills_what_is_frozen)
{
	MADE(l);
	pid_t pid = spawn(&l, NULL);

	REQUIRE(pid > 0);
	REQUIRE(cgroup_freeze(l.dirs, true, 5000, &l.e) == 0);
	CHECK_INT(cgroup_kill(l.dirs, SIGKILL, 5000, &l.e), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

TEST(cgroup_in_use_or_frozen_is_refused)
{
	MADE(l);
	pid_t pid = spawn(&l, NULL);

	REQUIRE(pid > 0);
	CHECK_INT(lab_make(&l), -EBUSY);
	CHECK_HAS(l.e.text, "container's cgroup is not empty: 1 process(es) found");
	l.steps[0].cgroup.refuse_populated = false;
	CHECK_INT(lab_make(&l), 0);
	CHECK_INT(cgroup_freeze(l.dirs, true, 5000, &l.e), 0);
	CHECK_INT(lab_make(&l), -EBUSY);
	CHECK_HAS(l.e.text, "container's cgroup unexpectedly frozen");
	CHECK_INT(cgroup_kill(l.dirs, SIGKILL, 5000, &l.e), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

TEST(cgroup_removes_trees_of_any_depth)
{
	MADE(l);
	char path[PATH_MAX];
	size_t d, depth;

	for (d = 0; d < l.dirs->n; d++) {
		int n = snprintf(path, sizeof path, "%s", l.dirs->v[d]);

		for (depth = 0; depth < 40; depth++) {
			n += snprintf(path + n, sizeof path - (size_t)n, "/%zu", depth % 7);
			REQUIRE(mkdir(path, 0755) == 0);
		}
		snprintf(path, sizeof path, "%s/side", l.dirs->v[d]);
		REQUIRE(mkdir(path, 0755) == 0);
	}
	CHECK_INT(cgroup_remove(l.dirs, 1000, &l.e), 0);
	CHECK_INT(access(l.dirs->v[0], F_OK), -1);
}

#define SUBS(s) (&(struct strs){ .v = (char *[]){ s, NULL }, .n = 1 })

TEST(cgroup_enter_goes_below_and_never_out)
{
	MADE(l);
	int fd;

	CHECK_INT(cgroup_enter(l.dirs, SUBS("../x"), 0, &fd, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "bad sub cgroup path");
	CHECK_INT(cgroup_enter(l.dirs, SUBS("cpu:a/../../x"), 0, &fd, &l.e), -EINVAL);
	CHECK_INT(cgroup_enter(l.dirs, SUBS("whaaat:/"), 0, &fd, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "unknown controller whaaat");
	CHECK(cgroup_enter(l.dirs, SUBS("not-there"), 0, &fd, &l.e) < 0);
	CHECK_HAS(l.e.text, "not-there");
	fd_close(&fd);
}

/* What systemd inside the container does: it moves everybody down and hands out controllers, so the top takes no process any more. */
TEST(cgroup_enter_follows_init_down)
{
	MADE(l);
	const char *dir = l.dirs->v[0];
	struct stat here, below;
	char pid_text[16];
	pid_t pid;
	int fd;

	if (l.host.cgroup != CGROUP_V2)
		SKIP("needs cgroup version 2 alone");
	pid = spawn(&l, NULL);
	REQUIRE(pid > 0 && mkdir(arena_fmt(&l.arena, "%s/init.scope", dir), 0755) == 0);
	snprintf(pid_text, sizeof pid_text, "%d", pid);
	REQUIRE(cgroup_enter(l.dirs, NULL, pid, &fd, &l.e) == 0 && fd >= 0);
	CHECK(fstat(fd, &here) == 0 && stat(dir, &below) == 0 && here.st_ino == below.st_ino);
	fd_close(&fd);
	REQUIRE(cgroup_write(dir, "init.scope/cgroup.procs", pid_text) == 0);
	REQUIRE(cgroup_write(dir, "cgroup.subtree_control", "+pids") == 0);
	REQUIRE(cgroup_enter(l.dirs, NULL, pid, &fd, &l.e) == 0 && fd >= 0);
	CHECK(fstat(fd, &here) == 0 && stat(arena_fmt(&l.arena, "%s/init.scope", dir), &below) == 0);
	CHECK_INT(here.st_ino, below.st_ino);
	CHECK_INT(cgroup_kill(l.dirs, SIGKILL, 5000, &l.e), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	fd_close(&fd);
}

TEST(cgroup_gets_its_controllers_all_the_way_down)
{
	LAB(l);
	char have[256];

	if (l.host.cgroup != CGROUP_V2)
		SKIP("needs cgroup version 2 alone");
	l.dirs->v[0] = arena_fmt(&l.arena, "%s/a/b", l.dirs->v[0]);
	REQUIRE(lab_make(&l) == 0);
	REQUIRE(cgroup_read(l.dirs->v[0], "cgroup.controllers", have, sizeof have) > 0);
	CHECK(cgroup_word(have, "memory", 6) && cgroup_word(have, "pids", 4));
	op_cgroup_undo(&l.run, &l.steps[0], &l.slots[0]);
}

TEST(cgroup_below_a_threaded_one_takes_only_thread_limits)
{
	MADE(l);
	char *top = l.dirs->v[0], type[32];

	if (l.host.cgroup != CGROUP_V2)
		SKIP("needs cgroup version 2 alone");
	l.dirs->v[0] = arena_fmt(&l.arena, "%s/threads", top);
	REQUIRE(mkdir(l.dirs->v[0], 0755) == 0 && cgroup_write(l.dirs->v[0], "cgroup.type", "threaded") == 0);
	l.dirs->v[0] = arena_fmt(&l.arena, "%s/inner", top);
	l.steps[2] = (struct step){ .op = STEP_LIMIT, .limit = { .controller = "memory", .file = "memory.max", .value = "max" } };
	l.plan.steps.n = 3;
	CHECK_INT(lab_make(&l), -EOPNOTSUPP);
	CHECK_HAS(l.e.text, "with domain controllers -- it is in an invalid state");
	l.plan.steps.n = 2;
	CHECK_INT(lab_make(&l), 0);
	REQUIRE(cgroup_read(l.dirs->v[0], "cgroup.type", type, sizeof type) > 0);
	CHECK_STR(type, "threaded");
	l.dirs->v[0] = top;
}

TEST(cgroup_is_handed_over_with_what_may_be_handed_over)
{
	MADE(l);
	const char *dir = l.dirs->v[l.dirs->n - 1];
	struct stat st;

	if (!l.steps[0].cgroup.v2)
		SKIP("needs a version 2 hierarchy");
	CHECK_INT(cgroup_v2_delegate(dir, 1234, 2345, &l.e), 0);
	CHECK(stat(dir, &st) == 0 && st.st_uid == 1234 && st.st_gid == 2345);
	CHECK(stat(arena_fmt(&l.arena, "%s/cgroup.procs", dir), &st) == 0 && st.st_uid == 1234);
	CHECK(stat(arena_fmt(&l.arena, "%s/cgroup.max.depth", dir), &st) == 0 && st.st_uid == 0);
}
