/* prop.h - one row per property: the row drives decoding, encoding, the features document, docs/config.md, the examples of
 * the tests, the fuzz dictionary and the coverage check against the official JSON schema. */
#ifndef WASIRUN_OCI_PROP_H
#define WASIRUN_OCI_PROP_H

#include "oci/json.h"
#include "oci/value.h"
#include "oci/words.h"

enum prop_kind {
	PROP_BOOL,     /* bool */
	PROP_OPT_BOOL, /* struct opt_bool */
	PROP_STR,      /* char *, NULL when absent */
	PROP_INT,      /* struct opt_int, min..max */
	PROP_UINT,     /* struct opt_uint, min..umax */
	PROP_U32,      /* uint32_t, 0 when absent, min..umax */
	PROP_WORD,     /* int: index into words; WORD_ABSENT when absent */
	PROP_STRS,     /* struct strs */
	PROP_U32S,     /* struct u32s, each 0..umax */
	PROP_WORDS,    /* struct ints; a duplicate is dropped */
	PROP_MAP,      /* struct kvs: string to string */
	PROP_OBJ,      /* pointer to the struct that sub describes; NULL when absent */
	PROP_LIST,     /* LIST(struct): a list of objects that sub describes */
	PROP_OBJMAP,   /* LIST(struct): an object whose members are objects; the element starts with char *key */
	PROP_VALUE,    /* const struct json *, NULL when absent: what has more than one type, or a grammar of its own (form) */
};

/* A grammar that the row's owner parses: sizes, endpoints, paths. Rows only pass it on, to the schema and the docs. */
struct prop_form {
	const char *what;   /* "a size such as 256M" */
	const char *schema; /* the JSON Schema of a value, as far as a schema can judge it */
};

enum {
	PROP_REQUIRED = 1, /* absent is an error */
	PROP_NONEMPTY = 2, /* an empty string or list is an error */
	PROP_ABS = 4,      /* the string (each string of a list) must begin with "/" */
	PROP_PARSED = 8,   /* decoded, kept and shown in the plan, but nothing is applied (its doc says why) */
	PROP_SECURITY = 16, /* a misspelt neighbour of this name is worth a warning */
	PROP_LENIENT = 32, /* PROP_WORDS: an unknown word is warned about and left out */
};

struct prop {
	const char *name;
	enum prop_kind kind;
	unsigned flags;
	size_t offset;            /* of the field in its struct */
	size_t size;              /* of one element (LIST, OBJMAP) or of the struct (OBJ) */
	const struct prop *sub;   /* rows of the object, ended by a row with name NULL */
	const struct words *words;
	int64_t min, max;         /* PROP_INT; both 0 = any. PROP_UINT, PROP_U32: min alone, 0 or more */
	uint64_t umax;            /* PROP_UINT, PROP_U32, PROP_U32S; 0 = any that the type holds */
	size_t max_bytes;         /* strings, each string of a list; 0 = 1 MiB */
	const char *doc;          /* one sentence for docs/config.md */
	const char *example;      /* a JSON value that is accepted and that changes the plan */
	const char *in;           /* the object in which the example makes sense; NULL = the example of the object it is in */
	const struct prop_form *form; /* PROP_VALUE; PROP_STR; of each string (STRS) or value (MAP); NULL = nothing but the type */
	const struct prop_form *keys; /* PROP_MAP, PROP_OBJMAP: of each key */
	const char *bare;         /* PROP_OBJ: a string stands for an object that holds only this property; NULL = an object only */
};

/* What to do with names that no row knows. */
enum prop_unknown {
	PROP_UNKNOWN_IGNORE, /* config.json: the specification demands it; each is logged at debug level, and a name that is
	                        nearly that of a PROP_SECURITY row is a warning */
	PROP_UNKNOWN_ERROR,  /* the manifest; names that begin with "x-" are free */
};

/* Decodes an object by rows into *out (zeroed first; words start as WORD_ABSENT). A member that is null counts as absent
 * where unknown names are ignored (Go writes such members), and is an error elsewhere. Names match case and all; one that
 * differs in case only is unknown, and a warning. Strings point into the tree's arena.
 * at: the JSON pointer of v ("" for the document). Errors: EINVAL with at = the pointer of the offending value. */
MUST int prop_decode(struct arena *a, const struct prop *rows, const struct json *v, enum prop_unknown unknown, const char *at,
		     void *out, struct err *e);

/* As prop_decode, but goes on after an error: *all gets every one (up to PROP_ERRORS_MAX), in the order of the document, and the
 * offending members and elements hold nothing that counts. A property that is required and missing is named last of its object.
 * Returns 0, or -EINVAL with all->n > 0. */
#define PROP_ERRORS_MAX 1000
struct prop_errors {
	LIST(struct err);
};
MUST int prop_decode_all(struct arena *a, const struct prop *rows, const struct json *v, enum prop_unknown unknown, const char *at,
			 void *out, struct prop_errors *all);

/* Writes the object that the rows describe; absent properties are left out. */
void prop_encode(struct json_out *w, const struct prop *rows, const void *in);

/* Calls fn for every row below rows, depth first, with its JSON pointer pattern ("/mounts/N/options",
 * "/linux/netDevices/KEY/name"). For docs, tests, fuzz. */
void prop_walk(const struct prop *rows, const char *at, void (*fn)(const struct prop *p, const char *at, void *ctx), void *ctx);

/* The known name nearest to s (edit distance at most 2, at most 1 for names of up to four letters), or NULL. */
const char *prop_nearest(const struct prop *rows, const char *s);

#endif
