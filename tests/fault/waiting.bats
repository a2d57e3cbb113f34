#!/usr/bin/env bats
# Commands that must not wait for a container that is busy.
load helpers

@test "state answers while a startContainer hook takes its time, however often it is asked" {
	local i
	program true
	config '.hooks={startContainer:[{path:"/bin/tool",args:["tool","sleep","60"]}]}'
	create
	rt start "$ID" </dev/null >"$T/log" 2>&1 3>&- 4>&- &
	sleep 1
	for i in {1..20}; do
		timeout 2 "$RUNTIME" --root "$T/root" state "$ID" >"$T/state" 3>&- 4>&-
		same "$(jq -r .status "$T/state")" created
	done
	ok rt delete --force "$ID" # the hook would sleep for a minute
	wait $! || true
}
