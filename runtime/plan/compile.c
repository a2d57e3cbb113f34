/* compile.c - the capability manifest to OCI configuration: the order of the parts, namespaces, network.
 * Must not ask the machine: what it may know of it comes as facts. */
#include "plan/compile_build.h"
#include <errno.h>
#include <string.h>

const struct path_fact *compile_fact(const struct command *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->facts.n; i++)
		if (strcmp(c->facts.v[i].path, path) == 0)
			return &c->facts.v[i];
	return NULL;
}

void compile_push(struct arena *a, struct strs *list, const char *s)
{
	*arena_push(a, list) = (char *)s;
	*arena_push(a, list) = NULL;
	list->n--;
}

static void add_namespaces(struct compiling *k)
{
	static const char *const types[] = { "user", "pid", "ipc", "uts", "mount", "cgroup", "network" };
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++)
		if (!k->m->network_host || strcmp(types[i], "network") != 0)
			arena_push(k->a, &k->out->linux_->namespaces)->type = words_find(&words_namespace, types[i]);
}

/* Unix sockets are files: compile_files.c has granted them with their directory. */
static int add_endpoints(struct compiling *k, const struct endpoint *v, size_t n, struct strs *out, struct err *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (v[i].kind == ENDPOINT_UDP) {
			(void)!fail(e, ENOTSUP, "%s: udp is not available yet", v[i].text);
			return fail_at(e, v[i].at);
		}
		if (v[i].kind == ENDPOINT_TCP)
			compile_push(k->a, out, v[i].text);
	}
	return 0;
}

static int add_grants(struct compiling *k, struct err *e)
{
	struct grants *g = k->g;

	g->landlock = arena_str(k->a, k->m->landlock);
	g->timeout = k->m->timeout_ms;
	g->output = k->m->output;
	TRY(add_endpoints(k, k->m->listen.v, k->m->listen.n, &g->listen, e));
	return add_endpoints(k, k->m->connect.v, k->m->connect.n, &g->connect, e);
}

int manifest_compile(struct arena *a, const struct manifest *m, const struct host *h, const struct command *c, struct config *out,
		     struct grants *grants, struct err *e)
{
	struct compiling k = { .a = a, .m = m, .h = h, .c = c, .out = out, .g = grants };

	*out = (struct config){ .oci_version = arena_str(a, "1.0.2") }; /* the oldest that has all of it: some runtimes take no later one */
	*grants = (struct grants){ .landlock = NULL };
	out->linux_ = arena_alloc(a, sizeof *out->linux_);
	out->linux_->rootfs_propagation = WORD_ABSENT;
	out->hostname = arena_str(a, m->sandbox ? m->sandbox : "sandbox");
	add_namespaces(&k);
	TRY(compile_ids(&k, e));
	TRY(compile_files(&k, e));
	TRY(compile_process(&k, e));
	compile_resources(&k);
	TRY(add_grants(&k, e));
	grants_write(a, grants, out);
	return 0;
}
