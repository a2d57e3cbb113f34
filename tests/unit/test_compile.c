/* The compiler: manifests of tests/manifest/compile with the configurations that they become (UPDATE=1 writes them anew), and what golden
 * files cannot say. Pure: the machine is made up. */
#include "plan/compile.h"
#include "plan/plan.h"
#include "tests/slurp.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;

static const char *const there[] = { "/bin", "/lib", "/lib64", "/usr", "/etc/passwd", "/etc/ssl/certs", "/srv/www", "/srv/data",
				     "/srv/data/in", "/run/db", "/var/log/app" };

static struct command command(bool here, uint32_t uid)
{
	struct command c = { .uid = uid, .gid = uid, .ids_base = 0x70000000, .ephemeral = here, .home = "/u", .cwd = "/srv/data",
			     .bundle = here ? NULL : "/bundle" };
	static char *args[] = { (char *)"prog", (char *)"-x", NULL };
	static char *env[] = { (char *)"LANG=de_DE.UTF-8", (char *)"LC_ALL=C", (char *)"SECRET=1", NULL };
	size_t i;

	c.args = (struct strs){ args, 2 };
	c.environment = (struct strs){ env, 3 };
	for (i = 0; i < sizeof there / sizeof *there; i++)
		*arena_push(&arena, &c.facts) = (struct path_fact){ there[i], strchr(there[i] + 1, 'w') == NULL, true, i > 5 ? 1000 : 0,
								     i > 5 ? 1000 : 0 };
	return c;
}

static struct host host(bool privileged)
{
	return (struct host){ .uid = privileged ? 0 : 1000, .gid = privileged ? 0 : 1000, .privileged = privileged, .caps = ~0ull,
			      .bounding = ~0ull, .cgroup = CGROUP_V2, .landlock_abi = 7, .bundle = "/", .id = "x" };
}

static int compile(const char *text, bool here, bool privileged, struct config *out, struct grants *g, struct err *e)
{
	struct manifest_context ctx = { .pwd = "/srv", .home = "/u", .dir = "/srv", .uid = { true, 1000 } };
	struct manifest_errors errs = { .v = NULL };
	struct command c = command(here, privileged ? 0 : 1000);
	struct host h = host(privileged);
	struct manifest m;

	TRY(manifest_decode(&arena, text, strlen(text), "test", &ctx, &m, &errs, e));
	return manifest_compile(&arena, &m, &h, &c, out, g, e);
}

static const char *json_of(const struct config *c)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t, .indent = 2, .first = true };

	config_encode(&w, c);
	text_str(&t, "\n");
	return arena_str(&arena, text_get(&t));
}

static void golden(const char *name, bool here, bool privileged)
{
	const char *dir = "tests/manifest/compile", *text = slurp(&arena, arena_fmt(&arena, "%s/%s.manifest", dir, name));
	const char *want, *have, *path;
	struct config c, again;
	struct grants g;
	struct err e = { 0 };
	FILE *f;

	CHECK(text);
	if (!text)
		return;
	CHECK_INT(compile(text, here, privileged, &c, &g, &e), 0);
	CHECK_STR(e.text, "");
	have = json_of(&c);
	CHECK_INT(compile(text, here, privileged, &again, &g, &e), 0);
	CHECK_STR(json_of(&again), have);
	/* what it writes is a configuration, and plans */
	CHECK_INT(config_decode(&arena, have, strlen(have), "compiled", &again, &e), 0);
	path = arena_fmt(&arena, "%s/%s.%s.config", dir, name, here ? privileged ? "root" : "user" : "bundle");
	if (getenv("UPDATE") && (f = fopen(path, "w"))) {
		fputs(have, f);
		fclose(f);
	}
	want = slurp(&arena, path);
	CHECK(want && strcmp(want, have) == 0);
}

TEST(golden_files)
{
	golden("nothing", true, false);
	golden("nothing", true, true);
	golden("nothing", false, true);
	golden("files", true, true);
	golden("files", true, false);
	golden("limits", true, true);
	golden("limits", false, true);
}

static bool planned(const struct config *c, enum op op)
{
	struct plan_options o = { .cgroup_manager = "cgroupfs" };
	struct host h = host(true);
	struct plan p;
	struct err e;
	size_t i;

	if (plan_create(&arena, c, &h, &o, &p, &e) < 0)
		printf("# %s: %s\n", e.at, e.text);
	for (i = 0; i < p.steps.n; i++)
		if (p.steps.v[i].op == op)
			return true;
	return false;
}

static const char *error_of(const char *text)
{
	struct config c;
	struct grants g;
	struct err e = { 0 };

	CHECK(compile(text, true, true, &c, &g, &e) < 0);
	return arena_fmt(&arena, "%s: %s", e.at, e.text);
}
#define FS(x) "{\"version\":\"1.0\",\"capabilities\":{\"filesystem\":{" x "}}}"

TEST(what_cannot_be_granted)
{
	CHECK(strstr(error_of(FS("\"read\":[\"/nowhere\"]")), "/capabilities/filesystem/read/0: /nowhere is not there"));
	CHECK(strstr(error_of(FS("\"root\":\"tar:/x.tar\"")), "unpacked by"));
}

TEST(landlock_is_planned)
{
	static const char m[] = FS("\"root\":\"host-ro\"");
	struct config c;
	struct grants g;
	struct err e = { 0 };

	CHECK_INT(compile(m, true, true, &c, &g, &e), 0);
	CHECK_STR(g.landlock, "auto");
	CHECK(planned(&c, STEP_LANDLOCK));
	CHECK(planned(&c, STEP_SECCOMP));
	CHECK_INT(compile("{\"version\":\"1.0\",\"capabilities\":{\"process\":{\"lsm\":{\"landlock\":\"off\"}}}}", true, true, &c, &g, &e),
		  0);
	CHECK(!planned(&c, STEP_LANDLOCK));
}

/* --- narrow */

static int narrow(const char *manifest, const char *config, struct config *out, struct err *e)
{
	struct manifest_context ctx = { .pwd = "/", .dir = "/" };
	struct manifest_errors errs = { .v = NULL };
	struct command c = { .uid = 0 };
	struct manifest m;

	TRY(manifest_decode(&arena, manifest, strlen(manifest), "m.json", &ctx, &m, &errs, e));
	TRY(config_decode(&arena, config, strlen(config), "config.json", out, e));
	return manifest_narrow(&arena, &m, "m.json", &c, out, e);
}

#define ENGINE(caps, mount)                                                                                                            \
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"capabilities\":{" \
	"\"bounding\":[" caps \
	"]}},\"mounts\":[{\"destination\":\"/etc/hosts\",\"type\":\"bind\",\"source\":\"/x\",\"options\":[\"rbind\"]}" mount               \
	"],\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],\"resources\":{\"memory\":{\"limit\":1048576},\"pids\":{\"limit\":-1}}}}"
#define BIND(at) ",{\"destination\":\"" at "\",\"type\":\"bind\",\"source\":\"/s\",\"options\":[\"rbind\",\"rw\"]}"

TEST(narrow_only_takes_away)
{
	static const char m[] = "{\"version\":\"1.0\",\"capabilities\":{\"filesystem\":{\"read\":[\"/data\"],\"write\":[\"/out\"]},"
				"\"process\":{\"capabilities\":[\"CAP_CHOWN\"]},\"resources\":{\"memory\":\"64M\",\"pids\":10}}}";
	struct config c;
	struct err e = { 0 };

	CHECK_INT(narrow(m, ENGINE("\"CAP_CHOWN\",\"CAP_KILL\"", BIND("/data") BIND("/out/x")), &c, &e), 0);
	CHECK_STR(e.text, "");
	CHECK(c.process->no_new_privileges);
	CHECK_INT(c.process->capabilities->bounding.n, 1);
	CHECK_STR(words_capability.v[c.process->capabilities->bounding.v[0]].name, "CAP_CHOWN");
	CHECK_INT(c.linux_->resources->memory->limit.v, 1048576); /* the engine's was lower */
	CHECK_INT(c.linux_->resources->pids->limit.v, 10);
	CHECK_STR(c.mounts.v[1].options.v[c.mounts.v[1].options.n - 2], "ro");
	CHECK_STR(c.mounts.v[2].options.v[1], "rw");
	CHECK(config_annotation(&c, ANNOTATION_SECCOMP));
	CHECK(config_annotation(&c, ANNOTATION_GRANTS));
}

TEST(narrow_says_what_would_grant_it)
{
	static const char m[] = "{\"version\":\"1.0\",\"capabilities\":{\"filesystem\":{\"read\":[\"/data\"]}}}";
	struct config c;
	struct err e = { 0 };

	CHECK(narrow(m, ENGINE("", BIND("/other")), &c, &e) < 0);
	CHECK_STR(e.at, "/mounts/1");
	CHECK(strstr(e.text, "\"filesystem\": {\"read\": [\"/other\"]} would"));
	e = (struct err){ 0 };
	CHECK(narrow(m, ENGINE("\"CAP_SYS_ADMIN\"", ""), &c, &e) < 0);
	CHECK_STR(e.at, "/process/capabilities/bounding/0");
	CHECK(strstr(e.text, "\"capabilities\": [\"CAP_SYS_ADMIN\"]} would"));
}

TEST(narrow_twice_keeps_both)
{
	static const char m[] = "{\"version\":\"1.0\"}";
	struct config c;
	struct err e = { 0 };
	struct manifest_context ctx = { .pwd = "/", .dir = "/" };
	struct manifest_errors errs = { .v = NULL };
	struct command none = { .uid = 0 };
	struct manifest again;

	CHECK_INT(narrow(m, ENGINE("", ""), &c, &e), 0);
	CHECK_INT(manifest_decode(&arena, m, strlen(m), "m", &ctx, &again, &errs, &e), 0);
	CHECK_INT(manifest_narrow(&arena, &again, "m", &none, &c, &e), 0);
	CHECK(config_annotation(&c, ANNOTATION_SECCOMP ".2"));
	CHECK(config_annotation(&c, ANNOTATION_GRANTS ".2"));
}
