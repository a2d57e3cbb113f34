/* contract.c - the official images' variables, as wishes. Who wrote POSTGRES_PASSWORD=x for such an image gets the same here; what would
 * mean something that we do not do is refused, not passed over. Reads files (NAME_FILE), and nothing else. */
#include "base/nearest.h"
#include "sandbox/engine_impl.h"
#include "store/files.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define SECRET_MAX ((size_t)64 << 10)

enum meaning {
	USER,
	PASSWORD,
	ROOT_PASSWORD,
	DATABASE,
	NO_PASSWORD, /* a word that says yes: the empty password */
	RANDOM,      /* what happens anyway: a random password */
	KEPT,        /* for the template's build or the server's configuration, as it is */
	WITHOUT,     /* says something that holds here anyway */
	REFUSED,
};
struct word {
	const char *name; /* behind the prefix */
	enum meaning meaning;
	bool file;        /* NAME_FILE exists, too */
	const char *why;  /* REFUSED */
};

static const struct word postgres_words[] = {
	{ "DB", DATABASE, true },
	{ "HOST_AUTH_METHOD", KEPT },
	{ "INITDB_ARGS", KEPT, true },
	{ "INITDB_WALDIR", REFUSED, true, "a sandbox's data are one directory" },
	{ "PASSWORD", PASSWORD, true },
	{ "USER", USER, true },
	{ NULL },
};

static const struct word mysql_words[] = {
	{ "ALLOW_EMPTY_PASSWORD", NO_PASSWORD },
	{ "ALLOW_EMPTY_ROOT_PASSWORD", NO_PASSWORD },
	{ "AUTO_UPGRADE", WITHOUT },
	{ "DATABASE", DATABASE, true },
	{ "DISABLE_UPGRADE_BACKUP", WITHOUT },
	{ "HEALTHCHECK_GRANTS", REFUSED, true, "a sandbox's health is asked without a user" },
	{ "INITDB_SKIP_TZINFO", WITHOUT },
	{ "MASTER_HOST", REFUSED, true, "a sandbox's network reaches no other server" },
	{ "MASTER_PORT", REFUSED, true, "a sandbox's network reaches no other server" },
	{ "MYSQL_LOCALHOST_GRANTS", REFUSED, true, "there is no user of the socket alone" },
	{ "MYSQL_LOCALHOST_USER", REFUSED, true, "there is no user of the socket alone" },
	{ "ONETIME_PASSWORD", REFUSED, false, "nobody is there who would change it" },
	{ "PASSWORD", PASSWORD, true },
	{ "PASSWORD_HASH", REFUSED, true, "the password itself is needed, for what `env` prints" },
	{ "RANDOM_ROOT_PASSWORD", RANDOM },
	{ "REPLICATION_PASSWORD", REFUSED, true, "a sandbox's network reaches no other server" },
	{ "REPLICATION_PASSWORD_HASH", REFUSED, true, "a sandbox's network reaches no other server" },
	{ "REPLICATION_USER", REFUSED, true, "a sandbox's network reaches no other server" },
	{ "ROOT_HOST", WITHOUT, true },
	{ "ROOT_PASSWORD", ROOT_PASSWORD, true },
	{ "ROOT_PASSWORD_HASH", REFUSED, true, "the password itself is needed, for what `env` prints" },
	{ "USER", USER, true },
	{ "USER_HOST", WITHOUT, true },
	{ NULL },
};

static const struct word redis_words[] = {
	{ "DATABASE", DATABASE, true },
	{ "PASSWORD", PASSWORD, true },
	{ "USERNAME", USER, true },
	{ NULL },
};

struct reading {
	struct arena *a;
	const struct word *words;
	const struct strs *env;
	struct engine_wishes *w;
};

static const char *value_of(const struct strs *env, const char *name)
{
	size_t i, n = strlen(name);

	for (i = env->n; i-- > 0;) /* the last one counts, as on a command line */
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
			return env->v[i] + n + 1;
	return NULL;
}

/* NAME or what NAME_FILE holds, without line ends behind it; NULL = neither is there. */
static int lookup(struct reading *r, const char *name, bool file, const char **out, struct err *e)
{
	const char *path = file ? value_of(r->env, arena_fmt(r->a, "%s_FILE", name)) : NULL;
	char *bytes;
	size_t n;

	*out = value_of(r->env, name);
	if (!path || !*path)
		return 0;
	if (*out && **out)
		return fail(e, EINVAL, "%s and %s_FILE are both set: one of them", name, name);
	if (file_read(r->a, path, SECRET_MAX, &bytes, &n, e) < 0)
		return fail_in(e, "%s_FILE", name);
	while (n && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
		n--;
	if (memchr(bytes, 0, n))
		return fail(e, EINVAL, "%s_FILE: %s holds NUL bytes", name, path);
	*out = arena_strn(r->a, bytes, n);
	return 0;
}

static bool says_yes(const char *s)
{
	return s && *s && strcmp(s, "no") != 0 && strcmp(s, "0") != 0 && strcmp(s, "false") != 0;
}

static int take(struct reading *r, const struct word *word, const char *name, const char *value, struct err *e)
{
	struct engine_wishes *w = r->w;

	switch (word->meaning) {
	case USER: w->user = *value ? value : w->user; break;
	case PASSWORD: w->password = value; break;
	case ROOT_PASSWORD: w->root_password = value; break;
	case DATABASE: w->database = *value ? value : w->database; break;
	case NO_PASSWORD:
		if (says_yes(value) && !w->root_password)
			w->root_password = "";
		break;
	case KEPT: strs_fmt(r->a, &w->env, "%s=%s", name, value); break;
	case RANDOM:
	case WITHOUT: break;
	case REFUSED:
		if (*value)
			return fail(e, ENOTSUP, "%s is not available in a sandbox: %s", name, word->why);
		break;
	}
	return 0;
}

/* All words of one prefix. */
static int read_words(struct reading *r, const char *prefix, struct err *e)
{
	const struct word *word;

	for (word = r->words; word->name; word++) {
		const char *name = arena_fmt(r->a, "%s%s", prefix, word->name), *value;

		TRY(lookup(r, name, word->file, &value, e));
		if (value)
			TRY(take(r, word, name, value, e));
	}
	return 0;
}

static bool known(const struct word *words, const char *name, size_t n)
{
	for (; words->name; words++) {
		size_t k = strlen(words->name);

		if (k == n && strncmp(words->name, name, n) == 0)
			return true;
		if (words->file && k + 5 == n && strncmp(words->name, name, k) == 0 && strncmp(name + k, "_FILE", 5) == 0)
			return true;
	}
	return false;
}

static const char *nearest(const struct word *words, const char *name)
{
	const char *best = NULL;
	unsigned least = 4;

	for (; words->name; words++) {
		unsigned d = name_distance(name, words->name, least);

		if (d < least) {
			least = d;
			best = words->name;
		}
	}
	return best;
}

/* What has the engine's prefix and means nothing is a slip; everything else is for the init scripts. */
static int rest(struct reading *r, const char *const *prefixes, struct err *e)
{
	size_t i, p;

	for (i = 0; i < r->env->n; i++) {
		const char *v = r->env->v[i], *eq = strchr(v, '='), *name, *near_;

		if (!eq || eq == v)
			return fail(e, EINVAL, "%s: NAME=VALUE is what a variable looks like", v);
		name = arena_strn(r->a, v, (size_t)(eq - v));
		for (p = 0; prefixes[p] && strncmp(name, prefixes[p], strlen(prefixes[p])) != 0; p++)
			;
		if (!prefixes[p]) {
			strs_add(r->a, &r->w->env, v);
			continue;
		}
		name += strlen(prefixes[p]);
		if (known(r->words, name, strlen(name)))
			continue;
		near_ = nearest(r->words, name);
		return fail(e, EINVAL, "%s%s is no variable of this engine%s%s%s%s", prefixes[p], name, near_ ? "; did you mean " : "",
			    near_ ? prefixes[p] : "", near_ ? near_ : "", near_ ? "?" : "");
	}
	return 0;
}

/* The images know root and, if one is named, a user; a sandbox knows its user, who may be root. */
static int settle_mysql(struct engine_wishes *w, struct err *e)
{
	if (w->user && strcmp(w->user, "root") == 0)
		return fail(e, EINVAL, "MYSQL_USER is for a user beside root: MYSQL_ROOT_PASSWORD is root's password");
	if (w->password && !w->user)
		return fail(e, EINVAL, "MYSQL_PASSWORD needs MYSQL_USER: for root it is MYSQL_ROOT_PASSWORD");
	if (!w->user) {
		w->password = w->root_password;
		w->root_password = NULL;
	}
	return 0;
}

int engine_contract(struct arena *a, const struct engine *en, const struct strs *env, struct engine_wishes *w, struct err *e)
{
	static const char *const postgres[] = { "POSTGRES_", NULL }, *const mysql[] = { "MYSQL_", "MARIADB_", NULL },
				 *const redis[] = { "REDIS_", NULL };
	struct reading r = { .a = a, .env = env, .w = w };
	const char *const *prefixes = postgres;
	size_t i;

	r.words = postgres_words;
	if (en == &engine_mysql || en == &engine_mariadb) {
		r.words = mysql_words;
		prefixes = mysql;
	} else if (en == &engine_redis) {
		r.words = redis_words;
		prefixes = redis;
	}
	TRY(rest(&r, prefixes, e));
	/* a later prefix's word wins over an earlier one's: MARIADB_ over MYSQL_ */
	for (i = 0; prefixes[i]; i++)
		TRY(read_words(&r, prefixes[i], e));
	return prefixes == mysql ? settle_mysql(w, e) : 0;
}
