/* annotation.c - what a configuration cannot say, as annotations of it.
 * Other runtimes do not know them and run the configuration without; the rest of it must be safe alone. */
#include "oci/json.h"
#include "oci/prop_row.h"
#include "plan/compile.h"
#include <errno.h>
#include <string.h>

static const struct prop grants_props[] = {
	{ ROW_STR(grants, landlock, "landlock"), .doc = "require, auto or off." },
	{ ROW_STRS(grants, read, "read"), .flags = PROP_ABS, .doc = "Paths that may be read." },
	{ ROW_STRS(grants, write, "write"), .flags = PROP_ABS, .doc = "Paths that may be changed." },
	{ ROW_STRS(grants, execute, "execute"), .flags = PROP_ABS, .doc = "Programs; absent: all that can be read." },
	{ ROW_STRS(grants, listen, "listen"), .doc = "Addresses of the host to listen on." },
	{ ROW_STRS(grants, connect, "connect"), .doc = "Addresses that may be reached." },
	{ ROW_UINT(grants, timeout, "timeout", 0), .doc = "Milliseconds until everything is killed." },
	{ ROW_UINT(grants, output, "output", 0), .doc = "Bytes of both output streams that are passed on." },
	{ ROW_BOOL(grants, no_tcp, "noTcp"), .doc = "No TCP at all." },
	{ ROW_BOOL(grants, tmpfs_root, "tmpfsRoot"), .doc = "The root is an empty tmpfs, not root.path." },
	{ 0 },
};

static int check(const struct grants *g, struct err *e)
{
	static const char *const words[] = { "require", "auto", "off" };
	size_t i;

	for (i = 0; g->landlock && i < sizeof words / sizeof *words; i++)
		if (strcmp(g->landlock, words[i]) == 0)
			return 0;
	return g->landlock ? fail(e, EINVAL, "landlock \"%.40s\": require, auto or off", g->landlock) : 0;
}

bool annotation_is(const char *key, const char *name)
{
	size_t n = strlen(name);

	return strncmp(key, name, n) == 0 && (!key[n] || key[n] == '.');
}

void config_annotate_more(struct arena *a, struct config *c, const char *name, const char *value)
{
	const char *key = name;
	unsigned i;

	for (i = 2; config_annotation(c, key); i++)
		key = arena_fmt(a, "%s.%u", name, i);
	config_annotate(a, c, key, value);
}

int grants_read(struct arena *a, const struct config *c, struct grants *out, struct err *e)
{
	const char *text = config_annotation(c, ANNOTATION_GRANTS);

	*out = (struct grants){ .landlock = NULL };
	return text ? grants_parse(a, text, out, e) : 0;
}

int grants_parse(struct arena *a, const char *text, struct grants *out, struct err *e)
{
	struct json *v;
	int r;

	*out = (struct grants){ .landlock = NULL };
	r = json_parse(a, text, strlen(text), JSON_MAX_MANIFEST, ANNOTATION_GRANTS, &v, e);
	if (r == 0)
		r = prop_decode(a, grants_props, v, PROP_UNKNOWN_ERROR, "", out, e);
	if (r == 0)
		r = check(out, e);
	if (r < 0) {
		fail_in(e, ANNOTATION_GRANTS);
		e->at[0] = 0;
		return fail_at(e, "/annotations");
	}
	return 0;
}

void grants_write(struct arena *a, const struct grants *g, struct config *c)
{
	struct text t = { .arena = a };
	struct json_out w = { .t = &t, .first = true };

	prop_encode(&w, grants_props, g);
	config_annotate_more(a, c, ANNOTATION_GRANTS, text_get(&t));
}

void config_annotate(struct arena *a, struct config *c, const char *key, const char *value)
{
	struct kv *v;
	size_t i;

	for (i = 0; i < c->annotations.n; i++)
		if (strcmp(c->annotations.v[i].key, key) == 0) {
			c->annotations.v[i].value = arena_str(a, value);
			return;
		}
	v = arena_array(a, c->annotations.n + 1, sizeof *v); /* a decoded list has no room to grow */
	if (c->annotations.n)
		memcpy(v, c->annotations.v, c->annotations.n * sizeof *v);
	v[c->annotations.n] = (struct kv){ arena_str(a, key), arena_str(a, value) };
	c->annotations.v = v;
	c->annotations.n++;
}
