/* Seccomp programs in the kernel: loaded in a child, with and without an agent (config-linux.md "The Container Process State"). */
#include "apply/ops.h"
#include "apply/seccomp.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALLOW SECCOMP_RET_ALLOW
#define ERRNO(x) (SECCOMP_RET_ERRNO | (x))

static struct arena arena;
static struct run run;
static struct slot slot;
static struct step step;
static struct err err;

static void reset(void)
{
	arena_drop(&arena);
	memset(&run, 0, sizeof run);
	memset(&slot, 0, sizeof slot);
	memset(&step, 0, sizeof step);
	memset(&err, 0, sizeof err);
	slot.fd = slot.fd2 = run.cache_dir = run.proc = -1;
	run.arena = &arena;
	step.op = STEP_SECCOMP;
	step.stage = STAGE_START;
	step.seccomp.default_action = ALLOW;
}

static void add_call(uint32_t action, const char *name)
{
	struct seccomp_call *c = arena_push(&arena, &step.seccomp.calls);

	c->action = action;
	*arena_push(&arena, &c->names) = arena_str(&arena, name);
}

static void load(void)
{
	ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (op_seccomp(&run, &step, &slot, &err) < 0) {
		dprintf(1, "# %s\n", err.text);
		_exit(1);
	}
}

static void deny_mkdir(void)
{
	load();
	ENSURE(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
	ENSURE(syscall(SYS_mkdirat, AT_FDCWD, "/nowhere/at/all", 0700) < 0 && errno == EXDEV);
}

TEST(a_loaded_program_decides)
{
	reset();
	add_call(ERRNO(EXDEV), "mkdir");
	add_call(ERRNO(EXDEV), "mkdirat");
	step.seccomp.flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_LOG;
	REQUIRE(op_seccomp_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(deny_mkdir), 0);
}

static void kill_me(void)
{
	load();
	syscall(SYS_mkdirat, AT_FDCWD, "/nowhere/at/all", 0700);
}

TEST(a_loaded_program_kills)
{
	reset();
	add_call(SECCOMP_RET_KILL_PROCESS, "mkdirat");
	REQUIRE(op_seccomp_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(kill_me), 128 + SIGSYS);
}

/* init, not privileged and without no_new_privs */
static void may_not(void)
{
	if (geteuid() == 0) {
		ENSURE(syscall(SYS_setgroups, 0, NULL) == 0);
		ENSURE(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	}
	ENSURE(op_seccomp(&run, &step, &slot, &err) == -EACCES);
	ENSURE(strstr(err.text, "noNewPrivileges"));
}

TEST(loading_without_the_right_is_an_error)
{
	reset();
	add_call(ERRNO(1), "mkdirat");
	REQUIRE(op_seccomp_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(may_not), 0);
}

/* A filter around us that says yes to everything, as engines' profiles with errnoRet 0 can. */
static void is_deceived(void)
{
	struct sock_filter p[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_seccomp },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog prog = { .len = 4, .filter = p };

	ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	ENSURE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
	ENSURE(op_seccomp(&run, &step, &slot, &err) == -EPERM);
}

TEST(a_false_success_is_noticed)
{
	reset();
	add_call(ERRNO(1), "mkdirat");
	REQUIRE(op_seccomp_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(is_deceived), 0);
}

TEST(unknown_flags_are_refused)
{
	reset();
	step.seccomp.flags = 1U << 20;
	CHECK_INT(op_seccomp_prepare(&run, &step, &slot, &err), -EINVAL);
	CHECK(seccomp_flag_supported(SECCOMP_FILTER_FLAG_LOG));
	CHECK(!seccomp_flag_supported(1U << 20));
}

/* --- an agent */

static char socket_path[64];

static int listen_at(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(socket_path, sizeof socket_path, "/tmp/wasirun-test-agent-%d", getpid());
	unlink(socket_path);
	strcpy(a.sun_path, socket_path);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a) < 0 || listen(s, 4) < 0)
		return -1;
	return s;
}

static void use_agent(void)
{
	run.state = (struct state_text){ "{\"ociVersion\":\"1.3.0\",\"id\":\"x\",\"status\":\"", ",\"bundle\":\"/b\"}" };
	run.host_pid = 4711;
	step.seccomp.listener_path = socket_path;
	step.seccomp.listener_metadata = "a\"b";
}

/* What init and the program do: calls that the agent must answer, before and after exec's place. */
static void asks_agent(void)
{
	load();
	ENSURE(syscall(SYS_mkdirat, AT_FDCWD, "/nowhere/at/all", 0700) < 0 && errno == ENOMEDIUM);
	ENSURE(close(0) == 0);
	ENSURE(fcntl(slot.fd, F_GETFD) < 0 && errno == EBADF); /* the connection is closed */
}

/* Answers mkdirat with ENOMEDIUM and lets everything else pass. */
static void answer_all(int listener)
{
	struct seccomp_notif *req = calloc(1, 4096);
	struct seccomp_notif_resp resp;

	while (sys_poll1(listener, POLLIN, 3000) & POLLIN) {
		memset(req, 0, 4096);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, req) < 0)
			break;
		memset(&resp, 0, sizeof resp);
		resp.id = req->id;
		if (req->data.nr == SYS_mkdirat)
			resp.error = -ENOMEDIUM;
		else
			resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0)
			break;
	}
	free(req);
}

static void with_agent(const char *want)
{
	char text[1024] = "";
	int status = -1, listener = -1, s = listen_at(), c;
	pid_t pid;

	REQUIRE(s >= 0);
	REQUIRE(op_seccomp_prepare(&run, &step, &slot, &err) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		close(s);
		asks_agent();
		_exit(0);
	}
	close(slot.fd);
	c = accept(s, NULL, NULL);
	CHECK(sys_poll1(c, POLLIN, 5000) & POLLIN);
	CHECK(sys_recv_fd(c, text, sizeof text - 1, &listener) > 0);
	CHECK_STR(text, want);
	REQUIRE(listener >= 0);
	answer_all(listener);
	CHECK_INT(sys_recv_fd(c, text, sizeof text, &listener), 0); /* one message, then the end */
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	close(listener);
	close(c);
	close(s);
	unlink(socket_path);
}

TEST(the_agent_gets_the_descriptor)
{
	reset();
	use_agent();
	add_call(SECCOMP_RET_USER_NOTIF, "mkdirat");
	with_agent("{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":4711,\"metadata\":\"a\\\"b\","
		   "\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"x\",\"status\":\"creating\",\"pid\":4711,\"bundle\":\"/b\"}}");
}

/* Every call that handing the descriptor over takes waits for the agent itself. */
TEST(handing_over_does_not_wait_for_the_agent)
{
	static const char *const calls[] = { "mkdirat", "close", "close_range", "sendmsg", "sendto", "fcntl", "nanosleep", "futex", "mmap",
					     "clone", "clock_nanosleep", "exit", "exit_group", "prctl", "read" };
	size_t i;

	reset();
	use_agent();
	run.container_pid = 815;
	step.seccomp.listener_metadata = NULL;
	step.seccomp.flags = 1U << 5;
	if (!seccomp_flag_supported(1U << 5))
		SKIP("a kernel with SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	for (i = 0; i < sizeof calls / sizeof *calls; i++)
		add_call(SECCOMP_RET_USER_NOTIF, calls[i]);
	with_agent("{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":4711,\"state\":{\"ociVersion\":\"1.3.0\","
		   "\"id\":\"x\",\"status\":\"running\",\"pid\":815,\"bundle\":\"/b\"}}");
}

TEST(an_agent_that_is_not_there_is_an_error)
{
	reset();
	use_agent();
	add_call(SECCOMP_RET_USER_NOTIF, "mkdirat");
	step.seccomp.listener_path = "/nowhere/agent.sock";
	CHECK(op_seccomp_prepare(&run, &step, &slot, &err) < 0);
	CHECK_HAS(err.text, "failed to connect with seccomp agent");
	fd_close(&slot.fd);
	step.seccomp.listener_path = "";
	CHECK(op_seccomp_prepare(&run, &step, &slot, &err) < 0);
	CHECK_HAS(err.text, "needs listenerPath");
}

TEST(notifications_that_would_stop_us_are_refused)
{
	reset();
	use_agent();
	add_call(SECCOMP_RET_USER_NOTIF, "write");
	CHECK(op_seccomp_prepare(&run, &step, &slot, &err) < 0);
	CHECK_HAS(err.text, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	reset();
	step.seccomp.default_action = SECCOMP_RET_USER_NOTIF;
	CHECK(op_seccomp_prepare(&run, &step, &slot, &err) < 0);
	CHECK_HAS(err.text, "SCMP_ACT_NOTIFY cannot be used as default action");
}

TEST(a_listener_path_without_notify_rules_is_ignored)
{
	reset();
	step.seccomp.listener_path = "/nowhere/agent.sock";
	add_call(ERRNO(1), "mkdirat");
	step.seccomp.flags = 1U << 5; /* says nothing without a listener, and the kernel would refuse it */
	REQUIRE(op_seccomp_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(slot.fd, -1);
}

/* --- whatever the program looks like, the kernel takes it */

static struct program program;
static volatile int *taken;

static void try_program(void)
{
	struct sock_fprog p = { .len = (unsigned short)program.n, .filter = program.v };

	ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	*taken = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) == 0;
	/* at once: under a sanitizer _exit is more than a system call, and its runtime waits for itself where the filter denies one */
	syscall(SYS_exit_group, 0);
}

TEST(the_kernel_takes_programs_of_every_shape)
{
	static const uint32_t archs[] = {
		SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_S390X,
	};
	unsigned shape, nr;

	taken = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(taken != MAP_FAILED);
	for (shape = 0; shape < 24; shape++) {
		struct seccomp_cmp c = { .index = shape % 6, .op = 1 + shape % 7, .a = 0x123456789ULL << shape, .b = shape };

		reset();
		step.seccomp.default_action = shape % 2 ? ERRNO(1) : SECCOMP_RET_KILL_PROCESS;
		step.seccomp.enosys_stub = shape % 3;
		for (nr = 0; nr < shape % 7; nr++)
			*arena_push(&arena, &step.seccomp.archs) = archs[nr % 6];
		add_call(ALLOW, "exit_group");
		for (nr = 0; nr < 450; nr += 1 + shape % 5) {
			char *name = seccomp_syscall_resolve_num_arch(seccomp_arch_native(), (int)nr);

			bool end = name && strncmp(name, "exit", 4) == 0; /* the child wants to */

			add_call(nr % 3 || end ? ALLOW : ERRNO(nr), name ? name : "read");
			if (nr % 4 == 0 && !end)
				*arena_push(&arena, &step.seccomp.calls.v[step.seccomp.calls.n - 1].args) = c;
			free(name);
		}
		if (seccomp_compile(&arena, &step.seccomp, &program, &err) < 0)
			CHECK_STR(err.text, "compiled");
		*taken = 0;
		(void)in_child(try_program); /* how it ends is the program's business */
		CHECK(*taken);
	}
	munmap((void *)(uintptr_t)taken, 4096);
	arena_drop(&arena);
}
