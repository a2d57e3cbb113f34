/* broker_impl.h - what the files of the broker share. Private to them.
 *
 * broker.c makes the supervisor and enters the sandbox; broker_filter.c has the three programs (sandbox, supervisor, inner half);
 * broker_loop.c
 * waits; broker_notify.c judges a call; broker_socket.c makes sockets of the host; broker_swap.c puts one in place of the caller's, with
 * broker_epoll.c and broker_share.c; broker_inner.c is the inner half; broker_names.c answers names. */
#ifndef WASIRUN_APPLY_BROKER_IMPL_H
#define WASIRUN_APPLY_BROKER_IMPL_H

#include "apply/broker.h"
#include "sys/sys.h"

#define BROKER_LISTENERS 64 /* filters: the sandbox's and those of exec */
#define BROKER_GUESTS 4     /* connections at the door that are being heard */
#define BROKER_PENDING 256  /* calls that wait for something */
#define BROKER_BOUND 256    /* host sockets that were bound for a listen grant */
#define BROKER_SAID 32      /* refusals that are told apart */
#define BROKER_ADDRESS 128  /* sizeof(struct sockaddr_storage) */

/* What init and the supervisor say to each other. The answer to each is an int32_t: 0 or a negative errno. */
enum broker_word {
	BROKER_HELLO = 1, /* fds: the inner half's socket, a UDP and a TCP socket of the sandbox's namespace */
	BROKER_LISTENER,  /* fd: the filter's listener */
};

enum broker_op { BROKER_BIND, BROKER_CONNECT, BROKER_LISTEN, BROKER_SOCKET };

/* One notified call. */
struct call {
	int listener;
	uint64_t id;
	pid_t tid;
	enum broker_op op;
	int fd;      /* the caller's number */
	int backlog;
	int pidfd, sock; /* ours; sock refers to the caller's open file */
	int domain, type, protocol;
	uint32_t n;  /* bytes of address */
	union {
		unsigned char address[BROKER_ADDRESS];
		struct sockaddr any;
		struct sockaddr_storage storage;
	};
};

enum pending_kind {
	PENDING_NONE,
	PENDING_CONNECT, /* a host socket that connects */
	PENDING_INNER,   /* the inner half has the job */
	PENDING_LOCAL,   /* a connection inside the sandbox that is under way: until sock is writable, or a moment later */
	PENDING_RESTORE, /* the inner half makes a fresh socket: put in place of a used up one, then answered with `answer` */
};

struct pending {
	enum pending_kind kind;
	uint32_t serial;   /* tells a late answer of the inner half from the next job */
	struct call call;
	int host;          /* PENDING_CONNECT */
	int answer;
	int64_t deadline;  /* microseconds, 0 = none: then the call ends as with SO_SNDTIMEO */
	int64_t again;     /* PENDING_LOCAL: when to try again, 0 = when sock is ready */
};

struct bound {
	uint64_t cookie; /* of the host socket; 0 = free */
	bool listening;
	struct net_address at;
};

struct names; /* broker_names.c */

struct broker {
	struct net_grants grants;
	int proc, report, control, inner, door;
	int guests[BROKER_GUESTS];
	int listeners[BROKER_LISTENERS];
	uint64_t host_netns, sandbox_netns;
	int sockets_mount; /* id of the mount that all sockets are on, as fdinfo tells it */
	struct pending pending[BROKER_PENDING];
	uint32_t serial;
	struct bound bound[BROKER_BOUND];
	size_t next_bound;
	uint64_t said[BROKER_SAID];
	size_t said_n;
	struct names *names; /* NULL: no grant has a name */
};

#define CALL_WAITS 1 /* not answered yet */

/* --- broker_filter.c */

struct sock_fprog;
/* Loads a program into the caller. Returns the listener, or negative. */
MUST int broker_filter_sandbox(void);
MUST int broker_filter_orphan(void); /* the sandbox's, when nobody is there to answer; returns 0 */
MUST int broker_filter_inner(void);
MUST int broker_filter_supervisor(void);

/* --- broker_loop.c: until the sandbox is gone */
void broker_loop(struct broker *b);
/* A free place, or NULL. */
struct pending *broker_pending(struct broker *b);
/* Closes what a call holds. */
void broker_drop(struct call *c);
/* Answers a call and closes what it holds. r: 0 or a negative errno. */
void broker_answer(struct call *c, int r);

/* --- broker_notify.c */
void broker_notified(struct broker *b, int listener);
/* The address as grants know it. False: it is none of this socket's family, which the kernel shall say. */
bool broker_address(const struct call *c, struct net_address *out);
/* A line for whoever reads the refusals; each once. */
void broker_refused(struct broker *b, const struct call *c, const struct net_address *a, const char *why);

/* --- broker_socket.c */
/* A socket of the host's namespace with the caller's options. */
MUST int broker_host_socket(const struct call *c);
MUST int broker_host_bind(const struct call *c, int host, const struct net_address *at);
MUST int broker_host_connect(const struct call *c, int host, const struct net_address *to);
int broker_tcp_state(int sock); /* TCP_* of <netinet/tcp.h>, or 0 */
bool broker_only6(int sock);
/* Microseconds of SO_SNDTIMEO, 0 = none. */
int64_t broker_send_timeout(int sock);
/* The socket with that cookie listens at that address. */
bool broker_listens(uint64_t cookie, const struct net_address *at);
bool broker_bound_at(int sock, const struct net_address *at);

/* --- broker_swap.c, broker_epoll.c, broker_share.c */

#define SWAP_FDS 64
#define SWAP_EPOLLS 16
#define SWAP_WATCHES 64

struct held {
	int fd;
	bool cloexec;
};
struct watch { /* one epoll registration */
	int epoll, fd;
	uint32_t events;
	uint64_t data;
};
struct swap {
	uint64_t ino;
	struct held held[SWAP_FDS];
	size_t held_n;
	int epolls[SWAP_EPOLLS]; /* the caller's numbers */
	size_t epolls_n;
	struct watch watches[SWAP_WATCHES];
	size_t watches_n;
};
/* Puts `with` in place of every descriptor of the caller that shows c->sock. -EOPNOTSUPP: another process has that socket, too. */
MUST int broker_swap(struct broker *b, struct call *c, int with);
/* One descriptor of a process. */
struct seen {
	int fd;
	enum { SEEN_OTHER, SEEN_SOCKET, SEEN_EPOLL } kind;
	uint64_t ino; /* of a socket */
};
/* The id of the mount that our own fd is on. */
MUST int broker_mount_of(struct broker *b, int fd);
/* Calls each for every descriptor of a process. Stops with each's first result other than 0. */
MUST int broker_each_fd(struct broker *b, pid_t pid, int (*each)(void *ctx, const struct seen *f), void *ctx);
void broker_watches_read(struct broker *b, pid_t tid, struct swap *s);
MUST int broker_watches_make(struct call *c, const struct swap *s, int with);
/* 1: a process of the sandbox other than the caller has the socket. */
MUST int broker_shared(struct broker *b, pid_t tid, uint64_t ino);

/* --- broker_memory.c */
struct arena;
/* What the runtime has in this arena, the halves that are made from here on give back. Before init is made. */
void broker_forgets(const struct arena *a);
/* A copy in memory of its own: TCP only, and nothing but what decides. */
struct net_grants broker_keep(const struct net_grants *g);
void broker_shed(void);
#define BROKER_IDLE_MS 1000
/* After BROKER_IDLE_MS without anything to do: the code that was used comes back by itself. */
void broker_idle(void);

/* --- broker.c */
/* Loads the sandbox's filter and says why it cannot. Returns the listener. */
MUST int broker_load(struct err *e);
/* Says a word to the supervisor and waits for its answer. */
MUST int broker_say(int sock, uint32_t word, const int *fds, size_t n, struct err *e);
/* In the sandbox's namespace, once its sockets are there. Takes them over where names are granted. */
MUST int broker_settle(struct broker *b, int *udp, int *tcp);

/* --- broker_inner.c */
_Noreturn void broker_inner(int sock);
/* Hands a job over. Returns CALL_WAITS or a negative errno. */
MUST int broker_inner_send(struct broker *b, struct pending *p);
void broker_inner_answered(struct broker *b);
/* Does c inside the sandbox. */
MUST int broker_local(struct broker *b, struct call *c);
/* Puts a fresh socket of the sandbox in place of c's used up one, then answers it with `answer`. */
MUST int broker_restore(struct broker *b, struct call *c, int answer);

#endif
