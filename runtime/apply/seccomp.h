/* seccomp.h - what the seccomp files share. Private to them, their tests and the features verb.
 *
 * seccomp.c prepares and loads; seccomp_compile.c knows what names and architectures mean (libseccomp's tables); seccomp_code.c makes the
 * program; seccomp_cache.c keeps programs on disk; seccomp_notify.c hands the notification descriptor to the agent. */
#ifndef WASIRUN_APPLY_SECCOMP_H
#define WASIRUN_APPLY_SECCOMP_H

#include "apply/run.h"
#include <linux/filter.h>

#define SECCOMP_MAX_PROGRAM 4096 /* BPF_MAXINSNS */
#define SECCOMP_MAX_ARCHS 24

struct program {
	struct sock_filter *v;
	size_t n; /* instructions */
};

/* --- seccomp_code.c: pure */

/* What one rule says about one system call number. */
struct code_rule {
	uint32_t nr;
	uint32_t action;                /* SECCOMP_RET_* with its data */
	const struct seccomp_cmp *args; /* all of them must hold */
	size_t n;
};

/* One calling convention of the kernel. */
struct code_arch {
	uint32_t arch;           /* AUDIT_ARCH_*; x32 shares that of x86_64, its numbers have bit 30 set */
	uint32_t first, end;     /* the numbers that belong to it: first .. end-1 */
	uint32_t last;           /* the highest number that the profile names: what is above it answers ENOSYS; 0 = no such stub */
	bool zero_is_enosys;     /* s390: unknown calls through the multiplexer arrive as number 0 */
	LIST(struct code_rule) rules;
};

/* The program of a profile. When several rules match a call, the strictest action decides, in the kernel's own order (seccomp(2)); of
 * equally strict ones the first. No rule: default_action. A number or an architecture outside all archs: the process is killed; the number
 * -1, which a tracer puts in to skip a call, gets the default. rules are sorted in place. archs of the same arch value stand one behind
 * the other, with rising numbers. E2BIG: more instructions than the kernel takes. */
MUST int seccomp_code(struct arena *a, uint32_t default_action, struct code_arch *archs, size_t n, struct program *out, struct err *e);

/* --- seccomp_compile.c */

/* Compiles a step. Memory from a. Errors: EINVAL for what cannot be expressed, E2BIG when the profile has too many rules or the program too
 * many instructions. */
MUST int seccomp_compile(struct arena *a, const struct step_seccomp *s, struct program *out, struct err *e);

/* What programs depend on besides the step: the version of libseccomp ("2.5.4") and the machine's architecture (SCMP_ARCH_*). */
const char *seccomp_library_version(char buf[24]);
uint32_t seccomp_machine(void);

/* --- seccomp.c */

/* Does this kernel take a filter flag (SECCOMP_FILTER_FLAG_*)? Asked without loading anything. */
bool seccomp_flag_supported(unsigned flag);

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
