/* engine_postgres.c - PostgreSQL. Its administrator is always the role postgres; a user of another name is a superuser beside it, with the
 * same password. Must not run a program: it says what to run. */
#include "base/fd.h"
#include "sandbox/builtin.h"
#include "sandbox/engine_impl.h"
#include "sandbox/pgwire.h"
#include "sandbox/scram.h"
#include "sys/sys.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define ADMIN "postgres"
/* What a template's database is called until a sandbox's first start names it. */
#define UNNAMED "_wasirun_"
#define NAME_MAX_BYTES 63
#define TALK_MS 30000

static int find(struct arena *a, const char *rootfs, struct engine_programs *out, struct err *e)
{
	static const char *const dirs[] = { "/usr/lib/postgresql/bin", "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin",
					    "/usr/libexec/postgresql", "/opt/bitnami/postgresql/bin", NULL };
	struct search s;
	const char *best;

	*out = (struct engine_programs){ .rootfs = rootfs };
	TRY(search_open(a, rootfs, &s, e));
	best = search_highest(&s, "/usr/lib/postgresql", "bin/postgres");
	if (best)
		out->server = search_program(&s, best, "postgres", true);
	if (!out->server)
		out->server = search_all(&s, dirs, "postgres", true);
	if (out->server) {
		out->dir = arena_strn(a, out->server, (size_t)(strrchr(out->server, '/') - out->server));
		out->client = search_program(&s, out->dir, "psql", false);
		out->version = search_version(&s, out->server, "PostgreSQL ", " (");
		if (!out->version)
			out->version = search_version(&s, out->server, "PostgreSQL ", " on ");
	}
	search_close(&s);
	if (!out->server)
		return fail(e, ENOENT, "postgres is not installed%s: %s", rootfs ? " in the image" : "",
			    rootfs ? "it needs one such as the official postgres image" : "apt install postgresql");
	return 0;
}

static const char reserved[] = "config_file data_directory external_pid_file hba_file listen_addresses port unix_socket_directories";

static const char *of(const struct strs *env, const char *name)
{
	size_t i, n = strlen(name);

	for (i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, n) == 0 && env->v[i][n] == '=')
			return env->v[i] + n + 1;
	return NULL;
}

static int build(struct arena *a, const struct engine_programs *p, const struct engine_wishes *w, const char *password, struct strs *argv,
		 struct strs *env, struct err *e)
{
	const char *conf;

	if (!p->client)
		return fail(e, ENOENT, "a template needs psql in %s: apt install postgresql-client", p->dir);
	TRY(engine_settings(a, "postgres/postgresql.conf", SETTINGS_POSTGRES, reserved, &w->settings, &conf, e));
	TRY(engine_script(a, "postgres", p, w, conf, password, argv, env, e));
	strs_fmt(a, env, "POSTGRES_DB=%s", w->init_dir && w->database ? w->database : UNNAMED);
	strs_fmt(a, env, "POSTGRES_USER=%s", w->init_dir && w->user ? w->user : ADMIN);
	return 0;
}

/* Who may log in how. Over the socket a password in clear text, which takes no challenge and cannot be overheard; never peer: inside a
 * user namespace that would say nothing. */
static int access_rules(struct arena *a, const struct engine_wishes *w, const char **out, struct err *e)
{
	static const char *const methods[] = { "scram-sha-256", "md5", "password", "trust", "reject" };
	const char *method = of(&w->env, "POSTGRES_HOST_AUTH_METHOD");
	size_t i;

	if (!method || !*method)
		method = methods[0];
	for (i = 0; i < sizeof methods / sizeof *methods && strcmp(methods[i], method) != 0; i++)
		;
	if (i == sizeof methods / sizeof *methods)
		return fail(e, EINVAL, "POSTGRES_HOST_AUTH_METHOD=%s: one of scram-sha-256, md5, password, trust, reject", method);
	*out = arena_fmt(a,
			 "# Who may log in how. wasirun itself uses the first line.\n"
			 "local all all password\n"
			 "host all all all %s\n"
			 "local replication all password\n"
			 "host replication all all %s\n",
			 method, method);
	return 0;
}

static int command(struct arena *a, const struct engine_programs *p, const struct sandbox *s, const struct engine_wishes *w,
		   struct strs *argv, struct strs *files, struct err *e)
{
	const char *text, *port = s->conf.port;

	TRY(engine_check_name(s->conf.database, NAME_MAX_BYTES, "database", e));
	TRY(engine_check_name(s->conf.user, NAME_MAX_BYTES, "user", e));
	TRY(engine_settings(a, "postgres/postgresql.conf", SETTINGS_POSTGRES, reserved, &w->settings, &text, e));
	if (!engine_has_file(s, "postgresql.conf"))
		engine_add_file(a, files, "postgresql.conf", text);
	TRY(access_rules(a, w, &text, e));
	if (!engine_has_file(s, "pg_hba.conf"))
		engine_add_file(a, files, "pg_hba.conf", text);
	strs_add(a, argv, p->server);
	strs_add(a, argv, "-D");
	strs_add(a, argv, engine_inside(a, s, "data"));
	strs_add(a, argv, "-c");
	strs_fmt(a, argv, "config_file=%s", engine_inside(a, s, "config/postgresql.conf"));
	strs_add(a, argv, "-c");
	strs_fmt(a, argv, "hba_file=%s", engine_inside(a, s, "config/pg_hba.conf"));
	strs_add(a, argv, "-c");
	strs_add(a, argv, "unix_socket_directories=" SANDBOX_SOCKETS);
	strs_add(a, argv, "-c");
	strs_fmt(a, argv, "listen_addresses=%s", !port || strcmp(port, "0") == 0 ? "" : engine_over_v6(s) ? "0.0.0.0,::" : "0.0.0.0");
	strs_add(a, argv, "-p");
	strs_add(a, argv, port && strcmp(port, "0") != 0 ? port : "5432");
	return 0;
}

/* One who is given his names: who he is going to be, and how far we are. */
struct naming {
	struct pgwire c;
	struct arena *a;
	const struct sandbox *s;
	const char *secret; /* the password as the server keeps it; NULL: it has to find that out itself */
};

/* Over the password's salted form the server would take longer than over all the rest. */
static const char *secret(struct arena *a, const struct sandbox *s)
{
	unsigned char salt[SCRAM_SALT];

	return s->conf.password && sys_random(salt, sizeof salt) == 0 ? scram_secret(a, s->conf.password, salt) : NULL;
}

static bool is_admin(const struct naming *x)
{
	return strcmp(x->s->conf.user, ADMIN) == 0;
}

/* Is there a row of this name? */
static int exists(struct naming *x, const char *query, const char *name, bool *yes, struct err *e)
{
	struct text t = { .arena = x->a };
	struct strs found = { NULL, 0 };

	text_str(&t, query);
	pgwire_literal(&t, name);
	TRY(pgwire_query(&x->c, text_get(&t), &found, e));
	*yes = found.n > 0;
	return 0;
}

static void alter_role(struct text *t, const struct naming *x, const char *user)
{
	text_str(t, "ALTER ROLE ");
	pgwire_identifier(t, user);
	text_str(t, " SUPERUSER LOGIN PASSWORD ");
	pgwire_literal(t, x->s->conf.password);
	text_str(t, "; ");
}

/* ALTER ROLE would try whether the secret is that of an empty password: 4096 rounds of the server's, 8 ms. Their rows take it as it is.
 * (No IN: each catalog more that the planner reads is one more to be copied where the data are an overlay.) */
static void set_secret(struct text *t, const struct naming *x)
{
	text_str(t, "UPDATE pg_catalog.pg_authid SET rolsuper = true, rolcanlogin = true, rolpassword = ");
	pgwire_literal(t, x->secret);
	text_str(t, " WHERE rolname = '" ADMIN "'");
	if (!is_admin(x)) {
		text_str(t, " OR rolname = ");
		pgwire_literal(t, x->s->conf.user);
	}
	text_str(t, "; ");
}

/* The statements that give the roles their password, and the database its owner. */
static int roles(struct naming *x, struct text *t, struct err *e)
{
	bool there = true;

	if (!is_admin(x))
		TRY(exists(x, "SELECT 1 FROM pg_catalog.pg_authid WHERE rolname = ", x->s->conf.user, &there, e));
	if (!there) {
		text_str(t, "CREATE ROLE ");
		pgwire_identifier(t, x->s->conf.user);
		text_str(t, "; ");
	}
	if (x->secret) {
		set_secret(t, x);
		return 0;
	}
	alter_role(t, x, ADMIN);
	if (!is_admin(x))
		alter_role(t, x, x->s->conf.user);
	return 0;
}

static void own(struct text *t, const struct naming *x)
{
	if (is_admin(x))
		return;
	text_str(t, "; ALTER DATABASE ");
	pgwire_identifier(t, x->s->conf.database);
	text_str(t, " OWNER TO ");
	pgwire_identifier(t, x->s->conf.user);
}

/* From within the template's database, whose first connection is then not the user's, who would wait for its caches. A database that
 * somebody is in cannot be renamed by ALTER DATABASE; its row can. */
static int name_from_within(struct naming *x, struct err *e)
{
	struct text t = { .arena = x->a };

	TRY(roles(x, &t, e));
	text_str(&t, "UPDATE pg_catalog.pg_database SET datname = ");
	pgwire_literal(&t, x->s->conf.database);
	text_str(&t, " WHERE datname = '" UNNAMED "'");
	own(&t, x);
	return pgwire_query(&x->c, text_get(&t), NULL, e);
}

/* The template has the database under its own name, or all of this was done before and nobody noted it, or it is to be one that every
 * server has. */
static int name_from_without(struct naming *x, struct err *e)
{
	struct text t = { .arena = x->a };
	bool there;

	TRY(exists(x, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = ", x->s->conf.database, &there, e));
	text_str(&t, "CREATE DATABASE ");
	pgwire_identifier(&t, x->s->conf.database);
	if (!there)
		TRY(pgwire_query(&x->c, text_get(&t), NULL, e));
	TRY(pgwire_query(&x->c, "DROP DATABASE IF EXISTS " UNNAMED, NULL, e));
	t.n = 0;
	text_str(&t, "");
	TRY(roles(x, &t, e));
	text_str(&t, "SELECT 1");
	own(&t, x);
	return pgwire_query(&x->c, text_get(&t), NULL, e);
}

static int enter(struct naming *x, const char *password, const char *database, struct err *e)
{
	AUTO_FD int fd = TRY(socket_open(x->s, e));

	TRY(pgwire_begin(&x->c, x->a, take_fd(&fd), ADMIN, database, TALK_MS, e));
	return pgwire_login(&x->c, password, e);
}

/* A name that each server has a database of. */
static bool is_everywhere(const char *database)
{
	return strcmp(database, "postgres") == 0 || strcmp(database, "template1") == 0 || strcmp(database, "template0") == 0;
}

/* What is done in one transaction was done, or was not; each step can be done again where a kill came before anybody noted it. */
static int baptise(struct arena *a, const struct sandbox *s, const char *template_password, const char *kept, struct err *e)
{
	struct naming x = { .a = a, .s = s, .secret = kept, .c.fd = -1 };
	const char *password = template_password ? template_password : "";
	bool within;
	int r;

	if (!s->conf.socket || !s->conf.password || !s->conf.database || !s->conf.user)
		return fail(e, EINVAL, "sandbox %s has no socket, user, password or database in its sandbox.conf", s->name);
	within = !is_everywhere(s->conf.database);
	r = enter(&x, password, within ? UNNAMED : ADMIN, e);
	if (r == -EACCES && strcmp(x.c.state, "3D000") == 0) {
		within = false;
		r = enter(&x, password, ADMIN, e);
	}
	if (r == -EACCES && strncmp(x.c.state, "28", 2) == 0) {
		within = false;
		r = enter(&x, s->conf.password, ADMIN, e);
	}
	if (r == 0)
		r = within ? name_from_within(&x, e) : name_from_without(&x, e);
	pgwire_close(&x.c);
	if (r == 0)
		*e = (struct err){ 0 };
	return r;
}

/* The postmaster notes how far it is in the eighth line of its pid file. Each question costs it a process, and one that comes too early
 * a line in its log. What a kill left there says "ready", too: then it is asked. */
static bool might_be_ready(const struct sandbox *s)
{
	char text[512], *line = text;
	AUTO_FD int fd = -1;
	unsigned i = 0;

	if (s->fd < 0)
		return true;
	/* the server may have put anything there, for us to open */
	fd = sys_openat2(s->fd, "data/postmaster.pid", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd == -ENOENT)
		return false;
	if (fd < 0 || sys_read_all(fd, text, sizeof text) < 0)
		return true;
	for (; i < 7 && line; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line && (strncmp(line, "ready", 5) == 0 || strncmp(line, "standby", 7) == 0);
}

/* A start-up message of a user who need not exist: ready is who asks for a password, or says anything but "not yet". */
static int ask(int fd, const struct sandbox *s, struct err *e)
{
	static const char question[] = { 0, 0, 0, 41, 0, 3, 0, 0, 'u', 's', 'e', 'r', 0, 'p', 'o', 's', 't', 'g', 'r', 'e', 's', 0,
					 'd', 'a', 't', 'a', 'b', 'a', 's', 'e', 0, 'p', 'o', 's', 't', 'g', 'r', 'e', 's', 0, 0 };
	int64_t until = sys_now_us() + ASK_MS * 1000;
	char buf[1024], state[6], words[256];
	uint32_t length;
	size_t n;

	(void)s;
	if (!ask_send(fd, question, sizeof question))
		return 0;
	n = ask_receive(fd, buf, sizeof buf, 5, until);
	if (!n)
		return 0;
	if (n < 5 || !strchr("RE", buf[0]) || !buf[0])
		return ask_stranger(&engine_postgres, e);
	memcpy(&length, buf + 1, 4);
	length = ntohl(length);
	if (length < 8 || length > 65536)
		return ask_stranger(&engine_postgres, e);
	if (buf[0] == 'R')
		return 1;
	if (n < (size_t)length + 1 && (size_t)length + 1 <= sizeof buf) {
		size_t more = ask_receive(fd, buf + n, sizeof buf - n, (size_t)length + 1 - n, until);

		n += more;
	}
	pgwire_error(buf + 5, n - 5, state, words, sizeof words);
	if (!state[0])
		return ask_stranger(&engine_postgres, e);
	return strcmp(state, "57P03") != 0;
}

static void variables(struct arena *a, const struct sandbox *s, struct strs *out)
{
	strs_fmt(a, out, "PGHOST=%s", s->conf.host ? s->conf.host : "127.0.0.1");
	strs_fmt(a, out, "PGPORT=%s", s->conf.port ? s->conf.port : "5432");
	strs_fmt(a, out, "PGDATABASE=%s", s->conf.database ? s->conf.database : "");
	strs_fmt(a, out, "PGUSER=%s", s->conf.user ? s->conf.user : "");
	strs_fmt(a, out, "PGPASSWORD=%s", s->conf.password ? s->conf.password : "");
}

const struct engine engine_postgres = {
	.name = "postgres",
	.title = "PostgreSQL",
	.port = 5432,
	.user = ADMIN,
	.package = "postgresql",
	.socket = ".s.PGSQL.%s",
	.scheme = "postgresql",
	.memory = "256M",
	.least_memory = 16 << 20,
	.stop_signal = 2, /* SIGINT: ends the clients' connections and then itself ("fast") */
	.find = find,
	.build = build,
	.command = command,
	.secret = secret,
	.baptise = baptise,
	.ask = ask,
	.might_be_ready = might_be_ready,
	.variables = variables,
};
