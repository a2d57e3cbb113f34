/* seccomp.h - what the four seccomp files share. Private to them and their tests.
 *
 * seccomp.c turns a step into a BPF program (libseccomp) and loads it; seccomp_stub.c puts "newer than the profile: ENOSYS" in front of
 * it; seccomp_cache.c keeps programs on disk; seccomp_notify.c hands the notification descriptor to the agent. */
#ifndef WASIRUN_APPLY_SECCOMP_H
#define WASIRUN_APPLY_SECCOMP_H

#include "apply/run.h"
#include <linux/filter.h>

#define SECCOMP_MAX_PROGRAM 4096 /* BPF_MAXINSNS */

struct program {
	struct sock_filter *v;
	size_t n; /* instructions */
};

/* --- seccomp.c */

/* Compiles a step with libseccomp and puts the ENOSYS stub in front if the step wants one. Memory from a. Errors: EINVAL for
 * what libseccomp does not know or refuses, E2BIG when the profile has too many rules or the program too many instructions. */
MUST int seccomp_compile(struct arena *a, const struct step_seccomp *s, struct program *out, struct err *e);

/* The version of libseccomp, "2.5.4". */
const char *seccomp_library_version(char buf[24]);

/* Does this kernel take a filter flag (SECCOMP_FILTER_FLAG_*)? Asked without loading anything. */
bool seccomp_flag_supported(unsigned flag);

/* Whether the step has a rule that asks an agent. */
bool seccomp_notifies(const struct step_seccomp *s);

/* --- seccomp_stub.c: pure */

/* The highest system call number that a profile names, for one architecture of the kernel's (AUDIT_ARCH_*). */
struct stub_arch {
	uint32_t arch;
	uint32_t last;      /* 0 = the profile names none: left alone */
	bool x86_64;        /* numbers with bit 30 set are x32 calls and ... */
	uint32_t x32_last;  /* ... are compared with this one; 0 = left alone */
	bool zero_is_enosys; /* s390: unknown calls through the multiplexer arrive as number 0 */
};

#define STUB_MAX 192 /* instructions for the most architectures there are */

/* Writes the instructions that answer ENOSYS to higher numbers and go on with what stands behind them otherwise.
 * Returns how many; 0 when there is nothing to do. n: at most 24. */
size_t seccomp_stub(const struct stub_arch *archs, size_t n, struct sock_filter out[STUB_MAX]);

/* --- seccomp_cache.c: failing is never an error, the program is then compiled */

struct cache_key {
	const char *bytes;
	size_t n;
	char name[24]; /* file name: 64-bit hash of the bytes in hexadecimal */
};

/* Everything that the program depends on, as bytes. library: version and architecture of what compiles it. */
void seccomp_cache_key(struct arena *a, const struct step_seccomp *s, const char *library, struct cache_key *out);

/* True and *out (from a) when dir holds a program for exactly this key. dir: -1 = no cache. */
bool seccomp_cache_get(struct arena *a, int dir, const struct cache_key *key, struct program *out);
void seccomp_cache_put(int dir, const struct cache_key *key, const struct program *p);

/* --- seccomp_notify.c */

struct notify;

/* Connects to the step's listenerPath and prepares the message. *sock: for the slot, so that init keeps it. */
MUST int seccomp_notify_prepare(struct run *r, const struct step_seccomp *s, int *sock, struct notify **out, struct err *e);

/* In init: starts the thread that will send the descriptor; before the filter is loaded. */
MUST int seccomp_notify_begin(struct run *r, struct notify *n, int sock, struct err *e);

/* In init, under the filter: hands the descriptor (or -1: loading failed) over and waits, without any system call, until it is sent. */
MUST int seccomp_notify_end(struct notify *n, int listener, struct err *e);

#endif
