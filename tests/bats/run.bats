load helpers

@test "run: exit code 0" {
	box true
	good
	same "$output" ""
}

@test "run: the program's exit code" {
	box exit 42
	same "$status" 42
}

@test "run: 128 + signal when the program is killed" {
	box do bg sleep 0 \; kill-self KILL
	# pid 1 of a pid namespace ignores its own SIGKILL; a container without one does not
	config '.linux.namespaces |= map(select(.type != "pid"))'
	box kill-self TERM
	same "$status" 143
}

@test "run: standard output and error stay apart" {
	program do print out \; error err
	write_config
	rt run -b "$BUNDLE" "$ID" >"$T/1" 2>"$T/2"
	same "$(cat "$T/1")" out
	same "$(cat "$T/2")" err
}

@test "run: standard input reaches the program" {
	program cat
	write_config
	same "$(echo hello | rt run -b "$BUNDLE" "$ID")" hello
}

@test "run: the container is gone afterwards" {
	box true
	good
	fails rt state "$ID"
	has "does not exist"
}

@test "run --keep: the container stays, stopped" {
	program true
	write_config
	rt run --keep -b "$BUNDLE" "$ID"
	status_is stopped
	same "$(state pid)" 0
	ok rt delete "$ID"
}

@test "run --detach: returns at once, the container runs" {
	program pause
	write_config
	rt run --detach -b "$BUNDLE" --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>&1
	status_is running
	same "$(cat "$T/pid")" "$(state pid)"
}

@test "run: current directory is the default bundle" {
	program print here
	write_config
	cd "$BUNDLE"
	ok rt run "$ID"
	same "$output" here
}

@test "run: relative --bundle, state shows the absolute one" {
	program pause
	write_config
	cd "$T"
	rt run -d --bundle bundle "$ID" </dev/null >/dev/null 2>&1
	same "$(state bundle)" "$T/bundle"
}

@test "run: the same id twice is refused" {
	launch pause
	fails rt run -b "$BUNDLE" "$ID"
	has "exist"
	status_is running
}

@test "run: a missing program exits with 127 or 1 and names it" {
	config '.process.args=["/no/such/program"]'
	write_config
	fails rt run -b "$BUNDLE" "$ID"
	has "/no/such/program"
	matches "[Nn]o such file or directory"
}

@test "run: a program found through PATH of the container" {
	config '.process.args=["tool","print","found"]'
	box
	good
	same "$output" found
}

@test "run: a program that PATH does not have" {
	config '.process.args=["nosuchtool"]'
	write_config
	fails rt run -b "$BUNDLE" "$ID"
	has "nosuchtool"
	matches "executable file not found in|[Nn]o such file"
}

@test "run: a program that may not be executed" {
	echo data >"$BUNDLE/rootfs/bin/data"
	chmod 644 "$BUNDLE/rootfs/bin/data"
	config '.process.args=["/bin/data"]'
	write_config
	fails rt run -b "$BUNDLE" "$ID"
	matches "[Pp]ermission denied"
}

@test "run: a bundle without config.json" {
	rm -f "$BUNDLE/config.json"
	fails rt run -b "$BUNDLE" "$ID"
	has config.json
}

@test "run: a bundle that does not exist" {
	fails rt run -b "$T/nowhere" "$ID"
	has nowhere
}

@test "run: signals sent to the runtime reach the program" {
	program trap HUP USR1
	write_config
	"$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID" >"$T/out" 2>&1 3>&- 4>&- </dev/null &
	local p=$!
	AGENTS+=("$p")
	eventually grep -q ready "$T/out"
	kill -USR1 $p
	eventually grep -q "got USR1" "$T/out"
	kill -TERM $p
	eventually grep -q "got TERM" "$T/out"
	local rc=0
	wait $p || rc=$?
	AGENTS=()
	same "$rc" 0
}

@test "run: orphans of a foreground container do not keep it" {
	box do bg sleep 30 \; true
	good
}

@test "run: a detached container belongs to the caller's sub-reaper" {
	program exit 7
	write_config
	ok "$TOOL" reap "$RUNTIME" --root "$T/root" run -d -b "$BUNDLE" "$ID" 3>&- </dev/null
	line "orphan exit=7"
}

@test "run: closed standard streams are no trap" {
	program fds
	write_config
	rt run -b "$BUNDLE" "$ID" <&- 2>/dev/null >"$T/out"
	ok grep -c . "$T/out"
	[ "$output" -ge 2 ]
}
