/* stats_read.c - the shapes in which the kernel writes its statistics.
 * Must not know which file means what: stats_v1.c and stats_v2.c do. What cannot be read is left out, never guessed. */
#include "apply/cgroup_dir.h"
#include "apply/stats_values.h"
#include "base/idlist.h"
#include "sys/sys.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* A list of processors cannot name more than this (NR_CPUS at its largest). */
#define MAX_CPUS 8192

bool stats_number(const char *dir, const char *file, uint64_t *out)
{
	char buf[64];

	if (cgroup_read(dir, file, buf, sizeof buf) <= 0)
		return false;
	*out = strncmp(buf, "max", 3) == 0 ? UINT64_MAX : cgroup_number(buf, NULL);
	return true;
}

void stats_parse_ranges(struct arena *a, const char *text, u64s *out)
{
	unsigned long mask[IDLIST_WORDS(MAX_CPUS)];
	uint64_t i;

	if (idlist_parse(text, mask, MAX_CPUS) < 0)
		return;
	for (i = 0; i < MAX_CPUS; i++)
		if (mask[i / IDLIST_WORD] & 1ul << i % IDLIST_WORD)
			*arena_push(a, out) = i;
}

void stats_ranges(struct arena *a, const char *dir, const char *file, u64s *out)
{
	char buf[4096];

	if (cgroup_read(dir, file, buf, sizeof buf) > 0)
		stats_parse_ranges(a, buf, out);
}

uint64_t stats_pairs(struct arena *a, const char *dir, const char *file, const char *wanted, struct stats *s)
{
	char buf[16384], *line = buf;
	uint64_t found = 0;

	if (cgroup_read(dir, file, buf, sizeof buf) <= 0)
		return 0;
	while (*line) {
		size_t n = strcspn(line, "\n"), key = strcspn(line, " \n");

		if (key && key < n) {
			struct stat_pair *p = arena_push(a, &s->memory.raw);

			p->key = arena_strn(a, line, key);
			p->value = cgroup_number(line + key, NULL);
			if (strcmp(p->key, wanted) == 0)
				found = p->value;
		}
		line += n + (line[n] == '\n');
	}
	return found;
}

/* Copies a decimal number such as "0.12"; anything else becomes "0". */
static void copy_number(char *out, size_t size, const char *s)
{
	size_t n = strspn(s, "0123456789."), i, dots = 0;

	for (i = 0; i < n; i++)
		dots += s[i] == '.';
	if (!n || n >= size || dots > 1 || s[0] == '.' || s[n - 1] == '.' || (s[0] == '0' && n > 1 && s[1] != '.'))
		snprintf(out, size, "0");
	else
		snprintf(out, size, "%.*s", (int)n, s);
}

void stats_parse_psi(const char *text, struct psi *out)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		struct psi_line *l = strncmp(text, "some ", 5) == 0 ? &out->some : strncmp(text, "full ", 5) == 0 ? &out->full : NULL;
		const char *end = text + strcspn(text, "\n"), *p;

		if (!l)
			continue;
		*l = (struct psi_line){ true, "0", "0", "0", 0 };
		for (p = text + 5; p < end; p += strcspn(p, " \n"), p += *p == ' ') {
			if (strncmp(p, "avg10=", 6) == 0)
				copy_number(l->avg10, sizeof l->avg10, p + 6);
			else if (strncmp(p, "avg60=", 6) == 0)
				copy_number(l->avg60, sizeof l->avg60, p + 6);
			else if (strncmp(p, "avg300=", 7) == 0)
				copy_number(l->avg300, sizeof l->avg300, p + 7);
			else if (strncmp(p, "total=", 6) == 0)
				l->total = cgroup_number(p + 6, NULL);
		}
	}
}

/* "8:0 " at *p */
static bool device(const char **p, uint64_t *major, uint64_t *minor)
{
	const char *end;

	if (**p < '0' || **p > '9')
		return false;
	*major = cgroup_number(*p, &end);
	if (*end != ':')
		return false;
	*minor = cgroup_number(end + 1, &end);
	*p = end + strspn(end, " ");
	return *end == ' ';
}

void stats_parse_blkio(struct arena *a, const char *text, io_entries *out)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *p = text;
		struct io_entry x = { 0 };
		size_t n;

		if (!device(&p, &x.major, &x.minor))
			continue;
		n = strcspn(p, " \n");
		if (p[n] == ' ' && n < sizeof x.op) {
			memcpy(x.op, p, n);
			p += n + 1;
		}
		if (*p < '0' || *p > '9')
			continue;
		x.value = cgroup_number(p, NULL);
		*arena_push(a, out) = x;
	}
}

static void io_field(struct arena *a, const struct io_entry *dev, const char *p, struct stats *s)
{
	static const struct {
		const char *key, *op;
		enum io_table table;
	} fields[] = {
		{ "rbytes=", "Read", IO_SERVICE_BYTES },
		{ "wbytes=", "Write", IO_SERVICE_BYTES },
		{ "rios=", "Read", IO_SERVICED },
		{ "wios=", "Write", IO_SERVICED },
	};
	size_t i;

	for (i = 0; i < sizeof fields / sizeof *fields; i++) {
		size_t n = strlen(fields[i].key);

		if (strncmp(p, fields[i].key, n) == 0) {
			struct io_entry *x = arena_push(a, &s->io.tables[fields[i].table]);

			*x = *dev;
			snprintf(x->op, sizeof x->op, "%s", fields[i].op);
			x->value = cgroup_number(p + n, NULL);
		}
	}
}

void stats_parse_io_stat(struct arena *a, const char *text, struct stats *s)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *p = text, *end = text + strcspn(text, "\n");
		struct io_entry x = { 0 };

		if (!device(&p, &x.major, &x.minor))
			continue;
		for (; p < end; p += strcspn(p, " \n"), p += *p == ' ')
			io_field(a, &x, p, s);
	}
}

/* Directories hugepages-2048kB; the controller says 2MB. */
void stats_huge_sizes(struct arena *a, struct strs *out)
{
	AUTO_FD int dir = sys_open(AT_FDCWD, "/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY, 0);
	char buf[2048] __attribute__((aligned(__alignof__(struct dirent64))));
	ssize_t n, at;

	while (dir >= 0 && (n = sys_getdents(dir, buf, sizeof buf)) > 0) {
		for (at = 0; at < n; at += ((struct dirent64 *)(void *)(buf + at))->d_reclen) {
			const char *name = ((struct dirent64 *)(void *)(buf + at))->d_name;
			uint64_t kb;

			if (strncmp(name, "hugepages-", 10) != 0 || (kb = cgroup_number(name + 10, NULL)) == 0)
				continue;
			*arena_push(a, out) = kb >= 1 << 20  ? arena_fmt(a, "%uGB", (unsigned)(kb >> 20))
					      : kb >= 1 << 10 ? arena_fmt(a, "%uMB", (unsigned)(kb >> 10))
							      : arena_fmt(a, "%uKB", (unsigned)kb);
		}
	}
}
