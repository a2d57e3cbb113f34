/* rdt.c - STEP_RDT: the container's resctrl group.
 *
 * The step runs twice: in PREPARE the group is made and configured; in OUTSIDE, when init exists, init is put into it (its children
 * inherit the membership). Must not remove or change a group that somebody else has made under the name that was asked for. */
#include "apply/rdt.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SCHEMATA 4096

/* What this step has made; in its slot's n. */
enum { MADE_GROUP = 1, MADE_MONITOR = 2 };

static const char *group_path(struct arena *a, const char *clos)
{
	return strcmp(clos, "/") == 0 ? RDT_ROOT : arena_fmt(a, RDT_ROOT "/%s", clos);
}

static const char *monitor_path(struct arena *a, const char *clos, const char *id)
{
	return arena_fmt(a, "%s/mon_groups/%s", group_path(a, clos), id);
}

static const char *unless_there(const char *path)
{
	return sys_access(AT_FDCWD, path, F_OK, 0) == 0 ? NULL : path;
}

const char *rdt_made_path(struct arena *a, const struct plan *p, const char *id)
{
	size_t i;

	for (i = 0; i < p->steps.n; i++) {
		const struct step_rdt *s = &p->steps.v[i].rdt;

		if (p->steps.v[i].op != STEP_RDT || p->steps.v[i].stage != STAGE_PREPARE)
			continue;
		if (!s->named)
			return unless_there(group_path(a, s->clos_id)); /* its monitoring group goes with it */
		return s->monitoring ? unless_there(monitor_path(a, s->clos_id, id)) : NULL;
	}
	return NULL;
}

static bool is_word(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Length of the resource's name and the colon, 0 when there is none. */
static size_t resource(const char *line)
{
	size_t n = 0;

	while (is_word(line[n]))
		n++;
	return n && line[n] == ':' ? n + 1 : 0;
}

/* Caches are given as masks, bandwidth in numbers. */
static int base_of(const char *line)
{
	line += strspn(line, " ");
	return line[0] == 'L' ? 16 : 10;
}

/* "0=ff" at *p, and what separates it from the next one. */
static bool domain(const char **p, int base, unsigned long *id, unsigned long *value)
{
	char *end;

	*p += strspn(*p, " ");
	if (**p < '0' || **p > '9')
		return false;
	*id = strtoul(*p, &end, 10);
	if (*end != '=')
		return false;
	end += 1 + strspn(end + 1, " "); /* the kernel pads numbers to one width */
	if (!is_word(*end))
		return false;
	*value = strtoul(end, &end, base);
	*p = end + (*end == ';');
	return *end == ';' || *end == '\n' || *end == 0;
}

int rdt_check_line(const char *line, struct err *e)
{
	size_t n = resource(line);
	const char *p = line + n;
	unsigned long id, value;

	if (!n || strlen(line) > MAX_SCHEMATA / 2)
		return fail(e, EINVAL, "\"%.100s\" is no line of a schemata file: it reads RESOURCE:DOMAIN=VALUE;DOMAIN=VALUE", line);
	do {
		if (!domain(&p, base_of(line), &id, &value) || *p == '\n')
			return fail(e, EINVAL, "\"%.100s\" is no line of a schemata file: \"%.20s\" should be DOMAIN=VALUE", line, p);
	} while (*p);
	return 0;
}

/* The value of a domain in a line of text after the resource's name. */
static bool value_of(const char *domains, int base, unsigned long id, unsigned long *value)
{
	unsigned long have;

	while (*domains && *domains != '\n')
		if (!domain(&domains, base, &have, value))
			return false;
		else if (have == id)
			return true;
	return false;
}

bool rdt_agrees(const char *schemata, const char *line)
{
	size_t n = resource(line);
	const char *there = schemata, *p = line + n;
	int base = base_of(line);
	unsigned long id, want, have;

	/* the kernel indents the names so that the colons stand in one column */
	while (there && strncmp(there + strspn(there, " "), line, n) != 0) {
		there = strchr(there, '\n');
		there = there ? there + 1 : NULL;
	}
	if (!n || !there)
		return false;
	there += strspn(there, " ") + n;
	while (*p)
		if (!domain(&p, base, &id, &want) || !value_of(there, base, id, &have) || have != want)
			return false;
	return true;
}

/* The kernel explains its refusals in a file. */
static int refused(struct err *e, int r, const char *what, const char *path)
{
	char why[256] = "";
	ssize_t n = sys_read_file(AT_FDCWD, RDT_ROOT "/info/last_cmd_status", why, sizeof why);

	while (n > 0 && why[n - 1] == '\n')
		why[--n] = 0;
	return fail_sys(e, r, "%s %s%s%s%s", what, path, n > 0 ? " (" : "", why, n > 0 ? ")" : "");
}

static int check_agreement(const struct step_rdt *s, const char *group, struct err *e)
{
	char path[PATH_MAX], text[MAX_SCHEMATA];
	size_t i;
	ssize_t n;

	snprintf(path, sizeof path, "%s/schemata", group);
	n = s->agree ? sys_read_file(AT_FDCWD, path, text, sizeof text) : 0;
	if (n < 0)
		return fail_sys(e, (int)n, "%s", path);
	for (i = 0; i < s->agree; i++)
		if (!rdt_agrees(text, s->schemata.v[i]))
			return fail(e, EEXIST, "the group \"%s\" exists with other settings than \"%s\"", s->clos_id, s->schemata.v[i]);
	return 0;
}

static int write_schemata(const struct step_rdt *s, size_t from, const char *group, struct err *e)
{
	char path[PATH_MAX], text[MAX_SCHEMATA];
	size_t i, n = 0;
	int r;

	if (from >= s->schemata.n)
		return 0;
	for (i = from; i < s->schemata.n; i++) {
		TRY(rdt_check_line(s->schemata.v[i], e));
		if (n + strlen(s->schemata.v[i]) + 2 > sizeof text)
			return fail(e, E2BIG, "the schemata are longer than %d bytes", MAX_SCHEMATA);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", s->schemata.v[i]);
	}
	snprintf(path, sizeof path, "%s/schemata", group);
	r = sys_write_file(AT_FDCWD, path, text);
	return r < 0 ? refused(e, r, "cannot write the schemata of", group) : 0;
}

static int make_dir(const char *path, size_t flag, size_t *made, struct err *e)
{
	int r = sys_mkdir(AT_FDCWD, path, 0755);

	if (r == 0)
		*made |= flag;
	return r == 0 || r == -EEXIST ? 0 : refused(e, r, "cannot make the resctrl group", path);
}

static int make(struct run *r, const struct step_rdt *s, size_t *made, struct err *e)
{
	const char *group = group_path(r->arena, s->clos_id);
	bool existed;

	if (!s->create && sys_access(AT_FDCWD, group, F_OK, 0) < 0)
		return fail(e, ENOENT,
			    "clos dir not accessible (must be pre-created when schemata, l3CacheSchema and memBwSchema are empty): %s",
			    group);
	TRY(make_dir(group, MADE_GROUP, made, e));
	existed = s->named && !(*made & MADE_GROUP);
	if (existed)
		TRY(check_agreement(s, group, e));
	TRY(write_schemata(s, existed ? s->agree : 0, group, e));
	return s->monitoring ? make_dir(monitor_path(r->arena, s->clos_id, r->host->id), MADE_MONITOR, made, e) : 0;
}

static int join(struct run *r, const struct step_rdt *s, struct err *e)
{
	const char *group = group_path(r->arena, s->clos_id), *path = arena_fmt(r->arena, "%s/tasks", group);
	char pid[16];
	int ret;

	snprintf(pid, sizeof pid, "%d", r->pid);
	ret = sys_write_file(AT_FDCWD, path, pid);
	if (ret == 0 && s->monitoring) {
		path = arena_fmt(r->arena, "%s/tasks", monitor_path(r->arena, s->clos_id, r->host->id));
		ret = sys_write_file(AT_FDCWD, path, pid);
	}
	return ret < 0 ? refused(e, ret, "cannot put the container into", path) : 0;
}

static void unmake(struct run *r, const struct step_rdt *s, size_t made)
{
	if (made & MADE_MONITOR)
		(void)!sys_rmdir(AT_FDCWD, monitor_path(r->arena, s->clos_id, r->host->id));
	if (made & MADE_GROUP)
		(void)!sys_rmdir(AT_FDCWD, group_path(r->arena, s->clos_id));
}

int op_rdt(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int ret;

	if (s->stage != STAGE_PREPARE)
		return join(r, &s->rdt, e);
	ret = make(r, &s->rdt, &slot->n, e);
	if (ret < 0)
		unmake(r, &s->rdt, slot->n);
	return ret;
}

void op_rdt_undo(struct run *r, const struct step *s, struct slot *slot)
{
	unmake(r, &s->rdt, slot->n);
}
