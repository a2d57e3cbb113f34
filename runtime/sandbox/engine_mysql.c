/* engine_mysql.c - MySQL and MariaDB, which differ in how they are built and in how a password is set. Names and passwords come with the
 * first start's --init-file. Must not run a program: it says what to run. */
#include "base/fd.h"
#include "sandbox/builtin.h"
#include "sandbox/engine_impl.h"
#include "sys/sys.h"
#include <errno.h>
#include <string.h>

#define SOCKET_NAME "mysqld.sock"

static const char *const dirs[] = { "/usr/sbin", "/usr/bin", "/usr/libexec", "/usr/local/mysql/bin", "/usr/local/sbin", "/usr/local/bin",
				    "/opt/bitnami/mariadb/sbin", "/opt/bitnami/mysql/bin", NULL };

static const char *dir_of(struct arena *a, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	return n ? arena_strn(a, path, n) : "/";
}

/* The directory of the tools; the server often stands in another. */
static void find_tools(struct search *s, struct engine_programs *out, const char *install, const char *older, const char *client)
{
	const char *tool = search_all(s, dirs, install, false);

	if (!tool)
		tool = search_all(s, dirs, older, false);
	out->client = search_all(s, dirs, client, false);
	if (!out->client)
		out->client = search_all(s, dirs, "mysql", false);
	out->dir = dir_of(s->a, tool ? tool : out->client ? out->client : out->server);
}

static int find_mariadb(struct arena *a, const char *rootfs, struct engine_programs *out, struct err *e)
{
	struct search s;

	*out = (struct engine_programs){ .rootfs = rootfs };
	TRY(search_open(a, rootfs, &s, e));
	out->server = search_all(&s, dirs, "mariadbd", true);
	if (!out->server)
		out->server = search_all(&s, dirs, "mysqld", true); /* before 10.4 it had no other name */
	if (out->server)
		out->version = search_version(&s, out->server, NULL, "-MariaDB");
	if (out->version)
		find_tools(&s, out, "mariadb-install-db", "mysql_install_db", "mariadb");
	search_close(&s);
	if (!out->version)
		return fail(e, ENOENT, "mariadb is not installed%s: %s", rootfs ? " in the image" : "",
			    rootfs ? "it needs one such as the official mariadb image" : "apt install mariadb-server");
	return 0;
}

static bool is_mariadb(struct search *s, const char *server)
{
	const char *name = strrchr(server, '/') + 1;

	return strcmp(name, "mariadbd") == 0 || search_version(s, server, NULL, "-MariaDB");
}

static int find_mysql(struct arena *a, const char *rootfs, struct engine_programs *out, struct err *e)
{
	struct search s;

	*out = (struct engine_programs){ .rootfs = rootfs };
	TRY(search_open(a, rootfs, &s, e));
	out->server = search_all(&s, dirs, "mysqld", true);
	if (out->server && is_mariadb(&s, out->server))
		out->server = NULL;
	if (out->server) {
		out->version = search_version(&s, out->server, NULL, NULL);
		out->dir = dir_of(a, out->server);
		out->client = search_program(&s, out->dir, "mysql", false);
		if (!out->client)
			out->client = search_all(&s, dirs, "mysql", false);
	}
	search_close(&s);
	if (!out->server)
		return fail(e, ENOENT, "mysql is not installed%s: %s", rootfs ? " in the image" : "",
			    rootfs ? "it needs one such as the official mysql image" :
				     "install MySQL's own server, or MariaDB (apt install mariadb-server), which then serves it");
	return 0;
}

static const char reserved[] = "basedir bind_address datadir init_file pid_file port skip_networking socket user";

static int build(struct arena *a, const char *name, const struct engine_programs *p, const struct engine_wishes *w, const char *password,
		 struct strs *argv, struct strs *env, struct err *e)
{
	const char *conf;

	if (!p->client)
		return fail(e, ENOENT, "a template needs the client %s: apt install mariadb-client", name);
	TRY(engine_settings(a, arena_fmt(a, "%s/my.cnf", name), SETTINGS_MYSQL, reserved, &w->settings, &conf, e));
	TRY(engine_script(a, name, p, w, conf, password, argv, env, e));
	strs_fmt(a, env, "CLIENT=%s", p->client);
	strs_fmt(a, env, "MYSQL_DATABASE=%s", w->init_dir && w->database ? w->database : "");
	strs_fmt(a, env, "MYSQL_USER=%s", w->init_dir && w->user && strcmp(w->user, "root") != 0 ? w->user : "");
	return 0;
}

static int build_mariadb(struct arena *a, const struct engine_programs *p, const struct engine_wishes *w, const char *password,
			 struct strs *argv, struct strs *env, struct err *e)
{
	return build(a, "mariadb", p, w, password, argv, env, e);
}

static int build_mysql(struct arena *a, const struct engine_programs *p, const struct engine_wishes *w, const char *password,
		       struct strs *argv, struct strs *env, struct err *e)
{
	return build(a, "mysql", p, w, password, argv, env, e);
}

/* In the mode that init_sql sets, "\" is an escape. */
static void literal(struct text *t, const char *s)
{
	text_str(t, "'");
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			text_str(t, "\\");
		text_add(t, s, 1);
	}
	text_str(t, "'");
}

/* pattern: where "_" and "%" would stand for others. */
static void identifier(struct text *t, const char *s, bool pattern)
{
	text_str(t, "`");
	for (; *s; s++) {
		if (*s == '`')
			text_str(t, "`");
		if (pattern && strchr("_%\\", *s))
			text_str(t, "\\");
		text_add(t, s, 1);
	}
	text_str(t, "`");
}

static void set_password(struct text *t, bool mariadb, const char *user, const char *host, const char *password)
{
	text_str(t, "CREATE USER IF NOT EXISTS ");
	literal(t, user);
	text_fmt(t, "@'%s';\nALTER USER ", host);
	literal(t, user);
	text_fmt(t, "@'%s' IDENTIFIED ", host);
	text_str(t, mariadb ? "VIA mysql_native_password USING PASSWORD(" : "BY ");
	literal(t, password);
	text_str(t, mariadb ? ");\n" : ";\n");
}

/* One statement a line, each of which may be done twice. */
static const char *init_sql(struct arena *a, bool mariadb, const struct sandbox *s, const struct engine_wishes *w)
{
	struct text t = { .arena = a };
	bool root = strcmp(s->conf.user, "root") == 0;
	const char *password = root ? s->conf.password : w->root_password ? w->root_password : s->conf.password;

	text_str(&t, "SET SESSION sql_mode = '';\nCREATE DATABASE IF NOT EXISTS ");
	identifier(&t, s->conf.database, false);
	text_str(&t, ";\n");
	set_password(&t, mariadb, "root", "localhost", password);
	set_password(&t, mariadb, "root", "%", password);
	text_str(&t, "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;\n");
	if (!root) {
		set_password(&t, mariadb, s->conf.user, "%", s->conf.password);
		text_str(&t, "GRANT ALL PRIVILEGES ON ");
		identifier(&t, s->conf.database, true);
		text_str(&t, ".* TO ");
		literal(&t, s->conf.user);
		text_str(&t, "@'%';\n");
	}
	return text_get(&t);
}

static int command(struct arena *a, const char *name, const struct engine_programs *p, const struct sandbox *s,
		   const struct engine_wishes *w, struct strs *argv, struct strs *files, struct err *e)
{
	const char *text, *port = s->conf.port, *init;

	TRY(engine_check_name(s->conf.database, 64, "database", e));
	TRY(engine_check_name(s->conf.user, 32, "user", e));
	if (s->conf.password && strpbrk(s->conf.password, "\r\n"))
		return fail(e, EINVAL, "the password is more than one line");
	TRY(engine_settings(a, arena_fmt(a, "%s/my.cnf", name), SETTINGS_MYSQL, reserved, &w->settings, &text, e));
	if (!engine_has_file(s, "my.cnf"))
		engine_add_file(a, files, "my.cnf", text);
	strs_add(a, argv, p->server);
	strs_fmt(a, argv, "--defaults-file=%s", engine_inside(a, s, "config/my.cnf"));
	strs_fmt(a, argv, "--datadir=%s", engine_inside(a, s, "data"));
	strs_add(a, argv, "--socket=" SANDBOX_SOCKETS "/" SOCKET_NAME);
	strs_add(a, argv, "--pid-file=" SANDBOX_SOCKETS "/mysqld.pid");
	if (port && strcmp(port, "0") != 0) {
		strs_fmt(a, argv, "--port=%s", port);
		strs_add(a, argv, engine_over_v6(s) ? "--bind-address=::" : "--bind-address=0.0.0.0"); /* ::, for both */
	} else {
		strs_add(a, argv, "--skip-networking");
	}
	if (s->conf.fresh) {
		/* named by the sandbox's id: a copy of the tree must not get the password of the first one */
		init = arena_fmt(a, "init-%s.sql", s->conf.id ? s->conf.id : "");
		if (!engine_has_file(s, init))
			engine_add_file(a, files, init, init_sql(a, strcmp(name, "mariadb") == 0, s, w));
		strs_fmt(a, argv, "--init-file=%s/%s", engine_inside(a, s, "config"), init);
	}
	return 0;
}

static int command_mariadb(struct arena *a, const struct engine_programs *p, const struct sandbox *s, const struct engine_wishes *w,
			   struct strs *argv, struct strs *files, struct err *e)
{
	return command(a, "mariadb", p, s, w, argv, files, e);
}

static int command_mysql(struct arena *a, const struct engine_programs *p, const struct sandbox *s, const struct engine_wishes *w,
			 struct strs *argv, struct strs *files, struct err *e)
{
	return command(a, "mysql", p, s, w, argv, files, e);
}

/* The server speaks first: a packet of 3 bytes of length, a number, and either the greeting of protocol 10 or an error. */
static int ask(int fd, const struct sandbox *s, struct err *e)
{
	int64_t until = sys_now_us() + ASK_MS * 1000;
	unsigned char buf[512];
	unsigned code;
	size_t n, length;

	(void)s;
	n = ask_receive(fd, buf, sizeof buf, 7, until);
	if (!n)
		return 0;
	if (n < 7)
		return ask_stranger(&engine_mariadb, e);
	length = buf[0] | (size_t)buf[1] << 8 | (size_t)buf[2] << 16;
	if (length < 3 || length > 65536 || buf[3] != 0)
		return ask_stranger(&engine_mariadb, e);
	if (buf[4] == 10)
		return 1;
	if (buf[4] != 0xff)
		return ask_stranger(&engine_mariadb, e);
	code = buf[5] | (unsigned)buf[6] << 8;
	switch (code) {
	case 1040: /* too many connections, */
	case 1203: return 1; /* of one user: it serves others */
	case 1053:
	case 1152:
	case 1158:
	case 1927: return 0; /* it ends, or broke this one off: its pidfd will tell */
	default: break;
	}
	if (length + 4 > n && length + 4 <= sizeof buf) {
		size_t more = ask_receive(fd, buf + n, sizeof buf - n, length + 4 - n, until);

		n += more;
	}
	return fail(e, EACCES, "the server refuses connections (%u): %.*s", code, (int)(n > 7 ? n - 7 : 0), (const char *)buf + 7);
}

static void variables(struct arena *a, const struct sandbox *s, struct strs *out)
{
	strs_fmt(a, out, "MYSQL_HOST=%s", s->conf.host ? s->conf.host : "127.0.0.1");
	strs_fmt(a, out, "MYSQL_TCP_PORT=%s", s->conf.port ? s->conf.port : "3306");
	strs_fmt(a, out, "MYSQL_UNIX_PORT=%s", s->conf.socket ? s->conf.socket : "");
	strs_fmt(a, out, "MYSQL_PWD=%s", s->conf.password ? s->conf.password : "");
	strs_fmt(a, out, "MYSQL_USER=%s", s->conf.user ? s->conf.user : "");
	strs_fmt(a, out, "MYSQL_DATABASE=%s", s->conf.database ? s->conf.database : "");
}

const struct engine engine_mysql = {
	.name = "mysql",
	.title = "MySQL",
	.port = 3306,
	.user = "root",
	.package = "mysql-server",
	.socket = SOCKET_NAME,
	.scheme = "mysql",
	.memory = "768M",
	.least_memory = 64 << 20,
	.stop_signal = 15,
	.find = find_mysql,
	.build = build_mysql,
	.command = command_mysql,
	.ask = ask,
	.variables = variables,
};

const struct engine engine_mariadb = {
	.name = "mariadb",
	.title = "MariaDB",
	.port = 3306,
	.user = "root",
	.package = "mariadb-server",
	.socket = SOCKET_NAME,
	.scheme = "mysql",
	.memory = "512M",
	.least_memory = 32 << 20,
	.stop_signal = 15,
	.find = find_mariadb,
	.build = build_mariadb,
	.command = command_mariadb,
	.ask = ask,
	.variables = variables,
};
