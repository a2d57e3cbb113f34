/* Moving network devices into the network namespace of another process and back, in namespaces of our own. Needs root. */
#include "apply/netlink.h"
#include "apply/ops.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct run run = { .arena = &arena, .proc = -1 };
static struct step step;
static struct slot slot;
static struct err err;

static bool sh(const char *command)
{
	return system(command) == 0;
}

/* The process whose namespace stands for the container's. */
static bool container(void)
{
	int fds[2];
	char byte;

	if (pipe(fds) < 0)
		return false;
	run.pid = fork();
	if (run.pid == 0) {
		alarm(20);
		close(fds[0]);
		if (unshare(CLONE_NEWNET) == 0)
			(void)!write(fds[1], "r", 1);
		pause();
		_exit(0);
	}
	close(fds[1]);
	if (read(fds[0], &byte, 1) != 1)
		return false;
	close(fds[0]);
	return true;
}

static bool inside(const char *command)
{
	char line[256];

	snprintf(line, sizeof line, "nsenter -t %d -n sh -c \"%s\"", run.pid, command);
	return sh(line);
}

static int move(const char *name, const char *new_name)
{
	slot = (struct slot){ .fd = -1, .fd2 = -1 };
	memset(&err, 0, sizeof err);
	step = (struct step){ .op = STEP_NET_DEVICE, .stage = STAGE_OUTSIDE, .net_device = { name, new_name } };
	return op_net_device(&run, &step, &slot, &err);
}

static void start(void)
{
	if (unshare(CLONE_NEWNET) < 0 || !sh("command -v ip nsenter >/dev/null") || !sh("ip link add type veth 2>/dev/null"))
		_exit(CHILD_SKIPPED);
	ENSURE(sh("ip link del veth0"));
	run.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ENSURE(run.proc >= 0 && container());
}

static void end(void)
{
	kill(run.pid, SIGKILL);
	waitpid(run.pid, NULL, 0);
}

static void moves(void)
{
	start();
	ENSURE(sh("ip link add a0 mtu 1301 address 02:00:00:00:00:07 type veth peer name b0 && ip addr add 10.1.2.3/24 dev a0 && "
		  "ip addr add fd00::7/64 dev a0 nodad && ip addr add 169.254.3.3/32 scope link dev a0"));
	if (move("a0", "eth7") < 0) {
		dprintf(1, "# %s\n", err.text);
		_exit(1);
	}
	ENSURE(!sh("ip link show a0 2>/dev/null"));
	ENSURE(inside("ip addr show dev eth7 | grep -q 'inet 10.1.2.3/24'"));
	ENSURE(inside("ip addr show dev eth7 | grep -q 'inet6 fd00::7/64'"));
	ENSURE(inside("! ip addr show dev eth7 | grep -q 169.254.3.3"));
	ENSURE(inside("ip link show dev eth7 | grep -q 'mtu 1301'"));
	ENSURE(inside("ip link show dev eth7 | grep -q 02:00:00:00:00:07"));
	ENSURE(inside("ip link show dev eth7 | grep -q '[<,]UP[,>]'"));
	op_net_device_undo(&run, &step, &slot);
	ENSURE(sh("ip addr show dev a0 | grep -q 'inet 10.1.2.3/24'"));
	ENSURE(sh("ip link show dev a0 | grep -qv '[<,]UP[,>]'"));
	ENSURE(!inside("ip link show eth7 2>/dev/null"));
	end();
}

TEST(a_device_moves_with_its_addresses_and_comes_back)
{
	int r = in_child(moves);

	if (r == CHILD_SKIPPED)
		SKIP("root, iproute2, nsenter and veth devices");
	CHECK_INT(r, 0);
}

static void clashes(void)
{
	start();
	ENSURE(sh("ip link add a0 type veth peer name b0"));
	ENSURE(inside("ip link add eth0 type veth peer name eth1"));
	ENSURE(move("a0", "eth0") == -EEXIST);
	ENSURE(strstr(err.text, "eth0 already"));
	ENSURE(sh("ip link show a0 >/dev/null"));
	ENSURE(move("a0", "eth%d") == 0);
	ENSURE(inside("ip link show eth2 | grep -q '[<,]UP[,>]'"));
	ENSURE(move("lo", "eth9") < 0); /* the loopback device belongs to its namespace */
	ENSURE(sh("ip link show lo >/dev/null"));
	ENSURE(move("nothing", NULL) == -ENODEV);
	ENSURE(strstr(err.text, "network device nothing"));
	ENSURE(move("b0", "much-too-long-a-name") < 0);
	ENSURE(sh("ip link show b0 >/dev/null"));
	end();
}

TEST(names_that_are_taken)
{
	int r = in_child(clashes);

	if (r == CHILD_SKIPPED)
		SKIP("root, iproute2, nsenter and veth devices");
	CHECK_INT(r, 0);
}

/* The container is gone, its namespace is only held by us: the device is not lost. */
static void survives(void)
{
	start();
	ENSURE(sh("ip link add a0 type veth peer name b0 && ip link set a0 up"));
	ENSURE(move("a0", NULL) == 0);
	end();
	usleep(100000);
	op_net_device_undo(&run, &step, &slot);
	ENSURE(sh("ip link show dev a0 | grep -q '[<,]UP[,>]'"));
}

TEST(a_device_comes_back_when_the_container_has_died)
{
	int r = in_child(survives);

	if (r == CHILD_SKIPPED)
		SKIP("root, iproute2, nsenter and veth devices");
	CHECK_INT(r, 0);
}
