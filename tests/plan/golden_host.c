/* golden_host.c - from "key=value" lines to a struct host. Must not ask the real machine. */
#include "golden.h"
#include "plan/grants.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_CAPS    0x1ffffffffffull
#define DOCKER_CAPS 0xa80425fbull /* the default set of the engines */

static void push(struct arena *a, struct strs *list, const char *s)
{
	*arena_push(a, list) = (char *)s;
	*arena_push(a, list) = NULL;
	list->n--;
}

static void split(struct arena *a, struct strs *list, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, ",");

		push(a, list, arena_strn(a, s, n));
		s += n + (s[n] == ',');
	}
}

static void hierarchy(struct arena *a, struct host *h, const char *controllers, const char *dir, const char *own)
{
	*arena_push(a, &h->hierarchies) =
		(struct hierarchy){ arena_str(a, controllers), arena_fmt(a, "/sys/fs/cgroup%s", dir), arena_str(a, own) };
}

static bool set_cgroup(struct arena *a, struct host *h, const char *v)
{
	static const char *const v1[] = { "cpu,cpuacct", "cpuset", "memory",  "devices",	  "freezer",
					  "blkio",	 "pids",   "hugetlb", "net_cls,net_prio", "rdma" };
	size_t i;

	if (strcmp(v, "v2") == 0) {
		h->cgroup = CGROUP_V2;
		hierarchy(a, h, "", "", "/user.slice/session.scope");
		split(a, &h->v2_controllers, "cpuset,cpu,io,memory,hugetlb,pids,rdma");
		return true;
	}
	if (strcmp(v, "none") == 0) {
		h->cgroup = CGROUP_NONE;
		return true;
	}
	if (strcmp(v, "v1") != 0 && strcmp(v, "hybrid") != 0)
		return false;
	for (i = 0; i < sizeof v1 / sizeof *v1; i++)
		hierarchy(a, h, v1[i], arena_fmt(a, "/%s", v1[i]), "/");
	hierarchy(a, h, "name=systemd", "/systemd", "/user.slice/session.scope");
	h->cgroup = strcmp(v, "v1") == 0 ? CGROUP_V1 : CGROUP_HYBRID;
	if (h->cgroup == CGROUP_HYBRID)
		hierarchy(a, h, "", "/unified", "/user.slice/session.scope");
	return true;
}

static bool set_user(struct host *h, const char *v)
{
	bool root = strcmp(v, "root") == 0;

	h->uid = h->gid = (uint32_t)atoi(v);
	h->privileged = root;
	h->caps = h->bounding = root ? ALL_CAPS : 0;
	return root || h->uid > 0;
}

/* "lsm=apparmor", "can=idmap": one word each. */
static bool set_word(struct golden *g, const char *key, const char *v)
{
	const struct {
		const char *key, *word;
		bool *flag;
	} words[] = {
		{ "lsm", "apparmor", &g->host.apparmor },
		{ "lsm", "selinux", &g->host.selinux },
		{ "can", "rdt", &g->host.rdt },
		{ "can", "idmap", &g->host.idmap_mounts },
		{ "inside", "userns", &g->host.in_userns },
		{ "option", "no-pivot", &g->options.no_pivot },
		{ "option", "no-new-keyring", &g->options.no_new_keyring },
		{ "option", "detach", &g->options.detach },
		{ "option", "join-network", &g->options.join_network },
		{ "option", "console-socket", &g->options.has_console_socket },
	};
	size_t i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(key, words[i].key) == 0 && strcmp(v, words[i].word) == 0)
			return *words[i].flag = true;
	return false;
}

/* "connect=HOST:PORT": a grant of a manifest that the user named. */
static bool grant(struct arena *a, struct golden *g, const char *key, const char *v)
{
	const char *text = arena_fmt(a, "{\"version\":\"1.0\",\"capabilities\":{\"network\":{\"%s\":[\"%s\"]}}}", key, v);
	struct manifest_context ctx = { .dir = "/" };
	struct manifest_errors errs = { .v = NULL };
	struct manifest *m = arena_alloc(a, sizeof *m);
	struct net_grants *n = arena_alloc(a, sizeof *n), one;
	struct err e;

	if (manifest_decode(a, text, strlen(text), "host", &ctx, m, &errs, &e) < 0)
		return false;
	one = grants_of(m, true);
	*n = g->options.network ? *g->options.network : one;
	if (one.listen_n) {
		n->listen = one.listen;
		n->listen_n = one.listen_n;
	} else {
		n->connect = one.connect;
		n->connect_n = one.connect_n;
	}
	g->options.network = n;
	return true;
}

static bool set(struct arena *a, struct golden *g, const char *key, const char *v)
{
	struct host *h = &g->host;

	if (strcmp(key, "listen") == 0 || strcmp(key, "connect") == 0)
		return grant(a, g, key, v);
	if (strcmp(key, "cgroup") == 0)
		return set_cgroup(a, h, v);
	if (strcmp(key, "user") == 0)
		return set_user(h, v);
	if (strcmp(key, "manager") == 0)
		g->options.cgroup_manager = v;
	else if (strcmp(key, "controllers") == 0)
		h->v2_controllers = (struct strs){ NULL, 0 }, split(a, &h->v2_controllers, v);
	else if (strcmp(key, "without") == 0) /* a hierarchy that is not mounted */
		for (size_t i = 0; i < h->hierarchies.n; i++)
			h->hierarchies.v[i].controllers =
				strcmp(h->hierarchies.v[i].controllers, v) == 0 ? "name=gone" : h->hierarchies.v[i].controllers;
	else if (strcmp(key, "dirs") == 0)
		split(a, &g->dirs, v);
	else if (strcmp(key, "caps") == 0 && strcmp(v, "docker") == 0)
		h->caps = h->bounding = DOCKER_CAPS;
	else
		return set_word(g, key, v);
	return true;
}

const char *golden_host(struct arena *a, char *text, struct golden *out)
{
	char *line, *save = NULL;

	*out = (struct golden){ .host = { .bundle = "/bundle", .id = "c1", .landlock_abi = 7, .cgroup_kill = true } };
	set_user(&out->host, "root");
	out->host.idmap_mounts = true;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *eq = strchr(line, '=');

		if (line[0] == '#')
			continue;
		if (!eq || (*eq = 0, !set(a, out, line, eq + 1)))
			return line;
	}
	return NULL;
}
