/* sandbox_keeper.c - sandboxes that do not outstay: those of a command that has ended, however it ended, and those whose time has come.
 * Must not touch a sandbox that has taken the place of the one it was made for. */
#include "base/log.h"
#include "verb/sandbox_flow.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 5 /* somebody may hold its lock for a while */

/* The keeper's own copy of what it needs: all other memory of the command goes. */
struct kept {
	struct arena arena;
	struct globals g;
	struct place place;
	const char *name, *id, *conf_dir, *lock;
	int64_t until;
};

static void keep(struct globals *g, const struct place *p, const char *name, const char *id, int64_t until, struct kept *k)
{
	struct arena *a = &k->arena;

	*k = (struct kept){ .g = *g, .place = *p, .until = until };
	k->g.arena = a;
	k->g.root = arena_str(a, g->root);
	k->g.log = k->g.log_format = k->g.log_level = k->g.debug = NULL;
	k->g.cgroup_manager = g->cgroup_manager ? arena_str(a, g->cgroup_manager) : NULL;
	k->g.systemd_cgroup = g->systemd_cgroup ? "true" : NULL;
	k->place.root = arena_str(a, p->root);
	k->place.templates = arena_str(a, p->templates);
	k->place.ports = arena_str(a, p->ports);
	k->place.sockets = arena_str(a, p->sockets);
	k->place.env_file = k->place.memory = k->place.environment = NULL;
	k->name = arena_str(a, name);
	k->id = id ? arena_str(a, id) : NULL;
	k->conf_dir = arena_fmt(a, "%s/%s/config", p->root, name);
	k->lock = id ? arena_fmt(a, "%s/%s.keeper", p->sockets, id) : NULL;
	if (g->arena->scratch)
		arena_drop(g->arena->scratch);
	arena_drop(g->arena);
}

static void forget(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

/* Is it still the one, and when does it expire? False: it is gone. */
static bool look_again(struct kept *k)
{
	struct sandbox s;
	struct err ignored;
	bool same;

	sandbox_init(&s);
	same = sandbox_open(k->g.arena, &k->place, k->name, false, &s, &ignored) == 0 && s.conf.id && strcmp(s.conf.id, k->id) == 0 &&
	       s.conf.expires;
	if (same)
		k->until = sandbox_expires(&s);
	sandbox_close(&s);
	return same;
}

static int end(struct kept *k)
{
	struct err ignored;
	int r = sandbox_destroy(&k->g, &k->place, k->name, false, NULL, &ignored);

	return r == -ENOENT ? 0 : r;
}

static _Noreturn void serve(struct kept *k, struct keeper *pipe)
{
	enum keeper_event event;
	int i;

	log_divert(forget, NULL);
	for (;;) {
		event = keeper_wait(pipe, k->until, k->id ? k->conf_dir : NULL);
		if (event == KEEPER_RELEASED)
			keeper_end(k->lock);
		if (k->id && !look_again(k))
			keeper_end(k->lock);
		/* one of a sandbox with a time of its own does not care who made it */
		if ((event == KEEPER_CALLER_GONE && !k->id) || (event == KEEPER_TIME && k->until <= (int64_t)time(NULL)))
			break;
	}
	for (i = 0; i < TRIES && end(k) < 0; i++)
		;
	keeper_end(k->lock);
}

int sandbox_keeper(struct globals *g, const struct place *p, const char *name, int64_t until, struct keeper *k, struct err *e)
{
	struct kept kept;

	if (TRY(keeper_fork(k, e)) == 0)
		return 0;
	keep(g, p, name, NULL, until, &kept);
	serve(&kept, k);
}

int sandbox_keep_until(struct globals *g, const struct sandbox *s, struct err *e)
{
	struct kept kept;
	struct keeper k;

	if (!s->conf.expires)
		return 0;
	if (TRY(keeper_fork(&k, e)) == 0) {
		keeper_leave(&k);
		return 0;
	}
	keep(g, &s->place, s->name, s->conf.id, sandbox_expires(s), &kept);
	if (!keeper_alone(kept.lock))
		keeper_end(NULL);
	serve(&kept, &k);
}
