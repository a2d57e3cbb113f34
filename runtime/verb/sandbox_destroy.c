/* sandbox_destroy.c - `sandbox destroy`: the end of a sandbox, its server and its data.
 * Must not need it to be whole: what a killed create, start or destroy left is ended too, in any order and as often as asked. */
#include "apply/streams.h"
#include "base/fd.h"
#include "base/log.h"
#include "sandbox/look.h"
#include "sandbox/port.h"
#include "sandbox/storage.h"
#include "sandbox/template.h"
#include "store/files.h"
#include "store/store.h"
#include "verb/box_parts.h"
#include "verb/compile.h"
#include "verb/sandbox_flow.h"
#include "verb/sandbox_view.h"
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define GRACE_MS 10000

struct options {
	struct sandbox_common common;
	const char *force;
};
static const struct opt opts[] = {
	SANDBOX_ROWS,
	{ "force", 'f', OPT_FLAG, NULL, "no error for what is not there, and go on when a server cannot be stopped",
	  offsetof(struct options, force) },
	{ NULL },
};

/* The container of a tree that cannot tell its id any more: the one whose network log lies in it. NULL: none. */
static const char *container_in(struct globals *g, const char *dir)
{
	const char *log = arena_fmt(g->arena, "%s/logs/" BOX_NETWORK_LOG, dir), *found = NULL;
	struct strs ids = { 0 };
	struct store s;
	struct err gone;
	size_t i, k;

	find_state_root(g, (uint32_t)geteuid());
	if (store_open(g->arena, g->root, false, &s, &gone) < 0 || store_list(g->arena, &s, &ids, &gone) < 0)
		return NULL;
	for (i = 0; i < ids.n && !found; i++) {
		struct container c;

		if (!sandbox_is_container_id(ids.v[i]))
			continue;
		if (store_load(g->arena, &s, ids.v[i], false, &c, &gone) == 0)
			for (k = 0; k < c.record.annotations.n; k++)
				if (!strcmp(c.record.annotations.v[k].key, BOX_ANNOTATION_NETWORK) &&
				    !strcmp(c.record.annotations.v[k].value, log))
					found = ids.v[i];
		container_close(&c);
	}
	fd_close(&s.fd);
	return found;
}

/* There is nothing to be gentle with: its data go. */
static int stop(struct globals *g, const struct sandbox *s, struct err *e)
{
	const char *id = s->conf.id ? sandbox_container_id(g->arena, s) : container_in(g, s->dir);
	bool killed;

	if (id)
		TRY(box_stop(g, id, SIGKILL, GRACE_MS, &killed, e));
	if (s->conf.id && look_elsewhere(s))
		return fail(e, EPERM, "it was started by another user and runs: destroy it as that one%s",
			    geteuid() ? " (sudo)" : s->place.uid ? " (without sudo)" : "");
	return 0;
}

static void release_ports(struct globals *g, const struct sandbox *s)
{
	uint16_t port = sandbox_port(s);
	port_leases leases;
	struct err gone;
	size_t i;

	if (port)
		port_release(s, port);
	if (s->conf.id || port_list(g->arena, &s->place, &leases, &gone) < 0)
		return;
	for (i = 0; i < leases.n; i++)
		if (!strcmp(leases.v[i].dir, s->dir))
			port_release(s, leases.v[i].port);
}

static int end(struct globals *g, struct sandbox *s, bool force, uint64_t *freed, struct err *e)
{
	struct tree_size size = { 0 };
	struct err why;
	int r;

	if (freed)
		*freed = tree_measure(s->fd, &size, &why) < 0 ? 0 : size.bytes;
	r = stop(g, s, &why);
	if (r < 0 && !force) {
		*e = why;
		return fail_in(e, "sandbox %s cannot be stopped", s->name);
	}
	if (r < 0)
		log_warn("sandbox %s cannot be stopped: %s", s->name, why.text);
	if (sandbox_drop_socket_dir(g->arena, s, &why) < 0)
		log_warn("%s", why.text);
	release_ports(g, s);
	if (s->conf.id)
		template_unuse(s);
	return sandbox_remove(s, e);
}

int sandbox_destroy(struct globals *g, const struct place *p, const char *name, bool force, uint64_t *freed, struct err *e)
{
	struct sandbox s;
	bool damaged;
	int r;

	TRY(sandbox_open_ruins(g->arena, p, name, &s, &damaged, e));
	r = end(g, &s, force, freed, e);
	sandbox_close(&s);
	return r;
}

static int destroy(struct globals *g, const void *opts_v, int argc, char **argv, struct err *e)
{
	const struct options *o = opts_v;
	struct err why;
	struct place p;
	int i, failed = 0;

	TRY(sandbox_place(g, &o->common, &p, e));
	for (i = 0; i < argc; i++) {
		uint64_t freed = 0;
		int r = sandbox_destroy(g, &p, argv[i], o->force != NULL, &freed, &why);
		const char *line = arena_fmt(g->arena, "%s: destroyed, %s freed\n", argv[i], view_size(g->arena, freed));

		if (r == 0)
			TRY(file_print(line, strlen(line), e));
		if (r == 0 || (r == -ENOENT && o->force))
			continue;
		if (failed) /* the last one is main's to tell */
			log_error(e);
		*e = why;
		failed = r;
	}
	return failed;
}

const struct verb verb_sandbox_destroy = {
	.name = "destroy",
	.tried = " rm remove delete del drop down ",
	.args = "NAME...",
	.summary = "stop sandboxes and delete them with their data",
	.details = "Nothing else ever deletes a sandbox's data but `sandbox reset`. A server that runs is killed;\n"
		   "its port, its sockets and what a killed create or start left are cleared away.",
	.opts = opts,
	.opts_size = sizeof(struct options),
	.min_args = 1,
	.max_args = -1,
	.run = destroy,
};
