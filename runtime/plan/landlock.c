/* landlock.c - grants as a Landlock domain: the second line behind the mounts.
 *
 * What is handled is what the kernel's ABI knows, so that nothing is asked for in vain; "require" wants at least the
 * ABI from which on writing
 * is covered whole. Must not grant what the annotation does not name, but for the sandbox's own /dev and /proc. */
#include "plan/build.h"
#include "plan/compile.h"
#include <errno.h>
#include <linux/landlock.h>
#include <sched.h>
#include <string.h>

#define TRUNCATE (1ull << 14)    /* ABI 3 */
#define IOCTL_DEV (1ull << 15)   /* ABI 5 */
#define RESOLVE_UNIX (1ull << 16) /* ABI 9 */
#define TCP_BOTH 3ull            /* ABI 4: bind and connect */
#define REQUIRED_ABI 3

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define MAKE                                                                                                                    \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |   \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)
#define WRITE (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | MAKE | RESOLVE_UNIX)
#define DEVICES (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | IOCTL_DEV)
#define NODES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

static uint64_t known(int abi)
{
	uint64_t fs = READ | LANDLOCK_ACCESS_FS_EXECUTE | WRITE | NODES | IOCTL_DEV;

	if (abi < 2)
		fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (abi < 3)
		fs &= ~TRUNCATE;
	if (abi < 5)
		fs &= ~IOCTL_DEV;
	if (abi < 9)
		fs &= ~RESOLVE_UNIX;
	return fs;
}

static void allow(struct build *b, struct step_landlock *l, const struct strs *paths, uint64_t access)
{
	size_t i;

	for (i = 0; i < paths->n; i++)
		*arena_push(b->a, &l->paths) = (struct landlock_path){ paths->v[i], access & l->handled_fs };
}

static void allow_one(struct build *b, struct step_landlock *l, const char *path, uint64_t access)
{
	struct strs one = { .v = (char *[]){ (char *)path }, .n = 1 };

	allow(b, l, &one, access);
}

static int add_domain(struct build *b, const struct kv *annotation, struct err *e)
{
	const char *at = plan_at(b, "/annotations/%s", plan_at_key(b, annotation->key));
	struct step_landlock l = { .abi = b->h->landlock_abi };
	uint64_t run = LANDLOCK_ACCESS_FS_EXECUTE;
	struct grants g;
	const struct mount *m;
	size_t i;

	TRY(grants_parse(b->a, annotation->value, &g, e));
	if (!g.landlock || strcmp(g.landlock, "off") == 0)
		return 0;
	if (strcmp(g.landlock, "require") == 0 && l.abi < REQUIRED_ABI)
		return plan_fail(e, ENOTSUP, at,
				 "Landlock is required, and this kernel has ABI %d of it (0: none; %d is needed): "
					"process.lsm.landlock auto or off",
				 l.abi, REQUIRED_ABI);
	if (l.abi < 1)
		return 0;
	l.handled_fs = known(l.abi);
	if (g.no_tcp && plan_brokered(b)) /* it would hold for what stays inside, too */
		return plan_fail(e, EINVAL, at, "noTcp and network grants contradict each other");
	if (g.no_tcp && l.abi >= 4)
		l.handled_net = TCP_BOTH;
	if (g.execute.v)
		run = 0;
	allow(b, &l, &g.read, READ | run | RESOLVE_UNIX);
	allow(b, &l, &g.write, WRITE | run);
	allow(b, &l, &g.execute, LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE);
	for (i = 0; plan_resolves(b) && i < 3; i++)
		allow_one(b, &l, plan_name_paths[i], READ);
	allow_one(b, &l, "/", LANDLOCK_ACCESS_FS_READ_DIR); /* names; what is not granted is not mounted */
	if (has_ns(b, CLONE_NEWNS))
		allow_one(b, &l, "/dev", DEVICES);
	if (plan_mounts_at(b, "/proc", &m))
		allow_one(b, &l, "/proc", READ | LANDLOCK_ACCESS_FS_WRITE_FILE);
	plan_add(b, STEP_LANDLOCK, STAGE_START, at)->landlock = l;
	return 0;
}

/* Each can only take away from what the others leave. */
int plan_landlock(struct build *b, struct err *e)
{
	size_t i;

	for (i = 0; i < b->c->annotations.n; i++)
		if (annotation_is(b->c->annotations.v[i].key, ANNOTATION_GRANTS))
			TRY(add_domain(b, &b->c->annotations.v[i], e));
	return 0;
}
