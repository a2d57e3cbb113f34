/* child.c - a program of the caller's own, as a shell would run it.
 * Must not change anything of the terminal, and must not let it inherit a descriptor of ours. */
#include "apply/child.h"
#include "sys/sys.h"
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=") + 1;

	return strncmp(a, b, n) == 0;
}

char **child_environment(struct arena *a, const struct strs *vars)
{
	size_t i, k, n = 0, all;
	char **env;

	for (all = 0; environ[all]; all++)
		;
	env = arena_array(a, all + vars->n + 1, sizeof *env);
	for (i = 0; i < all; i++) {
		for (k = 0; k < vars->n && !same_name(vars->v[k], environ[i]); k++)
			;
		if (k == vars->n)
			env[n++] = environ[i];
	}
	for (k = 0; k < vars->n; k++)
		env[n++] = vars->v[k];
	return env;
}

static const char *variable(char *const env[], const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* As execvpe(3): the first in PATH that can be run, and the most telling of the errors. */
static int execute(char *const argv[], char *const env[])
{
	const char *path = variable(env, "PATH");
	size_t n, name = strlen(argv[0]) + 1;
	int r, worst = -ENOENT;
	char file[4096];

	if (strchr(argv[0], '/'))
		return sys_execve(argv[0], argv, env);
	for (path = path && *path ? path : DEFAULT_PATH; *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		if (n + 1 + name > sizeof file)
			continue;
		memcpy(file, path, n);
		file[n] = '/';
		memcpy(n ? file + n + 1 : file, argv[0], name); /* an empty entry is the current directory */
		r = sys_execve(file, argv, env);
		if (r != -ENOENT && r != -ENOTDIR)
			worst = r;
	}
	return worst;
}

static int cannot(const char *name, int r, struct err *e)
{
	return r == -ENOENT ? fail(e, ENOENT, "%.200s: command not found", name) : fail_sys(e, r, "%.200s", name);
}

int child_become(char *const argv[], char *const env[], struct err *e)
{
	return cannot(argv[0], execute(argv, env), e);
}

void child_die_with_caller(void)
{
	struct sigaction hup;

	if (sys_sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN)
		(void)!sys_prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

static _Noreturn void child(char *const argv[], char *const env[], const sigset_t *mask, pid_t parent, int report)
{
	int r;

	(void)!sys_prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		sys_exit(143); /* it was faster than us */
	(void)!sys_sigprocmask(SIG_SETMASK, mask, NULL);
	r = execute(argv, env);
	(void)!sys_write(report, &r, sizeof r);
	sys_exit(r == -ENOENT ? 127 : 126);
}

/* Not blocked: what the kernel sends for an error of our own. */
static void all_signals(sigset_t *set)
{
	static const int ours[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };
	size_t i;

	sigfillset(set);
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		sigdelset(set, ours[i]);
}

static void pass_on(int signals, int pidfd)
{
	struct signalfd_siginfo s;

	while (sys_read(signals, &s, sizeof s) == (ssize_t)sizeof s) {
		bool terminal = s.ssi_code == SI_KERNEL && (s.ssi_signo == SIGINT || s.ssi_signo == SIGQUIT || s.ssi_signo == SIGTSTP ||
							    s.ssi_signo == SIGHUP || s.ssi_signo == SIGWINCH);

		if (s.ssi_signo != SIGCHLD && s.ssi_signo != SIGPIPE && !terminal)
			(void)!sys_pidfd_signal(pidfd, (int)s.ssi_signo);
	}
}

/* True: it has ended. A stop is one for both of us, or the shell would wait for ever. */
static bool reap(pid_t pid, int pidfd, int *status)
{
	pid_t got = sys_waitpid(pid, status, WNOHANG | WUNTRACED);

	if (got != pid)
		return got < 0;
	if (!WIFSTOPPED(*status))
		return true;
	(void)!sys_kill(getpid(), SIGSTOP);
	(void)!sys_pidfd_signal(pidfd, SIGCONT);
	return false;
}

static int wait_for(pid_t pid, int pidfd, int signals, int *status, struct err *e)
{
	struct pollfd p[] = { { .fd = signals, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	int r;

	while (!reap(pid, pidfd, status)) {
		r = sys_poll(p, 2, -1);
		if (r < 0)
			return fail_sys(e, r, "poll");
		if (p[0].revents)
			pass_on(signals, pidfd);
	}
	return 0;
}

static int start(char *const argv[], char *const env[], const sigset_t *old, int *pidfd, int *failed, struct err *e)
{
	int ends[2], r = sys_pipe(ends);
	pid_t own = getpid(), pid;

	if (r < 0)
		return fail_sys(e, r, "pipe");
	AUTO_FD int in = ends[0];
	AUTO_FD int out = ends[1];
	pid = sys_clone(0, pidfd, -1);
	if (pid == 0)
		child(argv, env, old, own, out);
	if (pid < 0)
		return fail_sys(e, pid, "cannot fork for %.200s", argv[0]);
	fd_close(&out);
	*failed = 0;
	if (sys_read(in, failed, sizeof *failed) != (ssize_t)sizeof *failed)
		*failed = 0; /* closed by a successful exec */
	return pid;
}

int child_run(char *const argv[], char *const env[], int *code, struct err *e)
{
	sigset_t set, old;
	int status = 0, failed, pid, r;
	AUTO_FD int pidfd = -1;
	AUTO_FD int signals = -1;

	all_signals(&set);
	r = sys_sigprocmask(SIG_BLOCK, &set, &old);
	if (r < 0)
		return fail_sys(e, r, "sigprocmask");
	signals = sys_signalfd(&set);
	r = signals < 0 ? fail_sys(e, signals, "signalfd") : start(argv, env, &old, &pidfd, &failed, e);
	if (r > 0) {
		pid = r;
		r = wait_for(pid, pidfd, signals, &status, e);
	}
	fd_close(&signals);
	(void)!sys_sigprocmask(SIG_SETMASK, &old, NULL);
	TRY(r);
	*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (failed)
		(void)!cannot(argv[0], failed, e);
	return 0;
}
