/* config.c - config.json as a whole: rows of the platform-independent part, decoding, encoding, look-ups.
 * Must not look at the machine. */
#include "base/log.h"
#include "oci/config_check.h"
#include "oci/prop_row.h"
#include <stdio.h>
#include <string.h>

#define MAX_PATH_BYTES 4095
#define MAX_HOSTNAME 64 /* of the kernel */

static const struct prop root_props[] = {
	{ ROW_STR(root, path, "path"), .flags = PROP_REQUIRED | PROP_NONEMPTY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "The root file system: absolute, or relative to the bundle.", .example = "\"other\"" },
	{ ROW_BOOL(root, readonly, "readonly"), .flags = PROP_SECURITY, .doc = "Mount it read-only.", .example = "true" },
	{ 0 },
};

#define MAPPINGS "[{\"containerID\": 0, \"hostID\": 100000, \"size\": 65536}]"
#define BIND "{\"destination\": \"/data\", \"source\": \"/srv\", \"type\": \"none\", \"options\": [\"bind\"], "
static const struct prop mount_props[] = {
	{ ROW_STR(mount, destination, "destination"), .flags = PROP_REQUIRED | PROP_NONEMPTY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "Where it is mounted, inside the container.", .example = "\"/mnt\"" },
	{ ROW_STR(mount, source, "source"), .max_bytes = MAX_PATH_BYTES,
	  .doc = "A device name; for bind mounts a path, absolute or relative to the bundle.", .example = "\"other\"" },
	{ ROW_STR(mount, type, "type"), .max_bytes = 255, .doc = "File system type; ignored for bind mounts.",
	  .example = "\"ramfs\"" },
	{ ROW_STRS(mount, options, "options"), .flags = PROP_SECURITY, .max_bytes = MAX_PATH_BYTES,
	  .doc = "Mount options; what is no word of ours goes to the file system.", .example = "[\"ro\", \"size=1m\"]" },
	{ ROW_LIST(mount, uid_mappings, "uidMappings", id_mapping_props), .flags = PROP_SECURITY,
	  .doc = "User ids of an id-mapped mount.", .example = MAPPINGS, .in = BIND "\"gidMappings\": " MAPPINGS "}" },
	{ ROW_LIST(mount, gid_mappings, "gidMappings", id_mapping_props), .flags = PROP_SECURITY,
	  .doc = "Group ids of an id-mapped mount.", .example = MAPPINGS, .in = BIND "\"uidMappings\": " MAPPINGS "}" },
	{ 0 },
};

const struct prop hook_props[] = {
	{ ROW_STR(hook, path, "path"), .flags = PROP_REQUIRED | PROP_ABS, .max_bytes = MAX_PATH_BYTES, .doc = "The program.",
	  .example = "\"/bin/false\"" },
	{ ROW_STRS(hook, args, "args"), .max_bytes = MAX_ARG, .doc = "Its arguments, the zeroth among them.",
	  .example = "[\"hook\", \"x\"]" },
	{ ROW_STRS(hook, env, "env"), .max_bytes = MAX_ARG, .doc = "Its environment; absent means empty.",
	  .example = "[\"A=b\"]" },
	{ ROW_INT(hook, timeout, "timeout", 1, INT32_MAX), .doc = "Seconds until it is killed.", .example = "5" },
	{ 0 },
};

#define HOOK(field, name, doc_)                                                                                           \
	{ ROW_LIST(hooks, field, name, hook_props), .doc = doc_, .example = "[{\"path\": \"/bin/true\"}]" }
static const struct prop hooks_props[] = {
	HOOK(prestart, "prestart", "Before createRuntime, in the runtime's namespaces (deprecated)."),
	HOOK(create_runtime, "createRuntime", "Once the namespaces exist, in the runtime's namespaces."),
	HOOK(create_container, "createContainer", "Before pivot_root, in the container's namespaces."),
	HOOK(start_container, "startContainer", "Before the program, in the container."),
	HOOK(poststart, "poststart", "After the program was started, in the runtime's namespaces."),
	HOOK(poststop, "poststop", "After the container was deleted, in the runtime's namespaces."),
	{ 0 },
};

#define WITH_UTS                                                                                                          \
	"{\"ociVersion\": \"1.0.0\", \"root\": {\"path\": \"rootfs\"}, \"process\": {\"cwd\": \"/\", \"args\": [\"sh\"]}, " \
	"\"linux\": {\"namespaces\": [{\"type\": \"mount\"}, {\"type\": \"uts\"}]}}"
const struct prop config_props[] = {
	{ ROW_STR(config, oci_version, "ociVersion"), .flags = PROP_REQUIRED, .max_bytes = 64,
	  .doc = "Version of the specification, 1.x.", .example = "\"1.0.2\"" },
	{ ROW_OBJ(config, root, "root", root_props), .flags = PROP_REQUIRED, .doc = "The root file system.",
	  .example = "{\"path\": \"elsewhere\"}" },
	{ ROW_LIST(config, mounts, "mounts", mount_props), .doc = "Mounts, in this order.",
	  .example = "[{\"destination\": \"/tmp\", \"type\": \"tmpfs\", \"source\": \"tmpfs\"}]" },
	{ ROW_OBJ(config, process, "process", process_props), .doc = "The program; required by `start`.",
	  .example = "{\"cwd\": \"/\", \"args\": [\"sh\"]}" },
	{ ROW_STR(config, hostname, "hostname"), .max_bytes = MAX_HOSTNAME, .doc = "Host name; needs a UTS namespace.",
	  .example = "\"blue\"", .in = WITH_UTS },
	{ ROW_STR(config, domainname, "domainname"), .max_bytes = MAX_HOSTNAME, .doc = "NIS domain name; needs a UTS namespace.",
	  .example = "\"example.org\"", .in = WITH_UTS },
	{ ROW_OBJ(config, hooks, "hooks", hooks_props), .doc = "Programs to run at points of the container's life.",
	  .example = "{\"createRuntime\": [{\"path\": \"/bin/true\"}]}" },
	{ ROW_MAP(config, annotations, "annotations"), .doc = "Notes, kept in the state.",
	  .example = "{\"org.example.note\": \"x\"}" },
	{ ROW_OBJ(config, linux_, "linux", linux_props), .flags = PROP_SECURITY, .doc = "What is particular to Linux.",
	  .example = "{\"namespaces\": [{\"type\": \"mount\"}]}" },
	{ 0 },
};

/* 1.MINOR.PATCH and what semantic versions allow behind it. */
static int version_check(const char *v, struct err *e)
{
	size_t minor, patch;

	minor = strncmp(v, "1.", 2) == 0 ? strspn(v + 2, "0123456789") : 0;
	patch = minor && v[2 + minor] == '.' ? strspn(v + 3 + minor, "0123456789") : 0;
	if (!patch || (v[3 + minor + patch] && !strchr("-+", v[3 + minor + patch])))
		return BAD(e, (e, "/ociVersion"), "expected a version 1.x.y, got \"%.64s\"", v);
	return 0;
}

static int mounts_check(const struct config *c, struct err *e)
{
	char at[48];
	size_t i;

	for (i = 0; i < c->mounts.n; i++) {
		const struct mount *m = &c->mounts.v[i];

		if (m->destination[0] != '/')
			log_warn("/mounts/%zu/destination: a relative path is deprecated; taken as relative to /", i);
		snprintf(at, sizeof at, "/mounts/%zu", i);
		TRY(mappings_check(m->uid_mappings.v, m->uid_mappings.n, at, "uidMappings", e));
		TRY(mappings_check(m->gid_mappings.v, m->gid_mappings.n, at, "gidMappings", e));
	}
	return 0;
}

static int hook_list_check(const hook_list *l, const char *name, struct err *e)
{
	size_t i, j;

	for (i = 0; i < l->n; i++)
		for (j = 0; j < l->v[i].env.n; j++)
			if (!strchr(l->v[i].env.v[j], '='))
				return BAD(e, (e, "/hooks/%s/%zu/env/%zu", name, i, j), "expected NAME=VALUE, got \"%.64s\"",
					   l->v[i].env.v[j]);
	return 0;
}

static int hooks_check(const struct hooks *h, struct err *e)
{
	TRY(hook_list_check(&h->prestart, "prestart", e));
	TRY(hook_list_check(&h->create_runtime, "createRuntime", e));
	TRY(hook_list_check(&h->create_container, "createContainer", e));
	TRY(hook_list_check(&h->start_container, "startContainer", e));
	TRY(hook_list_check(&h->poststart, "poststart", e));
	return hook_list_check(&h->poststop, "poststop", e);
}

static int config_check(const struct config *c, struct err *e)
{
	TRY(version_check(c->oci_version, e));
	TRY(mounts_check(c, e));
	if (c->process)
		TRY(process_check(c->process, "/process", e));
	if (c->hooks)
		TRY(hooks_check(c->hooks, e));
	if (c->linux_)
		TRY(linux_check(c->linux_, "/linux", e));
	return 0;
}

/* Adds the line and column of the property that e names; of the nearest object around it when it is missing. */
static int locate(struct err *e, const struct json *tree, const char *bytes, size_t n, const char *what)
{
	char at[sizeof e->at];
	const struct json *v;
	unsigned line, column;
	size_t len;

	snprintf(at, sizeof at, "%s", e->at);
	while (!(v = json_at(tree, at)))
		*strrchr(at, '/') = 0; /* the empty pointer names the tree, so there is one to cut */
	json_place(bytes, n, v->offset, &line, &column);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof e->text - len, " (%s:%u:%u)", what, line, column);
	return -e->code;
}

/* Bytes to a struct that is zero so far: rows, then what no row can say, then where in the text the first error is. */
static int decode(struct arena *a, const char *bytes, size_t n, const char *what, const struct prop *props,
		  int (*check)(const void *out, struct err *e), void *out, struct err *e)
{
	struct json *tree;
	int r;

	TRY(json_parse(a, bytes, n, JSON_MAX_CONFIG, what, &tree, e));
	r = prop_decode(a, props, tree, PROP_UNKNOWN_IGNORE, "", out, e);
	if (r == 0)
		r = check(out, e);
	return r < 0 ? locate(e, tree, bytes, n, what) : 0;
}

static int check_config(const void *out, struct err *e)
{
	return config_check(out, e);
}

static int check_process(const void *out, struct err *e)
{
	return process_check(out, "", e);
}

static int check_resources(const void *out, struct err *e)
{
	return resources_check(out, "", e);
}

int config_decode(struct arena *a, const char *bytes, size_t n, const char *what, struct config *out, struct err *e)
{
	*out = (struct config){ 0 };
	return decode(a, bytes, n, what, config_props, check_config, out, e);
}

int process_decode(struct arena *a, const char *bytes, size_t n, const char *what, struct process *out, struct err *e)
{
	*out = (struct process){ 0 };
	return decode(a, bytes, n, what, process_props, check_process, out, e);
}

int resources_decode(struct arena *a, const char *bytes, size_t n, const char *what, struct resources *out, struct err *e)
{
	*out = (struct resources){ 0 };
	return decode(a, bytes, n, what, resources_props, check_resources, out, e);
}

void config_encode(struct json_out *w, const struct config *c)
{
	prop_encode(w, config_props, c);
}

const char *config_annotation(const struct config *c, const char *key)
{
	size_t i;

	for (i = 0; i < c->annotations.n; i++)
		if (strcmp(c->annotations.v[i].key, key) == 0)
			return c->annotations.v[i].value;
	return NULL;
}

const struct namespace *config_namespace(const struct config *c, const char *type)
{
	size_t i;

	for (i = 0; c->linux_ && i < c->linux_->namespaces.n; i++)
		if (strcmp(words_namespace.v[c->linux_->namespaces.v[i].type].name, type) == 0)
			return &c->linux_->namespaces.v[i];
	return NULL;
}
