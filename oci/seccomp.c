/* seccomp.c - linux.seccomp: rows and checks.
 * Must not know libseccomp: names of system calls are checked where the filter is built. */
#include "oci/config_check.h"
#include "oci/prop_row.h"
#include <string.h>

#define MAX_ERRNO 4095 /* of the kernel: above it SECCOMP_RET_ERRNO is cut down */

static const struct prop arg_props[] = {
	{ ROW_UINT(seccomp_arg, index, "index", 5), .flags = PROP_REQUIRED | PROP_SECURITY, .doc = "Which argument, 0 to 5.",
	  .example = "1" },
	{ ROW_UINT(seccomp_arg, value, "value", 0), .flags = PROP_REQUIRED | PROP_SECURITY,
	  .doc = "What to compare with; the mask for SCMP_CMP_MASKED_EQ.", .example = "18446744073709551615" },
	{ ROW_UINT(seccomp_arg, value_two, "valueTwo", 0), .flags = PROP_SECURITY,
	  .doc = "What the masked argument must equal, for SCMP_CMP_MASKED_EQ.", .example = "1" },
	{ ROW_WORD(seccomp_arg, op, "op", words_seccomp_op), .flags = PROP_REQUIRED | PROP_SECURITY, .doc = "How to compare.",
	  .example = "\"SCMP_CMP_NE\"" },
	{ 0 },
};

static const struct prop rule_props[] = {
	{ ROW_STRS(seccomp_rule, names, "names"), .flags = PROP_REQUIRED | PROP_NONEMPTY | PROP_SECURITY, .max_bytes = 255,
	  .doc = "System calls, by name.", .example = "[\"chroot\"]" },
	{ ROW_WORD(seccomp_rule, action, "action", words_seccomp_action), .flags = PROP_REQUIRED | PROP_SECURITY,
	  .doc = "What happens to them.", .example = "\"SCMP_ACT_TRACE\"" },
	{ ROW_UINT(seccomp_rule, errno_ret, "errnoRet", 65535), .flags = PROP_SECURITY,
	  .doc = "The error (SCMP_ACT_ERRNO) or message (SCMP_ACT_TRACE); absent means EPERM.", .example = "38" },
	{ ROW_LIST(seccomp_rule, args, "args", arg_props), .flags = PROP_SECURITY,
	  .doc = "Conditions on arguments, all of which must hold.",
	  .example = "[{\"index\": 0, \"value\": 2, \"valueTwo\": 2, \"op\": \"SCMP_CMP_MASKED_EQ\"}]" },
	{ 0 },
};

const struct prop seccomp_props[] = {
	{ ROW_WORD(seccomp, default_action, "defaultAction", words_seccomp_action), .flags = PROP_REQUIRED | PROP_SECURITY,
	  .doc = "What happens to system calls that no rule names.", .example = "\"SCMP_ACT_LOG\"" },
	{ ROW_UINT(seccomp, default_errno_ret, "defaultErrnoRet", 65535), .flags = PROP_SECURITY,
	  .doc = "The error of the default action; absent means EPERM.", .example = "38",
	  .in = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"execve\", \"exit_group\"], "
		"\"action\": \"SCMP_ACT_ALLOW\"}]}" },
	{ ROW_WORDS(seccomp, architectures, "architectures", words_seccomp_arch), .flags = PROP_SECURITY,
	  .doc = "Architectures whose system calls the filter knows, beside the native one.", .example = "[\"SCMP_ARCH_X86\"]" },
	{ ROW_WORDS(seccomp, flags, "flags", words_seccomp_flag), .flags = PROP_SECURITY,
	  .doc = "Flags of seccomp(2); absent means SECCOMP_FILTER_FLAG_SPEC_ALLOW, an empty list none.",
	  .example = "[\"SECCOMP_FILTER_FLAG_LOG\"]" },
	{ ROW_STR(seccomp, listener_path, "listenerPath"), .flags = PROP_ABS, .max_bytes = 4095,
	  .doc = "Unix socket that gets the notification fd when a rule says SCMP_ACT_NOTIFY.", .example = "\"/run/agent.sock\"",
	  .in = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"mkdir\"], "
		"\"action\": \"SCMP_ACT_NOTIFY\"}]}" },
	{ ROW_STR(seccomp, listener_metadata, "listenerMetadata"), .doc = "Handed to the agent at `listenerPath` unread.",
	  .example = "\"note\"", .in = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/run/agent.sock\", "
				       "\"syscalls\": [{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}" },
	{ ROW_LIST(seccomp, syscalls, "syscalls", rule_props), .flags = PROP_SECURITY, .doc = "The rules.",
	  .example = "[{\"names\": [\"mkdir\"], \"action\": \"SCMP_ACT_ERRNO\"}]" },
	{ 0 },
};

static int errno_check(int action, const struct opt_uint *ret, struct err *e)
{
	const struct word *w = &words_seccomp_action.v[action];

	if (ret->set && w->kind != 1)
		return fail(e, EINVAL, "%s does not return an errno", w->name);
	if (ret->set && strcmp(w->name, "SCMP_ACT_ERRNO") == 0 && ret->v > MAX_ERRNO)
		return fail(e, EINVAL, "expected integer 0..%d, got %llu", MAX_ERRNO, (unsigned long long)ret->v);
	return 0;
}

static int rule_check(const struct seccomp_rule *r, const char *at, size_t i, struct err *e)
{
	size_t j;

	for (j = 0; j < r->names.n; j++)
		if (!r->names.v[j][0])
			return BAD(e, (e, "%s/syscalls/%zu/names/%zu", at, i, j), "must not be empty");
	TRY_AT(errno_check(r->action, &r->errno_ret, e), e, "%s/syscalls/%zu/errnoRet", at, i);
	return 0;
}

int seccomp_check(const struct seccomp *s, const char *at, struct err *e)
{
	size_t i;

	if (strcmp(words_seccomp_action.v[s->default_action].name, "SCMP_ACT_NOTIFY") == 0)
		return BAD(e, (e, "%s/defaultAction", at),
			   "SCMP_ACT_NOTIFY cannot be the default: handing over the listener would wait for itself");
	TRY_AT(errno_check(s->default_action, &s->default_errno_ret, e), e, "%s/defaultErrnoRet", at);
	if (s->listener_metadata && !s->listener_path)
		return BAD(e, (e, "%s/listenerMetadata", at), "needs listenerPath");
	for (i = 0; i < s->syscalls.n; i++)
		TRY(rule_check(&s->syscalls.v[i], at, i, e));
	return 0;
}
