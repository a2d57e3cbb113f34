/* broker_box.h - two network namespaces of a test's own: one that stands for the host, and in it a sandbox under network grants.
 *
 * BROKERED(grants, host, inside): host() runs first, in the "host" (make listeners there); then inside() runs in the sandbox, under the
 * broker;
 * then after() in the host. All are children of the test: ENSURE ends them. Needs user namespaces. */
#ifndef WASIRUN_TESTS_BROKER_BOX_H
#define WASIRUN_TESTS_BROKER_BOX_H

#include "apply/broker.h"
#include "sys/sys.h"
#include "tests/unit/child.h"
#include "tests/unit/test.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct scene {
	const char *listen, *connect; /* "127.0.0.1:5000-5001"; several with blanks between */
	void (*host)(void), (*inside)(void), (*after)(void);
};

static struct scene scene;
static int listeners[4];  /* made by host(), for after() */
static int report[2];     /* the supervisor's lines; at its end when it ends */
static atomic_int *flags; /* shared by all */

static bool scene_map(void)
{
	char text[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	if (sys_write_file(AT_FDCWD, "/proc/self/setgroups", "deny") < 0)
		return false;
	snprintf(text, sizeof text, "0 %u 1", uid);
	if (sys_write_file(AT_FDCWD, "/proc/self/uid_map", text) < 0)
		return false;
	snprintf(text, sizeof text, "0 %u 1", gid);
	return sys_write_file(AT_FDCWD, "/proc/self/gid_map", text) == 0;
}

static void scene_lo(void)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ENSURE(sys_link_up(s, "lo") == 0);
	close(s);
}

#define MAX_GRANTS 8
static struct endpoint scene_points[2][MAX_GRANTS];
static struct port_range scene_ports[2][MAX_GRANTS];

static size_t scene_parse(const char *text, int which)
{
	char copy[256], *save, *word;
	size_t n = 0;

	snprintf(copy, sizeof copy, "%s", text ? text : "");
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct endpoint *p = &scene_points[which][n];
		char *colon = strrchr(word, ':');
		unsigned first, last;

		*colon = 0;
		last = sscanf(colon + 1, "%u-%u", &first, &last) == 2 ? last : first;
		*p = (struct endpoint){ .kind = ENDPOINT_TCP, .host = HOST_NAME, .name = strdup(word) };
		if (inet_pton(AF_INET, word, p->address) == 1) {
			p->host = HOST_V4;
			p->prefix = 32;
		} else if (inet_pton(AF_INET6, word, p->address) == 1) {
			p->host = HOST_V6;
			p->prefix = 128;
		}
		scene_ports[which][n] = (struct port_range){ (uint16_t)first, (uint16_t)last };
		p->ports.v = &scene_ports[which][n];
		p->ports.n = 1;
		n++;
	}
	return n;
}

static inline void scene_run(void)
{
	struct net_grants g = { .listen = scene_points[0], .connect = scene_points[1], .published = true };
	struct err e = { .code = 0 };
	int sock, status;
	pid_t pid;

	if (!scene_map())
		_exit(CHILD_SKIPPED);
	scene_lo();
	g.listen_n = scene_parse(scene.listen, 0);
	g.connect_n = scene_parse(scene.connect, 1);
	if (scene.host)
		scene.host();
	ENSURE(pipe2(report, O_CLOEXEC) == 0);
	ENSURE(broker_start(&g, report[1], -1, &sock, &e) == 0);
	close(report[1]);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		close(report[0]);
		ENSURE(scene_map());
		scene_lo();
		ENSURE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
		if (broker_enter(sock, &e) < 0) {
			dprintf(1, "# broker_enter: %s\n", e.text);
			_exit(1);
		}
		/* init is not dumpable before its exec, and what the supervisor may look at after it is decided by the program's memory */
		close(sock);
		ENSURE(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
		scene.inside();
		_exit(0);
	}
	close(sock);
	ENSURE(pid > 0);
	if (scene.after)
		scene.after();
	ENSURE(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		char said[1024];
		ssize_t n = fcntl(report[0], F_SETFL, O_NONBLOCK) == 0 ? read(report[0], said, sizeof said - 1) : 0;

		dprintf(1, "# inside ended with %#x%s%.*s\n", status, n > 0 ? "; the supervisor says: " : "", n > 0 ? (int)n : 0, said);
	}
	ENSURE(status == 0);
}

#define SCENE(...)                                                                                                      \
	do {                                                                                                            \
		int scene_status;                                                                                       \
		if (!flags)                                                                                             \
			flags = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);            \
		memset((void *)flags, 0, 64);                                                                           \
		scene = (struct scene){ __VA_ARGS__ };                                                                  \
		scene_status = in_child(scene_run);                                                                     \
		if (scene_status == CHILD_SKIPPED)                                                                      \
			SKIP("needs user and network namespaces");                                                      \
		CHECK_INT(scene_status, 0);                                                                             \
	} while (0)

/* --- words for tests */

static inline struct sockaddr_in at4(const char *text, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, text, &a.sin_addr);
	return a;
}

static inline struct sockaddr_in6 at6(const char *text, unsigned port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	inet_pton(AF_INET6, text, &a.sin6_addr);
	return a;
}

static inline int tcp4(void)
{
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	ENSURE(s >= 0 && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
	return s;
}

static inline int connect4(int s, const char *text, unsigned port)
{
	struct sockaddr_in a = at4(text, port);

	return connect(s, (struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
}

static inline int bind4(int s, const char *text, unsigned port)
{
	struct sockaddr_in a = at4(text, port);

	return bind(s, (struct sockaddr *)&a, sizeof a) < 0 ? -errno : 0;
}

static inline int listener4(const char *text, unsigned port, int backlog)
{
	int s = tcp4();

	ENSURE(bind4(s, text, port) == 0 && listen(s, backlog) == 0);
	return s;
}

/* Somebody is connected to s and sends a byte: an echo of it comes back. */
static inline void serve_one(int s)
{
	char byte;
	int c = accept4(s, NULL, NULL, SOCK_CLOEXEC);

	ENSURE(c >= 0 && read(c, &byte, 1) == 1 && write(c, &byte, 1) == 1);
	close(c);
}

static inline void echo(int s)
{
	char byte = 'x';

	ENSURE(write(s, &byte, 1) == 1);
	byte = 0;
	ENSURE(read(s, &byte, 1) == 1 && byte == 'x');
}

/* The host's way in, tried until the sandbox listens. */
static inline int reach4(const char *text, unsigned port)
{
	int i, s;

	for (i = 0; i < 500; i++) {
		s = tcp4();
		if (connect4(s, text, port) == 0)
			return s;
		close(s);
		usleep(10000);
	}
	ENSURE(!"nobody listens");
	return -1;
}

#endif
