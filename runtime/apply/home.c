/* home.c - looks up a home directory in the container's own /etc/passwd (passwd(5)).
 * The file is the container's word: it is read with limits, as data, and never through the host's name services. */
#include "apply/home.h"
#include "sys/sys.h"
#include <stdio.h>
#include <string.h>

#define MAX_FILE ((size_t)1 << 20)
#define FIELD_UID 2
#define FIELD_HOME 5

/* Field k (from 0) of a line; its length in *n. NULL: the line has fewer. */
static const char *field(const char *line, int k, size_t *n)
{
	while (k-- > 0) {
		line = strchr(line, ':');
		if (!line)
			return NULL;
		line++;
	}
	*n = strcspn(line, ":");
	return line;
}

/* 1: the line is this user's, and out is written. */
static int take_line(const char *line, const char *uid, char *out, size_t n)
{
	size_t len;
	const char *f = field(line, FIELD_UID, &len);

	if (!f || len != strlen(uid) || memcmp(f, uid, len) != 0)
		return 0;
	f = field(line, FIELD_HOME, &len);
	if (f && len && f[0] == '/' && len + sizeof "HOME=" <= n)
		snprintf(out, n, "HOME=%.*s", (int)len, f);
	return 1;
}

/* Lines longer than the buffer are passed over as a whole. */
static void scan(int fd, const char *uid, char *out, size_t n)
{
	char buf[4096], *nl;
	size_t have = 0, total = 0;
	int skipping = 0;

	while (total < MAX_FILE) {
		ssize_t r = sys_read(fd, buf + have, sizeof buf - 1 - have);
		char *line = buf;

		if (r < 0 || (r == 0 && have == 0))
			return;
		total += (size_t)r;
		have += (size_t)r;
		buf[have] = 0;
		if (r == 0 && !skipping) {
			take_line(buf, uid, out, n); /* a last line without its end */
			return;
		}
		while ((nl = memchr(line, '\n', have - (size_t)(line - buf)))) {
			*nl = 0;
			if (!skipping && take_line(line, uid, out, n))
				return;
			skipping = 0;
			line = nl + 1;
		}
		have -= (size_t)(line - buf);
		if (have == sizeof buf - 1) {
			skipping = 1;
			have = 0;
		}
		memmove(buf, line, have);
		if (r == 0)
			return;
	}
}

void home_find(uid_t uid, char *out, size_t n)
{
	AUTO_FD int fd = sys_openat2(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, RESOLVE_NO_MAGICLINKS);
	struct stat st;
	char number[16];

	snprintf(out, n, "HOME=/");
	if (fd < 0 || sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	snprintf(number, sizeof number, "%u", (unsigned)uid);
	scan(fd, number, out, n);
}
