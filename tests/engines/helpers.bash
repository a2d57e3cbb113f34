# What the engine suites share: an image made from busybox alone, private directories, and the skip rule: a missing engine is
# skipped on a developer's machine and a failure in CI.
TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
B=${B:-$(dirname "$TESTS")/build}
RUNTIME=$(realpath -s "${RUNTIME:-$B/wasirun}")
TOOL=$(realpath -s "${TOOL:-$B/tests/tool}")
CG=1
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && CG=2
IMAGE=localhost/wasirun-test:1
export TESTS RUNTIME TOOL CG IMAGE

need() {
	local c
	for c; do
		command -v "$c" >/dev/null && continue
		[ "${CI:-}" != true ] || { echo "missing in CI: $c"; return 1; }
		skip "$c is not installed"
	done
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# A root file system of busybox and the tool, as a tar file.
image_tar() {
	local r=$1/rootfs a
	mkdir -p "$r"/{bin,etc,proc,sys,dev,tmp,root,var,srv/app}
	chmod 1777 "$r/tmp"
	install -m 0755 "$(command -v busybox)" "$r/bin/busybox" # some machines keep it for root
	cp "$TOOL" "$r/bin/tool"
	for a in $("$r/bin/busybox" --list); do [ -e "$r/bin/$a" ] || ln -s busybox "$r/bin/$a"; done
	echo 'root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:app:/srv/app:/bin/sh' >"$r/etc/passwd"
	echo 'root:x:0:
app:x:1000:' >"$r/etc/group"
	cp "$r/bin/tool" "$r/bin/suid-tool"
	chmod 4755 "$r/bin/suid-tool"
	tar -C "$r" -cf "$1/image.tar" .
	rm -rf "$r"
}

# A directory that a daemon may use: short, for its sockets.
private_dir() {
	D=$(mktemp -d /tmp/we.XXXXXX)
	chmod 755 "$D"
}

# whole_cgroups COMMAND...: containerd 1.6 reads neither OOM events nor statistics when /proc/self/cgroup names a v1 hierarchy that is
# not mounted (somebody else's mount namespace may hold one). In a namespace of its own the daemon gets the missing ones.
whole_cgroups() {
	local missing='' c
	for c in $(sed -n 's/^[1-9][0-9]*:\([a-z_,]*\):.*/\1/p' /proc/self/cgroup); do
		grep -qE "/sys/fs/cgroup/[^ ]* .* cgroup [^ ]* [^ ]*\b${c%%,*}\b" /proc/self/mountinfo || missing="$missing $c"
	done
	if [ -z "$missing" ]; then
		exec "$@"
	fi
	exec unshare -m --propagation private bash -c '
		for c in $1; do mkdir -p "/sys/fs/cgroup/$c" && mount -t cgroup -o "$c" cgroup "/sys/fs/cgroup/$c"; done
		shift
		exec "$@"' - "$missing" "$@"
}

# wait_for SECONDS COMMAND
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || { echo "never true: $*"; "$@"; return 1; }
		sleep 0.1
	done
}

ok() {
	run timeout 60 "$@"
	[ "$status" -eq 0 ] || { printf 'exit %s: %s\n%s\n' "$status" "$*" "$output"; return 1; }
}
code() {
	local want=$1
	shift
	run timeout 60 "$@"
	[ "$status" -eq "$want" ] || { printf 'exit %s, not %s: %s\n%s\n' "$status" "$want" "$*" "$output"; return 1; }
}
fails() {
	run timeout 60 "$@"
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ] || { printf 'exit %s: %s\n%s\n' "$status" "$*" "$output"; return 1; }
}
has() {
	local s
	for s; do [[ $output == *"$s"* ]] || { printf 'no "%s" in:\n%s\n' "$s" "$output"; return 1; }; done
}
lacks() {
	local s
	for s; do [[ $output != *"$s"* ]] || { printf 'unexpected "%s" in:\n%s\n' "$s" "$output"; return 1; }; done
}
line() {
	local s
	for s; do grep -qxF -- "$s" <<<"$output" || { printf 'no line "%s" in:\n%s\n' "$s" "$output"; return 1; }; done
}
same() { [ "$1" = "$2" ] || { printf 'have "%s"\nwant "%s"\n' "$1" "$2"; return 1; }; }

# stop_pid PID: asks, then insists
stop_pid() {
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null || return 0
	for _ in {1..100}; do kill -0 "$1" 2>/dev/null || return 0; sleep 0.1; done
	kill -KILL "$1" 2>/dev/null
	return 0
}

# No process, mount or state of the private directory may outlive the suite.
nothing_of() {
	local p m bad=0
	for m in $(grep -F " $1" /proc/self/mountinfo | cut -d' ' -f5 | sort -r); do umount -l "$m" 2>/dev/null; done
	for p in $(grep -lsF "$1" /proc/[0-9]*/cmdline | cut -d/ -f3); do
		[ "$p" = $$ ] || [ "$p" = "$BASHPID" ] || { tr '\0' ' ' </proc/"$p"/cmdline && echo "still runs" && bad=1 && kill -KILL "$p"; } 2>/dev/null
	done
	rm -rf --one-file-system "$1"
	return $bad
}
