/* What a container's files look like from inside. Only reports; the one exception is `try`, which tries. */
#include "tests/bats/tool/tool.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int copy(int fd, const char *what)
{
	char buf[65536];
	ssize_t n;

	fflush(stdout);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(1, buf + done, (size_t)(n - done));

			if (w < 0)
				return 1;
			done += w;
		}
	}
	return n < 0 ? tool_failed(what) : 0;
}

static int cat(int argc, char **argv)
{
	int bad = argc == 1 ? copy(0, "stdin") : 0;

	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		bad |= fd < 0 ? tool_failed(argv[i]) : copy(fd, argv[i]);
		if (fd >= 0)
			close(fd);
	}
	return bad;
}

static int ls(int argc, char **argv)
{
	struct dirent **v;
	int n = scandir(argc > 1 ? argv[1] : ".", &v, NULL, alphasort);

	if (n < 0)
		return tool_failed(argv[1]);
	for (int i = 0; i < n; i++) {
		if (strcmp(v[i]->d_name, ".") != 0 && strcmp(v[i]->d_name, "..") != 0)
			puts(v[i]->d_name);
	}
	return 0;
}

static const char *type_name(mode_t m)
{
	switch (m & S_IFMT) {
	case S_IFDIR: return "dir";
	case S_IFREG: return "file";
	case S_IFLNK: return "link";
	case S_IFCHR: return "char";
	case S_IFBLK: return "block";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	}
	return "?";
}

static int stat_one(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return tool_failed(path);
	printf("%s %s %04o %u:%u", path, type_name(st.st_mode), st.st_mode & 07777, st.st_uid, st.st_gid);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		printf(" %u:%u", major(st.st_rdev), minor(st.st_rdev));
	else if (S_ISREG(st.st_mode))
		printf(" %lld", (long long)st.st_size);
	putchar('\n');
	return 0;
}

static int stat_(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= stat_one(argv[i]);
	return bad;
}

static int readlink_(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		char to[4096];
		ssize_t n = readlink(argv[i], to, sizeof(to));

		if (n < 0)
			bad = tool_failed(argv[i]);
		else
			printf("%s -> %.*s\n", argv[i], (int)n, to);
	}
	return bad;
}

/* The lines of mountinfo whose mount point is one of the arguments, or all: "POINT OPTIONS OPTIONAL TYPE SOURCE SUPER". */
static int mounts(int argc, char **argv)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192];
	int found = 0;

	if (!f)
		return tool_failed("/proc/self/mountinfo");
	while (fgets(line, sizeof(line), f)) {
		char root[2048], point[2048], options[1024];
		char *dash = strstr(line, " - ");
		int at = 0;

		if (!dash || sscanf(line, "%*s %*s %*s %2047s %2047s %1023s%n", root, point, options, &at) != 3)
			continue;
		for (int i = 1; i <= argc; i++) {
			if (argc > 1 && (i == argc || strcmp(argv[i], point) != 0))
				continue;
			*dash = '\0';
			printf("%s %s%s %s", point, options, line + at, dash + 3);
			found++;
			break;
		}
	}
	fclose(f);
	return found ? 0 : 1;
}

static int statfs_(int argc, char **argv)
{
	struct statfs s;

	(void)argc;
	if (statfs(argv[1], &s) < 0)
		return tool_failed(argv[1]);
	printf("%s type=%#lx size=%lld\n", argv[1], (unsigned long)s.f_type, (long long)s.f_blocks * s.f_bsize);
	return 0;
}

static int write_(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const char *text = argc > 2 ? argv[2] : "";

	if (fd < 0)
		return tool_failed(argv[1]);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return tool_failed(argv[1]);
	return tool_report(argv[1], close(fd));
}

/* try WHAT ARGS: one system call on a path, and its outcome. */
static long try_path(char **v, int n)
{
	if (strcmp(v[0], "read") == 0)
		return open(v[1], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (strcmp(v[0], "write") == 0)
		return open(v[1], O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (strcmp(v[0], "mkdir") == 0)
		return mkdir(v[1], 0755);
	if (strcmp(v[0], "rmdir") == 0)
		return rmdir(v[1]);
	if (strcmp(v[0], "unlink") == 0)
		return unlink(v[1]);
	if (strcmp(v[0], "chdir") == 0)
		return chdir(v[1]);
	if (strcmp(v[0], "chroot") == 0)
		return chroot(v[1]);
	if (strcmp(v[0], "exec") == 0)
		return access(v[1], X_OK);
	if (strcmp(v[0], "umount") == 0)
		return umount2(v[1], MNT_DETACH);
	if (strcmp(v[0], "tmpfs") == 0)
		return mount("tmpfs", v[1], "tmpfs", 0, NULL);
	if (strcmp(v[0], "remount-rw") == 0)
		return mount(NULL, v[1], NULL, MS_REMOUNT | MS_BIND, NULL);
	if (n > 2 && strcmp(v[0], "symlink") == 0)
		return symlink(v[1], v[2]);
	if (n > 2 && strcmp(v[0], "chmod") == 0)
		return chmod(v[1], (mode_t)tool_number(v[2]));
	if (n > 3 && strcmp(v[0], "chown") == 0)
		return chown(v[1], (uid_t)tool_number(v[2]), (gid_t)tool_number(v[3]));
	if (n > 4 && strcmp(v[0], "mknod") == 0)
		return mknod(v[1], (v[2][0] == 'b' ? S_IFBLK : S_IFCHR) | 0600,
			     makedev((unsigned)tool_number(v[3]), (unsigned)tool_number(v[4])));
	errno = EINVAL;
	return -1;
}

static int try(int argc, char **argv)
{
	char what[256];

	snprintf(what, sizeof(what), "%s %s", argv[1], argv[2]);
	return tool_report(what, try_path(argv + 1, argc - 1));
}

const struct command file_commands[] = {
	{ "cat", "[FILE...]", 0, -1, cat },
	{ "ls", "[DIR]", 0, 1, ls },
	{ "stat", "PATH...", 1, -1, stat_ },
	{ "readlink", "PATH...", 1, -1, readlink_ },
	{ "mounts", "[POINT...]", 0, -1, mounts },
	{ "statfs", "PATH", 1, 1, statfs_ },
	{ "write", "FILE [TEXT]", 1, 2, write_ },
	{ "try", "read|write|mkdir|rmdir|unlink|chdir|chroot|exec|umount|tmpfs|remount-rw|symlink|chmod|chown|mknod PATH ...", 2,
	  -1, try },
	{ 0 },
};
