/* What a cgroup is for, on the machine's own hierarchies: limits, device rules, out of memory, statistics. Needs root and leaves
 * nothing behind. */
#include "apply/oom.h"
#include "apply/stats.h"
#include "apply/update.h"
#include "oci/json.h"
#include "tests/unit/lab.h"
#include <sys/mman.h>

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
	CHECK_HAS(l.e.text, "rejecting memory limit 5");
	s.limit.against = "76";
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), -EBUSY);
	CHECK_HAS(l.e.text, "rejecting memory+swap limit 76");
	s.limit.against = "77";
	CHECK_INT(op_limit(&l.run, &s, &l.slots[2], &l.e), 0);
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
		_exit((open("/dev/zero", O_RDONLY) >= 0) | (open("/dev/zero", O_WRONLY) >= 0) << 1 |
		      (open("/dev/full", O_RDONLY) >= 0) << 2);
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
