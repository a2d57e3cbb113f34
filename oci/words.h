/* words.h - every closed vocabulary, each word carrying its kernel meaning, in one table each.
 *
 * decode, features, the plan's text, completions and the docs read the same tables; tests check that each round-trips. */
#ifndef WASIRUN_OCI_WORDS_H
#define WASIRUN_OCI_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WORD_ABSENT (-1)

struct word {
	const char *name;
	uint64_t value; /* the kernel's constant */
	uint64_t clear; /* mount options: the bits that the word takes away (in `value`'s field); else 0 */
	unsigned kind;  /* meaning depends on the table */
};

struct words {
	const char *what; /* "namespace type", for messages */
	const struct word *v;
	size_t n;
};

extern const struct words words_namespace;      /* value: CLONE_NEW*; names as in config.json: pid network mount ipc uts user cgroup time */
extern const struct words words_capability;     /* value: CAP_* number; CAP_CHOWN .. CAP_CHECKPOINT_RESTORE */
extern const struct words words_rlimit;         /* value: RLIMIT_*, 16 names */
extern const struct words words_mount_option;   /* see below */
extern const struct words words_propagation;    /* rootfsPropagation: private shared slave unbindable; value: MS_* */
extern const struct words words_device_type;    /* c u b p; value: S_IFCHR.. */
extern const struct words words_seccomp_action; /* value: SECCOMP_RET_*; kind 1 = takes errnoRet */
extern const struct words words_seccomp_arch;   /* value: AUDIT_ARCH_* token as libseccomp's SCMP_ARCH_* */
extern const struct words words_seccomp_op;     /* value: enum scmp_compare */
extern const struct words words_seccomp_flag;   /* value: SECCOMP_FILTER_FLAG_* */
extern const struct words words_sched_policy;   /* value: SCHED_* */
extern const struct words words_sched_flag;     /* value: SCHED_FLAG_* */
extern const struct words words_io_class;       /* value: IOPRIO_CLASS_* */
extern const struct words words_personality;    /* value: PER_* */
extern const struct words words_mempolicy_mode; /* value: MPOL_* */
extern const struct words words_mempolicy_flag; /* value: MPOL_F_* */
extern const struct words words_hook;           /* prestart createRuntime createContainer startContainer poststart poststop */
extern const struct words words_status;         /* creating created running paused stopped */
extern const struct words words_signal;         /* HUP INT ... (without SIG), RTMIN+n is handled by words_signal_number */

/* words_mount_option: what each option does. */
enum mount_option_kind {
	OPT_ATTR,        /* value = MOUNT_ATTR_* to set, clear = bits to clear, on the mount itself */
	OPT_ATTR_REC,    /* the same on the whole tree ("rro") */
	OPT_SUPER,       /* value = MS_* of the super block (sync, dirsync, mand, lazytime, iversion, silent), clear = inverse */
	OPT_BIND,        /* bind, rbind (value = MS_REC) */
	OPT_PROPAGATION, /* value = MS_PRIVATE.. | MS_REC */
	OPT_REMOUNT,     /* remount */
	OPT_TMPCOPYUP,
	OPT_IDMAP,       /* idmap, ridmap (value = MS_REC) */
	OPT_COPY_SYMLINK, OPT_SRC_NOFOLLOW, OPT_DEST_NOFOLLOW, /* crun's */
	OPT_NOTHING,     /* defaults, and words that mean nothing to the kernel (nofail, auto, user ...) */
};

/* Index of a word in its table, or -1. */
int words_find(const struct words *w, const char *name);
int words_find_n(const struct words *w, const char *name, size_t n);

/* The word nearest to a mistyped one (edit distance at most 2), or NULL. */
const char *words_nearest(const struct words *w, const char *name);

/* The name for a kernel value, or NULL. */
const char *words_name(const struct words *w, uint64_t value);

/* A signal: a name with or without SIG, any case, RTMIN+3, or a number 1..64. Returns the number, or -EINVAL. */
int words_signal_number(const char *s);

#endif
