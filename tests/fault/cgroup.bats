#!/usr/bin/env bats
# Two containers that are told to use one cgroup.
load helpers

@test "a create that comes too late for its cgroup does not harm the container that has it" {
	program pause
	write_config
	# the late one has looked at the cgroup, and found nobody, before the other one was there
	timeout --foreground -k 1 60 strace -qq -o /dev/null -e trace=mkdirat -e inject=mkdirat:delay_enter=6000000:when=1 \
		"$RUNTIME" --root "$T/root" create --bundle "$BUNDLE" "$ID-late" </dev/null >"$T/late" 2>&1 3>&- 4>&- &
	sleep 3
	create
	start
	if wait $!; then echo "the late one was made"; return 1; fi
	grep -q "cgroup is not empty" "$T/late"
	status_is running
	! rt state "$ID-late" 2>/dev/null
}

@test "cgroups nested deeper than anybody walks do not keep a container from being deleted" {
	local d=/sys/fs/cgroup/freezer i
	[ $CG = 1 ] || d=/sys/fs/cgroup
	config '.linux.namespaces|=map(select(.type!="pid"))'
	launch
	d=$d/$ID
	for i in {1..250}; do d=$d/a; done
	mkdir -p "$d"
	ok rt delete --force "$ID"
	! rt state "$ID" 2>/dev/null
}
