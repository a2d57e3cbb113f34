/* netlink.h - the few rtnetlink(7) requests that network devices need. Each socket speaks to the network namespace in which it was made. */
#ifndef WASIRUN_APPLY_NETLINK_H
#define WASIRUN_APPLY_NETLINK_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/value.h"
#include <stdbool.h>
#include <stdint.h>

struct link {
	int index;
	bool up;
	char name[16];
};

/* One address of a device, as the kernel sent it: what RTM_NEWADDR takes to make it again. */
struct address {
	uint8_t family, prefix;
	uint8_t n;               /* bytes of each of the following */
	bool has_local, has_address, has_broadcast;
	uint8_t local[16], address[16], broadcast[16];
	uint32_t flags;          /* IFA_F_* */
};
typedef LIST(struct address) addresses;

/* A socket for the caller's network namespace. */
MUST int netlink_open(void);

/* The device of that name. -ENODEV when there is none. These return a negative errno and set no error. */
MUST int netlink_link(int sock, const char *name, struct link *out);
MUST int netlink_link_at(int sock, int index, struct link *out);

MUST int netlink_set_up(int sock, int index, bool up);

/* Moves a device to the network namespace netns (an fd) under the name given; "eth%d" lets the kernel number it. new_index: what its
 * index becomes, 0 = leave it to the kernel (it keeps the old one when that is free there). */
MUST int netlink_move(int sock, int index, int netns, const char *name, int new_index);

/* The permanent addresses of global scope. */
MUST int netlink_addresses(int sock, struct arena *a, int index, addresses *out);
MUST int netlink_add_address(int sock, int index, const struct address *x);

#endif
