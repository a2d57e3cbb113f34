/* manifest_rows.c - the rows of the manifest's language: names, types and the grammars that a schema can judge.
 * Must not give anything a meaning: manifest_normal.c does. */
#include "oci/manifest_doc.h"
#include "oci/prop_row.h"

#define COUNT(t) (sizeof(t) / sizeof *(t))
#define WORDS(name, what_, ...)                                 \
	static const struct word name##_v[] = { __VA_ARGS__ }; \
	const struct words words_##name = { what_, name##_v, COUNT(name##_v) }

WORDS(network_mode, "network", { "isolated", 0 }, { "host", 1 });
WORDS(namespaces_rule, "rule for namespaces", { "deny", 0 }, { "allow", 1 });
WORDS(landlock, "use of Landlock", { "auto", 0 }, { "require", 1 }, { "off", 2 });
WORDS(syscalls_action, "action", { "errno", 0 }, { "kill", 1 });
WORDS(manifest_device, "device", { "null" }, { "zero" }, { "full" }, { "random" }, { "urandom" }, { "tty" });

const char *const fs_root_names[5] = { "empty", "host-ro", "dir:", "oci:", "tar:" };

/* --- grammars. What a regular expression would have to spell out at length (ranges of ports and prefixes, undefined variables)
 * is the decoder's alone. */
#define STRING(pattern) "{\"type\": \"string\", \"pattern\": \"" pattern "\"}"
#define SIZE_PATTERN "^[0-9]+([.][0-9]+)?([bB]|[kKmMgGtTpP]([iI]?[bB])?)?$"
#define DURATION_PATTERN "^([0-9]+([.][0-9]+)?|([0-9]+([.][0-9]+)?(us|ms|s|m|h))+)$"
#define OR_INTEGER(pattern, min) "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": " min "}, " STRING(pattern) "]}"
#define PATH_START "(/|[.]/|~/|[.]$|~$|[$][{](SANDBOX_DIR|PWD|HOME)[}])"
/* no ".." between slashes, no wildcards */
#define PATH_BODY "(?!(.*/)?[.][.](/|$))[^*?]*"
#define PATH "^" PATH_START PATH_BODY "$"
#define HOST "([0-9A-Za-z_.-]+(/[0-9]+)?|\\\\[[0-9A-Fa-f:.]+(/[0-9]+)?\\\\]|[*]|[*][.][0-9A-Za-z_.-]+)"
#define PORTS "([*]|[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*)"

static const struct prop_form size = { "a size such as `\"256M\"`, or bytes", OR_INTEGER(SIZE_PATTERN, "0") };
static const struct prop_form cores = {
	"cores: `\"1.5\"`, `0.5`, `\"500m\"`, `\"50%\"`",
	"{\"anyOf\": [{\"type\": \"number\", \"exclusiveMinimum\": 0}, " STRING("^[0-9]+([.][0-9]+)?[m%]?$") "]}"
};
static const struct prop_form duration = { "a duration such as `\"30s\"`, or seconds", OR_INTEGER(DURATION_PATTERN, "1") };
static const struct prop_form path = { "paths", STRING(PATH) };
static const struct prop_form endpoint = {
	"endpoints: `[tcp://]HOST:PORTS` or `unix:/path`",
	STRING("^((tcp://|udp://)?" HOST ":" PORTS "|unix:" PATH_START PATH_BODY ")$")
};
static const struct prop_form root = { "`empty`, `host-ro`, `dir:PATH`, `oci:PATH` or `tar:PATH`",
				       STRING("^(empty|host-ro|(dir|oci|tar):" PATH_START PATH_BODY ")$") };
static const struct prop_form tmpfs = {
	"map from path to size",
	"{\"type\": \"object\", \"propertyNames\": " STRING(PATH) ", \"additionalProperties\": " OR_INTEGER(SIZE_PATTERN, "1") "}"
};
static const struct prop_form user = { "`\"UID:GID\"`, or a number for both",
				       "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 4294967294}, " STRING(
					       "^[0-9]+(:[0-9]+)?$") "]}" };
static const struct prop_form exec = { "`\"any\"`, or a list of paths",
				       "{\"anyOf\": [{\"const\": \"any\"}, {\"type\": \"array\", \"items\": " STRING(PATH) "}]}" };
static const struct prop_form profile = { "`default`, `database`, `code`, `strict`, `unconfined` or `file:PATH`",
					  STRING("^(default|database|code|strict|unconfined|file:" PATH_START PATH_BODY ")$") };
static const struct prop_form call = { "names of system calls", STRING("^[a-z_][a-z0-9_]*$") };
static const struct prop_form version = { "string `\"1\"` or `\"1.N\"`", STRING("^1([.][0-9]+)*$") };
static const struct prop_form name = { "name", STRING("^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$") };
static const struct prop_form include = { "`profile:NAME` or files", STRING("^(profile:[a-z0-9-]+|" PATH_START PATH_BODY ")$") };
static const struct prop_form variable = { "name", STRING("^[A-Za-z_][A-Za-z0-9_]*$") };
static const struct prop_form variables = { "names, `*` at the end for all that begin so", STRING("^[A-Za-z_][A-Za-z0-9_]*[*]?$") };
static const struct prop_form file = { "path", STRING(PATH) };

/* What has more than one type. */
#define ROW_VALUE(T, f, name_) .name = name_, .kind = PROP_VALUE, .offset = ROW_AT_(T, f, const struct json *)

static const struct prop network_props[] = {
	{ ROW_WORD(network_doc, mode, "mode", words_network_mode),
	  .doc = "`isolated` (the default): nothing but what is granted here. `host`: the host's network itself. "
		 "A string instead of the object means this.",
	  .example = "\"host\"" },
	{ ROW_STRS(network_doc, listen, "listen"), .form = &endpoint, .max_bytes = 4095, .doc = "Where the process may listen.",
	  .example = "[\"0.0.0.0:5432\"]" },
	{ ROW_STRS(network_doc, connect, "connect"), .form = &endpoint, .max_bytes = 4095, .doc = "What the process may connect to.",
	  .example = "[\"tcp://10.0.0.0/8:5432\"]" },
	{ 0 },
};

static const struct prop filesystem_props[] = {
	{ ROW_STR(filesystem_doc, root, "root"), .form = &root, .max_bytes = 4095,
	  .doc = "What `/` is: `empty` (the default), `host-ro` (the host's programs and libraries, read-only), a directory, "
		 "an OCI image layout, an archive.",
	  .example = "\"host-ro\"" },
	{ ROW_STRS(filesystem_doc, read, "read"), .form = &path, .max_bytes = 4095, .doc = "What may be read, with everything below it.",
	  .example = "[\"/sandboxes/dev/config\"]" },
	{ ROW_STRS(filesystem_doc, write, "write"), .form = &path, .max_bytes = 4095,
	  .doc = "What may be read and written, with everything below it.", .example = "[\"/sandboxes/dev/data\"]" },
	{ ROW_STRS(filesystem_doc, cow, "cow"), .form = &path, .max_bytes = 4095,
	  .doc = "What may be read, and seems to be writable: writes stay in the sandbox.", .example = "[\"./src\"]" },
	{ ROW_STRS(filesystem_doc, deny, "deny"), .form = &path, .max_bytes = 4095, .doc = "What is hidden below something granted.",
	  .example = "[\"./src/.git\"]" },
	{ ROW_VALUE(filesystem_doc, tmpfs, "tmpfs"), .form = &tmpfs,
	  .doc = "Empty directories in memory, and how large they may grow.", .example = "{\"/tmp\": \"64M\"}" },
	{ 0 },
};

static const struct prop resources_props[] = {
	{ ROW_VALUE(resources_doc, memory, "memory"), .form = &size, .doc = "Memory of all processes together.", .example = "\"256M\"" },
	{ ROW_VALUE(resources_doc, swap, "swap"), .form = &size, .doc = "Swap on top of `memory`; 0 = none.", .example = "0" },
	{ ROW_VALUE(resources_doc, cpu, "cpu"), .form = &cores, .doc = "Processor time, in cores.", .example = "\"1.0\"" },
	{ ROW_UINT(resources_doc, pids, "pids", 4194304), .min = 1, .doc = "Processes and threads.", .example = "100" },
	{ ROW_VALUE(resources_doc, disk, "disk"), .form = &size, .doc = "Bytes that can be written to the sandbox's own disk.",
	  .example = "\"1G\"" },
	{ ROW_UINT(resources_doc, files, "files", 1048576), .min = 1, .doc = "Open files of each process.", .example = "1024" },
	{ ROW_VALUE(resources_doc, timeout, "timeout"), .form = &duration, .doc = "How long it may run; then everything is killed.",
	  .example = "\"30s\"" },
	{ ROW_VALUE(resources_doc, output, "output"), .form = &size,
	  .doc = "Bytes of standard output and error that are passed on; the rest is dropped.", .example = "\"10K\"" },
	{ 0 },
};

static const struct prop lsm_props[] = {
	{ ROW_WORD(lsm_doc, landlock, "landlock", words_landlock),
	  .doc = "`auto` (the default): where the kernel has it. `require`: an error where it has not. `off`: the mounts alone.",
	  .example = "\"require\"" },
	{ 0 },
};

static const struct prop process_props_[] = {
	{ ROW_VALUE(process_doc, user, "user"), .form = &user, .doc = "Who runs, inside.", .example = "\"1000:1000\"" },
	{ ROW_STR(process_doc, cwd, "cwd"), .form = &file, .max_bytes = 4095, .doc = "Working directory; absent means `/`.",
	  .example = "\"/tmp\"" },
	{ ROW_WORDS(process_doc, capabilities, "capabilities", words_capability), .doc = "Linux capabilities; absent means none.",
	  .example = "[\"CAP_NET_BIND_SERVICE\"]" },
	{ ROW_VALUE(process_doc, exec, "exec"), .form = &exec,
	  .doc = "`any` (the default): what can be read can be executed. A list: these programs and directories only, and "
		 "nothing that is writable.",
	  .example = "[\"/usr/bin\"]" },
	{ ROW_WORD(process_doc, namespaces, "namespaces", words_namespaces_rule),
	  .doc = "May the process make namespaces? `deny` is the default.", .example = "\"allow\"" },
	{ ROW_OBJ(process_doc, lsm, "lsm", lsm_props), .doc = "The kernel's security modules.", .example = "{\"landlock\": \"auto\"}" },
	{ 0 },
};

static const struct prop syscalls_props[] = {
	{ ROW_STR(syscalls_doc, profile, "profile"), .form = &profile, .max_bytes = 4095,
	  .doc = "Which system calls there are. A string instead of the object means this. A file holds a `linux.seccomp` "
		 "object of OCI.",
	  .example = "\"database\"" },
	{ ROW_STRS(syscalls_doc, allow, "allow"), .form = &call, .max_bytes = 64, .doc = "Further calls.", .example = "[\"mlock\"]" },
	{ ROW_STRS(syscalls_doc, deny, "deny"), .form = &call, .max_bytes = 64, .doc = "Calls taken away from the profile.",
	  .example = "[\"socket\"]" },
	{ ROW_WORD(syscalls_doc, action, "action", words_syscalls_action),
	  .doc = "What a refused call does: `errno` (the default) fails, `kill` ends the process.", .example = "\"kill\"" },
	{ 0 },
};

#define GRANT_ROWS(T)                                                                                                          \
	{ ROW_OBJ(T, network, "network", network_props), .bare = "mode", .doc = "Who may be talked to; absent means nobody.",   \
	  .example = "{\"listen\": [\"127.0.0.1:80\"]}" },                                                                      \
	{ ROW_OBJ(T, filesystem, "filesystem", filesystem_props), .doc = "What may be read and written; absent means nothing.", \
	  .example = "{\"read\": [\"/srv\"]}" },                                                                                \
	{ ROW_OBJ(T, resources, "resources", resources_props), .doc = "How much may be used; absent means no limit.",           \
	  .example = "{\"pids\": 10}" },                                                                                       \
	{ ROW_OBJ(T, process, "process", process_props_), .doc = "Who runs, and where.", .example = "{\"cwd\": \"/tmp\"}" },    \
	{ ROW_OBJ(T, syscalls, "syscalls", syscalls_props), .bare = "profile", .doc = "What may be asked of the kernel.",       \
	  .example = "\"strict\"" },                                                                                           \
	{ ROW_WORDS(T, devices, "devices", words_manifest_device), .doc = "Devices; absent means all six.", .example = "[\"null\"]" }

static const struct prop grants_props[] = { GRANT_ROWS(grants_doc), { 0 } };

static const struct prop secret_props[] = {
	{ ROW_UINT(secret_doc, generate, "generate", 1024), .min = 8, .doc = "Make one of so many characters.", .example = "24" },
	{ ROW_STR(secret_doc, value, "value"), .flags = PROP_NONEMPTY, .max_bytes = 65536,
	  .doc = "The secret itself; it is not kept in the stored manifest.", .example = "\"hunter2\"" },
	{ ROW_STR(secret_doc, file, "file"), .form = &file, .max_bytes = 4095, .doc = "A file of the host that holds it.",
	  .example = "\"./password\"" },
	{ ROW_BOOL(secret_doc, env, "env"), .doc = "Export it as a variable too.", .example = "true" },
	{ 0 },
};

const struct prop manifest_props[] = {
	{ ROW_STR(manifest_doc, schema, "$schema"), .doc = "For editors; ignored.", .example = "\"./manifest.schema.json\"" },
	{ ROW_STR(manifest_doc, sandbox, "sandbox"), .form = &name, .doc = "The sandbox's name.", .example = "\"dev\"" },
	{ ROW_STR(manifest_doc, version, "version"), .form = &version, .doc = "Version of the language; absent means 1.",
	  .example = "\"1.0\"" },
	{ ROW_STRS(manifest_doc, include, "include"), .form = &include, .max_bytes = 4095,
	  .doc = "Documents that this one adds to; its own values win over theirs.", .example = "[\"profile:web\"]" },
	{ ROW_OBJ(manifest_doc, capabilities, "capabilities", grants_props),
	  .doc = "What is granted. The six properties in it may stand at the top instead (the short form), not in both places.",
	  .example = "{\"devices\": []}" },
	GRANT_ROWS(manifest_doc),
	{ ROW_MAP(manifest_doc, environment, "environment"), .keys = &variable, .max_bytes = 131071, .doc = "Variables.",
	  .example = "{\"DB_PORT\": \"5432\"}" },
	{ ROW_STRS(manifest_doc, environment_pass, "environment_pass"), .form = &variables, .max_bytes = 256,
	  .doc = "Variables of the caller that are passed on.", .example = "[\"LANG\", \"LC_*\"]" },
	{ ROW_OBJMAP(manifest_doc, secrets, "secrets", secret_props), .keys = &name,
	  .doc = "Files in /run/secrets. A secret with none of `generate`, `value`, `file` is supplied by whoever starts it.",
	  .example = "{\"DB_PASSWORD\": {\"generate\": 24}}" },
	{ 0 },
};
