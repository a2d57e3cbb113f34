/* Lists of CPUs and memory nodes, and what the operations that take them refuse before anything is made. */
#include "apply/ops.h"
#include "base/idlist.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>

#define MAX 200

static unsigned long mask[IDLIST_WORDS(MAX)];

static const char *bits(void)
{
	static char s[MAX + 1];
	size_t i;

	for (i = 0; i < MAX; i++)
		s[i] = mask[i / IDLIST_WORD] >> i % IDLIST_WORD & 1 ? '1' : '0';
	while (i && s[i - 1] == '0')
		i--;
	s[i] = 0;
	return s;
}

TEST(lists_are_parsed)
{
	CHECK_INT(idlist_parse("0", mask, MAX), 1);
	CHECK_STR(bits(), "1");
	CHECK_INT(idlist_parse("0-3,7", mask, MAX), 5);
	CHECK_STR(bits(), "11110001");
	CHECK_INT(idlist_parse("7,0-3,2", mask, MAX), 5);
	CHECK_STR(bits(), "11110001");
	CHECK_INT(idlist_parse(" 1 - 2 , 4\n", mask, MAX), 3);
	CHECK_STR(bits(), "01101");
	CHECK_INT(idlist_parse("", mask, MAX), 0);
	CHECK_STR(bits(), "");
	CHECK_INT(idlist_parse("0-199", mask, MAX), 200);
	CHECK_INT(idlist_parse("63-64", mask, MAX), 2);
	CHECK(mask[0] == 1UL << 63 && mask[1] == 1);
	CHECK_INT(idlist_parse("5,", mask, MAX), 1); /* as the kernel */
}

TEST(what_is_not_a_list_is_refused)
{
	static const char *const bad[] = { ",1", "1,,2", "-1", "1-", "3-1", "a", "1a", "1 2", "0x1", "1-2-3", "+1", "1;2", "--" };
	static const char *const large[] = { "200", "0-200", "99999999999999999999", "0-9876543210", "18446744073709551616" };
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(idlist_parse(bad[i], mask, MAX), -EINVAL);
	for (i = 0; i < sizeof large / sizeof *large; i++)
		CHECK_INT(idlist_parse(large[i], mask, MAX), -ERANGE);
}

static struct arena arena;
static struct plan plan;
static struct run run = { .arena = &arena, .plan = &plan };
static struct step step;
static struct slot slot;
static struct err err;

static int memory_policy(int mode, const char *nodes)
{
	step = (struct step){ .op = STEP_MEMORY_POLICY, .memory_policy = { mode, nodes } };
	memset(&err, 0, sizeof err);
	return op_memory_policy_prepare(&run, &step, &slot, &err);
}

TEST(memory_policies_that_make_no_sense_are_refused)
{
	CHECK_INT(memory_policy(MPOL_DEFAULT, "0-7"), -EINVAL);
	CHECK_HAS(err.text, "mode requires 0 nodes but got 8");
	CHECK_INT(memory_policy(MPOL_BIND, "0-9876543210"), -EINVAL);
	CHECK_HAS(err.text, "invalid memory policy node");
	CHECK_INT(memory_policy(MPOL_BIND, "x"), -EINVAL);
	CHECK_INT(memory_policy(MPOL_DEFAULT, NULL), 0);
	CHECK_INT(memory_policy(MPOL_BIND | MPOL_F_STATIC_NODES, "0"), 0);
	arena_drop(&arena);
}

static void bind_memory(void)
{
	char line[4096];
	int ret = op_memory_policy(&run, &step, &slot, &err);

	if (ret == -ENOSYS)
		_exit(CHILD_SKIPPED);
	ENSURE(ret == 0);
	if (sys_read_file(AT_FDCWD, "/proc/self/numa_maps", line, sizeof line) > 0)
		ENSURE(strstr(line, "bind=static:0"));
}

TEST(memory_is_bound)
{
	int r;

	REQUIRE(memory_policy(MPOL_BIND | MPOL_F_STATIC_NODES, "0") == 0);
	r = in_child(bind_memory);
	arena_drop(&arena);
	if (r == CHILD_SKIPPED)
		SKIP("a kernel with CONFIG_NUMA");
	CHECK_INT(r, 0);
}

static int affinity(const char *initial, const char *final)
{
	step = (struct step){ .op = STEP_CPU_AFFINITY, .cpu_affinity = { initial, final } };
	memset(&err, 0, sizeof err);
	return op_cpu_affinity_prepare(&run, &step, &slot, &err);
}

TEST(cpu_lists_that_make_no_sense_are_refused)
{
	CHECK_INT(affinity("0-", NULL), -EINVAL);
	CHECK_HAS(err.text, "initial CPU affinity");
	CHECK_INT(affinity(NULL, "99999"), -EINVAL);
	CHECK_HAS(err.text, "final CPU affinity");
	CHECK_INT(affinity(NULL, NULL), 0);
	CHECK_INT(affinity("", ""), 0);
	arena_drop(&arena);
}

static void run_on_first(void)
{
	cpu_set_t now;

	ENSURE(affinity("0", NULL) == 0);
	ENSURE(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_COUNT(&now) == 1 && CPU_ISSET(0, &now));
	ENSURE(op_cpu_affinity(&run, &step, &slot, &err) == 0); /* no final list: back to all that there are */
	ENSURE(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_COUNT(&now) > 1);
	ENSURE(affinity(NULL, "0") == 0 && op_cpu_affinity(&run, &step, &slot, &err) == 0);
	ENSURE(sched_getaffinity(0, sizeof now, &now) == 0 && CPU_COUNT(&now) == 1 && CPU_ISSET(0, &now));
}

TEST(cpus_are_set_and_reset)
{
	cpu_set_t now;

	if (sched_getaffinity(0, sizeof now, &now) < 0 || !CPU_ISSET(0, &now) || CPU_COUNT(&now) < 2)
		SKIP("two CPUs, one of them CPU 0");
	CHECK_INT(in_child(run_on_first), 0);
	arena_drop(&arena);
}

static void be_idle(void)
{
	step = (struct step){ .op = STEP_SCHEDULER, .scheduler = { .policy = SCHED_BATCH, .nice = 5 } };
	ENSURE(op_scheduler(&run, &step, &slot, &err) == 0);
	ENSURE(sched_getscheduler(0) == SCHED_BATCH);
	step = (struct step){ .op = STEP_IO_PRIORITY, .io_priority = { .class = 2, .priority = 6 } };
	ENSURE(op_io_priority(&run, &step, &slot, &err) == 0);
	step.io_priority.priority = 8;
	ENSURE(op_io_priority(&run, &step, &slot, &err) == -EINVAL);
}

TEST(scheduler_and_io_priority_are_set)
{
	CHECK_INT(in_child(be_idle), 0);
}
