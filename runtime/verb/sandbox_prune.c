/* sandbox_prune.c - `sandbox prune`: what nobody needs any more.
 * Must not touch the data of a sandbox that has not expired. */
#include "base/fd.h"
#include "base/log.h"
#include "sandbox/look.h"
#include "sandbox/port.h"
#include "store/files.h"
#include "store/store.h"
#include "verb/box_parts.h"
#include "verb/compile.h"
#include "verb/sandbox_unpack.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* A directory of sockets is made a moment before its container. */
#define YOUNG_SECONDS 120
#define STOP_MS 10000

struct options {
	struct sandbox_common common;
	const char *dry;
};
static const struct opt opts[] = {
	SANDBOX_ROWS,
	{ "dry-run", 'n', OPT_FLAG, NULL, "only say what would be removed", offsetof(struct options, dry) },
	{ NULL },
};

struct pruning {
	struct globals *g;
	struct place p;
	bool dry;
	size_t n;
	int failed;
	struct err *e; /* the last one */
};

/* r: of the deed; 0 in a dry run. */
static void tell(struct pruning *x, int r, const struct err *why, const char *what, const char *because)
{
	const char *line = arena_fmt(x->g->arena, "%s %s: %s\n", x->dry ? "would remove" : "removed", what, because);
	struct err ignored;

	if (r == -ENOENT) /* somebody else was quicker */
		return;
	if (r < 0) {
		if (x->failed)
			log_error(x->e);
		*x->e = *why;
		x->failed = r;
		return;
	}
	x->n++;
	(void)!file_print(line, strlen(line), &ignored);
}

/* Looked at again under the lock by nobody: who makes one anew under the name of an expired one has destroyed that one first. */
static void sandboxes(struct pruning *x, const struct strs *names)
{
	struct arena *a = x->g->arena;
	size_t i;

	for (i = 0; i < names->n; i++) {
		const char *because = NULL;
		struct err why = { 0 };
		struct view v;
		int64_t expires;

		if (view_open(x->g, &x->p, names->v[i], &v, &why) < 0)
			continue;
		expires = sandbox_expires(&v.s);
		if (!strcmp(v.state, "unfinished"))
			because = "its create or destroy was killed";
		else if (v.whole && expires <= view_now())
			because = arena_fmt(a, "it expired %s ago", view_span(a, view_now() - expires));
		view_close(&v);
		if (because)
			tell(x, x->dry ? 0 : sandbox_destroy(x->g, &x->p, names->v[i], false, NULL, &why), &why,
			     arena_fmt(a, "sandbox %s", names->v[i]), because);
	}
}

/* The directory of its sandbox, NULL when its record does not tell. */
static const char *home_of(struct arena *a, const struct container *c)
{
	static const char tail[] = "/logs/" BOX_NETWORK_LOG;
	size_t i;

	for (i = 0; i < c->record.annotations.n; i++) {
		const char *log = c->record.annotations.v[i].value;
		size_t n = strlen(log);

		if (!strcmp(c->record.annotations.v[i].key, BOX_ANNOTATION_NETWORK) && n > sizeof tail &&
		    !strcmp(log + n - sizeof tail + 1, tail))
			return arena_strn(a, log, n - sizeof tail + 1);
	}
	return NULL;
}

/* Containers of trees that were deleted by other means: their servers would go on for ever. */
static void containers(struct pruning *x, struct strs *alive)
{
	struct arena *a = x->g->arena;
	struct strs ids = { 0 };
	struct store s;
	struct err why;
	size_t i;

	find_state_root(x->g, (uint32_t)geteuid());
	if (store_open(a, x->g->root, false, &s, &why) < 0 || store_list(a, &s, &ids, &why) < 0)
		return;
	for (i = 0; i < ids.n; i++) {
		struct container c;
		const char *home;
		bool killed, whole;

		if (!sandbox_is_container_id(ids.v[i]))
			continue;
		whole = store_load(a, &s, ids.v[i], false, &c, &why) == 0;
		if (whole && (home = home_of(a, &c)) != NULL && look_gone(home, (pid_t)c.pid))
			tell(x, x->dry ? 0 : box_stop(x->g, ids.v[i], SIGKILL, STOP_MS, &killed, &why), &why,
			     arena_fmt(a, "server %s", ids.v[i]), arena_fmt(a, "%s was deleted under it", home));
		else if (!whole || c.pid > 0)
			*arena_push(a, alive) = ids.v[i];
		container_close(&c);
	}
	fd_close(&s.fd);
}

/* Those of no container: one that is started gets a new one. */
static void sockets(struct pruning *x, const struct strs *alive)
{
	struct arena *a = x->g->arena;
	socket_dirs dirs;
	struct err why;
	size_t i, k;

	if (sockets_list(a, &x->p, &dirs, &why) < 0) {
		tell(x, -EIO, &why, "", "");
		return;
	}
	for (i = 0; i < dirs.n; i++) {
		bool used = dirs.v[i].answers || dirs.v[i].age < YOUNG_SECONDS;

		for (k = 0; k < alive->n && !used; k++) {
			const char *dash = strrchr(alive->v[k], '-');

			used = dash && !strcmp(dash + 1, dirs.v[i].id);
		}
		if (!used)
			tell(x, x->dry ? 0 : sockets_drop(a, &x->p, dirs.v[i].id, &why), &why,
			     arena_fmt(a, "sockets %s/%s", x->p.sockets, dirs.v[i].id), "its server does not run");
	}
}

static void leases(struct pruning *x)
{
	struct arena *a = x->g->arena;
	port_leases all;
	struct err why;
	size_t i;

	if (port_list(a, &x->p, &all, &why) < 0) {
		tell(x, -EIO, &why, "", "");
		return;
	}
	for (i = 0; i < all.n; i++)
		if (all.v[i].dead)
			tell(x, x->dry ? 0 : port_bury(a, &x->p, all.v[i].port, &why), &why,
			     arena_fmt(a, "lease of port %u", all.v[i].port), arena_fmt(a, "no sandbox in %s has it", all.v[i].dir));
}

static bool uses(struct pruning *x, const char *root, const char *name, const char *rootfs)
{
	struct place p = x->p;
	struct sandbox s;
	struct err why;
	bool does;

	p.root = root;
	sandbox_init(&s);
	does = sandbox_open(x->g->arena, &p, name, false, &s, &why) == 0 && s.conf.image && !strcmp(s.conf.image, rootfs);
	sandbox_close(&s);
	return does;
}

/* By a sandbox of this tree, or of any that has a port. */
static bool is_used(struct pruning *x, const struct strs *names, const char *rootfs)
{
	struct arena *a = x->g->arena;
	port_leases all;
	struct err why;
	size_t i;

	for (i = 0; i < names->n; i++)
		if (uses(x, x->p.root, names->v[i], rootfs))
			return true;
	if (port_list(a, &x->p, &all, &why) < 0)
		return true;
	for (i = 0; i < all.n; i++) {
		const char *slash = strrchr(all.v[i].dir, '/');

		if (slash && uses(x, arena_strn(a, all.v[i].dir, (size_t)(slash - all.v[i].dir)), slash + 1, rootfs))
			return true;
	}
	return false;
}

static void images(struct pruning *x, const struct strs *sandboxes_)
{
	struct arena *a = x->g->arena;
	struct image_store s;
	struct strs names, left;
	struct err why = { 0 };
	size_t i;
	int r;

	image_store_find(a, &x->p, &s);
	r = image_store_open(&x->p, false, &s, &why);
	if (r == -ENOENT || r == -EWOULDBLOCK) /* one is being unpacked */
		return;
	if (r == 0)
		r = sandbox_image_leftovers(a, &s, &left, &why);
	for (i = 0; r == 0 && i < left.n; i++)
		tell(x, x->dry ? 0 : sandbox_image_drop(x->g, &x->p, &s, left.v[i], &why), &why,
		     arena_fmt(a, "image %s", left.v[i]), "its unpacking was killed");
	if (r == 0)
		r = image_list(a, &s, &names, &why);
	for (i = 0; r == 0 && i < names.n; i++) {
		AUTO_FD int lock = -1;

		if (*names.v[i] == '.' || image_claim(&s, names.v[i], &lock, &why) < 0 ||
		    is_used(x, sandboxes_, arena_fmt(a, "%s/%s/rootfs", s.dir, names.v[i])))
			continue;
		tell(x, x->dry ? 0 : sandbox_image_drop(x->g, &x->p, &s, names.v[i], &why), &why,
		     arena_fmt(a, "image %.12s", names.v[i]), "no sandbox uses it");
	}
	if (r < 0)
		tell(x, r, &why, "", "");
	fd_close(&s.fd);
}

static int prune(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct pruning x = { .g = g, .dry = o->dry != NULL, .e = e };
	struct strs names, alive = { 0 };

	(void)argc, (void)argv;
	TRY(sandbox_place(g, &o->common, &x.p, e));
	TRY(sandbox_names(g->arena, &x.p, &names, e));
	sandboxes(&x, &names);
	containers(&x, &alive);
	sockets(&x, &alive);
	images(&x, &names);
	leases(&x);
	if (!x.n && !x.failed) {
		static const char line[] = "nothing to prune\n";

		return file_print(line, sizeof line - 1, e);
	}
	return x.failed;
}

const struct verb verb_sandbox_prune = {
	.name = "prune",
	.summary = "remove what nobody needs: expired sandboxes, and what killed commands left",
	.details = "Removed are: sandboxes of this directory that have expired (--ttl) or whose create or destroy was killed,\n"
		   "servers whose directory was deleted by other means, sockets of servers that do not run,\n"
		   "leases of ports whose sandbox is gone, and unpacked images (--image) that no sandbox uses.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.run = prune,
};
