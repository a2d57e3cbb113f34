/* devices.c - the nodes and links of /dev, and the terminal.
 * Must not grant access: who may open a device is for device_rules.c. */
#include "plan/build.h"
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *path;
	int major, minor;
} defaults[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct step_symlink links[] = {
	{ "/proc/self/fd", "/dev/fd" },
	{ "/proc/self/fd/0", "/dev/stdin" },
	{ "/proc/self/fd/1", "/dev/stdout" },
	{ "/proc/self/fd/2", "/dev/stderr" },
	{ "pts/ptmx", "/dev/ptmx" },
};

static bool is_bind(const struct mount *m)
{
	size_t i;

	for (i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], "bind") == 0 || strcmp(m->options.v[i], "rbind") == 0)
			return true;
	return m->type && strcmp(m->type, "bind") == 0;
}

/* In a user namespace no node can be made that works: the host's node is bound instead. */
static bool must_bind(const struct build *b)
{
	return has_ns(b, CLONE_NEWUSER) || b->h->in_userns || !(b->h->caps & 1ull << CAP_MKNOD);
}

static bool configured(const struct build *b, const char *path)
{
	size_t i;

	for (i = 0; i < b->l->devices.n; i++) {
		const char *clean = plan_clean_path(b->a, b->l->devices.v[i].path);

		if (clean && strcmp(clean, path) == 0)
			return true;
	}
	return false;
}

static void add_defaults(struct build *b)
{
	size_t i;

	for (i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		struct step_node n = { .path = defaults[i].path, .type = S_IFCHR, .mode = 0666, .is_default = true };

		if (configured(b, n.path))
			continue;
		n.major = defaults[i].major;
		n.minor = defaults[i].minor;
		n.bind = must_bind(b);
		plan_add(b, STEP_NODE, STAGE_INSIDE, "")->node = n;
	}
}

static int add_device(struct build *b, size_t i, struct err *e)
{
	const struct device *d = &b->l->devices.v[i];
	struct step_node n = { .type = (mode_t)words_device_type.v[d->type].value, .mode = 0666 };

	n.path = plan_clean_path(b->a, d->path);
	if (!n.path || strcmp(n.path, "/") == 0)
		return plan_fail(e, EINVAL, plan_at(b, "/linux/devices/%zu/path", i), "\"%s\" cannot be the path of a device", d->path);
	n.major = d->major.v;
	n.minor = d->minor.v;
	if (d->file_mode.set)
		n.mode = (mode_t)d->file_mode.v & 07777;
	n.uid = (uint32_t)d->uid.v;
	n.gid = (uint32_t)d->gid.v;
	n.bind = n.type != S_IFIFO && must_bind(b);
	plan_add(b, STEP_NODE, STAGE_INSIDE, plan_at(b, "/linux/devices/%zu", i))->node = n;
	return 0;
}

/* A /dev that is bound from the host has its nodes and must not be written to. */
int plan_devices(struct build *b, struct err *e)
{
	const struct mount *dev;
	size_t i;

	if (!(b->made & CLONE_NEWNS)) {
		if (b->l->devices.n)
			return plan_fail(e, EINVAL, "/linux/devices",
					 "device nodes need a mount namespace of the container's own: add {\"type\": \"mount\"} to "
					 "/linux/namespaces");
		return 0;
	}
	if (plan_mounts_at(b, "/dev", &dev) && is_bind(dev)) {
		if (b->l->devices.n)
			plan_warn(b, "/linux/devices: no node is made, since /dev is bound from the host");
		return 0;
	}
	add_defaults(b);
	for (i = 0; i < b->l->devices.n; i++)
		TRY(add_device(b, i, e));
	for (i = 0; i < sizeof links / sizeof *links; i++)
		plan_add(b, STEP_SYMLINK, STAGE_INSIDE, "")->symlink = links[i];
	return 0;
}

int plan_console(struct build *b, struct err *e)
{
	const struct console_size *size = b->p->console_size;
	struct step_console c = { .uid = b->p->user ? b->p->user->uid : 0, .mount_label = b->l->mount_label };

	if (b->o->has_console_socket && !b->p->terminal)
		return plan_fail(e, EINVAL, plan_at(b, "%s/terminal", b->process_at),
				 "--console-socket is for processes with a terminal, and this one has none");
	if (b->o->detach && b->p->terminal && !b->o->has_console_socket)
		return plan_fail(e, EINVAL, plan_at(b, "%s/terminal", b->process_at),
				 "cannot allocate tty if detaching without a console socket: give --console-socket");
	if (!b->p->terminal)
		return 0;
	if (size) {
		c.rows = (uint16_t)size->height.v;
		c.columns = (uint16_t)size->width.v;
	}
	c.bind_dev_console = !b->exec && (b->made & CLONE_NEWNS);
	plan_add(b, STEP_CONSOLE, STAGE_INSIDE, plan_at(b, "%s/terminal", b->process_at))->console = c;
	return 0;
}
