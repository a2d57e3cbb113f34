/* box.c - runs a command in a user, network and pid namespace of its own under network grants: the broker without the rest of a sandbox.
 *
 * box [--listen ENDPOINT]... [--connect ENDPOINT]... [--unpublished] [--report FILE] [--resolv FILE] [--filter] -- COMMAND...
 * Ends with the command's status. */
#include "apply/broker.h"
#include "oci/manifest.h"
#include "sys/sys.h"
#include "base/text.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "box: %s: %s\n", what, e ? e->text : strerror(errno));
	exit(125);
}

static void write_file(const char *path, const char *text)
{
	if (sys_write_file(AT_FDCWD, path, text) < 0)
		die(path, NULL);
}

static void map_ids(uid_t uid, gid_t gid)
{
	char text[64];

	write_file("/proc/self/setgroups", "deny");
	snprintf(text, sizeof text, "%u %u 1", uid, uid);
	write_file("/proc/self/uid_map", text);
	snprintf(text, sizeof text, "%u %u 1", gid, gid);
	write_file("/proc/self/gid_map", text);
}

static void inside(int sock, const char *resolv, char **argv)
{
	struct err e;
	int lo = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) /* a box that is killed leaves nothing behind */
		die("prctl", NULL);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
		die("proc", NULL);
	if (resolv && mount(resolv, "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0)
		die("resolv.conf", NULL);
	if (lo < 0 || sys_link_up(lo, "lo") < 0 || sys_setsid() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("lo", NULL);
	close(lo);
	if (sock >= 0 && broker_enter(sock, &e) < 0)
		die("the broker", &e);
	if (sys_close_range(3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
		die("close_range", NULL);
	execvp(argv[0], argv);
	die(argv[0], NULL);
}

static void add(struct text *t, const char *s, unsigned *n)
{
	text_str(t, (*n)++ ? "," : "");
	text_json(t, s);
}

static struct net_grants grants(struct arena *a, int argc, char **argv)
{
	struct manifest_context ctx = { .dir = "/" };
	struct text t = { .arena = a };
	struct manifest *m = arena_alloc(a, sizeof *m);
	struct manifest_errors errs;
	const char *document;
	struct err e;
	unsigned n = 0;
	int i;

	text_str(&t, "{\"version\":\"1.0\",\"capabilities\":{\"network\":{\"listen\":[");
	for (i = 1; i + 1 < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--listen"))
			add(&t, argv[i + 1], &n);
	text_str(&t, "],\"connect\":[");
	for (i = 1, n = 0; i + 1 < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--connect"))
			add(&t, argv[i + 1], &n);
	text_str(&t, "]}}}");
	document = text_get(&t);
	if (manifest_decode(a, document, strlen(document), "box", &ctx, m, &errs, &e) < 0)
		die("grants", &e);
	return (struct net_grants){ .listen = m->listen.v, .listen_n = m->listen.n, .connect = m->connect.v, .connect_n = m->connect.n,
				    .published = true };
}

int main(int argc, char **argv)
{
	static struct arena a;
	struct net_grants g = grants(&a, argc, argv);
	const char *resolv = NULL;
	int report = -1, sock = -1, i, status;
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct err e;
	pid_t pid;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!strcmp(argv[i], "--unpublished"))
			g.published = false;
		else if (!strcmp(argv[i], "--report"))
			report = open(argv[++i], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
		else if (!strcmp(argv[i], "--resolv"))
			resolv = argv[++i];
	}
	if (i + 1 >= argc)
		die("usage", NULL);
	if (grants_need_broker(&g) && broker_start(&g, report, -1, &sock, &e) < 0)
		die("the broker", &e);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID) < 0)
		die("unshare", NULL);
	map_ids(uid, gid);
	pid = fork();
	if (pid == 0)
		inside(sock, resolv, argv + i + 1);
	if (sock >= 0)
		close(sock);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork", NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
