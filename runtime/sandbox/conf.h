/* conf.h - sandbox.conf as text. Private to the files of sandbox/ that read other sandboxes than the one at hand. */
#ifndef WASIRUN_SANDBOX_CONF_H
#define WASIRUN_SANDBOX_CONF_H

#include "base/text.h"
#include "sandbox/sandbox.h"

#define SANDBOX_CONF "config/sandbox.conf"

/* NAME='value' lines; a value's ' is written '\''. */
void conf_encode(struct text *t, const struct sandbox_conf *c);
/* Reads what a shell would read from such lines, quoted in whatever way; unknown names are passed over. EINVAL: file and line. */
MUST int conf_decode(struct arena *a, const char *bytes, const char *file, struct sandbox_conf *out, struct err *e);
/* That of the tree at dir. ENOENT: there is none. what: the tree, for messages. */
MUST int conf_load(struct arena *a, int dir, const char *what, struct sandbox_conf *out, struct err *e);

/* The tree's first file says that it is one, in its first line: a directory without a sandbox.conf that has it is what is left of a
 * sandbox, and may be deleted; any other one is somebody's work. */
#define SANDBOX_MARK ".gitignore"
#define SANDBOX_MARK_TEXT "# a sandbox of wasirun; `wasirun sandbox destroy` deletes it\n*\n"
bool tree_is_marked(int dir);
/* Marked, or killed before the mark was there or after it was deleted: nothing else is in it. */
bool tree_is_left(int dir);
/* Does another open file description hold the lock of it? */
bool tree_is_locked(int dir);
/* "123" of the process that holds it, "" when that cannot be told. */
const char *tree_lock_holder(struct arena *a, int dir);

/* Connects a socket to the server's (conf.socket). What lies there was put there by the server: it must be a socket, and in the service of
 * somebody else (sudo) that one's; no link is followed. 0, or what connect(2) says; -ENOTSOCK, -EPERM. */
MUST int socket_connect(int sock, const struct sandbox *s);

/* As sandbox_check_name, without looking at the engines. */
#define SANDBOX_NAME_BYTES 64
bool sandbox_could_be_named(const char *name);

#endif
