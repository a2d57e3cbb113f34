/* manifest_limits.c - the resources section: numbers with units, and which of them are only a profile's defaults.
 * Must not ask whether this machine can enforce a limit. */
#include "oci/manifest_doc.h"
#include <string.h>

#define A_SIZE "expected a size such as \"256M\", \"1.5G\" or a number of bytes"

/* Two limits stand in one order everywhere: the bit of each is SCALAR_LIMITS << its number. */
enum { MEMORY, SWAP, CPU, PIDS, DISK, FILES, TIMEOUT, OUTPUT };

static void mark(struct reader *r, const char *at)
{
	struct strs *l = &r->g->out->from_defaults;
	size_t i, n = 0;

	if (r->profile) {
		strs_add_once(r->g->arena, l, at);
		return;
	}
	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], at) != 0)
			l->v[n++] = l->v[i];
	l->n = n;
}

static void set(struct reader *r, int which, const char *name, uint64_t value, struct opt_uint *out)
{
	if (!may_set(r, SCALAR_LIMITS << which))
		return;
	*out = (struct opt_uint){ true, value };
	mark(r, arena_fmt(r->g->arena, "/capabilities/resources/%s", name)); /* where it stands in the normal form */
}

static const char *shown(const struct json *v)
{
	return v->type == JSON_NUMBER || v->type == JSON_STRING ? v->text : json_type_name(v->type);
}

static void take(struct reader *r, int which, const char *name, const struct json *v, bool (*parse)(const struct json *, uint64_t *),
		 const char *allowed, uint64_t min, struct opt_uint *out)
{
	uint64_t n;

	if (!v)
		return;
	if (!parse(v, &n) || n < min)
		complain(r, pointer(r, "/resources/%s", name), "%s, got %s%.48s%s", allowed, v->type == JSON_STRING ? "\"" : "", shown(v),
			 v->type == JSON_STRING ? "\"" : "");
	else
		set(r, which, name, n, out);
}

void take_resources(struct reader *r, const struct resources_doc *d)
{
	struct manifest *m = r->g->out;

	take(r, MEMORY, "memory", d->memory, read_size, A_SIZE ", at least 1", 1, &m->memory);
	take(r, SWAP, "swap", d->swap, read_size, A_SIZE, 0, &m->swap);
	take(r, CPU, "cpu", d->cpu, read_cpu, "expected cores such as \"1.5\", 0.5, \"500m\" or \"50%\", more than 0", 1, &m->cpu_milli);
	if (d->pids.set)
		set(r, PIDS, "pids", d->pids.v, &m->pids);
	take(r, DISK, "disk", d->disk, read_size, A_SIZE ", at least 1", 1, &m->disk);
	if (d->files.set)
		set(r, FILES, "files", d->files.v, &m->files);
	take(r, TIMEOUT, "timeout", d->timeout, read_duration, "expected a duration such as \"30s\", \"500ms\" or a number of seconds", 1,
	     &m->timeout_ms);
	take(r, OUTPUT, "output", d->output, read_size, A_SIZE, 0, &m->output);
}
