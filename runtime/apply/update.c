/* update.c - limits changed under a running container, all or none.
 * Must not know what a limit means; the order in which they fit each other is the plan's. */
#include "apply/update.h"
#include "apply/cgroup_dir.h"
#include "apply/ops.h"
#include <string.h>

struct written {
	const struct step_limit *limit;
	const char *former; /* NULL: it cannot be put back */
};

static bool names_device(const char *value, size_t n)
{
	return memchr(value, ':', n) != NULL;
}

const char *update_former(struct arena *a, const char *old, const char *value)
{
	size_t word = strcspn(value, " ");
	bool device = value[word] == ' ' && names_device(value, word);
	const char *line = old;

	for (; device && *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, value, word) == 0 && line[word] == ' ')
			return arena_strn(a, line, strcspn(line, "\n"));
	if (device || !*old)
		return NULL;
	/* several lines without devices: "oom_kill_disable 0", then what cannot be written */
	if (strchr(old, '\n')) {
		size_t end = strcspn(old, "\n"), start = end;

		while (start && old[start - 1] != ' ')
			start--;
		return arena_strn(a, old + start, end - start);
	}
	return arena_str(a, old);
}

static const char *former_value(struct arena *a, const struct step_limit *l)
{
	char old[4096];

	if (!l->dir || cgroup_read(l->dir, l->file, old, sizeof old) < 0)
		return NULL;
	return update_former(a, old, l->value);
}

/* Twice: two values that bound each other may only fit in the other order. */
static void put_back(const struct written *w, size_t n)
{
	size_t i;
	int round;

	for (round = 0; round < 2; round++)
		for (i = n; i-- > 0;)
			if (w[i].former)
				(void)!cgroup_write(w[i].limit->dir, w[i].limit->file, w[i].former);
}

int apply_update(struct arena *a, const struct host *h, const struct plan *p, struct err *e)
{
	struct written *w = arena_array(a, p->steps.n + 1, sizeof *w);
	struct run r = { .arena = a, .host = h, .plan = p };
	struct slot slot = { .fd = -1, .fd2 = -1 };
	size_t i, n = 0;
	int ret = 0;

	for (i = 0; i < p->steps.n && ret == 0; i++) {
		const struct step *s = &p->steps.v[i];

		if (s->op == STEP_LIMIT) {
			w[n++] = (struct written){ &s->limit, former_value(a, &s->limit) };
			ret = cgroup_set_limit(&s->limit, e);
		} else if (s->op == STEP_DEVICE_RULES) {
			ret = op_device_rules(&r, s, &slot, e);
		} else if (s->op == STEP_RDT) {
			ret = op_rdt(&r, s, &slot, e);
		}
		if (ret < 0 && s->soft)
			ret = 0;
		if (ret < 0)
			fail_at(e, s->at);
	}
	if (ret < 0)
		put_back(w, n);
	return ret;
}
