/* state.c - the record of a container and the state object that others see of it.
 * Must not find out what the status is: store/ does. */
#include "oci/state.h"
#include "oci/features.h"
#include "oci/prop_row.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct prop record_props[] = {
	{ ROW_STR(record, version, "version"), .flags = PROP_REQUIRED | PROP_NONEMPTY, .doc = "Version of the record." },
	{ ROW_STR(record, id, "id"), .flags = PROP_REQUIRED | PROP_NONEMPTY, .max_bytes = 1024, .doc = "The container's id." },
	{ ROW_STR(record, bundle, "bundle"), .doc = "The bundle's absolute path." },
	{ ROW_STR(record, rootfs, "rootfs"), .doc = "The root file system's absolute path." },
	{ ROW_STR(record, created, "created"), .doc = "When create was called." },
	{ ROW_STR(record, boot_id, "bootId"), .doc = "The boot in which that was; pids mean nothing after another one." },
	{ ROW_UINT(record, owner, "owner", UINT32_MAX), .doc = "User id of who called create." },
	{ ROW_INT(record, pid, "pid", 1, INT32_MAX), .doc = "Init's pid." },
	{ ROW_UINT(record, pid_start, "pidStart", 0), .doc = "Init's start time, in clock ticks since boot." },
	{ ROW_BOOL(record, complete, "complete"), .doc = "create has committed." },
	{ ROW_BOOL(record, terminal, "terminal"), .doc = "The process has a terminal." },
	{ ROW_BOOL(record, has_poststart, "hasPoststart"), .doc = "There are poststart hooks." },
	{ ROW_BOOL(record, has_poststop, "hasPoststop"), .doc = "There are poststop hooks." },
	{ ROW_BOOL(record, pid_namespace, "pidNamespace"), .doc = "The container has a pid namespace of its own." },
	{ ROW_BOOL(record, user_namespace, "userNamespace"), .doc = "The container has a user namespace of its own." },
	{ ROW_STR(record, cgroup_manager, "cgroupManager"), .doc = "Who made the cgroup." },
	{ ROW_STRS(record, cgroup_paths, "cgroupPaths"), .flags = PROP_ABS, .doc = "The container's cgroup directories." },
	{ ROW_STRS(record, cgroup_made, "cgroupMade"), .flags = PROP_ABS, .doc = "Parents of them that create made too." },
	{ ROW_STR(record, rdt_path, "rdtPath"), .flags = PROP_ABS, .doc = "The resctrl directory that create made." },
	{ ROW_STR(record, intel_clos, "intelClos"), .doc = "The class of service in use." },
	{ ROW_MAP(record, annotations, "annotations"), .doc = "Those of config.json." },
	{ ROW_STR(record, notify_socket, "notifySocket"), .doc = "NOTIFY_SOCKET of who called create." },
	{ 0 },
};

int record_decode(struct arena *a, const char *bytes, size_t n, struct record *out, struct err *e)
{
	struct json *tree;

	*out = (struct record){ 0 };
	TRY(json_parse(a, bytes, n, JSON_MAX_STATE, "state.json", &tree, e));
	TRY(prop_decode(a, record_props, tree, PROP_UNKNOWN_IGNORE, "", out, e));
	if (strcmp(out->version, "1") != 0)
		return fail(e, EINVAL, "state.json: a record of version \"%.16s\"; this wasirun knows version 1", out->version);
	return 0;
}

void record_encode(struct json_out *w, const struct record *r)
{
	prop_encode(w, record_props, r);
}

static void put(struct json_out *w, const char *key, const char *value)
{
	if (!value)
		return;
	json_key(w, key);
	json_put_str(w, value);
}

/* Engines show the owner as a name. Names are never looked up (that would load code from who knows where); root has one. */
static void put_owner(struct json_out *w, uint64_t uid)
{
	char number[24];

	snprintf(number, sizeof number, "%llu", (unsigned long long)uid);
	put(w, "owner", uid ? number : "root");
}

void state_encode(struct json_out *w, const struct record *r, enum status status, int64_t pid, bool full)
{
	size_t i;

	json_open(w, '{');
	put(w, "ociVersion", OCI_VERSION);
	put(w, "id", r->id);
	if (pid > 0 || status == STATUS_STOPPED) {
		json_key(w, "pid");
		json_put_int(w, pid > 0 && status != STATUS_STOPPED ? pid : 0);
	}
	put(w, "status", words_status.v[status].name);
	put(w, "bundle", r->bundle);
	if (full) {
		put(w, "rootfs", r->rootfs);
		put(w, "created", r->created);
	}
	if (r->annotations.n) {
		json_key(w, "annotations");
		json_open(w, '{');
		for (i = 0; i < r->annotations.n; i++)
			put(w, r->annotations.v[i].key, r->annotations.v[i].value);
		json_close(w, '}');
	}
	if (full && r->owner.set)
		put_owner(w, r->owner.v);
	json_close(w, '}');
}
