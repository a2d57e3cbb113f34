/* One kernel setting per operation, tried on a child or in namespaces of its own. */
#include "apply/ops.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/utsname.h>

static struct arena arena;
static struct plan plan;
static struct run run = { .arena = &arena, .plan = &plan, .proc = -1 };
static struct step step;
static struct slot slot;
static struct err err;

static bool open_proc(void)
{
	memset(&err, 0, sizeof err);
	if (run.proc < 0)
		run.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return run.proc >= 0;
}

static int read_number(const char *file)
{
	char text[64];

	return sys_read_file(AT_FDCWD, file, text, sizeof text) < 0 ? -99999 : atoi(text);
}

static void own_score(void)
{
	step = (struct step){ .op = STEP_OOM_SCORE, .stage = STAGE_INSIDE, .oom_score = 321 };
	ENSURE(op_oom_score(&run, &step, &slot, &err) == 0);
	ENSURE(read_number("/proc/self/oom_score_adj") == 321);
	step.oom_score = 1001;
	ENSURE(op_oom_score(&run, &step, &slot, &err) == -EINVAL);
	ENSURE(strstr(err.text, "-1000 to 1000"));
}

TEST(oom_score_of_init)
{
	REQUIRE(open_proc());
	CHECK_INT(in_child(own_score), 0);
}

TEST(oom_score_of_a_process_outside)
{
	char file[48];
	int status;

	REQUIRE(open_proc());
	run.pid = fork();
	if (run.pid == 0) {
		alarm(20);
		pause();
		_exit(0);
	}
	step = (struct step){ .op = STEP_OOM_SCORE, .stage = STAGE_OUTSIDE, .oom_score = 456 };
	CHECK_INT(op_oom_score(&run, &step, &slot, &err), 0);
	snprintf(file, sizeof file, "/proc/%d/oom_score_adj", run.pid);
	CHECK_INT(read_number(file), 456);
	kill(run.pid, SIGKILL);
	waitpid(run.pid, &status, 0);
}

static void limits(void)
{
	struct rlimit now;

	step = (struct step){ .op = STEP_RLIMIT, .stage = STAGE_INSIDE, .rlimit = { RLIMIT_NOFILE, 99, 100 } };
	ENSURE(op_rlimit(&run, &step, &slot, &err) == 0);
	ENSURE(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 99 && now.rlim_max == 100);
	step.rlimit.soft = 101;
	ENSURE(op_rlimit(&run, &step, &slot, &err) == -EINVAL);
	ENSURE(strstr(err.text, "RLIMIT_NOFILE") && strstr(err.text, "soft limit 101"));
	if (geteuid() == 0)
		ENSURE(sys_setresuid(65534, 65534, 65534) == 0);
	step.rlimit.hard = 5000;
	ENSURE(op_rlimit(&run, &step, &slot, &err) == -EPERM);
	ENSURE(strstr(err.text, "CAP_SYS_RESOURCE"));
}

TEST(resource_limits)
{
	CHECK_INT(in_child(limits), 0);
}

static void keyring(void)
{
	char before[256] = "", after[256] = "";
	long n = sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)KEY_SPEC_SESSION_KEYRING, (unsigned long)before, sizeof before - 1);
	int r;

	step = (struct step){ .op = STEP_KEYRING, .keyring = "_ses.wasirun-unit-test" };
	r = op_keyring(&run, &step, &slot, &err);
	if (n == -ENOSYS || n == -EPERM)
		_exit(CHILD_SKIPPED);
	if (r < 0)
		dprintf(1, "# %s\n", err.text);
	ENSURE(r == 0);
	ENSURE(sys_keyctl(KEYCTL_DESCRIBE, (unsigned long)KEY_SPEC_SESSION_KEYRING, (unsigned long)after, sizeof after - 1) > 0);
	ENSURE(strstr(after, ";_ses.wasirun-unit-test"));
	ENSURE(strtoul(strchr(strchr(strchr(after, ';') + 1, ';') + 1, ';') + 1, NULL, 16) & 0x80000);
}

TEST(session_keyring)
{
	int r = in_child(keyring);

	if (r == CHILD_SKIPPED)
		SKIP("a kernel that lets us use keyctl(2)");
	CHECK_INT(r, 0);
}

static int sysctl(const char *key, const char *value)
{
	step = (struct step){ .op = STEP_SYSCTL, .sysctl = { key, value } };
	memset(&err, 0, sizeof err);
	return op_sysctl(&run, &step, &slot, &err);
}

TEST(sysctl_names_cannot_lead_elsewhere)
{
	static const char *const bad[] = { "", ".", "..", "net..ipv4", "net/../kernel/core_pattern", "kernel.", ".kernel", "/kernel/x",
					   "net.ipv4.//", "a//b", "a/./b", "a/.." };
	size_t i;

	REQUIRE(open_proc());
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		CHECK_INT(sysctl(bad[i], "1"), -EINVAL);
		CHECK_HAS(err.text, "not a name");
	}
	CHECK_INT(sysctl("net.no_such_thing", "1"), -ENOENT);
	CHECK_HAS(err.text, "sysctl net.no_such_thing");
}

static void use_sysctl(void)
{
	int r;

	if (unshare(CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		_exit(CHILD_SKIPPED);
	r = sysctl("kernel.msgmax", "4321");
	if (r == -EROFS || r == -EXDEV)
		_exit(CHILD_SKIPPED);
	ENSURE(r == 0);
	ENSURE(read_number("/proc/sys/kernel/msgmax") == 4321);
	ENSURE(sysctl("kernel/msgmax", "4322") == 0);
	ENSURE(read_number("/proc/sys/kernel/msgmax") == 4322);
	ENSURE(sysctl("kernel.msgmax", "nonsense") == -EINVAL);
	ENSURE(strstr(err.text, "kernel.msgmax = nonsense"));
}

TEST(sysctls_of_the_container)
{
	int r;

	REQUIRE(open_proc());
	r = in_child(use_sysctl);
	if (r == CHILD_SKIPPED)
		SKIP("root and a writable /proc/sys");
	CHECK_INT(r, 0);
}

static void names(void)
{
	struct utsname u;
	char too_long[80];

	if (unshare(CLONE_NEWUTS) < 0)
		_exit(CHILD_SKIPPED);
	step = (struct step){ .op = STEP_HOSTNAME, .name = "box" };
	ENSURE(op_hostname(&run, &step, &slot, &err) == 0);
	step.name = "example.org";
	ENSURE(op_domainname(&run, &step, &slot, &err) == 0);
	ENSURE(uname(&u) == 0 && !strcmp(u.nodename, "box") && !strcmp(u.domainname, "example.org"));
	memset(too_long, 'x', sizeof too_long);
	too_long[79] = 0;
	step.name = too_long;
	ENSURE(op_hostname(&run, &step, &slot, &err) == -EINVAL);
}

TEST(host_and_domain_name)
{
	int r = in_child(names);

	if (r == CHILD_SKIPPED)
		SKIP("root");
	CHECK_INT(r, 0);
}

static void linux32(void)
{
	step = (struct step){ .op = STEP_PERSONALITY, .personality = PER_LINUX32 };
	ENSURE(op_personality(&run, &step, &slot, &err) == 0);
	ENSURE(personality(0xffffffff) == PER_LINUX32);
}

TEST(personality_is_set)
{
	CHECK_INT(in_child(linux32), 0);
}

/* Rule R15: a label that cannot be had is an error. */
static void labels(void)
{
	step = (struct step){ .op = STEP_LSM_LABEL, .lsm = { .apparmor = "wasirun-no-such-profile" } };
	ENSURE(op_lsm_label(&run, &step, &slot, &err) < 0);
	ENSURE(strstr(err.text, "wasirun-no-such-profile"));
	step.lsm = (struct step_lsm_label){ .selinux = "a:b:c:d:e:f" };
	ENSURE(op_lsm_label(&run, &step, &slot, &err) < 0);
	ENSURE(strstr(err.text, "a:b:c:d:e:f"));
	step.lsm = (struct step_lsm_label){ .selinux = "", .apparmor = NULL };
	ENSURE(op_lsm_label(&run, &step, &slot, &err) == 0);
}

TEST(labels_that_cannot_be_had_are_errors)
{
	REQUIRE(open_proc());
	CHECK_INT(in_child(labels), 0);
}
