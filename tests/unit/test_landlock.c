/* Landlock in a child: what is granted works, everything else of what is handled does not, and older ABIs get less. */
#include "apply/ops.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | TRUNCATE)
#define TRUNCATE (1ULL << 14)
#define BIND 1ULL
#define CONNECT 2ULL
#define SIGNALS 2ULL

static struct arena arena;
static struct host host;
static struct run run = { .arena = &arena, .host = &host };
static struct step step;
static struct slot slot;
static struct err err;
static char dir[64], name[128];

static const char *in_dir(const char *file)
{
	snprintf(name, sizeof name, "%s/%s", dir, file);
	return name;
}

static void touch(const char *file)
{
	int fd = open(in_dir(file), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

/* A directory of ours stands for the container's root. */
static bool prepare(void)
{
	host.landlock_abi = sys_landlock_abi();
	if (host.landlock_abi < 1)
		return false;
	strcpy(dir, "/tmp/wasirun-test-landlock-XXXXXX");
	if (!mkdtemp(dir))
		return false;
	mkdir(in_dir("ro"), 0700);
	mkdir(in_dir("rw"), 0700);
	touch("ro/file");
	touch("rw/file");
	touch("alone");
	run.root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	memset(&step, 0, sizeof step);
	memset(&err, 0, sizeof err);
	slot = (struct slot){ .fd = -1, .fd2 = -1 };
	step.op = STEP_LANDLOCK;
	step.landlock.abi = host.landlock_abi;
	step.landlock.handled_fs = READ | WRITE;
	return run.root >= 0;
}

static void clean(void)
{
	char command[96];

	close(run.root);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	if (system(command) != 0)
		abort();
	arena_drop(&arena);
}

static void grant(const char *path, uint64_t access)
{
	*arena_push(&arena, &step.landlock.paths) = (struct landlock_path){ path, access };
}

static void restrict_now(void)
{
	ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (op_landlock(&run, &step, &slot, &err) < 0) {
		dprintf(1, "# %s\n", err.text);
		_exit(1);
	}
}

static int try(const char *file, int flags)
{
	int fd = open(in_dir(file), flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void use_files(void)
{
	restrict_now();
	ENSURE(try("ro/file", O_RDONLY) == 0);
	ENSURE(try("ro", O_RDONLY | O_DIRECTORY) == 0);
	ENSURE(try("ro/file", O_WRONLY) == -EACCES);
	ENSURE(try("ro/new", O_WRONLY | O_CREAT) == -EACCES);
	ENSURE(try("rw/file", O_RDWR) == 0);
	ENSURE(try("rw/new", O_WRONLY | O_CREAT) == 0);
	ENSURE(unlink(in_dir("rw/new")) == 0);
	ENSURE(try("alone", O_RDONLY) == 0);
	ENSURE(try("alone", O_WRONLY) == -EACCES);
	ENSURE(try("../../etc/passwd", O_RDONLY) == -EACCES);
}

TEST(files_are_as_granted)
{
	if (!prepare())
		SKIP("a kernel with Landlock");
	grant("/ro", READ);
	grant("rw", READ | WRITE);
	grant("/alone", READ); /* rights of directories do not fit a file: left out */
	grant("/rw/file", LANDLOCK_ACCESS_FS_READ_DIR); /* nothing remains */
	REQUIRE(op_landlock_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(use_files), 0);
	clean();
}

static void grant_missing(void)
{
	restrict_now();
	ENSURE(try("alone", O_RDONLY) == 0);
	ENSURE(try("ro/file", O_RDONLY) == -EACCES);
}

TEST(a_grant_for_what_is_not_there_grants_nothing)
{
	if (!prepare())
		SKIP("a kernel with Landlock");
	grant("/gone", READ);
	grant("/alone", READ);
	REQUIRE(op_landlock_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(grant_missing), 0);
	clean();
}

static int bind_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	r = bind(s, (struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
	close(s);
	return r;
}

static void use_ports(void)
{
	restrict_now();
	ENSURE(bind_to(47111) == 0);
	ENSURE(bind_to(47112) == -EACCES);
	ENSURE(try("ro/file", O_RDONLY) == 0); /* files are not handled here */
	ENSURE(kill(getppid(), 0) == -1 && errno == EPERM);
}

TEST(ports_and_signals_are_as_granted)
{
	if (!prepare())
		SKIP("a kernel with Landlock");
	step.landlock.handled_fs = 0;
	step.landlock.handled_net = BIND | CONNECT;
	step.landlock.scoped = SIGNALS;
	*arena_push(&arena, &step.landlock.ports) = (struct landlock_port){ 47111, BIND };
	REQUIRE(op_landlock_prepare(&run, &step, &slot, &err) == 0);
	if (host.landlock_abi >= 6)
		CHECK_INT(in_child(use_ports), 0);
	else
		test_skip("Landlock ABI 6");
	clean();
}

static void all_of_it(void)
{
	restrict_now();
	ENSURE(try("ro/file", O_RDONLY) == -EACCES);
}

/* Whatever is asked for, each ABI is given only what it knows, or the kernel would refuse the whole rule set. */
TEST(older_abis_get_what_they_know)
{
	int abi;

	if (!prepare())
		SKIP("a kernel with Landlock");
	grant("/rw", ~0ULL);
	*arena_push(&arena, &step.landlock.ports) = (struct landlock_port){ 47111, ~0ULL };
	step.landlock.handled_fs = step.landlock.handled_net = step.landlock.scoped = ~0ULL;
	for (abi = 1; abi <= host.landlock_abi + 3; abi++) {
		step.landlock.abi = abi;
		CHECK_INT(op_landlock_prepare(&run, &step, &slot, &err), 0);
		CHECK_INT(in_child(all_of_it), 0);
	}
	host.landlock_abi = 0;
	CHECK_INT(op_landlock_prepare(&run, &step, &slot, &err), -ENOSYS);
	CHECK_HAS(err.text, "CONFIG_SECURITY_LANDLOCK");
	clean();
}
