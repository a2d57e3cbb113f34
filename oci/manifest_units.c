/* manifest_units.c - sizes, cores and durations: from what is written to numbers, and back in the shortest form.
 * Must not say what is wrong: the caller knows what is allowed there. */
#include "base/units.h"
#include "oci/manifest_doc.h"
#include <stdio.h>
#include <string.h>

#define CORES_MAX 1000000 /* more than any machine has, and far from overflow */

bool read_size(const struct json *v, uint64_t *out)
{
	struct err ignored;
	int64_t n;

	if (v->type == JSON_NUMBER)
		return json_uint(v, out) == 0 && *out <= (uint64_t)INT64_MAX;
	if (v->type != JSON_STRING || v->text[0] == '-' || parse_bytes(v->text, "", &n, &ignored) < 0)
		return false;
	*out = (uint64_t)n;
	return true;
}

/* digits[.digits] in thousandths; what is finer is rounded up, so that something never becomes nothing. NULL: no number. */
static const char *thousandths(const char *s, uint64_t *out)
{
	uint64_t unit = 100, n = 0;
	const char *from = s;
	bool finer = false;

	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > UINT64_C(100) * CORES_MAX)
			return NULL;
	}
	if (s == from)
		return NULL;
	n *= 1000;
	if (*s == '.') {
		for (from = ++s; *s >= '0' && *s <= '9'; s++, unit /= 10) {
			n += (uint64_t)(*s - '0') * unit;
			finer |= unit == 0 && *s != '0';
		}
		if (s == from)
			return NULL;
	}
	*out = n + finer;
	return s;
}

bool read_cpu(const struct json *v, uint64_t *milli)
{
	const char *rest;
	uint64_t n;

	if (v->type != JSON_NUMBER && v->type != JSON_STRING)
		return false;
	rest = thousandths(v->text, &n);
	if (!rest)
		return false;
	if (v->type == JSON_STRING && !strcmp(rest, "m"))
		n = (n + 999) / 1000;
	else if (v->type == JSON_STRING && !strcmp(rest, "%"))
		n = (n + 99) / 100;
	else if (*rest)
		return false;
	*milli = n;
	return n > 0 && n <= UINT64_C(1000) * CORES_MAX;
}

bool read_duration(const struct json *v, uint64_t *ms)
{
	struct err ignored;
	int64_t n;

	if (v->type == JSON_NUMBER) {
		if (json_uint(v, ms) < 0 || *ms == 0 || *ms > UINT32_MAX)
			return false;
		*ms *= 1000;
		return true;
	}
	if (v->type != JSON_STRING || parse_duration(v->text, "", &n, &ignored) < 0 || n > (int64_t)UINT32_MAX * 1000)
		return false;
	*ms = (uint64_t)n;
	return true;
}

const char *manifest_size_text(struct arena *a, uint64_t bytes)
{
	static const char letters[] = "KMGTP";
	int i;

	for (i = 4; i >= 0 && bytes; i--)
		if (bytes % (UINT64_C(1) << (10 * (i + 1))) == 0)
			return arena_fmt(a, "%ju%c", (uintmax_t)(bytes >> (10 * (i + 1))), letters[i]);
	return arena_fmt(a, "%ju", (uintmax_t)bytes);
}

const char *manifest_cpu_text(struct arena *a, uint64_t milli)
{
	char *s = arena_fmt(a, "%ju.%03u", (uintmax_t)(milli / 1000), (unsigned)(milli % 1000));
	size_t n = strlen(s);

	while (s[n - 1] == '0' && s[n - 2] != '.')
		s[--n] = 0;
	return s;
}

const char *manifest_duration_text(struct arena *a, uint64_t ms)
{
	if (ms % 60000 == 0)
		return ms % 3600000 ? arena_fmt(a, "%jum", (uintmax_t)(ms / 60000)) : arena_fmt(a, "%juh", (uintmax_t)(ms / 3600000));
	return ms % 1000 ? arena_fmt(a, "%jums", (uintmax_t)ms) : arena_fmt(a, "%jus", (uintmax_t)(ms / 1000));
}
