/* cgroup_limit.c - STEP_LIMIT: one value into one cgroup file, and what to say when the kernel does not want it.
 * Must not convert values: the plan did. */
#include "apply/cgroup_dir.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

#define V1_MEMORY "memory.limit_in_bytes"

static uint64_t number_in(const char *dir, const char *file)
{
	char buf[64];

	return cgroup_read(dir, file, buf, sizeof buf) > 0 ? cgroup_number(buf, NULL) : 0;
}

static int no_such_file(const struct step_limit *l, struct err *e)
{
	return fail(e, ENOENT, "%s/%s: this kernel's \"%s\" controller does not have that file: remove the limit", l->dir, l->file,
		    l->controller);
}

/* The file is not there: either the controller is not, or the kernel does not know the file. */
static int explain_missing(const struct step_limit *l, struct err *e)
{
	char have[1024], parent[PATH_MAX];
	size_t n = strlen(l->controller);

	if (sys_access(AT_FDCWD, l->dir, F_OK, 0) < 0)
		return fail(e, ENOENT, "the cgroup %s is not there", l->dir);
	if (!cgroup_is_v2(l->dir))
		return no_such_file(l, e);
	if (cgroup_read(l->dir, "cgroup.controllers", have, sizeof have) < 0 || cgroup_word(have, l->controller, n) ||
	    strcmp(l->controller, "cgroup") == 0)
		return no_such_file(l, e);
	if (!cgroup_parent(parent, l->dir))
		return fail(e, ENAMETOOLONG, "the cgroup path %.64s... is too long", l->dir);
	if (cgroup_read(parent, "cgroup.controllers", have, sizeof have) >= 0 && cgroup_word(have, l->controller, n))
		return fail(e, ENOENT,
			    "cannot set %s: %s does not hand the controller \"%s\" to the cgroups below it, most likely because it "
			    "holds processes itself: choose a cgroupsPath elsewhere or remove the limit",
			    l->file, parent, l->controller);
	return fail(e, ENOENT,
		    "cannot set %s: controller \"%s\" is not available in %s: have it delegated to the cgroup above "
		    "(systemd: Delegate=%s) or remove the limit",
		    l->file, l->controller, parent, l->controller);
}

static int explain_refused(const struct step_limit *l, int r, struct err *e)
{
	if (r == -EBUSY && strcmp(l->file, V1_MEMORY) == 0)
		return fail(e, EBUSY, "unable to set memory limit to %s (current usage: %llu, peak usage: %llu)", l->value,
			    (unsigned long long)number_in(l->dir, "memory.usage_in_bytes"),
			    (unsigned long long)number_in(l->dir, "memory.max_usage_in_bytes"));
	if (r == -EACCES || r == -EPERM || r == -EROFS)
		return fail_sys(e, r,
				"not permitted to write \"%s\" to %s/%s (controller \"%s\"): run as root, have the cgroup "
				"delegated, or remove the limit",
				l->value, l->dir, l->file, l->controller);
	if (r == -EINVAL || r == -ERANGE || r == -EOVERFLOW)
		return fail_sys(e, r, "the kernel does not take \"%s\" for %s of controller \"%s\" (in %s)", l->value, l->file,
				l->controller, l->dir);
	if (r == -ENODEV)
		return fail_sys(e, r, "no such device on this machine: \"%s\" for %s/%s", l->value, l->dir, l->file);
	return fail_sys(e, r, "cannot write \"%s\" to %s/%s (controller \"%s\")", l->value, l->dir, l->file, l->controller);
}

/* value, behind the first word that the file holds now. */
static int with_first_word(const struct step_limit *l, char *buf, size_t size)
{
	char now[256];
	ssize_t n = cgroup_read(l->dir, l->file, now, sizeof now);

	if (n < 0)
		return (int)n;
	now[strcspn(now, " \n")] = 0;
	return (size_t)snprintf(buf, size, "%s %s", now, l->value) < size ? 0 : -E2BIG;
}

static int write_limit(const struct step_limit *l)
{
	char both[512];
	int r;

	if (l->keep_first) {
		TRY(with_first_word(l, both, sizeof both));
		return cgroup_write(l->dir, l->file, both);
	}
	r = cgroup_write(l->dir, l->file, l->value);
	return r == -ENOENT && l->or_file ? cgroup_write(l->dir, l->or_file, l->or_value) : r;
}

/* checkBeforeUpdate: a limit that the container already exceeds would have it killed. */
static int check_usage(const struct step_limit *l, struct err *e)
{
	const char *limit = l->against ? l->against : l->value;
	uint64_t usage = number_in(l->dir, l->not_below);

	if (usage <= cgroup_number(limit, NULL))
		return 0;
	return fail(e, EBUSY, "rejecting memory%s limit %s: the current usage is %llu, and checkBeforeUpdate is set",
		    l->against ? "+swap" : "", limit, (unsigned long long)usage);
}

int cgroup_set_limit(const struct step_limit *l, struct err *e)
{
	int r;

	if (!l->dir) {
		if (l->optional || l->tentative)
			return 0;
		return fail(e, ENOENT,
			    "cannot set %s: this machine has no cgroup controller \"%s\": mount or enable it, or remove the limit",
			    l->file, l->controller);
	}
	if (l->not_below)
		TRY(check_usage(l, e));
	r = write_limit(l);
	if (r == 0 || l->tentative || (r == -ENOENT && l->optional))
		return 0;
	return r == -ENOENT ? explain_missing(l, e) : explain_refused(l, r, e);
}

int op_limit(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)r;
	(void)slot;
	return cgroup_set_limit(&s->limit, e);
}
