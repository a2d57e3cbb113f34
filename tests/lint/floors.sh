#!/bin/sh
# floors.sh - who may include whom, who may call the kernel, and where each library lives. docs/architecture.md tells why.
# Usage: floors.sh [BUILD_DIRECTORY]
set -eu
cd "$(dirname "$0")/../.."
bad=0
complain() { echo "$*"; bad=1; }

# may DIRECTORY WHAT...: the floors that a directory may include, as regular expressions
may() {
	dir=$1
	shift
	allowed=$(printf '%s|' "$@")
	hits=$(find "$dir" -maxdepth 1 -name '*.[ch]' -exec grep -nHE '^#include "' {} + | grep -vE "\"(${allowed%|})" || true)
	[ -z "$hits" ] || complain "$dir may include only: $*
$hits"
}
may runtime/base base/
may oci oci/ base/
may runtime/plan plan/ oci/ base/
may runtime/sys sys/ base/
may runtime/apply apply/ sys/ base/ plan/step.h plan/host.h plan/grants.h 'oci/(words|value|json|features|state|prop)\.h'
may runtime/store store/ sys/ oci/ base/
may runtime/sandbox sandbox/ store/ apply/ sys/ plan/ oci/ base/ runtime/sandbox/builtin

# one library, one place
lives() { # HEADER PLACE...
	header=$1
	shift
	hits=$(grep -rnE "^#include <$header" runtime oci --include='*.[ch]' | grep -vE "^($(printf '%s|' "$@" | sed 's/|$//')):" || true)
	[ -z "$hits" ] || complain "<$header> belongs to $*:
$hits"
}
lives yajl/ 'oci/json\.c'
lives seccomp\\.h 'runtime/apply/seccomp[a-z_]*\.[ch]'
lives sys/capability\\.h 'runtime/apply/caps\.c'
lives libmount 'no file: findmnt is asked'
lives systemd/ 'runtime/apply/cgroup_systemd\.c'

# System calls by name, outside of sys/ (and of log.c, which stands below it). A call begins a word and is followed by "("; members and declarations of ours do not.
calls='open|openat|openat2|close_range|creat|mount|umount2?|pivot_root|chroot|unshare|setns|clone|fork|vfork|execve|execv|execvp|fexecve|kill|waitpid|waitid|socket|connect|bind|listen|accept4?|sendmsg|recvmsg|mkdir|mkdirat|rmdir|unlink|unlinkat|rename|renameat|symlink|symlinkat|link|mknod|mknodat|chmod|fchmod|chown|fchown|stat|lstat|fstat|fstatat|statfs|fstatfs|readlink|readlinkat|opendir|fdopendir|readdir|fopen|popen|system|syscall|prctl|setuid|setgid|setresuid|setresgid|setgroups|setrlimit|prlimit|ioctl|ptrace|sethostname|setdomainname|poll|epoll_wait|pipe2?|dup[23]?|signalfd|sigaction|signal|flock|ftruncate|truncate|write|read|pread|pwrite|getcwd|chdir|fchdir|umask|inotify_init1?|splice|sendfile|realpath'
hits=$(grep -rnE "(^|[^a-zA-Z0-9_>.\"'])($calls)\(" runtime oci --include='*.c' |
	grep -vE '^runtime/(sys/|base/(log\.c|fd\.h):)' | grep -vE '^[^:]+:[0-9]+:[[:space:]]*(/?\*|//)' | grep -vE '^[^:]+:[0-9]+:.*(/\*|").*\b('"$calls"')\(' || true)
[ -z "$hits" ] || complain "system calls stand in runtime/sys/ only:
$hits"
exit $bad
