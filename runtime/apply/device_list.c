/* device_list.c - device rules as version 1 keeps them: a mode (all or nothing) and a list of exceptions to it.
 * Pure: must not read or write any file. */
#include "apply/device_program.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_ACCESS 7U

static bool same_device(const struct rule *x, const struct rule *y)
{
	return x->type == y->type && x->major == y->major && x->minor == y->minor;
}

static bool number_covers(int64_t wide, int64_t narrow)
{
	return wide < 0 || wide == narrow;
}

static bool covers(const struct rule *wide, const struct rule *narrow)
{
	return wide->type == narrow->type && number_covers(wide->major, narrow->major) && number_covers(wide->minor, narrow->minor);
}

static bool overlap(const struct rule *x, const struct rule *y)
{
	return x->type == y->type && (number_covers(x->major, y->major) || number_covers(y->major, x->major)) &&
	       (number_covers(x->minor, y->minor) || number_covers(y->minor, x->minor));
}

static unsigned access_of(const rules *list, const struct rule *device)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (same_device(&list->v[i], device))
			return list->v[i].access;
	return 0;
}

static void add(struct arena *a, rules *list, const struct rule *r)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (same_device(&list->v[i], r)) {
			list->v[i].access |= r->access;
			return;
		}
	}
	*arena_push(a, list) = *r;
}

static void print_number(char *buf, size_t n, int64_t v)
{
	if (v < 0)
		snprintf(buf, n, "*");
	else
		snprintf(buf, n, "%lld", (long long)v);
}

static void print(char *buf, size_t n, const struct rule *r, unsigned access)
{
	char major[24], minor[24];

	print_number(major, sizeof major, r->major);
	print_number(minor, sizeof minor, r->minor);
	snprintf(buf, n, "%c %s:%s %s%s%s", r->type, major, minor, access & 1 ? "r" : "", access & 2 ? "w" : "", access & 4 ? "m" : "");
}

/* Takes the access of r away from every exception that it covers. */
static int take(struct device_list *l, const struct rule *r, struct err *e)
{
	size_t i, n = 0;

	for (i = 0; i < l->exceptions.n; i++) {
		struct rule x = l->exceptions.v[i];

		if (covers(r, &x)) {
			x.access &= ~r->access;
		} else if (overlap(r, &x) && (x.access & r->access)) {
			char hole[64], whole[64];

			print(hole, sizeof hole, r, r->access);
			print(whole, sizeof whole, &x, x.access);
			return fail(e, EINVAL,
				    "cgroup version 1 cannot except \"%s\" from the wildcard rule \"%s\": list the devices one by one",
				    hole, whole);
		}
		if (x.access)
			l->exceptions.v[n++] = x;
	}
	l->exceptions.n = n;
	return 0;
}

static int apply_rule(struct arena *a, struct device_list *l, const struct rule *r, struct err *e)
{
	if (!r->access)
		return 0;
	if (r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == ALL_ACCESS) {
		l->allow_all = r->allow;
		l->exceptions.n = 0;
		return 0;
	}
	if (r->type == 'a') {
		struct rule half = *r;

		half.type = 'b';
		TRY(apply_rule(a, l, &half, e));
		half.type = 'c';
		return apply_rule(a, l, &half, e);
	}
	if (r->allow == l->allow_all)
		return take(l, r, e);
	add(a, &l->exceptions, r);
	return 0;
}

int device_list_build(struct arena *a, const rules *list, struct device_list *out, struct err *e)
{
	size_t i;

	*out = (struct device_list){ .allow_all = false };
	for (i = 0; i < list->n; i++)
		TRY(apply_rule(a, out, &list->v[i], e));
	return 0;
}

static bool parse_number(const char **s, int64_t *out)
{
	char *end;

	if (**s == '*') {
		*out = -1;
		++*s;
		return true;
	}
	if (**s < '0' || **s > '9')
		return false;
	*out = strtoll(*s, &end, 10);
	*s = end;
	return true;
}

static bool parse_line(const char *s, struct rule *r)
{
	*r = (struct rule){ .allow = true, .type = s[0] };
	if (!s[0] || !strchr("abc", s[0]) || s[1] != ' ')
		return false;
	s += 2;
	if (!parse_number(&s, &r->major) || *s++ != ':' || !parse_number(&s, &r->minor) || *s++ != ' ')
		return false;
	for (; *s; s++) {
		if (!strchr("rwm", *s))
			return false;
		r->access |= *s == 'r' ? 1U : *s == 'w' ? 2U : 4U;
	}
	return true;
}

int device_list_parse(struct arena *a, const char *text, struct device_list *out, struct err *e)
{
	*out = (struct device_list){ .allow_all = false };
	while (*text) {
		char line[64];
		size_t n = strcspn(text, "\n");
		struct rule r;

		snprintf(line, sizeof line, "%.*s", n < sizeof line ? (int)n : 0, text);
		if (n && !parse_line(line, &r))
			return fail(e, EINVAL, "devices.list: cannot read the line \"%.*s\"", (int)(n < 80 ? n : 80), text);
		if (n)
			TRY(apply_rule(a, out, &r, e));
		text += n + (text[n] == '\n');
	}
	return 0;
}

static void write_one(struct arena *a, device_writes *out, bool allow, const struct rule *r, unsigned access)
{
	struct device_write *w = arena_push(a, out);

	w->allow = allow;
	if (r)
		print(w->text, sizeof w->text, r, access);
	else
		snprintf(w->text, sizeof w->text, "a");
}

void device_list_diff(struct arena *a, const struct device_list *have, const struct device_list *want, device_writes *out)
{
	static const rules none;
	/* In allow mode the kernel does not show its exceptions, so that mode is always entered anew; "a" clears them. */
	bool reset = want->allow_all || have->allow_all;
	const rules *now = reset ? &none : &have->exceptions;
	size_t i;

	*out = (device_writes){ NULL, 0 };
	if (reset)
		write_one(a, out, want->allow_all, NULL, 0);
	for (i = 0; i < want->exceptions.n; i++) {
		const struct rule *r = &want->exceptions.v[i];
		unsigned more = r->access & ~access_of(now, r);

		if (more)
			write_one(a, out, !want->allow_all, r, more);
	}
	for (i = 0; i < now->n; i++) {
		const struct rule *r = &now->v[i];
		unsigned less = r->access & ~access_of(&want->exceptions, r);

		if (less)
			write_one(a, out, want->allow_all, r, less);
	}
}
