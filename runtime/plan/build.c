/* build.c - the few tools that all files of plan/ use to add steps.
 * Must not know any property. */
#include "plan/build.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct step *plan_add(struct build *b, enum op op, enum stage stage, const char *at)
{
	struct step *s = arena_push(b->a, &b->out->steps);

	s->op = op;
	s->stage = stage;
	s->at = at;
	return s;
}

static char *vfmt(struct arena *a, const char *fmt, va_list ap)
{
	struct text t = { .arena = a };

	text_vfmt(&t, fmt, ap);
	return arena_str(a, text_get(&t));
}

const char *plan_at(struct build *b, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vfmt(b->a, fmt, ap);
	va_end(ap);
	return s;
}

const char *plan_at_key(struct build *b, const char *key)
{
	struct text t = { .arena = b->a };

	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			text_str(&t, *key == '~' ? "~0" : "~1");
		else
			text_add(&t, key, 1);
	}
	return arena_str(b->a, text_get(&t));
}

void plan_warn(struct build *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*arena_push(b->a, &b->out->warnings) = vfmt(b->a, fmt, ap);
	va_end(ap);
}

void plan_push(struct arena *a, struct strs *list, const char *s)
{
	*arena_push(a, list) = (char *)s;
	*arena_push(a, list) = NULL;
	list->n--;
}

char *plan_clean_path(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2), *to = out;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return NULL;
		if (n && !(n == 1 && path[0] == '.')) {
			*to++ = '/';
			to = mempcpy(to, path, n);
		}
		path += n;
		path += *path == '/';
	}
	if (to == out)
		*to++ = '/';
	*to = 0;
	return out;
}

int plan_fail(struct err *e, int code, const char *at, const char *fmt, ...)
{
	char text[sizeof e->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)!fail(e, code, "%s", text);
	return fail_at(e, at);
}
