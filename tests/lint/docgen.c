/* docgen.c - prints the documents that are generated from tables: `docgen protocol`, `docgen config`.
 * Must not say anything of its own about a message or a property. `make docs` writes them, tests/lint/docs.sh checks that they are current. */
#include "apply/wire.h"
#include "oci/config.h"
#include <stdio.h>
#include <string.h>

static void protocol(struct text *t)
{
	text_str(t, "# The wire\n\n"
		    "What the runtime, the joiner, init and `start` say to each other. Generated from the table in `runtime/apply/wire.c` by\n"
		    "`make docs`.\n\n"
		    "Every message is one datagram of the same size on a `SOCK_SEQPACKET` socket: type, pid, error (code, place, text), and at most\n"
		    "one descriptor. End of file is a message too: the other side has died, or, after EXECING, init has become the program.\n"
		    "Anything that is not expected ends the command with a protocol error.\n\n");
	wire_print(t);
}

static const char *kind(const struct prop *p)
{
	static const char *const names[] = {
		[PROP_BOOL] = "true or false", [PROP_OPT_BOOL] = "true or false", [PROP_STR] = "string", [PROP_INT] = "integer",
		[PROP_UINT] = "integer",       [PROP_U32] = "integer",            [PROP_WORD] = "word",  [PROP_STRS] = "list of strings",
		[PROP_U32S] = "list of integers", [PROP_WORDS] = "list of words", [PROP_MAP] = "strings by name", [PROP_OBJ] = "object",
		[PROP_LIST] = "list of objects", [PROP_OBJMAP] = "objects by name",
	};

	return names[p->kind];
}

static void range(struct text *t, const struct prop *p)
{
	if (p->kind == PROP_INT && (p->min || p->max))
		text_fmt(t, " %lld..%lld", (long long)p->min, (long long)p->max);
	if ((p->kind == PROP_UINT || p->kind == PROP_U32 || p->kind == PROP_U32S) && p->umax)
		text_fmt(t, " %lld..%llu", (long long)p->min, (unsigned long long)p->umax);
}

static void row(const struct prop *p, const char *at, void *ctx)
{
	struct text *t = ctx;
	const char *c;

	text_fmt(t, "| `%s` | %s", at, kind(p));
	range(t, p);
	text_fmt(t, "%s | ", p->flags & PROP_REQUIRED ? ", required" : "");
	for (c = p->doc ? p->doc : ""; *c; c++) {
		if (*c == '|')
			text_str(t, "\\");
		text_add(t, c, 1);
	}
	text_fmt(t, "%s |\n", p->flags & PROP_PARSED ? " Decoded and shown, not applied." : "");
}

static void config(struct text *t)
{
	text_str(t, "# config.json\n\n"
		    "Every property that wasirun decodes, by its place in the document; `N` stands for an index, `KEY` for a name. Generated from\n"
		    "the rows in `oci/` by `make docs`. What is not listed is ignored, as the specification asks (and told with `--debug`).\n\n"
		    "| property | value | meaning |\n|---|---|---|\n");
	prop_walk(config_props, "", row, t);
}

int main(int argc, char **argv)
{
	struct arena a = { 0 };
	struct text t = { .arena = &a };

	if (argc == 2 && !strcmp(argv[1], "protocol")) {
		protocol(&t);
	} else if (argc == 2 && !strcmp(argv[1], "config")) {
		config(&t);
	} else {
		fprintf(stderr, "usage: docgen protocol|config\n");
		return 2;
	}
	fputs(text_get(&t), stdout);
	return 0;
}
