/* The probe's pure half: /proc/self/cgroup as hierarchies, and paths below a mount that shows only a part of one. */
#include "apply/probe_cgroup.h"
#include "tests/unit/test.h"
#include <errno.h>

TEST(probe_reads_proc_self_cgroup)
{
	static const char text[] = "9:name=systemd:/\n4:memory:/a:b/c\n2:cpu,cpuacct:/x\n0::/user.slice/session-1.scope\n";
	struct arena a = { .budget = 0 };
	struct host h = { 0 };
	struct err e = { 0 };

	REQUIRE(probe_parse_cgroups(&a, text, &h, &e) == 0);
	REQUIRE(h.hierarchies.n == 4);
	CHECK_STR(h.hierarchies.v[0].controllers, "name=systemd");
	CHECK_STR(h.hierarchies.v[0].own, "/");
	CHECK_STR(h.hierarchies.v[1].own, "/a:b/c");
	CHECK_STR(h.hierarchies.v[2].controllers, "cpu,cpuacct");
	CHECK_STR(h.hierarchies.v[3].controllers, "");
	CHECK_STR(h.hierarchies.v[3].own, "/user.slice/session-1.scope");
	arena_drop(&a);
}

TEST(probe_refuses_lines_it_cannot_read)
{
	static const char *const bad[] = { "x", "1:memory", "1:memory:", "1:memory:relative", ":" };
	struct arena a = { .budget = 0 };
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct host h = { 0 };
		struct err e = { 0 };

		CHECK_INT(probe_parse_cgroups(&a, bad[i], &h, &e), -EINVAL);
		CHECK_HAS(e.text, "/proc/self/cgroup");
	}
	arena_drop(&a);
}

TEST(probe_own_cgroup_below_a_partial_mount)
{
	struct arena a = { .budget = 0 };

	CHECK_STR(probe_own_below(&a, "/", "/docker/abc"), "/docker/abc");
	CHECK_STR(probe_own_below(&a, "/docker/abc", "/docker/abc"), "/");
	CHECK_STR(probe_own_below(&a, "/docker", "/docker/abc"), "/abc");
	CHECK_STR(probe_own_below(&a, "/dock", "/docker/abc"), "/");
	arena_drop(&a);
}
