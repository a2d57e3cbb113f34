/* connect.h - the sockets of --console-socket and --pidfd-socket. */
#ifndef WASIRUN_APPLY_CONNECT_H
#define WASIRUN_APPLY_CONNECT_H

#include "base/err.h"

/* Connects to a stream socket at path (of any length). Returns the fd. option: for messages, "--console-socket". */
MUST int connect_socket(const char *option, const char *path, struct err *e);

#endif
