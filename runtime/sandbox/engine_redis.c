/* engine_redis.c - Redis, or Valkey where there is no Redis. Its password comes with its configuration.
 * Must not run a program: it says what to run. */
#include "base/fd.h"
#include "sandbox/builtin.h"
#include "sandbox/engine_impl.h"
#include "sandbox/environment.h"
#include "sys/sys.h"
#include <errno.h>
#include <string.h>

#define SAVE_MS 60000

static int find(struct arena *a, const char *rootfs, struct engine_programs *out, struct err *e)
{
	static const char *const dirs[] = { "/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/bitnami/redis/bin", NULL };
	struct search s;

	*out = (struct engine_programs){ .rootfs = rootfs };
	TRY(search_open(a, rootfs, &s, e));
	/* links stay: its programs are one file, which asks by what name it was called */
	out->server = search_all(&s, dirs, "redis-server", false);
	if (!out->server)
		out->server = search_all(&s, dirs, "valkey-server", false);
	if (out->server) {
		out->dir = arena_strn(a, out->server, (size_t)(strrchr(out->server, '/') - out->server));
		out->client = search_program(&s, out->dir, "redis-cli", false);
		if (!out->client)
			out->client = search_program(&s, out->dir, "valkey-cli", false);
		out->version = search_version(&s, out->server, NULL, NULL);
	}
	search_close(&s);
	if (!out->server)
		return fail(e, ENOENT, "redis is not installed%s: %s", rootfs ? " in the image" : "",
			    rootfs ? "it needs one such as the official redis image" : "apt install redis-server");
	return 0;
}

static const char reserved[] = "bind daemonize dir include logfile port requirepass unixsocket unixsocketperm user aclfile";

static int build(struct arena *a, const struct engine_programs *p, const struct engine_wishes *w, const char *password, struct strs *argv,
		 struct strs *env, struct err *e)
{
	const char *conf;

	if (w->init_dir && !p->client)
		return fail(e, ENOENT, "init files need redis-cli in %s: apt install redis-tools", p->dir);
	TRY(engine_settings(a, "redis/redis.conf", SETTINGS_REDIS, reserved, &w->settings, &conf, e));
	TRY(engine_script(a, "redis", p, w, conf, password, argv, env, e));
	strs_fmt(a, env, "CLIENT=%s", p->client ? p->client : "");
	return 0;
}

/* A word of redis.conf in quotes. */
static void word(struct text *t, const char *before, const char *s)
{
	text_fmt(t, "\"%s", before);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			text_fmt(t, "\\%c", *s);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			text_fmt(t, "\\x%02x", (unsigned char)*s);
		else
			text_add(t, s, 1);
	}
	text_str(t, "\"");
}

static int check_names(const struct sandbox *s, struct err *e)
{
	const char *d = s->conf.database, *u;

	if (!d || strspn(d, "0123456789") != strlen(d) || !*d || strlen(d) > 4)
		return fail(e, EINVAL, "a database of Redis is a number, 0 to 15 unless --set databases=N says more: %s is none",
			    d ? d : "\"\"");
	TRY(engine_check_name(s->conf.user, 64, "user", e));
	for (u = s->conf.user; *u; u++)
		if (*u == ' ' || *u == '"' || *u == '\'')
			return fail(e, EINVAL, "a user of Redis has no blanks and quotes in its name");
	if (!s->conf.password || !*s->conf.password)
		return fail(e, EINVAL, "Redis without a password would serve every user of this machine: give it one");
	return 0;
}

static int command(struct arena *a, const struct engine_programs *p, const struct sandbox *s, const struct engine_wishes *w,
		   struct strs *argv, struct strs *files, struct err *e)
{
	struct text auth = { .arena = a };
	const char *conf;

	TRY(check_names(s, e));
	TRY(engine_settings(a, "redis/redis.conf", SETTINGS_REDIS, reserved, &w->settings, &conf, e));
	if (!engine_has_file(s, "redis.conf"))
		engine_add_file(a, files, "redis.conf", conf);
	text_str(&auth, "# Written at each start, from sandbox.conf.\nrequirepass ");
	word(&auth, "", s->conf.password);
	if (strcmp(s->conf.user, "default") != 0) {
		text_str(&auth, "\nuser ");
		word(&auth, "", s->conf.user);
		text_str(&auth, " on ");
		word(&auth, ">", s->conf.password);
		text_str(&auth, " ~* &* +@all");
	}
	text_str(&auth, "\n");
	engine_add_file(a, files, "auth.conf", text_get(&auth));
	strs_add(a, argv, p->server);
	strs_add(a, argv, engine_inside(a, s, "config/redis.conf"));
	strs_add(a, argv, "--include");
	strs_add(a, argv, engine_inside(a, s, "config/auth.conf"));
	strs_add(a, argv, "--dir");
	strs_add(a, argv, engine_inside(a, s, "data"));
	strs_add(a, argv, "--bind");
	strs_add(a, argv, "0.0.0.0");
	if (engine_over_v6(s))
		strs_add(a, argv, "::");
	strs_add(a, argv, "--port");
	strs_add(a, argv, s->conf.port ? s->conf.port : "0");
	strs_add(a, argv, "--unixsocket");
	strs_add(a, argv, SANDBOX_SOCKETS "/redis.sock");
	strs_add(a, argv, "--unixsocketperm");
	strs_add(a, argv, "777"); /* its directory is what keeps others out */
	return 0;
}

/* +PONG, or an error, which says how far it is. */
static int ask(int fd, const struct sandbox *s, struct err *e)
{
	static const char question[] = "PING\r\n";
	static const char *const not_yet[] = { "-LOADING", "-MASTERDOWN", "-BUSY" };
	int64_t until = sys_now_us() + ASK_MS * 1000;
	char buf[256];
	size_t n, i;

	(void)s;
	if (!ask_send(fd, question, sizeof question - 1))
		return 0;
	n = ask_receive(fd, buf, sizeof buf - 1, 5, until);
	buf[n] = 0;
	if (!n)
		return 0;
	for (i = 0; i < sizeof not_yet / sizeof *not_yet; i++)
		if (strncmp(buf, not_yet[i], strlen(not_yet[i])) == 0 || (n < 8 && strncmp(buf, not_yet[i], n) == 0))
			return 0;
	if (strncmp(buf, "-DENIED", 7) == 0)
		return fail(e, EACCES, "Redis refuses connections: protected-mode is on, and it has no password");
	if (strncmp(buf, "+PONG", 5) == 0 || strncmp(buf, "-NOAU", 5) == 0 || strncmp(buf, "-ERR ", 5) == 0 ||
	    strncmp(buf, "-NOPE", 5) == 0 || strncmp(buf, "-MISC", 5) == 0)
		return 1;
	return ask_stranger(&engine_redis, e);
}

/* A word as the server's protocol has it. */
static void bulk(struct text *t, const char *s)
{
	text_fmt(t, "$%zu\r\n%s\r\n", strlen(s), s);
}

/* Logs in and saves: 1, 0 when a save was under way already, or an error. */
static int save(struct arena *a, const struct sandbox *s, int fd, int64_t until, struct err *e)
{
	struct text t = { .arena = a };
	char buf[512];
	const char *second;
	size_t n = 0, more;

	text_str(&t, "*3\r\n");
	bulk(&t, "AUTH");
	bulk(&t, s->conf.user);
	bulk(&t, s->conf.password);
	text_str(&t, "*1\r\n");
	bulk(&t, "SAVE");
	if (!ask_send(fd, text_get(&t), t.n))
		return fail(e, EPIPE, "Redis does not listen at %s", s->conf.socket);
	do { /* two answers, a line each */
		more = ask_receive(fd, buf + n, sizeof buf - 1 - n, 1, until);
		n += more;
		buf[n] = 0;
		second = strchr(buf, '\n');
	} while (more && n < sizeof buf - 1 && !(second && strchr(second + 1, '\n')));
	if (buf[0] == '-')
		return fail(e, EACCES, "Redis does not let us save its data: %.*s", (int)strcspn(buf, "\r\n"), buf);
	if (second && strncmp(second + 1, "+OK", 3) == 0)
		return 1;
	if (second && strstr(second, "already in progress"))
		return 0;
	return fail(e, EIO, "Redis could not save its data: %.*s", second ? (int)strcspn(second + 1, "\r\n") : 0, second ? second + 1 : "");
}

static int save_once(struct arena *a, const struct sandbox *s, int64_t until, struct err *e)
{
	AUTO_FD int fd = TRY(socket_open(s, e));

	return save(a, s, fd, until, e);
}

static int flush(struct arena *a, const struct sandbox *s, struct err *e)
{
	int64_t until = sys_now_us() + SAVE_MS * 1000;
	int r;

	if (!s->conf.socket || !s->conf.user || !s->conf.password)
		return fail(e, EINVAL, "sandbox %s has no socket, user or password in its sandbox.conf", s->name);
	while ((r = save_once(a, s, until, e)) == 0) {
		if (sys_now_us() > until)
			return fail(e, ETIMEDOUT, "Redis is still saving after %d s", SAVE_MS / 1000);
		sys_sleep_us(10000);
	}
	return r < 0 ? r : 0;
}

static void variables(struct arena *a, const struct sandbox *s, struct strs *out)
{
	const char *host = s->conf.host ? s->conf.host : "127.0.0.1", *port = s->conf.port ? s->conf.port : "6379";

	strs_fmt(a, out, "REDIS_HOST=%s", host);
	strs_fmt(a, out, "REDIS_PORT=%s", port);
	strs_fmt(a, out, "REDIS_URL=%s", environment_url(a, s));
	strs_fmt(a, out, "REDIS_PASSWORD=%s", s->conf.password ? s->conf.password : "");
	strs_fmt(a, out, "REDISCLI_AUTH=%s", s->conf.password ? s->conf.password : "");
}

const struct engine engine_redis = {
	.name = "redis",
	.title = "Redis",
	.port = 6379,
	.user = "default",
	.package = "redis-server",
	.socket = "redis.sock",
	.scheme = "redis",
	.memory = "128M",
	.least_memory = 4 << 20,
	.stop_signal = 15, /* it writes its data, then ends */
	.find = find,
	.build = build,
	.command = command,
	.ask = ask,
	.flush = flush,
	.variables = variables,
};
