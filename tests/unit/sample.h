/* sample.h - documents made from the rows: a config.json in which one property has its example value.
 *
 * Around it stand the examples of the objects that it is in, or what its row says it makes sense in. Both documents of
 * a sample are meant to be accepted; where plan/ applies the property, they are meant to differ in the plan. */
#ifndef WASIRUN_TESTS_SAMPLE_H
#define WASIRUN_TESTS_SAMPLE_H

#include "oci/config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
	const char *with;    /* the property is there, with its example */
	const char *without; /* it is not; or it has another value, where it cannot be left out */
	const char *at;      /* its JSON pointer in `with` */
};

#define SAMPLE_BASE                                                                                                       \
	"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"rootfs\"},\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]},"               \
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}"

static inline struct json *sample_parse(struct arena *a, const char *s)
{
	struct json *v;
	struct err e;

	if (json_parse(a, s, strlen(s), JSON_MAX_CONFIG, "example", &v, &e) == 0)
		return v;
	printf("Bail out! %s: %s\n", s, e.text);
	exit(1);
}

/* The place in the list of members where name is, or would be. */
static inline struct json **sample_member(struct json *o, const char *name)
{
	struct json **m = &o->child;

	while (*m && strcmp((*m)->key, name) != 0)
		m = &(*m)->next;
	return m;
}

static inline struct json *sample_set(struct json *o, const char *name, struct json *v)
{
	struct json **m = sample_member(o, name);

	v->key = name;
	v->next = *m ? (*m)->next : NULL;
	*m = v;
	return v;
}

static inline const char *sample_text(struct arena *a, const struct json *v)
{
	struct text t = { .arena = a };

	json_write(&t, v, 0);
	return text_get(&t);
}

static inline bool sample_accepted(struct arena *a, const char *doc)
{
	struct config c;
	struct err e;

	return config_decode(a, doc, strlen(doc), "sample", &c, &e) == 0;
}

/* The row that the first name of the pattern stands for; *pattern moves behind it. */
static inline const struct prop *sample_row(const struct prop *rows, const char **pattern)
{
	size_t n = strcspn(*pattern + 1, "/");

	for (; rows->name; rows++)
		if (strlen(rows->name) == n && strncmp(rows->name, *pattern + 1, n) == 0) {
			*pattern += 1 + n;
			return rows;
		}
	printf("Bail out! no row for %s\n", *pattern);
	exit(1);
}

/* pattern: as prop_walk gives it for config_props, such as "/linux/resources/rdma/KEY/hcaHandles". */
static inline struct sample sample_of(struct arena *a, const char *pattern)
{
	struct json *top = sample_parse(a, SAMPLE_BASE), *o = top, *v, **m;
	const struct prop *rows = config_props, *p;
	struct sample s = { .at = "" };

	for (;;) {
		p = sample_row(rows, &pattern);
		if (p->in)
			o->child = sample_parse(a, p->in)->child;
		s.at = arena_fmt(a, "%s/%s", s.at, p->name);
		if (!*pattern)
			break;
		v = sample_set(o, p->name, sample_parse(a, p->example));
		rows = p->sub;
		if (p->kind != PROP_OBJ) {
			v = v->child;
			s.at = v->key ? arena_fmt(a, "%s/%s", s.at, v->key) : arena_fmt(a, "%s/0", s.at);
			pattern += 1 + strcspn(pattern + 1, "/");
		}
		o = v;
	}
	m = sample_member(o, p->name);
	v = *m;
	if (v)
		*m = v->next;
	s.without = sample_text(a, top);
	if (v && !sample_accepted(a, s.without)) {
		*m = v;
		s.without = sample_text(a, top);
	}
	sample_set(o, p->name, sample_parse(a, p->example));
	s.with = sample_text(a, top);
	return s;
}

#endif
