/* log.h - where messages go: the file of --log, stderr, journald or syslog; text or JSON.
 *
 * Library code never logs errors: it returns struct err and main() calls log_error() once. Warnings and debug
 * lines may come from anywhere before init is cloned. With --log-format json the log file gets at most one
 * object unless --debug is on, because Podman unmarshals the whole file as one object. */
#ifndef WASIRUN_LOG_H
#define WASIRUN_LOG_H

#include "base/err.h"
#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_DEFAULT, /* nobody asked: errors and, where the sink is not a JSON file, warnings */
};

/* Opens the sink. target: NULL (stderr), a path, "file:PATH", "journald:ID", "syslog:ID".
 * json: one object {"level","msg","time"} per line (not for journald and syslog, which have fields of their own).
 * level: what was asked for with --debug or --log-level, else LOG_LEVEL_DEFAULT. Before the first call the sink is
 * stderr, text, LOG_LEVEL_DEFAULT. Errors: those of open(2) and connect(2), with nothing changed; an unknown word
 * before the colon is taken as part of a path. */
MUST int log_open(const char *target, bool json, enum log_level level, struct err *e);

/* The one error of a command: to the sink and, where the sink is not stderr, to stderr too. "AT: TEXT" when at is set. */
void log_error(const struct err *e);

/* Something was asked that cannot be had, and the specification says to go on. One line, only to the sink;
 * in a JSON file only with --debug or --log-level warning (see above). */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* From here on warnings go to take (with its ctx) and nowhere else; NULL: to the sink again. For one who has to remember them. */
void log_divert(void (*take)(void *ctx, const char *text), void *ctx);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_debugging(void);

#endif
