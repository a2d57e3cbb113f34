/* parent.c - the runtime's side of carrying out a plan.
 * Must not know any operation (ops.c does) nor the configuration: it walks steps, speaks with init, and undoes what it made. */
#include "apply/cgroup.h"
#include "apply/executor.h"
#include "apply/wire.h"
#include "base/log.h"
#include "sys/sys.h"
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#define START_SOCKET "start"

void run_init(struct run *r, struct arena *a, const struct host *h, const struct plan *p)
{
	size_t i;

	*r = (struct run){ .arena = a, .host = h, .plan = p };
	r->network_report = r->broker_dir = -1;
	r->state_dir = r->console_socket = r->pidfd_socket = r->container_pidfd = -1;
	r->proc = r->dev_null = r->pidfd = r->wire = r->tty = -1;
	r->start = r->root = r->start_listener = r->cache_dir = r->cgroup_ns = -1;
	r->slots = arena_array(a, p->steps.n + 1, sizeof *r->slots);
	for (i = 0; i < p->steps.n; i++)
		r->slots[i].fd = r->slots[i].fd2 = -1;
}

bool has_stage(const struct run *r, enum stage stage)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].stage == stage)
			return true;
	return false;
}

const struct step_clone *clone_step(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == STEP_CLONE)
			return &r->plan->steps.v[i].clone;
	return NULL;
}

int run_step(struct run *r, size_t i, bool in_init, struct err *e)
{
	const struct step *s = &r->plan->steps.v[i];

	if (!ops[s->op].run)
		return 0;
	if (ops[s->op].run(r, s, &r->slots[i], e) == 0) {
		r->slots[i].done = true;
		return 0;
	}
	fail_at(e, s->at);
	if (!s->soft)
		return -e->code;
	if (in_init)
		return wire_send(r->start >= 0 ? r->start : r->wire, WIRE_WARN, 0, e, -1, e);
	log_warn("%s%s%s", e->at, e->at[0] ? ": " : "", e->text);
	return 0;
}

int run_stage(struct run *r, enum stage stage, bool in_init, struct err *e)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].stage == stage)
			TRY(run_step(r, i, in_init, e));
	return 0;
}

static int prepare(struct run *r, bool late, struct err *e)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];
		const struct op_row *op = &ops[s->op];

		if (!op->prepare || op->late != late)
			continue;
		if (op->prepare(r, s, &r->slots[i], e) < 0)
			return fail_at(e, s->at);
	}
	return 0;
}

/* Rule R4: what we take for /proc is a procfs, and its root. */
static int open_proc(struct run *r, struct err *e)
{
	struct statfs fs;
	struct stat st;
	int fd = sys_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fail_sys(e, fd, "/proc");
	r->proc = fd;
	if (sys_fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC || sys_fstat(fd, &st) < 0 || st.st_ino != 1)
		return fail(e, EINVAL, "/proc is not the root of a proc file system: mount -t proc proc /proc");
	return 0;
}

/* Rule R5: the host's /dev/null, known to be that device, held from before anything of the container exists. */
static int open_dev_null(struct run *r, struct err *e)
{
	struct stat st;
	int fd = sys_open(AT_FDCWD, "/dev/null", O_RDWR, 0);

	if (fd < 0)
		return fail_sys(e, fd, "/dev/null");
	r->dev_null = fd;
	if (sys_fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return fail(e, EINVAL, "/dev/null is not the null device");
	return 0;
}

static int listen_for_start(struct run *r, struct err *e)
{
	int r2;

	if (r->start_at_once)
		return 0;
	r->start_listener = TRY(sys_socket(AF_UNIX, SOCK_SEQPACKET, 0));
	r2 = sys_bind_at(r->start_listener, r->state_dir, START_SOCKET);
	if (r2 == 0)
		r2 = sys_listen(r->start_listener, 8);
	return r2 < 0 ? fail_sys(e, r2, "the start socket in the state directory") : 0;
}

static void close_slots(struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		fd_close(&r->slots[i].fd);
		fd_close(&r->slots[i].fd2);
	}
	fd_close(&r->start_listener);
}

/* The stages between clone and "created", as the runtime sees them. */
static int accompany(struct run *r, struct err *e)
{
	struct wire_msg m;

	if (has_stage(r, STAGE_OUTSIDE)) {
		TRY(run_stage(r, STAGE_OUTSIDE, false, e));
		TRY(wire_send(r->wire, WIRE_GO, r->pid, NULL, -1, e));
	}
	if (has_stage(r, STAGE_HOOKS)) {
		TRY(wire_expect(r->wire, WIRE_AT_HOOKS, &m, NULL, &r->tty, e));
		TRY(run_stage(r, STAGE_HOOKS, false, e));
		TRY(wire_send(r->wire, WIRE_HOOKED, 0, NULL, -1, e));
	}
	return wire_expect(r->wire, WIRE_READY, &m, NULL, &r->tty, e);
}

static const struct step_cgroup *cgroup_step(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == STEP_CGROUP)
			return &r->plan->steps.v[i].cgroup;
	return NULL;
}

/* When init died without a word, its end and its cgroup say why. */
static int explain(struct run *r, struct err *e)
{
	const struct step_cgroup *cg = cgroup_step(r);
	const struct strs *dirs = cg ? &cg->dirs : r->container_cgroup;
	bool exited = false;
	int status = 0;

	if (e->code != WIRE_DIED && e->code != EPIPE && e->code != ECONNRESET)
		return -e->code;
	if (sys_poll1(r->pidfd, POLLIN, 1000) <= 0 || sys_pidfd_wait(r->pidfd, WEXITED | WNOHANG | WNOWAIT, &status, &exited) < 0 ||
	    !exited)
		return -e->code;
	if (dirs && cgroup_oom_kills(dirs) > 0)
		return fail(e, ENOMEM, "the container's init was killed for lack of memory: the memory limit is too low to start it");
	if (WIFSIGNALED(status))
		return fail(e, WIRE_DIED, "the container's init was killed by signal %d before it was ready", WTERMSIG(status));
	return fail(e, WIRE_DIED, "the container's init ended with status %d before it was ready", WEXITSTATUS(status));
}

static void kill_init(struct run *r)
{
	bool exited;

	if (r->pidfd < 0)
		return;
	(void)!sys_pidfd_signal(r->pidfd, SIGKILL);
	(void)!sys_pidfd_wait(r->pidfd, WEXITED, NULL, &exited);
	fd_close(&r->pidfd);
}

void apply_undo(struct run *r)
{
	size_t i;

	kill_init(r);
	fd_close(&r->wire);
	fd_close(&r->tty);
	close_slots(r);
	for (i = r->plan->steps.n; i-- > 0;) {
		const struct step *s = &r->plan->steps.v[i];

		if (r->slots[i].done && ops[s->op].undo)
			ops[s->op].undo(r, s, &r->slots[i]);
	}
	if (r->state_dir >= 0 && !r->start_at_once)
		(void)!sys_unlink(r->state_dir, START_SOCKET);
}

static int make_init(struct run *r, struct err *e)
{
	int ends[2], ret;

	ret = sys_socketpair(SOCK_SEQPACKET, ends);
	if (ret < 0)
		return fail_sys(e, ret, "socketpair");
	AUTO_FD int init_end = ends[1];
	r->wire = ends[0];
	TRY(clone_init(r, init_end, e));
	return 0;
}

static int bring_up(struct run *r, struct err *e)
{
	int ret;

	TRY(open_proc(r, e));
	TRY(open_dev_null(r, e));
	TRY(prepare(r, false, e));
	TRY(run_stage(r, STAGE_PREPARE, false, e));
	TRY(prepare(r, true, e));
	TRY(listen_for_start(r, e));
	TRY(make_init(r, e));
	ret = sys_proc_start(r->proc, r->pid, &r->pid_start, NULL);
	if (ret < 0)
		return fail_sys(e, ret, "/proc/%d/stat", r->pid);
	ret = accompany(r, e);
	return ret < 0 ? explain(r, e) : 0;
}

static int send_pidfd(struct run *r, struct err *e)
{
	char byte = 0;
	ssize_t n;

	if (r->pidfd_socket < 0)
		return 0;
	n = sys_send_fd(r->pidfd_socket, &byte, 1, r->pidfd);
	return n < 0 ? fail_sys(e, (int)n, "cannot send the pidfd over --pidfd-socket") : 0;
}

int apply_create(struct run *r, struct err *e)
{
	int ret = bring_up(r, e);

	if (ret == 0)
		ret = send_pidfd(r, e);
	if (ret < 0) {
		apply_undo(r);
		return ret;
	}
	close_slots(r);
	return 0;
}

int apply_commit(struct run *r, struct err *e)
{
	return wire_send(r->wire, WIRE_COMMIT, r->pid, NULL, -1, e);
}

int apply_waiting_for_start(int state_dir)
{
	/* init may be busy with a hook: a queue that is full is an answer too, and nobody should have to wait for another one */
	AUTO_FD int sock = sys_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	int r = sock < 0 ? sock : sys_connect_at(sock, state_dir, START_SOCKET);

	return r == 0 || r == -EAGAIN;
}

int apply_start(int state_dir, int wire, struct err *e)
{
	AUTO_FD int sock = -1;
	struct wire_msg m;
	int r;

	if (wire < 0) {
		sock = wire = TRY(sys_socket(AF_UNIX, SOCK_SEQPACKET, 0));
		r = sys_connect_at(sock, state_dir, START_SOCKET);
		if (r == -ENOENT || r == -ECONNREFUSED)
			return fail(e, EINVAL, "cannot start an already running container");
		if (r < 0)
			return fail_sys(e, r, "the container's start socket");
	}
	TRY(wire_send(wire, WIRE_START, 0, NULL, -1, e));
	TRY(wire_expect(wire, WIRE_EXECING, &m, NULL, NULL, e));
	TRY(wire_expect_exec(wire, e));
	if (state_dir >= 0)
		(void)!sys_unlink(state_dir, START_SOCKET);
	return 0;
}

int apply_poststart(struct run *r, struct err *e)
{
	return run_stage(r, STAGE_POSTSTART, false, e);
}

int apply_exec(struct run *r, struct err *e)
{
	int ret;

	r->start_at_once = true;
	ret = bring_up(r, e);
	if (ret == 0)
		ret = send_pidfd(r, e);
	if (ret == 0)
		ret = apply_commit(r, e);
	if (ret == 0)
		ret = apply_start(-1, r->wire, e);
	if (ret < 0)
		apply_undo(r);
	close_slots(r);
	fd_close(&r->wire);
	return ret;
}
