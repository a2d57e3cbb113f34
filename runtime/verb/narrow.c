/* narrow.c - the manifests under which an engine's container runs: its annotation's and the administrator's.
 * Must not let one that cannot be read pass: then the container does not run. */
#include "verb/narrow.h"
#include "oci/prop_row.h"
#include "plan/compile.h"
#include "store/files.h"
#include "verb/manifest.h"
#include <errno.h>
#include <string.h>

#define DEFAULTS "/etc/wasirun/config.json"
#define DEFAULTS_MAX ((size_t)64 << 10)

struct defaults {
	char *manifest;
};
static const struct prop defaults_props[] = {
	{ ROW_STR(defaults, manifest, "manifest"), .flags = PROP_ABS | PROP_NONEMPTY,
	  .doc = "A manifest that cuts down every container, by its absolute path." },
	{ 0 },
};

static int read_defaults(struct globals *g, struct defaults *out, struct err *e)
{
	struct json *v;
	char *bytes;
	size_t n;
	int r;

	*out = (struct defaults){ .manifest = NULL };
	r = file_read(g->arena, DEFAULTS, DEFAULTS_MAX, &bytes, &n, e);
	if (r == -ENOENT)
		return 0;
	TRY(r);
	TRY(json_parse(g->arena, bytes, n, DEFAULTS_MAX, DEFAULTS, &v, e));
	return prop_decode(g->arena, defaults_props, v, PROP_UNKNOWN_ERROR, "", out, e);
}

static int cut(struct globals *g, const char *path, struct config *c, struct err *e)
{
	static const struct manifest_options none;
	struct command command = { .uid = 0 };
	struct manifest m;
	char *profile;

	if (path[0] != '/')
		return fail_at((fail(e, EINVAL, "%s \"%s\": an absolute path is needed", ANNOTATION_MANIFEST, path), e), "/annotations");
	TRY(manifest_need(g, path, &none, &m, e));
	if (strncmp(m.syscalls_profile, "file:", 5) == 0) {
		TRY(file_read(g->arena, m.syscalls_profile + 5, JSON_MAX_CONFIG, &profile, &command.seccomp_n, e));
		command.seccomp = profile;
	}
	return manifest_narrow(g->arena, &m, path, &command, c, e);
}

int narrow_config(struct globals *g, struct config *c, char **bytes, size_t *n, struct err *e)
{
	const char *asked = config_annotation(c, ANNOTATION_MANIFEST);
	struct text t = { .arena = g->arena };
	struct json_out w = { .t = &t, .first = true };
	struct defaults d;

	TRY(read_defaults(g, &d, e));
	if (!asked && !d.manifest)
		return 0;
	if (d.manifest)
		TRY(cut(g, d.manifest, c, e));
	if (asked && (!d.manifest || strcmp(asked, d.manifest) != 0))
		TRY(cut(g, asked, c, e));
	config_encode(&w, c);
	*bytes = arena_str(g->arena, text_get(&t));
	*n = t.n;
	return 0;
}
