/* interrupt.c - a signal or the end of a process as one descriptor.
 * Must not lose a signal: those that came are told, and none is delivered twice. */
#include "apply/interrupt.h"
#include "sys/sys.h"
#include <sys/epoll.h>
#include <sys/signalfd.h>

static int open_both(struct interrupt *i, const sigset_t *set, int pidfd)
{
	i->signals = TRY(sys_signalfd(set));
	i->any = TRY(sys_epoll());
	TRY(sys_epoll_add(i->any, i->signals, EPOLLIN, 0));
	return pidfd >= 0 ? sys_epoll_add(i->any, pidfd, EPOLLIN, 1) : 0;
}

int interrupt_begin(struct interrupt *i, int pidfd, struct err *e)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;
	size_t k;
	int r;

	i->any = i->signals = -1;
	sigemptyset(&set);
	for (k = 0; k < sizeof ending / sizeof *ending; k++)
		sigaddset(&set, ending[k]);
	r = sys_sigprocmask(SIG_BLOCK, &set, &i->old);
	if (r < 0)
		return fail_sys(e, r, "sigprocmask");
	r = open_both(i, &set, pidfd);
	if (r < 0)
		(void)interrupt_end(i);
	return r < 0 ? fail_sys(e, r, "cannot wait for signals") : 0;
}

int interrupt_end(struct interrupt *i)
{
	struct signalfd_siginfo s;
	int sig = 0;

	if (i->signals >= 0 && sys_read(i->signals, &s, sizeof s) == (ssize_t)sizeof s)
		sig = (int)s.ssi_signo;
	fd_close(&i->any);
	fd_close(&i->signals);
	(void)!sys_sigprocmask(SIG_SETMASK, &i->old, NULL);
	return sig;
}
