/* prop_row.h - writing rows so that the compiler checks the field's type against the row's kind.
 *
 *	static const struct prop root_props[] = {
 *		{ ROW_STR(root, path, "path"), .flags = PROP_REQUIRED, .doc = "...", .example = "..." },
 *		{ 0 },
 *	}; */
#ifndef WASIRUN_OCI_PROP_ROW_H
#define WASIRUN_OCI_PROP_ROW_H

#include "oci/prop.h"

#define ROW_FIELD_(T, f) (((struct T *)0)->f)
/* The offset of a field; does not compile when its type is not `type`. */
#define ROW_AT_(T, f, type) \
	(offsetof(struct T, f) + 0 * sizeof(char[__builtin_types_compatible_p(__typeof__(ROW_FIELD_(T, f)), type) ? 1 : -1]))
#define ROW_(T, f, name_, kind_, type) .name = name_, .kind = kind_, .offset = ROW_AT_(T, f, type)

#define ROW_BOOL(T, f, name_) ROW_(T, f, name_, PROP_BOOL, bool)
#define ROW_OPT_BOOL(T, f, name_) ROW_(T, f, name_, PROP_OPT_BOOL, struct opt_bool)
#define ROW_STR(T, f, name_) ROW_(T, f, name_, PROP_STR, char *)
#define ROW_INT(T, f, name_, min_, max_) ROW_(T, f, name_, PROP_INT, struct opt_int), .min = min_, .max = max_
#define ROW_UINT(T, f, name_, umax_) ROW_(T, f, name_, PROP_UINT, struct opt_uint), .umax = umax_
#define ROW_U32(T, f, name_, umax_) ROW_(T, f, name_, PROP_U32, uint32_t), .umax = umax_
#define ROW_WORD(T, f, name_, words_) ROW_(T, f, name_, PROP_WORD, int), .words = &(words_)
#define ROW_STRS(T, f, name_) ROW_(T, f, name_, PROP_STRS, struct strs)
#define ROW_U32S(T, f, name_, umax_) ROW_(T, f, name_, PROP_U32S, struct u32s), .umax = umax_
#define ROW_WORDS(T, f, name_, words_) ROW_(T, f, name_, PROP_WORDS, struct ints), .words = &(words_)
#define ROW_MAP(T, f, name_) ROW_(T, f, name_, PROP_MAP, struct kvs)
/* f is a pointer to the struct that rows describe. */
#define ROW_OBJ(T, f, name_, rows) \
	.name = name_, .kind = PROP_OBJ, .offset = offsetof(struct T, f), .size = sizeof *ROW_FIELD_(T, f), .sub = rows
/* f is a LIST() of the struct that rows describe. */
#define ROW_LIST(T, f, name_, rows) \
	.name = name_, .kind = PROP_LIST, .offset = offsetof(struct T, f), .size = sizeof *ROW_FIELD_(T, f).v, .sub = rows
#define ROW_OBJMAP(T, f, name_, rows)                                                                                     \
	.name = name_, .kind = PROP_OBJMAP, .offset = offsetof(struct T, f), .size = sizeof *ROW_FIELD_(T, f).v, .sub = rows

#endif
