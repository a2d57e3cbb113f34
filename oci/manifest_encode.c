/* manifest_encode.c - a manifest as the full form: one meaning, one text.
 * Must not write a secret's value. */
#include "oci/manifest_doc.h"
#include <string.h>

static void put_strs(struct json_out *w, const char *key, const struct strs *s)
{
	size_t i;

	if (!s->n)
		return;
	json_key(w, key);
	json_open(w, '[');
	for (i = 0; i < s->n; i++)
		json_put_str(w, s->v[i]);
	json_close(w, ']');
}

static void put_endpoints(struct json_out *w, const char *key, const struct endpoint *v, size_t n)
{
	size_t i;

	if (!n)
		return;
	json_key(w, key);
	json_open(w, '[');
	for (i = 0; i < n; i++)
		json_put_str(w, v[i].text);
	json_close(w, ']');
}

static void put_network(struct json_out *w, const struct manifest *m)
{
	if (m->network_host) {
		json_key(w, "network");
		json_put_str(w, "host");
	} else if (m->listen.n + m->connect.n) {
		json_key(w, "network");
		json_open(w, '{');
		put_endpoints(w, "listen", m->listen.v, m->listen.n);
		put_endpoints(w, "connect", m->connect.v, m->connect.n);
		json_close(w, '}');
	}
}

static void put_paths(struct json_out *w, const char *key, const struct manifest *m, unsigned access)
{
	bool open = false;
	size_t i;

	for (i = 0; i < m->paths.n; i++) {
		if (m->paths.v[i].access != access)
			continue;
		if (!open) {
			json_key(w, key);
			json_open(w, '[');
			open = true;
		}
		json_put_str(w, m->paths.v[i].inside);
	}
	if (open)
		json_close(w, ']');
}

static void put_filesystem(struct json_out *w, const struct manifest *m)
{
	size_t i;

	if (!m->root_given && !m->paths.n && !m->tmpfs.n)
		return;
	json_key(w, "filesystem");
	json_open(w, '{');
	if (m->root_given) {
		json_key(w, "root");
		json_put_str(w, arena_fmt(w->t->arena, "%s%s", fs_root_names[m->root], m->root_path ? m->root_path : ""));
	}
	put_paths(w, "read", m, ACCESS_READ);
	put_paths(w, "write", m, ACCESS_READ | ACCESS_WRITE);
	put_paths(w, "cow", m, ACCESS_READ | ACCESS_COW);
	put_paths(w, "deny", m, ACCESS_DENY);
	if (m->tmpfs.n) {
		json_key(w, "tmpfs");
		json_open(w, '{');
		for (i = 0; i < m->tmpfs.n; i++) {
			json_key(w, m->tmpfs.v[i].path);
			json_put_str(w, manifest_size_text(w->t->arena, m->tmpfs.v[i].size));
		}
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_text(struct json_out *w, const char *key, const char *text)
{
	json_key(w, key);
	json_put_str(w, text);
}

static void put_resources(struct json_out *w, const struct manifest *m)
{
	struct arena *a = w->t->arena;

	if (!(m->memory.set | m->swap.set | m->cpu_milli.set | m->pids.set | m->disk.set | m->files.set | m->timeout_ms.set |
	      m->output.set))
		return;
	json_key(w, "resources");
	json_open(w, '{');
	if (m->memory.set)
		put_text(w, "memory", manifest_size_text(a, m->memory.v));
	if (m->swap.set)
		put_text(w, "swap", manifest_size_text(a, m->swap.v));
	if (m->cpu_milli.set)
		put_text(w, "cpu", manifest_cpu_text(a, m->cpu_milli.v));
	if (m->pids.set) {
		json_key(w, "pids");
		json_put_uint(w, m->pids.v);
	}
	if (m->disk.set)
		put_text(w, "disk", manifest_size_text(a, m->disk.v));
	if (m->files.set) {
		json_key(w, "files");
		json_put_uint(w, m->files.v);
	}
	if (m->timeout_ms.set)
		put_text(w, "timeout", manifest_duration_text(a, m->timeout_ms.v));
	if (m->output.set)
		put_text(w, "output", manifest_size_text(a, m->output.v));
	json_close(w, '}');
}

static void put_exec(struct json_out *w, const struct manifest *m)
{
	size_t i;

	if (m->exec_any)
		return;
	json_key(w, "exec");
	json_open(w, '[');
	for (i = 0; i < m->exec.n; i++)
		json_put_str(w, m->exec.v[i].inside);
	json_close(w, ']');
}

static void put_process(struct json_out *w, const struct manifest *m)
{
	bool landlock = strcmp(m->landlock, "auto") != 0;
	size_t i;

	if (!m->uid.set && !m->cwd && !m->capabilities.n && m->exec_any && !m->namespaces_allowed && !landlock)
		return;
	json_key(w, "process");
	json_open(w, '{');
	if (m->uid.set)
		put_text(w, "user", arena_fmt(w->t->arena, "%ju:%ju", (uintmax_t)m->uid.v, (uintmax_t)m->gid.v));
	if (m->cwd)
		put_text(w, "cwd", m->cwd);
	if (m->capabilities.n) {
		json_key(w, "capabilities");
		json_open(w, '[');
		for (i = 0; i < m->capabilities.n; i++)
			json_put_str(w, words_capability.v[m->capabilities.v[i]].name);
		json_close(w, ']');
	}
	put_exec(w, m);
	if (m->namespaces_allowed)
		put_text(w, "namespaces", "allow");
	if (landlock) {
		json_key(w, "lsm");
		json_open(w, '{');
		put_text(w, "landlock", m->landlock);
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_grants(struct json_out *w, const struct manifest *m)
{
	size_t i;

	json_key(w, "capabilities");
	json_open(w, '{');
	put_network(w, m);
	put_filesystem(w, m);
	put_resources(w, m);
	put_process(w, m);
	json_key(w, "syscalls");
	json_open(w, '{');
	put_text(w, "profile", m->syscalls_profile);
	put_strs(w, "allow", &m->syscalls_allow);
	put_strs(w, "deny", &m->syscalls_deny);
	if (m->syscalls_kill)
		put_text(w, "action", "kill");
	json_close(w, '}');
	json_key(w, "devices");
	json_open(w, '[');
	for (i = 0; i < m->devices.n; i++)
		json_put_str(w, m->devices.v[i]);
	json_close(w, ']');
	json_close(w, '}');
}

static void put_secret(struct json_out *w, const struct secret *s)
{
	json_key(w, s->name);
	json_open(w, '{');
	if (s->generate) {
		json_key(w, "generate");
		json_put_uint(w, s->generate);
	}
	if (s->file)
		put_text(w, "file", s->file);
	if (s->env) {
		json_key(w, "env");
		json_put_bool(w, true);
	}
	json_close(w, '}');
}

void manifest_encode(struct json_out *w, const struct manifest *m)
{
	size_t i;

	json_open(w, '{');
	if (m->sandbox)
		put_text(w, "sandbox", m->sandbox);
	put_text(w, "version", "1.0");
	put_grants(w, m);
	if (m->environment.n) {
		json_key(w, "environment");
		json_open(w, '{');
		for (i = 0; i < m->environment.n; i++)
			put_text(w, m->environment.v[i].key, m->environment.v[i].value);
		json_close(w, '}');
	}
	put_strs(w, "environment_pass", &m->environment_pass);
	if (m->secrets.n) {
		json_key(w, "secrets");
		json_open(w, '{');
		for (i = 0; i < m->secrets.n; i++)
			put_secret(w, &m->secrets.v[i]);
		json_close(w, '}');
	}
	json_close(w, '}');
}
