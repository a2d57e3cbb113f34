/* device_rules.c - which devices the container's processes may use, as one list in which the last match wins.
 * Must not make device nodes (devices.c), and must not know how rules are enforced. */
#include "plan/build.h"
#include <errno.h>
#include <string.h>

enum { R = 1, W = 2, M = 4 };

/* What every container gets, after the configuration's own rules, as with runc: an engine's list begins with "deny all" and relies on
 * these. Making a node is harmless where it cannot be opened. */
static const struct rule defaults[] = {
	{ true, 'c', -1, -1, M },	{ true, 'b', -1, -1, M },	   { true, 'c', 1, 3, R | W | M }, { true, 'c', 1, 5, R | W | M },
	{ true, 'c', 1, 7, R | W | M }, { true, 'c', 1, 8, R | W | M },	   { true, 'c', 1, 9, R | W | M }, { true, 'c', 5, 0, R | W | M },
	{ true, 'c', 5, 2, R | W | M }, { true, 'c', 136, -1, R | W | M },
};

static unsigned access_of(const char *s)
{
	return (strchr(s, 'r') ? R : 0) | (strchr(s, 'w') ? W : 0) | (strchr(s, 'm') ? M : 0);
}

static int one_rule(struct limits *x, size_t i, struct step_device_rules *out, struct err *e)
{
	const struct device_rule *d = &x->r->devices.v[i];
	struct rule rule = { .allow = d->allow, .type = is_set(d->type) ? d->type[0] : 'a', .access = R | W | M };

	rule.major = d->major.set ? d->major.v : -1;
	rule.minor = d->minor.set ? d->minor.v : -1;
	if (d->access)
		rule.access = access_of(d->access);
	if (!rule.access)
		return plan_fail(e, EINVAL, plan_at(x->b, "%s/devices/%zu/access", x->prefix, i),
				 "a rule about no access at all says nothing");
	if (rule.type != 'a' || (rule.major < 0 && rule.minor < 0)) {
		*arena_push(x->b->a, &out->rules) = rule;
		return 0;
	}
	/* the kernel would overlook the numbers of a rule for all types */
	rule.type = 'b';
	*arena_push(x->b->a, &out->rules) = rule;
	rule.type = 'c';
	*arena_push(x->b->a, &out->rules) = rule;
	return 0;
}

int plan_device_rules(struct limits *x, struct err *e)
{
	struct step_device_rules d = { .dir = plan_controller_dir(x, "devices"), .v2 = x->b->h->cgroup == CGROUP_V2 };
	size_t i;

	if (!d.dir)
		return plan_fail(e, ENOTSUP, plan_at(x->b, "%s/devices", x->prefix),
				 "the devices controller is not mounted: the container could use every device of the machine");
	*arena_push(x->b->a, &d.rules) = (struct rule){ false, 'a', -1, -1, R | W | M };
	for (i = 0; i < x->r->devices.n; i++)
		TRY(one_rule(x, i, &d, e));
	for (i = 0; i < sizeof defaults / sizeof *defaults; i++)
		*arena_push(x->b->a, &d.rules) = defaults[i];
	plan_add(x->b, STEP_DEVICE_RULES, STAGE_PREPARE, x->r->devices.n ? plan_at(x->b, "%s/devices", x->prefix) : "")->device_rules = d;
	return 0;
}
