/* streams.c - standard streams of a program that outlives us.
 * Must not follow a link, nor take over a file that is not the program's own: the program may write to the log's directory. */
#include "apply/streams.h"
#include "sys/sys.h"

#define HIGH 10 /* out of the way of what the program gets */

/* Nor through a link: under sudo the directories above are the caller's, and what root makes or gives away could then lie anywhere. */
static int open_log(const char *path, uint64_t flags, mode_t mode)
{
	return sys_openat2(AT_FDCWD, path, flags | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, mode, RESOLVE_NO_SYMLINKS);
}

/* Somebody else's file that lies there now must not become the program's. Ours without a word in it is one that we were about to give. */
static bool is_its_own(const struct stat *st, uint32_t uid, uint32_t us)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1 && (st->st_uid == uid || (st->st_uid == us && st->st_size == 0));
}

int log_file_open(const char *path, uint32_t uid, uint32_t gid, struct err *e)
{
	AUTO_FD int fd = open_log(path, O_WRONLY | O_APPEND | O_CREAT, 0640);
	struct stat st;
	uid_t r, own, s;
	int ret;

	if (fd == -ELOOP)
		return fail(e, ELOOP, "the log %s is a symbolic link or lies behind one: remove that", path);
	if (fd < 0)
		return fail_sys(e, fd, "cannot open the log %s", path);
	ret = sys_fstat(fd, &st);
	if (ret == 0)
		ret = sys_getresuid(&r, &own, &s);
	if (ret < 0)
		return fail_sys(e, ret, "%s", path);
	if (!is_its_own(&st, uid, own))
		return fail(e, EPERM, "the log %s is not a file of user %u alone: remove it", path, uid);
	if (st.st_uid != uid || st.st_gid != gid) {
		ret = sys_chown(fd, "", uid, gid, AT_EMPTY_PATH);
		if (ret < 0 && st.st_uid != uid)
			return fail_sys(e, ret, "cannot give %s to user %u", path, uid);
	}
	return take_fd(&fd);
}

#define TAIL 8192

static int open_for_reading(const char *path, struct stat *st)
{
	int fd = open_log(path, O_RDONLY, 0);

	if (fd >= 0 && (sys_fstat(fd, st) < 0 || !S_ISREG(st->st_mode)))
		fd_close(&fd);
	return fd;
}

uint64_t log_file_size(const char *path)
{
	struct stat st;
	AUTO_FD int fd = open_for_reading(path, &st);

	return fd < 0 ? 0 : (uint64_t)st.st_size;
}

const char *log_file_tail(struct arena *a, const char *path, uint64_t from, size_t lines)
{
	char buf[TAIL], *p;
	struct stat st;
	ssize_t n;
	AUTO_FD int fd = open_for_reading(path, &st);

	if (fd < 0 || (uint64_t)st.st_size <= from)
		return "";
	if ((uint64_t)st.st_size - from > sizeof buf)
		from = (uint64_t)st.st_size - sizeof buf;
	n = sys_pread(fd, buf, sizeof buf, (int64_t)from);
	while (n > 0 && buf[n - 1] == '\n')
		n--;
	if (n <= 0)
		return "";
	for (p = buf + n; p > buf; p--)
		if (p[-1] == '\n' && --lines == 0)
			break;
	return arena_strn(a, p, (size_t)(buf + n - p));
}

int streams_to_log(struct streams *s, const char *path, uint32_t uid, uint32_t gid, struct err *e)
{
	AUTO_FD int log = TRY(log_file_open(path, uid, gid, e));
	AUTO_FD int null = sys_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);
	int i, r = null < 0 ? null : 0;

	*s = STREAMS_NONE;
	for (i = 0; i < 3 && r >= 0; i++)
		r = s->saved[i] = sys_dup(i, HIGH);
	for (i = 0; i < 3 && r >= 0; i++)
		r = sys_dup3(i ? log : null, i, 0);
	if (r >= 0)
		return 0;
	streams_back(s);
	return fail_sys(e, r, "cannot redirect what the program writes");
}

void streams_back(struct streams *s)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (s->saved[i] >= 0)
			(void)!sys_dup3(s->saved[i], i, 0);
		fd_close(&s->saved[i]);
	}
}
