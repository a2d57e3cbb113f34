/* engine_settings.c - a server's settings: the template's file with the wishes in it; and what a build is started with.
 * Must not write a file: whoever starts the server does. */
#include "sandbox/builtin.h"
#include "sandbox/engine_impl.h"
#include "sys/sys.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

void strs_add(struct arena *a, struct strs *l, const char *s)
{
	*arena_push(a, l) = arena_str(a, s);
	*arena_push(a, l) = NULL;
	l->n--;
}

void strs_fmt(struct arena *a, struct strs *l, const char *fmt, ...)
{
	struct text t = { .arena = a };
	va_list ap;

	va_start(ap, fmt);
	text_vfmt(&t, fmt, ap);
	va_end(ap);
	strs_add(a, l, text_get(&t));
}

bool engine_has_file(const struct sandbox *s, const char *name)
{
	char path[128] = "config/";
	size_t n = strlen(name);

	if (s->fd < 0 || n > 100)
		return false;
	memcpy(path + 7, name, n + 1);
	return sys_access(s->fd, path, F_OK, 0) == 0;
}

void engine_add_file(struct arena *a, struct strs *files, const char *name, const char *text)
{
	strs_add(a, files, name);
	strs_add(a, files, text);
}

bool engine_over_v6(const struct sandbox *s)
{
	return s->conf.publish && strchr(s->conf.publish, ':');
}

const char *engine_inside(struct arena *a, const struct sandbox *s, const char *what)
{
	return arena_fmt(a, "/sandboxes/%s/%s", s->name, what);
}

/* "a-b" and "a_b" are one name to MySQL; no server tells upper case from lower. */
static bool same_name(const char *a, size_t n, const char *b)
{
	size_t i;

	for (i = 0; i < n && b[i]; i++)
		if ((a[i] == '-' ? '_' : tolower((unsigned char)a[i])) != (b[i] == '-' ? '_' : tolower((unsigned char)b[i])))
			return false;
	return i == n && !b[n];
}

static bool listed(const char *names, const char *name)
{
	while (*names) {
		size_t n = strcspn(names, " ");

		if (same_name(names, n, name))
			return true;
		names += n + (names[n] == ' ');
	}
	return false;
}

struct setting {
	const char *name, *value;
};
struct settings {
	LIST(struct setting);
};

static int check(struct arena *a, const char *wish, const char *reserved, struct settings *out, struct err *e)
{
	const char *eq = strchr(wish, '=');
	size_t n = eq ? (size_t)(eq - wish) : 0, i;
	const char *name;

	if (!eq || eq == wish)
		return fail(e, EINVAL, "--set %s: NAME=VALUE of a server's setting, such as max_connections=20", wish);
	name = arena_strn(a, wish, n);
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_.-", name[i]))
			return fail(e, EINVAL, "--set %s: a setting's name has letters, digits and _ . - only", wish);
	if (strpbrk(eq, "\n\r"))
		return fail(e, EINVAL, "--set %s: a setting's value is one line", name);
	if (listed(reserved, name))
		return fail(e, EINVAL, "--set %s: the sandbox decides that itself", name);
	*arena_push(a, out) = (struct setting){ name, eq + 1 };
	return 0;
}

static void put_setting(struct text *t, enum settings_format f, const struct setting *s)
{
	const char *p;

	switch (f) {
	case SETTINGS_POSTGRES:
		text_fmt(t, "%s = '", s->name);
		for (p = s->value; *p; p++)
			text_fmt(t, *p == '\'' || *p == '\\' ? "%c%c" : "%c", *p, *p);
		text_str(t, "'\n");
		break;
	case SETTINGS_MYSQL: text_fmt(t, "%s = %s\n", s->name, s->value); break;
	case SETTINGS_REDIS: text_fmt(t, "%s %s\n", s->name, *s->value ? s->value : "\"\""); break;
	}
}

/* Does a wish take this line's place? */
static bool replaced(const char *line, const struct settings *l)
{
	size_t n = strcspn(line, " =\n"), i;

	for (i = 0; i < l->n; i++)
		if (same_name(line, n, l->v[i].name))
			return true;
	return false;
}

int engine_settings(struct arena *a, const char *file, enum settings_format f, const char *reserved, const struct strs *wishes,
		    const char **out, struct err *e)
{
	struct text t = { .arena = a };
	struct settings l = { .v = NULL };
	const char *line;
	size_t i, n;

	for (i = 0; i < wishes->n; i++)
		TRY(check(a, wishes->v[i], reserved, &l, e));
	for (line = builtin_file(file); line && *line; line += n) {
		n = strcspn(line, "\n");
		n += line[n] == '\n';
		if (!isalnum((unsigned char)*line) || !replaced(line, &l))
			text_add(&t, line, n);
	}
	if (l.n)
		text_str(&t, "\n# --set\n");
	for (i = 0; i < l.n; i++)
		put_setting(&t, f, &l.v[i]);
	*out = text_get(&t);
	return 0;
}

bool engine_wants_durability(const struct engine *en, const struct engine_wishes *w)
{
	size_t i;

	for (i = 0; i < w->settings.n; i++) {
		const char *wish = w->settings.v[i], *eq = strchr(wish, '=');
		size_t n = eq ? (size_t)(eq - wish) : 0;

		if (!eq)
			continue;
		if (en == &engine_postgres && same_name(wish, n, "fsync") && strcasecmp(eq, "=off") && strcmp(eq, "=0") &&
		    strcasecmp(eq, "=false") && strcasecmp(eq, "=no"))
			return true;
		if ((en == &engine_mariadb || en == &engine_mysql) && same_name(wish, n, "innodb_flush_method") &&
		    strcasecmp(eq, "=nosync"))
			return true;
		if (en == &engine_redis && same_name(wish, n, "appendfsync") && strcasecmp(eq, "=always") == 0)
			return true;
	}
	return false;
}

/* The shell that most init files were written for, where it is there. */
static const char *shell(struct search *s)
{
	const char *found = search_program(s, "/bin", "bash", false);

	return found ? "/bin/bash" : "/bin/sh";
}

static const char *init_path(struct arena *a, const char *init, bool directory)
{
	const char *slash = strrchr(init, '/');

	return directory ? SANDBOX_INIT : arena_fmt(a, SANDBOX_INIT "/%s", slash ? slash + 1 : init);
}

int engine_script(struct arena *a, const char *name, const struct engine_programs *p, const struct engine_wishes *w, const char *conf,
		  const char *password, struct strs *argv, struct strs *env, struct err *e)
{
	const char *init = "", *script = builtin_file(arena_fmt(a, "%s/build.sh", name));
	struct search s;
	struct stat st;
	size_t i;

	if (w->init_dir) {
		int r = sys_statat(AT_FDCWD, w->init_dir, &st, 0);

		if (r < 0)
			return fail_sys(e, r, "--init %s", w->init_dir);
		if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
			return fail(e, EINVAL, "--init %s: a directory of .sql, .sql.gz and .sh files, or one of them", w->init_dir);
		init = init_path(a, w->init_dir, S_ISDIR(st.st_mode));
	}
	TRY(search_open(a, p->rootfs, &s, e));
	strs_add(a, argv, shell(&s));
	search_close(&s);
	strs_add(a, argv, "-c");
	strs_fmt(a, argv, "%s%s", builtin_file("init.sh"), script);
	strs_add(a, argv, "build.sh");
	for (i = 0; i < w->env.n; i++)
		strs_add(a, env, w->env.v[i]);
	strs_fmt(a, env, "BIN=%s", p->dir);
	strs_fmt(a, env, "SERVER=%s", p->server);
	strs_add(a, env, "DATA=/sandboxes/" SANDBOX_TEMPLATE "/data");
	strs_fmt(a, env, "INIT=%s", init);
	strs_fmt(a, env, "CONF=%s", conf);
	strs_fmt(a, env, "ADMIN_PASSWORD=%s", password);
	return 0;
}

int engine_check_name(const char *name, size_t max, const char *what, struct err *e)
{
	size_t i, n = strlen(name);

	if (!n)
		return fail(e, EINVAL, "the name of the %s is empty", what);
	if (n > max)
		return fail(e, EINVAL, "the name of the %s has %zu bytes: the server takes %zu", what, n, max);
	for (i = 0; i < n; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return fail(e, EINVAL, "the name of the %s holds a control character", what);
	return 0;
}
