/* keeper.c - a process that outlives us for one purpose.
 * Must not hold anything of the caller's: neither its terminal nor its directory, nor a pipe that somebody waits for the end of. */
#include "apply/keeper.h"
#include "apply/executor.h"
#include "sys/sys.h"
#include <malloc.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <time.h>

#define PIPE_FD 3
#define LONGEST 600 /* seconds without a look at the clock: it may be set */
#define RELEASED 'r'
#define LEFT 'l'

static void default_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		(void)!sys_signal_default(sig); /* SIGKILL and SIGSTOP: EINVAL */
	sigemptyset(&none);
	(void)!sys_sigprocmask(SIG_SETMASK, &none, NULL);
}

static int become(int end)
{
	int null = TRY(sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0)), i;

	for (i = 0; i < 3; i++)
		TRY(sys_dup3(null, i, 0));
	if (end != PIPE_FD)
		TRY(sys_dup3(end, PIPE_FD, O_CLOEXEC));
	TRY(sys_close_range(PIPE_FD + 1, ~0U, 0));
	TRY(sys_prctl(PR_SET_NAME, (unsigned long)"wasirun-keeper", 0, 0, 0));
	return sys_chdir("/");
}

int keeper_fork(struct keeper *k, struct err *e)
{
	int ends[2], status, pidfd = -1, r = sys_pipe(ends);
	pid_t pid;

	k->caller = -1;
	if (r < 0)
		return fail_sys(e, r, "pipe");
	AUTO_FD int theirs = ends[0];
	AUTO_FD int ours = ends[1];
	pid = sys_clone(0, &pidfd, -1);
	if (pid < 0)
		return fail_sys(e, pid, "cannot make a keeper");
	if (pid == 0) { /* the one in between: nobody has to wait for the keeper */
		if (sys_setsid() < 0)
			sys_exit(1);
		pid = sys_clone(0, &pidfd, -1);
		if (pid != 0)
			sys_exit(pid < 0);
		default_signals();
		if (become(theirs) < 0)
			sys_exit(1);
		theirs = ours = -1;
		k->caller = PIPE_FD;
		return 1;
	}
	fd_close(&pidfd);
	pid = sys_waitpid(pid, &status, 0);
	if (pid < 0 || status != 0)
		return fail(e, EAGAIN, "cannot make a keeper");
	k->caller = take_fd(&ours);
	return 0;
}

static void say(struct keeper *k, char word)
{
	if (k->caller >= 0)
		(void)!sys_write(k->caller, &word, 1);
	fd_close(&k->caller);
}

void keeper_release(struct keeper *k)
{
	say(k, RELEASED);
}

void keeper_leave(struct keeper *k)
{
	say(k, LEFT);
}

static int patience(int64_t until)
{
	int64_t left = until - (int64_t)time(NULL);

	if (!until)
		return -1;
	return left <= 0 ? 0 : (int)(left < LONGEST ? left : LONGEST) * 1000;
}

/* False: go on waiting. */
static bool heard(struct keeper *k, enum keeper_event *event)
{
	char word = 0;

	*event = KEEPER_CALLER_GONE;
	if (sys_read(k->caller, &word, 1) == 1) {
		if (word == LEFT) {
			fd_close(&k->caller);
			return false;
		}
		*event = KEEPER_RELEASED;
	}
	fd_close(&k->caller);
	return true;
}

/* It may wait for hours: what the command had in memory goes, and the code comes back when it is used. */
static void make_light(void)
{
	(void)malloc_trim(0);
	shed_code();
}

enum keeper_event keeper_wait(struct keeper *k, int64_t until, const char *watch)
{
	enum keeper_event event;
	char buf[1024];

	AUTO_FD int changes = watch ? sys_inotify() : -1;
	if (changes >= 0 && sys_inotify_add(changes, watch, IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF) < 0)
		return KEEPER_CHANGED;
	make_light();
	for (;;) {
		struct pollfd p[] = { { .fd = k->caller, .events = POLLIN }, { .fd = changes, .events = POLLIN } };
		int ms = patience(until);

		if (ms == 0)
			return KEEPER_TIME;
		if (k->caller < 0 && changes < 0 && ms < 0)
			return KEEPER_RELEASED; /* there is nothing to wait for */
		if (sys_poll(p, 2, ms) < 0)
			sys_sleep_us(1000000);
		if (p[0].revents && heard(k, &event))
			return event;
		if (p[1].revents && sys_read(changes, buf, sizeof buf) > 0)
			return KEEPER_CHANGED;
	}
}

bool keeper_alone(const char *lock_file)
{
	/* kept open on purpose: the lock is this process's for as long as it lives */
	int fd = sys_open(AT_FDCWD, lock_file, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);

	return fd >= 0 && sys_flock(fd, LOCK_EX | LOCK_NB) == 0;
}

_Noreturn void keeper_end(const char *lock_file)
{
	if (lock_file)
		(void)!sys_unlink(AT_FDCWD, lock_file);
	sys_exit(0);
}
