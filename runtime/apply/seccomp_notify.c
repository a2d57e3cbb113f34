/* seccomp_notify.c - hands the notification descriptor of a filter to the agent at listenerPath (config-linux.md, "The Container Process
 * State").
 *
 * Once the filter is loaded, init may not make a single system call before the agent has the descriptor: the call could be one that waits
 * for the agent. So a second thread, which is made before and which the filter does not hold, sends it; init waits by looking at memory.
 * The thread is gone with init's exec at the latest. Must not allocate: the thread's stack and the message are made in prepare. */
#include "apply/seccomp.h"
#include "base/log.h"
#include "base/text.h"
#include "oci/features.h"
#include "sys/sys.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define STACK (64 << 10)
#define WAITING (-1)    /* of fd: nothing yet */
#define PENDING 1       /* of result */
#define SEND_SECONDS 10 /* an agent that does not read must not hold a container for ever */

struct notify {
	const char *head, *metadata, *state_head, *state_tail; /* the message, cut where the pids go */
	char *message;
	size_t room;
	int sock, len;
	atomic_int fd;     /* the descriptor, WAITING, or another negative number: there is none */
	atomic_int result; /* PENDING, 0 or a negative errno */
	char *stack;       /* 16-byte aligned */
};

int seccomp_notify_prepare(struct run *r, const struct step_seccomp *s, int *sock, struct notify **out, struct err *e)
{
	struct notify *n = arena_alloc(r->arena, sizeof *n);
	struct text t = { .arena = r->arena };
	int ret;

	if (!r->state.head || !r->state.tail)
		return fail(e, EINVAL, "internal error: no state to send to the seccomp agent");
	ret = sys_socket(AF_UNIX, SOCK_STREAM, 0);
	if (ret < 0)
		return fail_sys(e, ret, "socket");
	*sock = ret;
	ret = sys_connect_path(*sock, s->listener_path);
	if (ret < 0)
		return fail_sys(e, ret, "failed to connect with seccomp agent at listenerPath %s", s->listener_path);
	ret = sys_send_timeout(*sock, SEND_SECONDS);
	if (ret < 0)
		return fail_sys(e, ret, "setsockopt(SO_SNDTIMEO)");
	if (s->listener_metadata && *s->listener_metadata) {
		text_str(&t, ",\"metadata\":");
		text_json(&t, s->listener_metadata);
	}
	n->metadata = text_get(&t);
	n->head = "{\"ociVersion\":\"" OCI_VERSION "\",\"fds\":[\"seccompFd\"],\"pid\":";
	n->state_head = r->state.head;
	n->state_tail = r->state.tail;
	n->room = strlen(n->head) + strlen(n->metadata) + strlen(n->state_head) + strlen(n->state_tail) + 96;
	n->message = arena_alloc(r->arena, n->room);
	n->stack = arena_alloc(r->arena, STACK);
	*out = n;
	return 0;
}

static int send_message(struct notify *n, int fd)
{
	size_t done = 0;
	ssize_t w;

	while (done < (size_t)n->len) {
		/* the descriptor goes with the first bytes */
		w = sys_send_fd(n->sock, n->message + done, (size_t)n->len - done, done ? -1 : fd);
		if (w < 0)
			return (int)w;
		done += (size_t)w;
	}
	return 0;
}

/* The second thread. It shares errno with init, which leaves it alone meanwhile. */
static int sender(void *arg)
{
	struct notify *n = arg;
	int fd, result;

	while ((fd = atomic_load(&n->fd)) == WAITING)
		sys_sleep_us(20);
	if (fd < 0)
		return 0;
	result = send_message(n, fd);
	(void)!sys_close_range((unsigned)fd, (unsigned)fd, 0);
	(void)!sys_close_range((unsigned)n->sock, (unsigned)n->sock, 0);
	atomic_store(&n->result, result);
	return 0;
}

int seccomp_notify_begin(struct run *r, struct notify *n, int sock, struct err *e)
{
	int container = r->container_pid ? r->container_pid : r->host_pid, ret;

	n->sock = sock;
	n->len = snprintf(n->message, n->room, "%s%d%s,\"state\":%s%s\",\"pid\":%d%s}", n->head, r->host_pid, n->metadata, n->state_head,
			  r->container_pid ? "running" : "creating", container, n->state_tail);
	if (n->len < 0 || (size_t)n->len >= n->room)
		return fail(e, EINVAL, "internal error: the message to the seccomp agent does not fit");
	atomic_store(&n->fd, WAITING);
	atomic_store(&n->result, PENDING);
	ret = sys_thread(sender, n->stack + STACK, n);
	return ret < 0 ? fail_sys(e, ret, "cannot make the thread that speaks to the seccomp agent") : 0;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

int seccomp_notify_end(struct notify *n, int listener, struct err *e)
{
	int result;

	atomic_store(&n->fd, listener >= 0 ? listener : WAITING - 1);
	if (listener < 0)
		return 0;
	/* the thread always answers: sending has a time limit, and nothing ends it but the end of the whole process */
	while ((result = atomic_load(&n->result)) == PENDING)
		relax();
	return result < 0 ? fail_sys(e, result, "cannot send the seccomp descriptor to the agent") : 0;
}
