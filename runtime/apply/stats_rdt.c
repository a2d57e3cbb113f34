/* stats_rdt.c - the intel_rdt object of the statistics: a resctrl group's settings and counters.
 * Must not be called for a container without a group. */
#include "apply/cgroup_dir.h"
#include "apply/rdt.h"
#include "apply/stats_values.h"
#include "sys/sys.h"
#include <dirent.h>
#include <string.h>

/* The line of a schemata file that begins (after blanks) with name; "" when there is none. */
static const char *line_of(struct arena *a, const char *text, const char *name)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		text += strspn(text, " ");
		if (strncmp(text, name, strlen(name)) == 0)
			return arena_strn(a, text, strcspn(text, "\n"));
	}
	return "";
}

static void put_str(struct json_out *w, const char *key, const char *value)
{
	if (!*value)
		return;
	json_key(w, key);
	json_put_str(w, value);
}

static void put_numbers(struct json_out *w, const char *dir, const char *const *files, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t v;

		if (!stats_number(dir, files[i], &v) || !v)
			continue;
		json_key(w, files[i]);
		json_put_uint(w, v);
	}
}

static void put_info(struct json_out *w)
{
	static const char *const cache[] = { "min_cbm_bits", "num_closids" };
	static const char *const memory[] = { "bandwidth_gran", "delay_linear", "min_bandwidth", "num_closids" };
	char mask[64];

	if (cgroup_read(RDT_ROOT "/info/L3", "cbm_mask", mask, sizeof mask) > 0) {
		json_key(w, "l3_cache_info");
		json_open(w, '{');
		put_str(w, "cbm_mask", mask);
		put_numbers(w, RDT_ROOT "/info/L3", cache, 2);
		json_close(w, '}');
	}
	if (cgroup_has(RDT_ROOT "/info/MB", "min_bandwidth")) {
		json_key(w, "mem_bw_info");
		json_open(w, '{');
		put_numbers(w, RDT_ROOT "/info/MB", memory, 4);
		json_close(w, '}');
	}
}

/* The names of the monitored domains: mon_data/mon_L3_00 ... */
static void domains(struct arena *a, const char *group, struct strs *out)
{
	AUTO_FD int dir = cgroup_open(group, "mon_data", O_RDONLY | O_DIRECTORY);
	char buf[2048] __attribute__((aligned(__alignof__(struct dirent64))));
	ssize_t n, at;

	while (dir >= 0 && (n = sys_getdents(dir, buf, sizeof buf)) > 0)
		for (at = 0; at < n; at += ((struct dirent64 *)(void *)(buf + at))->d_reclen) {
			const char *name = ((struct dirent64 *)(void *)(buf + at))->d_name;

			if (strncmp(name, "mon_L3_", 7) == 0)
				*arena_push(a, out) = arena_fmt(a, "%s/mon_data/%s", group, name);
		}
}

static void put_counters(struct json_out *w, const struct strs *dirs, const char *key, const char *const *files, size_t n)
{
	size_t i;

	if (!dirs->n || !cgroup_has(dirs->v[0], files[0]))
		return;
	json_key(w, key);
	json_open(w, '[');
	for (i = 0; i < dirs->n; i++) {
		json_open(w, '{');
		put_numbers(w, dirs->v[i], files, n);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_schemata(struct json_out *w, struct arena *a, const char *root, const char *own)
{
	put_str(w, "l3_cache_schema_root", line_of(a, root, "L3"));
	put_str(w, "l3_cache_schema", line_of(a, own, "L3"));
	put_str(w, "mem_bw_schema_root", line_of(a, root, "MB"));
	put_str(w, "mem_bw_schema", line_of(a, own, "MB"));
	json_key(w, "schemata");
	json_open(w, '[');
	for (; *own; own += strcspn(own, "\n"), own += *own == '\n')
		json_put_str(w, arena_strn(a, own, strcspn(own, "\n")));
	json_close(w, ']');
}

void stats_put_rdt(struct json_out *w, struct arena *a, const char *group)
{
	static const char *const bandwidth[] = { "mbm_total_bytes", "mbm_local_bytes" };
	static const char *const occupancy[] = { "llc_occupancy" };
	char root[4096] = "", own[4096] = "", clos[PATH_MAX];
	struct strs dirs = { NULL, 0 };
	const char *monitor = strstr(group, "/mon_groups/");

	/* a monitoring group has counters of its own, and the settings of the group it is in */
	if (cgroup_path(clos, group, "") < 0)
		return;
	clos[monitor ? (size_t)(monitor - group) : strlen(group)] = 0;
	put_info(w);
	if (cgroup_read(RDT_ROOT, "schemata", root, sizeof root) > 0 && cgroup_read(clos, "schemata", own, sizeof own) > 0)
		put_schemata(w, a, root, own);
	domains(a, group, &dirs);
	put_counters(w, &dirs, "mbm_stats", bandwidth, 2);
	put_counters(w, &dirs, "cmt_stats", occupancy, 1);
}
