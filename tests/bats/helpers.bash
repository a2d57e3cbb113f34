# What every .bats file loads. Each test has a directory T of its own with a state root, a bundle and a container id.
#
#   config JQ            changes config.json (collected, written when the runtime is next called)
#   box COMMAND ARGS     `run` of a container whose program is the tool with that command; result in $status, $output
#   create / start       a detached container that waits / runs; its output is in $T/log
#   ok CMD, fails CMD    run it; it must succeed / end with an error of its own (no signal, no time-out)
#   has, lacks, line     about $output: contains, does not contain, has exactly that line
#
# RUNTIME is the runtime under test, TOOL the program of tests/bats/tool. teardown deletes what is left and then fails the test
# when a process, cgroup, mount or state of it survived.

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
B=${B:-$(dirname "$TESTS")/build}
RUNTIME=$(realpath -s "${RUNTIME:-$B/wasirun}")
TOOL=$(realpath -s "${TOOL:-$B/tests/tool}")
WASIRUN=$([ "$(basename "$RUNTIME")" = wasirun ] && echo yes || true)
CG=1
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && CG=2
export TESTS RUNTIME TOOL CG
LIMIT=${LIMIT:-20}

setup() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/wt.XXXXXX")
	chmod 755 "$T"
	ID=wt-${T##*.}
	AGENTS=()
	bundle "$T/bundle"
	FILTER=".linux.cgroupsPath=\"/$ID\" | .process.env+=[\"WT=$ID\"]"
	DIRTY=1
}

# A bundle's tree without a config.json.
bundle() {
	mkdir -p "$1"/rootfs/{bin,dev,etc,proc,sys,tmp,mnt,var}
	cp --reflink=auto "$TOOL" "$1/rootfs/bin/tool"
	BUNDLE=$1
}

config() {
	FILTER="$FILTER | $1"
	DIRTY=1
}

program() {
	local a
	a=$(printf '%s\n' "$@" | jq -Rnc '[inputs]')
	config ".process.args=([\"/bin/tool\"]+$a)"
}

write_config() {
	[ -n "$DIRTY" ] || return 0
	jq "$FILTER" "$TESTS/bats/base.json" >"$BUNDLE/config.json" || return 1
	DIRTY=
}

# The runtime. No descriptor of bats may reach it: a detached container would keep bats waiting.
rt() {
	timeout --foreground -k 2 "$LIMIT" "$RUNTIME" --root "$T/root" "$@" 3>&- 4>&-
}

box() {
	[ $# -eq 0 ] || program "$@"
	write_config
	run rt run --bundle "$BUNDLE" "$ID"
}

create() {
	local id=$ID
	if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then id=$1; shift; fi
	write_config
	rt create --bundle "$BUNDLE" "$@" "$id" </dev/null >"$T/log" 2>&1 || { cat "$T/log"; return 1; }
}

start() {
	rt start "${1:-$ID}"
}

# A running container with that command (default: pause).
launch() {
	program "${@:-pause}"
	create && start
}

ok() {
	run "$@"
	[ "$status" -eq 0 ] || { printf 'exit %s: %s\n%s\n' "$status" "$*" "$output"; return 1; }
}

fails() {
	run "$@"
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ "$status" -lt 128 -o "$status" -eq 255 ] ||
		{ printf 'exit %s, expected a clean failure: %s\n%s\n' "$status" "$*" "$output"; return 1; }
}

# The last `box` succeeded / failed cleanly.
good() {
	[ "$status" -eq 0 ] || { printf 'exit %s:\n%s\n' "$status" "$output"; return 1; }
}
refused() {
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ] && [ "$status" -lt 128 -o "$status" -eq 255 ] ||
		{ printf 'exit %s, expected a refusal:\n%s\n' "$status" "$output"; return 1; }
}

has() {
	local s
	for s; do
		[[ $output == *"$s"* ]] || { printf 'no "%s" in:\n%s\n' "$s" "$output"; return 1; }
	done
}
lacks() {
	local s
	for s; do
		[[ $output != *"$s"* ]] || { printf 'unexpected "%s" in:\n%s\n' "$s" "$output"; return 1; }
	done
}
line() {
	local s
	for s; do
		grep -qxF -- "$s" <<<"$output" || { printf 'no line "%s" in:\n%s\n' "$s" "$output"; return 1; }
	done
}
matches() {
	grep -qE -- "$1" <<<"$output" || { printf 'nothing like "%s" in:\n%s\n' "$1" "$output"; return 1; }
}
same() {
	[ "$1" = "$2" ] || { printf 'have "%s"\nwant "%s"\n' "$1" "$2"; return 1; }
}

state() { rt state "${2:-$ID}" | jq -r ".$1"; }

status_is() { same "$(state status "${2:-$ID}")" "$1"; }

# Waits until a command succeeds, at most 5 s.
eventually() {
	local i
	for i in {1..100}; do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	printf 'never true: %s\n' "$*"
	"$@"
	return 1
}

# A host-side job of the tool in the background, until it listens. Its output: $T/agent
agent() {
	"$TOOL" "$@" >"$T/agent" 2>&1 </dev/null 3>&- 4>&- &
	AGENTS+=($!)
	eventually grep -q . "$T/agent"
}

# The container's directory in a v1 hierarchy, or in the only one of v2.
cg_dir() {
	if [ "$CG" = 2 ]; then echo "/sys/fs/cgroup/$ID"; else echo "/sys/fs/cgroup/$1/$ID"; fi
}
cg() { cat "$(cg_dir "$1")/$2"; }

need_v1() { [ "$CG" = 1 ] || skip "cgroup v1 only"; }
need_v2() { [ "$CG" = 2 ] || skip "cgroup v2 only (make check-vm)"; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need_controller() {
	if [ "$CG" = 2 ]; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers || skip "no $1 controller on this kernel"
	else
		[ -d "/sys/fs/cgroup/$1" ] || skip "no $1 controller on this machine"
	fi
}
# need_cap N NAME: a capability that the machine's root may lack.
need_cap() {
	local bnd
	bnd=$((16#$(sed -n 's/^CapBnd:\t//p' /proc/self/status)))
	[ $((bnd >> $1 & 1)) = 1 ] || skip "this machine's root lacks $2"
}
wasirun_only() { [ -n "$WASIRUN" ] || skip "only wasirun has it"; }

# environ of the payload, command line of a waiting init; not of bats itself
left_processes() {
	local p
	for p in $(grep -lsF -e "WT=$ID" -e "$T/" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 | sort -u); do
		[ "$p" = "$$" ] || [ "$p" = "$BASHPID" ] || {
			tr '\0' ' ' 2>/dev/null </proc/"$p"/cmdline && echo "(pid $p)"
		}
	done 2>/dev/null
}
left_cgroups() { find /sys/fs/cgroup -depth -type d -name "*$ID*" 2>/dev/null; }
# "@seccomp" is no container: compiled filters
left_state() { ls -A "$T/root" 2>/dev/null | grep -v '^@'; }
left_mounts() { grep -F "$T" /proc/self/mountinfo; }

nothing_left() {
	local what bad=0
	for what in state processes cgroups; do
		for _ in 1 2 3 4 5 6 7 8; do
			[ -n "$(left_$what)" ] || break
			sleep 0.05
		done
		[ -z "$(left_$what)" ] || { echo "left behind: $what: $(left_$what)"; bad=1; }
	done
	if left_mounts >/dev/null; then echo "left behind: mounts: $(left_mounts)"; bad=1; fi
	return $bad
}

sweep() {
	local d p m
	for d in $(left_cgroups); do
		[ ! -e "$d/freezer.state" ] || echo THAWED >"$d/freezer.state" 2>/dev/null
		for p in $(cat "$d/cgroup.procs" 2>/dev/null); do kill -KILL "$p" 2>/dev/null; done
		sleep 0.02
		rmdir "$d" 2>/dev/null
	done
	for p in $(left_processes | sed -n 's/.*(pid \([0-9]*\))$/\1/p'); do kill -KILL "$p" 2>/dev/null; done
	for m in $(left_mounts | cut -d' ' -f5 | sort -r); do umount -l "$m" 2>/dev/null; done
	return 0
}

teardown() {
	local c p bad=0
	[ -n "$T" ] || return 0
	for p in "${AGENTS[@]}"; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	for c in "$T"/root/*/; do
		[ ! -d "$c" ] || [[ $c == */@* ]] || rt delete --force "$(basename "$c")" || true
	done
	nothing_left || { bad=1; sweep; }
	rm -rf --one-file-system "$T"
	return $bad
}
