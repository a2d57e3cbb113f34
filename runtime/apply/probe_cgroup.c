/* probe_cgroup.c - which cgroup hierarchies there are, where they are mounted, and where we are in them.
 *
 * Mount points are guessed by the names that every distribution uses and checked by the file system's type. The mount table, which
 * costs a library and a long file, is read only when nothing is where it should be, or shows only a part of the hierarchy; one hierarchy
 * that is missing most likely is somebody else's, mounted in another mount namespace. Must not make or change a cgroup. */
#include "apply/mount_table.h"
#include "apply/probe_cgroup.h"
#include "sys/sys.h"
#include <limits.h>
#include <linux/magic.h>
#include <string.h>

#define ROOT "/sys/fs/cgroup"

static bool has_type(const char *path, unsigned long magic)
{
	struct statfs fs;

	return sys_statfs(path, &fs) == 0 && (unsigned long)fs.f_type == magic;
}

static bool named(const char *controllers)
{
	return strncmp(controllers, "name=", 5) == 0;
}

/* "4:memory:/a/b" -> one hierarchy. */
static int parse_line(struct arena *a, const char *line, size_t n, struct host *h, struct err *e)
{
	const char *first = memchr(line, ':', n), *second = first ? memchr(first + 1, ':', n - (size_t)(first + 1 - line)) : NULL;
	struct hierarchy *out;

	if (!second || second[1] != '/')
		return fail(e, EINVAL, "/proc/self/cgroup: cannot read the line \"%.*s\"", (int)(n < 80 ? n : 80), line);
	out = arena_push(a, &h->hierarchies);
	out->controllers = arena_strn(a, first + 1, (size_t)(second - first - 1));
	out->own = arena_strn(a, second + 1, (size_t)(line + n - second - 1));
	return 0;
}

int probe_parse_cgroups(struct arena *a, const char *text, struct host *h, struct err *e)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n)
			TRY(parse_line(a, text, n, h, e));
		text += n + (text[n] == '\n');
	}
	/* the kernel lists version 2 last; struct host promises it */
	return 0;
}

const char *probe_own_below(struct arena *a, const char *root, const char *own)
{
	size_t n = strlen(root);

	if (n == 1)
		return own;
	if (strncmp(own, root, n) == 0 && (own[n] == '/' || !own[n]))
		return own[n] ? arena_str(a, own + n) : "/";
	return "/"; /* we are not below what is mounted: its top is all that we can reach */
}

/* ROOT/name, if a hierarchy of that type is mounted there; *part: it is, but our own cgroup cannot be seen in it. */
static bool guess(struct arena *a, struct hierarchy *h, const char *name, size_t n, unsigned long magic, bool *part)
{
	char *dir = arena_fmt(a, n ? ROOT "/%.*s" : ROOT, (int)n, name);

	if (!has_type(dir, magic))
		return false;
	/* a mount that shows only a part of the hierarchy (a container without a cgroup namespace) has other paths than ours */
	if (h->own[1] && !strstr(h->own, "/..") && sys_access(AT_FDCWD, arena_fmt(a, "%s%s", dir, h->own), F_OK, 0) < 0) {
		*part = true;
		return false;
	}
	h->dir = dir;
	return true;
}

static bool guess_v1(struct arena *a, struct hierarchy *h, bool *part)
{
	const char *c = h->controllers;

	if (named(c))
		return guess(a, h, c + 5, strlen(c + 5), CGROUP_SUPER_MAGIC, part);
	if (guess(a, h, c, strlen(c), CGROUP_SUPER_MAGIC, part))
		return true;
	/* mounted together: under the name of one of them, or with the names in another order and a link for each */
	while (*c && strchr(h->controllers, ',')) {
		size_t n = strcspn(c, ",");

		if (guess(a, h, c, n, CGROUP_SUPER_MAGIC, part))
			return true;
		c += n + (c[n] == ',');
	}
	return false;
}

struct search {
	struct arena *a;
	struct host *h;
	const char **roots; /* one per hierarchy that was found in the mount table */
};

/* Are all controllers of list (or its name=) among the mount's options? */
static bool options_have(const char *options, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, ",");
		const char *p = options;
		bool found = false;

		while (*p && !found) {
			size_t m = strcspn(p, ",");

			found = m == n && memcmp(p, list, n) == 0;
			p += m + (p[m] == ',');
		}
		if (!found)
			return false;
		list += n + (list[n] == ',');
	}
	return true;
}

static int match_mount(const struct mount_entry *m, void *ctx)
{
	struct search *s = ctx;
	bool v2 = strcmp(m->fstype, "cgroup2") == 0;
	size_t i;

	if (!v2 && strcmp(m->fstype, "cgroup") != 0)
		return 0;
	for (i = 0; i < s->h->hierarchies.n; i++) {
		struct hierarchy *h = &s->h->hierarchies.v[i];

		if (v2 != !*h->controllers || (!v2 && !options_have(m->options, h->controllers)))
			continue;
		/* the first place is as good as any, but what was mounted on top of it later hides it */
		if (h->dir && (!s->roots[i] || strcmp(h->dir, m->target) != 0))
			continue;
		h->dir = arena_str(s->a, m->target);
		s->roots[i] = arena_str(s->a, m->root);
	}
	return 0;
}

/* Asks the mount table for what guessing has not found. Without findmnt those count as not mounted: whoever asks for a limit
 * is told so. */
static void search_mounts(struct arena *a, struct host *h)
{
	struct search s = { a, h, arena_array(a, h->hierarchies.n + 1, sizeof *s.roots) };
	struct err ignored;
	size_t i;

	(void)!mount_table_each(a, match_mount, &s, &ignored);
	for (i = 0; i < h->hierarchies.n; i++)
		if (s.roots[i])
			h->hierarchies.v[i].own = (char *)probe_own_below(a, s.roots[i], h->hierarchies.v[i].own);
}

/* Hierarchies that are mounted nowhere are of no use. */
static void drop_unmounted(struct host *h)
{
	size_t i, n = 0;

	for (i = 0; i < h->hierarchies.n; i++)
		if (h->hierarchies.v[i].dir)
			h->hierarchies.v[n++] = h->hierarchies.v[i];
	h->hierarchies.n = n;
}

static void find_mode(struct host *h)
{
	size_t n = h->hierarchies.n;
	bool v2 = n && !*h->hierarchies.v[n - 1].controllers;

	h->cgroup = !n ? CGROUP_NONE : !v2 ? CGROUP_V1 : n == 1 ? CGROUP_V2 : CGROUP_HYBRID;
}

/* Who may write at the top can switch controllers on all the way down; who may not gets what our own cgroup's parent was given. */
static void find_v2_controllers(struct arena *a, struct host *h)
{
	const struct hierarchy *v2 = &h->hierarchies.v[0];
	const char *file = "cgroup.controllers", *slash = strrchr(v2->own, '/');
	char text[1024], *save = NULL, *name;
	const char *path = arena_fmt(a, "%s/%s", v2->dir, file);

	if (sys_access(AT_FDCWD, arena_fmt(a, "%s/cgroup.subtree_control", v2->dir), W_OK, AT_EACCESS) < 0 && !strstr(v2->own, "/.."))
		path = arena_fmt(a, "%s%.*s/%s", v2->dir, (int)(slash - v2->own), v2->own, file);
	if (sys_read_file(AT_FDCWD, path, text, sizeof text) < 0)
		return;
	for (name = strtok_r(text, " \n", &save); name; name = strtok_r(NULL, " \n", &save))
		*arena_push(a, &h->v2_controllers) = arena_str(a, name);
}

/* Returns true when the mount table has to tell. */
static bool guess_all(struct arena *a, struct host *h)
{
	bool found = false, part = false;
	size_t i;

	for (i = 0; i < h->hierarchies.n; i++) {
		struct hierarchy *c = &h->hierarchies.v[i];

		if (*c->controllers)
			found |= guess_v1(a, c, &part);
		else /* beside version 1 it has a directory of its own, or is not mounted at all */
			found |= guess(a, c, found ? "unified" : "", found ? 7 : 0, CGROUP2_SUPER_MAGIC, &part);
	}
	return part || !found;
}

int probe_cgroup(struct arena *a, struct host *h, struct err *e)
{
	char text[8192];
	ssize_t n = sys_read_file(AT_FDCWD, "/proc/self/cgroup", text, sizeof text);

	h->cgroup = CGROUP_NONE;
	if (n == -ENOENT)
		return 0; /* a kernel without cgroups */
	if (n < 0)
		return fail_sys(e, (int)n, "/proc/self/cgroup");
	TRY(probe_parse_cgroups(a, text, h, e));
	if (guess_all(a, h))
		search_mounts(a, h);
	drop_unmounted(h);
	find_mode(h);
	if (h->cgroup == CGROUP_V2)
		find_v2_controllers(a, h);
	return 0;
}
