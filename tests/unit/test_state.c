/* test_state.c - the record, the state that others see, the features document. */
#include "oci/features.h"
#include "oci/state.h"
#include "oci/words.h"
#include "test.h"
#include <errno.h>
#include <string.h>

static struct arena arena;
static struct err err;

static const struct record full = {
	.version = "1",
	.id = "blue",
	.bundle = "/srv/blue",
	.rootfs = "/srv/blue/rootfs",
	.created = "2026-01-02T03:04:05.000000006Z",
	.boot_id = "01234567",
	.owner = { true, 1000 },
	.pid = { true, 77 },
	.pid_start = { true, UINT64_MAX },
	.complete = true,
	.terminal = true,
	.has_poststart = true,
	.has_poststop = true,
	.pid_namespace = true,
	.user_namespace = true,
	.cgroup_manager = "cgroupfs",
	.cgroup_paths = { (char *[]){ "/sys/fs/cgroup/a", NULL }, 1 },
	.cgroup_made = { (char *[]){ "/sys/fs/cgroup/b", "/sys/fs/cgroup", NULL }, 2 },
	.rdt_path = "/sys/fs/resctrl/blue",
	.intel_clos = "blue",
	.annotations = { (struct kv[]){ { "k", "v" } }, 1 },
	.notify_socket = "/run/n",
};

static const char *record_text(const struct record *r)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t };

	record_encode(&w, r);
	return text_get(&t);
}

static const char *state_text(const struct record *r, enum status s, int64_t pid, bool all, int indent)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t, .indent = indent };

	state_encode(&w, r, s, pid, all);
	return text_get(&t);
}

static int decode(const char *s, struct record *r)
{
	memset(&err, 0, sizeof err);
	return record_decode(&arena, s, strlen(s), r, &err);
}

TEST(record_round_trip)
{
	const struct prop *p;
	struct record r;
	const char *first;
	struct json *tree;

	arena_drop(&arena);
	first = record_text(&full);
	REQUIRE(decode(first, &r) == 0);
	CHECK_STR(record_text(&r), first);
	/* no field of the record is forgotten above */
	REQUIRE(json_parse(&arena, first, strlen(first), JSON_MAX_STATE, "x", &tree, &err) == 0);
	for (p = record_props; p->name; p++)
		CHECK(json_get(tree, p->name) != NULL);
	CHECK_INT(r.pid.v, 77);
	CHECK(r.pid_start.v == UINT64_MAX);
	CHECK_STR(r.cgroup_made.v[1], "/sys/fs/cgroup");
	CHECK_STR(r.annotations.v[0].value, "v");
}

TEST(record_of_a_beginning)
{
	struct record r;

	arena_drop(&arena);
	REQUIRE(decode("{\"version\":\"1\",\"id\":\"x\"}", &r) == 0);
	CHECK(!r.pid.set && !r.complete && !r.cgroup_paths.v);
	CHECK_STR(record_text(&r), "{\"version\":\"1\",\"id\":\"x\"}");
}

TEST(record_refuses)
{
	struct record r;

	arena_drop(&arena);
	CHECK_INT(decode("", &r), -EINVAL);
	CHECK_INT(decode("{\"version\":\"1\",\"id\":\"x\"", &r), -EINVAL);
	CHECK_INT(decode("{\"version\":\"2\",\"id\":\"x\"}", &r), -EINVAL);
	CHECK_HAS(err.text, "version 1");
	CHECK_INT(decode("{\"version\":\"1\"}", &r), -EINVAL);
	CHECK_STR(err.at, "/id");
	CHECK_INT(decode("{\"version\":\"1\",\"id\":\"x\",\"pid\":0}", &r), -EINVAL);
	CHECK_INT(decode("{\"version\":\"1\",\"id\":\"x\",\"pid\":4294967297}", &r), -EINVAL);
	CHECK_INT(decode("{\"version\":\"1\",\"id\":\"x\",\"cgroupPaths\":[\"a\"]}", &r), -EINVAL);
}

TEST(state_for_engines)
{
	arena_drop(&arena);
	CHECK_STR(state_text(&full, STATUS_RUNNING, 77, true, 2),
		  "{\n  \"ociVersion\": \"" OCI_VERSION "\",\n  \"id\": \"blue\",\n  \"pid\": 77,\n  \"status\": \"running\",\n"
		  "  \"bundle\": \"/srv/blue\",\n  \"rootfs\": \"/srv/blue/rootfs\",\n"
		  "  \"created\": \"2026-01-02T03:04:05.000000006Z\",\n  \"annotations\": {\n    \"k\": \"v\"\n  },\n"
		  "  \"owner\": \"1000\"\n}");
	CHECK_HAS(state_text(&full, STATUS_STOPPED, 0, true, 0), "\"pid\":0,\"status\":\"stopped\"");
	CHECK_HAS(state_text(&full, STATUS_STOPPED, 77, true, 0), "\"pid\":0,");
	CHECK_HAS(state_text(&full, STATUS_CREATED, 5, true, 0), "\"pid\":5,\"status\":\"created\"");
	CHECK_HAS(state_text(&full, STATUS_PAUSED, 5, true, 0), "\"status\":\"paused\"");
}

TEST(state_for_hooks)
{
	struct record r = full;

	arena_drop(&arena);
	CHECK_STR(state_text(&full, STATUS_CREATING, 77, false, 0),
		  "{\"ociVersion\":\"" OCI_VERSION "\",\"id\":\"blue\",\"pid\":77,\"status\":\"creating\",\"bundle\":\"/srv/blue\","
		  "\"annotations\":{\"k\":\"v\"}}");
	r.annotations.n = 0;
	CHECK_STR(state_text(&r, STATUS_CREATING, 0, false, 0),
		  "{\"ociVersion\":\"" OCI_VERSION "\",\"id\":\"blue\",\"status\":\"creating\",\"bundle\":\"/srv/blue\"}");
	r.owner.v = 0;
	CHECK_HAS(state_text(&r, STATUS_CREATED, 1, true, 0), "\"owner\":\"root\"");
}

static bool lists(const struct json *list, const char *name)
{
	const struct json *m;

	for (m = list ? list->child : NULL; m; m = m->next)
		if (strcmp(m->text, name) == 0)
			return true;
	return false;
}

static struct json *features(const struct features_facts *f)
{
	struct text t = { .arena = &arena };
	struct json_out w = { .t = &t, .indent = 2 };
	struct json *v = NULL;

	features_encode(&w, f);
	CHECK_INT(json_parse(&arena, text_get(&t), t.n, JSON_MAX_CONFIG, "features", &v, &err), 0);
	return v;
}

static const char *text_at(const struct json *v, const char *at)
{
	const struct json *m = json_at(v, at);

	return !m ? "absent" : m->type == JSON_TRUE ? "true" : m->type == JSON_FALSE ? "false" : m->text;
}

TEST(features_say_what_is_there)
{
	static const char *flags[] = { "SECCOMP_FILTER_FLAG_LOG", NULL };
	static const char *archs[] = { "SCMP_ARCH_X86", NULL };
	const struct features_facts f = { .version = "1.2.3", .commit = "abc", .cgroup_v1 = true, .seccomp = true,
					  .known_seccomp_flags = flags, .supported_seccomp_flags = flags, .seccomp_archs = archs,
					  .libseccomp_version = "2.5.4", .landlock = true };
	const struct json *v, *m;
	const char *last = "";

	arena_drop(&arena);
	v = features(&f);
	REQUIRE(v);
	CHECK_STR(text_at(v, "/ociVersionMin"), OCI_VERSION_MIN);
	CHECK_STR(text_at(v, "/ociVersionMax"), OCI_VERSION_MAX);
	CHECK_INT(json_at(v, "/hooks")->n, 6);
	CHECK(lists(json_at(v, "/mountOptions"), "rro"));
	CHECK(lists(json_at(v, "/mountOptions"), "nosymfollow"));
	CHECK(lists(json_at(v, "/mountOptions"), "ridmap"));
	CHECK(lists(json_at(v, "/mountOptions"), "defaults"));
	CHECK(!lists(json_at(v, "/mountOptions"), "nofail"));
	for (m = json_at(v, "/mountOptions")->child; m; last = m->text, m = m->next)
		CHECK(strcmp(last, m->text) < 0);
	CHECK(lists(json_at(v, "/linux/namespaces"), "user"));
	CHECK(lists(json_at(v, "/linux/namespaces"), "time"));
	CHECK_INT(json_at(v, "/linux/capabilities")->n, 41);
	CHECK_STR(text_at(v, "/linux/cgroup/v1"), "true");
	CHECK_STR(text_at(v, "/linux/cgroup/v2"), "false");
	CHECK_STR(text_at(v, "/linux/cgroup/systemdUser"), "false");
	CHECK_STR(text_at(v, "/linux/cgroup/rdma"), "false");
	CHECK_STR(text_at(v, "/linux/seccomp/enabled"), "true");
	CHECK_INT(json_at(v, "/linux/seccomp/actions")->n, 9);
	CHECK_INT(json_at(v, "/linux/seccomp/operators")->n, 7);
	CHECK_INT(json_at(v, "/linux/seccomp/archs")->n, 1);
	CHECK(lists(json_at(v, "/linux/seccomp/knownFlags"), "SECCOMP_FILTER_FLAG_LOG"));
	CHECK(lists(json_at(v, "/linux/seccomp/supportedFlags"), "SECCOMP_FILTER_FLAG_LOG"));
	CHECK_STR(text_at(v, "/linux/apparmor/enabled"), "false");
	CHECK_STR(text_at(v, "/linux/selinux/enabled"), "false");
	CHECK_STR(text_at(v, "/linux/intelRdt/monitoring"), "false");
	CHECK(lists(json_at(v, "/linux/memoryPolicy/modes"), "MPOL_WEIGHTED_INTERLEAVE"));
	CHECK(lists(json_at(v, "/linux/memoryPolicy/flags"), "MPOL_F_STATIC_NODES"));
	CHECK_STR(text_at(v, "/linux/mountExtensions/idmap/enabled"), "true");
	CHECK_STR(text_at(v, "/linux/netDevices/enabled"), "true");
	CHECK_STR(text_at(v, "/annotations/org.wasirun.version"), "1.2.3");
	CHECK_STR(text_at(v, "/annotations/org.wasirun.commit"), "abc");
	CHECK_STR(text_at(v, "/annotations/io.github.seccomp.libseccomp.version"), "2.5.4");
	CHECK(lists(json_at(v, "/potentiallyUnsafeConfigAnnotations"), "run.oci."));
}

TEST(features_without_seccomp)
{
	const struct features_facts f = { .version = "1" };
	const struct json *v;

	arena_drop(&arena);
	v = features(&f);
	REQUIRE(v);
	CHECK_STR(text_at(v, "/linux/seccomp/enabled"), "false");
	CHECK_STR(text_at(v, "/linux/seccomp/archs"), "absent");
	CHECK_STR(text_at(v, "/annotations/org.wasirun.commit"), "absent");
}
