/* docgen.c - prints what is generated from tables: `docgen protocol`, `docgen config`, `docgen manifest` and `docgen schema`, and
 * `docgen dictionary`, the fuzzers' words.
 * Must not say anything of its own about a message or a property. `make docs` writes them, tests/lint/docs.sh checks them. */
#include "apply/wire.h"
#include "oci/config.h"
#include "oci/features.h"
#include "oci/manifest.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void protocol(struct text *t)
{
	text_str(t, "# The wire\n\n"
		    "What the runtime, the joiner, init and `start` say to each other. Generated from the table in\n"
		    "`runtime/apply/wire.c` by `make docs`.\n\n"
		    "Every message is one datagram of the same size on a `SOCK_SEQPACKET` socket: type, pid, error (code, place,\n"
		    "text), and at most one descriptor. End of file is a message too: the other side has died, or, after EXECING,\n"
		    "init has become the program. Anything that is not expected ends the command with a protocol error.\n\n");
	wire_print(t);
}

/* The document that lists the long vocabularies. */
static const char *vocabularies = "";

static void print_words(struct text *t, const struct words *w)
{
	size_t i;

	if (w->n > 10) {
		text_fmt(t, "a [%s](%s#vocabularies)", w->what, vocabularies);
		return;
	}
	for (i = 0; i < w->n; i++)
		text_fmt(t, "%s`%s`", i ? ", " : "", w->v[i].name);
}

static void print_range(struct text *t, const struct prop *p)
{
	if (p->kind == PROP_INT && p->min == 0 && p->max == 0)
		text_fmt(t, "integer");
	else if (p->kind == PROP_INT && p->max == INT64_MAX)
		text_fmt(t, "integer from %" PRId64, p->min);
	else if (p->kind == PROP_INT)
		text_fmt(t, "integer %" PRId64 " to %" PRId64, p->min, p->max);
	else if (p->umax)
		text_fmt(t, "integer %" PRId64 " to %" PRIu64, p->min, p->umax);
	else
		text_fmt(t, "integer from %" PRId64, p->min);
}

static void print_kind(struct text *t, const struct prop *p)
{
	if (p->form) { /* what it is of */
		text_fmt(t, "%s%s", p->kind == PROP_STRS ? "list of " : "", p->form->what);
		return;
	}
	switch (p->kind) {
	case PROP_BOOL:
	case PROP_OPT_BOOL:
		text_fmt(t, "boolean");
		break;
	case PROP_STR:
		text_fmt(t, "string%s", p->flags & PROP_ABS ? ", an absolute path" : "");
		break;
	case PROP_INT:
	case PROP_UINT:
	case PROP_U32:
		print_range(t, p);
		break;
	case PROP_WORD:
		print_words(t, p->words);
		break;
	case PROP_STRS:
		text_fmt(t, "list of %s", p->flags & PROP_ABS ? "absolute paths" : "strings");
		break;
	case PROP_U32S:
		text_fmt(t, "list of integers 0 to %" PRIu64, p->umax);
		break;
	case PROP_WORDS:
		text_fmt(t, "list of ");
		print_words(t, p->words);
		break;
	case PROP_MAP:
		text_fmt(t, "map from string to string");
		break;
	case PROP_OBJ:
		text_fmt(t, p->bare ? "object, or a string for its `%s`" : "object", p->bare);
		break;
	case PROP_LIST:
		text_fmt(t, "list of objects");
		break;
	case PROP_OBJMAP:
		text_fmt(t, "map of objects");
		break;
	case PROP_VALUE: /* has a form */
		break;
	}
}

static void print_row(struct text *t, const struct prop *p)
{
	text_fmt(t, "| `%s` | ", p->name);
	print_kind(t, p);
	text_fmt(t, " | %s%s%s", p->flags & PROP_REQUIRED ? "**Required.** " : "", p->doc, p->flags & PROP_PARSED ? " *Not applied.*" : "");
	if (p->example && !p->sub)
		text_fmt(t, " Example: `%s`", p->example);
	text_fmt(t, " |\n");
}

/* Every object of the document; those that share their rows (hooks, id mappings) are described once. */
static struct object {
	const struct prop *rows;
	char at[96];
} objects[128];
static size_t objects_n;

static void collect(const struct prop *p, const char *at, void *ctx)
{
	struct object *o = &objects[objects_n];

	(void)ctx;
	if (!p->sub || objects_n == sizeof objects / sizeof objects[0])
		return;
	o->rows = p->sub;
	snprintf(o->at, sizeof o->at, "%s%s", at, p->kind == PROP_LIST ? "/N" : p->kind == PROP_OBJMAP ? "/KEY" : "");
	objects_n++;
}

static bool is_first(size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (objects[j].rows == objects[i].rows)
			return false;
	return true;
}

static void print_objects(struct text *t, const struct prop *top)
{
	const struct prop *p;
	size_t i, j;

	objects_n = 0;
	objects[objects_n++] = (struct object){ top, "/" };
	prop_walk(top, "", collect, NULL);
	for (i = 0; i < objects_n; i++) {
		if (!is_first(i))
			continue;
		text_fmt(t, "\n## `%s`", objects[i].at);
		for (j = i + 1; j < objects_n; j++)
			if (objects[j].rows == objects[i].rows)
				text_fmt(t, ", `%s`", objects[j].at);
		text_fmt(t, "\n\n| Property | Value | Meaning |\n|---|---|---|\n");
		for (p = objects[i].rows; p->name; p++)
			print_row(t, p);
	}
}

static void print_vocabulary(struct text *t, const struct words *w)
{
	size_t i;

	text_fmt(t, "\n### %c%s\n\n", w->what[0] & ~0x20, w->what + 1);
	for (i = 0; i < w->n; i++)
		text_fmt(t, "%s`%s`", i ? ", " : "", w->v[i].name);
	text_fmt(t, "\n");
}

static void print_vocabularies(struct text *t)
{
	static const struct words *const list[] = {
		&words_mount_option, &words_capability, &words_rlimit, &words_seccomp_arch,
	};
	size_t i;

	text_fmt(t, "\n## Vocabularies\n\nOther lists of words stand with the property they belong to. Mount options that are not\n"
		    "listed go to the file system as they are.\n");
	for (i = 0; i < sizeof list / sizeof list[0]; i++)
		print_vocabulary(t, list[i]);
}

static void config(struct text *t)
{
	text_fmt(t, "# config.json\n\n"
		    "What wasirun understands of the OCI runtime specification %s, config.md and config-linux.md. Generated from\n"
		    "the rows in `oci/` by `make docs`.\n\n"
		    "A value of another type, a number outside of its range, a word that is not listed, a name that stands twice in\n"
		    "an object: each is an error with the JSON pointer of the value, its line and its column. `null` counts as\n"
		    "absent. Names are case-sensitive. A property that is not listed is ignored, with a line at debug level; one\n"
		    "whose name is nearly that of a property which keeps something away from the container, with a warning.\n"
		    "`N` stands for an element of a list, `KEY` for a member of a map. `exec --process` takes an object such as\n"
		    "`/process`, `update --resources` one such as `/linux/resources`.\n",
		 OCI_VERSION);
	print_objects(t, config_props);
	print_vocabularies(t);
}

static void manifest(struct text *t)
{
	text_fmt(t, "# The keys of a manifest\n\n"
		    "Generated from the rows in `oci/manifest_rows.c` by `make docs`. What they mean together: "
			"[manifest.md](manifest.md).\n"
		    "The same for programs: [manifest.schema.json](manifest.schema.json), which `wasirun manifest schema` prints.\n"
		    "`KEY` stands for a member of a map. The objects below `/capabilities` may stand at the top instead, all of them.\n"
		    "Keys that begin with `x-` are free everywhere; any other key that is not listed is an error, and so is `null`.\n");
	vocabularies = "config.md";
	print_objects(t, manifest_props);
}

static void schema(struct text *t)
{
	struct json_out w = { .t = t, .indent = 2, .first = true };

	manifest_schema(&w);
	text_fmt(t, "\n");
}

/* The dictionary: every name and every word once, in libFuzzer's format. */
#define MOST 2048
static const char *seen[MOST];
static size_t seen_n;

static void print_entry(struct text *t, const char *s)
{
	size_t i;

	for (i = 0; i < seen_n; i++)
		if (strcmp(seen[i], s) == 0)
			return;
	if (seen_n < MOST)
		seen[seen_n++] = s;
	text_fmt(t, "\"\\\"%s\\\"\"\n", s);
}

static void print_escaped(struct text *t, const char *s)
{
	text_fmt(t, "\"");
	for (; *s; s++)
		text_fmt(t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	text_fmt(t, "\"\n");
}

static void dictionary_row(const struct prop *p, const char *at, void *ctx)
{
	struct text *t = ctx;
	size_t i;

	(void)at;
	print_entry(t, p->name);
	for (i = 0; p->words && i < p->words->n; i++)
		print_entry(t, p->words->v[i].name);
	if (p->example && strlen(p->example) < 64)
		print_escaped(t, p->example);
}

static void print_dictionary(struct text *t)
{
	static const char *const pieces[] = {
		"4294967295", "4294967296", "18446744073709551615", "-9223372036854775808", "-0", "1e3", "null", "true", "false",
		"\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "{}", "[]", "/*",
	};
	size_t i;

	text_fmt(t, "# The words of config.json and of manifests. Generated from the rows in oci/ by make docs.\n");
	for (i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
		print_escaped(t, pieces[i]);
	for (i = 0; i < words_mount_option.n; i++)
		print_entry(t, words_mount_option.v[i].name);
	prop_walk(config_props, "", dictionary_row, t);
	prop_walk(manifest_props, "", dictionary_row, t);
}

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct text t = { .arena = &a };

	if (argc == 2 && !strcmp(argv[1], "protocol")) {
		protocol(&t);
	} else if (argc == 2 && !strcmp(argv[1], "config")) {
		config(&t);
	} else if (argc == 2 && !strcmp(argv[1], "manifest")) {
		manifest(&t);
	} else if (argc == 2 && !strcmp(argv[1], "schema")) {
		schema(&t);
	} else if (argc == 2 && !strcmp(argv[1], "dictionary")) {
		print_dictionary(&t);
	} else {
		fprintf(stderr, "usage: docgen protocol|config|manifest|schema|dictionary\n");
		return 2;
	}
	fputs(text_get(&t), stdout);
	return 0;
}
