/* stats_values.h - what is known of a container's use of the machine, between reading it (stats_v1.c, stats_v2.c) and writing it as
 * JSON (stats.c). Private to the statistics. Times in nanoseconds, sizes in bytes; a limit that does not exist is UINT64_MAX. */
#ifndef WASIRUN_APPLY_STATS_VALUES_H
#define WASIRUN_APPLY_STATS_VALUES_H

#include "base/arena.h"
#include "oci/json.h"
#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>

typedef LIST(uint64_t) u64s;

struct psi_line {
	bool set;
	char avg10[16], avg60[16], avg300[16]; /* as the kernel prints them, checked to be numbers */
	uint64_t total;
};
struct psi {
	struct psi_line some, full;
};

struct memory_use {
	uint64_t limit, usage, max, failcnt;
};
struct stat_pair {
	char *key;
	uint64_t value;
};

struct io_entry {
	uint64_t major, minor, value;
	char op[16]; /* "Read", "Write", "Sync", ... or "" */
};
typedef LIST(struct io_entry) io_entries;

enum io_table {
	IO_SERVICE_BYTES,
	IO_SERVICED,
	IO_QUEUED,
	IO_SERVICE_TIME,
	IO_WAIT_TIME,
	IO_MERGED,
	IO_TIME,
	IO_SECTORS,
	IO_TABLES
};

struct huge_use {
	char *size; /* "2MB" */
	uint64_t usage, max, failcnt;
};

struct stats {
	struct {
		uint64_t total, kernel, user;
		u64s percpu, percpu_kernel, percpu_user;
		uint64_t periods, throttled_periods, throttled_time;
		struct psi psi;
	} cpu;
	struct {
		u64s cpus, mems;
		uint64_t cpu_exclusive, mem_hardwall, mem_exclusive, memory_migrate, spread_page, spread_slab, pressure, load_balance;
		int64_t relax_domain_level;
	} cpuset;
	struct {
		uint64_t cache;
		struct memory_use usage, swap, kernel, kernel_tcp;
		LIST(struct stat_pair) raw;
		struct psi psi;
	} memory;
	struct {
		uint64_t current, limit;
	} pids;
	struct {
		io_entries tables[IO_TABLES];
		struct psi psi;
	} io;
	LIST(struct huge_use) huge;
};

/* What cannot be read, because the controller or the file is not there, stays 0. */
void stats_read_v1(struct arena *a, const struct strs *dirs, struct stats *s);
void stats_read_v2(struct arena *a, const char *dir, struct stats *s);

/* --- apply/stats_rdt.c: the members of intel_rdt. group: the container's resctrl group. */
void stats_put_rdt(struct json_out *w, struct arena *a, const char *group);

/* --- apply/stats_read.c: the shapes of the kernel's files */

/* One number; "max" is UINT64_MAX. false: not there. */
bool stats_number(const char *dir, const char *file, uint64_t *out);
/* "0-3,8" */
void stats_ranges(struct arena *a, const char *dir, const char *file, u64s *out);
/* Lines "key value" into memory.raw; returns the value of `wanted`. */
uint64_t stats_pairs(struct arena *a, const char *dir, const char *file, const char *wanted, struct stats *s);
/* The names of huge page sizes as the controller's files use them: "2MB", "1GB". */
void stats_huge_sizes(struct arena *a, struct strs *out);

/* The pure halves. */
void stats_parse_ranges(struct arena *a, const char *text, u64s *out);
void stats_parse_psi(const char *text, struct psi *out);
/* Lines "8:0 Read 123" or "8:0 123"; the "Total" line at the end is left out. */
void stats_parse_blkio(struct arena *a, const char *text, io_entries *out);
/* Lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." */
void stats_parse_io_stat(struct arena *a, const char *text, struct stats *s);

#endif
