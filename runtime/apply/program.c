/* program.c - the program: found early so that `create` can say that it is missing, and executed at last.
 * Runs in init, after the root was changed: plain paths are the container's. Must not fall back to anything: what args[0] names is
 * executed or nothing is. */
#include "apply/home.h"
#include "apply/ops.h"
#include "apply/path.h"
#include "sys/sys.h"
#include <limits.h>
#include <string.h>

static const char *env_path(const struct step_exec *x)
{
	size_t i;

	for (i = 0; i < x->env.n; i++)
		if (strncmp(x->env.v[i], "PATH=", 5) == 0)
			return x->env.v[i] + 5;
	return "";
}

/* 0: path (relative to dir) is a file that may be executed. */
static int executable(int dir, const char *path)
{
	struct stat st;
	int r = sys_statat(dir, path, &st, 0);

	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return sys_access(dir, path, X_OK, AT_EACCESS);
}

/* Walks PATH; the result is written to out (PATH_MAX bytes). -ENOENT when nothing was found, -EACCES when only files without the
 * x bit were, as execvp(3) tells them apart. */
static int search(int cwd, const char *list, const char *name, char *out)
{
	int worst = -ENOENT;

	while (*list) {
		size_t n = strcspn(list, ":"), len = strlen(name);
		int r;

		if (n && n + 1 + len < PATH_MAX) {
			memcpy(out, list, n);
			out[n] = '/';
			memcpy(out + n + 1, name, len + 1);
			r = executable(cwd, out);
			if (r == 0)
				return 0;
			if (r == -EACCES)
				worst = r;
		}
		list += n;
		list += *list == ':';
	}
	return worst;
}

/* The words are those by which engines tell "not found" (exit code 127) from "not permitted" (126). */
static int not_executable(struct err *e, const char *name, int r)
{
	if (r == -ENOENT && !strchr(name, '/'))
		return fail(e, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
	if (r == -ENOENT)
		return fail(e, ENOENT, "exec: \"%s\": stat %s: no such file or directory", name, name);
	if (r == -EISDIR)
		return fail(e, EACCES, "exec: \"%s\": is a directory: permission denied", name);
	if (r == -EACCES || r == -EPERM)
		return fail(e, EACCES, "exec: \"%s\": permission denied", name);
	if (r == -ENOEXEC)
		return fail(e, ENOEXEC, "exec %s: exec format error (built for another machine, or a script without #!)", name);
	return fail_sys(e, r, "exec %s", name);
}

static int open_cwd(struct run *r, const struct step_exec *x, struct err *e)
{
	/* a working directory that does not exist is made, as all runtimes do; where that fails, op_cwd will say why */
	struct err lost;
	int fd = x->make_cwd ? path_make(r->root, x->cwd, true, true, &lost) : -1;

	(void)e;
	return fd >= 0 ? fd : sys_open(AT_FDCWD, x->cwd, O_PATH | O_DIRECTORY, 0);
}

static uid_t user(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == STEP_IDS)
			return r->plan->steps.v[i].ids.uid;
	return 0;
}

/* Does a later entry set the same variable? The last one counts (runc; execve would leave both, and readers differ in which they take). */
static bool overridden(const struct strs *env, size_t i)
{
	size_t name = strcspn(env->v[i], "="), k;

	for (k = i + 1; k < env->n; k++)
		if (strncmp(env->v[k], env->v[i], name) == 0 && env->v[k][name] == '=')
			return true;
	return false;
}

int op_find_program(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const char *name = s->exec.args.v[0];
	int ret;

	(void)slot;
	r->program[0] = 0;
	if (r->wants_home)
		home_find(user(r), r->home, sizeof r->home);
	AUTO_FD int cwd = open_cwd(r, &s->exec, e);
	if (cwd < 0)
		return 0; /* op_cwd reports it, with the user's own rights */
	if (strchr(name, '/'))
		ret = executable(cwd, name);
	else
		ret = search(cwd, env_path(&s->exec), name, r->program);
	return ret < 0 ? not_executable(e, name, ret) : 0;
}

/* Rule R9: a directory that lies outside of the root, reached through a leaked descriptor, has no path: getcwd says so. */
int op_cwd(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	char cwd[PATH_MAX];
	ssize_t n;
	int ret = r->in_cwd ? 0 : sys_chdir(s->cwd.path);

	(void)slot;
	if (s->cwd.first && (ret == -EACCES || ret == -EPERM))
		return 0;
	if (ret < 0)
		return fail_sys(e, ret, "chdir to cwd \"%s\"", s->cwd.path);
	r->in_cwd = true;
	n = sys_getcwd(cwd, sizeof cwd);
	if (n < 0)
		return fail_sys(e, (int)n, "cwd \"%s\" is outside of container mount namespace root", s->cwd.path);
	if (cwd[0] != '/')
		return fail(e, EPERM, "cwd \"%s\" is outside of container mount namespace root", s->cwd.path);
	return 0;
}

/* Engines rely on HOME being set, as runc does it, an empty one included: a place for it is left in the environment. */
int op_exec_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct strs *env = &s->exec.env;
	const char **copy = arena_array(r->arena, env->n + 2, sizeof *copy);
	size_t i, n = 0;

	(void)e;
	r->wants_home = true;
	for (i = 0; i < env->n; i++) {
		if (overridden(env, i) || strcmp(env->v[i], "HOME=") == 0)
			continue;
		if (strncmp(env->v[i], "HOME=", 5) == 0)
			r->wants_home = false;
		copy[n++] = env->v[i];
	}
	if (r->wants_home)
		copy[n] = r->home;
	slot->data = copy;
	return 0;
}

char **program_env(const struct run *r, char **env)
{
	size_t i;

	for (i = 0; i < r->plan->steps.n; i++)
		if (r->plan->steps.v[i].op == STEP_EXEC && r->plan->steps.v[i].exec.env.v == env)
			return r->slots[i].data;
	return env;
}

int op_exec(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const char *name = s->exec.args.v[0];
	int ret;

	/* found by FIND_PROGRAM: a seccomp filter may already be in force, so nothing but execve happens here */
	if (!strchr(name, '/'))
		name = r->program;
	ret = sys_execve(name, s->exec.args.v, slot->data);
	if (ret == -ENOENT)
		return fail_sys(e, ret, "exec %s", name); /* it was there a moment ago: its interpreter is not */
	return not_executable(e, s->exec.args.v[0], ret);
}
