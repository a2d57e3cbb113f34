/* compile.c - the facts of this machine for the compiler, and the secrets that it may not see.
 * Must not decide anything about a grant. */
#include "verb/compile.h"
#include "apply/foreground.h"
#include "apply/look.h"
#include "apply/probe.h"
#include "base/fd.h"
#include "store/files.h"
#include "store/store.h"
#include "verb/make.h"
#include "verb/options.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDS_FIRST 0x70000000u /* of the host, above what other tools hand out; each sandbox 65536 */
#define IDS_RANGES 4096
#define SECRET_MAX ((size_t)64 << 10)

extern char **environ;

static const char *set_in_environment(const char *name)
{
	const char *s = getenv(name);

	return s && *s ? s : NULL;
}

/* Who called sudo does this for himself. */
static int caller(struct command *c, const struct host *h, struct err *e)
{
	const char *uid = set_in_environment("SUDO_UID"), *gid = set_in_environment("SUDO_GID");
	uint64_t u = h->uid, g = h->gid;

	if (h->uid == 0 && uid && gid) {
		TRY(parse_number(uid, UINT32_MAX - 1, "SUDO_UID", &u, e));
		TRY(parse_number(gid, UINT32_MAX - 1, "SUDO_GID", &g, e));
	}
	c->uid = (uint32_t)u;
	c->gid = (uint32_t)g;
	return 0;
}

static int read_profile(struct globals *g, const struct manifest *m, struct command *c, struct err *e)
{
	char *bytes;

	if (strncmp(m->syscalls_profile, "file:", 5) != 0)
		return 0;
	TRY(file_read(g->arena, m->syscalls_profile + 5, JSON_MAX_CONFIG, &bytes, &c->seccomp_n, e));
	c->seccomp = bytes;
	return 0;
}

static int one_secret(struct globals *g, const struct secret *s, struct compiled *k, struct err *e)
{
	char *bytes = NULL;
	size_t n = 0;

	if (s->generate) {
		TRY(file_random_text(g->arena, (size_t)s->generate, &bytes, e));
		n = (size_t)s->generate;
	} else if (s->file) {
		TRY(file_read(g->arena, s->file, SECRET_MAX, &bytes, &n, e));
	} else if (s->value) {
		bytes = arena_str(g->arena, s->value);
		n = strlen(bytes);
	} else {
		return fail_at((fail(e, EINVAL, "secret %s has no value", s->name), e), "/secrets");
	}
	*arena_push(g->arena, &k->secrets) = (struct step_file){ .path = arena_fmt(g->arena, "/run/secrets/%s", s->name),
		.bytes = bytes, .n = n,
								 .mode = 0400 };
	if (s->env && strlen(bytes) == n)
		strs_append(g->arena, &k->secret_env, arena_fmt(g->arena, "%s=%s", s->name, bytes));
	return 0;
}

/* What c says of the one who calls is there already. */
static int compile(struct globals *g, struct manifest *m, char **args, const char *bundle, bool here, struct compiled *out, struct err *e)
{
	struct command *c = &out->command;
	struct strs paths;
	size_t i;

	for (i = 0; args[i]; i++)
		strs_append(g->arena, &c->args, args[i]);
	for (i = 0; here && environ[i]; i++)
		strs_append(g->arena, &c->environment, environ[i]);
	c->ephemeral = here;
	c->bundle = bundle;
	c->ids_base = IDS_FIRST + (!here ? 0 : (uint32_t)getpid() % IDS_RANGES * 65536);
	TRY(read_profile(g, m, c, e));
	paths = compile_paths(g->arena, m);
	look_at(g->arena, &paths, &c->facts);
	TRY(manifest_compile(g->arena, m, &out->host, c, &out->config, &out->grants, e));
	for (i = 0; i < m->secrets.n && (here || bundle); i++)
		TRY(one_secret(g, &m->secrets.v[i], out, e));
	for (i = 0; i < out->secrets.n; i++) {
		out->secrets.v[i].uid = out->config.process->user->uid;
		out->secrets.v[i].gid = out->config.process->user->gid;
	}
	return 0;
}

int compile_here(struct globals *g, struct manifest *m, char **args, const char *bundle, bool here, struct compiled *out, struct err *e)
{
	struct command *c = &out->command;

	*out = (struct compiled){ .secret_env = { NULL, 0 } };
	TRY(probe_host(g->arena, bundle ? bundle : "/", "sandbox", &out->host, e));
	TRY(caller(c, &out->host, e));
	if (here)
		TRY(file_directory(g->arena, ".", &c->cwd, e));
	c->home = here ? set_in_environment("HOME") : NULL;
	if (c->home && *c->home != '/')
		c->home = NULL;
	c->terminal = here && foreground_is_terminal();
	return compile(g, m, args, bundle, here, out, e);
}

int compile_box(struct globals *g, struct manifest *m, char **args, const struct command *as, struct compiled *out, struct err *e)
{
	*out = (struct compiled){ .command = *as };
	TRY(probe_host(g->arena, "/", "sandbox", &out->host, e));
	return compile(g, m, args, NULL, true, out, e);
}

void find_state_root(struct globals *g, uint32_t uid)
{
	struct store s;
	struct err ignored;

	if (g->root_given || uid == 0)
		return;
	if (store_open(g->arena, g->root, true, &s, &ignored) < 0)
		g->root = arena_fmt(g->arena, "/tmp/wasirun-%u", uid);
	else
		fd_close(&s.fd);
}
