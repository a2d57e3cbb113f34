/* features.c - the features document, from the tables that decode and apply.
 * Must not claim what the tables do not hold. */
#include "oci/features.h"
#include "oci/words.h"
#include <stdlib.h>
#include <string.h>

static void put(struct json_out *w, const char *key, const char *value)
{
	if (!value)
		return;
	json_key(w, key);
	json_put_str(w, value);
}

static void put_flag(struct json_out *w, const char *key, bool value)
{
	json_key(w, key);
	json_put_bool(w, value);
}

static void put_list(struct json_out *w, const char *key, const char *const *names)
{
	json_key(w, key);
	json_open(w, '[');
	for (; names && *names; names++)
		json_put_str(w, *names);
	json_close(w, ']');
}

static void put_words(struct json_out *w, const char *key, const struct words *t)
{
	size_t i;

	json_key(w, key);
	json_open(w, '[');
	for (i = 0; i < t->n; i++)
		json_put_str(w, t->v[i].name);
	json_close(w, ']');
}

/* { "key": { "enabled": value } } */
static void put_enabled(struct json_out *w, const char *key, bool value)
{
	json_key(w, key);
	json_open(w, '{');
	put_flag(w, "enabled", value);
	json_close(w, '}');
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, without fstab's words: they are tolerated, not supported. */
static void put_mount_options(struct json_out *w)
{
	enum { ROOM = 128 };
	const char *names[ROOM + 1];
	size_t i, n = 0;

	for (i = 0; i < words_mount_option.n && n < ROOM; i++)
		if (words_mount_option.v[i].kind != OPT_NOTHING || strcmp(words_mount_option.v[i].name, "defaults") == 0)
			names[n++] = words_mount_option.v[i].name;
	names[n] = NULL;
	qsort(names, n, sizeof *names, by_name);
	put_list(w, "mountOptions", names);
}

static void put_cgroup(struct json_out *w, const struct features_facts *f)
{
	json_key(w, "cgroup");
	json_open(w, '{');
	put_flag(w, "v1", f->cgroup_v1);
	put_flag(w, "v2", f->cgroup_v2);
	put_flag(w, "systemd", f->systemd);
	put_flag(w, "systemdUser", f->systemd_user);
	put_flag(w, "rdma", f->rdma);
	json_close(w, '}');
}

static void put_seccomp(struct json_out *w, const struct features_facts *f)
{
	json_key(w, "seccomp");
	json_open(w, '{');
	put_flag(w, "enabled", f->seccomp);
	if (f->seccomp) {
		put_words(w, "actions", &words_seccomp_action);
		put_words(w, "operators", &words_seccomp_op);
		if (f->seccomp_archs)
			put_list(w, "archs", f->seccomp_archs);
		else
			put_words(w, "archs", &words_seccomp_arch);
		put_list(w, "knownFlags", f->known_seccomp_flags);
		put_list(w, "supportedFlags", f->supported_seccomp_flags);
	}
	json_close(w, '}');
}

static void put_linux(struct json_out *w, const struct features_facts *f)
{
	json_key(w, "linux");
	json_open(w, '{');
	put_words(w, "namespaces", &words_namespace);
	put_words(w, "capabilities", &words_capability);
	put_cgroup(w, f);
	put_seccomp(w, f);
	put_enabled(w, "apparmor", f->apparmor);
	put_enabled(w, "selinux", f->selinux);
	json_key(w, "intelRdt");
	json_open(w, '{');
	put_flag(w, "enabled", f->intel_rdt);
	put_flag(w, "schemata", f->rdt_schemata);
	put_flag(w, "monitoring", f->rdt_monitoring);
	json_close(w, '}');
	json_key(w, "memoryPolicy");
	json_open(w, '{');
	put_words(w, "modes", &words_mempolicy_mode);
	put_words(w, "flags", &words_mempolicy_flag);
	json_close(w, '}');
	json_key(w, "mountExtensions");
	json_open(w, '{');
	put_enabled(w, "idmap", true);
	json_close(w, '}');
	put_enabled(w, "netDevices", true);
	json_close(w, '}');
}

static void put_annotations(struct json_out *w, const struct features_facts *f)
{
	json_key(w, "annotations");
	json_open(w, '{');
	put(w, "io.github.seccomp.libseccomp.version", f->libseccomp_version);
	put(w, "org.wasirun.checkpoint.enabled", "false");
	put(w, "org.wasirun.commit", f->commit);
	put(w, "org.wasirun.landlock.enabled", f->landlock ? "true" : "false");
	put(w, "org.wasirun.version", f->version);
	json_close(w, '}');
}

void features_encode(struct json_out *w, const struct features_facts *f)
{
	static const char *const unsafe[] = { "org.systemd.property.", "run.oci.", NULL };

	json_open(w, '{');
	put(w, "ociVersionMin", OCI_VERSION_MIN);
	put(w, "ociVersionMax", OCI_VERSION_MAX);
	put_words(w, "hooks", &words_hook);
	put_mount_options(w);
	put_linux(w, f);
	put_annotations(w, f);
	put_list(w, "potentiallyUnsafeConfigAnnotations", unsafe);
	json_close(w, '}');
}
