/* test_store.c - the state root and what is in it, in a temporary directory. */
#include "store/files.h"
#include "store/store.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>

struct place {
	struct arena a;
	char dir[64], root[96];
	struct store s;
	struct err e;
};

static bool place_open(struct place *p)
{
	*p = (struct place){ .s.fd = -1 };
	strcpy(p->dir, "/tmp/wasirun-store-XXXXXX");
	if (!mkdtemp(p->dir))
		return false;
	snprintf(p->root, sizeof p->root, "%s/state", p->dir);
	return store_open(&p->a, p->root, true, &p->s, &p->e) == 0;
}

static void place_close(struct place *p)
{
	fd_close(&p->s.fd);
	CHECK_INT(rmdir(p->root), 0); /* the tests leave nothing */
	CHECK_INT(rmdir(p->dir), 0);
	arena_drop(&p->a);
}

static const char config[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"},\"linux\":{}}";

static struct record first(struct place *p, const char *id)
{
	struct record r = { .id = arena_str(&p->a, id), .bundle = arena_str(&p->a, "/b") };

	CHECK_INT(record_begin(&p->a, &r, &p->e), 0);
	return r;
}

static bool claim(struct place *p, const char *id, struct container *c)
{
	struct record r = first(p, id);

	return CHECK_INT(store_claim(&p->a, &p->s, &r, config, strlen(config), c, &p->e), 0);
}

static void drop(struct place *p, struct container *c)
{
	CHECK_INT(store_remove(&p->s, c, &p->e), 0);
	container_close(c);
}

TEST(store_root_modes)
{
	struct place p;
	struct store s;
	struct stat st;
	char link[128];

	REQUIRE(place_open(&p));
	CHECK_INT(stat(p.root, &st), 0);
	CHECK_INT(st.st_mode & 07777, 01700);
	CHECK_INT(chmod(p.root, 0777), 0);
	CHECK_INT(store_open(&p.a, p.root, true, &s, &p.e), -EPERM);
	CHECK_HAS(p.e.text, "can be written by others");
	CHECK_INT(chmod(p.root, 0711), 0);
	CHECK_INT(store_open(&p.a, p.root, false, &s, &p.e), 0);
	fd_close(&s.fd);
	snprintf(link, sizeof link, "%s/link", p.dir);
	CHECK_INT(symlink(p.root, link), 0);
	CHECK_INT(store_open(&p.a, link, false, &s, &p.e), -ENOTDIR);
	CHECK_INT(unlink(link), 0);
	if (geteuid() == 0) {
		CHECK_INT(chown(p.root, 1000, 1000), 0);
		CHECK_INT(store_open(&p.a, p.root, false, &s, &p.e), -EPERM);
		CHECK_HAS(p.e.text, "belongs to uid 1000");
		fd_close(&s.fd);
		CHECK_INT(chown(p.root, 0, 0), 0);
	}
	place_close(&p);
}

TEST(store_root_refused)
{
	struct arena a = { 0 };
	struct store s;
	struct err e;

	CHECK_INT(store_open(&a, "/", false, &s, &e), -EINVAL);
	CHECK_INT(store_open(&a, "///", true, &s, &e), -EINVAL);
	CHECK_INT(store_open(&a, "", true, &s, &e), -EINVAL);
	CHECK_INT(store_open(&a, "/dev/null", false, &s, &e), -ENOTDIR);
	CHECK_INT(store_open(&a, "/tmp/wasirun-not-there", false, &s, &e), 0);
	CHECK_INT(s.fd, -1);
	arena_drop(&a);
}

TEST(store_claim_once)
{
	struct place p;
	struct container c, d;
	struct record r;
	struct strs ids;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "one", &c));
	r = first(&p, "one");
	CHECK_INT(store_claim(&p.a, &p.s, &r, config, strlen(config), &d, &p.e), -EEXIST);
	CHECK_HAS(p.e.text, "container with id exists: one");
	CHECK_INT(store_check_free(&p.s, "one", &p.e), -EEXIST);
	CHECK_INT(store_check_free(&p.s, "two", &p.e), 0);
	CHECK_INT(store_list(&p.a, &p.s, &ids, &p.e), 0);
	CHECK_INT(ids.n, 1);
	drop(&p, &c);
	CHECK_INT(store_load(&p.a, &p.s, "one", false, &c, &p.e), -ENOENT);
	CHECK_HAS(p.e.text, "container does not exist");
	place_close(&p);
}

TEST(store_record_round_trip)
{
	struct place p;
	struct container c, d;
	struct record r;
	struct config decoded;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "x", &c));
	r = c.record;
	r.complete = true;
	r.cgroup_paths.v = (char *[]){ "/sys/fs/cgroup/x", NULL };
	r.cgroup_paths.n = 1;
	CHECK_INT(store_save(&p.a, &c, &r, &p.e), 0);
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK(d.record.complete);
	CHECK_STR(d.record.bundle, "/b");
	REQUIRE(d.record.cgroup_paths.n == 1);
	CHECK_STR(d.record.cgroup_paths.v[0], "/sys/fs/cgroup/x");
	CHECK_INT(store_config(&p.a, &d, &decoded, &p.e), 0);
	CHECK_STR(decoded.oci_version, "1.0.0");
	container_close(&d);
	drop(&p, &c);
	place_close(&p);
}

/* The status of a record that names us, a zombie, a stranger, another boot. */
TEST(store_status)
{
	struct place p;
	struct container c, d;
	struct record r;
	uint64_t start;
	int proc, status;
	pid_t child;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "x", &c));
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(sys_proc_start(proc, getpid(), &start, NULL), 0);
	r = c.record;
	r.complete = true;
	r.pid = (struct opt_int){ true, getpid() };
	r.pid_start = (struct opt_uint){ true, start };
	CHECK_INT(store_save(&p.a, &c, &r, &p.e), 0);
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK_INT(d.status, STATUS_RUNNING);
	CHECK_INT(d.pid, getpid());
	CHECK(d.pidfd >= 0);
	container_close(&d);
	r.pid_start.v = start + 1; /* the number came round again */
	CHECK_INT(store_save(&p.a, &c, &r, &p.e), 0);
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK_INT(d.status, STATUS_STOPPED);
	CHECK_INT(d.pidfd, -1);
	container_close(&d);
	r.pid_start.v = start;
	r.boot_id = arena_str(&p.a, "another boot");
	CHECK_INT(store_save(&p.a, &c, &r, &p.e), 0);
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK_INT(d.status, STATUS_STOPPED);
	container_close(&d);
	child = fork();
	if (child == 0)
		_exit(0);
	(void)!waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
	r = first(&p, "x");
	r.complete = true;
	r.pid = (struct opt_int){ true, child };
	CHECK_INT(sys_proc_start(proc, child, &start, NULL), 0);
	r.pid_start = (struct opt_uint){ true, start };
	CHECK_INT(store_save(&p.a, &c, &r, &p.e), 0);
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK_INT(d.status, STATUS_STOPPED);
	container_close(&d);
	CHECK_INT(waitpid(child, &status, 0), child);
	fd_close(&proc);
	drop(&p, &c);
	place_close(&p);
}

/* Incomplete: being created while the creator holds the lock, a ruin when it does not. */
TEST(store_creating)
{
	struct place p;
	struct container c, d;
	bool damaged = true;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "x", &c));
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK_INT(d.status, STATUS_CREATING);
	container_close(&d);
	container_close(&c);
	CHECK_INT(store_load(&p.a, &p.s, "x", false, &d, &p.e), 0);
	CHECK_INT(d.status, STATUS_STOPPED);
	container_close(&d);
	CHECK_INT(store_load_ruins(&p.a, &p.s, "x", &d, &damaged, &p.e), 0);
	CHECK(!damaged);
	drop(&p, &d);
	place_close(&p);
}

static void put(const struct container *c, const char *name, const char *bytes)
{
	int fd = openat(c->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, bytes, strlen(bytes)), (intmax_t)strlen(bytes));
	close(fd);
}

TEST(store_damaged_records)
{
	static const char *const records[] = { "", "{", "[]", "{\"version\":\"2\",\"id\":\"x\"}",
						"{\"version\":\"1\",\"id\":\"y\"}",
						"{\"version\":\"1\",\"pid\":\"7\"}", "{\"a\":1,\"a\":2}" };
	struct place p;
	struct container c, d;
	bool damaged;
	size_t i;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "x", &c));
	fd_close(&c.lock);
	for (i = 0; i < sizeof records / sizeof *records; i++) {
		put(&c, "state.json", records[i]);
		CHECK(store_load(&p.a, &p.s, "x", false, &d, &p.e) < 0);
		container_close(&d);
		damaged = false;
		CHECK_INT(store_load_ruins(&p.a, &p.s, "x", &d, &damaged, &p.e), 0);
		CHECK(damaged);
		container_close(&d);
	}
	CHECK_INT(unlinkat(c.dir, "state.json", 0), 0);
	CHECK_INT(store_load_ruins(&p.a, &p.s, "x", &d, &damaged, &p.e), 0); /* its create made nothing yet */
	CHECK(!damaged);
	container_close(&d);
	CHECK_INT(mkfifoat(c.dir, "state.json", 0600), 0); /* must not block */
	CHECK(store_load(&p.a, &p.s, "x", false, &d, &p.e) < 0);
	container_close(&d);
	CHECK_INT(unlinkat(c.dir, "state.json", 0), 0);
	CHECK_INT(symlinkat("/etc/passwd", c.dir, "state.json"), 0);
	CHECK(store_load(&p.a, &p.s, "x", false, &d, &p.e) < 0);
	container_close(&d);
	drop(&p, &c);
	place_close(&p);
}

/* What somebody put there goes too, but a link is only a name. */
TEST(store_remove_follows_nothing)
{
	struct place p;
	struct container c;
	char path[160];

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "x", &c));
	snprintf(path, sizeof path, "%s/kept", p.dir);
	CHECK_INT(mkdir(path, 0700), 0);
	CHECK_INT(symlinkat(path, c.dir, "link"), 0);
	CHECK_INT(mkdirat(c.dir, "notify", 0755), 0);
	CHECK_INT(mkdirat(c.dir, "notify/deeper", 0755), 0);
	CHECK_INT(symlinkat("/", c.dir, "notify/deeper/root"), 0);
	drop(&p, &c);
	CHECK_INT(access(path, F_OK), 0);
	CHECK_INT(rmdir(path), 0);
	place_close(&p);
}

TEST(store_list_is_sorted_and_skips_what_is_no_container)
{
	struct place p;
	struct container b, a;
	struct strs ids;
	int side;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "b", &b));
	REQUIRE(claim(&p, "a", &a));
	side = store_side_dir(&p.s, "@seccomp");
	CHECK(side >= 0);
	CHECK_INT(store_list(&p.a, &p.s, &ids, &p.e), 0);
	REQUIRE(ids.n == 2);
	CHECK_STR(ids.v[0], "a");
	CHECK_STR(ids.v[1], "b");
	fd_close(&side);
	CHECK_INT(unlinkat(p.s.fd, "@seccomp", AT_REMOVEDIR), 0);
	drop(&p, &a);
	drop(&p, &b);
	place_close(&p);
}

TEST(store_pid_file)
{
	struct place p;
	char path[160], buf[32];
	int i;
	ssize_t n;

	REQUIRE(place_open(&p));
	snprintf(path, sizeof path, "%s/pid", p.dir);
	for (i = 0; i < 2; i++) { /* a new one, then over an old one */
		CHECK_INT(file_write_pid(&p.a, path, 4711 + i, &p.e), 0);
		n = sys_read_file(AT_FDCWD, path, buf, sizeof buf);
		CHECK_INT(n, 4);
		CHECK_STR(buf, i ? "4712" : "4711");
	}
	CHECK_INT(unlink(path), 0);
	CHECK_INT(file_write_pid(&p.a, "/dev/null/pid", 1, &p.e), -ENOTDIR);
	place_close(&p); /* and no temporary file is left */
}

TEST(bundle_must_have_a_regular_config)
{
	struct place p;
	struct container c;
	const char *bundle;
	char path[160], *bytes;
	size_t n;

	REQUIRE(place_open(&p));
	REQUIRE(claim(&p, "x", &c));
	snprintf(path, sizeof path, "%s/x/./", p.root);
	CHECK_INT(bundle_read(&p.a, path, NULL, &bundle, &bytes, &n, &p.e), 0);
	CHECK_STR(bytes, config);
	snprintf(path, sizeof path, "%s/x", p.root);
	CHECK_STR(bundle, path);
	CHECK_INT(bundle_read(&p.a, p.dir, NULL, &bundle, &bytes, &n, &p.e), -ENOENT);
	CHECK_INT(bundle_read(&p.a, p.dir, "/dev/zero", &bundle, &bytes, &n, &p.e), -EINVAL);
	CHECK_INT(bundle_read(&p.a, "/dev/null", NULL, &bundle, &bytes, &n, &p.e), -ENOTDIR);
	drop(&p, &c);
	place_close(&p);
}
