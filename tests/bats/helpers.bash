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

# Few processes are started here: it is all done again for each test, and in the virtual machine each one costs 10 ms.
TESTS=${BATS_TEST_DIRNAME%/*}
B=${B:-${TESTS%/*}/build}
RUNTIME=${RUNTIME:-$B/wasirun}
TOOL=${TOOL:-$B/tests/tool}
[ "${RUNTIME:0:1}" = / ] || RUNTIME=$(realpath -s "$RUNTIME")
[ "${TOOL:0:1}" = / ] || TOOL=$(realpath -s "$TOOL")
WASIRUN=
[ "${RUNTIME##*/}" != wasirun ] || WASIRUN=yes
CG=1
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || CG=2
export TESTS RUNTIME TOOL CG
# seconds for one command of the runtime
LIMIT=$((${LIMIT:-20} * ${SLOW:-1}))

setup() {
	private_dir
	bundle "$T/bundle"
	FILTER=".linux.cgroupsPath=\"/$ID\" | .process.env+=[\"WT=$ID\"]"
	DIRTY=1
}

private_dir() {
	local name
	printf -v name '%05x%04x' "$BASHPID" "$RANDOM"
	T=${TMPDIR:-/tmp}/wt.$name
	ID=wt-$name
	AGENTS=()
	mkdir -m 755 "$T"
}

# A bundle's tree without a config.json.
bundle() {
	mkdir -p "$1"/rootfs/{bin,dev,etc,proc,sys,tmp,mnt,var}
	cp "$TOOL" "$1/rootfs/bin/tool"
	BUNDLE=$1
}

config() {
	FILTER="$FILTER | $1"
	DIRTY=1
}

program() {
	local a args='"/bin/tool"'
	for a; do
		a=${a//\\/\\\\}
		args="$args,\"${a//\"/\\\"}\""
	done
	config ".process.args=[$args]"
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

# `run` waits for whoever holds the pipe: what starts a detached container must write to a file (create, launch do).
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

# Waits until a command succeeds, at most 5 s (in the virtual machine 10 times that).
eventually() {
	local i
	for ((i = 0; i < 100 * ${SLOW:-1}; i++)); do
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
	local f p seen=
	for f in $(grep -lsF -e "WT=$ID" -e "$T/" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null); do
		p=${f#/proc/}
		p=${p%/*}
		[ "$p" != "$$" ] && [ "$p" != "$BASHPID" ] && [[ $seen != *" $p "* ]] || continue
		seen="$seen $p "
		# the grep itself is one of them, and gone
		if tr '\0' ' ' <"/proc/$p/cmdline"; then echo "(pid $p)"; fi
	done 2>/dev/null
}
left_cgroups() { find /sys/fs/cgroup -depth -type d -name "*$ID*" 2>/dev/null || true; }
# what begins with @ is no container (no id can): caches that all share
left_state() {
	local c
	for c in "$T"/root/*; do
		[ ! -e "$c" ] || [[ $c == */@* ]] || echo "$c"
	done
}
left_mounts() { grep -F "$T" /proc/self/mountinfo || true; }

nothing_left() {
	local what left bad=0
	for what in state processes cgroups mounts; do
		for _ in 1 2 3 4 5 6 7 8; do
			left=$(left_$what)
			[ -n "$left" ] || break
			sleep 0.05
		done
		[ -z "$left" ] || { echo "left behind: $what: $left"; bad=1; }
	done
	return $bad
}

sweep() {
	local d p m
	for d in $(left_cgroups); do
		[ ! -e "$d/freezer.state" ] || echo THAWED >"$d/freezer.state" 2>/dev/null || true
		for p in $(cat "$d/cgroup.procs" 2>/dev/null); do kill -KILL "$p" 2>/dev/null || true; done
		sleep 0.02
		rmdir "$d" 2>/dev/null || true
	done
	for p in $(left_processes | sed -n 's/.*(pid \([0-9]*\))$/\1/p'); do kill -KILL "$p" 2>/dev/null || true; done
	for m in $(left_mounts | cut -d' ' -f5 | sort -r); do umount -l "$m" 2>/dev/null || true; done
}

teardown() {
	local c p bad=0
	[ -n "$T" ] || return 0
	for p in "${AGENTS[@]}"; do
		kill "$p" 2>/dev/null || true
		wait "$p" 2>/dev/null || true
	done
	for c in $(left_state); do
		rt delete --force "${c##*/}" || true
	done
	nothing_left || { bad=1; sweep; }
	rm -rf --one-file-system "$T"
	return $bad
}
