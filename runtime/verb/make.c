/* make.c - makes a container, up to the init that waits.
 *
 * Write-ahead (rule of the lifecycle): everything that can be wrong with the documents is found before the id is claimed; the claim
 * records every cgroup before it is made; init ends by itself until the commit. A runtime killed at any instant leaves nothing
 * that `delete --force` does not find. Must not know any property beyond what the record keeps. */
#include "verb/make.h"
#include "verb/narrow.h"
#include "apply/cgroup.h"
#include "apply/connect.h"
#include "apply/inherit.h"
#include "apply/notify.h"
#include "apply/probe.h"
#include "apply/rdt.h"
#include "base/fd.h"
#include "base/log.h"
#include "store/files.h"
#include "verb/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PASSED 4096
#define SECCOMP_CACHE "@seccomp" /* no id can be called that */

const char *cgroup_manager(const struct globals *g)
{
	return g->systemd_cgroup ? "systemd" : g->cgroup_manager ? g->cgroup_manager : "cgroupfs";
}

int parse_number(const char *s, uint64_t max, const char *what, uint64_t *out, struct err *e)
{
	const char *c;

	*out = 0;
	for (c = s; *c >= '0' && *c <= '9'; c++) {
		if (*out > (max - (uint64_t)(*c - '0')) / 10)
			return fail(e, ERANGE, "%s \"%.40s\" is more than %ju", what, s, (uintmax_t)max);
		*out = *out * 10 + (uint64_t)(*c - '0');
	}
	if (*c || c == s || (s[0] == '0' && s[1]))
		return fail(e, EINVAL, "%s \"%.40s\" is not a decimal number", what, s);
	return 0;
}

int passed_fds(const struct globals *g, bool listen, const char *preserve, int *listen_n, int *preserve_n, struct err *e)
{
	uint64_t n = 0;

	*listen_n = 0;
	if (listen)
		TRY(inherit_listen_fds(listen_n, e));
	if (preserve)
		TRY(parse_number(preserve, MAX_PASSED, "--preserve-fds", &n, e));
	*preserve_n = (int)n;
	if (*listen_n > g->inherited)
		return fail(e, EBADF, "LISTEN_FDS=%d, but descriptor %d is not open", *listen_n, 3 + g->inherited);
	if (*listen_n + *preserve_n > g->inherited)
		return fail(e, EBADF, "unable to stat preserved-fd %d (of %d): descriptor %d is not open", g->inherited - *listen_n,
			    *preserve_n, 3 + g->inherited);
	return 0;
}

void add_listen_env(struct arena *a, struct process *p, int n)
{
	if (!n)
		return;
	strs_append(a, &p->env, arena_fmt(a, "LISTEN_FDS=%d", n));
	strs_append(a, &p->env, "LISTEN_PID=1");
}

int check_terminal(bool terminal, bool detach, const char *console_socket, struct err *e)
{
	if (detach && terminal && !console_socket)
		return fail(e, EINVAL, "cannot allocate tty if wasirun will detach without setting console socket "
			    "(--console-socket PATH, or \"terminal\": false in config.json)");
	if ((!detach || !terminal) && console_socket)
		return fail(e, EINVAL, "cannot use console socket if wasirun will not detach or allocate tty");
	return 0;
}

/* The directory of the notify socket as one more mount, and where the program finds it. */
static void add_notify(struct globals *g, struct making *m, const char *id)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct mount *v = arena_array(g->arena, m->config.mounts.n + 1, sizeof *v), *new_ = &v[m->config.mounts.n];
	size_t i;

	if (m->config.mounts.n)
		memcpy(v, m->config.mounts.v, m->config.mounts.n * sizeof *v);
	new_->destination = arena_str(g->arena, NOTIFY_DIR);
	new_->source = arena_fmt(g->arena, "%s/%s/" NOTIFY_STATE_DIR, g->root, id);
	for (i = 0; i < sizeof options / sizeof *options; i++)
		strs_append(g->arena, &new_->options, options[i]);
	m->config.mounts.v = v;
	m->config.mounts.n++;
	strs_append(g->arena, &m->config.process->env, "NOTIFY_SOCKET=" NOTIFY_SOCKET);
}

/* What is recorded of it is the configuration, without what the program alone may know. */
static int take_given(struct globals *g, const struct given *given, struct making *m, char **bytes, size_t *n, struct err *e)
{
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .first = true };
	size_t i;

	config_encode(&w, given->config);
	*bytes = arena_str(g->arena, text_get(&t));
	*n = t.n;
	TRY(config_decode(g->arena, *bytes, *n, "the configuration", &m->config, e));
	for (i = 0; i < given->env.n; i++)
		strs_append(g->arena, &m->config.process->env, given->env.v[i]);
	m->record.bundle = arena_str(g->arena, "/");
	return 0;
}

static int read_config(struct globals *g, const struct make_options *o, struct making *m, char **bytes, size_t *n, struct err *e)
{
	const char *bundle;

	if (o->given)
		return take_given(g, o->given, m, bytes, n, e);
	TRY(bundle_read(g->arena, o->bundle ? o->bundle : ".", o->config, &bundle, bytes, n, e));
	TRY(config_decode(g->arena, *bytes, *n, o->config ? o->config : "config.json", &m->config, e));
	m->record.bundle = arena_str(g->arena, bundle);
	TRY(narrow_config(g, &m->config, bytes, n, e));
	if (!m->config.process) {
		fail(e, EINVAL, "process property must not be empty: it says what to run");
		return fail_at(e, "/process");
	}
	return 0;
}

/* Limits that cannot be had are warnings. */
static void soften(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->steps.n; i++) {
		struct step *s = &p->steps.v[i];

		if (s->op == STEP_CGROUP)
			s->cgroup.must = false;
		if (s->op == STEP_LIMIT || s->op == STEP_CGROUP)
			s->soft = true;
	}
}

static int make_plan(struct globals *g, const struct make_options *o, const char *id, bool detach, struct making *m, struct err *e)
{
	struct plan_options po = {
		.cgroup_manager = cgroup_manager(g),
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.detach = detach,
		.has_console_socket = o->console_socket,
	};
	size_t i;
	int r;

	if (o->given && !g->cgroup_manager && !g->systemd_cgroup && !m->config.linux_->resources)
		po.cgroup_manager = "disabled"; /* there is nothing to limit, and the pid namespace ends all of it */
	po.network = o->given ? o->given->network : NULL;
	for (i = 0; o->given && i < o->given->files_n; i++)
		*arena_push(g->arena, &po.files) = o->given->files[i];
	TRY(probe_host(g->arena, m->record.bundle, id, &m->host, e));
	r = plan_create(g->arena, &m->config, &m->host, &po, &m->plan, e);
	if (r < 0 && o->given && o->given->best_effort && strncmp(e->at, "/linux/resources", 16) == 0) {
		log_warn("%s: %s", e->at, e->text);
		m->config.linux_->resources = NULL;
		r = plan_create(g->arena, &m->config, &m->host, &po, &m->plan, e);
	}
	TRY(r);
	if (o->given && o->given->best_effort)
		soften(&m->plan);
	log_plan(g->arena, &m->plan);
	return plan_cgroup_dirs(g->arena, &m->config, &m->host, &po, &m->record.cgroup_paths, e);
}

/* Whoever is recorded here may be killed by delete: a cgroup that others live in must not be. */
static int check_cgroups(struct globals *g, struct making *m, struct err *e)
{
	struct record *r = &m->record;
	size_t i;

	for (i = 0; i < m->plan.steps.n; i++)
		if (m->plan.steps.v[i].op == STEP_CGROUP && !m->plan.steps.v[i].cgroup.manage)
			r->cgroup_paths.n = 0;
	for (i = 0; i < r->cgroup_paths.n; i++)
		if (cgroup_populated(r->cgroup_paths.v[i])) {
			fail(e, EBUSY, "container's cgroup is not empty: %s holds processes of somebody else", r->cgroup_paths.v[i]);
			return fail_at(e, "/linux/cgroupsPath");
		}
	if (r->cgroup_paths.n && cgroup_frozen(&r->cgroup_paths))
		return fail(e, EBUSY, "container's cgroup unexpectedly frozen: %s", r->cgroup_paths.v[0]);
	return cgroup_missing_parents(g->arena, &r->cgroup_paths, &r->cgroup_made, e);
}

/* The winner of a race for an id is in the cgroup that the losers would use: then the id is what there is to say. */
static int cgroup_is_taken(struct globals *g, const char *id, struct err *e)
{
	struct store s;
	struct err why;

	if (store_open(g->arena, g->root, false, &s, &why) == 0) {
		if (store_check_free(&s, id, &why) < 0)
			*e = why;
		fd_close(&s.fd);
	}
	return -e->code;
}

static int fill_record(struct globals *g, struct making *m, const char *id, struct err *e)
{
	const struct namespace *pid = config_namespace(&m->config, "pid"), *user = config_namespace(&m->config, "user");
	struct record *r = &m->record;
	const struct hooks *h = m->config.hooks;
	const char *rdt;
	size_t i;

	TRY(record_begin(g->arena, r, e));
	r->id = arena_str(g->arena, id);
	for (i = 0; i < m->plan.steps.n; i++) {
		const struct step *s = &m->plan.steps.v[i];

		if (s->op == STEP_ROOT)
			r->rootfs = arena_str(g->arena, s->root.path);
		if (s->op == STEP_RDT && s->rdt.clos_id)
			r->intel_clos = arena_str(g->arena, s->rdt.clos_id);
	}
	rdt = rdt_made_path(g->arena, &m->plan, id);
	r->rdt_path = rdt ? arena_str(g->arena, rdt) : NULL;
	r->terminal = m->config.process->terminal;
	r->pid_namespace = pid && !pid->path;
	r->user_namespace = user != NULL;
	r->has_poststart = h && h->poststart.n;
	r->has_poststop = h && h->poststop.n;
	r->cgroup_manager = arena_str(g->arena, cgroup_manager(g));
	r->annotations = m->config.annotations;
	r->notify_socket = m->notify ? arena_str(g->arena, m->notify) : NULL;
	return 0;
}

static int connect_sockets(const struct make_options *o, struct run *r, struct err *e)
{
	if (o->console_socket)
		r->console_socket = TRY(connect_socket("--console-socket", o->console_socket, e));
	if (o->pidfd_socket)
		r->pidfd_socket = TRY(connect_socket("--pidfd-socket", o->pidfd_socket, e));
	return 0;
}

/* With the id claimed: from here on there is something to undo. */
static int bring_up(struct globals *g, const struct make_options *o, struct making *m, struct err *e)
{
	struct run *r = &m->run;

	if (m->notify)
		TRY(notify_prepare(m->o.c.dir, e));
	TRY(apply_create(r, e));
	m->record.pid = (struct opt_int){ true, r->pid };
	m->record.pid_start = (struct opt_uint){ true, r->pid_start };
	m->record.complete = true;
	TRY(store_save(g->arena, &m->o.c, &m->record, e));
	TRY(apply_commit(r, e));
	if (o->pid_file)
		TRY(file_write_pid(g->arena, o->pid_file, r->pid, e));
	return 0;
}

/* The executor has undone all of it: whoever is in the cgroup now is none of ours, and must survive its removal. */
static void leave_others(struct record *r)
{
	size_t i;

	r->complete = r->pid_namespace = true;
	for (i = 0; i < r->cgroup_paths.n; i++)
		if (cgroup_populated(r->cgroup_paths.v[i]))
			r->cgroup_paths.n = 0;
}

void unmake_container(struct globals *g, struct making *m)
{
	struct err why;

	m->o.c.record = m->record;
	if (m->run.pidfd >= 0)
		apply_undo(&m->run);
	else
		leave_others(&m->o.c.record);
	if (lifecycle_destroy(g, &m->o, false, &why) < 0)
		log_warn("cleaning up failed, `delete --force %s` is still needed: %s", m->record.id, why.text);
	lifecycle_close(&m->o);
}

static bool has_seccomp(const struct plan *p)
{
	size_t i;

	for (i = 0; i < p->steps.n; i++)
		if (p->steps.v[i].op == STEP_SECCOMP)
			return true;
	return false;
}

static void close_sockets(struct run *r)
{
	fd_close(&r->console_socket);
	fd_close(&r->pidfd_socket);
	fd_close(&r->cache_dir);
}

int make_container(struct globals *g, const struct make_options *o, const char *id, bool start_at_once, struct making *m, struct err *e)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	bool detach = !start_at_once || o->detach;
	size_t n;
	char *bytes;
	int r;

	*m = (struct making){ .notify = notify && *notify ? notify : NULL };
	opened_init(&m->o);
	TRY(read_config(g, o, m, &bytes, &n, e));
	TRY(check_terminal(m->config.process->terminal, detach, o->console_socket, e));
	TRY(passed_fds(g, true, o->preserve_fds, &m->listen_fds, &m->preserve_fds, e));
	add_listen_env(g->arena, m->config.process, m->listen_fds);
	if (m->notify)
		add_notify(g, m, id);
	TRY(make_plan(g, o, id, detach, m, e));
	if (check_cgroups(g, m, e) < 0)
		return cgroup_is_taken(g, id, e);
	TRY(fill_record(g, m, id, e));
	run_init(&m->run, g->arena, &m->host, &m->plan);
	lifecycle_state_text(g->arena, &m->record, &m->run.state);
	m->run.listen_fds = m->listen_fds;
	m->run.preserve_fds = m->preserve_fds;
	m->run.start_at_once = start_at_once;
	if (o->given && o->given->network)
		m->run.network_report = o->given->network_report;
	TRY(store_open(g->arena, g->root, true, &m->o.store, e));
	TRY(connect_sockets(o, &m->run, e));
	TRY(store_claim(g->arena, &m->o.store, &m->record, bytes, n, &m->o.c, e));
	m->run.state_dir = m->o.c.dir;
	if (has_seccomp(&m->plan))
		m->run.cache_dir = store_side_dir(&m->o.store, SECCOMP_CACHE);
	r = bring_up(g, o, m, e);
	close_sockets(&m->run);
	if (r < 0)
		unmake_container(g, m);
	return r;
}
