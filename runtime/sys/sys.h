/* sys.h - one function, one system call: returns its result or -errno, opens close-on-exec, retries EINTR where that is safe.
 * No policy, no state, no messages. The only place of the project that calls syscall(2). Where glibc 2.36 has no wrapper or no
 * constant, it is defined here. */
#ifndef WASIRUN_SYS_SYS_H
#define WASIRUN_SYS_SYS_H

#include "base/err.h"
#include "base/fd.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

/* --- files (sys/file.c). dir: a directory fd or AT_FDCWD. Every fd is close-on-exec. */
MUST int sys_open(int dir, const char *path, int flags, mode_t mode);
/* openat2(2) with resolve flags; retries EAGAIN (a rename raced with "..") up to 128 times. */
MUST int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
MUST ssize_t sys_read(int fd, void *buf, size_t n);
MUST ssize_t sys_pread(int fd, void *buf, size_t n, uint64_t at);
MUST ssize_t sys_write(int fd, const void *buf, size_t n);
/* Reads up to n-1 bytes until end of file and adds a NUL. Returns the length; -E2BIG when more is there. */
MUST ssize_t sys_read_all(int fd, char *buf, size_t n);
/* Writes everything. */
MUST int sys_write_all(int fd, const void *buf, size_t n);
/* open + one write + close; for files of /proc and /sys. No O_CREAT, no O_TRUNC. */
MUST int sys_write_file(int dir, const char *path, const char *value);
/* open + read all + close. */
MUST ssize_t sys_read_file(int dir, const char *path, char *buf, size_t n);
MUST int sys_mkdir(int dir, const char *path, mode_t mode);
MUST int sys_mknod(int dir, const char *path, mode_t mode, dev_t dev);
MUST int sys_symlink(const char *target, int dir, const char *path);
MUST int sys_unlink(int dir, const char *path);
MUST int sys_rmdir(int dir, const char *path);
MUST int sys_rename(int olddir, const char *old, int newdir, const char *new_);
MUST int sys_link_fd(int fd, int dir, const char *path); /* gives a file of O_TMPFILE its name; -EEXIST when that is taken */
MUST int sys_fstat(int fd, struct stat *st);
MUST int sys_statat(int dir, const char *path, struct stat *st, int flags);
MUST int sys_fstatfs(int fd, struct statfs *st);
MUST int sys_chown(int dir, const char *path, uid_t uid, gid_t gid, int flags); /* fchownat */
MUST int sys_fchmod(int fd, mode_t mode);
MUST int sys_chmod(int dir, const char *path, mode_t mode); /* fchmodat: follows links, so an O_PATH fd is named "self/fd/N" of a proc fd */
MUST int sys_utimens(int dir, const char *path, const struct timespec times[2], int flags);
MUST int sys_access(int dir, const char *path, int mode, int flags);
MUST ssize_t sys_readlink(int dir, const char *path, char *buf, size_t n); /* NUL-terminated; -ENAMETOOLONG when cut */
MUST int sys_dup(int fd, int lowest);        /* F_DUPFD_CLOEXEC */
MUST int sys_dup3(int fd, int to, int flags);
MUST int sys_cloexec(int fd, bool on);
MUST int sys_is_open(int fd); /* fcntl(F_GETFD): 0, or -EBADF */
MUST int sys_nonblock(int fd, bool on); /* of the open file description: never of one that we share with our caller */
MUST int sys_close_range(unsigned first, unsigned last, unsigned flags);
MUST int sys_pipe(int fds[2]);
MUST ssize_t sys_sendfile(int to, int from, off_t *at, size_t n);
MUST int sys_memfd(const char *name, unsigned flags);
MUST int sys_chdir(const char *path);
MUST int sys_fchdir(int fd);
MUST int sys_chroot(const char *path);
MUST ssize_t sys_getcwd(char *buf, size_t n);
MUST int sys_flock(int fd, int op);
/* Reopens an O_PATH fd with other flags through proc (an fd of a verified procfs): openat(proc, "self/fd/N"). */
MUST int sys_reopen(int proc, int fd, int flags);
/* Extended attributes of an open (not O_PATH) file. Names come NUL-separated. */
MUST ssize_t sys_flistxattr(int fd, char *names, size_t n);
MUST ssize_t sys_fgetxattr(int fd, const char *name, void *value, size_t n);
MUST int sys_fsetxattr(int fd, const char *name, const void *value, size_t n);

/* --- copies of files (sys/copy.c) */
MUST int sys_clone_file(int to, int from); /* FICLONE: the whole content, shared until one of them is written to */
MUST ssize_t sys_copy_range(int from, int64_t *from_at, int to, int64_t *to_at, size_t n); /* copy_file_range(2); offsets move on */
MUST int64_t sys_seek(int fd, int64_t at, int whence); /* lseek(2), SEEK_DATA and SEEK_HOLE too */
MUST int sys_ftruncate(int fd, int64_t n);
MUST int sys_link(int olddir, const char *old, int newdir, const char *new_); /* a link to a link, not to what it names */
MUST int sys_exchange(int dir, const char *one, int other_dir, const char *other); /* both names at once: RENAME_EXCHANGE */
MUST int sys_syncfs(int fd);

/* --- mounts (sys/mount.c) */
MUST int sys_open_tree(int dir, const char *path, unsigned flags);
MUST int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
MUST int sys_fsopen(const char *fstype);
MUST int sys_fsconfig_str(int fs, const char *key, const char *value); /* value NULL = a flag */
MUST int sys_fsconfig_create(int fs);
/* A context of the file system that is mounted at path below dir ("" = dir itself), to be reconfigured. */
MUST int sys_fspick(int dir, const char *path);
MUST int sys_fsconfig_reconfigure(int fs);
MUST int sys_fsmount(int fs, uint64_t attr);
/* mount_setattr(2) on path below dir ("" with AT_EMPTY_PATH in flags). userns: an fd with MOUNT_ATTR_IDMAP in set, else -1. */
MUST int sys_mount_setattr(int dir, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, int userns);
MUST int sys_pivot_root(const char *new_root, const char *put_old);
MUST int sys_umount(const char *path, int flags);
MUST int sys_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
/* Reads the next message that the kernel left in a file system context, "" when there is none. */
void sys_fs_message(int fs, char *buf, size_t n);

/* --- processes (sys/process.c) */
/* clone3(2). Returns 0 in the child, the pid in the parent; *pidfd gets a pidfd. cgroup: fd for CLONE_INTO_CGROUP or -1. */
MUST pid_t sys_clone(uint64_t flags, int *pidfd, int cgroup);
MUST int sys_unshare(int flags);
MUST int sys_setns(int fd, int flags);
MUST int sys_pidfd_open(pid_t pid);
MUST int sys_pidfd_signal(int pidfd, int sig);
MUST int sys_pidfd_getfd(int pidfd, int fd);
/* waitid(P_PIDFD). Returns the wait status as waitpid does, or -errno. flags: WEXITED | WNOHANG... ; *exited tells WNOHANG's answer. */
MUST int sys_pidfd_wait(int pidfd, int flags, int *status, bool *exited);
MUST pid_t sys_waitpid(pid_t pid, int *status, int flags);
MUST int sys_kill(pid_t pid, int sig);
MUST int sys_execve(const char *path, char *const argv[], char *const envp[]);
MUST int sys_execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags);
MUST int sys_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
MUST int sys_setsid(void);
MUST int sys_sethostname(const char *name, size_t n);
MUST int sys_setdomainname(const char *name, size_t n);
MUST int sys_prlimit(pid_t pid, int type, const struct rlimit *new_, struct rlimit *old);
MUST int sys_personality(unsigned long p);
MUST int sys_sched_setattr(pid_t pid, const void *attr, unsigned flags);
MUST int sys_sched_setaffinity(pid_t pid, size_t n, const void *mask);
MUST int sys_setpriority(int which, id_t who, int nice);
MUST int sys_ioprio_set(int which, int who, int ioprio);
MUST int sys_set_mempolicy(int mode, const unsigned long *mask, unsigned long bits);
MUST int sys_keyctl_join(const char *name);
MUST int sys_seccomp(unsigned op, unsigned flags, void *args);
MUST int sys_bpf(int cmd, void *attr, size_t n);
MUST int sys_madvise(void *from, size_t n, int advice);

/* The start time of a process in clock ticks since boot, and its state letter (state may be NULL), from /proc/PID/stat (sys/procstat.c).
 * proc: an fd of a procfs root. -ENOENT or -ESRCH: no such process. */
MUST int sys_proc_start(int proc, pid_t pid, uint64_t *start, char *state);

/* --- identity (sys/identity.c): of the calling thread only; wasirun has one */
MUST int sys_setresuid(uid_t r, uid_t e, uid_t s);
MUST int sys_setresgid(gid_t r, gid_t e, gid_t s);
MUST int sys_setgroups(size_t n, const gid_t *groups);

/* --- questions (sys/query.c) */
MUST int sys_statfs(const char *path, struct statfs *st);
/* getdents64(2): raw records (struct dirent64 of <dirent.h>) into buf. Returns their bytes, 0 at the end. */
MUST ssize_t sys_getdents(int fd, void *buf, size_t n);
MUST int sys_rewind(int fd); /* lseek(fd, 0, SEEK_SET) */
/* capget(2) of the caller: 1 << CAP_*. Either may be NULL. */
MUST int sys_capget(uint64_t *permitted, uint64_t *effective);
MUST int sys_capset(uint64_t permitted, uint64_t effective); /* of the caller; inheritable none */
MUST int sys_landlock_abi(void); /* 0 = none */
/* The running kernel's version as major * 1000 + minor: 6018. */
MUST int sys_kernel_version(void);

/* Random bytes of the kernel (getrandom(2)), all n of them. */
MUST int sys_random(void *buf, size_t n);

/* --- waiting (sys/event.c) */
int64_t sys_now_us(void); /* CLOCK_MONOTONIC, microseconds */
void sys_sleep_us(int64_t us);
MUST int sys_eventfd(void);
/* signalfd(2), non-blocking, for signals that are blocked; read gives struct signalfd_siginfo. */
MUST int sys_signalfd(const sigset_t *set);
MUST int sys_inotify(void); /* non-blocking */
MUST int sys_inotify_add(int fd, const char *path, uint32_t mask);
/* poll(2) on n fds; those below 0 are passed over. Returns how many are ready, 0 on time-out (milliseconds, -1 = none). */
MUST int sys_poll(struct pollfd *p, size_t n, int timeout);

/* --- sockets (sys/socket.c) */
MUST int sys_socket(int domain, int type, int protocol);
MUST int sys_socketpair(int type, int fds[2]);
/* Sends n bytes and at most one fd (-1 = none) as one message. */
MUST ssize_t sys_send_fd(int sock, const void *buf, size_t n, int fd);
/* Receives one message and at most one fd (*fd = -1 when none). More fds are closed. Returns the bytes, 0 = EOF;
 * -EMSGSIZE when the message was longer than n. */
MUST ssize_t sys_recv_fd(int sock, void *buf, size_t n, int *fd);
/* Binds or connects a unix socket to name within the directory dir, whatever the length of its path (through /proc/self/fd). */
MUST int sys_bind_at(int sock, int dir, const char *name);
MUST int sys_connect_at(int sock, int dir, const char *name);
/* Connects to a path of any length. */
MUST int sys_connect_path(int sock, const char *path);
/* Connects to an abstract socket (unix(7)); name without the leading NUL or "@". */
MUST int sys_connect_abstract(int sock, const char *name);
MUST int sys_listen(int sock, int backlog);
MUST int sys_accept(int sock);
MUST int sys_peer_cred(int sock, struct ucred *cred);
/* Switches a network device of the calling process's network namespace on (IFF_UP, netdevice(7)). sock: any AF_INET socket of it. */
MUST int sys_link_up(int sock, const char *name);
/* poll(2) on one fd. Returns the revents, 0 on time-out (milliseconds, -1 = none). */
MUST int sys_poll1(int fd, short events, int timeout);

/* --- the network broker (sys/inet.c, sys/notify.c) */
#define SYS_MAX_FDS 4 /* descriptors in one message */
MUST int sys_bind(int sock, const void *address, size_t n);
MUST int sys_connect(int sock, const void *address, size_t n); /* not retried: EINTR and EINPROGRESS mean something */
MUST int sys_getsockname(int sock, struct sockaddr_storage *address, size_t *n);
MUST int sys_getsockopt(int sock, int level, int option, void *value, size_t *n); /* *n: room in, bytes out */
MUST int sys_setsockopt(int sock, int level, int option, const void *value, size_t n);
MUST int sys_socket_cookie(int sock, uint64_t *cookie); /* SO_COOKIE: never used twice */
MUST int sys_socket_netns(int sock, uint64_t *cookie);  /* SO_NETNS_COOKIE, 5.14: of its network namespace */
MUST int sys_file_flags(int fd);                        /* F_GETFL */
MUST int sys_set_file_flags(int fd, int flags);
/* One datagram, without waiting. */
MUST ssize_t sys_recv(int sock, void *buf, size_t n, struct sockaddr_storage *from, socklen_t *from_n);
MUST ssize_t sys_send(int sock, const void *buf, size_t n, const struct sockaddr_storage *to, socklen_t to_n);
MUST ssize_t sys_send_fds(int sock, const void *buf, size_t n, const int *fds, size_t count);
MUST ssize_t sys_recv_fds(int sock, void *buf, size_t n, int fds[SYS_MAX_FDS], size_t *count);
/* Gives a device ("lo:1") of sock's network namespace an IPv4 address of its own, /32. */
MUST int sys_lo_address(int sock, const char *name, const unsigned char address[4]);
MUST ssize_t sys_vm_read(pid_t pid, uint64_t address, void *buf, size_t n); /* process_vm_readv(2) */
MUST int sys_notif_recv(int listener, struct seccomp_notif *n);
/* Answers with -error, or value when error is 0. error: a negative errno. */
MUST int sys_notif_send(int listener, uint64_t id, int error, int64_t value);
MUST int sys_notif_valid(int listener, uint64_t id);
/* Puts our fd in place of the caller's descriptor `to`. */
MUST int sys_notif_put_fd(int listener, uint64_t id, int fd, int to, bool cloexec);
MUST int sys_pidfd_open_thread(pid_t tid); /* PIDFD_THREAD, 6.9; -EINVAL before */
MUST int sys_same_files(pid_t a, pid_t b); /* 1: they share one table of descriptors (kcmp(2)) */
MUST int sys_epoll(void);
MUST int sys_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
/* fork(2) of a child that sends no signal when it ends: its parent's wait does not see it (wait(2), __WCLONE). */
MUST pid_t sys_fork_quiet(void);
_Noreturn void sys_exit(int code);

/* --- terminals (sys/tty.c) */
MUST int sys_tty_unlock(int master);
/* The other end of a pty, opened without a path: close-on-exec, not our controlling terminal. */
MUST int sys_tty_peer(int master);
MUST int sys_tty_number(int master); /* N of /dev/pts/N */
MUST int sys_tty_set_size(int fd, unsigned short rows, unsigned short columns);
MUST int sys_tty_set_onlcr(int fd, bool on); /* does the terminal write CR LF for LF? */
MUST int sys_tty_size(int fd, unsigned short *rows, unsigned short *columns); /* -ENOTTY: not a terminal */
MUST int sys_tty_get(int fd, struct termios *t);
MUST int sys_tty_set(int fd, const struct termios *t); /* at once (TCSANOW) */
MUST int sys_tty_control(int fd);            /* makes fd the controlling terminal of the session that the caller leads */

/* --- confinement and signals (sys/confine.c) */
MUST int sys_landlock_create_ruleset(const void *attr, size_t n, unsigned flags);
MUST int sys_landlock_add_rule(int ruleset, int type, const void *attr);
MUST int sys_landlock_restrict_self(int ruleset, unsigned flags);
MUST long sys_keyctl(int op, unsigned long a, unsigned long b, unsigned long c);
mode_t sys_umask(mode_t mask);
MUST int sys_getresuid(uid_t *r, uid_t *e, uid_t *s);
MUST int sys_getresgid(gid_t *r, gid_t *e, gid_t *s);
MUST int sys_setpgid(pid_t pid, pid_t pgid);
MUST int sys_send_timeout(int sock, int seconds); /* sending then fails with EAGAIN */
MUST int sys_sigaction(int sig, const struct sigaction *new_, struct sigaction *old);
MUST int sys_signal_default(int sig); /* SIG_DFL for any signal, those that libc hides too */
MUST int sys_sigprocmask(int how, const sigset_t *set, sigset_t *old);
/* A second thread that shares everything, with a stack of its own (stack_top: 16-byte aligned) but not its own thread-local storage:
 * fn must use errno only while the first thread does not. Ends with fn, or with the first thread's exec. Returns its id. */
MUST int sys_thread(int (*fn)(void *), void *stack_top, void *arg);

#endif
