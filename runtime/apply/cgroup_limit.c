/* cgroup_limit.c - STEP_LIMIT: one value into one cgroup file, and what to say when the kernel does not want it.
 * Must not convert values: the plan did. */
#include "apply/cgroup_dir.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <stdlib.h>
#include <string.h>

#define V1_MEMORY "memory.limit_in_bytes"

static uint64_t number_in(const char *dir, const char *file)
{
	char buf[64];

	return cgroup_read(dir, file, buf, sizeof buf) > 0 ? strtoull(buf, NULL, 10) : 0;
}

/* The file is not there: either the controller is not, or the kernel does not know the file. */
static int explain_missing(const struct step_limit *l, struct err *e)
{
	char have[1024], parent[PATH_MAX], *slash;

	if (!cgroup_is_v2(l->dir))
		return fail(e, ENOENT, "%s/%s: this kernel's \"%s\" controller does not have that file: remove the limit", l->dir, l->file,
			    l->controller);
	if (cgroup_read(l->dir, "cgroup.controllers", have, sizeof have) < 0)
		return fail(e, ENOENT, "the cgroup %s is not there", l->dir);
	if (cgroup_word(have, l->controller, strlen(l->controller)) || strcmp(l->controller, "cgroup") == 0)
		return fail(e, ENOENT, "%s/%s: this kernel's \"%s\" controller does not have that file: remove the limit", l->dir, l->file,
			    l->controller);
	strcpy(parent, l->dir);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = 0;
	if (cgroup_read(parent, "cgroup.controllers", have, sizeof have) >= 0 &&
	    cgroup_word(have, l->controller, strlen(l->controller)))
		return fail(e, ENOENT,
			    "cannot set %s: %s does not hand the controller \"%s\" to the cgroups below it, most likely because it holds "
			    "processes itself: choose a cgroupsPath elsewhere or remove the limit",
			    l->file, parent, l->controller);
	return fail(e, ENOENT,
		    "cannot set %s: controller \"%s\" is not available in %s: have it delegated to the cgroup above (systemd: Delegate=%s) or "
		    "remove the limit",
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
				"not permitted to write \"%s\" to %s/%s (controller \"%s\"): run as root, have the cgroup delegated, or remove the limit",
				l->value, l->dir, l->file, l->controller);
	if (r == -EINVAL || r == -ERANGE || r == -EOVERFLOW)
		return fail_sys(e, r, "the kernel does not take \"%s\" for %s of controller \"%s\" (in %s)", l->value, l->file, l->controller,
				l->dir);
	if (r == -ENODEV)
		return fail_sys(e, r, "no such device on this machine: \"%s\" for %s/%s", l->value, l->dir, l->file);
	return fail_sys(e, r, "cannot write \"%s\" to %s/%s (controller \"%s\")", l->value, l->dir, l->file, l->controller);
}

/* Two values of one controller that bound each other (version 1 memory and memory+swap, quota and period, burst and quota): which has
 * to be written first depends on what is set now. The first that does not fit lets the second go before it. */
static bool bound_to(const struct step_limit *l, const struct step_limit *next)
{
	return next && next->dir && strcmp(l->dir, next->dir) == 0 && strcmp(l->controller, next->controller) == 0;
}

int cgroup_set_limit(const struct step_limit *l, const struct step_limit *next, struct err *e)
{
	int r;

	if (!l->dir) {
		if (l->optional)
			return 0;
		return fail(e, ENOENT, "cannot set %s: this machine has no cgroup controller \"%s\": mount or enable it, or remove the limit",
			    l->file, l->controller);
	}
	r = cgroup_write(l->dir, l->file, l->value);
	if (r == -EINVAL && bound_to(l, next) && cgroup_write(next->dir, next->file, next->value) == 0)
		r = cgroup_write(l->dir, l->file, l->value);
	if (r == 0)
		return 0;
	if (r == -ENOENT)
		return l->optional ? 0 : explain_missing(l, e);
	return explain_refused(l, r, e);
}

int op_limit(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step *end = r->plan->steps.v + r->plan->steps.n, *next = s + 1;

	(void)slot;
	return cgroup_set_limit(&s->limit, next < end && next->op == STEP_LIMIT ? &next->limit : NULL, e);
}
