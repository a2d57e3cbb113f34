load helpers

@test "create: status created, the program has not run" {
	program write /tmp/ran
	create
	status_is created
	[ ! -e "$BUNDLE/rootfs/tmp/ran" ]
	start
	eventually test -e "$BUNDLE/rootfs/tmp/ran"
	eventually status_is stopped
}

@test "create: a second one with the same id is refused and harms nothing" {
	launch pause
	run create
	[ "$status" -ne 0 ]
	status_is running
}

@test "create --pid-file: digits only, no line feed, the pid of state" {
	program pause
	create --pid-file "$T/pid"
	same "$(wc -l <"$T/pid")" 0
	[[ $(cat "$T/pid") =~ ^[0-9]+$ ]]
	same "$(cat "$T/pid")" "$(state pid)"
}

@test "create: a pid file that cannot be written is an error and leaves nothing" {
	program pause
	write_config
	fails rt create -b "$BUNDLE" --pid-file "$T/no/such/pid" "$ID"
	fails rt state "$ID"
}

@test "start: a container that was started already" {
	launch pause
	fails rt start "$ID"
}

@test "start: a container that does not exist" {
	fails rt start nobody
	has "does not exist"
}

@test "start: a container that has stopped" {
	launch true
	eventually status_is stopped
	fails rt start "$ID"
}

@test "start: says why the program cannot be executed" {
	config '.process.args=["/gone"]'
	local rc=0
	create || rc=$?
	[ $rc -ne 0 ] || { fails rt start "$ID"; has "/gone"; }
}

@test "state: the fields that engines parse" {
	config '.annotations={"org.example.a":"1"}'
	launch pause
	ok rt state "$ID"
	jq -e --arg id "$ID" --arg b "$BUNDLE" '.id==$id and .status=="running" and .bundle==$b and .rootfs==$b+"/rootfs"
		and (.pid|type)=="number" and .pid>1 and .annotations["org.example.a"]=="1" and (.ociVersion|startswith("1."))' <<<"$output"
	jq -e '.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?(Z|[+-][0-9:]{5})$")' <<<"$output"
}

@test "state: of a stopped container has pid 0" {
	launch true
	eventually status_is stopped
	same "$(state pid)" 0
}

@test "state: a container that does not exist" {
	fails rt state nobody
	has "does not exist"
}

@test "kill: TERM is the default" {
	launch trap
	ok rt kill "$ID"
	eventually status_is stopped
}

@test "kill: names with and without SIG, numbers" {
	launch trap HUP USR1 USR2
	eventually grep -q ready "$T/log"
	ok rt kill "$ID" SIGHUP
	eventually grep -qx "got HUP" "$T/log"
	ok rt kill "$ID" USR1
	eventually grep -qx "got USR1" "$T/log"
	ok rt kill "$ID" 12
	eventually grep -qx "got USR2" "$T/log"
	ok rt kill "$ID" KILL
	eventually status_is stopped
}

@test "kill --signal: as the OCI command line has it" {
	wasirun_only
	launch trap USR1
	eventually grep -q ready "$T/log"
	ok rt kill --signal USR1 "$ID"
	eventually grep -qx "got USR1" "$T/log"
}

@test "kill: an unknown signal is refused" {
	launch pause
	fails rt kill "$ID" NOSUCH
	fails rt kill "$ID" 65
	status_is running
}

@test "kill: a stopped container is not running" {
	launch true
	eventually status_is stopped
	fails rt kill "$ID" KILL
	matches "container not running|no such process|process already finished"
}

@test "kill: a created container can be killed" {
	program pause
	create
	ok rt kill "$ID" KILL
	eventually status_is stopped
}

@test "kill: a container that does not exist" {
	fails rt kill nobody
	has "does not exist"
}

@test "kill --all: everything in the container" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	launch do bg pause \; pause
	eventually eval 'test "$(cg pids cgroup.procs | wc -l)" = 2'
	ok rt kill --all "$ID" KILL
	eventually status_is stopped
}

@test "kill KILL: without a pid namespace nothing survives" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	launch do bg pause \; pause
	sleep 0.1
	ok rt kill "$ID" KILL
	eventually status_is stopped
	ok rt delete "$ID"
	nothing_left
}

@test "delete: a running container is refused without --force" {
	launch pause
	fails rt delete "$ID"
	status_is running
}

@test "delete --force: a running container" {
	launch pause
	ok rt delete --force "$ID"
	nothing_left
}

@test "delete: a created container" {
	program pause
	create
	ok rt delete --force "$ID"
	nothing_left
}

@test "delete: a stopped container, then it does not exist" {
	launch true
	eventually status_is stopped
	ok rt delete "$ID"
	fails rt delete "$ID"
	has "does not exist"
}

@test "delete --force: what does not exist is no error" {
	ok rt delete --force nobody
}

@test "delete: the id can be used again" {
	local i
	for i in 1 2 3; do
		launch true
		eventually status_is stopped
		ok rt delete "$ID"
	done
}

@test "delete --force: a paused container" {
	launch pause
	ok rt pause "$ID"
	ok rt delete --force "$ID"
	nothing_left
}

@test "delete --force: after init was killed from outside" {
	launch pause
	kill -KILL "$(state pid)"
	eventually status_is stopped
	ok rt delete --force "$ID"
}

@test "delete --force: a damaged state is removed" {
	wasirun_only
	launch pause
	local p
	p=$(state pid)
	echo '{' >"$T/root/$ID/state.json"
	fails rt state "$ID"
	ok rt delete --force "$ID"
	[ ! -e "$T/root/$ID" ]
	kill -KILL "$p" 2>/dev/null || true
	sweep
}

@test "list: a table, names only, and JSON" {
	launch pause
	ok rt list
	matches "^(ID|NAME) +PID +STATUS +BUNDLE"
	has "$ID" running
	ok rt list --quiet
	same "$output" "$ID"
	ok rt list --format json
	jq -e --arg id "$ID" 'length==1 and .[0].id==$id and .[0].status=="running"' <<<"$output"
	fails rt list --format xml
}

@test "list: an empty and a missing root" {
	mkdir "$T/root"
	ok rt list -q
	same "$output" ""
	ok rt list --format json
	jq -e 'length==0' <<<"$output"
}

@test "ps: pids, as JSON and as a table" {
	launch do bg pause \; pause
	eventually eval 'test "$(rt ps --format json "$ID" | jq length)" = 2'
	ok rt ps --format json "$ID"
	jq -e --argjson p "$(state pid)" 'index($p)!=null and all(type=="number")' <<<"$output"
	ok rt ps "$ID"
	has PID
	fails rt ps nobody
}

@test "pause and resume: the status, and the program stands still" {
	launch pause
	ok rt pause "$ID"
	status_is paused
	ok rt resume "$ID"
	status_is running
}

@test "pause: a stopped container is refused" {
	launch true
	eventually status_is stopped
	fails rt pause "$ID"
	fails rt resume "$ID"
}

@test "kill KILL: a paused container dies" {
	launch pause
	ok rt pause "$ID"
	ok rt kill "$ID" KILL
	[ "$CG" = 1 ] || rt resume "$ID" || true
	eventually status_is stopped
}

@test "several containers at once" {
	local i
	program pause
	write_config
	for i in 1 2 3 4 5 6; do
		FILTER=".linux.cgroupsPath=\"/$ID-$i\" | .process.env+=[\"WT=$ID\"] | .process.args=[\"/bin/tool\",\"pause\"]"
		DIRTY=1
		create "$ID-$i"
	done
	for i in 1 2 3 4 5 6; do start "$ID-$i"; done
	same "$(rt list -q | wc -l)" 6
	for i in 1 2 3 4 5 6; do ok rt delete --force "$ID-$i"; done
}
