#!/bin/sh
# profile.sh - where one command of the runtime spends its time: system calls by number and by time, the slowest gaps, counters of the processor.
# Usage: profile.sh run|create|exec|state [REPORT_DIRECTORY]     RUNTIME=path of the runtime (build/wasirun)  BUNDLE=its bundle
# Runs in a mount namespace of its own, leaves nothing but the reports.
set -eu
verb=${1:?usage: profile.sh run|create|exec|state [DIRECTORY]}
out=${2:-.}
runtime=${RUNTIME:-build/wasirun}
here=$(cd "$(dirname "$0")" && pwd)
if [ "${PROFILE_INSIDE:-}" != 1 ]; then
	PROFILE_INSIDE=1 exec unshare -m sh "$0" "$@"
fi
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -d /sys/fs/cgroup/memory ] && [ ! -e /sys/fs/cgroup/hugetlb/tasks ]; then # crun 1.8 wants it on a hybrid machine
	mkdir -p /sys/fs/cgroup/hugetlb
	mount -t cgroup -o hugetlb none /sys/fs/cgroup/hugetlb
fi
work=$(mktemp -d)
id=profile-$$
trap '"$runtime" --root "$work/state" delete --force $id >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

bundle=${BUNDLE:-$work/bundle}
if [ -z "${BUNDLE:-}" ]; then
	mkdir -p "$bundle/rootfs/bin" "$bundle/rootfs/proc" "$bundle/rootfs/dev" "$bundle/rootfs/sys"
	tools=${TOOLS:-build/tests/bench}
	cp "$tools/payload" "$bundle/rootfs/bin/true"
	cp "$tools/payload" "$bundle/rootfs/bin/pause"
	program=/bin/pause
	[ "$verb" != run ] || program=/bin/true
	PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 python3 -c 'import bench, json, sys
print(json.dumps(bench.config(sys.argv[1], bench.LIMITS)))' "$program" >"$bundle/config.json"
fi

set -- "$runtime" --root "$work/state"
before() { :; }
after() { :; }
case $verb in
run) set -- "$@" run --bundle "$bundle" $id ;;
create)
	after() { "$runtime" --root "$work/state" delete --force $id </dev/null >/dev/null 2>&1; }
	set -- "$@" create --bundle "$bundle" $id ;;
exec | state)
	"$@" create --bundle "$bundle" $id </dev/null >/dev/null
	"$@" start $id
	if [ "$verb" = exec ]; then set -- "$@" exec $id /bin/true; else set -- "$@" state $id; fi ;;
*) echo "profile.sh: $verb?" >&2; exit 2 ;;
esac

before
strace -f -qq -c -o "$out/$verb.calls" "$@" </dev/null >/dev/null
after
strace -f -qq -ttt -T -y -s 80 -o "$out/$verb.trace" "$@" </dev/null >/dev/null
after
echo "== $verb: $(wc -l <"$out/$verb.trace") lines of trace, by number and time in $out/$verb.calls"
head -n 14 "$out/$verb.calls"
echo "== slowest calls (seconds, pid, call)"
sed -n 's/^\([0-9]*\) *[0-9.]* \(.*\) <\([0-9.]*\)>$/\3 \1 \2/p' "$out/$verb.trace" | sort -rn | head -n 15 | cut -c1-150
if command -v perf >/dev/null; then
	echo "== perf stat"
	perf stat -e task-clock,context-switches,page-faults,cpu-migrations "$@" </dev/null 2>&1 >/dev/null | grep -E 'task-clock|context|faults|migr|elapsed|user|sys' || true
	after
fi
