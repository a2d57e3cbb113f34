/* test_manifest_restrict.c - a policy takes away, in what it speaks of, and never adds: by example, and for every pair of the corpus. */
#include "manifest.h"
#include "oci/manifest_doc.h"

static struct manifest policy;

static void restricted(const char *doc, const char *by)
{
	accepted(by);
	policy = m;
	accepted(doc);
	manifest_restrict(&arena, &m, &policy);
}

static const char *connects(void)
{
	struct text t = { .arena = &arena };
	size_t i;

	for (i = 0; i < m.connect.n; i++)
		text_fmt(&t, "%s%s", i ? " " : "", m.connect.v[i].text);
	return text_get(&t);
}

static void connect_share(const char *a, const char *b, const char *shared)
{
	begin();
	restricted(arena_fmt(&arena, "{\"network\":{\"connect\":[%s]}}", a), arena_fmt(&arena, "{\"network\":{\"connect\":[%s]}}", b));
	if (!CHECK_STR(connects(), shared))
		printf("# %s by %s\n", a, b);
	begin();
	restricted(arena_fmt(&arena, "{\"network\":{\"connect\":[%s]}}", b), arena_fmt(&arena, "{\"network\":{\"connect\":[%s]}}", a));
	CHECK_STR(connects(), shared); /* sharing has no order */
}

TEST(restrict_endpoints)
{
	connect_share("\"10.0.0.0/8:80-90\"", "\"10.1.0.0/16:85-99\"", "tcp://10.1.0.0/16:85-90");
	connect_share("\"*:443,80\"", "\"api.example.com:443\"", "tcp://api.example.com:443");
	connect_share("\"a.example:1\"", "\"b.example:1\"", "");
	connect_share("\"a.example:1\"", "\"10.0.0.0/8:1\"", "");
	connect_share("\"10.0.0.0/8:1\"", "\"11.0.0.0/8:1\"", "");
	connect_share("\"[2001:db8::/32]:*\"", "\"[2001:db8:1::/48]:7\"", "tcp://[2001:db8:1::/48]:7");
	connect_share("\"0.0.0.0/0:1\"", "\"[::/0]:1\"", "");
	connect_share("\"a:1\"", "\"a:2\"", "");
	connect_share("\"unix:/a\",\"unix:/b\"", "\"unix:/b\"", "unix:/b");
	connect_share("\"a:1\",\"b:1\"", "\"*:1\"", "tcp://a:1 tcp://b:1");
}

TEST(restrict_network)
{
	begin();
	restricted("{\"network\":\"host\"}", "{\"network\":{\"connect\":[\"a:1\"]}}");
	CHECK(!m.network_host);
	CHECK_STR(connects(), "tcp://a:1");
	restricted("{\"network\":\"host\"}", "{\"network\":{}}");
	CHECK(!m.network_host && !m.connect.n && !m.listen.n);
	restricted("{\"network\":\"host\"}", "{\"network\":\"host\"}");
	CHECK(m.network_host);
	restricted("{\"network\":{\"connect\":[\"a:1\"]}}", "{}");
	CHECK_INT(m.connect.n, 1);
	restricted("{\"network\":{\"listen\":[\"0.0.0.0:80-81\"]}}", "{\"network\":{\"listen\":[\"127.0.0.1:80\"]}}");
	REQUIRE(m.listen.n == 1);
	CHECK_STR(m.listen.v[0].text, "tcp://127.0.0.1:80");
	restricted("{\"network\":{\"listen\":[\"10.0.0.1:80\"]}}", "{\"network\":{\"listen\":[\"[::]:*\"]}}");
	REQUIRE(m.listen.n == 1);
	CHECK_STR(m.listen.v[0].text, "tcp://10.0.0.1:80");
}

TEST(restrict_paths)
{
	begin();
	restricted("{\"filesystem\":{\"read\":[\"/srv\",\"/etc\"],\"write\":[\"/srv/out\",\"/data\"],\"cow\":[\"/c\"],\"deny\":[\"/srv/"
		   "own\"]}}",
		   "{\"filesystem\":{\"read\":[\"/srv\",\"/c\",\"/data/a\",\"/srv/own/x\"],\"write\":[\"/data/b\"],\"deny\":[\"/srv/"
		   "keys\"]}}");
	CHECK_INT(granted("/srv/x")->access, ACCESS_READ);
	CHECK_INT(granted("/srv/out/x")->access, ACCESS_READ);
	CHECK_INT(granted("/srv/keys")->access, ACCESS_DENY);
	CHECK_INT(granted("/srv/own/x")->access, ACCESS_DENY);
	CHECK_INT(granted("/c")->access, ACCESS_READ | ACCESS_COW);
	CHECK_INT(granted("/data/a")->access, ACCESS_READ);
	CHECK_INT(granted("/data/b/x")->access, ACCESS_READ | ACCESS_WRITE);
	CHECK(!manifest_access(&m, "/data") && !manifest_access(&m, "/etc"));
	/* a sandbox's tree is judged where it lies on the host */
	restricted("{\"sandbox\":\"dev\",\"filesystem\":{\"write\":[\"/sandboxes/dev/a\",\"/sandboxes/dev/b\"]}}",
		   "{\"filesystem\":{\"write\":[\"/srv/sandboxes/dev/a/x\"],\"read\":[\"/srv/sandboxes/dev/b\"]}}");
	CHECK(!manifest_access(&m, "/sandboxes/dev/a/y"));
	CHECK_INT(granted("/sandboxes/dev/a/x")->access, ACCESS_READ | ACCESS_WRITE);
	CHECK_STR(granted("/sandboxes/dev/a/x")->host, "/srv/sandboxes/dev/a/x");
	CHECK_INT(granted("/sandboxes/dev/b")->access, ACCESS_READ);
	restricted("{\"filesystem\":{\"read\":[\"/a\"]}}", "{\"filesystem\":{\"root\":\"host-ro\"}}");
	CHECK_INT(granted("/a")->access, ACCESS_READ);
	restricted("{\"filesystem\":{\"read\":[\"/a\"]}}", "{\"filesystem\":{\"read\":[]}}");
	CHECK_INT(m.paths.n, 0);
}

TEST(restrict_roots)
{
	begin();
	restricted("{\"filesystem\":{\"root\":\"dir:/srv/root\"}}", "{\"filesystem\":{\"read\":[\"/srv\"],\"deny\":[\"/srv/root/keys\"]}}");
	CHECK_INT(m.root, ROOT_DIR);
	CHECK_INT(granted("/keys")->access, ACCESS_DENY);
	CHECK_STR(granted("/keys")->host, "/srv/root/keys");
	restricted("{\"filesystem\":{\"root\":\"dir:/\"}}", "{\"filesystem\":{\"read\":[\"/srv\"]}}");
	CHECK_INT(m.root, ROOT_EMPTY);
	restricted("{\"filesystem\":{\"root\":\"dir:/srv/x\"}}", "{\"filesystem\":{\"read\":[\"/srv\"],\"deny\":[\"/srv/x\"]}}");
	CHECK_INT(m.root, ROOT_EMPTY);
	restricted("{\"filesystem\":{\"root\":\"dir:/srv/x\"}}", "{\"network\":{}}");
	CHECK_INT(m.root, ROOT_DIR);
	restricted("{\"filesystem\":{\"root\":\"oci:/srv/image\"}}",
		   "{\"filesystem\":{\"read\":[\"/srv\"],\"deny\":[\"/srv/image/keys\"]}}");
	CHECK_INT(m.root, ROOT_OCI);
	CHECK_STR(m.root_path, "/srv/image");
	restricted("{\"filesystem\":{\"root\":\"oci:/srv/image\"}}", "{\"filesystem\":{\"read\":[\"/usr\"]}}");
	CHECK_INT(m.root, ROOT_EMPTY);
	restricted("{\"filesystem\":{\"root\":\"tar:/srv/image.tar\"}}",
		   "{\"filesystem\":{\"read\":[\"/srv\"],\"deny\":[\"/srv/image.tar\"]}}");
	CHECK_INT(m.root, ROOT_EMPTY);
	restricted("{\"filesystem\":{\"root\":\"host-ro\",\"read\":[\"/srv\"]}}",
		   "{\"filesystem\":{\"read\":[\"/srv\"],\"deny\":[\"/usr/src\"]}}");
	CHECK_INT(m.root, ROOT_HOST_RO);
	CHECK_INT(granted("/usr/src")->access, ACCESS_DENY);
	CHECK_INT(granted("/srv/x")->access, ACCESS_READ);
}

TEST(restrict_the_rest)
{
	begin();
	restricted("{\"resources\":{\"memory\":\"1G\",\"pids\":5},\"process\":{\"capabilities\":[\"CAP_KILL\",\"CAP_CHOWN\"],"
		   "\"namespaces\":\"allow\","
		   "\"lsm\":{\"landlock\":\"off\"},\"exec\":[\"/usr/bin\",\"/"
		   "opt\"]},\"syscalls\":{\"profile\":\"unconfined\",\"allow\":[\"bpf\",\"mlock\"]},"
		   "\"devices\":[\"null\",\"tty\"],\"environment_pass\":[\"A\",\"B\"]}",
		   "{\"resources\":{\"memory\":\"512M\",\"pids\":9,\"timeout\":5},\"process\":{\"capabilities\":[\"CAP_KILL\"],"
		   "\"namespaces\":\"deny\","
		   "\"lsm\":{\"landlock\":\"auto\"},\"exec\":[\"/usr\",\"/opt/"
		   "x\"]},\"syscalls\":{\"profile\":\"database\",\"allow\":[\"mlock\"],"
		   "\"deny\":[\"socket\"],\"action\":\"kill\"},\"devices\":[\"tty\",\"zero\"],\"environment_pass\":[\"B\"]}");
	CHECK_INT(m.memory.v, 512 << 20);
	CHECK_INT(m.pids.v, 5);
	CHECK_INT(m.timeout_ms.v, 5000);
	CHECK_INT(m.capabilities.n, 1);
	CHECK(!m.namespaces_allowed && m.syscalls_kill && !m.exec_any);
	CHECK_STR(m.landlock, "auto");
	REQUIRE(m.exec.n == 2);
	CHECK_STR(m.exec.v[0].inside, "/opt/x");
	CHECK_STR(m.exec.v[1].inside, "/usr/bin");
	CHECK_STR(m.syscalls_profile, "database");
	CHECK(m.syscalls_allow.n == 1 && m.syscalls_deny.n == 1);
	CHECK(m.devices.n == 1 && m.environment_pass.n == 1);
	restricted("{\"syscalls\":\"code\"}", "{\"syscalls\":\"database\"}");
	CHECK_STR(m.syscalls_profile, "strict");
	restricted("{\"syscalls\":\"strict\"}", "{\"syscalls\":\"default\"}");
	CHECK_STR(m.syscalls_profile, "strict");
}

/* --- never more: whatever the two documents are */

/* Is all of an endpoint in one of the list? */
static bool inside(const struct endpoint *x, const struct endpoint *v, size_t n, bool listen)
{
	struct endpoint shared;
	size_t i;

	for (i = 0; i < n; i++)
		if (endpoint_share(&arena, x, &v[i], listen, &shared) && !strcmp(shared.text, x->text))
			return true;
	return false;
}

static void check_network(const struct manifest *before)
{
	bool said = policy.says & SAYS_NETWORK;
	size_t i;

	CHECK(!m.network_host || before->network_host);
	for (i = 0; i < m.connect.n; i++) {
		CHECK(before->network_host || inside(&m.connect.v[i], before->connect.v, before->connect.n, false));
		CHECK(!said || policy.network_host || inside(&m.connect.v[i], policy.connect.v, policy.connect.n, false));
	}
	for (i = 0; i < m.listen.n; i++) {
		CHECK(before->network_host || inside(&m.listen.v[i], before->listen.v, before->listen.n, true));
		CHECK(!said || policy.network_host || inside(&m.listen.v[i], policy.listen.v, policy.listen.n, true));
	}
}

static void check_pair(const char *doc, const char *by)
{
	struct manifest_changes all;
	struct manifest before;
	size_t i;

	begin();
	accepted(doc);
	before = m; /* restricting changes lists in place: the one that is cut is decoded anew */
	accepted(by);
	policy = m;
	accepted(doc);
	manifest_restrict(&arena, &m, &policy);
	check_network(&before);
	manifest_diff(&arena, &before, &m, &all);
	for (i = 0; i < all.n; i++)
		if (all.v[i].turn == TURN_MORE && strncmp(all.v[i].key, "network.", 8) != 0 && strcmp(all.v[i].key, "process.exec") != 0 &&
		    !CHECK(all.v[i].turn != TURN_MORE))
			printf("# %s by %s: %s %s\n", doc, by, all.v[i].key, all.v[i].after);
}

TEST(restrict_never_adds)
{
	char *text, *line, *next, *docs[100];
	size_t i, k, n = 0;
	struct arena own = { 0 };

	begin();
	text = slurp(&own, arena_fmt(&own, "%s/corpus", directory()));
	REQUIRE(text);
	for (line = text; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (!strncmp(line, "good", 4) && n < 100)
			docs[n++] = strrchr(line, '\t') + 1;
	}
	CHECK(n >= 60);
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			check_pair(docs[i], docs[k]);
	arena_drop(&own);
}
