/* value.h - the shapes that all decoded documents are made of. Everything lives in the command's arena. */
#ifndef WASIRUN_OCI_VALUE_H
#define WASIRUN_OCI_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list of T; the decoder relies on this layout: pointer first, then the count.
 * v is NULL when the property is absent and not NULL when it is there, even if it is empty. */
#define LIST(T)          \
	struct {         \
		T *v;    \
		size_t n; \
	}

struct strs {
	char **v; /* n strings, then NULL, so that v can be an argv */
	size_t n;
};
struct u32s {
	uint32_t *v;
	size_t n;
};
struct ints { /* a list of closed-vocabulary words */
	int *v;
	size_t n;
};
struct kv {
	char *key, *value;
};
struct kvs {
	struct kv *v;
	size_t n;
};

/* A property that may be absent. */
struct opt_bool {
	bool set, v;
};
struct opt_int {
	bool set;
	int64_t v;
};
struct opt_uint {
	bool set;
	uint64_t v;
};

#endif
