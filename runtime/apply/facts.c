/* facts.c - the part of the features document that no table knows.
 * Must not claim what the executor cannot do: the document is what engines decide by. */
#include "apply/facts.h"
#include "apply/seccomp.h"
#include "oci/words.h"
#include "sys/sys.h"

void facts_features(struct arena *a, struct features_facts *out)
{
	const char **known = arena_array(a, words_seccomp_flag.n + 1, sizeof *known);
	const char **supported = arena_array(a, words_seccomp_flag.n + 1, sizeof *supported);
	char version[24];
	size_t i, n = 0;

	for (i = 0; i < words_seccomp_flag.n; i++) {
		known[i] = words_seccomp_flag.v[i].name;
		if (seccomp_flag_supported((unsigned)words_seccomp_flag.v[i].value))
			supported[n++] = known[i];
	}
	*out = (struct features_facts){
		.cgroup_v1 = true,
		.cgroup_v2 = true,
		.rdma = true,
		.apparmor = true,
		.selinux = true,
		.intel_rdt = true,
		.rdt_schemata = true,
		.rdt_monitoring = true,
		.seccomp = true,
		.landlock = sys_landlock_abi() > 0,
		.known_seccomp_flags = known,
		.supported_seccomp_flags = supported,
		.libseccomp_version = arena_str(a, seccomp_library_version(version)),
	};
}
