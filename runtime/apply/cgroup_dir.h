/* cgroup_dir.h - one cgroup directory: what cgroup.c, cgroup_v1.c, cgroup_v2.c and their neighbours share. Private to apply/. */
#ifndef WASIRUN_APPLY_CGROUP_DIR_H
#define WASIRUN_APPLY_CGROUP_DIR_H

#include "apply/cgroup.h"
#include "plan/host.h"
#include "plan/step.h"
#include <limits.h>

/* --- apply/cgroup_dir.c: files of a directory */

/* dir/file as a path in buf (PATH_MAX bytes). -ENAMETOOLONG when it does not fit. */
MUST int cgroup_path(char *buf, const char *dir, const char *file);

/* dir without its last component, in buf (PATH_MAX bytes). false: there is none, or it does not fit. */
bool cgroup_parent(char *buf, const char *dir);

/* open(2), read and write of dir/file; negative errno. The text is NUL-terminated, without the last newline. */
MUST int cgroup_open(const char *dir, const char *file, int flags);
MUST ssize_t cgroup_read(const char *dir, const char *file, char *buf, size_t n);
MUST int cgroup_write(const char *dir, const char *file, const char *value);
bool cgroup_has(const char *dir, const char *file);

/* Is dir there, and of version 2? */
bool cgroup_is_v2(const char *dir);

/* The number that s begins with, blanks before it skipped; 0 when there is none. *end (may be NULL): what follows it. More than 64
 * bits become UINT64_MAX. */
uint64_t cgroup_number(const char *s, const char **end);

/* The number behind "key " at the start of a line of text, or 0 with *found = false. */
uint64_t cgroup_key(const char *text, const char *key, bool *found);

/* Is word one of the words of list (separated by blanks or commas)? */
bool cgroup_word(const char *list, const char *word, size_t n);

/* The version 1 directory of a controller among a container's directories, by the name of its mount point ("cpu,cpuacct"
 * counts for both); NULL when there is none. Costs no system call. */
const char *cgroup_v1_dir(const struct strs *dirs, const char *controller);

/* The version 2 directory (the last one, if it is), or NULL. */
const char *cgroup_v2_dir(const struct strs *dirs);

/* Pauses that double from 50 microseconds to 10 milliseconds. false: the time is up. */
struct cgroup_wait {
	int64_t until, next; /* microseconds */
};
struct cgroup_wait cgroup_wait(int timeout_ms);
bool cgroup_wait_more(struct cgroup_wait *w);

/* --- apply/cgroup_tree.c: a directory and those below it */

/* Calls fn for each process in dir and below it; fn < 0 ends the walk. pid 0 (a process that our pid namespace cannot name) is
 * passed on. Returns 0, what fn returned, or a negative errno; -ENOENT and -ENODEV when dir is not there. */
typedef int cgroup_pid_fn(pid_t pid, void *ctx);
MUST int cgroup_each_pid(const char *dir, cgroup_pid_fn *fn, void *ctx);

/* How many processes are in dir and below it. */
MUST int cgroup_count(const char *dir, size_t *n);

/* One attempt to remove dir with everything below it. -EBUSY: there still are processes. Not there = 0. */
MUST int cgroup_rmdir(const char *dir);

/* --- apply/cgroup_v1.c */

/* A new cpuset is empty, and nothing may join an empty one: copies cpus and mems of the parent, filling that first if need be.
 * dir: just made. root: the hierarchy's mount point. */
MUST int cgroup_v1_inherit_cpuset(const char *dir, const char *root, struct err *e);
MUST int cgroup_v1_freeze(const char *dir, bool freeze, int timeout_ms, struct err *e);
int cgroup_v1_frozen(const char *dir);
/* "0" into dir/tasks: see cgroup_v1.c for why not cgroup.procs. at: O_PATH fd of the root directory, or AT_FDCWD. */
MUST int cgroup_v1_join(int at, const char *dir);

/* --- apply/cgroup_v2.c */

/* Switches the controllers on in every cgroup above dir, as far as they are there and permitted: what is missing in the end is
 * for the limits to tell. root: the mount point. *complete: all of them are on in dir's parent. */
MUST int cgroup_v2_enable(const char *dir, const char *root, const struct strs *controllers, bool *complete, struct err *e);
/* What to do with a cgroup that cannot be a domain: threaded if the limits allow it, else an error. domain_limits: some limit needs
 * a controller that does not work per thread. */
MUST int cgroup_v2_settle_type(const char *dir, bool domain_limits, struct err *e);
MUST int cgroup_v2_freeze(const char *dir, bool freeze, int timeout_ms, struct err *e);
int cgroup_v2_frozen(const char *dir);
int cgroup_v2_populated(const char *dir);
/* Hands dir to uid and gid: the directory and the files that the kernel lists as delegatable. */
MUST int cgroup_v2_delegate(const char *dir, uint32_t uid, uint32_t gid, struct err *e);
/* An fd for CLONE_INTO_CGROUP on dir, or, where dir must not hold processes, on the cgroup that holds pid. */
MUST int cgroup_v2_open(const char *dir, pid_t pid, int *fd, struct err *e);

/* --- apply/cgroup_make.c */

/* Did STEP_CGROUP find or make dir? true where the plan has no such step (exec, update). */
struct run;
bool cgroup_is_ready(const struct run *r, const char *dir);

/* --- apply/cgroup_limit.c */

/* Writes one limit. The error names controller, file and value, and what can be done. */
MUST int cgroup_set_limit(const struct step_limit *l, struct err *e);

#endif
