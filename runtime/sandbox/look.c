/* look.c - what can be seen of a sandbox from outside.
 * Must not fail because a process goes away while it is looked at. */
#include "sandbox/look.h"
#include "sandbox/conf.h"
#include "sandbox/tree.h"
#include "sys/sys.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NETWORK_LOG "logs/network.log" /* held by the network's supervisor while it lives */

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct look_namespace *)x)->name, ((const struct look_namespace *)y)->name);
}

/* "pid:[4026531836]" -> 4026531836; 0: it cannot be seen. */
static uint64_t ns_inode(int proc, const char *pid, const char *name)
{
	char path[64], link[64];
	uint64_t inode = 0;
	const char *digits;

	snprintf(path, sizeof path, "%s/ns/%.32s", pid, name);
	if (sys_readlink(proc, path, link, sizeof link) < 0)
		return 0;
	digits = strchr(link, '[');
	for (digits = digits ? digits + 1 : ""; *digits >= '0' && *digits <= '9'; digits++)
		inode = inode * 10 + (uint64_t)(*digits - '0');
	return inode;
}

int look_at_namespaces(struct arena *a, pid_t pid, look_namespaces *out, struct err *e)
{
	AUTO_FD int proc = sys_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	const char *who = arena_fmt(a, "%d", pid);
	AUTO_FD int dir = proc < 0 ? proc : tree_open(proc, arena_fmt(a, "%s/ns", who));
	struct tree_reader reader;
	const struct dirent64 *d;
	int r;

	*out = (look_namespaces){ 0 };
	r = dir < 0 ? dir : tree_read(&reader, dir);
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0) {
		uint64_t inode;

		if (strstr(d->d_name, "_for_children"))
			continue;
		inode = ns_inode(proc, who, d->d_name);
		if (!inode) {
			r = -EACCES;
			break;
		}
		*arena_push(a, out) = (struct look_namespace){ arena_str(a, d->d_name), inode, inode != ns_inode(proc, "self", d->d_name) };
	}
	if (r == -ENOENT)
		r = -ESRCH;
	if (r < 0)
		return fail_sys(e, r, "the namespaces of process %d", pid);
	if (out->n)
		qsort(out->v, out->n, sizeof *out->v, by_name);
	return 0;
}

/* Bytes; -errno when it cannot be told. */
static int64_t pss(struct arena *a, int proc, const char *pid)
{
	char buf[4096];
	const char *line;
	int64_t kilobytes;
	ssize_t n = sys_read_file(proc, arena_fmt(a, "%s/smaps_rollup", pid), buf, sizeof buf);

	if (n < 0)
		return n;
	line = strstr(buf, "\nPss:");
	return line && sscanf(line + 5, "%jd", &kilobytes) == 1 ? kilobytes * 1024 : -EINVAL;
}

/* Has one of the descriptors of /proc/PID/fd that target? */
static bool holds(struct arena *a, int proc, const char *pid, const char *target)
{
	AUTO_FD int dir = tree_open(proc, arena_fmt(a, "%s/fd", pid));
	struct tree_reader reader;
	const struct dirent64 *d;
	char link[PATH_MAX];

	if (dir < 0 || tree_read(&reader, dir) < 0)
		return false;
	while (tree_next(&reader, &d) > 0)
		if (sys_readlink(dir, d->d_name, link, sizeof link) > 0 && !strcmp(link, target))
			return true;
	return false;
}

const char *look_for_holder(struct arena *a, const char *target)
{
	AUTO_FD int proc = sys_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	struct tree_reader reader;
	const struct dirent64 *d;

	if (proc < 0 || tree_read(&reader, proc) < 0)
		return NULL;
	while (tree_next(&reader, &d) > 0)
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && holds(a, proc, d->d_name, target))
			return arena_str(a, d->d_name);
	return NULL;
}

static bool same_program(struct arena *a, int proc, const char *one, const char *two)
{
	struct stat x, y;

	if (!one || sys_statat(proc, arena_fmt(a, "%s/exe", one), &x, 0) < 0 || sys_statat(proc, arena_fmt(a, "%s/exe", two), &y, 0) < 0)
		return false;
	return x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void add(struct arena *a, int proc, const char *pid, bool ours, struct look_memory *out)
{
	int64_t n = pss(a, proc, pid);

	if (n > 0)
		*(ours ? &out->overhead : &out->server) += (uint64_t)n;
	out->processes += n > 0 && !ours;
	if (n == -EACCES || n == -EPERM)
		out->known = false;
}

void look_at_memory(struct arena *a, const struct sandbox *s, pid_t pid, struct look_memory *out)
{
	AUTO_FD int proc = sys_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	uint64_t inside = proc < 0 ? 0 : ns_inode(proc, arena_fmt(a, "%d", pid), "pid");
	const char *supervisor;
	struct tree_reader reader;
	const struct dirent64 *d;

	*out = (struct look_memory){ .known = inside != 0 };
	if (!inside || inside == ns_inode(proc, "self", "pid") || tree_read(&reader, proc) < 0) {
		out->known = false;
		return;
	}
	supervisor = look_for_holder(a, arena_fmt(a, "%s/" NETWORK_LOG, s->dir));
	out->overhead_known = supervisor != NULL;
	if (supervisor)
		add(a, proc, supervisor, true, out);
	while (tree_next(&reader, &d) > 0)
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && ns_inode(proc, d->d_name, "pid") == inside)
			add(a, proc, d->d_name, same_program(a, proc, supervisor, d->d_name), out);
}

bool look_elsewhere(const struct sandbox *s)
{
	size_t n = strlen(s->place.sockets);

	if (!s->conf.socket || (!strncmp(s->conf.socket, s->place.sockets, n) && s->conf.socket[n] == '/'))
		return false;
	AUTO_FD int sock = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int r = sock < 0 ? sock : socket_connect(sock, s);

	return r == 0 || r == -EAGAIN; /* EAGAIN: so many wait there that it takes no more */
}

/* What was mounted from it, its logs or data, has no name any more: the kernel says so in the mount table, "PATH//deleted". */
bool look_gone(const char *dir, pid_t pid)
{
	static const size_t room = (size_t)1 << 20;
	struct arena a = { 0 };
	struct stat st;
	bool gone = false;
	char *table;

	if (sys_statat(AT_FDCWD, dir, &st, AT_SYMLINK_NOFOLLOW) != -ENOENT)
		return false;
	if (pid <= 0)
		return true;
	table = arena_alloc(&a, room);
	if (sys_read_file(AT_FDCWD, arena_fmt(&a, "/proc/%d/mountinfo", pid), table, room) >= 0)
		gone = strstr(table, "//deleted ") != NULL;
	arena_drop(&a);
	return gone;
}

int64_t look_age(struct arena *a, pid_t pid)
{
	AUTO_FD int proc = sys_open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	double up;
	uint64_t start;
	char buf[64];

	(void)a;
	if (proc < 0 || sys_proc_start(proc, pid, &start, NULL) < 0 || sys_read_file(proc, "uptime", buf, sizeof buf) < 0 ||
	    sscanf(buf, "%lf", &up) != 1)
		return -1;
	up -= (double)start / (double)sysconf(_SC_CLK_TCK);
	return up < 0 ? 0 : (int64_t)up;
}

static bool is_id(const char *name)
{
	return strlen(name) == 8 && strspn(name, "0123456789abcdef") == 8;
}

/* Only a refusal says for certain that nobody is there. */
static bool answers(int dir)
{
	struct tree_reader reader;
	const struct dirent64 *d;

	if (dir < 0)
		return dir != -ENOENT;
	if (tree_read(&reader, dir) < 0)
		return true;
	while (tree_next(&reader, &d) > 0) {
		struct stat st;

		if (sys_statat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode))
			continue;
		AUTO_FD int sock = sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (sock < 0 || sys_connect_at(sock, dir, d->d_name) != -ECONNREFUSED)
			return true;
	}
	return false;
}

int sockets_list(struct arena *a, const struct place *p, socket_dirs *out, struct err *e)
{
	AUTO_FD int dir = sys_open(AT_FDCWD, p->sockets, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	struct tree_reader reader;
	const struct dirent64 *d;
	int r;

	*out = (socket_dirs){ 0 };
	if (dir == -ENOENT)
		return 0;
	r = dir < 0 ? dir : tree_read(&reader, dir);
	while (r >= 0 && (r = tree_next(&reader, &d)) > 0) {
		struct stat st;

		if (!is_id(d->d_name) || sys_statat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			continue;
		AUTO_FD int sub = tree_open(dir, d->d_name);

		*arena_push(a, out) = (struct socket_dir){ arena_str(a, d->d_name), time(NULL) - st.st_mtime, answers(sub) };
	}
	return r < 0 ? fail_sys(e, r, "cannot list %s", p->sockets) : 0;
}

int sockets_drop(struct arena *a, const struct place *p, const char *id, struct err *e)
{
	struct sandbox s;

	sandbox_init(&s);
	s.place = *p;
	s.conf.id = id;
	return sandbox_drop_socket_dir(a, &s, e);
}
