/* err.h - the one error value of the project.
 *
 * A function that can fail returns int (negative errno = failed), takes `struct err *e` last and is MUST.
 * The error owns nothing, so it cannot leak, and it crosses the parent/init socket in one datagram.
 * Only main() prints it, once. */
#ifndef WASIRUN_ERR_H
#define WASIRUN_ERR_H

#define MUST __attribute__((warn_unused_result))
#define PRINTF(a, b) __attribute__((format(printf, a, b)))

struct err {
	int code;       /* a positive errno; 0 = no error */
	char at[96];    /* JSON pointer of the property it came from, or "" */
	char text[412]; /* one line for a person, without the place */
};

/* Sets *e and returns -code, so that `return fail(e, EINVAL, ...)` reads well.
 * code: a positive errno. The text is cut to fit, never allocated; control characters are escaped. */
int fail(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* As fail, and appends ": " and the words for the errno. r: a negative errno as the sys layer returns it. */
int fail_sys(struct err *e, int r, const char *fmt, ...) PRINTF(3, 4);

/* Adds the place (a JSON pointer) unless a more exact one is there already. Returns -e->code. */
int fail_at(struct err *e, const char *at);

/* As fail_at with a pattern, for places that hold an index: err_at(e, "/mounts/%zu", i). */
int fail_atf(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Puts words in front of the text: "mount /data" + ": " + what was there. Returns -e->code. */
int fail_in(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Returns early when x is negative; its value otherwise. */
#define TRY(x)                        \
	__extension__({               \
		int try_r_ = (x);     \
		if (try_r_ < 0)       \
			return try_r_; \
		try_r_;               \
	})

/* As TRY for a call inside a loop over /place/index. */
#define TRY_AT(x, e, ...)                                    \
	__extension__({                                      \
		int try_r_ = (x);                            \
		if (try_r_ < 0)                              \
			return fail_atf((e), __VA_ARGS__);   \
		try_r_;                                      \
	})

#endif
