/* log.c - writes messages to their sink.
 * Must not allocate and must not use stdio streams or the locale: a line is made in a buffer and written at once, so that lines
 * of several processes do not mix. Losing a message is never an error. */
#include "base/log.h"
#include "base/fd.h"
#include "base/utc.h"
#include "base/utf8.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 1024 /* bytes of a message before escaping */

enum sink { SINK_STDERR, SINK_FILE, SINK_JOURNALD, SINK_SYSLOG };

static struct {
	enum sink sink;
	int fd;
	bool json;
	enum log_level level;
	char id[64]; /* of journald and syslog */
} out = { .sink = SINK_STDERR, .fd = STDERR_FILENO, .level = LOG_LEVEL_DEFAULT };

static const char *const level_names[] = { "error", "warning", "debug" };

static int connect_to(const char *path, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail_sys(e, -errno, "log: socket");
	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) < 0)
		return fail_sys(e, -errno, "log: connect to %s", path);
	return take_fd(&fd);
}

/* The part behind "WORD:", or NULL. */
static const char *behind(const char *target, const char *word)
{
	size_t n = strlen(word);

	return strncmp(target, word, n) == 0 ? target + n : NULL;
}

static int open_sink(const char *target, enum sink *sink, const char **id, struct err *e)
{
	const char *path;
	int fd;

	*id = "wasirun";
	if ((path = behind(target, "journald:"))) {
		*sink = SINK_JOURNALD;
		*id = path;
		return connect_to("/run/systemd/journal/socket", e);
	}
	if ((path = behind(target, "syslog:"))) {
		*sink = SINK_SYSLOG;
		*id = path;
		return connect_to("/dev/log", e);
	}
	*sink = SINK_FILE;
	path = behind(target, "file:");
	if (!path)
		path = target;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	return fd < 0 ? fail_sys(e, -errno, "log: open %s", path) : fd;
}

int log_open(const char *target, bool json, enum log_level level, struct err *e)
{
	enum sink sink = SINK_STDERR;
	const char *id = "";
	int fd = STDERR_FILENO;

	if (target && *target)
		fd = TRY(open_sink(target, &sink, &id, e));
	if (out.sink != SINK_STDERR)
		fd_close(&out.fd);
	out.sink = sink;
	out.fd = fd;
	out.json = json;
	out.level = level;
	snprintf(out.id, sizeof out.id, "%s", id);
	return 0;
}

/* --- one line. The buffers are sized so that nothing is cut but the message itself. */

struct line {
	char s[6 * MESSAGE + 256];
	size_t n;
};

static void add(struct line *l, const char *s)
{
	size_t n = strlen(s);

	if (n > sizeof l->s - l->n)
		n = sizeof l->s - l->n;
	memcpy(l->s + l->n, s, n);
	l->n += n;
}

static void add_json(struct line *l, const char *s)
{
	char one[8];
	size_t n;

	add(l, "\"");
	for (; *s; s += n ? n : 1) {
		n = utf8_length(s);
		if (*s == '"' || *s == '\\')
			snprintf(one, sizeof one, "\\%c", *s);
		else if (n && utf8_is_control(s))
			snprintf(one, sizeof one, "\\u%04x", (unsigned)(unsigned char)s[n - 1]);
		else if (n == 0)
			snprintf(one, sizeof one, "\\ufffd");
		else
			snprintf(one, n + 1, "%s", s);
		add(l, one);
	}
	add(l, "\"");
}

/* Control characters must not reach a terminal, nor begin a new line in a log; bytes that are no text neither, a terminal may take them
 * for control characters of another encoding. */
static void add_visible(struct line *l, const char *s)
{
	char one[8];

	for (; *s; s++) {
		size_t n = utf8_length(s);

		if (n == 0 || utf8_is_control(s)) {
			snprintf(one, sizeof one, "\\x%02x", (unsigned)(unsigned char)*s);
		} else {
			snprintf(one, n + 1, "%s", s);
			s += n - 1;
		}
		add(l, one);
	}
}

static void add_time(struct line *l)
{
	struct timespec now;
	char s[UTC_BYTES];

	clock_gettime(CLOCK_REALTIME, &now);
	utc_format(now.tv_sec, s);
	add(l, s);
	add(l, "Z");
}

static void format_json(struct line *l, enum log_level level, const char *text)
{
	add(l, "{\"level\":\"");
	add(l, level_names[level]);
	add(l, "\",\"msg\":");
	add_json(l, text);
	add(l, ",\"time\":\"");
	add_time(l);
	add(l, "\"}\n");
}

static void format_stderr(struct line *l, enum log_level level, const char *text)
{
	add(l, "wasirun: ");
	if (level == LOG_LEVEL_DEBUG) {
		add(l, "level=debug ");
	} else if (level != LOG_LEVEL_ERROR) {
		add(l, level_names[level]);
		add(l, ": ");
	}
	add_visible(l, text);
	add(l, "\n");
}

/* logfmt, which those who read the log files of runc can read too. */
static void format_file(struct line *l, enum log_level level, const char *text)
{
	add(l, "time=");
	add_time(l);
	add(l, " level=");
	add(l, level_names[level]);
	add(l, " msg=");
	add_json(l, text);
	add(l, "\n");
}

static int priority(enum log_level level)
{
	return level == LOG_LEVEL_ERROR ? 3 : level == LOG_LEVEL_WARNING ? 4 : 7;
}

/* systemd's native protocol: FIELD=value lines. The value holds no newline any more. */
static void format_journald(struct line *l, enum log_level level, const char *text)
{
	char number[32];

	snprintf(number, sizeof number, "PRIORITY=%d\n", priority(level));
	add(l, number);
	add(l, "SYSLOG_IDENTIFIER=");
	add_visible(l, out.id);
	add(l, "\nMESSAGE=");
	add_visible(l, text);
	add(l, "\n");
}

static void format_syslog(struct line *l, enum log_level level, const char *text)
{
	char head[64];

	snprintf(head, sizeof head, "<%d>", (1 << 3) | priority(level)); /* facility "user" */
	add(l, head);
	add_visible(l, out.id);
	snprintf(head, sizeof head, "[%d]: ", (int)getpid());
	add(l, head);
	add_visible(l, text);
}

static void put(int fd, const struct line *l)
{
	size_t done = 0;

	while (done < l->n) {
		ssize_t n = write(fd, l->s + done, l->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static void send_line(int fd, const struct line *l)
{
	(void)!send(fd, l->s, l->n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void emit(enum log_level level, const char *text)
{
	struct line l;
	int keep = errno;

	l.n = 0;
	switch (out.sink) {
	case SINK_JOURNALD:
		format_journald(&l, level, text);
		send_line(out.fd, &l);
		break;
	case SINK_SYSLOG:
		format_syslog(&l, level, text);
		send_line(out.fd, &l);
		break;
	case SINK_STDERR:
	case SINK_FILE:
		if (out.json)
			format_json(&l, level, text);
		else if (out.sink == SINK_STDERR)
			format_stderr(&l, level, text);
		else
			format_file(&l, level, text);
		put(out.fd, &l);
		break;
	}
	errno = keep;
}

void log_error(const struct err *e)
{
	char text[MESSAGE];
	struct line l;

	snprintf(text, sizeof text, "%s%s%s", e->at, e->at[0] ? ": " : "", e->text);
	emit(LOG_LEVEL_ERROR, text);
	if (out.sink == SINK_STDERR)
		return;
	l.n = 0;
	format_stderr(&l, LOG_LEVEL_ERROR, text);
	put(STDERR_FILENO, &l);
}

static void (*diverted)(void *ctx, const char *text);
static void *diverted_ctx;

void log_divert(void (*take)(void *ctx, const char *text), void *ctx)
{
	diverted = take;
	diverted_ctx = ctx;
}

void log_warn(const char *fmt, ...)
{
	char text[MESSAGE];
	va_list ap;

	if (!diverted && (out.level == LOG_LEVEL_ERROR || (out.level == LOG_LEVEL_DEFAULT && out.json && out.sink == SINK_FILE)))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (diverted)
		diverted(diverted_ctx, text);
	else
		emit(LOG_LEVEL_WARNING, text);
}

bool log_debugging(void)
{
	return out.level == LOG_LEVEL_DEBUG;
}

void log_debug(const char *fmt, ...)
{
	char text[MESSAGE];
	va_list ap;

	if (!log_debugging())
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	emit(LOG_LEVEL_DEBUG, text);
}
