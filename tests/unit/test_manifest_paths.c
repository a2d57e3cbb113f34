/* test_manifest_paths.c - the manifest's language: paths and variables, which of two grants counts, includes, and trust. */
#include "manifest.h"

/* --- paths */

TEST(manifest_paths_and_variables)
{
	begin();
	accepted("{\"sandbox\":\"dev\",\"filesystem\":{\"read\":[\"/a//b/./\",\"./x\",\"~\",\"${PWD}/y\",\"/run/${UID}/z\",\"/sandboxes/"
		 "dev/c\","
		 "\"${SANDBOX_DIR}/d\",\"/sandboxes/${SANDBOX}\"]}}");
	CHECK_STR(granted("/a/b")->inside, "/a/b");
	CHECK_STR(granted("/srv/project/x")->at, "/filesystem/read/1");
	CHECK_STR(granted("/srv/me/deep/er")->inside, "/srv/me");
	CHECK_STR(granted("/srv/project/y")->host, "/srv/project/y");
	CHECK_STR(granted("/run/1000/z")->host, "/run/1000/z");
	CHECK_STR(granted("/sandboxes/dev/c")->host, "/srv/sandboxes/dev/c");
	CHECK_STR(granted("/sandboxes/dev/else")->host, "/srv/sandboxes/dev");
	CHECK_STR(granted("/srv/sandboxes/dev/d")->inside, "/srv/sandboxes/dev/d");
	CHECK(manifest_access(&m, "/a/bc") == NULL);
	CHECK(manifest_access(&m, "/") == NULL);
}

TEST(manifest_name_given_by_the_caller_wins)
{
	begin();
	ctx.sandbox = "test";
	ctx.sandbox_dir = "/elsewhere/t";
	accepted("{\"sandbox\":\"dev\",\"filesystem\":{\"read\":[\"/sandboxes/dev/c\",\"/sandboxes/test/d\"]}}");
	CHECK_STR(m.sandbox, "test");
	CHECK_STR(granted("/sandboxes/dev/c")->host, "/elsewhere/t/c");
	CHECK_STR(granted("/sandboxes/test/d")->host, "/elsewhere/t/d");
}

TEST(manifest_undefined_here)
{
	begin();
	ctx = (struct manifest_context){ 0 };
	refused("{\"filesystem\":{\"read\":[\"./x\"]}}", "/filesystem/read/0", "came from no file");
	refused("{\"filesystem\":{\"read\":[\"~\"]}}", "/filesystem/read/0", "not defined here");
	refused("{\"filesystem\":{\"read\":[\"${PWD}\"]}}", "/filesystem/read/0", "${PWD} is not defined here");
	refused("{\"filesystem\":{\"read\":[\"/x/${UID}\"]}}", "/filesystem/read/0", "${UID} is not defined here");
	refused("{\"filesystem\":{\"read\":[\"/sandboxes/dev/x\"]}}", "/filesystem/read/0", "${SANDBOX_DIR}, which is not defined here");
	refused("{\"include\":[\"/x.json\"]}", "/include/0", "files cannot be included here");
}

TEST(manifest_most_specific_path_wins)
{
	begin();
	accepted("{\"filesystem\":{\"read\":[\"/a\",\"/a/b/c\",\"/t\"],\"write\":[\"/a/b\",\"/t\"],\"deny\":[\"/a/b/c/d\",\"/t\",\"/"
		 "a-x\"],\"cow\":[\"/k\"]}}");
	CHECK_INT(granted("/a/x")->access, ACCESS_READ);
	CHECK_INT(granted("/a/b/x")->access, ACCESS_READ | ACCESS_WRITE);
	CHECK_INT(granted("/a/b/c")->access, ACCESS_READ);
	CHECK_INT(granted("/a/b/c/d/e")->access, ACCESS_DENY);
	CHECK_INT(granted("/t/x")->access, ACCESS_DENY);
	CHECK_INT(granted("/a-x")->access, ACCESS_DENY);
	CHECK_INT(granted("/k")->access, ACCESS_READ | ACCESS_COW);
	/* a directory comes before what is below it, and what is below before a neighbour with a longer name */
	CHECK_STR(m.paths.v[0].inside, "/a");
	CHECK_STR(m.paths.v[1].inside, "/a/b");
	CHECK_STR(m.paths.v[4].inside, "/a-x");
}

/* --- include */

TEST(manifest_profiles_are_defaults)
{
	begin();
	accepted("{\"include\":[\"profile:postgres\"],\"resources\":{\"pids\":7}}");
	CHECK_INT(m.pids.v, 7);
	CHECK_INT(m.memory.v, 256 << 20);
	CHECK_INT(m.from_defaults.n, 2);
	CHECK_STR(m.from_defaults.v[0], "/capabilities/resources/files");
	CHECK_STR(m.from_defaults.v[1], "/capabilities/resources/memory");
	CHECK_STR(m.syscalls_profile, "database");
	CHECK_STR(m.tmpfs.v[0].at, "profile:postgres#/capabilities/filesystem/tmpfs/~1tmp");
	accepted("{\"include\":[\"profile:postgres\"],\"filesystem\":{\"root\":\"empty\",\"write\":[\"/tmp\"]},\"syscalls\":\"strict\"}");
	CHECK_INT(m.tmpfs.n, 0);
	CHECK_INT(m.root, ROOT_EMPTY);
	CHECK(m.root_given);
	CHECK_STR(m.syscalls_profile, "strict");
}

static int load(void *given, struct arena *a, const char *path, char **bytes, size_t *n, struct err *e)
{
	const char *const *files = given;

	for (; *files; files += 2)
		if (!strcmp(files[0], path)) {
			*bytes = arena_str(a, files[1]);
			*n = strlen(*bytes);
			return 0;
		}
	return fail(e, ENOENT, "%s: no such file or directory", path);
}

TEST(manifest_files_add_up_and_the_including_one_wins)
{
	static const char *const files[] = {
		"/srv/project/sub/a.json",
		"{\"include\":[\"./b.json\"],\"filesystem\":{\"read\":[\"./a\"]},\"resources\":{\"memory\":1,\"pids\":1}}",
		"/srv/project/sub/b.json",
		"{\"filesystem\":{\"read\":[\"/b\"],\"write\":[\"/"
		"c\"]},\"resources\":{\"pids\":2,\"files\":2},\"environment\":{\"E\":\"b\"}}",
		NULL,
	};

	begin();
	ctx.load = load;
	ctx.load_ctx = (void *)(uintptr_t)files;
	/* a profile that is included last wins over nothing that an author wrote */
	accepted("{\"include\":[\"./sub/a.json\",\"profile:redis\"],\"resources\":{\"memory\":9},\"environment\":{\"E\":\"top\"}}");
	CHECK_INT(m.memory.v, 9);
	CHECK_INT(m.pids.v, 1);
	CHECK_INT(m.files.v, 2);
	CHECK_INT(m.from_defaults.n, 0);
	CHECK_STR(m.environment.v[0].value, "top");
	CHECK_STR(granted("/srv/project/sub/a")->at, "/srv/project/sub/a.json#/filesystem/read/0");
	CHECK_INT(granted("/c")->access, ACCESS_READ | ACCESS_WRITE);
}

TEST(manifest_includes_end)
{
	static const char *const circle[] = { "/srv/project/c.json", "{\"include\":[\"./d.json\"]}", "/srv/project/d.json",
					      "{\"include\":[\"./c.json\"]}", NULL };
	static const char *const many[] = { "/srv/project/p.json", "{}", NULL };
	struct text t = { .arena = &arena };
	int i;

	begin();
	ctx.load = load;
	ctx.load_ctx = (void *)(uintptr_t)circle;
	refused("{\"include\":[\"./c.json\"]}", "/include/0", "/srv/project/c.json includes itself");
	CHECK_STR(errs.v[0].file, "/srv/project/d.json");
	ctx.load_ctx = (void *)(uintptr_t)many;
	text_str(&t, "{\"include\":[");
	for (i = 0; i < 32; i++)
		text_fmt(&t, "%s\"./p.json\"", i ? "," : "");
	text_str(&t, "]}");
	refused(text_get(&t), "/include/31", "32 documents at most");
}

/* --- trust */

TEST(manifest_found_ones_do_not_loosen)
{
	static const struct {
		const char *doc, *at;
	} loose[] = {
		{ "{\"network\":\"host\"}", "/network" },
		{ "{\"process\":{\"capabilities\":[\"CAP_KILL\"]}}", "/process/capabilities" },
		{ "{\"process\":{\"namespaces\":\"allow\"}}", "/process/namespaces" },
		{ "{\"process\":{\"lsm\":{\"landlock\":\"off\"}}}", "/process/lsm/landlock" },
		{ "{\"syscalls\":\"unconfined\"}", "/syscalls" },
		{ "{\"capabilities\":{\"syscalls\":{\"profile\":\"unconfined\"}}}", "/capabilities/syscalls/profile" },
		{ "{\"syscalls\":\"file:/x\"}", "/syscalls" },
		{ "{\"syscalls\":{\"allow\":[\"bpf\"]}}", "/syscalls/allow" },
	};
	static const char *const files[] = { "/srv/project/x.json", "{\"network\":\"host\"}", NULL };
	size_t i;

	begin();
	for (i = 0; i < sizeof loose / sizeof *loose; i++) {
		ctx.found = false;
		accepted(loose[i].doc);
		ctx.found = true;
		refused(loose[i].doc, loose[i].at, "a manifest that was found and not named cannot grant that");
	}
	ctx.load = load;
	ctx.load_ctx = (void *)(uintptr_t)files;
	refused("{\"include\":[\"./x.json\"]}", "/network", "found and not named");
	accepted("{\"include\":[\"profile:code\"],\"process\":{\"capabilities\":[]},\"filesystem\":{\"write\":[\"./out\"]}}");
}
