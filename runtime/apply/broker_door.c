/* broker_door.c - the step of the broker, and how exec comes into a container that has one (broker.h).
 * Must not let a process into such a container without the filter: one host socket that another process hands to it, and it could go
 * anywhere. */
#include "apply/broker_impl.h"
#include "apply/ops.h"

#define DOOR "network" /* in the state directory */

int broker_door(int state_dir, struct err *e)
{
	AUTO_FD int s = sys_socket(AF_UNIX, SOCK_SEQPACKET, 0);
	int ret;

	if (s < 0)
		return fail_sys(e, s, "socket");
	ret = sys_bind_at(s, state_dir, DOOR);
	if (ret == 0)
		ret = sys_chmod(state_dir, DOOR, 0600);
	if (ret == 0)
		ret = sys_listen(s, 8);
	return ret < 0 ? fail_sys(e, ret, "the socket of the network supervisor in the state directory") : take_fd(&s);
}

int broker_knock(int state_dir)
{
	AUTO_FD int s = sys_socket(AF_UNIX, SOCK_SEQPACKET, 0);

	return s >= 0 && sys_connect_at(s, state_dir, DOOR) == 0 ? take_fd(&s) : -1;
}

int broker_alive(int state_dir)
{
	struct stat st;

	if (sys_statat(state_dir, DOOR, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	AUTO_FD int s = broker_knock(state_dir);
	return s >= 0;
}

int broker_join(int sock, struct err *e)
{
	int ret;

	if (sock < 0) {
		ret = broker_filter_orphan();
		return ret < 0 ? fail_sys(e, ret, "network grants: cannot load the filter") : 0;
	}
	AUTO_FD int listener = TRY(broker_load(e));
	ret = broker_say(sock, BROKER_LISTENER, &listener, 1, e);
	return ret == -EPIPE ? 0 : ret; /* it went away just now: with the listener closed, the answer is ENOSYS as well */
}

/* --- the step */

static int start_supervisor(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	int door = -1;

	broker_forgets(r->arena);
	if (r->state_dir >= 0)
		door = TRY(broker_door(r->state_dir, e));
	return broker_start(s->broker, r->network_report, door, &slot->fd, e);
}

int op_broker_prepare(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	size_t i;

	if (!s->broker) { /* exec */
		slot->fd = broker_knock(r->broker_dir);
		return 0;
	}
	for (i = 0; i < r->plan->steps.n; i++) {
		const struct step *c = &r->plan->steps.v[i];

		if (c->op == STEP_CLONE && (c->clone.flags & (CLONE_NEWUSER | CLONE_NEWNET)) == (CLONE_NEWUSER | CLONE_NEWNET))
			return start_supervisor(r, s, slot, e);
	}
	return fail(e, EINVAL, "network grants need a user and a network namespace of the sandbox's own");
}

int op_broker(struct run *r, const struct step *s, struct slot *slot, struct err *e)
{
	(void)r;
	return s->broker ? broker_enter(slot->fd, e) : broker_join(slot->fd, e);
}
