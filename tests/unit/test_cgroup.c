/* Cgroups on the machine's own hierarchies: made, joined, limited, frozen, killed, removed. Needs root and leaves nothing behind. */
#include "apply/cgroup_dir.h"
#include "apply/oom.h"
#include "apply/ops.h"
#include "apply/probe.h"
#include "apply/stats.h"
#include "apply/update.h"
#include "oci/json.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A container's cgroup on this machine, in the hands of a test. */
struct lab {
	struct arena arena;
	struct host host;
	struct plan plan;
	struct step steps[4];
	struct slot slots[4];
	struct run run;
	struct strs *dirs;
	struct err e;
};

static bool lab_open(struct lab *l)
{
	struct step_cgroup *c = &l->steps[0].cgroup;
	size_t i;

	memset(l, 0, sizeof *l);
	if (geteuid() != 0 || probe_host(&l->arena, "/", "t", &l->host, &l->e) < 0 || l->host.cgroup == CGROUP_NONE || !l->host.privileged)
		return false;
	for (i = 0; i < 4; i++)
		l->slots[i].fd = l->slots[i].fd2 = -1;
	l->steps[0].op = STEP_CGROUP;
	l->steps[1].op = STEP_CGROUP_JOIN;
	for (i = 0; i < l->host.hierarchies.n; i++) {
		const struct hierarchy *h = &l->host.hierarchies.v[i];
		char *dir = arena_fmt(&l->arena, "%s/wasirun-test-%d", h->dir, getpid());

		*arena_push(&l->arena, &c->dirs) = dir;
		if (*h->controllers)
			*arena_push(&l->arena, &l->steps[1].cgroup_join.dirs) = dir;
		else
			c->v2 = true;
	}
	c->manage = c->must = c->refuse_populated = true;
	c->enable = l->host.v2_controllers;
	l->dirs = &c->dirs;
	l->plan.steps.v = l->steps;
	l->plan.steps.n = 2;
	l->run = (struct run){ .arena = &l->arena, .host = &l->host, .plan = &l->plan, .slots = l->slots };
	return true;
}

static int lab_make(struct lab *l)
{
	int r = op_cgroup(&l->run, &l->steps[0], &l->slots[0], &l->e);

	l->slots[0].done = r == 0;
	return r;
}

static void lab_close(struct lab *l)
{
	struct err e;

	if (l->dirs) {
		CHECK_INT(cgroup_kill(l->dirs, SIGKILL, 5000, &e), 0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!CHECK_INT(cgroup_remove(l->dirs, 5000, &e), 0))
			printf("# %s\n", e.text);
	}
	arena_drop(&l->arena);
}

#define LAB(l)                                                     \
	struct lab l __attribute__((cleanup(lab_close)));          \
	do {                                                       \
		if (!lab_open(&(l)))                               \
			SKIP("needs root and a cgroup hierarchy"); \
	} while (0)

#define MADE(l)                                                    \
	LAB(l);                                                    \
	do {                                                       \
		if (lab_make(&(l)) < 0) {                          \
			printf("# %s\n", (l).e.text);              \
			SKIP("the hierarchies are not writable");  \
		}                                                  \
	} while (0)

/* A process in the lab's cgroup that runs fn, then sleeps. */
static pid_t spawn(struct lab *l, void (*fn)(void))
{
	const char *v2 = l->steps[0].cgroup.v2 ? l->dirs->v[l->dirs->n - 1] : NULL;
	AUTO_FD int cgroup = v2 ? sys_open(AT_FDCWD, v2, O_PATH | O_DIRECTORY, 0) : -1;
	int pidfd, ready[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ready) < 0)
		return -1;
	fflush(stdout);
	pid = sys_clone(0, &pidfd, cgroup);
	if (pid == 0) {
		alarm(30);
		close(ready[0]);
		if (op_cgroup_join_prepare(&l->run, &l->steps[1], &l->slots[1], &l->e) < 0 ||
		    op_cgroup_join(&l->run, &l->steps[1], &l->slots[1], &l->e) < 0) {
			dprintf(1, "# %s\n", l->e.text);
			_exit(99);
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(98);
		if (fn)
			fn();
		for (;;)
			pause();
	}
	close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	if (pid > 0)
		close(pidfd);
	return pid;
}

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
	CHECK_INT(cgroup_kill(l.dirs, SIGTERM, 1000, &l.e), 0);
	CHECK_INT(cgroup_frozen(l.dirs), 1);
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

/* The directory and file of a limit that both versions know. */
static struct step limit_of_pids(struct lab *l, const char *value)
{
	struct step s = { .op = STEP_LIMIT, .at = "/pids/limit" };
	const char *v1 = cgroup_v1_dir(l->dirs, "pids");

	s.limit = (struct step_limit){ .controller = "pids", .file = "pids.max", .value = value };
	s.limit.dir = v1 ? v1 : l->dirs->v[l->dirs->n - 1];
	return s;
}

TEST(limit_errors_name_controller_file_and_cure)
{
	MADE(l);
	struct step s = limit_of_pids(&l, "nonsense");

	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "\"nonsense\" for pids.max of controller \"pids\"");
	s.limit.tentative = true;
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), 0);
	s.limit.tentative = false;
	s.limit.file = "pids.frobnicate";
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "does not have that file");
	s.limit.optional = true;
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), 0);
	s.limit.or_file = "pids.max";
	s.limit.or_value = "77";
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), 0);
	s = limit_of_pids(&l, "5");
	s.limit.not_below = "pids.max"; /* which is 77 by now */
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), -EBUSY);
	s.limit.dir = NULL;
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), -ENOENT);
	CHECK_HAS(l.e.text, "no cgroup controller \"pids\"");
}

TEST(update_is_all_or_nothing)
{
	MADE(l);
	struct step s[2] = { limit_of_pids(&l, "31"), limit_of_pids(&l, "none") };
	struct plan p = { .steps = { s, 2 } };
	char now[32];

	s[1].at = "/second";
	CHECK_INT(apply_update(&l.arena, &l.host, &p, &l.e), -EINVAL);
	CHECK_STR(l.e.at, "/second");
	REQUIRE(cgroup_read(s[0].limit.dir, "pids.max", now, sizeof now) > 0);
	CHECK_STR(now, "max");
	p.steps.n = 1;
	CHECK_INT(apply_update(&l.arena, &l.host, &p, &l.e), 0);
	REQUIRE(cgroup_read(s[0].limit.dir, "pids.max", now, sizeof now) > 0);
	CHECK_STR(now, "31");
}

static void eat_memory(void)
{
	size_t n = 256 << 20, i;
	volatile char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sys_sleep_us(20000);
	for (i = 0; i < n; i += 4096)
		p[i] = 1;
}

TEST(oom_is_told)
{
	MADE(l);
	const char *v1 = cgroup_v1_dir(l.dirs, "memory"), *dir = v1 ? v1 : l.dirs->v[l.dirs->n - 1];
	struct oom_watch w;
	pid_t pid;
	int pidfd;

	if (cgroup_write(dir, v1 ? "memory.limit_in_bytes" : "memory.max", "16777216") < 0)
		SKIP("needs the memory controller");
	(void)!cgroup_write(dir, v1 ? "memory.memsw.limit_in_bytes" : "memory.swap.max", v1 ? "16777216" : "0");
	pid = spawn(&l, eat_memory);
	REQUIRE(pid > 0);
	pidfd = sys_pidfd_open(pid);
	REQUIRE(oom_open(l.dirs, pidfd, &w, &l.e) == 0);
	CHECK_INT(oom_wait(&w, 10000, &l.e), OOM_STRUCK);
	CHECK_INT(oom_wait(&w, 10000, &l.e), OOM_ENDED);
	CHECK(cgroup_oom_kills(l.dirs) >= 1);
	oom_close(&w);
	close(pidfd);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

TEST(oom_watch_ends_with_the_container)
{
	MADE(l);
	struct oom_watch w;
	pid_t pid = spawn(&l, NULL);
	int pidfd;

	REQUIRE(pid > 0);
	pidfd = sys_pidfd_open(pid);
	REQUIRE(oom_open(l.dirs, pidfd, &w, &l.e) == 0);
	CHECK_INT(oom_wait(&w, 30, &l.e), OOM_TIMEOUT);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK_INT(oom_wait(&w, 5000, &l.e), OOM_ENDED);
	oom_close(&w);
	close(pidfd);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

TEST(stats_are_json_with_the_names_of_runc)
{
	MADE(l);
	struct text t = { .arena = &l.arena };
	pid_t pid = spawn(&l, NULL);
	struct json *j = NULL;
	uint64_t v = 0;

	REQUIRE(pid > 0);
	REQUIRE(stats_json(&l.arena, l.dirs, NULL, pid, &t, &l.e) == 0);
	if (!CHECK_INT(json_parse(&l.arena, text_get(&t), t.n, JSON_MAX_STATE, "stats", &j, &l.e), 0)) {
		printf("# %s\n", l.e.text);
		return;
	}
	CHECK(json_at(j, "/cpu/usage/kernel") && json_at(j, "/cpuset/cpu_exclusive") && json_at(j, "/blkio") && json_at(j, "/hugetlb"));
	CHECK(json_at(j, "/intel_rdt") && json_at(j, "/network_interfaces") && json_at(j, "/memory/usage/limit"));
	REQUIRE(json_at(j, "/pids/current"));
	CHECK(json_uint(json_at(j, "/pids/current"), &v) == 0 && v == 1);
	CHECK_INT(cgroup_kill(l.dirs, SIGKILL, 5000, &l.e), 0);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(cgroup_remove(l.dirs, 2000, &l.e), 0);
	CHECK_INT(stats_json(&l.arena, l.dirs, NULL, pid, &t, &l.e), -ENOENT);
}

/* In the cgroup: /dev/zero is allowed, /dev/full is not. */
static int try_devices(struct lab *l)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = -1;
		struct err e;

		alarm(10);
		if (cgroup_enter(l->dirs, NULL, 0, &fd, &e) < 0)
			_exit(90);
		if (fd >= 0) {
			int pidfd, inner = 0;
			pid_t child = sys_clone(0, &pidfd, fd);

			if (child > 0) {
				waitpid(child, &inner, 0);
				_exit(WEXITSTATUS(inner));
			}
		}
		_exit((open("/dev/zero", O_RDONLY) >= 0) | (open("/dev/zero", O_WRONLY) >= 0) << 1 | (open("/dev/full", O_RDONLY) >= 0) << 2);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? WEXITSTATUS(status) : -1;
}

TEST(device_rules_hold_in_the_cgroup)
{
	MADE(l);
	struct rule v[] = { { false, 'a', -1, -1, 7 }, { true, 'c', 1, 5, 1 }, { true, 'c', 1, 7, 7 } };
	const char *v1 = cgroup_v1_dir(l.dirs, "devices");
	struct step s = { .op = STEP_DEVICE_RULES };

	s.device_rules.dir = v1 ? v1 : l.dirs->v[l.dirs->n - 1];
	s.device_rules.v2 = !v1;
	s.device_rules.rules.v = v;
	s.device_rules.rules.n = 2;
	if (op_device_rules(&l.run, &s, &l.slots[2], &l.e) == -EPERM)
		SKIP("may not restrict devices here");
	CHECK_INT(try_devices(&l), 1);
	/* an update replaces the rules; it does not add to them */
	s.device_rules.rules.n = 3;
	CHECK_INT(op_device_rules(&l.run, &s, &l.slots[2], &l.e), 0);
	CHECK_INT(try_devices(&l), 5);
	v[0].allow = true;
	s.device_rules.rules.n = 1;
	CHECK_INT(op_device_rules(&l.run, &s, &l.slots[2], &l.e), 0);
	CHECK_INT(try_devices(&l), 7);
}

TEST(cgroup_enter_goes_below_and_never_out)
{
	MADE(l);
	int fd;

	CHECK_INT(cgroup_enter(l.dirs, "../x", 0, &fd, &l.e), -EINVAL);
	CHECK_HAS(l.e.text, "is not a sub cgroup path");
	CHECK_INT(cgroup_enter(l.dirs, "cpu:a/../../x", 0, &fd, &l.e), -EINVAL);
	CHECK(cgroup_enter(l.dirs, "not-there", 0, &fd, &l.e) < 0);
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
