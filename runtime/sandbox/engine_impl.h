/* engine_impl.h - what the engines share. Private to engine*.c and ready.c. */
#ifndef WASIRUN_SANDBOX_ENGINE_IMPL_H
#define WASIRUN_SANDBOX_ENGINE_IMPL_H

#include "base/err.h"
#include "base/text.h"
#include "sandbox/engine.h"

extern const struct engine engine_postgres, engine_mysql, engine_mariadb, engine_redis;

#define ENGINE_USER 1000 /* inside; see the manifests of templates/ */

void strs_add(struct arena *a, struct strs *l, const char *s);
void strs_fmt(struct arena *a, struct strs *l, const char *fmt, ...) PRINTF(3, 4);

/* --- programs (engine_find.c) */
#define IMAGE_PATH ".wasirun.path" /* at the top of an unpacked image: the PATH of its configuration */
struct search {
	struct arena *a;
	const char *rootfs; /* NULL = the host */
	int fd;             /* of rootfs; -1 = the host */
	const char *prefix; /* what rootfs calls itself */
};
/* ENOENT: no such rootfs. */
MUST int search_open(struct arena *a, const char *rootfs, struct search *s, struct err *e);
void search_close(struct search *s);
/* An executable file DIR/NAME: its path as seen inside, NULL when there is none. real: links resolved, that of the last name too. */
const char *search_program(struct search *s, const char *dir, const char *name, bool real);
/* The same in any of the directories (ended by NULL), then of $PATH where host programs are seen, of the image's PATH elsewhere. */
const char *search_all(struct search *s, const char *const *dirs, const char *name, bool real);
/* The directory below dir whose name is the highest number ("15"), or NULL; pattern: what it must hold ("bin/postgres"). */
const char *search_highest(struct search *s, const char *dir, const char *holds);
/* Reads the constants of a program (ELF's .rodata) and looks for a version: first number of it behind `before` (NULL: a string that begins
 * with it) and ahead of `after` (NULL: the string's end, or "-"). NULL when there is none. */
const char *search_version(struct search *s, const char *program, const char *before, const char *after);
/* Does the program hold this text among its constants? */
bool search_holds(struct search *s, const char *program, const char *text);

/* --- the server's socket (ready.c): one that is connected and does not block. */
MUST int socket_open(const struct sandbox *s, struct err *e);

/* --- settings (engine_settings.c) */
enum settings_format { SETTINGS_POSTGRES, SETTINGS_MYSQL, SETTINGS_REDIS };
/* The engine's file of settings (a builtin_file) with the wishes in it: each takes the place of the lines of its name. reserved: names that
 * are decided by the sandbox, separated by blanks. */
MUST int engine_settings(struct arena *a, const char *file, enum settings_format f, const char *reserved, const struct strs *wishes,
			 const char **out, struct err *e);
/* Is config/NAME there already? */
bool engine_has_file(const struct sandbox *s, const char *name);
void engine_add_file(struct arena *a, struct strs *files, const char *name, const char *text);
/* "/sandboxes/NAME/WHAT" */
const char *engine_inside(struct arena *a, const struct sandbox *s, const char *what);
/* Is it published at an IPv6 address? A server that binds 0.0.0.0 alone would be found by nobody there. */
bool engine_over_v6(const struct sandbox *s);
/* /bin/sh with init.sh and the engine's build.sh; environment: BIN, SERVER, DATA, INIT, CONF, ADMIN_PASSWORD, and what else the wishes
 * hold. */
MUST int engine_script(struct arena *a, const char *name, const struct engine_programs *p, const struct engine_wishes *w, const char *conf,
		       const char *password, struct strs *argv, struct strs *env, struct err *e);
/* A name of a database or user: not empty, at most max bytes, nothing that no client could say. what: "database", "user". */
MUST int engine_check_name(const char *name, size_t max, const char *what, struct err *e);

/* --- talking (ready.c) */
#define ASK_MS 1000
/* Sends all of it, without waiting: a question is shorter than any buffer. 1, or 0: nobody listens any more. */
int ask_send(int fd, const void *bytes, size_t n);
/* Receives into buf until `least` bytes are there, up to n. Returns how many there are; fewer than least: it said no more, or nothing
 * within ASK_MS of the question (until: sys_now_us() then). */
size_t ask_receive(int fd, void *buf, size_t n, size_t least, int64_t until);
/* "what answers there is no PostgreSQL" */
MUST int ask_stranger(const struct engine *en, struct err *e);

#endif
