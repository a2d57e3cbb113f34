/* cgroup_v2.c - what only version 2 needs: controllers handed down the path, threaded cgroups, delegation, its freezer, and the rule
 * that a cgroup which hands out controllers holds no processes.
 * Must not choose between version 1 and 2: cgroup.c does. */
#include "apply/cgroup_dir.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

#define SUBTREE "cgroup.subtree_control"

/* dir's parent in buf. false: dir is root or not below it. */
static bool parent_of(const char *dir, const char *root, char *buf)
{
	size_t n = strlen(root);

	return strncmp(dir, root, n) == 0 && dir[n] == '/' && cgroup_parent(buf, dir);
}

/* Appends "+name" for each controller that list does not have yet. */
static size_t missing(const struct strs *controllers, const char *list, char *out, size_t size)
{
	size_t i, n = 0;

	out[0] = 0;
	for (i = 0; i < controllers->n; i++) {
		const char *c = controllers->v[i];
		size_t len = strlen(c);

		if (cgroup_word(list, c, len) || n + len + 3 > size)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s+%s", n ? " " : "", c);
	}
	return n;
}

/* Does what it can: one controller that the parent lacks must not keep the others from being switched on. */
static void enable_at(const char *dir, const struct strs *controllers)
{
	char have[1024], want[1024];
	size_t i;

	if (cgroup_read(dir, SUBTREE, have, sizeof have) < 0 || !missing(controllers, have, want, sizeof want))
		return;
	if (cgroup_write(dir, SUBTREE, want) == 0)
		return;
	for (i = 0; i < controllers->n; i++) {
		snprintf(want, sizeof want, "+%s", controllers->v[i]);
		(void)!cgroup_write(dir, SUBTREE, want);
	}
}

static void enable_down(const char *dir, const char *root, const struct strs *controllers, unsigned depth)
{
	char parent[PATH_MAX];

	if (depth > 64)
		return;
	if (strcmp(dir, root) != 0 && parent_of(dir, root, parent))
		enable_down(parent, root, controllers, depth + 1);
	enable_at(dir, controllers);
}

int cgroup_v2_enable(const char *dir, const char *root, const struct strs *controllers, bool *complete, struct err *e)
{
	char parent[PATH_MAX], have[1024], want[1024];
	ssize_t n;

	*complete = false;
	if (!parent_of(dir, root, parent))
		return fail(e, EINVAL, "the cgroup %s is not below %s", dir, root);
	/* the parent alone tells whether there is anything to do: it cannot have what its own parents lack */
	n = cgroup_read(parent, SUBTREE, have, sizeof have);
	if (n >= 0 && !missing(controllers, have, want, sizeof want)) {
		*complete = true;
		return 0;
	}
	if (!controllers->n)
		return 0;
	enable_down(parent, root, controllers, 0);
	n = cgroup_read(parent, SUBTREE, have, sizeof have);
	*complete = n >= 0 && !missing(controllers, have, want, sizeof want);
	return 0;
}

int cgroup_v2_settle_type(const char *dir, bool domain_limits, struct err *e)
{
	char type[32];
	int r;

	if (cgroup_read(dir, "cgroup.type", type, sizeof type) < 0 || strcmp(type, "domain") == 0)
		return 0;
	if (strcmp(type, "domain invalid") == 0) {
		if (domain_limits)
			return fail(e, EOPNOTSUPP,
				    "cannot enter cgroupv2 \"%s\" with domain controllers -- it is in an invalid state: a cgroup "
				    "above it is threaded; choose another cgroupsPath or limit only cpu, cpuset and pids",
				    dir);
		r = cgroup_write(dir, "cgroup.type", "threaded");
		return r < 0 ? fail_sys(e, r, "%s/cgroup.type", dir) : 0;
	}
	if (domain_limits)
		return fail(e, EOPNOTSUPP, "cannot enter cgroupv2 \"%s\" with domain controllers -- it is in %s mode", dir, type);
	return 0;
}

int cgroup_v2_frozen(const char *dir)
{
	char buf[8];

	return cgroup_read(dir, "cgroup.freeze", buf, sizeof buf) > 0 && buf[0] == '1';
}

int cgroup_v2_populated(const char *dir)
{
	char buf[256];

	return cgroup_read(dir, "cgroup.events", buf, sizeof buf) > 0 && cgroup_key(buf, "populated", NULL) == 1;
}

int cgroup_v2_freeze(const char *dir, bool freeze, int timeout_ms, struct err *e)
{
	int64_t until = sys_now_us() + (int64_t)timeout_ms * 1000, left;
	AUTO_FD int events = cgroup_open(dir, "cgroup.events", O_RDONLY);
	int r;

	if (events < 0)
		return fail_sys(e, events, "%s/cgroup.events", dir);
	r = cgroup_write(dir, "cgroup.freeze", freeze ? "1" : "0");
	if (r == -ENOENT && !freeze)
		return 0;
	if (r < 0)
		return fail_sys(e, r, "freezer not supported: %s/cgroup.freeze", dir);
	for (;;) {
		char buf[256];
		ssize_t n;

		if ((r = sys_rewind(events)) < 0 || (n = sys_read_all(events, buf, sizeof buf)) < 0)
			return fail_sys(e, r < 0 ? r : (int)n, "%s/cgroup.events", dir);
		/* thawed: an ancestor may keep it frozen, our part is done; frozen: all of it, or all of nothing when it is empty */
		if (!freeze || cgroup_key(buf, "frozen", NULL) == 1)
			return 0;
		left = (until - sys_now_us()) / 1000;
		if (left <= 0 || (r = sys_poll1(events, POLLPRI, (int)left)) < 0)
			break;
	}
	(void)!cgroup_write(dir, "cgroup.freeze", "0");
	return fail(e, ETIMEDOUT, "unable to freeze %s within %d ms", dir, timeout_ms);
}

static int hand_over(const char *dir, const char *file, uint32_t uid, uint32_t gid)
{
	char path[PATH_MAX];
	int r;

	TRY(cgroup_path(path, dir, file));
	r = sys_chown(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
	return r == -ENOENT ? 0 : r;
}

int cgroup_v2_delegate(const char *dir, uint32_t uid, uint32_t gid, struct err *e)
{
	char list[1024], *save = NULL, *name;
	int r;

	/* the list is the kernel's: what stands there can be given away without giving away the limits */
	if (sys_read_file(AT_FDCWD, "/sys/kernel/cgroup/delegate", list, sizeof list) <= 0)
		snprintf(list, sizeof list, "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
	r = sys_chown(AT_FDCWD, dir, uid, gid, AT_SYMLINK_NOFOLLOW);
	for (name = strtok_r(list, "\n", &save); name && r == 0; name = strtok_r(NULL, "\n", &save))
		r = strchr(name, '/') ? 0 : hand_over(dir, name, uid, gid);
	return r < 0 ? fail_sys(e, r, "cannot hand the cgroup %s to user %u", dir, uid) : 0;
}

/* The version 2 mount point above dir: the last directory on the way up that still is on the same file system. */
static bool mount_point(const char *dir, char *buf)
{
	char above[PATH_MAX];
	struct stat here, st;

	if (cgroup_path(buf, dir, "") < 0 || sys_statat(AT_FDCWD, dir, &here, 0) < 0)
		return false;
	buf[strlen(dir)] = 0;
	while (cgroup_parent(above, buf)) {
		if (sys_statat(AT_FDCWD, above, &st, 0) < 0)
			return false;
		if (st.st_dev != here.st_dev)
			return true;
		memcpy(buf, above, sizeof above);
	}
	return false;
}

/* The directory of the cgroup that holds pid, as /proc names it. */
static int cgroup_of(const char *dir, pid_t pid, char *buf, struct err *e)
{
	char path[64], text[4096], *line;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
	n = sys_read_file(AT_FDCWD, path, text, sizeof text);
	if (n < 0)
		return fail_sys(e, (int)n, "%s", path);
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line || !mount_point(dir, buf))
		return fail(e, ENOENT, "%s does not tell the cgroup of process %d", path, pid);
	line += *line == '\n' ? 4 : 3;
	line[strcspn(line, "\n")] = 0;
	n = (ssize_t)strlen(buf);
	if (snprintf(buf + n, (size_t)(PATH_MAX - n), "%s", line) >= PATH_MAX - n)
		return fail(e, ENAMETOOLONG, "the cgroup of process %d has a path that is too long", pid);
	return 0;
}

/* A cgroup that hands out controllers cannot hold processes (EBUSY at clone): systemd or an engine inside the container has moved
 * everybody to a cgroup below. The container's init shows which. */
int cgroup_v2_open(const char *dir, pid_t pid, int *fd, struct err *e)
{
	char buf[1024], where[PATH_MAX];
	ssize_t n = cgroup_read(dir, SUBTREE, buf, sizeof buf);

	if (n > 0 && pid > 0) {
		TRY(cgroup_of(dir, pid, where, e));
		dir = where;
	}
	*fd = sys_open(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
	return *fd < 0 ? fail_sys(e, *fd, "the cgroup %s", dir) : 0;
}
