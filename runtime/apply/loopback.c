/* loopback.c - "lo" of a new network namespace: there, but down until somebody switches it on.
 * Runs in init, which has CAP_NET_ADMIN in that namespace. Must not touch any other device. */
#include "apply/ops.h"
#include "sys/sys.h"

int op_loopback(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	AUTO_FD int sock = sys_socket(AF_INET, SOCK_DGRAM, 0);
	int ret = sock < 0 ? sock : sys_link_up(sock, "lo");

	(void)r, (void)s, (void)slot;
	return ret < 0 ? fail_sys(e, ret, "cannot switch on the loopback device") : 0;
}
