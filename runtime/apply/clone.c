/* clone.c - the process that becomes the container.
 *
 * New namespaces come with clone3 itself. Where existing ones have to be entered first, a joiner process does it and then clones init
 * with CLONE_PARENT, so that init is the runtime's child all the same and the runtime never leaves its own namespaces.
 * Must not create a cgroup namespace: clone would root it at the runtime's cgroup, not at the container's (STEP_CGROUP_JOIN does). */
#include "apply/cgroup.h"
#include "apply/executor.h"
#include "apply/wire.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOINS 8

static const struct {
	uint64_t flag;
	const char *name;
} kinds[] = {
	{ CLONE_NEWUSER, "user" }, { CLONE_NEWNS, "mnt" },     { CLONE_NEWPID, "pid" },       { CLONE_NEWNET, "net" },
	{ CLONE_NEWIPC, "ipc" },   { CLONE_NEWUTS, "uts" },    { CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
};

static const char *kind_name(uint64_t flag)
{
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].flag == flag)
			return kinds[i].name;
	return "unknown";
}

/* The namespace files are opened before any is entered: entering the mount namespace changes what paths mean. */
static int open_joins(const struct step_clone *c, int fds[MAX_JOINS], struct err *e)
{
	size_t i;

	for (i = 0; i < c->joins.n && i < MAX_JOINS; i++) {
		fds[i] = sys_open(AT_FDCWD, c->joins.v[i].path, O_RDONLY, 0);
		if (fds[i] < 0)
			return fail_sys(e, fds[i], "cannot open the %s namespace %s", kind_name(c->joins.v[i].flag), c->joins.v[i].path);
	}
	return 0;
}

/* One pass over the joins: those that are not permitted yet stay for the next pass, after the user namespace has been entered.
 * Entering the mount namespace comes last. Returns how many are left. */
static int join_pass(const struct step_clone *c, int fds[MAX_JOINS], bool last_pass, struct err *e)
{
	int left = 0, r;
	size_t i, round;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < c->joins.n && i < MAX_JOINS; i++) {
			uint64_t flag = c->joins.v[i].flag;

			if (fds[i] < 0 || flag == CLONE_NEWUSER || (flag == CLONE_NEWNS) != (round == 1))
				continue;
			r = sys_setns(fds[i], (int)flag);
			if (r == 0)
				fd_close(&fds[i]);
			else if (r == -EPERM && !last_pass)
				left++;
			else
				return fail_sys(e, r, "cannot join the %s namespace %s", kind_name(flag), c->joins.v[i].path);
		}
	}
	return left;
}

/* The cgroup namespace is left to init (run.cgroup_ns): where namespaces are boundaries of delegation (nsdelegate, as systemd mounts
 * it) nobody in it may clone from a cgroup outside of it, which ours is, into the container's. */
static void leave_cgroup_ns(struct run *r, const struct step_clone *c, int fds[MAX_JOINS])
{
	size_t i;

	for (i = 0; i < c->joins.n && i < MAX_JOINS; i++)
		if (c->joins.v[i].flag == CLONE_NEWCGROUP)
			r->cgroup_ns = take_fd(&fds[i]);
}

static int join_paths(struct run *r, const struct step_clone *c, struct err *e)
{
	int fds[MAX_JOINS] = { -1, -1, -1, -1, -1, -1, -1, -1 }, left, ret;
	bool user = false;
	size_t i;

	for (i = 0; i < c->joins.n; i++)
		user |= c->joins.v[i].flag == CLONE_NEWUSER;
	TRY(open_joins(c, fds, e));
	leave_cgroup_ns(r, c, fds);
	left = TRY(join_pass(c, fds, !user, e));
	for (i = 0; i < c->joins.n && i < MAX_JOINS; i++) {
		if (c->joins.v[i].flag != CLONE_NEWUSER)
			continue;
		ret = sys_setns(fds[i], CLONE_NEWUSER);
		if (ret < 0)
			return fail_sys(e, ret, "cannot join the user namespace %s", c->joins.v[i].path);
		fd_close(&fds[i]);
	}
	if (left)
		TRY(join_pass(c, fds, true, e));
	return 0;
}

/* The kinds of namespaces in which the container's init differs from us. */
static int differing(struct run *r, uint64_t *flags, struct err *e)
{
	char path[64];
	size_t i;
	int ret;

	*flags = 0;
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct stat ours, theirs;

		snprintf(path, sizeof path, "self/ns/%s", kinds[i].name);
		if (sys_statat(r->proc, path, &ours, 0) < 0)
			continue; /* a kind of namespace that this kernel does not have */
		snprintf(path, sizeof path, "%d/ns/%s", r->container_pid, kinds[i].name);
		ret = sys_statat(r->proc, path, &theirs, 0);
		if (ret < 0)
			return fail_sys(e, ret, "cannot look at the container's namespaces (has it ended?)");
		if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
			*flags |= kinds[i].flag;
	}
	return 0;
}

/* Without a mount namespace the container only has another root, which no setns brings. */
static int open_its_root(struct run *r, int *root, struct err *e)
{
	char path[64];

	snprintf(path, sizeof path, "%d/root", r->container_pid);
	*root = sys_open(r->proc, path, O_PATH | O_DIRECTORY, 0); /* a magic link of the verified procfs, on purpose */
	return *root < 0 ? fail_sys(e, *root, "cannot open the container's root") : 0;
}

/* exec: all the namespaces in one call (setns on a pidfd, 5.8); but see cgroup_ns. */
static int join_container(struct run *r, struct err *e)
{
	AUTO_FD int root = -1;
	uint64_t flags;
	int ret;

	TRY(differing(r, &flags, e));
	if (!(flags & CLONE_NEWNS))
		TRY(open_its_root(r, &root, e));
	/* its number may be somebody else's by now, and what we looked at then theirs: the host's own namespaces, perhaps */
	if (sys_poll1(r->container_pidfd, POLLIN, 0) != 0)
		return fail(e, ESRCH, "cannot join the container's namespaces: it has ended");
	if (flags & CLONE_NEWCGROUP)
		r->cgroup_ns = r->container_pidfd;
	flags &= ~(uint64_t)CLONE_NEWCGROUP;
	ret = flags ? sys_setns(r->container_pidfd, (int)flags) : 0;
	if (ret == 0 && root >= 0)
		ret = sys_fchdir(root);
	if (ret == 0 && root >= 0)
		ret = sys_chroot(".");
	return ret < 0 ? fail_sys(e, ret, "cannot join the container's namespaces") : 0;
}

static int enter_cgroup(struct run *r, int *cgroup, struct err *e)
{
	if (!r->container_cgroup || !r->container_cgroup->n)
		return 0;
	return cgroup_enter(r->container_cgroup, r->exec_cgroup, r->container_pid, cgroup, e);
}

static int clone_failed(struct err *e, int r, uint64_t flags)
{
	if (r == -EPERM && !(flags & CLONE_NEWUSER))
		return fail_sys(e, r, "cannot make the container's namespaces (an ordinary user needs {\"type\": \"user\"} among them)");
	if (r == -ENOMEM && !(flags & CLONE_NEWPID))
		return fail(e, ESRCH, "cannot make a process: the pid namespace has lost its init (the container has ended)");
	if (r == -ENOSPC)
		return fail_sys(e, r, "cannot make the container's namespaces: /proc/sys/user/max_*_namespaces is reached");
	if (r == -EAGAIN)
		return fail_sys(e, r, "cannot fork: the limit of processes is reached");
	return fail_sys(e, r, "cannot make the container's first process");
}

static _Noreturn void become_init(struct run *r, int init_end)
{
	struct err why, lost;
	int ret;

	r->wire = init_end;
	ret = r->cgroup_ns >= 0 ? sys_setns(r->cgroup_ns, CLONE_NEWCGROUP) : 0;
	if (ret == 0)
		init_main(r);
	(void)!fail_sys(&why, ret, "cannot join the cgroup namespace");
	(void)!wire_send(r->wire, WIRE_FAIL, 0, &why, -1, &lost);
	_exit(1);
}

/* What the runtime's caller has in its environment is none of the container's business, but for an instant a process that may trace
 * could read it in /proc/PID/environ of the init that joins it (R27). Nothing looks at it from here on. */
static void forget_environment(void)
{
	char **v;

	for (v = environ; v && *v; v++)
		memset(*v, 0, strlen(*v));
}

/* In the joiner. Answers over its own socket, since init may already be speaking over the wire. */
static int join_and_clone(struct run *r, const struct step_clone *c, int init_end, int answer, int cgroup, struct err *e)
{
	AUTO_FD int own_cgroup = -1;
	int pidfd = -1, ret;
	pid_t pid;

	/* from here on processes of the containers that we join can see us: they must not look inside (R27) */
	ret = sys_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (ret < 0)
		return fail_sys(e, ret, "prctl(PR_SET_DUMPABLE)");
	forget_environment();
	if (c->join_container) {
		TRY(enter_cgroup(r, &own_cgroup, e));
		TRY(join_container(r, e));
	} else {
		TRY(join_paths(r, c, e));
	}
	pid = sys_clone(c->flags | CLONE_PARENT, &pidfd, own_cgroup >= 0 ? own_cgroup : cgroup);
	if (pid == 0)
		become_init(r, init_end);
	if (pid < 0)
		return clone_failed(e, pid, c->flags);
	ret = wire_send(answer, WIRE_CHILD, pid, NULL, pidfd, e);
	if (ret < 0)
		(void)!sys_pidfd_signal(pidfd, SIGKILL);
	return ret;
}

static _Noreturn void joiner_main(struct run *r, const struct step_clone *c, int init_end, int answer, int cgroup)
{
	struct err why, lost;

	if (join_and_clone(r, c, init_end, answer, cgroup, &why) == 0)
		_exit(0);
	(void)!wire_send(answer, WIRE_FAIL, 0, &why, -1, &lost);
	_exit(1);
}

static int clone_through_joiner(struct run *r, const struct step_clone *c, int init_end, int cgroup, struct err *e)
{
	struct wire_msg m;
	int ends[2], joiner_fd = -1, ret;
	pid_t joiner;

	ret = sys_socketpair(SOCK_SEQPACKET, ends);
	if (ret < 0)
		return fail_sys(e, ret, "socketpair");
	AUTO_FD int ours = ends[0];
	AUTO_FD int theirs = ends[1];
	joiner = sys_clone(0, &joiner_fd, -1);
	if (joiner == 0)
		joiner_main(r, c, init_end, theirs, cgroup);
	if (joiner < 0)
		return clone_failed(e, joiner, CLONE_NEWUSER);
	AUTO_FD int pidfd = joiner_fd;
	fd_close(&theirs);
	ret = wire_expect(ours, WIRE_CHILD, &m, &r->pidfd, NULL, e);
	r->pid = m.pid;
	(void)!sys_pidfd_wait(pidfd, WEXITED, NULL, NULL);
	return ret;
}

/* *fd stays -1 where there is no version 2 cgroup to clone into. */
static int open_cgroup(struct run *r, const struct step_clone *c, int *fd, struct err *e)
{
	size_t i;

	if (!c->into_cgroup)
		return 0;
	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		/* no directory: STEP_CGROUP was allowed to do without */
		if (s->op != STEP_CGROUP || !s->cgroup.v2 || !s->cgroup.dirs.n || !r->slots[i].done)
			continue;
		*fd = sys_open(AT_FDCWD, s->cgroup.dirs.v[s->cgroup.dirs.n - 1], O_PATH | O_DIRECTORY, 0);
		if (*fd < 0 && s->cgroup.must)
			return fail_sys(e, *fd, "%s", s->cgroup.dirs.v[s->cgroup.dirs.n - 1]);
	}
	return 0;
}

int clone_init(struct run *r, int init_end, struct err *e)
{
	const struct step_clone *c = clone_step(r);
	AUTO_FD int cgroup = -1;
	int pidfd = -1;
	pid_t pid;

	if (!c)
		return fail(e, EINVAL, "internal error: a plan without a clone step");
	TRY(open_cgroup(r, c, &cgroup, e));
	if (c->joins.n || c->join_container)
		return clone_through_joiner(r, c, init_end, cgroup, e);
	pid = sys_clone(c->flags, &pidfd, cgroup);
	if (pid == 0)
		become_init(r, init_end);
	if (pid < 0)
		return clone_failed(e, pid, c->flags);
	r->pid = pid;
	r->pidfd = pidfd;
	return 0;
}
