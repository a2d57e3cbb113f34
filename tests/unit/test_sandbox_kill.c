/* test_sandbox_kill.c - a sandbox's tree under commands that are killed at every system call, and under many at once. */
#include "sandbox/sandbox.h"
#include "tests/unit/tree.h"
#include <sys/ptrace.h>
#include <sys/wait.h>

/* Runs fn in a child that is killed at its n-th entry into or return from a system call. False: it ended by itself before that. */
static bool killed_at(struct lab *l, int (*fn)(struct lab *), int n)
{
	int status, i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(fn(l) < 0);
	}
	for (i = 0; pid > 0; i++) {
		if (waitpid(pid, &status, 0) != pid || WIFEXITED(status) || WIFSIGNALED(status)) {
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			return false;
		}
		if (i == n)
			break;
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
			break;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == pid && !WIFSIGNALED(status))
		;
	return true;
}

static int create_dev(struct lab *l)
{
	struct sandbox s;
	int r = sandbox_claim(&l->a, &l->p, "dev", &s, &l->e);

	if (r < 0)
		return r;
	fill(&s);
	r = sandbox_save(&s, &l->e);
	sandbox_close(&s);
	return r;
}

static int save_dev(struct lab *l)
{
	struct sandbox s;
	int r = sandbox_open(&l->a, &l->p, "dev", true, &s, &l->e);

	if (r < 0)
		return r;
	s.conf.port = "5999";
	r = sandbox_save(&s, &l->e);
	sandbox_close(&s);
	return r;
}

static int remove_dev(struct lab *l)
{
	struct sandbox s;
	bool damaged;
	int r = sandbox_open_ruins(&l->a, &l->p, "dev", &s, &damaged, &l->e);

	if (r == 0) {
		r = sandbox_remove(&s, &l->e);
		sandbox_close(&s);
	}
	return r;
}

/* Whatever there is: another create either finds a whole one or makes it. */
TEST(sandbox_create_killed_anywhere)
{
	int n, whole = 0, ruins = 0;

	LAB(l);
	for (n = 0; n < 2000 && killed_at(&l, create_dev, n); n++) {
		int r = create_dev(&l);

		if (r == -EEXIST)
			whole++;
		else if (CHECK_INT(r, 0))
			ruins++;
		else
			printf("# call %d: %s\n", n, l.e.text);
		CHECK_INT(remove_dev(&l), 0);
		CHECK(!there(&l, "dev"));
	}
	printf("# killed at %d points: %d left nothing or ruins, %d a sandbox\n", n, ruins, whole);
	CHECK(n > 60 && n < 2000 && ruins > 50);
	CHECK_INT(remove_dev(&l), 0);
}

/* The old one or the new one, whole. */
TEST(sandbox_save_killed_anywhere)
{
	int n, old = 0;

	LAB(l);
	make(&l, "dev");
	for (n = 0; n < 2000 && killed_at(&l, save_dev, n); n++) {
		struct sandbox s;

		if (!CHECK_INT(sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e), 0))
			break;
		CHECK_STR(s.conf.password, "it's \"$x\" \\ `y`\nz");
		if (!strcmp(s.conf.port, "5432"))
			old++;
		else
			CHECK_STR(s.conf.port, "5999");
		sandbox_close(&s);
	}
	printf("# killed at %d points: %d times the old one\n", n, old);
	CHECK(n > 20 && n < 2000 && old > 10);
}

/* Either it is still a sandbox with all that is in it, or the next destroy ends the work. */
TEST(sandbox_remove_killed_anywhere)
{
	int n, whole = 0, ruins = 0;

	LAB(l);
	for (n = 0; n < 2000; n++) {
		struct sandbox s;

		make(&l, "dev");
		CHECK_INT(mkdir(arena_fmt(&l.a, "%s/sb/dev/data/base", l.dir), 0700), 0);
		CHECK_INT(mknod(arena_fmt(&l.a, "%s/sb/dev/data/base/1", l.dir), 0600, 0), 0);
		if (!killed_at(&l, remove_dev, n))
			break;
		if (sandbox_open(&l.a, &l.p, "dev", false, &s, &l.e) == 0) {
			whole++;
			CHECK(there(&l, "dev/data/base/1"));
			sandbox_close(&s);
		}
		if (there(&l, "dev")) {
			ruins++;
			if (!CHECK_INT(remove_dev(&l), 0))
				printf("# call %d: %s\n", n, l.e.text);
		}
		CHECK(!there(&l, "dev"));
	}
	printf("# killed at %d points: %d times whole, %d times something left\n", n, whole, ruins);
	CHECK(n > 60 && n < 2000 && ruins > whole && whole > 10);
}

/* Eight creates of one name at once: one makes it. */
TEST(sandbox_claim_race)
{
	int round;

	LAB(l);
	for (round = 0; round < 30; round++) {
		int i, won = 0, status;
		pid_t pid[8];

		fflush(stdout);
		for (i = 0; i < 8; i++) {
			pid[i] = fork();
			if (pid[i] == 0) {
				int r = create_dev(&l);

				_exit(r == 0 ? 0 : r == -EEXIST ? 1 : 2);
			}
		}
		for (i = 0; i < 8; i++) {
			CHECK(waitpid(pid[i], &status, 0) == pid[i]);
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			won += status == 0;
		}
		CHECK_INT(won, 1);
		CHECK_INT(remove_dev(&l), 0);
	}
}
