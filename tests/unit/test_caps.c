/* Capabilities and ids of a process, in a child (security.md T19, T31, T32). Needs root for what only root can take away. */
#include "apply/ops.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#define BIT(c) (1ULL << (c))

static struct arena arena;
static struct host host;
static struct plan plan;
static struct run run = { .arena = &arena, .host = &host, .plan = &plan, .proc = -1 };
static struct step step;
static struct slot slot;
static struct err err;
static uint64_t permitted;

static bool root(void)
{
	return geteuid() == 0 && sys_capget(&permitted, NULL) == 0 && permitted & BIT(CAP_SETPCAP) && permitted & BIT(CAP_SETUID) &&
	       permitted & BIT(CAP_SETGID);
}

static uint64_t status(const char *name)
{
	static char text[8192];
	const char *p;

	if (sys_read_file(AT_FDCWD, "/proc/self/status", text, sizeof text) < 0 || !(p = strstr(text, name)))
		return ~0ULL;
	return strtoull(p + strlen(name) + 1, NULL, 16);
}

static void prepare(struct step_caps caps)
{
	memset(&err, 0, sizeof err);
	host.caps = host.bounding = permitted;
	step = (struct step){ .op = STEP_CAPABILITIES, .caps = caps };
	slot = (struct slot){ .fd = -1, .fd2 = -1 };
}

static void apply_all(uint32_t uid)
{
	struct step ids = { .op = STEP_IDS, .ids = { .uid = uid, .gid = uid } };

	ENSURE(op_bounding(&run, &step, &slot, &err) == 0);
	ENSURE(op_ids(&run, &ids, NULL, &err) == 0);
	if (op_capabilities(&run, &step, &slot, &err) < 0) {
		dprintf(1, "# %s\n", err.text);
		_exit(1);
	}
}

static void like_docker(void)
{
	apply_all(1000);
	ENSURE(status("CapBnd:") == (BIT(CAP_CHOWN) | BIT(CAP_KILL)));
	ENSURE(status("CapPrm:") == BIT(CAP_KILL));
	ENSURE(status("CapEff:") == BIT(CAP_KILL));
	ENSURE(status("CapInh:") == 0);
	ENSURE(status("CapAmb:") == 0);
	ENSURE(geteuid() == 1000 && getegid() == 1000 && getgroups(0, NULL) == 0);
}

TEST(what_is_not_listed_is_dropped)
{
	if (!root())
		SKIP("root with CAP_SETPCAP, CAP_SETUID and CAP_SETGID");
	prepare((struct step_caps){ .bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL), .permitted = BIT(CAP_KILL), .effective = BIT(CAP_KILL) });
	REQUIRE(op_capabilities_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(like_docker), 0);
	arena_drop(&arena);
}

static void with_ambient(void)
{
	uint64_t net = BIT(CAP_NET_BIND_SERVICE);

	apply_all(1000);
	ENSURE(status("CapAmb:") == net);
	ENSURE(status("CapInh:") == net);
	ENSURE(status("CapPrm:") == (net | BIT(CAP_KILL)));
	ENSURE(status("CapEff:") == net);
}

TEST(ambient_capabilities_are_raised)
{
	uint64_t net = BIT(CAP_NET_BIND_SERVICE);

	if (!root())
		SKIP("root with CAP_SETPCAP, CAP_SETUID and CAP_SETGID");
	prepare((struct step_caps){ .bounding = net | BIT(CAP_KILL), .permitted = net | BIT(CAP_KILL), .effective = net | BIT(CAP_CHOWN),
				    .inheritable = net | BIT(CAP_CHOWN), .ambient = net | BIT(CAP_KILL) | BIT(CAP_CHOWN) });
	REQUIRE(op_capabilities_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(with_ambient), 0); /* CHOWN is beyond what is permitted, KILL not inheritable: left out */
	arena_drop(&arena);
}

static void all_at_once(void)
{
	apply_all(0);
	ENSURE(status("CapPrm:") == (permitted & ~BIT(CAP_SYS_TIME)));
	ENSURE(status("CapBnd:") == (permitted & ~BIT(CAP_SYS_TIME)));
}

/* More than there is: a warning, and the rest is granted. */
TEST(what_cannot_be_granted_is_left_out)
{
	uint64_t want = ~0ULL & ~BIT(CAP_SYS_TIME);

	if (!root())
		SKIP("root with CAP_SETPCAP, CAP_SETUID and CAP_SETGID");
	prepare((struct step_caps){ .bounding = want, .permitted = want, .effective = want, .inheritable = 0 });
	REQUIRE(op_bounding_prepare(&run, &step, &slot, &err) == 0);
	REQUIRE(op_capabilities_prepare(&run, &step, &slot, &err) == 0);
	CHECK_INT(in_child(all_at_once), 0);
	arena_drop(&arena);
}

static void cannot_drop(void)
{
	struct step ids = { .op = STEP_IDS, .ids = { .uid = 1000, .gid = 1000 } };

	ENSURE(op_ids(&run, &ids, NULL, &err) == 0);
	ENSURE(prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) == 0);
	ENSURE(op_bounding(&run, &step, &slot, &err) < 0);
	ENSURE(strstr(err.text, "CAP_SETPCAP"));
}

TEST(failing_to_drop_is_an_error)
{
	if (!root())
		SKIP("root with CAP_SETPCAP, CAP_SETUID and CAP_SETGID");
	prepare((struct step_caps){ .bounding = 0 });
	CHECK_INT(in_child(cannot_drop), 0);
}

static void exact_groups(void)
{
	gid_t groups[] = { 2000, 7 }, got[8];
	struct step ids = { .op = STEP_IDS, .ids = { .uid = 1, .gid = 2, .groups = { groups, 2 } } };
	struct step keep = { .op = STEP_IDS, .ids = { .uid = 1, .gid = 2, .keep_groups = true } };
	struct step none = { .op = STEP_IDS, .ids = { .uid = 1, .gid = 2 } };

	ENSURE(op_ids(&run, &ids, NULL, &err) == 0);
	ENSURE(getgroups(8, got) == 2 && ((got[0] == 2000 && got[1] == 7) || (got[0] == 7 && got[1] == 2000)));
	/* no longer allowed: fatal, except where the caller said to keep them */
	ENSURE(op_ids(&run, &keep, NULL, &err) == 0);
	ENSURE(op_ids(&run, &none, NULL, &err) == -EPERM);
	ENSURE(strstr(err.text, "additional groups"));
}

TEST(groups_are_exactly_those_asked_for)
{
	if (!root())
		SKIP("root with CAP_SETPCAP, CAP_SETUID and CAP_SETGID");
	CHECK_INT(in_child(exact_groups), 0);
}

/* For the kernel an id of all ones means "leave unchanged", and what would be left is root. */
TEST(ids_of_all_ones_are_refused)
{
	gid_t groups[] = { 1, UINT32_MAX };
	struct step uid = { .ids = { .uid = UINT32_MAX, .gid = 1 } }, gid = { .ids = { .uid = 1, .gid = UINT32_MAX } };
	struct step group = { .ids = { .uid = 1, .gid = 1, .groups = { groups, 2 } } };

	CHECK_INT(op_ids(&run, &uid, NULL, &err), -EINVAL);
	CHECK_HAS(err.text, "uid 4294967295");
	CHECK_INT(op_ids(&run, &gid, NULL, &err), -EINVAL);
	CHECK_INT(op_ids(&run, &group, NULL, &err), -EINVAL);
}

static void no_new_privs(void)
{
	ENSURE(op_no_new_privs(&run, &step, &slot, &err) == 0);
	ENSURE(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

TEST(no_new_privs_is_set)
{
	CHECK_INT(in_child(no_new_privs), 0);
}

static void set_umask(void)
{
	step = (struct step){ .op = STEP_UMASK, .umask = 027 };
	ENSURE(op_umask(&run, &step, &slot, &err) == 0);
	ENSURE(umask(0) == 027);
}

TEST(umask_is_set)
{
	CHECK_INT(in_child(set_umask), 0);
}
