/* status.c - what a record means now: is its init still that process?
 * Must not trust a pid alone: numbers come round again, and a state directory on disk outlives a boot. */
#include "store/record.h"
#include "sys/sys.h"
#include <string.h>
#include <sys/file.h>

/* The creator holds the lock until it is done or dead. */
static bool creator_at_work(const struct container *c)
{
	AUTO_FD int fd = -1;

	if (c->lock >= 0) /* we hold it ourselves */
		return false;
	fd = sys_open(c->dir, ".", O_RDONLY | O_DIRECTORY, 0);
	return fd >= 0 && sys_flock(fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
}

/* The pidfd is opened first: if the start time fits afterwards, it is the recorded process that it refers to. */
static bool alive(struct container *c)
{
	AUTO_FD int proc = -1;
	AUTO_FD int pidfd = -1;
	char boot[BOOT_ID_BYTES], state;
	struct err ignored;
	uint64_t start;

	if (!c->record.pid.set || !c->record.pid_start.set || c->record.pid.v <= 0 || c->record.pid.v > INT32_MAX)
		return false;
	pidfd = sys_pidfd_open((pid_t)c->record.pid.v);
	if (pidfd < 0)
		return false;
	proc = sys_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);
	if (proc < 0 || sys_proc_start(proc, (pid_t)c->record.pid.v, &start, &state) < 0)
		return false;
	if (start != c->record.pid_start.v || state == 'Z' || state == 'X')
		return false;
	if (!c->record.boot_id || read_boot_id(boot, &ignored) < 0 || strcmp(boot, c->record.boot_id) != 0)
		return false;
	c->pidfd = take_fd(&pidfd);
	return true;
}

int container_status(struct container *c, struct err *e)
{
	c->status = STATUS_STOPPED;
	c->pid = 0;
	if (strcmp(c->record.version ? c->record.version : "", "1") != 0)
		return fail(e, EINVAL, "container %s was made by another version of wasirun (record version %s)", c->id,
			    c->record.version ? c->record.version : "missing");
	if (alive(c)) {
		c->status = STATUS_RUNNING;
		c->pid = c->record.pid.v;
	} else if (!c->record.complete && creator_at_work(c)) {
		c->status = STATUS_CREATING;
	}
	return 0;
}
