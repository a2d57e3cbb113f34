/* confine.c - what the container may not see or write, its names, its kernel settings and its label.
 * Must not resolve a path: whether a masked path exists is found out when it is masked. */
#include "plan/build.h"
#include <errno.h>
#include <sched.h>
#include <string.h>

int plan_paths(struct build *b, struct err *e)
{
	size_t i;

	if (!(b->made & CLONE_NEWNS)) {
		if (b->l->readonly_paths.n || b->l->masked_paths.n)
			return plan_fail(e, EINVAL, b->l->readonly_paths.n ? "/linux/readonlyPaths" : "/linux/maskedPaths",
					 "unable to restrict sys entries without a private mount namespace");
		return 0;
	}
	for (i = 0; i < b->l->readonly_paths.n; i++)
		plan_add(b, STEP_READONLY, STAGE_CONTAINER, plan_at(b, "/linux/readonlyPaths/%zu", i))->name = b->l->readonly_paths.v[i];
	for (i = 0; i < b->l->masked_paths.n; i++)
		plan_add(b, STEP_MASK, STAGE_CONTAINER, plan_at(b, "/linux/maskedPaths/%zu", i))->name = b->l->masked_paths.v[i];
	return 0;
}

/* sysctl(8): the first separator tells which of "." and "/" separates; the other is part of a name ("eno2.100" is an interface).
 * Returns the path below /proc/sys, NULL for what cannot be one. */
static char *sysctl_path(struct arena *a, const char *key)
{
	bool dots = key[strcspn(key, "./")] == '.';
	char *path = arena_str(a, key), *p;
	const char *part;

	for (p = path; dots && *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	for (part = path;; part++) {
		size_t n = strcspn(part, "/");

		if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
			return NULL;
		part += n;
		if (!*part)
			return path;
	}
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool is_ipc(const char *path)
{
	static const char *const names[] = { "msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced" };
	size_t i;

	if (begins(path, "fs/mqueue/"))
		return true;
	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (begins(path, "kernel/") && strcmp(path + 7, names[i]) == 0)
			return true;
	return false;
}

/* A joined network namespace that is plainly the host's is no namespace of the container's. */
static bool host_network(const struct build *b)
{
	const struct namespace *ns = config_namespace(b->c, "network");

	return !ns || (is_set(ns->path) && (strcmp(ns->path, "/proc/self/ns/net") == 0 || strcmp(ns->path, "/proc/1/ns/net") == 0 ||
					    strcmp(ns->path, "/proc/thread-self/ns/net") == 0));
}

/* Rule R28: only what a namespace of the container's holds. What is global would change the machine. */
static int check_sysctl(struct build *b, const char *key, const char *path, const char *at, struct err *e)
{
	if (is_ipc(path))
		return has_ns(b, CLONE_NEWIPC) ? 0
					       : plan_fail(e, EINVAL, at, "sysctl \"%s\" is not allowed in the hosts ipc namespace", key);
	if (begins(path, "net/"))
		return host_network(b) ? plan_fail(e, EINVAL, at, "sysctl \"%s\" not allowed in host network namespace", key) : 0;
	if (has_ns(b, CLONE_NEWUTS) && strcmp(path, "kernel/domainname") == 0)
		return 0;
	if (has_ns(b, CLONE_NEWUTS) && strcmp(path, "kernel/hostname") == 0)
		return plan_fail(e, EINVAL, at, "sysctl \"%s\" is not allowed as it conflicts with the OCI \"hostname\" field", key);
	if (begins(path, "user/"))
		return has_ns(b, CLONE_NEWUSER) ? 0 : plan_fail(e, EINVAL, at, "sysctl \"%s\" needs a user namespace", key);
	return plan_fail(e, EINVAL, at, "sysctl \"%s\" is not in a separate kernel namespace", key);
}

int plan_sysctls(struct build *b, struct err *e)
{
	size_t i;

	for (i = 0; i < b->l->sysctl.n; i++) {
		const struct kv *s = &b->l->sysctl.v[i];
		const char *at = plan_at(b, "/linux/sysctl/%s", plan_at_key(b, s->key)), *path = sysctl_path(b->a, s->key);

		if (!path)
			return plan_fail(e, EINVAL, at, "\"%s\" is not the name of a sysctl", s->key);
		TRY(check_sysctl(b, s->key, path, at, e));
		plan_add(b, STEP_SYSCTL, STAGE_CONTAINER, at)->sysctl = (struct step_pair){ path, s->value };
	}
	return 0;
}

static int one_name(struct build *b, enum op op, const char *what, const char *name, struct err *e)
{
	const char *at = plan_at(b, "/%s", what);

	if (!is_set(name))
		return 0;
	if (!has_ns(b, CLONE_NEWUTS))
		return plan_fail(e, EINVAL, at,
				 "unable to set %s without a private UTS namespace: add {\"type\": \"uts\"} to /linux/namespaces", what);
	plan_add(b, op, STAGE_CONTAINER, at)->name = name;
	return 0;
}

int plan_names(struct build *b, struct err *e)
{
	TRY(one_name(b, STEP_HOSTNAME, "hostname", b->c->hostname, e));
	return one_name(b, STEP_DOMAINNAME, "domainname", b->c->domainname, e);
}

/* Rule R15: a label that cannot be had is an error, never a warning. */
int plan_label_check(struct build *b, struct err *e)
{
	if (is_set(b->p->apparmor_profile) && !b->h->apparmor)
		return plan_fail(e, ENOTSUP, plan_at(b, "%s/apparmorProfile", b->process_at),
				 "apparmor profile is specified in config, but apparmor is disabled or not supported");
	if (is_set(b->p->selinux_label) && !b->h->selinux)
		return plan_fail(e, ENOTSUP, plan_at(b, "%s/selinuxLabel", b->process_at),
				 "selinux label is specified in config, but selinux is disabled or not supported");
	if (is_set(b->l->mount_label) && !b->h->selinux)
		return plan_fail(e, ENOTSUP, "/linux/mountLabel",
				 "mountLabel is specified in config, but selinux is disabled or not supported");
	return 0;
}

int plan_lsm(struct build *b, struct err *e)
{
	struct step_lsm_label s = { .apparmor = is_set(b->p->apparmor_profile) ? b->p->apparmor_profile : NULL,
				    .selinux = is_set(b->p->selinux_label) ? b->p->selinux_label : NULL };

	TRY(plan_label_check(b, e));
	if (s.apparmor || s.selinux)
		plan_add(b, STEP_LSM_LABEL, STAGE_CONTAINER,
			 plan_at(b, "%s/%s", b->process_at, s.apparmor ? "apparmorProfile" : "selinuxLabel"))
			->lsm = s;
	return 0;
}
