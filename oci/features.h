/* features.h - `wasirun features` (features.md, features-linux.md), from the same tables that decode and apply. */
#ifndef WASIRUN_OCI_FEATURES_H
#define WASIRUN_OCI_FEATURES_H

#include "oci/json.h"
#include <stdbool.h>

/* What the tables cannot know: asked of the machine and of libseccomp by the verb. */
struct features_facts {
	const char *version, *commit;
	bool cgroup_v1, cgroup_v2, systemd, systemd_user, rdma, apparmor, selinux, intel_rdt, rdt_schemata, rdt_monitoring;
	bool seccomp, landlock;
	const char **known_seccomp_flags, **supported_seccomp_flags; /* NULL-terminated */
	const char **seccomp_archs; /* NULL-terminated: those of words_seccomp_arch that libseccomp resolves; NULL = all of them */
	const char *libseccomp_version;
};
void features_encode(struct json_out *w, const struct features_facts *f);

#define OCI_VERSION "1.3.0"
#define OCI_VERSION_MIN "1.0.0"
#define OCI_VERSION_MAX "1.3.0"

#endif
