load helpers

@test "terminal: a console for a foreground container" {
	config '.process.terminal=true'
	program tty
	write_config
	run "$TOOL" pty 40x100 "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	[ "$status" -eq 0 ]
	has isatty=111 name=/dev/pts/0 foreground=1
	[ -z "$WASIRUN" ] || has "rows=40 columns=100"
}

@test "terminal: what is typed arrives, control-D ends it" {
	config '.process.terminal=true'
	program do print ready \; cat
	write_config
	run bash -c 'printf "typed\n\004" | timeout 10 "$@"' - "$TOOL" pty 40x100 "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	[ "$status" -eq 0 ]
	has typed
}

@test "terminal: a line ends with one carriage return and one line feed" {
	config '.process.terminal=true'
	program print one
	write_config
	run bash -c '"$@" | od -An -c | tr -d " \n"' - "$TOOL" pty 40x100 "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	same "$output" 'one\r\n'
}

@test "terminal: /dev/console is the terminal" {
	config '.process.terminal=true'
	program stat /dev/console
	write_config
	run "$TOOL" pty 40x100 "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	matches "^/dev/console char 06[0-9]0 .* 136:0"
}

@test "console socket: receives the master, start writes to it" {
	config '.process.terminal=true'
	program tty
	write_config
	agent recvtty "$T/sock"
	ok rt create -b "$BUNDLE" --console-socket "$T/sock" "$ID"
	eventually grep -q ^terminal "$T/agent"
	start
	eventually grep -q "isatty=111" "$T/agent"
	grep -q foreground=1 "$T/agent"
}

@test "console socket: consoleSize" {
	config '.process.terminal=true | .process.consoleSize={"height":33,"width":77}'
	program tty
	write_config
	agent recvtty "$T/sock"
	ok rt run -d -b "$BUNDLE" --console-socket "$T/sock" "$ID"
	eventually grep -q "rows=33 columns=77" "$T/agent"
}

@test "console socket: the terminal belongs to the user" {
	config '.process.terminal=true | .process.user={"uid":1000,"gid":1000}'
	program stat /dev/pts/0
	write_config
	agent recvtty "$T/sock"
	ok rt run -d -b "$BUNDLE" --console-socket "$T/sock" "$ID"
	eventually grep -q "char 0620 1000:5 136:0\|char 06.0 1000:" "$T/agent"
}

@test "console socket: nobody there, a file, a path too long" {
	config '.process.terminal=true'
	program tty
	write_config
	fails rt create -b "$BUNDLE" --console-socket "$T/none" "$ID"
	echo >"$T/file"
	fails rt create -b "$BUNDLE" --console-socket "$T/file" "$ID"
	nothing_left
}

@test "console socket: refused without terminal, required when detached with one" {
	program true
	write_config
	agent recvtty "$T/sock"
	fails rt create -b "$BUNDLE" --console-socket "$T/sock" "$ID"
	config '.process.terminal=true'
	write_config
	fails rt create -b "$BUNDLE" "$ID"
	fails rt run -d -b "$BUNDLE" "$ID"
}

@test "--pidfd-socket: a pidfd of the container's process" {
	wasirun_only
	program pause
	write_config
	agent recvpidfd "$T/sock"
	rt run -d -b "$BUNDLE" --pidfd-socket "$T/sock" "$ID" </dev/null >"$T/log" 2>&1
	eventually grep -q "^Pid:.*$(state pid)" "$T/agent"
}

@test "terminal: no input, output to a pipe does not hang" {
	config '.process.terminal=true'
	program print end
	write_config
	local rc=0
	setsid -w timeout 10 "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID" </dev/null >"$T/out" 2>&1 3>&- 4>&- || rc=$?
	[ $rc -ne 124 ]
}
