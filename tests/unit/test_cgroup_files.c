/* The cgroup code's pure parts: numbers, keys, words, which directory is whose, and what an update has to put back. */
#include "apply/cgroup_dir.h"
#include "apply/update.h"
#include "tests/unit/test.h"

TEST(cgroup_numbers_and_keys)
{
	static const char text[] = "low 0\nhigh 12\noom 3\noom_kill 18446744073709551615\n";
	const char *end;
	bool found;

	CHECK_INT(cgroup_number("  42 rest", &end), 42);
	CHECK_STR(end, " rest");
	CHECK(cgroup_number("99999999999999999999999", NULL) == UINT64_MAX);
	CHECK_INT(cgroup_number("x", NULL), 0);
	CHECK_INT(cgroup_key(text, "oom", NULL), 3);
	CHECK(cgroup_key(text, "oom_kill", NULL) == UINT64_MAX);
	CHECK_INT(cgroup_key(text, "high", &found), 12);
	CHECK(found);
	CHECK_INT(cgroup_key(text, "igh", &found), 0);
	CHECK(!found);
}

TEST(cgroup_words)
{
	CHECK(cgroup_word("cpu,cpuacct", "cpuacct", 7));
	CHECK(!cgroup_word("cpu,cpuacct", "cpuac", 5));
	CHECK(cgroup_word("cpuset cpu io\n", "io", 2));
	CHECK(!cgroup_word("", "io", 2));
}

TEST(cgroup_v1_dir_is_the_hierarchy_not_a_name_in_the_path)
{
	char *v[] = { "/sys/fs/cgroup/memory/freezer/x", "/sys/fs/cgroup/cpu,cpuacct/freezer/x", "/sys/fs/cgroup/freezer/freezer/x",
		      "/sys/fs/cgroup/unified/freezer/x" };
	struct strs dirs = { v, 4 };

	CHECK_STR(cgroup_v1_dir(&dirs, "freezer"), v[2]);
	CHECK_STR(cgroup_v1_dir(&dirs, "cpuacct"), v[1]);
	CHECK_STR(cgroup_v1_dir(&dirs, "cpu"), v[1]);
	CHECK_STR(cgroup_v1_dir(&dirs, "pids"), NULL);
}

TEST(update_puts_back_only_what_it_wrote)
{
	struct arena a = { .budget = 0 };

	CHECK_STR(update_former(&a, "max", "100"), "max");
	CHECK_STR(update_former(&a, "max 100000", "5000 10000"), "max 100000");
	CHECK_STR(update_former(&a, "8:0 rbps=1 wbps=max\n8:16 rbps=2 wbps=max", "8:16 rbps=9"), "8:16 rbps=2 wbps=max");
	CHECK_STR(update_former(&a, "8:0 rbps=1", "8:16 rbps=9"), NULL);
	CHECK_STR(update_former(&a, "oom_kill_disable 0\nunder_oom 0\noom_kill 0", "1"), "0");
	CHECK_STR(update_former(&a, "", "1"), NULL);
	arena_drop(&a);
}
