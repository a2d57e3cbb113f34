/* manifest_normal.c - from what a document says to what is granted, section by section. Documents of one manifest add up here.
 * Must not decide between paths (manifest_path.c) nor include anything (manifest.c). */
#include "oci/manifest_doc.h"
#include <stdlib.h>
#include <string.h>

#define MAX_ID UINT64_C(4294967294)

bool may_set(struct reader *r, unsigned bit)
{
	if (r->profile)
		return !(r->g->by_author & bit);
	r->g->by_author |= bit;
	return true;
}

void strs_add_once(struct arena *a, struct strs *l, const char *s)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i], s))
			return;
	*arena_push(a, l) = arena_str(a, s);
	*arena_push(a, l) = NULL; /* ends it, and does not count */
	l->n--;
}

/* --- network */

static void take_endpoints(struct reader *r, const struct strs *s, const char *name, bool listen)
{
	struct manifest *m = r->g->out;
	struct endpoint p;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->v[i] || !read_endpoint(r, s->v[i], pointer(r, "/network/%s/%zu", name, i), listen, &p))
			continue;
		if (listen)
			*arena_push(r->g->arena, &m->listen) = p;
		else
			*arena_push(r->g->arena, &m->connect) = p;
	}
}

static void take_network(struct reader *r, const struct network_doc *d)
{
	take_endpoints(r, &d->listen, "listen", true);
	take_endpoints(r, &d->connect, "connect", false);
	if (d->mode == WORD_ABSENT || !may_set(r, SCALAR_NETWORK))
		return;
	r->g->out->network_host = words_network_mode.v[d->mode].value;
	if (r->g->out->network_host && d->listen.n + d->connect.n)
		complain(r, pointer(r, "/network/mode"), "\"host\" is the whole network: listen and connect have no meaning beside it");
}

/* --- files */

static void take_paths(struct reader *r, const struct strs *s, const char *name, unsigned access)
{
	struct path_grant p;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->v[i] || !read_path(r, s->v[i], pointer(r, "/filesystem/%s/%zu", name, i), &p))
			continue;
		p.access = access;
		*arena_push(r->g->arena, &r->g->out->paths) = p;
	}
}

static void take_root(struct reader *r, const char *s)
{
	const char *at = pointer(r, "/filesystem/root");
	struct path_grant p = { 0 };
	int i;

	for (i = ROOT_EMPTY; i <= ROOT_TAR; i++)
		if (i < ROOT_DIR ? !strcmp(s, fs_root_names[i]) : !strncmp(s, fs_root_names[i], strlen(fs_root_names[i])))
			break;
	if (i > ROOT_TAR) {
		complain(r, at, "expected \"empty\", \"host-ro\", \"dir:PATH\", \"oci:PATH\" or \"tar:PATH\", got \"%.64s\"", s);
		return;
	}
	if ((i >= ROOT_DIR && !read_path(r, s + strlen(fs_root_names[i]), at, &p)) || !may_set(r, SCALAR_ROOT))
		return;
	r->g->out->root = (enum fs_root)i;
	r->g->out->root_given = true;
	r->g->out->root_path = p.host;
}

static void set_tmpfs(struct reader *r, const struct path_grant *p, uint64_t size)
{
	struct manifest *m = r->g->out;
	size_t i;

	for (i = 0; i < m->tmpfs.n && strcmp(m->tmpfs.v[i].path, p->inside) != 0; i++)
		;
	if (i == m->tmpfs.n)
		(void)arena_push(r->g->arena, &m->tmpfs);
	else if (r->profile && !strchr(m->tmpfs.v[i].at, '#'))
		return;
	m->tmpfs.v[i] = (struct tmpfs_grant){ p->inside, size, p->at };
}

static void take_tmpfs(struct reader *r, const struct json *v)
{
	const char *at = pointer(r, "/filesystem/tmpfs");
	const struct json *c;
	struct path_grant p;
	uint64_t size;

	if (v->type != JSON_OBJECT) {
		complain(r, at, "expected an object such as {\"/tmp\": \"64M\"}, got %s", json_type_name(v->type));
		return;
	}
	for (c = v->child; c; c = c->next) {
		struct text key = { .arena = r->g->arena };
		const char *s;

		for (s = c->key; *s; s++)
			text_fmt(&key, *s == '~' ? "~0" : *s == '/' ? "~1" : "%c", *s);
		s = arena_fmt(r->g->arena, "%s/%s", at, text_get(&key));
		if (!read_path(r, c->key, s, &p))
			continue;
		if (!read_size(c, &size) || size < 1)
			complain(r, s, "expected the size of the directory, such as \"64M\"");
		else
			set_tmpfs(r, &p, size);
	}
}

static void take_filesystem(struct reader *r, const struct filesystem_doc *d)
{
	if (d->root)
		take_root(r, d->root);
	take_paths(r, &d->read, "read", ACCESS_READ);
	take_paths(r, &d->write, "write", ACCESS_READ | ACCESS_WRITE);
	take_paths(r, &d->cow, "cow", ACCESS_READ | ACCESS_COW);
	take_paths(r, &d->deny, "deny", ACCESS_DENY);
	if (d->tmpfs)
		take_tmpfs(r, d->tmpfs);
}

/* --- process */

/* Decimal digits up to `end`. */
static bool read_id(const char *s, char end, uint64_t *id, const char **rest)
{
	for (*id = 0, *rest = s; **rest >= '0' && **rest <= '9'; ++*rest) {
		*id = *id * 10 + (uint64_t)(**rest - '0');
		if (*id > MAX_ID)
			return false;
	}
	return *rest != s && (!**rest || **rest == end);
}

static void take_user(struct reader *r, const struct json *v)
{
	uint64_t uid = 0, gid = 0;
	const char *rest = "";
	bool ok = false;

	if (v->type == JSON_NUMBER) {
		ok = json_uint(v, &uid) == 0 && uid <= MAX_ID;
		gid = uid;
	} else if (v->type == JSON_STRING && read_id(v->text, ':', &uid, &rest)) {
		gid = uid;
		ok = !*rest || read_id(rest + 1, 0, &gid, &rest);
	}
	if (!ok) {
		complain(r, pointer(r, "/process/user"),
			 "expected \"UID:GID\" or a number for both, each at most 4294967294; names are not looked up");
	} else if (may_set(r, SCALAR_USER)) {
		r->g->out->uid = (struct opt_uint){ true, uid };
		r->g->out->gid = (struct opt_uint){ true, gid };
	}
}

static void take_exec(struct reader *r, const struct json *v)
{
	const char *at = pointer(r, "/process/exec");
	struct manifest *m = r->g->out;
	const struct json *c;
	struct path_grant p;
	bool any = v->type == JSON_STRING && !strcmp(v->text, "any");
	size_t i = 0;

	if (!any && v->type != JSON_ARRAY) {
		complain(r, at, "expected \"any\" or a list of paths");
		return;
	}
	if (!may_set(r, SCALAR_EXEC))
		return;
	m->exec_any = any;
	if (any)
		m->exec.n = 0;
	for (c = any ? NULL : v->child; c; c = c->next, i++) {
		const char *here = pointer(r, "/process/exec/%zu", i);

		if (c->type != JSON_STRING)
			complain(r, here, "expected a path, got %s", json_type_name(c->type));
		else if (read_path(r, c->text, here, &p))
			*arena_push(r->g->arena, &m->exec) = p;
	}
}

static void take_process(struct reader *r, const struct process_doc *d)
{
	struct manifest *m = r->g->out;
	struct path_grant p;
	size_t i, k;

	if (d->user)
		take_user(r, d->user);
	if (d->exec)
		take_exec(r, d->exec);
	if (d->cwd && read_path(r, d->cwd, pointer(r, "/process/cwd"), &p) && may_set(r, SCALAR_CWD))
		m->cwd = p.inside;
	for (i = 0; i < d->capabilities.n; i++) {
		for (k = 0; k < m->capabilities.n && m->capabilities.v[k] != d->capabilities.v[i]; k++)
			;
		if (k == m->capabilities.n)
			*arena_push(r->g->arena, &m->capabilities) = d->capabilities.v[i];
	}
	if (d->namespaces != WORD_ABSENT && may_set(r, SCALAR_NAMESPACES))
		m->namespaces_allowed = words_namespaces_rule.v[d->namespaces].value;
	if (d->lsm && d->lsm->landlock != WORD_ABSENT && may_set(r, SCALAR_LANDLOCK))
		m->landlock = words_landlock.v[d->lsm->landlock].name;
}

/* --- system calls */

static void take_calls(struct reader *r, const struct strs *s, const char *name, struct strs *out)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const char *c = s->v[i];

		if (!c)
			continue;
		if ((*c != '_' && !(*c >= 'a' && *c <= 'z')) || strspn(c, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(c))
			complain(r, pointer(r, "/syscalls/%s/%zu", name, i), "expected the name of a system call, such as \"mlock\"");
		else
			strs_add_once(r->g->arena, out, c);
	}
}

static void take_syscalls(struct reader *r, const struct syscalls_doc *d)
{
	static const char *const names[] = { "default", "database", "code", "strict", "unconfined" };
	bool bare = json_at(r->tree, pointer(r, "/syscalls"))->type == JSON_STRING;
	const char *at = pointer(r, bare ? "/syscalls" : "/syscalls/profile"), *profile = NULL;
	struct path_grant p;
	size_t i;

	take_calls(r, &d->allow, "allow", &r->g->out->syscalls_allow);
	take_calls(r, &d->deny, "deny", &r->g->out->syscalls_deny);
	if (d->action != WORD_ABSENT && may_set(r, SCALAR_ACTION))
		r->g->out->syscalls_kill = words_syscalls_action.v[d->action].value;
	if (!d->profile)
		return;
	for (i = 0; i < sizeof names / sizeof *names && !profile; i++)
		if (!strcmp(d->profile, names[i]))
			profile = names[i];
	if (!profile && !strncmp(d->profile, "file:", 5)) {
		if (!read_path(r, d->profile + 5, at, &p))
			return;
		profile = arena_fmt(r->g->arena, "file:%s", p.host);
	}
	if (!profile)
		complain(r, at, "unknown profile \"%.64s\": expected default, database, code, strict, unconfined or file:PATH", d->profile);
	else if (may_set(r, SCALAR_SYSCALLS))
		r->g->out->syscalls_profile = profile;
}

static void take_devices(struct reader *r, const struct ints *d)
{
	struct strs *out = &r->g->out->devices;
	size_t i;

	r->g->devices_given |= d->v != NULL; /* an empty list says: none */
	if (!out->v)
		out->v = arena_array(r->g->arena, 1, sizeof *out->v);
	for (i = 0; i < d->n; i++)
		strs_add_once(r->g->arena, out, words_manifest_device.v[d->v[i]].name);
}

static unsigned said(const struct manifest_doc *d, const struct grants_doc *g)
{
	const struct filesystem_doc *f = g->filesystem;
	const struct process_doc *p = g->process;
	unsigned says = 0;

	says |= g->network ? SAYS_NETWORK : 0;
	says |= f && (f->read.v || f->write.v || f->cow.v || f->deny.v) ? SAYS_FILESYSTEM : 0;
	says |= p && p->capabilities.v ? SAYS_CAPABILITIES : 0;
	says |= p && p->exec ? SAYS_EXEC : 0;
	says |= p && p->namespaces != WORD_ABSENT ? SAYS_NAMESPACES : 0;
	says |= p && p->lsm && p->lsm->landlock != WORD_ABSENT ? SAYS_LANDLOCK : 0;
	says |= g->syscalls ? SAYS_SYSCALLS : 0;
	says |= g->devices.v ? SAYS_DEVICES : 0;
	says |= d->environment_pass.v ? SAYS_PASS : 0;
	return says;
}

void take_document(struct reader *r)
{
	const struct manifest_doc *d = &r->doc;
	const struct grants_doc top = { d->network, d->filesystem, d->resources, d->process, d->syscalls, d->devices };
	const struct grants_doc *g = d->capabilities ? d->capabilities : &top;

	r->g->out->says |= said(d, g);
	if (g->network)
		take_network(r, g->network);
	if (g->filesystem)
		take_filesystem(r, g->filesystem);
	if (g->resources)
		take_resources(r, g->resources);
	if (g->process)
		take_process(r, g->process);
	if (g->syscalls)
		take_syscalls(r, g->syscalls);
	take_devices(r, &g->devices);
	take_environment(r);
}
