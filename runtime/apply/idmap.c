/* idmap.c - id-mapped mounts: a user namespace that carries the map, and its use.
 * Must not leave the process behind that the namespace was made with. */
#include "apply/mount.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct step *find(const struct run *r, enum op op)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == op)
			return &r->plan->steps.v[i];
	return NULL;
}

static bool same(const id_ranges *a, const id_ranges *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

/* The namespace of an earlier step with the same maps. */
static int reuse(struct run *r, const id_ranges *uids, const id_ranges *gids)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = &r->plan->steps.v[i];

		if (s->op == STEP_MOUNT && s->mount.idmap && s->mount.uids.n && r->slots[i].fd2 >= 0 &&
		    same(&s->mount.uids, uids) && same(&s->mount.gids, gids))
			return sys_dup(r->slots[i].fd2, 3);
	}
	return -ENOENT;
}

static int write_map(struct run *r, pid_t pid, const char *file, const id_ranges *map, struct err *e)
{
	size_t i, n = 0, size = map->n * 36 + 1; /* three numbers of at most ten digits */
	char *text = arena_alloc(r->arena, size), path[48];
	int ret;

	for (i = 0; i < map->n; i++)
		n += (size_t)snprintf(text + n, size - n, "%u %u %u\n", map->v[i].inside, map->v[i].outside, map->v[i].count);
	snprintf(path, sizeof path, "%d/%s", pid, file);
	ret = sys_write_file(r->proc, path, text);
	return ret < 0 ? fail_sys(e, ret, "cannot write the %s of the mount's id map", file) : 0;
}

static int take_namespace(struct run *r, pid_t pid, const id_ranges *uids, const id_ranges *gids, struct err *e)
{
	char path[48];
	int fd;

	TRY(write_map(r, pid, "uid_map", uids, e));
	TRY(write_map(r, pid, "gid_map", gids, e));
	snprintf(path, sizeof path, "%d/ns/user", pid);
	fd = sys_open(r->proc, path, O_RDONLY, 0);
	return fd < 0 ? fail_sys(e, fd, "the user namespace of the mount's id map") : fd;
}

/* The process that holds the new namespace until we have an fd of it. It ends when we do. */
static _Noreturn void hold(int ours, int theirs)
{
	char byte;

	fd_close(&theirs);
	(void)!sys_read(ours, &byte, 1);
	_exit(0);
}

static int make_userns(struct run *r, const id_ranges *uids, const id_ranges *gids, struct err *e)
{
	int pidfd = -1, ends[2], ret = sys_pipe(ends);
	pid_t pid;

	if (ret < 0)
		return fail_sys(e, ret, "pipe");
	AUTO_FD int read_end = ends[0];
	AUTO_FD int write_end = ends[1];
	pid = sys_clone(CLONE_NEWUSER, &pidfd, -1);
	if (pid == 0)
		hold(read_end, write_end);
	if (pid < 0)
		return fail_sys(e, pid, "cannot make a user namespace for the mount's id map");
	AUTO_FD int child = pidfd;
	ret = take_namespace(r, pid, uids, gids, e);
	fd_close(&write_end);
	(void)!sys_pidfd_wait(child, WEXITED, NULL, NULL);
	return ret;
}

/* The container's own user namespace: joined by path, or described by the plan. */
static int own_userns(struct run *r, struct err *e)
{
	const struct step *map = find(r, STEP_ID_MAP), *clone = find(r, STEP_CLONE);
	size_t i;
	int fd;

	for (i = 0; clone && i < clone->clone.joins.n; i++) {
		if (clone->clone.joins.v[i].flag != CLONE_NEWUSER)
			continue;
		fd = sys_open(AT_FDCWD, clone->clone.joins.v[i].path, O_RDONLY, 0);
		return fd < 0 ? fail_sys(e, fd, "the user namespace %s", clone->clone.joins.v[i].path) : fd;
	}
	if (!map)
		return fail(e, EINVAL, "an id-mapped mount needs uidMappings and gidMappings, or a container with a user namespace");
	return make_userns(r, &map->id_map.uids, &map->id_map.gids, e);
}

int idmap_userns(struct run *r, const struct step_mount *m, struct err *e)
{
	int fd;

	if (!m->uids.n && !m->gids.n)
		return own_userns(r, e);
	fd = reuse(r, &m->uids, &m->gids);
	return fd >= 0 ? fd : make_userns(r, &m->uids, &m->gids, e);
}

int idmap_apply(int tree, int userns, bool recursive, struct err *e)
{
	int r = sys_mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), MOUNT_ATTR_IDMAP, 0, 0, userns);

	if (r == -EINVAL)
		return fail_sys(e, r, "ids cannot be mapped (the file system may not support id-mapped mounts on this kernel)");
	return r < 0 ? fail_sys(e, r, "ids cannot be mapped") : 0;
}
