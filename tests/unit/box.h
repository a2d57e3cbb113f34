/* box.h - a scratch root file system in a mount namespace of the test's own, and a struct run for operations on it.
 *
 * /tmp becomes a private tmpfs: /tmp/root is the container's root (a mount of its own), /tmp/host stands for what
 * lies outside. All of it vanishes with the process. For tests of runtime/apply that need CAP_SYS_ADMIN; without it
 * BOX() skips the test. */
#ifndef WASIRUN_TESTS_BOX_H
#define WASIRUN_TESTS_BOX_H

#include "apply/ops.h"
#include "apply/run.h"
#include "sys/sys.h"
#include "tests/unit/test.h"
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct box {
	struct arena arena;
	struct host host;
	struct plan plan;
	struct step steps[8];
	struct slot slots[8];
	struct run run;
	struct err e;
	bool apart; /* in a mount namespace of our own */
};

static inline bool box_open(struct box *b)
{
	size_t i;

	memset(b, 0, sizeof *b);
	if (unshare(CLONE_NEWNS) < 0)
		return false;
	b->apart = true;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	if (mount("box", "/tmp", "tmpfs", 0, NULL) < 0 || mkdir("/tmp/host", 0755) < 0 || mkdir("/tmp/root", 0755) < 0 ||
	    mount("root", "/tmp/root", "tmpfs", 0, "mode=755") < 0)
		return false;
	b->host.privileged = true;
	b->plan.steps.v = b->steps;
	b->run.arena = &b->arena;
	b->run.host = &b->host;
	b->run.plan = &b->plan;
	b->run.slots = b->slots;
	b->run.console_socket = b->run.wire = -1;
	for (i = 0; i < 8; i++)
		b->slots[i].fd = b->slots[i].fd2 = -1;
	b->run.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	b->run.dev_null = open("/dev/null", O_RDWR | O_CLOEXEC);
	b->run.root = open("/tmp/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return b->run.proc >= 0 && b->run.dev_null >= 0 && b->run.root >= 0;
}

static inline void box_close(struct box *b)
{
	size_t i;

	for (i = 0; i < 8; i++) {
		fd_close(&b->slots[i].fd);
		fd_close(&b->slots[i].fd2);
	}
	fd_close(&b->run.proc);
	fd_close(&b->run.dev_null);
	fd_close(&b->run.root);
	arena_drop(&b->arena);
	if (b->apart)
		(void)umount2("/tmp", MNT_DETACH); /* or the next test would find this one's mounts in mountinfo */
}

#define BOX(b)                                                                 \
	struct box b __attribute__((cleanup(box_close)));                      \
	do {                                                                   \
		if (!box_open(&(b)))                                           \
			SKIP("needs CAP_SYS_ADMIN to make a mount namespace"); \
	} while (0)

/* Runs a step as prepare and run columns do. The step stays in the plan. Returns run's result; b->e has its text. */
static inline int box_do(struct box *b, struct step s)
{
	size_t i = b->plan.steps.n;
	const struct op_row *op = &ops[s.op];
	int ret = 0;

	if (i == 8)
		i = b->plan.steps.n = 0;
	b->steps[i] = s;
	b->slots[i] = (struct slot){ .fd = -1, .fd2 = -1 };
	b->plan.steps.n++;
	memset(&b->e, 0, sizeof b->e);
	if (op->prepare)
		ret = op->prepare(&b->run, &b->steps[i], &b->slots[i], &b->e);
	return ret < 0 ? ret : op->run(&b->run, &b->steps[i], &b->slots[i], &b->e);
}

static inline void box_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (!CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text)))
		printf("#   %s\n", path);
	fd_close(&fd);
}

/* At most one buffer at a time. "" when the file cannot be read. */
static inline const char *box_read(const char *path)
{
	static char text[8192];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);

	text[n > 0 ? n : 0] = 0;
	fd_close(&fd);
	return text;
}

static inline bool box_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline mode_t box_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? st.st_mode : 0;
}

/* The options of the topmost mount at path, "" when nothing is mounted there. */
static inline const char *box_mount_options(const char *path)
{
	static char found[512];
	char line[4096], at[2048], options[512], rest[1024];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	found[0] = 0;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "%*s %*s %*s %*s %2047s %511s %1023[^-]", at, options, rest) >= 2 && strcmp(at, path) == 0)
			snprintf(found, sizeof found, "%s", options);
	if (f)
		fclose(f);
	return found;
}

static inline int box_mount_count(const char *path)
{
	char line[4096], at[2048];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	int n = 0;

	while (f && fgets(line, sizeof line, f))
		n += sscanf(line, "%*s %*s %*s %*s %2047s", at) == 1 && strcmp(at, path) == 0;
	if (f)
		fclose(f);
	return n;
}

/* Runs fn in a child process; its failed checks count for this test. For what changes the process itself. */
static inline void box_child(void (*fn)(struct box *b), struct box *b)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(b);
		fflush(stdout);
		_exit(test_failed());
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

#endif
