/* cgroup_v1.c - what only version 1 hierarchies need: the freezer's dance, cpusets that start empty, joining by thread.
 * Must not choose between version 1 and 2: cgroup.c does. */
#include "apply/cgroup_dir.h"
#include "sys/sys.h"
#include <string.h>

/* The kernel (6.18, two CPUs, all idle before) needs for one process: "0" into tasks, 50 microseconds for the first hierarchy and 12
 * for each further one; into cgroup.procs, 11 milliseconds, because moving a whole process takes a lock that every fork and exit on
 * the machine holds for reading, and the first writer waits for an RCU grace period to get it. A thread that moves itself needs no
 * such lock, and a process that has one thread is moved whole that way. */
int cgroup_v1_join(int at, const char *dir)
{
	char path[PATH_MAX];

	TRY(cgroup_path(path, dir, "tasks"));
	return sys_write_file(at, at == AT_FDCWD ? path : path + 1, "0");
}

static bool blank(const char *s)
{
	return s[strspn(s, " \n")] == 0;
}

/* Copies one file of the parent. The parents are filled first if they are empty themselves, which other programs may have left. */
static int inherit_file(const char *dir, const char *root, const char *file, unsigned depth, struct err *e)
{
	char parent[PATH_MAX], value[4096];
	ssize_t n;
	int r;

	if (strcmp(dir, root) == 0)
		return 0; /* the root has them all */
	if (!cgroup_parent(parent, dir) || depth > 64)
		return fail(e, ENAMETOOLONG, "%s: nested too deep", dir);
	n = cgroup_read(parent, file, value, sizeof value);
	if (n >= 0 && blank(value)) {
		TRY(inherit_file(parent, root, file, depth + 1, e));
		n = cgroup_read(parent, file, value, sizeof value);
	}
	if (n < 0)
		return fail_sys(e, (int)n, "%s/%s", parent, file);
	r = cgroup_write(dir, file, value);
	return r < 0 ? fail_sys(e, r, "cannot copy \"%s\" to %s/%s", value, dir, file) : 0;
}

int cgroup_v1_inherit_cpuset(const char *dir, const char *root, struct err *e)
{
	TRY(inherit_file(dir, root, "cpuset.cpus", 0, e));
	return inherit_file(dir, root, "cpuset.mems", 0, e);
}

static int thaw(const char *dir)
{
	return cgroup_write(dir, "freezer.state", "THAWED");
}

/* A process that forks while the freezer passes can leave it at FREEZING for good; writing FROZEN again, and now and then letting
 * everybody go on for a moment, gets there. */
static int freeze_retry(const char *dir, int timeout_ms, struct err *e)
{
	struct cgroup_wait w = cgroup_wait(timeout_ms);
	unsigned tries = 0;

	do {
		char state[32];
		ssize_t n;
		int r;

		if (++tries % 16 == 0)
			(void)!thaw(dir);
		r = cgroup_write(dir, "freezer.state", "FROZEN");
		if (r < 0)
			return fail_sys(e, r, "%s/freezer.state", dir);
		n = cgroup_read(dir, "freezer.state", state, sizeof state);
		if (n < 0)
			return fail_sys(e, (int)n, "%s/freezer.state", dir);
		if (strcmp(state, "FROZEN") == 0)
			return 0;
	} while (cgroup_wait_more(&w));
	return fail(e, ETIMEDOUT, "unable to freeze %s within %d ms", dir, timeout_ms);
}

int cgroup_v1_freeze(const char *dir, bool freeze, int timeout_ms, struct err *e)
{
	int r;

	if (!freeze) {
		r = thaw(dir);
		return r < 0 ? fail_sys(e, r, "%s/freezer.state", dir) : 0;
	}
	r = freeze_retry(dir, timeout_ms, e);
	if (r < 0)
		(void)!thaw(dir); /* half frozen is worse than running */
	return r;
}

int cgroup_v1_frozen(const char *dir)
{
	char buf[8];

	/* our own wish, not an ancestor's state */
	return cgroup_read(dir, "freezer.self_freezing", buf, sizeof buf) > 0 && buf[0] == '1';
}
