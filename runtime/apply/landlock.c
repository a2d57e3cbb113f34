/* landlock.c - takes away access to files, ports and signals (landlock(7)).
 *
 * The rights are cut down to what the running kernel's ABI knows, one ABI at a time, in prepare. Paths are opened when the step runs: they
 * are the container's. Must not grant what the step does not name. Constants above ABI 2 are our own: Debian 12's header ends there. */
#include "apply/ops.h"
#include "apply/path.h"
#include "base/log.h"
#include "sys/sys.h"
#include <inttypes.h>
#include <linux/landlock.h>

#define FS_TRUNCATE (1ULL << 14)    /* ABI 3 */
#define NET_BIND_TCP (1ULL << 0)    /* ABI 4 */
#define NET_CONNECT_TCP (1ULL << 1) /* ABI 4 */
#define FS_IOCTL_DEV (1ULL << 15)   /* ABI 5 */
#define SCOPE_ABSTRACT_UNIX (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)    /* ABI 6 */
#define FS_RESOLVE_UNIX (1ULL << 16) /* ABI 9 */

#define RULE_NET_PORT 2

#define FS_OF_ABI_9 ((1ULL << 17) - 1)
/* rights that a rule on something that is not a directory may hold */
#define FS_OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | \
		     FS_IOCTL_DEV | FS_RESOLVE_UNIX)

/* struct landlock_ruleset_attr as of ABI 6; older kernels are given its beginning. */
struct ruleset {
	uint64_t fs, net, scoped;
	uint32_t size; /* bytes of the above that this ABI knows */
};

struct net_rule {
	uint64_t access, port;
};

/* Each ABI takes away what came after it, and falls through to the next older one. */
static void degrade(struct ruleset *a, int abi)
{
	a->fs &= FS_OF_ABI_9;
	a->net &= NET_BIND_TCP | NET_CONNECT_TCP;
	a->scoped &= SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	a->size = 24;
	switch (abi) {
	case 1:
		a->fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
		__attribute__((fallthrough));
	case 2:
		a->fs &= ~FS_TRUNCATE;
		__attribute__((fallthrough));
	case 3:
		a->net = 0;
		a->size = 8;
		__attribute__((fallthrough));
	case 4:
		a->fs &= ~FS_IOCTL_DEV;
		__attribute__((fallthrough));
	case 5:
		a->scoped = 0;
		if (a->size > 16)
			a->size = 16;
		__attribute__((fallthrough));
	case 6:
	case 7:
	case 8:
		a->fs &= ~FS_RESOLVE_UNIX;
		break;
	default:
		break;
	}
}

int op_landlock_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_landlock *l = &s->landlock;
	int abi = l->abi < r->host->landlock_abi ? l->abi : r->host->landlock_abi;
	struct ruleset *a = arena_alloc(r->arena, sizeof *a);

	if (abi < 1)
		return fail(e, ENOSYS, "Landlock is not available (it needs a kernel with CONFIG_SECURITY_LANDLOCK and \"landlock\" among "
				       "its LSMs)");
	a->fs = l->handled_fs;
	a->net = l->handled_net;
	a->scoped = l->scoped;
	degrade(a, abi);
	if (a->fs != l->handled_fs || a->net != l->handled_net || a->scoped != l->scoped)
		log_warn("Landlock ABI %d cannot restrict everything that was asked for: left out are file rights %#" PRIx64
			 ", network rights %#" PRIx64 ", scopes %#" PRIx64, abi, l->handled_fs & ~a->fs, l->handled_net & ~a->net,
			 l->scoped & ~a->scoped);
	slot->data = a;
	slot->n = sizeof *a;
	return 0;
}

static int add_path(struct run *r, int ruleset, const struct ruleset *a, const struct landlock_path *p, struct err *e)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = p->access & a->fs };
	struct stat st;
	int ret = path_open(r->root, p->path, true, e);

	if (ret == -ENOENT)
		return 0; /* an image need not have all that a manifest grants, and what is not there cannot be granted */
	AUTO_FD int fd = TRY(ret);
	ret = sys_fstat(fd, &st);
	if (ret < 0)
		return fail_sys(e, ret, "Landlock: %s", p->path);
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FS_OF_FILES;
	if (!rule.allowed_access)
		return 0; /* the kernel refuses a rule that allows nothing, and it would change nothing */
	rule.parent_fd = fd;
	ret = sys_landlock_add_rule(ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule);
	return ret < 0 ? fail_sys(e, ret, "Landlock: %s", p->path) : 0;
}

static int add_port(int ruleset, const struct ruleset *a, const struct landlock_port *p, struct err *e)
{
	struct net_rule rule = { .access = p->access & a->net, .port = p->port };
	int ret;

	if (!rule.access)
		return 0;
	ret = sys_landlock_add_rule(ruleset, RULE_NET_PORT, &rule);
	return ret < 0 ? fail_sys(e, ret, "Landlock: port %u", p->port) : 0;
}

int op_landlock(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	const struct step_landlock *l = &s->landlock;
	const struct ruleset *a = slot->data;
	size_t i;
	int ret;

	if (!a->fs && !a->net && !a->scoped)
		return 0;
	ret = sys_landlock_create_ruleset(a, a->size, 0);
	if (ret < 0)
		return fail_sys(e, ret, "Landlock: cannot make the rule set");
	AUTO_FD int ruleset = ret;
	if (r->root < 0) { /* exec: we have joined the container's mount namespace, and "/" is its root */
		r->root = sys_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0);
		if (r->root < 0)
			return fail_sys(e, r->root, "/");
	}
	for (i = 0; i < l->paths.n; i++)
		TRY(add_path(r, ruleset, a, &l->paths.v[i], e));
	for (i = 0; i < l->ports.n; i++)
		TRY(add_port(ruleset, a, &l->ports.v[i], e));
	ret = sys_landlock_restrict_self(ruleset, 0);
	if (ret == -EPERM)
		return fail_sys(e, ret, "Landlock (it needs process.noNewPrivileges or CAP_SYS_ADMIN)");
	if (ret == -E2BIG)
		return fail_sys(e, ret, "Landlock: 16 domains are nested already");
	return ret < 0 ? fail_sys(e, ret, "Landlock: cannot restrict the process") : 0;
}
